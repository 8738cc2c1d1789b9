use std::path::PathBuf;
#[cfg(feature = "mysql")]
use std::sync::Arc;

use chat_core::ids::Token;
use chat_core::model::Application;
#[cfg(feature = "mysql")]
use chat_core::port::Store;
use chat_core::port::Stores;
#[cfg(feature = "mysql")]
use chat_store_mysql::MysqlStore;

use super::key::Key;
#[cfg(feature = "embedded")]
use super::read_only::ReadOnly;
use super::{NamedUrl, WiringError, no_adapter};
#[cfg(feature = "mysql")]
use super::{backend, is_whole, mysql};
use crate::config::{Settings, TokenKey};
use crate::keyfile::KeyError;

/// A store to look into, also beside the processes that write it.
pub struct Reader {
    /// What it holds.
    pub stores: Stores,
    url: NamedUrl,
    token_key: Option<TokenKey>,
    /// Where the key is, when the setting does not say it and the store is a file.
    key_file: Option<PathBuf>,
}

impl Reader {
    /// Opens the store that the settings name; neither the search index nor the queue is needed for it.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or only a part of another store is in it.
    pub async fn open(settings: &Settings) -> Result<Self, WiringError> {
        let url = NamedUrl::store(settings);
        match url.url.scheme() {
            "memory" => Err(WiringError::NotShared(url)),
            #[cfg(feature = "embedded")]
            "sqlite" => Ok(ReadOnly::open(settings).await?.reader),
            #[cfg(feature = "mysql")]
            "mysql" => {
                let store = MysqlStore::connect(mysql::config(&url)?).await;
                let store = store.map_err(backend(&url))?;
                is_whole(&store, &url).await?;
                let store: Arc<dyn Store> = Arc::new(store);
                Ok(Self::of(settings, store.into(), None))
            }
            _ => Err(no_adapter(&url)),
        }
    }

    pub(super) fn of(settings: &Settings, stores: Stores, key_file: Option<PathBuf>) -> Self {
        Self {
            stores,
            url: NamedUrl::store(settings),
            token_key: settings.token_key.clone(),
            key_file,
        }
    }

    /// The token of an application in it.
    ///
    /// # Errors
    /// When the key is missing, cannot be read, or does not open it.
    pub fn token(&self, application: &Application) -> Result<Token, WiringError> {
        self.key()?.token(application, &self.url.url)
    }

    fn key(&self) -> Result<Key, WiringError> {
        match (&self.token_key, &self.key_file) {
            (Some(key), _) => Ok(Key::of_setting(key)),
            (None, Some(path)) => {
                let missing = || KeyError::Missing { path: path.clone() };
                Ok(Key::read(path)?.ok_or_else(missing)?)
            }
            (None, None) => Err(WiringError::NoTokenKey(self.url.url.clone())),
        }
    }
}
