//! Group commit: what waits becomes one batch, taken in turns from the applications.
//!
//! Batches form by themselves while the commit before them runs; there are no timers. A flood from
//! one application costs another at most the batch that is running and its own.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use crate::clock::Clock;
use crate::commit::{Batch, Counts, Outcome, Request, Scope, Sink};
use crate::error::{BackendError, ChatError, ErrorKind};
use crate::ids::{ApplicationId, UserNumber};
use crate::port::{Commit, Moved};

/// How much a lane takes.
#[derive(Debug, Clone, Copy)]
pub struct LaneLimits {
    /// Most messages in one batch.
    pub batch_messages: usize,
    /// Most messages of one application in one batch, but for a single command that has more: who
    /// waits beside a flood waits for two batches of this size.
    pub batch_share: usize,
    /// Most bytes in one batch, but for a single command that is larger.
    pub batch_bytes: usize,
    /// Most bytes that one application may have waiting.
    pub application_bytes: usize,
    /// Most bytes that all applications may have waiting.
    pub total_bytes: usize,
    /// How long [`Lane::submit`] takes at most. What waits longer for its batch is withdrawn and never
    /// committed; when its batch is under way by then, its outcome is unknown.
    pub patience: Duration,
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self {
            batch_messages: 1_024,
            batch_share: 32,
            batch_bytes: 4 << 20,
            application_bytes: 16 << 20,
            total_bytes: 128 << 20,
            patience: Duration::from_secs(10),
        }
    }
}

impl LaneLimits {
    /// The limits of each of so many lanes that take as much together: what may wait is shared out, what goes into a batch is
    /// not.
    #[must_use]
    pub fn shared_by(self, lanes: NonZeroUsize) -> Self {
        Self {
            application_bytes: self.application_bytes / lanes,
            total_bytes: self.total_bytes / lanes,
            ..self
        }
    }
}

/// Hears which chats moved, right after they did. It must not wait.
pub trait Announce: Send + Sync + 'static {
    /// These chats moved.
    fn announce(&self, moved: &[Moved]);

    /// Where these users are logged in, or what they take part in, changed. Whoever is connected to nobody leaves it at that.
    fn people(&self, _: Vec<(ApplicationId, UserNumber)>) {}

    /// These counts changed. Whoever counts nothing leaves it at that.
    fn count(&self, _: Vec<Counts>) {}
}

/// The way into one [`Commit`]. Cheap to clone; the lane ends when [`Lane::close`] is called.
#[derive(Clone)]
pub struct Lane {
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    wake: Notify,
    limits: LaneLimits,
}

#[derive(Default)]
struct Waiting {
    queues: HashMap<Scope, Queue>,
    turns: VecDeque<Scope>,
    bytes: usize,
    next: u64,
    closed: bool,
}

#[derive(Default)]
struct Queue {
    /// In the order of their places.
    jobs: VecDeque<(u64, Job)>,
    bytes: usize,
}

struct Job {
    request: Request,
    reply: Reply,
}

/// Where a command waits.
#[derive(Clone, Copy)]
struct Place {
    scope: Scope,
    at: u64,
}

type Reply = oneshot::Sender<Result<Outcome, BackendError>>;

/// When to come back to a lane that is full.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Lane {
    /// A lane into `commit`; run [`Worker::run`] for it to move.
    #[must_use]
    pub fn new(
        commit: Arc<dyn Commit>,
        clock: Arc<dyn Clock>,
        announce: Arc<dyn Announce>,
        sinks: Vec<Sink>,
        limits: LaneLimits,
    ) -> (Self, Worker) {
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            wake: Notify::new(),
            limits,
        });
        let worker = Worker {
            shared: shared.clone(),
            commit,
            clock,
            announce,
            sinks,
        };
        (Self { shared }, worker)
    }

    /// Waits for a place in a batch and for its commit, no longer than [`LaneLimits::patience`]. A caller
    /// who stops waiting before that does not undo the command.
    ///
    /// # Errors
    /// [`ChatError::Busy`] when too much waits already, else what the backend could not do, or what
    /// the rules refuse. When patience ends, [`ChatError::Unavailable`] if the command still waited: it
    /// will never be committed; else [`ChatError::OutcomeUnknown`].
    pub async fn submit(&self, request: Request) -> Result<Outcome, ChatError> {
        let (reply, mut outcome) = oneshot::channel();
        let place = self.push(Job { request, reply })?;
        self.shared.wake.notify_one();
        let told = match timeout(self.shared.limits.patience, &mut outcome).await {
            Ok(told) => told.map_err(|_| closed())?,
            Err(_) if self.shared.waiting().withdraw(place) => return Err(late(false)),
            // It may have been told in this very moment.
            Err(_) => outcome.try_recv().map_err(|_| late(true))?,
        };
        Ok(told?)
    }

    fn push(&self, job: Job) -> Result<Place, ChatError> {
        let (scope, bytes) = (job.request.scope, job.request.command.bytes());
        let limits = self.shared.limits;
        let mut waiting = self.shared.waiting();
        if waiting.closed {
            return Err(closed());
        }
        let mine = waiting.queues.get(&scope).map_or(0, |queue| queue.bytes);
        let full = |waits: usize, limit: usize| waits > 0 && waits + bytes > limit;
        if full(mine, limits.application_bytes) || full(waiting.bytes, limits.total_bytes) {
            return Err(ChatError::Busy {
                retry_after: RETRY_AFTER,
            });
        }
        waiting.bytes += bytes;
        let at = waiting.next;
        waiting.next += 1;
        let queue = waiting.queues.entry(scope).or_default();
        queue.bytes += bytes;
        queue.jobs.push_back((at, job));
        if queue.jobs.len() == 1 {
            waiting.turns.push_back(scope);
        }
        Ok(Place { scope, at })
    }

    /// Takes no more; what waits is still committed, then the worker ends.
    pub fn close(&self) {
        self.shared.waiting().closed = true;
        self.shared.wake.notify_one();
    }
}

