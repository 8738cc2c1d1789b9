use std::path::PathBuf;
use std::sync::Arc;

use chat_core::port::Store;
use chat_embedded::SqliteStore;

use super::sqlite::{blocking, store_config, there};
use super::{NamedUrl, Reader, WiringError};
use crate::config::Settings;
use crate::keyfile;

/// The store's file, open for reading alone: also beside the process that writes it.
pub struct ReadOnly {
    /// The file.
    pub path: PathBuf,
    /// The store with what it can do as a file.
    pub file: Arc<SqliteStore>,
    /// The same as any store is read.
    pub reader: Reader,
}

impl ReadOnly {
    /// Opens the file that the settings name.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub async fn open(settings: &Settings) -> Result<Self, WiringError> {
        let url = NamedUrl::store(settings);
        let path = there(&url)?;
        let config = store_config(settings, &path);
        let file = Arc::new(blocking(&url, move || SqliteStore::open_read_only(config)).await?);
        let store: Arc<dyn Store> = file.clone();
        let key = keyfile::beside(&path);
        Ok(Self {
            path,
            file,
            reader: Reader::of(settings, store.into(), Some(key)),
        })
    }
}
