//! A database of one case alone.

use std::net::SocketAddr;

use chat_store_mysql::MysqlConfig;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::runtime;
use uuid::Uuid;

use super::running;

/// A database that nobody else has; dropped, it is removed.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// An empty one on an engine.
    ///
    /// # Panics
    /// When the engine does not run.
    pub async fn create(engine: &str) -> Self {
        let server = running(engine);
        let name = format!("chat_{}", Uuid::new_v4().simple());
        let database = Self { server, name };
        database.create_it().await;
        database
    }

    /// How a store opens it.
    #[must_use]
    pub fn config(&self) -> MysqlConfig {
        let mut config = MysqlConfig::new(self.url());
        config.connections = 12;
        config
    }

    /// Where a store finds it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> &str {
        self.parts().1
    }

    /// The database, as if the server listened somewhere else.
    #[must_use]
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("{}@{address}/{}", self.parts().0, self.name)
    }

    fn parts(&self) -> (&str, &str) {
        self.server.split_once('@').expect("user@address")
    }

    /// The number that a query in this database answers.
    ///
    /// # Panics
    /// When it answers none.
    pub async fn ask(&self, select: &'static str) -> i64 {
        let mut conn = self.connect(&self.name).await;
        sqlx::query_scalar(select)
            .fetch_one(&mut conn)
            .await
            .expect("a number")
    }

    /// Changes this database behind the store's back.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn change(&self, sql: &'static str) {
        let mut conn = self.connect(&self.name).await;
        conn.execute(sql).await.expect("the change");
    }

    async fn connect(&self, database: &str) -> MySqlConnection {
        let url = format!("{}/{database}", self.server);
        MySqlConnection::connect(&url)
            .await
            .expect("the engine answers")
    }

    async fn create_it(&self) {
        let sql = format!("CREATE DATABASE {}", self.name);
        self.run(sql).await;
    }

    /// Ends its connections first: a transaction that is open on one would keep the database for as long as whoever began it waits.
    /// MariaDB shows none here unless it is told to.
    async fn drop_it(&self) {
        let mut conn = self.connect("").await;
        let open: Vec<u64> = sqlx::query_scalar(
            "SELECT processlist_id FROM performance_schema.threads WHERE processlist_db = ?",
        )
        .bind(&self.name)
        .fetch_all(&mut conn)
        .await
        .expect("the connections");
        for id in open {
            // It may have ended by itself.
            let _ = conn.execute(AssertSqlSafe(format!("KILL {id}"))).await;
        }
        self.run(format!("DROP DATABASE {}", self.name)).await;
    }

    async fn run(&self, sql: String) {
        let mut conn = self.connect("").await;
        conn.execute(AssertSqlSafe(sql)).await.expect("a database");
    }
}

impl Drop for Database {
    /// On a thread of its own: the one that drops it may be in the middle of asynchronous work.
    fn drop(&mut self) {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(async {
                    self.drop_it().await;
                });
            });
        });
    }
}
