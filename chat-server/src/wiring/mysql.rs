//! The store on MySQL or MariaDB.

use std::num::NonZeroUsize;
use std::sync::Arc;

use chat_core::port::{Store, Stores};
use chat_store_mysql::{MysqlConfig, MysqlStore};

use super::key::Key;
use super::{NamedUrl, Opened, WiringError, backend, is_whole};
use crate::config::Settings;

/// So many batches of one node are committed at once at most: while one waits for the disk, others are made ready.
const LANES: NonZeroUsize = NonZeroUsize::new(4).expect("it is not zero");
/// More than there are processors only make smaller batches, but two always overlap.
const LEAST_LANES: NonZeroUsize = NonZeroUsize::new(2).expect("it is not zero");

fn lanes() -> NonZeroUsize {
    let processors = std::thread::available_parallelism().unwrap_or(LANES);
    processors.clamp(LEAST_LANES, LANES)
}

pub(super) async fn open_store(settings: &Settings) -> Result<Opened, WiringError> {
    let key = settings.token_key.as_ref();
    let key = key.ok_or_else(|| WiringError::NoTokenKey(settings.store.clone()))?;
    let url = NamedUrl::store(settings);
    let store = MysqlStore::connect(config(&url)?).await;
    let store = store.map_err(backend(&url))?;
    is_whole(&store, &url).await?;
    let store: Arc<dyn Store> = Arc::new(store);
    let stores = Stores::from(store);
    Ok(Opened {
        keyring: Key::of_setting(key).opens(&stores, &url).await?,
        stores,
        lanes: lanes(),
    })
}

pub(super) async fn new_epoch(settings: &Settings) -> Result<(), WiringError> {
    let url = NamedUrl::store(settings);
    let config = config(&url)?;
    let store = MysqlStore::connect(config.clone()).await;
    is_whole(&store.map_err(backend(&url))?, &url).await?;
    let renewed = MysqlStore::renew_epoch(config).await;
    renewed.map_err(backend(&url))
}

pub(super) fn config(given: &NamedUrl) -> Result<MysqlConfig, WiringError> {
    MysqlConfig::parse(given.url.expose()).map_err(|why| WiringError::BadUrl {
        name: given.name,
        why: why.to_string(),
    })
}
