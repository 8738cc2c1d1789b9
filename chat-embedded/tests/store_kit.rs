//! The embedded store is held to the cases that every store is held to.

use std::sync::Arc;

use chat_core::kit::flaky::FlakyStore;
use chat_core::port::Store;
use chat_embedded::{SqliteStore, StoreConfig};
use tempfile::TempDir;

fn open(readers: usize) -> (Arc<dyn Store>, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut config = StoreConfig::new(folder.path().join("chat.db"));
    config.readers = readers;
    (
        Arc::new(SqliteStore::open(config).expect("an empty store")),
        folder,
    )
}

mod embedded {
    use super::*;

    async fn fresh() -> (Arc<dyn Store>, TempDir) {
        open(4)
    }

    chat_core::store_kit!(fresh);
}

mod one_reader_behind_a_decorator {
    use super::*;

    async fn fresh() -> (Arc<dyn Store>, TempDir) {
        let (store, folder) = open(1);
        (Arc::new(FlakyStore::new(store, 1, 0)), folder)
    }

    chat_core::store_kit!(fresh);
}
