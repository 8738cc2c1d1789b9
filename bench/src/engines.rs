//! The engines of the cluster profile, and places on them that one measurement has to itself.

mod bare;
mod indices;
mod scratch;

use clap::Args;

pub(crate) use bare::insert;
pub(crate) use indices::Indices;
pub(crate) use scratch::Scratch;

use crate::Failure;
use crate::fill::TOKEN_KEY;

/// A MySQL server that syncs every commit.
#[derive(Debug, Args)]
pub(crate) struct Mysql {
    /// The server, with a user who may make databases
    #[arg(long, value_name = "mysql://USER@HOST:PORT")]
    mysql: String,
}

impl Mysql {
    /// An empty database on it.
    pub(crate) async fn scratch(&self) -> Result<Scratch, Failure> {
        Scratch::create(&self.mysql).await
    }

    /// A database that stays.
    pub(crate) async fn kept(&self, name: &str) -> Result<Scratch, Failure> {
        Scratch::keep(&self.mysql, name).await
    }
}

/// Where nodes index and queue.
#[derive(Debug, Args)]
pub(crate) struct Others {
    /// What nodes index into [default: the node's own memory]
    #[arg(long, value_name = "http://HOST:PORT")]
    elasticsearch: Option<String>,
    /// A Redis with `appendfsync always`, for what needs a queue; its keys stay behind
    #[arg(long, value_name = "redis://HOST:PORT")]
    redis: Option<String>,
}

/// What a node is started with.
#[derive(Debug)]
pub(crate) struct Profile {
    database: Scratch,
    indices: Option<Indices>,
    arguments: Vec<String>,
}

impl Profile {
    /// An empty database, an index and, when it is asked for, a queue of its own.
    pub(crate) async fn create(
        mysql: &Mysql,
        others: &Others,
        queue: bool,
    ) -> Result<Self, Failure> {
        let database = mysql.scratch().await?;
        let indices = others.elasticsearch.as_deref().map(Indices::new);
        let indices = indices.transpose()?;
        let search = indices.as_ref().map_or("memory:".to_owned(), Indices::url);
        let mut arguments: Vec<String> = ["--log-level", "error", "--token-key", TOKEN_KEY]
            .map(str::to_owned)
            .into();
        arguments.extend(["--store".to_owned(), database.url()]);
        arguments.extend(["--search".to_owned(), search]);
        if queue {
            let redis = others.redis.as_deref().ok_or("name a --redis")?;
            let url = format!("{redis}/?prefix={}:", database.name());
            arguments.extend(["--queue".to_owned(), url]);
        }
        Ok(Self {
            database,
            indices,
            arguments,
        })
    }

    /// What the server is given, and this beside it.
    pub(crate) fn arguments(&self, more: &[&str]) -> Vec<String> {
        let more = more.iter().map(|one| (*one).to_owned());
        self.arguments.iter().cloned().chain(more).collect()
    }

    pub(crate) const fn database(&self) -> &Scratch {
        &self.database
    }

    /// Where messages are indexed, for notes.
    pub(crate) const fn index(&self) -> &'static str {
        match self.indices {
            Some(_) => "indexed into Elasticsearch",
            None => "indexed in memory",
        }
    }

    /// Removes what was made.
    pub(crate) async fn remove(self) -> Result<(), Failure> {
        if let Some(indices) = self.indices {
            indices.remove().await?;
        }
        self.database.remove().await
    }
}
