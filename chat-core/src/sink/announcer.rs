//! From the commit to the Bus and the index worker, without making the commit wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::commit::Counts;
use crate::ids::ChatId;
use crate::lane::Announce;
use crate::port::{Bus, Event, Moved};
use crate::sink::CountFeed;

/// Collects what moved, one entry a chat however often it moves, and publishes it.
pub struct Announcer {
    pending: Mutex<HashMap<ChatId, Moved>>,
    publish: Notify,
    index: Arc<Notify>,
    counts: Option<Arc<CountFeed>>,
    bus: Arc<dyn Bus>,
}

impl Announcer {
    /// An announcer to this bus, which wakes `index` as well.
    #[must_use]
    pub fn new(bus: Arc<dyn Bus>, index: Arc<Notify>) -> Self {
        Self {
            pending: Mutex::default(),
            publish: Notify::new(),
            index,
            counts: None,
            bus,
        }
    }

    /// The same, which passes counts on to this feed.
    #[must_use]
    pub fn feeding(mut self, counts: Option<Arc<CountFeed>>) -> Self {
        self.counts = counts;
        self
    }

    /// Publishes for as long as it is polled.
    pub async fn run(self: Arc<Self>) {
        loop {
            let moved =
                std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
            if moved.is_empty() {
                self.publish.notified().await;
                continue;
            }
            let events: Vec<Event> = moved
                .into_values()
                .map(|moved| Event::Moved {
                    application: moved.application,
                    chat: moved.chat,
                    to: moved.to,
                })
                .collect();
            if let Err(error) = self.bus.publish(&events).await {
                tracing::warn!(
                    ?error,
                    "the bus did not take events; readers look for themselves"
                );
            }
        }
    }
}

impl Announce for Announcer {
    fn announce(&self, moved: &[Moved]) {
        if moved.is_empty() {
            return;
        }
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for one in moved {
            pending
                .entry(one.chat)
                .and_modify(|known| known.to = one.to)
                .or_insert(*one);
        }
        drop(pending);
        self.publish.notify_one();
        self.index.notify_one();
    }

    fn count(&self, counts: Vec<Counts>) {
        if let Some(feed) = &self.counts {
            feed.take_in(counts);
        }
    }
}
