//! From a lane of the Queue into the lanes of the Store.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::commit::Outcome;
use crate::error::ChatError;
use crate::lane::Lanes;
use crate::port::{Bus, Delivery, Event, Pull, Queue};

use super::{Waiting, wire};

/// Most jobs that are committed at once.
const PART: usize = 256;
/// For how long a lane, and a job, is a worker's.
const LEASE: Duration = Duration::from_secs(30);
/// How long a pull waits: a worker that stops is gone so soon.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long one waits that does not lead, or cannot reach the queue.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a job is taken that fails for no reason that passes.
const ATTEMPTS: u32 = 5;
/// The longest wait between two attempts.
const LONGEST: Duration = Duration::from_secs(60);

/// Commits what comes out of the Queue. Two workers on one lane harm nothing: an operation is committed once.
#[derive(Clone)]
pub struct Worker {
    /// Where jobs come from.
    pub queue: Arc<dyn Queue>,
    /// Where they go.
    pub lanes: Lanes,
    /// Who waits for them here.
    pub waiting: Arc<Waiting>,
    /// Who waits for them elsewhere.
    pub bus: Arc<dyn Bus>,
}

/// What is done with a job.
enum Fate {
    Settled(Result<Outcome, ChatError>),
    Again(ChatError),
    Buried(ChatError),
}

impl Worker {
    /// Works these lanes for as long as it is polled.
    pub async fn run(self, lanes: impl IntoIterator<Item = u16>) {
        let mut workers: JoinSet<()> = lanes
            .into_iter()
            .map(|lane| self.clone().work(lane))
            .collect();
        while workers.join_next().await.is_some() {}
    }

    async fn work(self, lane: u16) {
        let role = format!("lane-{lane}");
        loop {
            if let Err(error) = self.turn(lane, &role).await {
                tracing::warn!(?error, lane, "the queue gives no jobs");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn turn(&self, lane: u16, role: &str) -> Result<(), crate::error::BackendError> {
        if !self.queue.lead(role, LEASE).await? {
            tokio::time::sleep(PAUSE).await;
            return Ok(());
        }
        let pull = Pull {
            lane,
            limit: PART,
            patience: PATIENCE,
            lease: LEASE,
        };
        let deliveries = self.queue.pull(pull).await?;
        if deliveries.is_empty() {
            return Ok(());
        }
        let mut commits: JoinSet<(Delivery, Fate)> = deliveries
            .into_iter()
            .map(|delivery| commit(self.lanes.clone(), delivery))
            .collect();
        let (mut done, mut elsewhere) = (Vec::new(), Vec::new());
        while let Some(committed) = commits.join_next().await {
            // A panic is a fault of one commit; its job comes again when the lease is over.
            let Ok((delivery, fate)) = committed else {
                continue;
            };
            let Delivery {
                receipt,
                job,
                attempt,
            } = delivery;
            match fate {
                Fate::Settled(outcome) => {
                    done.push(receipt);
                    if !self.waiting.settle(job.id, outcome) {
                        elsewhere.push(Event::Settled(job.id));
                    }
                }
                Fate::Again(error) => {
                    let after = pause_after(attempt);
                    tracing::warn!(?error, operation = %job.id, ?after, "a job is tried again");
                    self.queue.retry(lane, &receipt, after).await?;
                }
                Fate::Buried(error) => {
                    tracing::error!(?error, operation = %job.id, "a job was buried");
                    let reason = reason(&error);
                    self.queue.bury(lane, &receipt, &reason).await?;
                    self.waiting.settle(job.id, Err(error));
                }
            }
        }
        self.queue.ack(lane, &done).await?;
        if let Err(error) = self.bus.publish(&elsewhere).await {
            tracing::warn!(
                ?error,
                "the bus did not take events; those who wait look for themselves"
            );
        }
        Ok(())
    }
}

async fn commit(lanes: Lanes, delivery: Delivery) -> (Delivery, Fate) {
    let outcome = match wire::read(&delivery.job.body) {
        Ok(request) => lanes.submit(request).await,
        Err(error) => Err(ChatError::Internal(error)),
    };
    let fate = match outcome {
        Ok(outcome) => Fate::Settled(Ok(outcome)),
        Err(error @ ChatError::Internal(_)) if delivery.attempt >= ATTEMPTS => Fate::Buried(error),
        Err(error) => Fate::Again(error),
    };
    (delivery, fate)
}

/// A tenth of a second, doubled with each attempt.
fn pause_after(attempt: u32) -> Duration {
    let doubled = Duration::from_millis(100).saturating_mul(1 << attempt.min(16));
    doubled.min(LONGEST)
}

/// The chain of causes in one line.
fn reason(error: &ChatError) -> String {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        reason = format!("{reason}: {next}");
        cause = next.source();
    }
    reason
}
