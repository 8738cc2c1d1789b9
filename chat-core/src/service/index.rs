//! The search index as a whole: what it lacks, and building it anew.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::commit::Sink;
use crate::error::{BackendError, ChatError};
use crate::ids::ChatId;
use crate::page::Limit;
use crate::sink::Rebuild;

use super::Chat;
use super::lag::{Known, SinkLag};

/// For so long a search takes an index to be whole that was. Somebody may have removed it meanwhile.
const BELIEVED: Duration = Duration::from_secs(5);
/// The role of the node that builds the index anew, and how long after it ended another one may.
const ROLE: &str = "index";
const LEASE: Duration = Duration::from_secs(10);

/// What this process knows of the index.
#[derive(Default)]
pub(super) struct IndexState {
    rebuilding: tokio::sync::Mutex<()>,
    /// When it was last found to be whole.
    whole: Mutex<Option<Instant>>,
    waiting: Known,
}

impl Chat {
    /// Rebuilds the search index from the Store while the old one serves. Of nodes that share a queue one does so at a time.
    ///
    /// # Errors
    /// [`ChatError::Busy`] while another rebuild runs, here or on another node, or ended there seconds ago.
    pub async fn reindex(
        &self,
        progress: impl FnMut(Rebuild) + Send,
    ) -> Result<Rebuild, ChatError> {
        let busy = ChatError::Busy { retry_after: LEASE };
        let Ok(_alone) = self.inner.index.rebuilding.try_lock() else {
            return Err(busy);
        };
        let building = self.inner.indexer.rebuild(progress);
        match self.inner.lead.alone(ROLE, LEASE, building).await {
            Some(built) => Ok(built?),
            None => Err(busy),
        }
    }

    /// Asks whether the search index has all that is in this Store, apart from changes that it is about to
    /// follow. An index that was lost, was not built to its end, or belongs to another Store (say, to
    /// the one before a backup was restored) has not: [`Chat::reindex`] makes it whole.
    ///
    /// # Errors
    /// What the index could not do.
    pub async fn index_is_whole(&self) -> Result<bool, BackendError> {
        let is_whole = self.inner.search.built_from().await? == Some(self.inner.epoch);
        *self.whole() = is_whole.then(Instant::now);
        Ok(is_whole)
    }

    /// As [`Chat::index_is_whole`], as it was a moment ago.
    pub(super) async fn index_was_whole(&self) -> Result<bool, BackendError> {
        let known = *self.whole();
        match known {
            Some(when) if when.elapsed() < BELIEVED => Ok(true),
            _ => self.index_is_whole().await,
        }
    }

    fn whole(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        let whole = &self.inner.index.whole;
        whole.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An index over a Store without chats is whole as soon as it is empty.
    pub(super) async fn begin_index(&self) -> Result<(), BackendError> {
        let is_whole = self.index_is_whole().await;
        if matches!(is_whole, Ok(true))
            || self
                .inner
                .stores
                .upkeep
                .next_chat(ChatId(0))
                .await?
                .is_some()
        {
            return Ok(());
        }
        if let Err(error) = self.inner.indexer.rebuild(|_| {}).await {
            // Nothing but search needs it.
            tracing::warn!(?error, "the search index could not be begun");
        }
        Ok(())
    }

    /// How many documents were put into the index since the start.
    #[must_use]
    pub fn documents_indexed(&self) -> u64 {
        self.inner.indexer.documents()
    }

    /// Looks how far the index is behind. Ages are known from one look to the next, so look every few seconds.
    ///
    /// # Errors
    /// What the Store could not do.
    pub async fn index_lag(&self) -> Result<SinkLag, BackendError> {
        let rows = self.inner.stores.outbox.dirty(Sink::Index, Limit::MAX);
        Ok(self.inner.index.waiting.look(&rows.await?))
    }
}
