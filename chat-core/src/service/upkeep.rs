//! Scheduled work: counts, old keys, what was deleted.

use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::error::ChatError;
use crate::page::Limit;
use crate::port::Drift;
use crate::recount::recount_into;

use super::{Chat, Inner, PATIENCE};

/// In which the node leads that does what comes with time.
const ROLE: &str = "upkeep";
/// How long that node stays away before another one leads: longer than the pause between two purges, so that one goes on leading.
const LEASE: Duration = Duration::from_secs(3 * 60);

/// What a recount repaired.
pub type Recounted = Drift;

/// How long a key is remembered, at least.
const KEYS_KEPT_SECONDS: i64 = 30 * 24 * 60 * 60;
/// How often deleted chats are looked for when nobody says so.
const PURGE_EVERY: Duration = Duration::from_secs(60);

impl Chat {
    /// Recounts all chats and messages, and repairs the counts that are wrong. None should be,
    /// unless the data was changed by hand. The Counter, if there is one, is set anew as far as it can be reached.
    ///
    /// # Errors
    /// Only those of any call.
    pub async fn recount(&self) -> Result<Recounted, ChatError> {
        let mut total = Drift::default();
        let result = recount_into(&*self.inner.stores.recount, &mut total).await;
        {
            let mut since_start = self.lock_recounted();
            since_start.chats += total.chats;
            since_start.applications += total.applications;
        }
        if total != Drift::default() {
            tracing::warn!(
                chats = total.chats,
                applications = total.applications,
                "counts had drifted and were repaired"
            );
        }
        result?;
        if let Err(error) = self.set_counts().await {
            tracing::warn!(?error, "the counter is set by the next recount");
        }
        Ok(total)
    }

    /// Erases what was deleted, first from the index, then from the Store.
    ///
    /// # Errors
    /// Only those of any call; the next purge goes on where this one stopped.
    pub async fn purge(&self) -> Result<(), ChatError> {
        loop {
            let closed = self.inner.stores.upkeep.closed(Limit::DEFAULT).await?;
            if closed.is_empty() {
                return Ok(());
            }
            for chat in closed {
                self.inner.search.erase(chat).await?;
                while self.inner.stores.upkeep.erase(chat, Limit::MAX).await?.more {}
            }
        }
    }

    /// Forgets idempotency keys that were first used more than 30 days ago.
    ///
    /// # Errors
    /// Only those of any call.
    pub async fn forget_keys(&self) -> Result<(), ChatError> {
        let before = self.inner.clock.now().plus_seconds(-KEYS_KEPT_SECONDS);
        while self
            .inner
            .stores
            .upkeep
            .forget(before, Limit::MAX)
            .await?
            .more
        {}
        Ok(())
    }

    /// Forgets sessions that have expired.
    ///
    /// # Errors
    /// Only those of any call.
    pub async fn forget_sessions(&self) -> Result<(), ChatError> {
        let now = self.inner.clock.now();
        let sessions = &self.inner.stores.sessions;
        while sessions.prune_sessions(now, Limit::MAX).await?.more {}
        Ok(())
    }

    /// What recounts have repaired since the start. It grows only when data was changed by hand.
    #[must_use]
    pub fn recounted(&self) -> Recounted {
        self.lock_recounted().clone()
    }

    fn lock_recounted(&self) -> MutexGuard<'_, Recounted> {
        self.inner
            .recounted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn run(chat: Weak<Inner>, recount_every: Duration) {
    let mut recount = tokio::time::interval(recount_every);
    let mut purge = tokio::time::interval(PURGE_EVERY);
    let Some(woken) = chat.upgrade().map(|inner| inner.purge.clone()) else {
        return;
    };
    // The first tick is immediate: counts are checked half an hour after the start, not at it.
    recount.tick().await;
    loop {
        let due = tokio::select! {
            _ = recount.tick() => Due::Recount,
            _ = purge.tick() => Due::Purge,
            () = woken.notified() => Due::Deleted,
        };
        let Some(chat) = chat.upgrade().map(|inner: Arc<Inner>| Chat {
            inner,
            patience: PATIENCE,
        }) else {
            return;
        };
        let lead = &chat.inner.lead;
        let result = match due {
            Due::Recount => {
                let work = async {
                    let forgotten = chat.forget_keys().await.and(chat.forget_sessions().await);
                    chat.recount().await.and(forgotten)
                };
                lead.alone(ROLE, LEASE, work).await
            }
            Due::Purge => lead.alone(ROLE, LEASE, clear(&chat)).await,
            // Where something was deleted it is erased at once, whoever leads.
            Due::Deleted => Some(clear(&chat).await),
        };
        if let Some(Err(error)) = result {
            tracing::warn!(?error, "scheduled work stopped and will be tried again");
        }
    }
}

/// Clears away what deleted chats and users left.
async fn clear(chat: &Chat) -> Result<(), ChatError> {
    let purged = chat.purge().await;
    purged.and(chat.let_go().await)
}

/// What there is to do.
enum Due {
    Recount,
    Purge,
    Deleted,
}
