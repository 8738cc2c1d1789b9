//! Readers on other nodes, while the bus fails.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::time::{Instant, sleep};

use super::*;
use crate::error::BackendError;
use crate::ids::{ApplicationId, ChatId, ChatUuid, UserNumber};
use crate::memory::MemoryBus;
use crate::model::{ChatInfo, Message};
use crate::page::Page;
use crate::port::{Bus, Changes, Chats, Event, History, Store, Subscription};

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
                sleep(Duration::from_millis(pause)).await;
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
        sleep(Duration::from_millis(3_500)).await;
        let closed = writes.delete_application(shop.token.into());
        closed.await.unwrap();
        Instant::now()
    };
    let heard = async { (waiting.await, Instant::now()) };
    let ((feed, heard), closed) = tokio::join!(heard, closing);
    assert!(matches!(feed, Err(ChatError::ChatNotFound(_))));
    assert!(heard - closed <= Duration::from_secs(1));
}

/// Counts what is asked of a store.
struct Counted {
    store: Arc<dyn Store>,
    heads: AtomicUsize,
    changes: AtomicUsize,
}

type Result<T, E = BackendError> = std::result::Result<T, E>;

#[async_trait]
impl Chats for Counted {
    async fn get(
        &self,
        application: ApplicationId,
        number: ChatNumber,
    ) -> Result<Option<ChatInfo>> {
        Chats::get(&*self.store, application, number).await
    }

    async fn by_uuid(&self, uuid: ChatUuid) -> Result<Option<ChatInfo>> {
        self.store.by_uuid(uuid).await
    }

    async fn by_id(&self, chat: ChatId) -> Result<Option<ChatInfo>> {
        Chats::by_id(&*self.store, chat).await
    }

    async fn heads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, Head)>> {
        self.heads.fetch_add(1, Ordering::Relaxed);
        self.store.heads(chats).await
    }

    async fn list(
        &self,
        application: ApplicationId,
        span: Span,
        limit: Limit,
    ) -> Result<Page<ChatInfo>> {
        Chats::list(&*self.store, application, span, limit).await
    }
}

#[async_trait]
impl History for Counted {
    async fn get(&self, chat: ChatId, number: MessageNumber) -> Result<Option<Message>> {
        History::get(&*self.store, chat, number).await
    }

    async fn many(&self, chat: ChatId, numbers: &[MessageNumber]) -> Result<Vec<Message>> {
        self.store.many(chat, numbers).await
    }

    async fn page(
        &self,
        chat: ChatId,
        span: Span,
        through: MessageNumber,
        tombstones: bool,
        limit: Limit,
    ) -> Result<Page<Message>> {
        let store = &self.store;
        store.page(chat, span, through, tombstones, limit).await
    }

    async fn changes(
        &self,
        chat: ChatId,
        after: Head,
        limit: Limit,
        viewer: Option<UserNumber>,
    ) -> Result<Option<Changes>> {
        self.changes.fetch_add(1, Ordering::Relaxed);
        self.store.changes(chat, after, limit, viewer).await
    }

    async fn by_ext_id(&self, id: u64) -> Result<Option<(ChatId, MessageNumber)>> {
        self.store.by_ext_id(id).await
    }
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_cost_one_look_a_second_and_nobody_costs_none() {
    let mut parts = Parts::in_memory();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let counted = Arc::new(Counted {
        store: store.clone(),
        heads: AtomicUsize::new(0),
        changes: AtomicUsize::new(0),
    });
    parts.stores = store.into();
    parts.stores.chats = counted.clone();
    parts.stores.history = counted.clone();
    let (chat, shop, room) = start_with(parts).await;
    let access = Access::from(shop.token);
    let other = chat.create_chat(access, None, None).await.unwrap().value;
    sleep(Duration::from_secs(10)).await;
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
