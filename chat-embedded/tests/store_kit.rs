//! The embedded store is held to the cases that every store is held to.

use std::sync::Arc;

use chat_core::kit::flaky::FlakyStore;
use chat_core::port::Store;
use chat_embedded::{SqliteStore, StoreConfig};
use tempfile::TempDir;

/// The file of a case. Once the case came to its end, it holds what the laws say.
struct Place(TempDir);

impl Place {
    fn config(&self) -> StoreConfig {
        StoreConfig::new(self.0.path().join("chat.db"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let beside = SqliteStore::open_read_only(self.config()).expect("a file");
        let check = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.expect("a runtime").block_on(beside.check())
        };
        let report = std::thread::spawn(check).join().expect("no panic");
        let report = report.expect("a report");
        assert!(report.is_clean(), "{report:?}");
    }
}

fn open(readers: usize) -> (Arc<dyn Store>, Place) {
    let place = Place(tempfile::tempdir().expect("a temporary folder"));
    let mut config = place.config();
    config.readers = readers;
    let store = SqliteStore::open(config).expect("an empty store");
    (Arc::new(store), place)
}

mod embedded {
    use super::*;

    async fn fresh() -> (Arc<dyn Store>, Place) {
        open(4)
    }

    chat_core::store_kit!(fresh);
}

mod one_reader_behind_a_decorator {
    use super::*;

    async fn fresh() -> (Arc<dyn Store>, Place) {
        let (store, place) = open(1);
        (Arc::new(FlakyStore::new(store, 1, 0)), place)
    }

    chat_core::store_kit!(fresh);
}
