use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::Indexer;
use crate::commit::Sink;
use crate::error::{BackendError, ErrorKind};
use crate::ids::{ChatId, Epoch};
use crate::kit::store::desk::{Desk, post};
use crate::memory::{MemorySearch, MemoryStore};
use crate::page::Limit;
use crate::port::{Document, Hit, MockSearch, Search, SearchQuery, Store, Stores};

type Result<T> = std::result::Result<T, BackendError>;

/// An index that waits in the middle of a swap.
struct Swapping {
    inner: MemorySearch,
    entered: Notify,
    leave: Notify,
}

#[async_trait]
impl Search for Swapping {
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
        self.inner.refill(documents).await
    }

    async fn swap(&self, epoch: Epoch) -> Result<()> {
        self.entered.notify_one();
        self.leave.notified().await;
        self.inner.swap(epoch).await
    }

    async fn built_from(&self) -> Result<Option<Epoch>> {
        self.inner.built_from().await
    }

    async fn ready(&self) -> Result<()> {
        self.inner.ready().await
    }
}

#[tokio::test]
async fn who_waits_behind_a_swap_finds_no_copy_and_needs_none() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let desk = Desk::open(&store).await;
    let chat = desk.chat_of(3).await;
    let search = Arc::new(Swapping {
        inner: MemorySearch::new(),
        entered: Notify::new(),
        leave: Notify::new(),
    });
    let stores = Stores::from(store);
    let indexer = Arc::new(Indexer::new(stores, search.clone(), Arc::default()));
    let rebuilding = tokio::spawn({
        let indexer = indexer.clone();
        async move { indexer.rebuild(|_| ()).await }
    });
    search.entered.notified().await;
    desk.done(vec![post(chat, "meanwhile")]).await;
    let following = tokio::spawn({
        let indexer = indexer.clone();
        async move { indexer.follow().await }
    });
    // It stands in line for what the rebuild holds.
    tokio::task::yield_now().await;
    search.leave.notify_one();
    rebuilding.await.unwrap().unwrap();
    following.await.unwrap().unwrap();
    assert_eq!(indexer.documents(), 4);
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
