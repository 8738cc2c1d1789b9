//! The store on MySQL and MariaDB.

use std::sync::Arc;

use chat_core::port::Store;
use chat_store_mysql::MysqlStore;
use libtest_mimic::Trial;
pub(crate) use tests::scratch::Database;

use crate::engine::trials;

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
