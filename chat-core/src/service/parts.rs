//! What a backend is made of.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::lane::LaneLimits;
use crate::live::LiveLimits;
use crate::memory::{MemoryBus, MemoryPresence, MemorySearch, MemoryStore};
use crate::port::{Bus, Counter, DeadLetters, Notifier, Presence, Queue, Search, Store, Stores};
use crate::queued::Routes;
use crate::seal::Keyring;

/// What a [`Chat`](super::Chat) is made of.
pub struct Parts {
    /// The truth.
    pub stores: Stores,
    /// The search index.
    pub search: Arc<dyn Search>,
    /// Tells waiting readers that a chat moved. What it loses, and what nodes without a common one write, they hear of within a
    /// second, by one question to the Store for all of them.
    pub bus: Arc<dyn Bus>,
    /// Where it is kept who is there. Nodes that share their store share it too, or each knows of its own people only.
    pub presence: Arc<dyn Presence>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The key that tokens are sealed under.
    pub keyring: Keyring,
    /// How much may wait to be committed in all lanes together, and how large batches get.
    pub limits: LaneLimits,
    /// How many batches are committed at once, each in a lane of its own.
    pub lanes: NonZeroUsize,
    /// The queue, and which writes go through it; without one, none does.
    pub queueing: Option<Queueing>,
    /// The jobs that no commit takes, for what is erased among them.
    pub dead_letters: Option<Arc<dyn DeadLetters>>,
    /// Where counts are kept for others to read, as `APP-{token}` (chats) and `APP-{token}-{number}` (messages); without one they
    /// are kept nowhere but in the Store.
    pub counter: Option<Arc<dyn Counter>>,
    /// Who tells users that are not connected of messages that they have not read; without one nobody does. What is to be told is
    /// noted with each commit, so all nodes on a store have one, or none has.
    pub notifier: Option<Arc<dyn Notifier>>,
    /// How often all counts are recomputed; with `None` this process leaves that, and what else comes with time, to others.
    pub recount_every: Option<Duration>,
    /// How much may be connected and wait.
    pub live: LiveLimits,
}

impl Parts {
    /// This store and this index, with everything else in process and the limits at their defaults.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, search: Arc<dyn Search>, keyring: Keyring) -> Self {
        Self {
            stores: store.into(),
            search,
            bus: Arc::new(MemoryBus::new()),
            presence: Arc::new(MemoryPresence::new()),
            clock: Arc::new(SystemClock),
            keyring,
            limits: LaneLimits::default(),
            lanes: NonZeroUsize::MIN,
            queueing: None,
            dead_letters: None,
            counter: None,
            notifier: None,
            recount_every: Some(Duration::from_secs(30 * 60)),
            live: LiveLimits::default(),
        }
    }

    /// Everything in memory: nothing outlives the process.
    #[must_use]
    pub fn in_memory() -> Self {
        let key = Keyring::new(Keyring::random_key());
        Self::new(
            Arc::new(MemoryStore::new()),
            Arc::new(MemorySearch::new()),
            key,
        )
    }
}

/// How writes go through a queue.
#[derive(Clone)]
pub struct Queueing {
    /// The queue.
    pub queue: Arc<dyn Queue>,
    /// Which writes go through it.
    pub routes: Routes,
    /// Whether this process works its lanes.
    pub works: bool,
}
