//! From a lane of the Queue into the lanes of the Store.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::commit::Outcome;
use crate::error::{BackendError, ChatError};
use crate::lane::Lanes;
use crate::port::{Blame, Bus, Delivery, Event, Pull, Queue, Receipt};

use super::{Waiting, wire};

/// Most jobs that are committed at once.
const PART: usize = 256;
/// For how long a job is a worker's: longer than a commit takes at most.
const LEASE: Duration = Duration::from_secs(15);
/// For how long a lane is a worker's: if it is gone, another takes the lane over so soon.
const LEAD: Duration = Duration::from_secs(3);
/// How long it is taken for granted that a lane is a worker's.
const GRANTED: Duration = Duration::from_secs(1);
/// How long a pull waits.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a worker that stops waits for the answer to a pull that may have taken jobs.
const GRACE: Duration = Duration::from_millis(100);
/// How long one waits that does not lead, cannot reach the queue, or cannot commit for a reason that passes.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a job fails for no reason that passes.
pub(super) const ATTEMPTS: u32 = 5;
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
    Settled(Outcome),
    Again(Blame, ChatError),
    Buried(ChatError),
}

/// A lane as its worker has it.
struct Held {
    lane: u16,
    role: String,
    granted: Option<Instant>,
    /// What is done and not told to the queue: that waits for the next turn, which is held up by nothing then.
    done: Vec<Receipt>,
}

/// Once this is true, a worker takes no more.
pub(super) type Stopping = watch::Receiver<bool>;

impl Worker {
    /// Works these lanes until it is told to stop; what is taken by then is committed or given back.
    pub async fn run(self, lanes: impl IntoIterator<Item = u16>, stopping: Stopping) {
        let mut workers: JoinSet<()> = lanes
            .into_iter()
            .map(|lane| self.clone().work(lane, stopping.clone()))
            .collect();
        while workers.join_next().await.is_some() {}
    }

    async fn work(self, lane: u16, mut stopping: Stopping) {
        let mut held = Held {
            lane,
            role: format!("lane-{lane}"),
            granted: None,
            done: Vec::new(),
        };
        let mut failed = false;
        while !*stopping.borrow() {
            let turn = self.turn(&mut held, stopping.clone()).await;
            let failed_before = std::mem::replace(&mut failed, turn.is_err());
            let pause = turn.unwrap_or_else(|error| {
                if !failed_before {
                    tracing::warn!(
                        ?error,
                        lane,
                        "the queue gives no jobs; it is tried each second"
                    );
                }
                PAUSE
            });
            // Either way it looks whether to stop.
            let _ = tokio::time::timeout(pause, stopping.wait_for(|stops| *stops)).await;
        }
        // Whoever comes next need not do again what is done, nor wait for the end of the lease.
        let farewell = async {
            let _ = self.queue.ack(lane, &held.done).await;
            self.queue.lead(&held.role, Duration::ZERO).await
        };
        let _ = tokio::time::timeout(PATIENCE, farewell).await;
    }

    async fn leads(&self, held: &mut Held) -> Result<bool, BackendError> {
        let now = Instant::now();
        if held.granted.is_some_and(|until| now < until) {
            return Ok(true);
        }
        let leads = self.queue.lead(&held.role, LEAD).await?;
        held.granted = leads.then(|| now + GRANTED);
        Ok(leads)
    }

    /// Takes what there is and commits it; how long to wait before the next turn.
    async fn turn(&self, held: &mut Held, stopping: Stopping) -> Result<Duration, BackendError> {
        let lane = held.lane;
        let leads = self.leads(held).await?;
        // Whatever becomes of this: a job that is not acknowledged comes again, and is done already.
        let done = std::mem::take(&mut held.done);
        if !leads {
            self.queue.ack(lane, &done).await?;
            return Ok(PAUSE);
        }
        let pull = Pull {
            lane,
            limit: PART,
            patience: PATIENCE,
            lease: LEASE,
        };
        let pulled = async {
            tokio::select! {
                deliveries = self.queue.pull(pull) => deliveries,
                () = stopped(stopping) => Ok(Vec::new()),
            }
        };
        let (acked, deliveries) = tokio::join!(self.queue.ack(lane, &done), pulled);
        if acked.is_err() {
            held.done = done;
        }
        let deliveries = deliveries?;
        // Each enters its lane when it is polled first, so they do so in their order.
        let mut commits: FuturesUnordered<_> = deliveries
            .into_iter()
            .map(|delivery| commit(&self.lanes, delivery))
            .collect();
        let (mut elsewhere, mut failed) = (Vec::new(), Vec::new());
        while let Some((delivery, fate)) = commits.next().await {
            let id = delivery.job.id;
            match fate {
                Fate::Settled(outcome) => {
                    held.done.push(delivery.receipt);
                    if !self.waiting.settle(id, Ok(outcome)) {
                        elsewhere.push(Event::Settled(id));
                    }
                }
                fate => failed.push((delivery, fate)),
            }
        }
        if let Err(error) = self.bus.publish(&elsewhere).await {
            tracing::warn!(
                ?error,
                "the bus did not take events; those who wait look for themselves"
            );
        }
        let mut pause = Duration::ZERO;
        for (delivery, fate) in failed {
            pause = pause.max(self.put_off(lane, delivery, fate).await?);
        }
        acked?;
        Ok(pause)
    }

    /// What is not done comes again or is buried; how long to leave the lane alone.
    async fn put_off(
        &self,
        lane: u16,
        delivery: Delivery,
        fate: Fate,
    ) -> Result<Duration, BackendError> {
        let Delivery {
            receipt,
            job,
            attempt,
        } = delivery;
        match fate {
            Fate::Settled(_) => {}
            Fate::Again(blame, error) => {
                let after = match blame {
                    Blame::Job => pause_after(attempt),
                    // The lane pauses, and nothing overtakes it.
                    Blame::Others => Duration::ZERO,
                };
                tracing::warn!(?error, operation = %job.id, ?after, "a job is tried again");
                self.queue.retry(lane, &receipt, after, blame).await?;
                if blame == Blame::Others {
                    return Ok(PAUSE);
                }
            }
            Fate::Buried(error) => {
                tracing::error!(?error, operation = %job.id, "a job was buried");
                let reason = reason(&error);
                self.queue.bury(lane, &receipt, &reason).await?;
                self.waiting.settle(job.id, Err(error));
            }
        }
        Ok(Duration::ZERO)
    }
}

/// Returns a little after it is time to stop.
async fn stopped(mut stopping: Stopping) {
    // Whoever would say so being gone is as good.
    let _ = stopping.wait_for(|stops| *stops).await;
    tokio::time::sleep(GRACE).await;
}

async fn commit(lanes: &Lanes, delivery: Delivery) -> (Delivery, Fate) {
    let outcome = match wire::read(&delivery.job.body) {
        Ok(request) => lanes.submit(request).await,
        Err(error) => Err(error.into()),
    };
    let fate = match outcome {
        Ok(outcome) => Fate::Settled(outcome),
        Err(error @ ChatError::Internal(_)) if delivery.attempt >= ATTEMPTS => Fate::Buried(error),
        Err(error @ ChatError::Internal(_)) => Fate::Again(Blame::Job, error),
        Err(error) => Fate::Again(Blame::Others, error),
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
