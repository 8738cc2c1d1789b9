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

use crate::commit::{Caller, Outcome, Request, Scope};
use crate::error::{BackendError, ChatError, ErrorKind};
use crate::ids::{ApplicationId, OperationId};
use crate::lane::{Lanes, place};
use crate::port::{Commit, Held, Job, Queue};

#[cfg(test)]
pub(crate) use wire::write;

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
    /// It waits in a queue that outlives a crash, under this id: nobody wants to wait for it, or the Store takes nothing now.
    Later(OperationId),
}

impl Queued {
    /// Pushes a request of this application and waits for its outcome for as long as `patience`.
    /// When the queue cannot be reached or is too slow, it is committed from here: whichever commit is first stands.
    ///
    /// # Errors
    /// [`ChatError::Busy`] when the queue is full or the application has its share of it: nothing will be written. Later
    /// [`ChatError::OutcomeUnknown`], since a job that waits may still be committed, or what the backend could not do.
    pub async fn submit(
        &self,
        application: ApplicationId,
        mut request: Request,
        patience: Duration,
    ) -> Result<Sent, ChatError> {
        let id = OperationId::random();
        request.operation = Some(id);
        let scope = Scope::Application(application);
        let lane = place(scope, request.command.chat(), LANES.into()) as u16;
        let body = wire::write(&request)?;
        let outcome = self.waiting.enter(id);
        let job = Job {
            id,
            application,
            body,
        };
        match self.queue.push(lane, &job).await {
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
        self.overdue(&job, request).await
    }

    /// What cannot be told is taken for what does not last.
    async fn is_durable(&self) -> bool {
        self.queue.durable().await.unwrap_or(false)
    }

    /// The job may wait in the queue, and be committed by whoever takes it.
    async fn directly(&self, request: Request) -> Result<Sent, ChatError> {
        match self.lanes.submit(request).await {
            Ok(outcome) => Ok(Sent::Outcome(outcome)),
            Err(error) => Err(unknown(error)),
        }
    }

    /// The outcome stays away: nobody works the lane, or the Store takes nothing. It is committed from here, and only what the Store
    /// does not take either comes later.
    async fn overdue(&self, job: &Job, request: Request) -> Result<Sent, ChatError> {
        let held = self.queue.find(job.application, job.id).await;
        if let Ok(Some(Held::Buried)) = held {
            return Err(buried());
        }
        match self.directly(request).await {
            Err(ChatError::OutcomeUnknown(_))
                if matches!(held, Ok(Some(Held::InLane))) && self.is_durable().await =>
            {
                Ok(Sent::Later(job.id))
            }
            sent => sent,
        }
    }
}

/// What would be certain of a command that is in no queue.
fn unknown(error: ChatError) -> ChatError {
    let why: Box<dyn std::error::Error + Send + Sync> = match error {
        ChatError::Busy { .. } => "too much waits".into(),
        ChatError::Unavailable(error) => error.into(),
        other => return other,
    };
    ChatError::OutcomeUnknown(
        BackendError::new(ErrorKind::OutcomeUnknown, "queue", "commit").with_source(why),
    )
}

/// What kind of command a job is, as [`Command::kind`](crate::commit::Command::kind) calls it; `None` when this version cannot
/// read it.
#[must_use]
pub fn kind(job: &Job) -> Option<&'static str> {
    let request = wire::read(&job.body).ok()?;
    Some(request.command.kind())
}

/// Who asks for what a job would do; `None` when this version cannot read it.
pub(crate) fn caller(job: &Job) -> Option<Caller> {
    let request = wire::read(&job.body).ok()?;
    Some(request.caller)
}

/// No commit takes it; an operator has to look at it.
fn buried() -> ChatError {
    let error = BackendError::new(ErrorKind::Internal, "queue", "commit");
    ChatError::Internal(error.with_source("the command is among the dead letters"))
}
