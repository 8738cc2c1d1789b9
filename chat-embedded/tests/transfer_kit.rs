//! The embedded store is held to the cases of every store that can be moved.

use std::sync::Arc;

use chat_core::kit::transfer::Movable;
use chat_embedded::{SqliteStore, StoreConfig};
use tempfile::TempDir;

async fn fresh() -> (Arc<dyn Movable>, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = StoreConfig::new(folder.path().join("chat.db"));
    let store = SqliteStore::open(config).expect("an empty store");
    (Arc::new(store), folder)
}

chat_core::transfer_kit!(fresh);
