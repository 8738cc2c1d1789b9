//! Moving whole stores into MySQL and MariaDB and out again.

use std::sync::Arc;

use chat_core::kit::transfer::Movable;
use chat_store_mysql::MysqlStore;
use libtest_mimic::Trial;

use crate::engine::trials;
use crate::mysql::Database;

/// The cases of both engines.
pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = trials!("mysql", transfer_kit, on_mysql);
    trials.extend(trials!("mariadb", transfer_kit, on_mariadb));
    trials
}

async fn on_mysql() -> (Arc<dyn Movable>, Database) {
    fresh("mysql").await
}

async fn on_mariadb() -> (Arc<dyn Movable>, Database) {
    fresh("mariadb").await
}

async fn fresh(engine: &str) -> (Arc<dyn Movable>, Database) {
    let database = Database::create(engine).await;
    let store = MysqlStore::connect(database.config()).await;
    (Arc::new(store.expect("an empty database")), database)
}
