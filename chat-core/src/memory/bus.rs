use async_trait::async_trait;
use tokio::sync::broadcast;

use crate::error::BackendError;
use crate::port::{Bus, Event, Subscription};

/// How many events a subscriber may lag behind before it hears of a gap.
const CAPACITY: usize = 1_024;

/// A bus inside one process.
#[derive(Debug, Clone)]
pub struct MemoryBus(broadcast::Sender<Event>);

impl MemoryBus {
    /// A bus without subscribers.
    #[must_use]
    pub fn new() -> Self {
        Self(broadcast::Sender::new(CAPACITY))
    }
}

impl Default for MemoryBus {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn publish(&self, events: &[Event]) -> Result<(), BackendError> {
        for event in events {
            // An error says that nobody listens, which is no fault.
            let _ = self.0.send(*event);
        }
        Ok(())
    }

    async fn subscribe(&self) -> Result<Subscription, BackendError> {
        Ok(Subscription(self.0.subscribe()))
    }
}
