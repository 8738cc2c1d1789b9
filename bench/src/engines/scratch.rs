//! A database of one measurement.

use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, query_as, query_scalar};

use crate::Failure;

const DURABLE: &str = "SELECT @@innodb_flush_log_at_trx_commit = 1 AND \
     (@@log_bin = 0 OR @@sync_binlog = 1)";
const COMMITS: &str = "SHOW GLOBAL STATUS LIKE 'Com_commit'";

static MADE: AtomicUsize = AtomicUsize::new(0);

/// A database on a server.
#[derive(Debug)]
pub(crate) struct Scratch {
    server: String,
    name: String,
}

impl Scratch {
    /// An empty one that nobody else has.
    pub(super) async fn create(server: &str) -> Result<Self, Failure> {
        let count = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("chat_bench_{}_{count}", std::process::id());
        Self::keep(server, &name).await
    }

    /// One that is made when it is not there.
    pub(super) async fn keep(server: &str, name: &str) -> Result<Self, Failure> {
        let scratch = Self {
            server: server.trim_end_matches('/').to_owned(),
            name: name.to_owned(),
        };
        let mut conn = MySqlConnection::connect(&scratch.server).await?;
        let is_durable: bool = query_scalar(DURABLE).fetch_one(&mut conn).await?;
        if !is_durable {
            return Err("the server does not sync every commit".into());
        }
        let sql = format!("CREATE DATABASE IF NOT EXISTS {name}");
        conn.execute(AssertSqlSafe(sql)).await?;
        Ok(scratch)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }

    pub(crate) async fn connect(&self) -> Result<MySqlConnection, Failure> {
        Ok(MySqlConnection::connect(&self.url()).await?)
    }

    /// Runs statements.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), Failure> {
        let mut conn = self.connect().await?;
        conn.execute(AssertSqlSafe(sql)).await?;
        Ok(())
    }

    /// How many commits the server ever did, of all databases.
    pub(crate) async fn commits(&self) -> Result<u64, Failure> {
        let mut conn = self.connect().await?;
        let (_, count): (String, String) = query_as(COMMITS).fetch_one(&mut conn).await?;
        Ok(count.parse()?)
    }

    pub(crate) async fn remove(self) -> Result<(), Failure> {
        self.run(&format!("DROP DATABASE {}", self.name)).await
    }
}
