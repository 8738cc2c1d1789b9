//! URLs to adapters, in one place.

mod error;
mod later;
mod probe;
#[cfg(feature = "embedded")]
mod read_only;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::ApplicationId;
use chat_core::memory::{MemoryCounter, MemorySearch, MemoryStore};
use chat_core::page::Limit;
use chat_core::port::{Counter, Search, Store, Stores};
use chat_core::seal::Keyring;
use chat_core::{Chat, Parts};
#[cfg(feature = "embedded")]
use chat_embedded::{SearchConfig, SqliteSearch, SqliteStore, StoreConfig};

use crate::api::ops::Probe;
use crate::config::{BackendUrl, Settings};
use crate::keyfile::{self, KeyError};

use later::Later;
use probe::{SearchProbe, StoreProbe};

pub use error::WiringError;
#[cfg(feature = "embedded")]
pub use read_only::ReadOnly;

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
        "sqlite" => {
            let path = file_of(url);
            make_directory(&path)?;
            let config = store_config(settings, &path);
            let store = blocking("store", move || SqliteStore::open(config)).await?;
            let store: Arc<dyn Store> = Arc::new(store);
            let stores = Stores::from(store);
            let keyring = keyring(&stores, &keyfile::beside(&path)).await?;
            Ok((stores, keyring))
        }
        _ => Err(no_adapter("store", url)),
    }
}

#[cfg(feature = "embedded")]
#[cfg_attr(
    not(feature = "failpoints"),
    expect(unused_variables, reason = "only failpoints are set")
)]
fn store_config(settings: &Settings, path: &Path) -> StoreConfig {
    StoreConfig {
        #[cfg(feature = "failpoints")]
        failpoint: settings.failpoint.clone(),
        ..StoreConfig::new(path)
    }
}

/// Over a store that has applications a new key would open none of their tokens.
async fn keyring(stores: &Stores, path: &Path) -> Result<Keyring, WiringError> {
    if let Some(keyring) = keyfile::read(path)? {
        return Ok(keyring);
    }
    let applications = &stores.applications;
    let one = Limit::new(1).unwrap_or(Limit::DEFAULT);
    let is_used = applications
        .default_application()
        .await
        .map_err(backend("store"))?
        .is_some()
        || !applications
            .list(ApplicationId(0), one)
            .await
            .map_err(backend("store"))?
            .items
            .is_empty();
    if is_used {
        return Err(KeyError::Missing {
            path: path.to_owned(),
        }
        .into());
    }
    Ok(keyfile::create(path)?)
}

async fn open_search(url: &BackendUrl) -> Result<Arc<dyn Search>, WiringError> {
    match url.scheme() {
        "memory" => Ok(Arc::new(MemorySearch::new())),
        #[cfg(feature = "embedded")]
        "sqlite" => {
            let path = file_of(url);
            make_directory(&path)?;
            let config = SearchConfig::new(path);
            let search = blocking("search", move || SqliteSearch::open(config)).await?;
            Ok(Arc::new(search))
        }
        _ => Err(no_adapter("search", url)),
    }
}

/// The file of the store, when it is one.
#[must_use]
pub fn database(settings: &Settings) -> Option<PathBuf> {
    match settings.store.scheme() {
        #[cfg(feature = "embedded")]
        "sqlite" => Some(file_of(&settings.store)),
        _ => None,
    }
}

#[cfg(feature = "embedded")]
fn file_of(url: &BackendUrl) -> PathBuf {
    let path = url.expose().strip_prefix("sqlite:").unwrap_or_default();
    // `sqlite:///var/lib/chat.db` is written too.
    PathBuf::from(path.strip_prefix("//").unwrap_or(path))
}

#[cfg(feature = "embedded")]
fn make_directory(file: &Path) -> Result<(), WiringError> {
    match file.parent().filter(|path| !path.as_os_str().is_empty()) {
        None => Ok(()),
        Some(path) => std::fs::create_dir_all(path).map_err(|source| WiringError::Directory {
            path: path.to_owned(),
            source,
        }),
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

#[cfg(feature = "embedded")]
async fn blocking<T: Send + 'static>(
    role: &'static str,
    open: impl FnOnce() -> Result<T, BackendError> + Send + 'static,
) -> Result<T, WiringError> {
    let opened = tokio::task::spawn_blocking(open).await;
    opened
        .unwrap_or_else(|error| {
            Err(BackendError::new(ErrorKind::Internal, "sqlite", "open").with_source(error))
        })
        .map_err(backend(role))
}

fn backend(role: &'static str) -> impl Fn(BackendError) -> WiringError {
    move |source| WiringError::Backend { role, source }
}