fn closed() -> ChatError {
    ChatError::Unavailable(BackendError::new(ErrorKind::Unavailable, "lane", "submit"))
}

/// Patience has ended, before or while the batch was under way.
fn late(taken: bool) -> ChatError {
    let (kind, why) = if taken {
        (ErrorKind::OutcomeUnknown, "the backend took too long")
    } else {
        (ErrorKind::Unavailable, "those before it took too long")
    };
    BackendError::new(kind, "lane", "submit")
        .with_source(why)
        .into()
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Takes back what still waits; `false`: a batch has it already.
    fn withdraw(&mut self, Place { scope, at }: Place) -> bool {
        let Some(queue) = self.queues.get_mut(&scope) else {
            return false;
        };
        let Ok(index) = queue.jobs.binary_search_by_key(&at, |(at, _)| *at) else {
            return false;
        };
        let withdrawn = queue.jobs.remove(index);
        let bytes = withdrawn.map_or(0, |(_, job)| job.request.command.bytes());
        queue.bytes -= bytes;
        self.bytes -= bytes;
        if queue.jobs.is_empty() {
            self.queues.remove(&scope);
            self.turns.retain(|turn| *turn != scope);
        }
        true
    }

    /// One command from each application in turn, until the batch is full or everyone had a share.
    fn take(&mut self, limits: LaneLimits) -> Vec<Job> {
        let (mut batch, mut weight, mut bytes) = (Vec::new(), 0, 0);
        let mut shares: HashMap<Scope, usize> = HashMap::new();
        let mut sated = Vec::new();
        while let Some(scope) = self.turns.pop_front() {
            let Some(queue) = self.queues.get_mut(&scope) else {
                continue;
            };
            let Some((at, job)) = queue.jobs.pop_front() else {
                continue;
            };
            let (size, heavy) = (job.request.command.bytes(), job.request.command.weight());
            let share = shares.entry(scope).or_default();
            if *share > 0 && *share + heavy > limits.batch_share {
                queue.jobs.push_front((at, job));
                sated.push(scope);
                continue;
            }
            let fits =
                weight + heavy <= limits.batch_messages && bytes + size <= limits.batch_bytes;
            if !batch.is_empty() && !fits {
                queue.jobs.push_front((at, job));
                self.turns.push_front(scope);
                break;
            }
            *share += heavy;
            (weight, bytes) = (weight + heavy, bytes + size);
            queue.bytes -= size;
            self.bytes -= size;
            if queue.jobs.is_empty() {
                self.queues.remove(&scope);
            } else {
                self.turns.push_back(scope);
            }
            batch.push(job);
        }
        self.turns.extend(sated);
        batch
    }
}

/// What moves a [`Lane`].
pub struct Worker {
    shared: Arc<Shared>,
    commit: Arc<dyn Commit>,
    clock: Arc<dyn Clock>,
    announce: Arc<dyn Announce>,
    sinks: Vec<Sink>,
}

impl Worker {
    /// Commits what waits, batch after batch, until the lane is closed and empty.
    pub async fn run(self) {
        loop {
            let (batch, closed) = {
                let mut waiting = self.shared.waiting();
                (waiting.take(self.shared.limits), waiting.closed)
            };
            match (batch.is_empty(), closed) {
                (true, true) => return,
                (true, false) => self.shared.wake.notified().await,
                (false, _) => self.commit(batch).await,
            }
            // Whoever is ready to submit goes into the next batch; alone, this takes no time.
            tokio::task::yield_now().await;
        }
    }

    /// Commits a batch. When the backend refuses some value in it, the batch is halved until the
    /// command that is to blame stands alone, so that it does not fail its neighbours.
    async fn commit(&self, jobs: Vec<Job>) {
        let mut parts = vec![jobs];
        while let Some(part) = parts.pop() {
            let (requests, replies): (Vec<Request>, Vec<Reply>) =
                part.into_iter().map(|job| (job.request, job.reply)).unzip();
            let batch = Arc::new(Batch {
                requests,
                sinks: self.sinks.clone(),
            });
            match self.commit.commit(batch.clone(), self.clock.now()).await {
                Ok(committed) => {
                    self.announce.announce(&committed.moved);
                    self.announce.people(committed.people);
                    self.announce.count(committed.counts);
                    for (reply, outcome) in replies.into_iter().zip(committed.outcomes) {
                        // A caller who went away needs no answer.
                        let _ = reply.send(Ok(outcome));
                    }
                }
                Err(error) if halves(&error) && replies.len() > 1 => {
                    let requests = Arc::unwrap_or_clone(batch).requests;
                    let mut first: Vec<Job> = requests
                        .into_iter()
                        .zip(replies)
                        .map(|(request, reply)| Job { request, reply })
                        .collect();
                    let second = first.split_off(first.len() / 2);
                    parts.extend([second, first]);
                }
                Err(error) => {
                    tracing::warn!(
                        ?error,
                        commands = replies.len(),
                        "a batch was not committed"
                    );
                    for reply in replies {
                        let _ = reply.send(Err(error.clone()));
                    }
                }
            }
        }
    }
}

fn halves(error: &BackendError) -> bool {
    // Tokens come from the caller: one may be that of another user already.
    matches!(
        error.kind(),
        ErrorKind::Invalid | ErrorKind::AlreadyExists | ErrorKind::Internal
    )
}

mod lanes;
#[cfg(test)]
mod tests;

pub use lanes::{Lanes, place};
