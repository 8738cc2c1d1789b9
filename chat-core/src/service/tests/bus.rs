//! Readers on other nodes, while the bus fails.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::FutureExt;
use tokio::time::{Instant, advance};

use super::*;
use crate::error::BackendError;
use crate::memory::{MemoryBus, MemoryStore};
use crate::port::{Bus, Chats, Event, MockChats, MockHistory, Store, Subscription};

/// How a node's way to the bus fails for what it says.
#[derive(Clone, Copy)]
enum Fails {
    /// The bus takes nothing.
    Loudly,
    /// It is lost on the way, as if the node had died before it said it.
    Silently,
}

struct Way {
    bus: MemoryBus,
    fails: Fails,
}

#[async_trait]
impl Bus for Way {
    async fn publish(&self, _events: &[Event]) -> Result<(), BackendError> {
        match self.fails {
            Fails::Loudly => Err(BackendError::new(ErrorKind::Unavailable, "bus", "publish")),
            Fails::Silently => Ok(()),
        }
    }

    async fn subscribe(&self) -> Result<Subscription, BackendError> {
        self.bus.subscribe().await
    }
}

/// A node that writes, and one beside it that hears none of its events.
async fn nodes(fails: Fails) -> (Chat, Chat, Tenant, ChatView) {
    let (bus, parts) = (MemoryBus::new(), Parts::in_memory());
    let beside = Parts {
        stores: parts.stores.clone(),
        keyring: parts.keyring.clone(),
        bus: Arc::new(bus.clone()),
        ..Parts::in_memory()
    };
    let bus = Arc::new(Way { bus, fails });
    let (writes, shop, room) = start_with(Parts { bus, ..parts }).await;
    let reads = Chat::start(beside).await.unwrap();
    (writes, reads, shop, room)
}

#[tokio::test(start_paused = true)]
async fn a_reader_elsewhere_hears_within_a_second_of_what_no_event_told() {
    for fails in [Fails::Loudly, Fails::Silently] {
        let (writes, reads, shop, room) = nodes(fails).await;
        let reader = reads.chat(shop.token.into(), room.number).await.unwrap();
        let mut after = room.cursor;
        for (number, pause) in [3_500, 20_300, 400].into_iter().enumerate() {
            let patience = Duration::from_secs(60);
            let waiting = reader.wait(Some(after), Limit::DEFAULT, patience);
            let writing = async {
                advance(Duration::from_millis(pause)).await;
                let posted = writes.post(shop.token.into(), room.number, post("x"), None);
                posted.await.unwrap();
                Instant::now()
            };
            let heard = async { (waiting.await.unwrap(), Instant::now()) };
            let ((feed, heard), posted) = tokio::join!(heard, writing);
            assert_eq!(feed.head.head.number.0, number as u64 + 1);
            assert!(heard - posted <= Duration::from_secs(1));
            after = feed.next;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_learns_within_a_second_that_the_chat_is_gone() {
    let (writes, reads, shop, room) = nodes(Fails::Silently).await;
    let reader = reads.chat(shop.token.into(), room.number).await.unwrap();
    let waiting = reader.wait(Some(room.cursor), Limit::DEFAULT, Duration::from_secs(60));
    let closing = async {
        advance(Duration::from_millis(3_500)).await;
        let closed = writes.delete_application(shop.token.into());
        closed.await.unwrap();
        Instant::now()
    };
    let heard = async { (waiting.await, Instant::now()) };
    let ((feed, heard), closed) = tokio::join!(heard, closing);
    assert!(matches!(feed, Err(ChatError::ChatNotFound(_))));
    assert!(heard - closed <= Duration::from_secs(1));
}

/// What was asked of a store.
#[derive(Default)]
struct Asked {
    heads: AtomicUsize,
    changes: AtomicUsize,
}

impl Asked {
    /// A double that counts, over a store that answers at once.
    fn of(self: &Arc<Self>, store: &Arc<dyn Store>) -> (MockChats, MockHistory) {
        let (mut chats, mut history) = (MockChats::new(), MockHistory::new());
        let inner = store.clone();
        chats.expect_get().returning(move |application, number| {
            let found = Chats::get(&*inner, application, number);
            found.now_or_never().unwrap()
        });
        let (inner, asked) = (store.clone(), self.clone());
        chats.expect_heads().returning(move |chats| {
            asked.heads.fetch_add(1, Ordering::Relaxed);
            inner.heads(chats).now_or_never().unwrap()
        });
        let (inner, asked) = (store.clone(), self.clone());
        history
            .expect_changes()
            .returning(move |chat, after, limit, viewer| {
                asked.changes.fetch_add(1, Ordering::Relaxed);
                inner
                    .changes(chat, after, limit, viewer)
                    .now_or_never()
                    .unwrap()
            });
        (chats, history)
    }
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_cost_one_look_a_second_and_nobody_costs_none() {
    let mut parts = Parts::in_memory();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let counted = Arc::new(Asked::default());
    let (chats, history) = counted.of(&store);
    parts.stores = store.into();
    parts.stores.chats = Arc::new(chats);
    parts.stores.history = Arc::new(history);
    let (chat, shop, room) = start_with(parts).await;
    let access = Access::from(shop.token);
    let other = chat.create_chat(access, None, None).await.unwrap().value;
    for _ in 0..10 {
        advance(Duration::from_secs(1)).await;
    }
    assert_eq!(counted.heads.load(Ordering::Relaxed), 0);

    let mut waiting = JoinSet::new();
    for view in [&room, &room, &room, &other, &other] {
        let reader = chat.chat(access, view.number).await.unwrap();
        let after = Some(view.cursor);
        waiting.spawn(async move {
            let feed = reader.wait(after, Limit::DEFAULT, Duration::from_secs(10));
            assert!(feed.await.unwrap().items.is_empty());
        });
    }
    waiting.join_all().await;
    let looks = counted.heads.load(Ordering::Relaxed);
    assert!((9..=11).contains(&looks), "{looks}");
    // Each reads before it waits, and at its end.
    assert_eq!(counted.changes.load(Ordering::Relaxed), 10);
}
