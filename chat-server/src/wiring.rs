//! URLs to adapters, in one place.

mod error;
mod later;
mod probe;
#[cfg(feature = "embedded")]
mod read_only;
#[cfg(feature = "embedded")]
mod sqlite;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use chat_core::error::BackendError;
use chat_core::memory::{MemoryCounter, MemorySearch, MemoryStore};
use chat_core::port::{Counter, Search, Store, Stores};
use chat_core::seal::Keyring;
use chat_core::{Chat, Parts};

use crate::api::ops::Probe;
use crate::config::{BackendUrl, Settings};

use later::Later;
use probe::{SearchProbe, StoreProbe};

pub use error::WiringError;
#[cfg(feature = "embedded")]
pub use read_only::ReadOnly;
#[cfg(feature = "embedded")]
pub use sqlite::new_epoch;

/// When the search index follows the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indexing {
    /// At once.
    Now,
    /// In a process that comes later: what there is to do is noted in the store.
    Later,
}

/// Everything a process that writes runs on.
pub struct Node {
    /// The service.
    pub chat: Chat,
    /// Its stores.
    pub stores: Stores,
    /// What counts requests.
    pub counter: Arc<dyn Counter>,
}

impl Node {
    /// Opens the backends that the settings name and starts the service on them.
    ///
    /// # Errors
    /// What cannot be opened, and why; when another process writes the store, who it is.
    pub async fn start(settings: &Settings) -> Result<Self, WiringError> {
        Self::start_indexing(settings, Indexing::Now).await
    }

    /// As [`Node::start`], choosing when the search index follows.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub async fn start_indexing(
        settings: &Settings,
        indexing: Indexing,
    ) -> Result<Self, WiringError> {
        if settings.queue.scheme() != "memory" {
            return Err(WiringError::UnknownScheme {
                setting: "queue",
                url: settings.queue.clone(),
                known: "memory",
            });
        }
        let (stores, keyring) = open_store(settings).await?;
        let search = match indexing {
            Indexing::Now => open_search(&settings.search).await?,
            Indexing::Later => {
                let epoch = stores.upkeep.epoch().await.map_err(backend("store"))?;
                Arc::new(Later(epoch))
            }
        };
        let parts = Parts {
            stores: stores.clone(),
            search,
            recount_every: settings.recount_interval.0,
            keyring,
            ..Parts::in_memory()
        };
        Ok(Self {
            chat: Chat::start(parts).await?,
            stores,
            counter: Arc::new(MemoryCounter::new()),
        })
    }

    /// Asks the backends whether they work.
    #[must_use]
    pub fn probes(&self, settings: &Settings) -> Vec<Arc<dyn Probe>> {
        vec![
            Arc::new(StoreProbe {
                chat: self.chat.clone(),
                url: settings.store.clone(),
            }),
            Arc::new(SearchProbe {
                chat: self.chat.clone(),
                url: settings.search.clone(),
            }),
        ]
    }
}

async fn open_store(settings: &Settings) -> Result<(Stores, Keyring), WiringError> {
    let url = &settings.store;
    match url.scheme() {
        "memory" => {
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
            Ok((store.into(), Keyring::new(Keyring::random_key())))
        }
        #[cfg(feature = "embedded")]
        "sqlite" => sqlite::open_store(settings).await,
        _ => Err(no_adapter("store", url)),
    }
}

async fn open_search(url: &BackendUrl) -> Result<Arc<dyn Search>, WiringError> {
    match url.scheme() {
        "memory" => Ok(Arc::new(MemorySearch::new())),
        #[cfg(feature = "embedded")]
        "sqlite" => sqlite::open_search(url).await,
        _ => Err(no_adapter("search", url)),
    }
}

/// The file of the store, when it is one.
#[must_use]
pub fn database(settings: &Settings) -> Option<PathBuf> {
    match settings.store.scheme() {
        #[cfg(feature = "embedded")]
        "sqlite" => Some(sqlite::file_of(&settings.store)),
        _ => None,
    }
}

fn no_adapter(setting: &'static str, url: &BackendUrl) -> WiringError {
    let url = url.clone();
    match url.scheme() {
        "sqlite" => WiringError::LeftOut {
            setting,
            url,
            feature: "embedded",
        },
        _ => WiringError::UnknownScheme {
            setting,
            url,
            known: "sqlite, memory",
        },
    }
}

fn backend(role: &'static str) -> impl Fn(BackendError) -> WiringError {
    move |source| WiringError::Backend { role, source }
}
