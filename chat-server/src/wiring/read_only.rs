use std::path::PathBuf;
use std::sync::Arc;

use chat_core::port::{Store, Stores};
use chat_core::seal::Keyring;
use chat_embedded::SqliteStore;

use super::WiringError;
use super::sqlite::{blocking, store_config, there};
use crate::config::{Settings, TokenKey};
use crate::keyfile::{self, KeyError};

/// The store's file, open for reading alone: also beside the process that writes it.
pub struct ReadOnly {
    /// The file.
    pub path: PathBuf,
    /// The store with what it can do as a file.
    pub file: Arc<SqliteStore>,
    /// The same as ports.
    pub stores: Stores,
    token_key: Option<TokenKey>,
}

impl ReadOnly {
    /// Opens the file that the settings name.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub async fn open(settings: &Settings) -> Result<Self, WiringError> {
        let path = there(&settings.store)?;
        let config = store_config(settings, &path);
        let file = Arc::new(blocking("store", move || SqliteStore::open_read_only(config)).await?);
        let store: Arc<dyn Store> = file.clone();
        Ok(Self {
            path,
            file,
            stores: store.into(),
            token_key: settings.token_key.clone(),
        })
    }

    /// The key that the tokens in it are sealed under.
    ///
    /// # Errors
    /// When the file of the key is missing or cannot be read.
    pub fn keyring(&self) -> Result<Keyring, WiringError> {
        if let Some(key) = &self.token_key {
            return Ok(key.keyring());
        }
        let path = keyfile::beside(&self.path);
        Ok(keyfile::read(&path)?.ok_or(KeyError::Missing { path })?)
    }
}
