//! The port.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::{ChatId, Epoch};
use chat_core::port::{Document, Hit, Search, SearchQuery};
use elasticsearch::http::Method;
use serde_json::json;

use crate::bulk;
use crate::client::{Ask, Client, Operation};
use crate::config::{ConfigError, EsConfig};
use crate::error::failure;
use crate::find::{WHOLE, find};
use crate::index::{Copy, Indices, Names, absent_is_fine, refresh};

type Result<T> = std::result::Result<T, BackendError>;

/// A search index on Elasticsearch, which any number of nodes may share.
///
/// The index is made by whoever needs it first, and again if somebody removes it; it was [built from](Search::built_from) no store
/// then.
pub struct EsSearch {
    client: Client,
    names: Names,
    shards: u16,
    /// The live index was there when it was looked for.
    seen: AtomicBool,
    /// The copy that was begun here.
    copy: Mutex<Option<Copy>>,
}

impl EsSearch {
    /// Sets the connection up. Nothing is sent yet, so the server need not be there.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn connect(config: &EsConfig) -> std::result::Result<Self, ConfigError> {
        Ok(Self {
            client: Client::new(config)?,
            names: Names::new(&config.prefix),
            shards: config.shards,
            seen: AtomicBool::new(false),
            copy: Mutex::new(None),
        })
    }

    fn indices<'a>(&'a self, op: Operation<'a>) -> Indices<'a> {
        Indices {
            op,
            names: &self.names,
            shards: self.shards,
        }
    }

    /// Sees to it that the live index is there.
    async fn ensure(&self, op: Operation<'_>) -> Result<()> {
        if !self.seen.load(Ordering::Acquire) {
            self.indices(op).ensure().await?;
            self.seen.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Something on the live index; once more if it turns out to be gone, removed or swapped a moment ago.
    async fn live<T, F>(&self, op: Operation<'_>, work: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.ensure(op).await?;
        match work().await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.seen.store(false, Ordering::Release);
                self.ensure(op).await?;
                let again = work().await;
                again.map_err(|error| match error.kind() {
                    ErrorKind::NotFound => op.failure(ErrorKind::Unavailable).with_source(error),
                    _ => error,
                })
            }
            answer => answer,
        }
    }

    /// Something on every copy, whoever began it, and then on the live index. Copies are looked up before anything is done: one
    /// that begins later is filled with what is read later. One that is gone by then took the live index's place, which comes
    /// last, or was thrown away.
    async fn everywhere<F>(&self, op: Operation<'_>, work: impl Fn(String) -> F) -> Result<()>
    where
        F: Future<Output = Result<()>>,
    {
        for copy in self.indices(op).copies().await? {
            absent_is_fine(work(copy).await)?;
        }
        self.live(op, || work(self.names.live.clone())).await
    }

    fn copy(&self) -> MutexGuard<'_, Option<Copy>> {
        self.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begun(&self, op: &'static str) -> Result<Copy> {
        self.copy()
            .clone()
            .ok_or_else(|| failure(ErrorKind::NotFound, op))
    }
}

#[async_trait]
impl Search for EsSearch {
    async fn put(&self, documents: &[Document]) -> Result<()> {
        let op = self.client.operation("put");
        self.everywhere(
            op,
            |alias| async move { bulk::put(op, &alias, documents).await },
        )
        .await
    }

    async fn query(&self, query: &SearchQuery) -> Result<Vec<Hit>> {
        if query.query.is_empty() {
            return Ok(Vec::new());
        }
        let op = self.client.question("query");
        self.live(op, || find(op, &self.names.live, query)).await
    }

    async fn erase(&self, chat: ChatId) -> Result<()> {
        let op = self.client.operation("erase");
        self.everywhere(
            op,
            |alias| async move { bulk::erase(op, &alias, chat).await },
        )
        .await
    }

    async fn refresh(&self) -> Result<()> {
        let op = self.client.operation("refresh");
        self.live(op, || refresh(op, &self.names.live)).await
    }

    async fn rebuild(&self) -> Result<()> {
        let op = self.client.operation("rebuild");
        self.ensure(op).await?;
        self.copy().take();
        let copy = self.indices(op).begin().await?;
        self.copy().replace(copy);
        Ok(())
    }

    async fn refill(&self, documents: &[Document]) -> Result<()> {
        let copy = self.begun("refill")?;
        let op = self.client.operation("refill");
        bulk::put(op, &copy.alias, documents).await
    }

    async fn swap(&self, epoch: Epoch) -> Result<()> {
        let copy = self.begun("swap")?;
        let op = self.client.operation("swap");
        self.indices(op).swap(&copy, epoch).await?;
        self.copy().take();
        Ok(())
    }

    async fn built_from(&self) -> Result<Option<Epoch>> {
        let op = self.client.question("built_from");
        let indices = self.indices(op);
        self.live(op, || indices.epoch()).await
    }

    async fn ready(&self) -> Result<()> {
        let op = self.client.question("ready");
        let path = format!("/{}/_search", self.names.live);
        let nothing = json!({"size": 0, "query": {"term": {"chat": "0"}}});
        self.live(op, || async {
            let ask = Ask::new(Method::Post, &path).with(WHOLE).json(&nothing);
            op.ask(ask).await.map(drop)
        })
        .await
    }
}
