//! Writes that go through the Queue: pushed by whoever is asked, committed by whoever works the lane.
//!
//! A request becomes an operation. Its commit records what became of it, so it may be taken, committed and answered any number of
//! times, on any node: the first commit stands.

mod route;
mod waiting;
mod wire;
mod worker;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::commit::{Outcome, Request};
use crate::error::{BackendError, ChatError, ErrorKind};
use crate::ids::OperationId;
use crate::lane::{Lanes, place};
use crate::port::{Commit, Held, Job, Queue};

pub use route::{Routes, WriteMode};
pub use waiting::Waiting;
pub use worker::Worker;

/// How many lanes a queue has.
pub const LANES: u16 = 8;
/// When to come back to a queue that is full.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The way into the Queue, and back.
#[derive(Clone)]
pub struct Queued {
    /// What is pushed to.
    pub queue: Arc<dyn Queue>,
    /// The way around the queue when it takes nothing.
    pub lanes: Lanes,
    /// Knows what became of operations.
    pub commit: Arc<dyn Commit>,
    /// Who waits for what.
    pub waiting: Arc<Waiting>,
}

/// What a queued request came to while its caller waited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It is committed, or refused.
    Outcome(Outcome),
    /// It waits in a queue that outlives a crash, under this id.
    Later(OperationId),
}

impl Queued {
    /// Pushes a request and waits for its outcome for as long as `patience`. When the queue cannot be reached, or is not durable and too slow, it is committed
    /// from here: whichever commit is first stands.
    ///
    /// # Errors
    /// [`ChatError::Busy`] when the queue is full, else what the backend could not do.
    pub async fn submit(
        &self,
        mut request: Request,
        patience: Duration,
    ) -> Result<Sent, ChatError> {
        let id = OperationId::random();
        request.operation = Some(id);
        let lane = place(&request, LANES.into()) as u16;
        let body = wire::write(&request)?;
        let outcome = self.waiting.enter(id);
        match self.queue.push(lane, &Job { id, body }).await {
            Ok(true) => {}
            Ok(false) => {
                return Err(ChatError::Busy {
                    retry_after: RETRY_AFTER,
                });
            }
            Err(error) => {
                tracing::warn!(?error, "the queue took no job; it is committed from here");
                return self.directly(request).await;
            }
        }
        if patience.is_zero() && self.is_durable().await {
            return Ok(Sent::Later(id));
        }
        if let Ok(outcome) = tokio::time::timeout(patience, outcome).await {
            return Ok(Sent::Outcome(outcome?));
        }
        self.overdue(id, request).await
    }

    /// What cannot be told is taken for what does not last.
    async fn is_durable(&self) -> bool {
        self.queue.durable().await.unwrap_or(false)
    }

    async fn directly(&self, request: Request) -> Result<Sent, ChatError> {
        Ok(Sent::Outcome(self.lanes.submit(request).await?))
    }

    /// The outcome stays away: it may be there all the same, or come later.
    async fn overdue(&self, id: OperationId, request: Request) -> Result<Sent, ChatError> {
        if let Some(operation) = self.commit.operations(&[id]).await?.pop() {
            return Ok(Sent::Outcome(operation.outcome));
        }
        match self.queue.find(id).await {
            Ok(Some(Held::Buried)) => Err(buried()),
            Ok(Some(Held::InLane)) if self.is_durable().await => Ok(Sent::Later(id)),
            _ => self.directly(request).await,
        }
    }
}

/// What kind of command a job is, as [`Command::kind`](crate::commit::Command::kind) calls it; `None` when this version cannot
/// read it.
#[must_use]
pub fn kind(job: &Job) -> Option<&'static str> {
    let request = wire::read(&job.body).ok()?;
    Some(request.command.kind())
}

/// No commit takes it; an operator has to look at it.
fn buried() -> ChatError {
    let error = BackendError::new(ErrorKind::Internal, "queue", "commit");
    ChatError::Internal(error.with_source("the command is among the dead letters"))
}
