//! Readers on other nodes, while the bus fails.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tokio::time::Instant;

use super::*;
use crate::error::BackendError;
use crate::memory::MemoryBus;
use crate::port::{Bus, Event, Subscription};

/// A node's way to the bus, which can be cut for what it says.
struct Way {
    bus: MemoryBus,
    cut: AtomicBool,
    refused: Notify,
}

#[async_trait]
impl Bus for Way {
    async fn publish(&self, events: &[Event]) -> Result<(), BackendError> {
        if self.cut.load(Ordering::Relaxed) {
            self.refused.notify_one();
            return Err(BackendError::new(ErrorKind::Unavailable, "bus", "publish"));
        }
        self.bus.publish(events).await
    }

    async fn subscribe(&self) -> Result<Subscription, BackendError> {
        self.bus.subscribe().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_elsewhere_hears_as_soon_as_the_bus_takes_events_again() {
    let (bus, parts) = (MemoryBus::new(), Parts::in_memory());
    let way = Arc::new(Way {
        bus: bus.clone(),
        cut: AtomicBool::new(false),
        refused: Notify::new(),
    });
    let beside = Parts {
        stores: parts.stores.clone(),
        keyring: parts.keyring.clone(),
        bus: Arc::new(bus),
        ..Parts::in_memory()
    };
    let (writes, shop, room) = start_with(Parts {
        bus: way.clone(),
        ..parts
    })
    .await;
    let reads = Chat::start(beside).await.unwrap();
    let reader = reads.chat(shop.token.into(), room.number).await.unwrap();
    // What was told of its making is heard.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let waiting = tokio::spawn(async move {
        let patience = Duration::from_secs(30);
        let feed = reader.wait(Some(room.cursor), Limit::DEFAULT, patience);
        (feed.await.unwrap().items.len(), Instant::now())
    });
    way.cut.store(true, Ordering::Relaxed);
    for text in ["one", "two"] {
        let posted = writes.post(shop.token.into(), room.number, post(text), None);
        posted.await.unwrap();
        way.refused.notified().await;
    }
    assert!(!waiting.is_finished());
    way.cut.store(false, Ordering::Relaxed);
    let back = Instant::now();
    let (heard, at) = waiting.await.unwrap();
    assert_eq!(heard, 2);
    assert!(at - back <= Duration::from_secs(1), "{:?}", at - back);
}
