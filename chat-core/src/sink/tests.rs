use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::Indexer;
use crate::commit::{Command, Sink};
use crate::error::{BackendError, ErrorKind};
use crate::ids::{ChatId, ChatNumber, Epoch};
use crate::kit::store::desk::{Desk, delete, edit, post};
use crate::memory::{MemorySearch, MemoryStore};
use crate::page::Limit;
use crate::port::{
    Document, Hit, MockSearch, Order, Search, SearchQuery, SearchScope, Store, Stores,
};
use crate::terms::Query;

type Result<T> = std::result::Result<T, BackendError>;

/// An index to which a page of a copy takes a long way.
struct Slow {
    inner: MemorySearch,
    entered: Notify,
    leave: Notify,
}

#[async_trait]
impl Search for Slow {
    async fn put(&self, documents: &[Document]) -> Result<()> {
        self.inner.put(documents).await
    }

    async fn query(&self, query: &SearchQuery) -> Result<Vec<Hit>> {
        self.inner.query(query).await
    }

    async fn erase(&self, chat: ChatId) -> Result<()> {
        self.inner.erase(chat).await
    }

    async fn refresh(&self) -> Result<()> {
        self.inner.refresh().await
    }

    async fn rebuild(&self) -> Result<()> {
        self.inner.rebuild().await
    }

    async fn refill(&self, documents: &[Document]) -> Result<()> {
        self.entered.notify_one();
        self.leave.notified().await;
        self.inner.refill(documents).await
    }

    async fn swap(&self, epoch: Epoch) -> Result<()> {
        self.inner.swap(epoch).await
    }

    async fn built_from(&self) -> Result<Option<Epoch>> {
        self.inner.built_from().await
    }

    async fn ready(&self) -> Result<()> {
        self.inner.ready().await
    }
}

/// Rebuilds on one node, and on another one writes these and follows after all was read and before it is filled in. Then tells
/// which of the words find which numbers.
async fn written_meanwhile(
    commands: fn(ChatNumber) -> Vec<Command>,
    words: &[&str],
) -> Vec<Vec<u64>> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let desk = Desk::open(&store).await;
    let chat = desk.chat_of(3).await;
    let id = desk.info(chat).await.id;
    let slow = Arc::new(Slow {
        inner: MemorySearch::new(),
        entered: Notify::new(),
        leave: Notify::new(),
    });
    let stores = Stores::from(store);
    let node = || Indexer::new(stores.clone(), slow.clone(), Arc::default());
    let (rebuilding, other) = (node(), node());
    let rebuilding = tokio::spawn(async move { rebuilding.rebuild(|_| ()).await });
    slow.entered.notified().await;
    desk.done(commands(chat)).await;
    other.follow().await.unwrap();
    slow.leave.notify_one();
    rebuilding.await.unwrap().unwrap();
    let mut found = Vec::new();
    for word in words {
        let query = SearchQuery {
            scope: SearchScope::Chat(desk.application, id),
            query: Arc::new(Query::parse(word)),
            order: Order::Newest,
            after: None,
            limit: Limit::MAX,
        };
        let hits = slow.query(&query).await.unwrap();
        found.push(hits.iter().map(|hit| hit.number.0).collect());
    }
    found
}

#[tokio::test]
async fn what_another_node_follows_is_in_the_copy_and_stays_as_new_as_it_is() {
    let commands = |chat| vec![post(chat, "new"), edit(chat, 1, "edited"), delete(chat, 2)];
    let found = written_meanwhile(commands, &["new", "edited", "1", "2", "3"]).await;
    assert_eq!(found, [vec![4], vec![1], vec![], vec![], vec![3]]);
}

#[tokio::test]
async fn a_chat_that_is_erased_while_a_page_is_on_its_way_does_not_come_back() {
    let commands = |chat| vec![Command::CloseChat(chat)];
    let found = written_meanwhile(commands, &["1", "2", "3"]).await;
    assert_eq!(found, [vec![], vec![], Vec::<u64>::new()]);
}

#[tokio::test]
async fn what_cannot_be_found_yet_is_not_told_to_be_in_the_index() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let desk = Desk::open(&store).await;
    desk.chat_of(3).await;
    let mut search = MockSearch::new();
    search.expect_put().returning(|_| Ok(()));
    let mut refreshes = 0;
    search.expect_refresh().times(2).returning(move || {
        refreshes += 1;
        match refreshes {
            1 => Err(BackendError::new(ErrorKind::Unavailable, "mock", "refresh")),
            _ => Ok(()),
        }
    });
    let stores = Stores::from(store);
    let outbox = stores.outbox.clone();
    let waiting = async || {
        outbox
            .dirty(Sink::Index, Limit::DEFAULT)
            .await
            .unwrap()
            .len()
    };
    let indexer = Indexer::new(stores, Arc::new(search), Arc::default());
    indexer.follow().await.unwrap_err();
    assert_eq!(waiting().await, 1);
    indexer.follow().await.unwrap();
    assert_eq!(waiting().await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_index_that_is_away_is_asked_less_and_less() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let desk = Desk::open(&store).await;
    desk.chat_of(3).await;
    let mut search = MockSearch::new();
    let away = |_: &[Document]| Err(BackendError::new(ErrorKind::Unavailable, "mock", "put"));
    // After 0, 0.5, 1.5, 3.5, 7.5, 15.5, 23.5, … seconds.
    search.expect_put().times(11..=12).returning(away);
    let indexer = Arc::new(Indexer::new(
        Stores::from(store),
        Arc::new(search),
        Arc::default(),
    ));
    let minute = Duration::from_secs(60);
    tokio::time::timeout(minute, indexer.run())
        .await
        .unwrap_err();
}
