//! From the commit to the Bus and the index worker, without making the commit wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::commit::Counts;
use crate::ids::ChatId;
use crate::lane::Announce;
use crate::port::{Bus, Event, Moved};
use crate::sink::CountFeed;

/// So long after events were not published the next attempt begins.
const AGAIN: Duration = Duration::from_millis(500);

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

    /// Publishes for as long as it is polled. What the bus does not take is not kept: every node looks at the Store for those who
    /// wait.
    pub async fn run(self: Arc<Self>) {
        let mut missed = false;
        loop {
            let moved =
                std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
            if moved.is_empty() {
                self.publish.notified().await;
                continue;
            }
            let events: Vec<_> = moved.into_values().map(event).collect();
            match self.bus.publish(&events).await {
                Ok(()) if missed => {
                    tracing::info!("the bus takes events again");
                    missed = false;
                }
                Ok(()) => {}
                Err(error) => {
                    if !missed {
                        tracing::warn!(
                            ?error,
                            "the bus did not take events; readers hear of them a little later"
                        );
                    }
                    missed = true;
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }
}

fn event(moved: Moved) -> Event {
    Event::Moved {
        application: moved.application,
        chat: moved.chat,
        to: moved.to,
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
