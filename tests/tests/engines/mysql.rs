//! The store on MySQL and MariaDB.

use std::sync::Arc;

use chat_core::port::Store;
use chat_store_mysql::{MysqlConfig, MysqlStore};
use libtest_mimic::Trial;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
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
        let mut conn = database.admin().await;
        database.run(&mut conn, "CREATE").await;
        database
    }

    /// How a store opens it.
    pub(crate) fn config(&self) -> MysqlConfig {
        let mut config = MysqlConfig::new(format!("{}/{}", self.server, self.name));
        config.connections = 12;
        config
    }

    async fn admin(&self) -> MySqlConnection {
        let options: MySqlConnectOptions = self.server.parse().expect("a URL");
        MySqlConnection::connect_with(&options)
            .await
            .expect("the engine answers")
    }

    async fn run(&self, conn: &mut MySqlConnection, verb: &str) {
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
                    let mut conn = self.admin().await;
                    self.run(&mut conn, "DROP").await;
                });
            });
        });
    }
}
