//! URLs to adapters, in one place.

#[cfg(feature = "elasticsearch")]
mod elasticsearch;
mod error;
#[cfg(any(feature = "embedded", feature = "mysql"))]
mod key;
mod later;
#[cfg(feature = "mysql")]
mod mysql;
mod named;
#[cfg(feature = "notify-http")]
mod notify_http;
mod probe;
#[cfg(feature = "embedded")]
mod read_only;
#[cfg(any(feature = "embedded", feature = "mysql"))]
mod reader;
#[cfg(feature = "redis")]
mod redis;
mod routes;
mod schemes;
#[cfg(feature = "embedded")]
mod sqlite;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "embedded", feature = "mysql"))]
mod transfer;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chat_core::error::BackendError;
use chat_core::live::LiveLimits;
use chat_core::memory::{
    MemoryBus, MemoryCounter, MemoryPresence, MemoryQueue, MemorySearch, MemoryStore,
};
use chat_core::port::{
    Bus, Counter, DeadLetters, Notifier, Presence, Queue, Search, Store, Stores,
};
#[cfg(any(feature = "embedded", feature = "mysql"))]
use chat_core::port::{Standing, Transfer};
use chat_core::seal::Keyring;
use chat_core::service::Queueing;
use chat_core::{Chat, Parts};

use crate::api::ops::Probe;
use crate::config::{BackendUrl, Settings};

use later::Later;
use probe::{NotifyProbe, QueueProbe, SearchProbe, StoreProbe};
use schemes::no_adapter;

pub use error::WiringError;
#[cfg(any(feature = "embedded", feature = "mysql"))]
pub use key::opens_what_is_moved;
pub use named::{KeyFrom, NamedUrl, UrlName};
#[cfg(feature = "embedded")]
pub use read_only::ReadOnly;
#[cfg(any(feature = "embedded", feature = "mysql"))]
pub use reader::Reader;
#[cfg(any(feature = "embedded", feature = "mysql"))]
pub use transfer::{Movable, Purpose};

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
    /// What waits to be committed.
    pub jobs: Jobs,
}

/// The queue, for an operator.
#[derive(Clone)]
pub struct Jobs {
    /// What waits.
    pub queue: Arc<dyn Queue>,
    /// What no commit takes.
    pub dead_letters: Arc<dyn DeadLetters>,
}

impl Node {
    /// Opens the backends that the settings name and starts the service on them.
    ///
    /// # Errors
    /// What cannot be opened, and why; when another process writes the store, who it is.
    pub async fn start(settings: &Settings) -> Result<Self, WiringError> {
        let recount_every = Some(settings.recount_interval.0);
        Self::open(settings, Indexing::Now, recount_every).await
    }

    /// As [`Node::start`], for a command that ends: it works no queue, tells no users, and leaves to servers what comes with time.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub async fn start_for_command(
        settings: &Settings,
        indexing: Indexing,
    ) -> Result<Self, WiringError> {
        let mut settings = settings.clone();
        settings.work = false;
        settings.notify = None;
        Self::open(&settings, indexing, None).await
    }

    async fn open(
        settings: &Settings,
        indexing: Indexing,
        recount_every: Option<Duration>,
    ) -> Result<Self, WiringError> {
        if indexing == Indexing::Now {
            is_shared(settings)?;
        }
        let notifier = open_notifier(settings)?;
        let Exchange {
            counter,
            bus,
            presence,
            queue,
            dead_letters,
        } = open_exchange(&settings.queue)?;
        let Opened {
            stores,
            keyring,
            lanes,
        } = open_store(settings).await?;
        let search = match indexing {
            Indexing::Now => open_search(&settings.search).await?,
            Indexing::Later => {
                let epoch = stores.upkeep.epoch().await;
                let epoch = epoch.map_err(backend(&NamedUrl::store(settings)))?;
                Arc::new(Later(epoch))
            }
        };
        let queueing = Queueing {
            queue: Arc::clone(&queue),
            routes: routes::find(settings, &stores, &keyring).await?,
            works: settings.work,
        };
        let parts = Parts {
            stores: stores.clone(),
            search,
            bus,
            presence,
            lanes,
            queueing: Some(queueing),
            dead_letters: Some(Arc::clone(&dead_letters)),
            counter: is_outside(&settings.queue).then(|| Arc::clone(&counter)),
            notifier,
            recount_every,
            live: LiveLimits {
                per_user: settings.sockets_per_user,
                per_address: settings.sockets_per_address,
                grace: settings.presence_grace.0,
                ..LiveLimits::default()
            },
            keyring,
            ..Parts::in_memory()
        };
        Ok(Self {
            chat: Chat::start(parts).await?,
            stores,
            counter,
            jobs: Jobs {
                queue,
                dead_letters,
            },
        })
    }

    /// Asks the backends whether they work.
    #[must_use]
    pub fn probes(&self, settings: &Settings) -> Vec<Arc<dyn Probe>> {
        let mut probes: Vec<Arc<dyn Probe>> = vec![
            Arc::new(StoreProbe {
                chat: self.chat.clone(),
                url: settings.store.clone(),
            }),
            Arc::new(SearchProbe {
                chat: self.chat.clone(),
                url: settings.search.clone(),
            }),
            Arc::new(QueueProbe {
                queue: self.jobs.queue.clone(),
                url: settings.queue.clone(),
            }),
        ];
        if let Some(url) = settings.notify.clone() {
            let chat = self.chat.clone();
            probes.push(Arc::new(NotifyProbe { chat, url }));
        }
        probes
    }

    /// The backends under the names of their settings, for whoever watches them.
    #[must_use]
    pub fn watched(&self, settings: &Settings) -> Vec<(NamedUrl, Arc<dyn Probe>)> {
        let named = [
            NamedUrl::store(settings),
            NamedUrl::new(UrlName::Search, &settings.search),
            NamedUrl::new(UrlName::Queue, &settings.queue),
        ];
        let notify = settings.notify.as_ref();
        let notify = notify.map(|url| NamedUrl::new(UrlName::Notify, url));
        let named = named.into_iter().chain(notify);
        named.zip(self.probes(settings)).collect()
    }
}

