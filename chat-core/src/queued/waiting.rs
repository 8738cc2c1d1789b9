//! Who waits for which operation.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::commit::Outcome;
use crate::error::ChatError;
use crate::ids::OperationId;
use crate::port::{Commit, Event, Subscription};

/// How often those that wait are looked up, for events that were lost.
const LOOK: Duration = Duration::from_secs(1);
/// Most operations that are looked up at once.
const PART: usize = 1_000;

type Reply = oneshot::Sender<Result<Outcome, ChatError>>;

/// Who waits in this process.
#[derive(Default)]
pub struct Waiting(Mutex<HashMap<OperationId, Reply>>);

/// The outcome of an operation, once it is known. Dropping it gives up waiting.
pub struct Awaited {
    id: OperationId,
    outcome: oneshot::Receiver<Result<Outcome, ChatError>>,
    waiting: Arc<Waiting>,
}

impl Waiting {
    /// Waits for an operation.
    #[must_use]
    pub fn enter(self: &Arc<Self>, id: OperationId) -> Awaited {
        let (reply, outcome) = oneshot::channel();
        self.replies().insert(id, reply);
        Awaited {
            id,
            outcome,
            waiting: Arc::clone(self),
        }
    }

    /// Tells whoever waits here; `false` when nobody does.
    pub fn settle(&self, id: OperationId, outcome: Result<Outcome, ChatError>) -> bool {
        let reply = self.replies().remove(&id);
        reply.is_some_and(|reply| reply.send(outcome).is_ok())
    }

    /// Hears what other nodes settled, and looks up what became of it.
    pub async fn run(self: Arc<Self>, commit: Arc<dyn Commit>, mut events: Subscription) {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            let ids = tokio::select! {
                event = events.next() => match event {
                    None => return,
                    Some(Event::Settled(id)) => self.mine(&[id]),
                    Some(Event::Gap) => self.all(),
                    Some(_) => continue,
                },
                _ = looks.tick() => self.all(),
            };
            for part in ids.chunks(PART) {
                self.look_up(&*commit, part).await;
            }
        }
    }

    async fn look_up(&self, commit: &dyn Commit, ids: &[OperationId]) {
        match commit.operations(ids).await {
            Ok(found) => {
                for operation in found {
                    self.settle(operation.id, Ok(operation.outcome));
                }
            }
            Err(error) => tracing::warn!(?error, "operations could not be looked up"),
        }
    }

    fn mine(&self, ids: &[OperationId]) -> Vec<OperationId> {
        let replies = self.replies();
        let mine = ids.iter().filter(|id| replies.contains_key(id));
        mine.copied().collect()
    }

    fn all(&self) -> Vec<OperationId> {
        self.replies().keys().copied().collect()
    }

    fn replies(&self) -> MutexGuard<'_, HashMap<OperationId, Reply>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Future for Awaited {
    type Output = Result<Outcome, ChatError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = Pin::new(&mut self.outcome).poll(context);
        // The reply lives in `waiting` until it is sent or this is dropped.
        outcome.map(|told| told.expect("a reply is sent or waits"))
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.waiting.replies().remove(&self.id);
    }
}
