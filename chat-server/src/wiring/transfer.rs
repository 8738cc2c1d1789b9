//! Two stores, so that one can be moved into the other.

use std::path::PathBuf;
use std::sync::Arc;

use chat_core::ids::Epoch;
use chat_core::port::{Transfer, Upkeep};
use chat_core::seal::Keyring;
#[cfg(feature = "embedded")]
use chat_embedded::SqliteStore;
#[cfg(feature = "mysql")]
use chat_store_mysql::MysqlStore;

#[cfg(feature = "embedded")]
use super::sqlite;
use super::{NamedUrl, WiringError, backend, no_adapter};
use crate::config::Settings;
use crate::keyfile;

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To take everything out of it: nobody else may write it meanwhile, as far as that can be kept from.
    Source,
    /// To put everything into it; it is made when it is a file that is not there.
    Target,
    /// To look at it, also while it is written.
    Look,
}

/// A store that is moved.
pub struct Movable {
    /// What it holds.
    pub transfer: Arc<dyn Transfer>,
    /// The history it tells.
    pub epoch: Epoch,
    /// The file of the key beside it, when it is a file and there is one.
    pub key_file: Option<(PathBuf, Keyring)>,
}

impl Movable {
    /// Opens the store at this URL.
    ///
    /// # Errors
    /// What cannot be opened, and why; when another process writes it, who that is.
    pub async fn open(
        settings: &Settings,
        given: &NamedUrl,
        purpose: Purpose,
    ) -> Result<Self, WiringError> {
        match given.url.scheme() {
            "memory" => Err(WiringError::NotShared(given.clone())),
            #[cfg(feature = "embedded")]
            "sqlite" => Self::file(settings, given, purpose).await,
            #[cfg(feature = "mysql")]
            "mysql" => {
                let store = MysqlStore::connect(super::mysql::config(given)?).await;
                Self::of(Arc::new(store.map_err(backend(given))?), None, given).await
            }
            _ => Err(no_adapter(given)),
        }
    }

    #[cfg(feature = "embedded")]
    async fn file(
        settings: &Settings,
        given: &NamedUrl,
        purpose: Purpose,
    ) -> Result<Self, WiringError> {
        let path = match purpose {
            Purpose::Target => {
                let path = sqlite::file_of(&given.url);
                sqlite::make_directory(&path)?;
                path
            }
            Purpose::Source | Purpose::Look => sqlite::there(given)?,
        };
        let config = sqlite::store_config(settings, &path);
        let open = match purpose {
            Purpose::Source => SqliteStore::open_alone,
            Purpose::Target => SqliteStore::open,
            Purpose::Look => SqliteStore::open_read_only,
        };
        let store = sqlite::blocking(given, move || open(config)).await?;
        let key = keyfile::beside(&path);
        let key = keyfile::read(&key)?.map(|keyring| (key, keyring));
        Self::of(Arc::new(store), key, given).await
    }

    async fn of<T: Transfer + Upkeep>(
        store: Arc<T>,
        key_file: Option<(PathBuf, Keyring)>,
        given: &NamedUrl,
    ) -> Result<Self, WiringError> {
        Ok(Self {
            epoch: store.epoch().await.map_err(backend(given))?,
            transfer: store,
            key_file,
        })
    }
}
