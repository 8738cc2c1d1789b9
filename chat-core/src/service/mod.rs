//! The use cases. [`Chat`] is what an embedder holds.

mod access;
mod applications;
mod chats;
mod counts;
mod devices;
mod erase;
pub(crate) mod feed;
mod hits;
mod import;
mod index;
mod lag;
mod lead;
mod leavers;
mod live;
mod logins;
mod marks;
mod members;
mod messages;
mod mine;
mod operations;
mod parts;
mod presence;
mod push;
mod reader;
mod ready;
mod roll;
mod search;
mod sessions;
mod small_ids;
mod start;
#[cfg(test)]
mod tests;
mod threads;
mod upkeep;
mod users;
mod watches;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OnceCell, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::commit::{Command, Done, Key, Outcome, Request};
use crate::error::ChatError;
use crate::ids::Epoch;
use crate::lane::Lanes;
use crate::password::Passwords;
use crate::port::{DeadLetters, Search, Stores};
use crate::queued::{Queued, Routes, Sent, WriteMode};
use crate::seal::Keyring;
use crate::sink::{Announcer, CountFeed, Indexer};
use crate::text::{IdempotencyKey, Name};

pub(crate) use chats::view;
pub(crate) use watches::Watches;

pub use access::Access;
pub use applications::DEFAULT_APPLICATION;
pub use chats::{MadeChat, NewChat};
#[cfg(test)]
pub(crate) use feed::items;
pub use feed::{Feed, Item, Watch};
pub use import::{DirectFound, ImportedDirect};
pub use lag::SinkLag;
pub use logins::{LoggedIn, Login, SESSION_SECONDS};
pub use messages::Posted;
pub use mine::{AllMyChats, MyChat};
pub use operations::OperationState;
pub use parts::{Parts, Queueing};
pub use reader::Reader;
pub use roll::{Receipt, Roll};
pub use search::{Found, FoundAnywhere, SearchRequest};
pub use threads::{InThread, ThreadMessages, Which};
pub use upkeep::Recounted;
pub use users::{NewUser, UserChange};

use applications::Ids;
use index::IndexState;
use lead::Lead;
use live::Live;
use push::Push;

/// A running chat backend. Cheap to clone; its tasks end with [`Chat::stop`] or the last clone.
///
/// Any call can fail with [`ChatError::Unavailable`] or [`ChatError::Internal`] when a backend does;
/// any write also with [`ChatError::Busy`] (try again after the time it names) and
/// [`ChatError::OutcomeUnknown`] (send it again with the same key). The documentation of a call
/// names what it can answer besides.
#[derive(Clone)]
pub struct Chat {
    inner: Arc<Inner>,
    /// How long a write waits for what becomes of it in the queue.
    patience: Duration,
}

/// How long a queued write waits, unless it does not want to.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the Counter may take to hear the last counts.
const FAREWELL: Duration = Duration::from_secs(1);

struct Inner {
    stores: Stores,
    search: Arc<dyn Search>,
    announcer: Arc<Announcer>,
    clock: Arc<dyn Clock>,
    keyring: Keyring,
    passwords: Passwords,
    epoch: Epoch,
    /// Of the default application, once somebody asked.
    home: OnceCell<Ids>,
    lanes: Lanes,
    queued: Option<(Queued, Routes)>,
    dead_letters: Option<Arc<dyn DeadLetters>>,
    watches: Arc<Watches>,
    live: Live,
    lead: Lead,
    counts: Option<Arc<CountFeed>>,
    indexer: Arc<Indexer>,
    index: IndexState,
    push: Option<Push>,
    recounted: Mutex<Recounted>,
    purge: Arc<Notify>,
    tasks: Mutex<Tasks>,
}

struct Tasks {
    /// Told to stop by its sender.
    workers: (watch::Sender<bool>, JoinSet<()>),
    lanes: JoinSet<()>,
    others: JoinSet<()>,
}

/// An answer, and whether an earlier request with the same key was answered so already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// What was answered.
    pub value: T,
    /// Whether this is the answer to an earlier request, repeated.
    pub replayed: bool,
}

impl Chat {
    /// Takes no more from the queue, refuses further writes, commits those that wait, tells the Counter of them if it takes a second
    /// at most, then ends all tasks.
    pub async fn stop(&self) {
        let mut workers = {
            let mut tasks = self.tasks();
            tasks.workers.0.send_replace(true);
            std::mem::take(&mut tasks.workers.1)
        };
        while workers.join_next().await.is_some() {}
        self.inner.live.0.stop();
        self.inner.lanes.close();
        let mut lanes = std::mem::take(&mut self.tasks().lanes);
        while lanes.join_next().await.is_some() {}
        if let Some(counts) = &self.inner.counts {
            // What does not get there a recount sets.
            let _ = tokio::time::timeout(FAREWELL, counts.settled()).await;
        }
        let mut others = std::mem::take(&mut self.tasks().others);
        others.shutdown().await;
        // Whose leases cannot be shortened is there until they end.
        let presence = self.inner.live.0.presence.farewell();
        let _ = tokio::time::timeout(FAREWELL, presence).await;
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, Tasks> {
        self.inner
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn submit(
        &self,
        access: Access,
        command: Command,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answer<Done>, ChatError> {
        let key = key.map(|key| Key::of(key, access.caller, &command));
        self.submit_under(access, command, key).await
    }

    async fn submit_under(
        &self,
        access: Access,
        command: Command,
        key: Option<Key>,
    ) -> Result<Answer<Done>, ChatError> {
        let Access { scope, caller, .. } = access;
        let request = Request {
            scope,
            caller,
            command,
            key,
            operation: None,
        };
        match self.outcome(request).await? {
            Outcome::Done { done, replayed } => Ok(Answer {
                value: done,
                replayed,
            }),
            Outcome::Refused(refusal) => Err(refusal.into()),
        }
    }

    async fn outcome(&self, request: Request) -> Result<Outcome, ChatError> {
        match &self.inner.queued {
            Some((queued, routes)) if routes.mode(&request) == WriteMode::Queued => {
                // Who has no application has no share of the queue.
                let owner = self.scoped(request.scope).await?;
                match queued.submit(owner.id, request, self.patience).await? {
                    Sent::Outcome(outcome) => Ok(outcome),
                    Sent::Later(id) => Err(ChatError::Later {
                        application: owner.public_id,
                        id,
                    }),
                }
            }
            _ => self.inner.lanes.submit(request).await,
        }
    }

    /// The same, but a write that goes through a queue that outlives a crash does not wait for its commit: it is answered
    /// [`ChatError::Later`].
    #[must_use]
    pub fn without_waiting(&self) -> Self {
        Self {
            patience: Duration::ZERO,
            ..self.clone()
        }
    }
}

/// A stored text that is shown again; it was checked when it came in.
fn name(text: Option<&Name>) -> Option<String> {
    text.map(|name| name.as_str().to_owned())
}
