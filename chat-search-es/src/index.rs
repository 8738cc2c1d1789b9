//! The indices and their names: `PREFIX-v2` is an alias of the live index, and a copy that is being filled has an alias of its own
//! until it takes that name over. The number is the layout's; nodes of another layout have another index.

use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::Epoch;
use elasticsearch::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::{Ask, Operation};
use crate::error::unexpected;

/// The mapping below, with the terms that `chat_core` cuts; another number is another index.
const LAYOUT: u32 = 2;

/// What the indices of one prefix are called.
pub(crate) struct Names {
    /// The alias that all reading and writing goes by.
    pub(crate) live: String,
}

/// A copy that is being filled.
#[derive(Clone)]
pub(crate) struct Copy {
    index: String,
    /// The alias that it is written by: it goes with the swap, so nothing is written too late.
    pub(crate) alias: String,
}

impl Names {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            live: format!("{prefix}-v{LAYOUT}"),
        }
    }

    /// The first index has a name that every node knows, so that two nodes make one.
    fn first(&self) -> String {
        format!("{}-1", self.live)
    }

    fn copy(&self) -> Copy {
        let id = Uuid::new_v4().simple();
        Copy {
            index: format!("{}-{id}", self.live),
            alias: format!("{}-copy-{id}", self.live),
        }
    }

    fn copies(&self) -> String {
        format!("{}-copy-*", self.live)
    }
}

/// The index of a prefix, in one operation.
pub(crate) struct Indices<'a> {
    pub(crate) op: Operation<'a>,
    pub(crate) names: &'a Names,
    pub(crate) shards: u16,
}

