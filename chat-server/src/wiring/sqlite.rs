//! Store and search on files, with the key beside them.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chat_core::error::{BackendError, ErrorKind};
use chat_core::port::{Search, Store, Stores};
use chat_core::seal::Keyring;
use chat_embedded::{SearchConfig, SqliteSearch, SqliteStore, StoreConfig};

use super::key::{self, Key};
use super::{NamedUrl, Opened, UrlName, WiringError, backend, is_whole, no_adapter};
use crate::config::{BackendUrl, Settings};
use crate::keyfile::{self, KeyError};

/// One writer thread: one lane feeds it.
pub(super) async fn open_store(settings: &Settings) -> Result<Opened, WiringError> {
    let path = file_of(&settings.store);
    make_directory(&path)?;
    let config = store_config(settings, &path);
    let url = NamedUrl::store(settings);
    let store = blocking(&url, move || SqliteStore::open(config)).await?;
    is_whole(&store, &url).await?;
    let store: Arc<dyn Store> = Arc::new(store);
    let stores = Stores::from(store);
    let keyring = match &settings.token_key {
        Some(key) => Key::of_setting(key).opens(&stores, &url).await?,
        None => keyring(&stores, &keyfile::beside(&path), &url).await?,
    };
    Ok(Opened {
        stores,
        keyring,
        lanes: NonZeroUsize::MIN,
    })
}

pub(super) async fn open_search(url: &BackendUrl) -> Result<Arc<dyn Search>, WiringError> {
    let path = file_of(url);
    make_directory(&path)?;
    let config = SearchConfig::new(path);
    let search = blocking(&NamedUrl::new(UrlName::Search, url), move || {
        SqliteSearch::open(config)
    })
    .await?;
    Ok(Arc::new(search))
}

pub(super) async fn new_epoch(settings: &Settings) -> Result<(), WiringError> {
    let url = NamedUrl::store(settings);
    let path = there(&url)?;
    let config = store_config(settings, &path);
    let store = {
        let config = config.clone();
        blocking(&url, move || SqliteStore::open(config)).await?
    };
    is_whole(&store, &url).await?;
    blocking(&url, move || {
        drop(store);
        SqliteStore::renew_epoch(config)
    })
    .await
}

/// The store's file, which must be there.
pub(super) fn there(given: &NamedUrl) -> Result<PathBuf, WiringError> {
    match given.url.scheme() {
        "sqlite" => {}
        "memory" => return Err(WiringError::NotShared(given.clone())),
        "mysql" => return Err(WiringError::NotAFile(given.clone())),
        _ => return Err(no_adapter(given)),
    }
    let path = file_of(&given.url);
    match path.exists() {
        true => Ok(path),
        false => Err(WiringError::NoDatabase {
            path,
            name: given.name,
        }),
    }
}

#[cfg_attr(
    not(feature = "failpoints"),
    expect(unused_variables, reason = "only failpoints are set")
)]
pub(super) fn store_config(settings: &Settings, path: &Path) -> StoreConfig {
    StoreConfig {
        #[cfg(feature = "failpoints")]
        failpoint: settings.failpoint.clone(),
        ..StoreConfig::new(path)
    }
}

/// Over a store that has applications a new key would open none of their tokens.
async fn keyring(stores: &Stores, path: &Path, url: &NamedUrl) -> Result<Keyring, WiringError> {
    if let Some(key) = Key::read(path)? {
        return key.opens(stores, url).await;
    }
    if key::sample(stores, url).await?.is_some() {
        return Err(KeyError::Missing {
            path: path.to_owned(),
        }
        .into());
    }
    Ok(keyfile::create(path)?)
}

pub(super) fn file_of(url: &BackendUrl) -> PathBuf {
    url.file().unwrap_or_default()
}

pub(super) fn make_directory(file: &Path) -> Result<(), WiringError> {
    match file.parent().filter(|path| !path.as_os_str().is_empty()) {
        None => Ok(()),
        Some(path) => std::fs::create_dir_all(path).map_err(|source| WiringError::Directory {
            path: path.to_owned(),
            source,
        }),
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    given: &NamedUrl,
    open: impl FnOnce() -> Result<T, BackendError> + Send + 'static,
) -> Result<T, WiringError> {
    let opened = tokio::task::spawn_blocking(open).await;
    opened
        .unwrap_or_else(|error| {
            Err(BackendError::new(ErrorKind::Internal, "sqlite", "open").with_source(error))
        })
        .map_err(backend(given))
}
