//! The store on MySQL and MariaDB.

use std::net::SocketAddr;
use std::sync::Arc;

use chat_core::port::Store;
use chat_store_mysql::{MysqlConfig, MysqlStore};
use libtest_mimic::Trial;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::runtime;
use uuid::Uuid;

use crate::engine::{trials, url};

/// The cases of both engines.
pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = trials!("mysql", store_kit, on_mysql);
    trials.extend(trials!("mariadb", store_kit, on_mariadb));
    trials
}

async fn on_mysql() -> (Arc<dyn Store>, Database) {
    fresh("mysql").await
}

async fn on_mariadb() -> (Arc<dyn Store>, Database) {
    fresh("mariadb").await
}

async fn fresh(engine: &str) -> (Arc<dyn Store>, Database) {
    let database = Database::create(engine).await;
    let store = MysqlStore::connect(database.config()).await;
    (Arc::new(store.expect("an empty database")), database)
}

/// A database of one case alone; it goes with the case.
pub(crate) struct Database {
    server: String,
    name: String,
}

impl Database {
    /// An empty one on an engine.
    pub(crate) async fn create(engine: &str) -> Self {
        let server = url(engine).expect("the engine runs");
        let name = format!("chat_{}", Uuid::new_v4().simple());
        let database = Self { server, name };
        database.run("CREATE").await;
        database
    }

    /// How a store opens it.
    pub(crate) fn config(&self) -> MysqlConfig {
        let mut config = MysqlConfig::new(format!("{}/{}", self.server, self.name));
        config.connections = 12;
        config
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> &str {
        self.parts().1
    }

    /// The database, as if the server listened somewhere else.
    pub(crate) fn url_at(&self, address: SocketAddr) -> String {
        format!("{}@{address}/{}", self.parts().0, self.name)
    }

    fn parts(&self) -> (&str, &str) {
        self.server.split_once('@').expect("user@address")
    }

    /// The number that a query in this database answers.
    pub(crate) async fn ask(&self, select: &'static str) -> i64 {
        let mut conn = self.connect(&self.name).await;
        sqlx::query_scalar(select)
            .fetch_one(&mut conn)
            .await
            .expect("a number")
    }

    /// Changes this database behind the store's back.
    pub(crate) async fn change(&self, sql: &'static str) {
        let mut conn = self.connect(&self.name).await;
        conn.execute(sql).await.expect("the change");
    }

    async fn connect(&self, database: &str) -> MySqlConnection {
        let url = format!("{}/{database}", self.server);
        MySqlConnection::connect(&url)
            .await
            .expect("the engine answers")
    }

    async fn run(&self, verb: &str) {
        let mut conn = self.connect("").await;
        let sql = format!("{verb} DATABASE {}", self.name);
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
                    self.run("DROP").await;
                });
            });
        });
    }
}
