//! The store on MySQL or MariaDB.

use std::num::NonZeroUsize;
use std::sync::Arc;

use chat_core::port::Store;
use chat_store_mysql::{MysqlConfig, MysqlStore};

use super::transfer::is_whole;
use super::{Opened, WiringError, backend};
use crate::config::{BackendUrl, Settings};

/// So many batches of one node are committed at once: while one waits for the disk, others are made ready.
const LANES: NonZeroUsize = NonZeroUsize::new(4).expect("it is not zero");

pub(super) async fn open_store(settings: &Settings) -> Result<Opened, WiringError> {
    let key = settings.token_key.as_ref();
    let key = key.ok_or_else(|| WiringError::NoTokenKey(settings.store.clone()))?;
    let config = config(&settings.store)?;
    let store = MysqlStore::connect(config).await;
    let store = store.map_err(backend("store"))?;
    is_whole(&store, &settings.store).await?;
    let store: Arc<dyn Store> = Arc::new(store);
    Ok(Opened {
        stores: store.into(),
        keyring: key.keyring(),
        lanes: LANES,
    })
}

pub(super) async fn new_epoch(settings: &Settings) -> Result<(), WiringError> {
    let config = config(&settings.store)?;
    MysqlStore::renew_epoch(config)
        .await
        .map_err(backend("store"))
}

pub(super) fn config(url: &BackendUrl) -> Result<MysqlConfig, WiringError> {
    MysqlConfig::parse(url.expose()).map_err(|why| WiringError::BadUrl {
        setting: "store",
        why: why.to_string(),
    })
}