/// Every node finds all that any node wrote, so the index of a store that nodes share must be shared as well.
fn is_shared(settings: &Settings) -> Result<(), WiringError> {
    let (store, search) = (&settings.store, &settings.search);
    if store.scheme() == "mysql" && matches!(search.scheme(), "sqlite" | "memory") {
        return Err(WiringError::SearchNotShared {
            store: store.clone(),
            search: search.clone(),
        });
    }
    Ok(())
}

/// Whether other programs can read what is there.
fn is_outside(queue: &BackendUrl) -> bool {
    queue.scheme() != "memory"
}

/// A store that is open.
struct Opened {
    stores: Stores,
    keyring: Keyring,
    /// How many batches it commits at once.
    lanes: NonZeroUsize,
}

async fn open_store(settings: &Settings) -> Result<Opened, WiringError> {
    match settings.store.scheme() {
        "memory" => {
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
            Ok(Opened {
                stores: store.into(),
                keyring: Keyring::new(Keyring::random_key()),
                lanes: NonZeroUsize::MIN,
            })
        }
        #[cfg(feature = "embedded")]
        "sqlite" => sqlite::open_store(settings).await,
        #[cfg(feature = "mysql")]
        "mysql" => mysql::open_store(settings).await,
        _ => Err(no_adapter(&NamedUrl::store(settings))),
    }
}

/// Gives the store a new epoch: whoever followed it is told to begin anew, and its search index is built again. No other process
/// may use the store meanwhile.
///
/// # Errors
/// When there is no such store, or another process writes its file.
pub async fn new_epoch(settings: &Settings) -> Result<(), WiringError> {
    match settings.store.scheme() {
        "memory" => Err(WiringError::NotShared(NamedUrl::store(settings))),
        #[cfg(feature = "embedded")]
        "sqlite" => sqlite::new_epoch(settings).await,
        #[cfg(feature = "mysql")]
        "mysql" => mysql::new_epoch(settings).await,
        _ => Err(no_adapter(&NamedUrl::store(settings))),
    }
}

async fn open_search(url: &BackendUrl) -> Result<Arc<dyn Search>, WiringError> {
    match url.scheme() {
        "memory" => Ok(Arc::new(MemorySearch::new())),
        #[cfg(feature = "embedded")]
        "sqlite" => sqlite::open_search(url).await,
        #[cfg(feature = "elasticsearch")]
        "http" | "https" => elasticsearch::open_search(url),
        _ => Err(no_adapter(&NamedUrl::new(UrlName::Search, url))),
    }
}

/// Connects to the queue alone.
///
/// # Errors
/// When no adapter knows the URL, or it cannot be used.
pub fn open_jobs(url: &BackendUrl) -> Result<Jobs, WiringError> {
    let exchange = open_exchange(url)?;
    Ok(Jobs {
        queue: exchange.queue,
        dead_letters: exchange.dead_letters,
    })
}

/// What nodes tell each other by.
struct Exchange {
    counter: Arc<dyn Counter>,
    bus: Arc<dyn Bus>,
    presence: Arc<dyn Presence>,
    queue: Arc<dyn Queue>,
    dead_letters: Arc<dyn DeadLetters>,
}

fn open_exchange(url: &BackendUrl) -> Result<Exchange, WiringError> {
    match url.scheme() {
        "memory" => {
            let queue = Arc::new(MemoryQueue::new());
            Ok(Exchange {
                counter: Arc::new(MemoryCounter::new()),
                bus: Arc::new(MemoryBus::new()),
                presence: Arc::new(MemoryPresence::new()),
                dead_letters: queue.clone(),
                queue,
            })
        }
        #[cfg(feature = "redis")]
        scheme if scheme.starts_with("redis") => redis::open_exchange(url),
        _ => Err(no_adapter(&NamedUrl::new(UrlName::Queue, url))),
    }
}

/// Who tells users that are not connected, if anybody does.
fn open_notifier(settings: &Settings) -> Result<Option<Arc<dyn Notifier>>, WiringError> {
    let Some(url) = &settings.notify else {
        return Ok(None);
    };
    match url.scheme() {
        #[cfg(feature = "notify-http")]
        "http" | "https" => notify_http::open_notifier(url, settings.notify_secret.as_ref()),
        _ => Err(no_adapter(&NamedUrl::new(UrlName::Notify, url))),
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

fn backend(given: &NamedUrl) -> impl Fn(BackendError) -> WiringError {
    move |source| WiringError::Backend {
        given: given.clone(),
        source,
    }
}

/// Refuses a store that is only partly there.
#[cfg(any(feature = "embedded", feature = "mysql"))]
async fn is_whole(store: &impl Transfer, given: &NamedUrl) -> Result<(), WiringError> {
    match store.standing().await.map_err(backend(given))? {
        Standing::Unfinished { .. } => Err(WiringError::Unfinished(given.url.clone())),
        Standing::Empty | Standing::Used => Ok(()),
    }
}
