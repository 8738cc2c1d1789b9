//! Following a store into Elasticsearch against bare `_bulk` requests of the same documents.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chat_core::commit::Sink;
use chat_core::ids::{ApplicationId, ChatId, ChatNumber};
use chat_core::page::{Limit, Span};
use chat_core::port::{Search, Store, Stores};
use chat_core::sink::Indexer;
use chat_core::terms::cut;
use chat_embedded::{SqliteStore, StoreConfig};
use chat_search_es::{EsConfig, EsSearch};
use clap::Args;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::Failure;
use crate::engines::Indices;
use crate::figures::{Rounds, row, with_load};
use crate::fill;

const LEAST: f64 = 0.7;
const CHATS: u64 = 20;
/// Documents a request of the bare side, as the adapter sends them.
const BULK: usize = 1_000;

/// Indexing into Elasticsearch.
#[derive(Debug, Args)]
pub(crate) struct Index {
    /// The server
    #[arg(long, value_name = "http://HOST:PORT")]
    elasticsearch: String,
    /// Messages, over 20 chats
    #[arg(long, default_value_t = 100_000)]
    messages: u64,
    /// Rounds of each side, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

impl Index {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let data = tempfile::tempdir()?;
        let filled = data.path().join("filled.db");
        let bulks = self.fill(&filled).await?;
        let mut rates = Rounds::default();
        for round in 0..=self.rounds {
            let copy = data.path().join(format!("{round}.db"));
            std::fs::copy(&filled, &copy)?;
            let indices = Indices::new(&self.elasticsearch)?;
            let done = self.round(&copy, &indices, &bulks).await;
            indices.remove().await?;
            let (ours, theirs) = done?;
            // The round before the first warms the server up and does not count.
            if round > 0 {
                eprintln!("round {round}: {ours:.0} documents/s, bare {theirs:.0}");
                rates.push(ours, theirs);
            }
        }
        row([
            "indexing into Elasticsearch",
            &format!("{:.0} documents/s", rates.ours()),
            &format!("{:.0} documents/s", rates.theirs()),
            &format!("{:.2}", rates.ratio()),
            &format!("≥ {LEAST}"),
            &with_load(&format!(
                "{} × {} messages, read from the store, their terms cut, findable and settled; bare: \
                 prepared `_bulk` requests of {BULK}, one refresh at the end",
                self.rounds, self.messages
            )),
        ]);
        Ok(())
    }

    /// Makes a store in which everything is still to be indexed, and the requests that say the same.
    async fn fill(&self, path: &Path) -> Result<Vec<Vec<(String, Value)>>, Failure> {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(StoreConfig::new(path))?);
        let application = fill::application(&store, CHATS).await?;
        let stores = Stores::from(store);
        let mut all = Vec::new();
        let each = self.messages / CHATS;
        for number in (1..=CHATS).map(ChatNumber) {
            fill::chat(&stores, application, number, each, &[Sink::Index]).await?;
            let chat = stores.chats.get(application, number).await?;
            let chat = chat.ok_or("the chat is missing")?;
            let mut after = 0;
            while after < each {
                let span = Span::After(after);
                let page = stores
                    .history
                    .page(chat.id, span, chat.head.number, false, Limit::MAX);
                for message in page.await?.items {
                    after = message.number.0;
                    let position = all.len() as u64 + 1;
                    all.push(document(
                        application,
                        chat.id,
                        after,
                        position,
                        &message.body,
                    ));
                }
            }
        }
        Ok(all.chunks(BULK).map(<[_]>::to_vec).collect())
    }

    /// Documents a second of both sides.
    async fn round(
        &self,
        path: &Path,
        indices: &Indices,
        bulks: &[Vec<(String, Value)>],
    ) -> Result<(f64, f64), Failure> {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(StoreConfig::new(path))?);
        let search = Arc::new(EsSearch::connect(&EsConfig::parse(&indices.url())?)?);
        // The index is there before the clock runs, as it is on the other side.
        search.put(&[]).await?;
        search.refresh().await?;
        let indexer = Indexer::new(store.into(), search, Arc::new(Notify::new()));
        let start = Instant::now();
        while indexer.follow().await?.chats > 0 {}
        let ours = indexer.documents() as f64 / start.elapsed().as_secs_f64();
        if indexer.documents() != self.messages {
            return Err(format!("{} documents were indexed", indexer.documents()).into());
        }

        let mut elastic = indices.connect().await?;
        let known = elastic
            .ask("GET", &format!("/{}*", indices.prefix()), "")
            .await?;
        let mut known = known.as_object().into_iter().flat_map(|all| all.values());
        let mappings = &known.next().ok_or("the adapter made no index")?["mappings"];
        let name = format!("{}-bare", indices.prefix());
        let settings = json!({"number_of_shards": 1, "auto_expand_replicas": "0-1"});
        let body = json!({"settings": {"index": settings}, "mappings": mappings});
        elastic
            .ask("PUT", &format!("/{name}"), &body.to_string())
            .await?;
        let requests: Vec<String> = bulks.iter().map(|bulk| bulk_of(&name, bulk)).collect();
        let start = Instant::now();
        for request in &requests {
            elastic.ask("POST", "/_bulk", request).await?;
        }
        elastic
            .ask("POST", &format!("/{name}/_refresh"), "")
            .await?;
        let theirs = self.messages as f64 / start.elapsed().as_secs_f64();
        Ok((ours, theirs))
    }
}

/// A document as the adapter stores it, by its id.
fn document(
    application: ApplicationId,
    chat: ChatId,
    number: u64,
    position: u64,
    body: &str,
) -> (String, Value) {
    let source = json!({
        "application": application.to_string(),
        "chat": chat.to_string(),
        "number": number,
        "position": position,
        "terms": cut(body),
    });
    (format!("{chat}-{number}"), source)
}

fn bulk_of(index: &str, bulk: &[(String, Value)]) -> String {
    let lines = bulk.iter().map(|(id, source)| {
        let action = json!({"index": {
            "_index": index, "_id": id, "routing": source["application"],
            "version": 0, "version_type": "external",
        }});
        format!("{action}\n{source}\n")
    });
    lines.collect()
}