impl Indices<'_> {
    /// Makes the live index unless it is there, whoever else does so at the same time.
    pub(crate) async fn ensure(&self) -> Result<(), BackendError> {
        if !self.aliases(&self.names.live).await?.is_empty() {
            return Ok(());
        }
        match self
            .create(&self.names.first(), &self.names.live, json!({}))
            .await
        {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if self.aliases(&self.names.live).await?.is_empty() {
                    return Err(error);
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Makes an empty copy; those that were begun before are thrown away.
    pub(crate) async fn begin(&self) -> Result<Copy, BackendError> {
        for (index, _) in self.aliases(&self.names.copies()).await? {
            let path = format!("/{index}");
            absent_is_fine(self.op.ask(Ask::new(Method::Delete, &path)).await)?;
        }
        let copy = self.names.copy();
        // Nobody searches it while it is filled.
        let settings = json!({"refresh_interval": "-1"});
        self.create(&copy.index, &copy.alias, settings).await?;
        Ok(copy)
    }

    /// Gives the live index's name to a copy and removes what had it, at once.
    pub(crate) async fn swap(&self, copy: &Copy, epoch: Epoch) -> Result<(), BackendError> {
        let index = &copy.index;
        let mapping = json!({"_meta": {"epoch": epoch.0.to_string()}});
        self.put(&format!("/{index}/_mapping"), &mapping).await?;
        let settings = json!({"index": {"refresh_interval": null}});
        self.put(&format!("/{index}/_settings"), &settings).await?;
        refresh(self.op, index).await?;
        let mut pauses = self.op.pauses();
        loop {
            let live = self.aliases(&self.names.live).await?;
            if live.iter().any(|(live, _)| live == index) {
                return Ok(());
            }
            let old = live
                .iter()
                .map(|(index, _)| json!({"remove_index": {"index": index}}));
            let mut actions = vec![
                json!({"remove": {"index": index, "alias": copy.alias, "must_exist": true}}),
                json!({"add": {"index": index, "alias": self.names.live, "is_write_index": true}}),
            ];
            actions.extend(old);
            let body = json!({"actions": actions});
            let ask = Ask::new(Method::Post, "/_aliases").json(&body);
            let Err(error) = self.op.ask(ask).await else {
                return Ok(());
            };
            match error.kind() {
                // Another copy took the place first, and this one stands if it was not thrown away; or this one has it, by a
                // request whose answer was lost.
                ErrorKind::NotFound if self.stands(copy).await? => {}
                // Whoever does not know whether it was done looks.
                ErrorKind::Unavailable => {}
                _ => return Err(error),
            }
            if !pauses.pause().await {
                return Err(error);
            }
        }
    }

    /// Whether a copy can still take the live index's place, or has it.
    async fn stands(&self, copy: &Copy) -> Result<bool, BackendError> {
        if !self.aliases(&copy.alias).await?.is_empty() {
            return Ok(true);
        }
        let live = self.aliases(&self.names.live).await?;
        Ok(live.iter().any(|(live, _)| *live == copy.index))
    }

    /// The epoch that the live index notes.
    pub(crate) async fn epoch(&self) -> Result<Option<Epoch>, BackendError> {
        let path = format!("/{}/_mapping", self.names.live);
        let answer = self.op.ask(Ask::new(Method::Get, &path)).await?;
        let mut indices = answer.as_object().into_iter().flat_map(|all| all.values());
        let index = indices
            .next()
            .ok_or_else(|| unexpected(self.op.name, "an answer without an index"))?;
        match &index["mappings"]["_meta"]["epoch"] {
            Value::Null => Ok(None),
            epoch => epoch
                .as_str()
                .and_then(|epoch| epoch.parse().ok())
                .map(|epoch| Some(Epoch(epoch)))
                .ok_or_else(|| unexpected(self.op.name, "an epoch that is no number")),
        }
    }

    /// The aliases of all copies that are being filled, by any node.
    pub(crate) async fn copies(&self) -> Result<Vec<String>, BackendError> {
        let found = self.aliases(&self.names.copies()).await?;
        Ok(found.into_iter().map(|(_, alias)| alias).collect())
    }

    /// Indices and their aliases by a pattern.
    async fn aliases(&self, pattern: &str) -> Result<Vec<(String, String)>, BackendError> {
        let path = format!("/_alias/{pattern}");
        let ask = Ask::new(Method::Get, &path);
        let Some(answer) = absent_is_fine(self.op.ask(ask).await)? else {
            return Ok(Vec::new());
        };
        let indices = answer.as_object().into_iter().flatten();
        let pairs = indices.flat_map(|(index, known)| {
            let aliases = known["aliases"].as_object().into_iter().flatten();
            aliases.map(|(alias, _)| (index.clone(), alias.clone()))
        });
        Ok(pairs.collect())
    }

    async fn create(
        &self,
        index: &str,
        alias: &str,
        mut settings: Value,
    ) -> Result<(), BackendError> {
        settings["number_of_shards"] = self.shards.into();
        settings["auto_expand_replicas"] = "0-1".into();
        // What is erased may be put again, with a version as low as before.
        settings["gc_deletes"] = "-1".into();
        let body = json!({
            "aliases": {alias: {"is_write_index": true}},
            "settings": {"index": settings},
            "mappings": mappings(),
        });
        let path = format!("/{index}");
        let answer = self.put(&path, &body).await?;
        // Until every server of the cluster knows the alias, one may tell a node that there is no copy.
        match answer["acknowledged"] {
            Value::Bool(true) => Ok(()),
            _ => Err(self
                .op
                .failure(ErrorKind::Unavailable)
                .with_source("not all servers know it yet")),
        }
    }

    async fn put(&self, path: &str, body: &Value) -> Result<Value, BackendError> {
        let ask = Ask::new(Method::Put, path).json(body);
        self.op.ask(ask).await
    }
}

/// `position` orders the messages of an application; a tombstone is a document without `terms`.
fn mappings() -> Value {
    json!({
        "dynamic": "strict",
        "_routing": {"required": true},
        "_source": {"excludes": ["terms"]},
        "properties": {
            "application": {"type": "keyword", "doc_values": false},
            "chat": {"type": "keyword", "doc_values": false},
            "number": {"type": "long"},
            "position": {"type": "long"},
            "terms": {"type": "text", "analyzer": "whitespace"},
        },
    })
}

/// Makes what was written findable.
pub(crate) async fn refresh(op: Operation<'_>, target: &str) -> Result<(), BackendError> {
    let path = format!("/{target}/_refresh");
    let answer = op.ask(Ask::new(Method::Post, &path)).await?;
    match answer["_shards"]["failed"].as_u64() {
        Some(0) => Ok(()),
        _ => Err(op
            .failure(ErrorKind::Unavailable)
            .with_source("a shard is not there")),
    }
}

/// An answer, unless what was asked about is not there.
pub(crate) fn absent_is_fine<T>(
    answer: Result<T, BackendError>,
) -> Result<Option<T>, BackendError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
