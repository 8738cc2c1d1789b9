//! Group commit: what waits becomes one batch, taken in turns from the applications.
//!
//! Batches form by themselves while the commit before them runs; there are no timers. A flood from
//! one application costs another at most the batch that is running and its own.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use crate::clock::Clock;
use crate::commit::{Batch, Outcome, Request, Scope, Sink};
use crate::error::{BackendError, ChatError, ErrorKind};
use crate::port::{Commit, Moved};

/// How much a lane takes.
#[derive(Debug, Clone, Copy)]
pub struct LaneLimits {
    /// Most messages in one batch.
    pub batch_messages: usize,
    /// Most bytes in one batch, but for a single command that is larger.
    pub batch_bytes: usize,
    /// Most bytes that one application may have waiting.
    pub application_bytes: usize,
    /// Most bytes that all applications may have waiting.
    pub total_bytes: usize,
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self {
            batch_messages: 1_024,
            batch_bytes: 4 << 20,
            application_bytes: 16 << 20,
            total_bytes: 128 << 20,
        }
    }
}

/// Hears which chats moved, right after they did. It must not wait.
pub trait Announce: Send + Sync + 'static {
    /// These chats moved.
    fn announce(&self, moved: &[Moved]);
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
    closed: bool,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    bytes: usize,
}

struct Job {
    request: Request,
    reply: Reply,
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

    /// Waits for a place in a batch and for its commit. A caller who stops waiting does not undo
    /// the command.
    ///
    /// # Errors
    /// [`ChatError::Busy`] when too much waits already, else what the backend could not do, or what
    /// the rules refuse.
    pub async fn submit(&self, request: Request) -> Result<Outcome, ChatError> {
        let (reply, outcome) = oneshot::channel();
        self.push(Job { request, reply })?;
        self.shared.wake.notify_one();
        match outcome.await {
            Ok(Ok(Outcome::Refused(refusal))) => Err(refusal.into()),
            Ok(done) => Ok(done?),
            Err(_) => Err(closed()),
        }
    }

    fn push(&self, job: Job) -> Result<(), ChatError> {
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
        let queue = waiting.queues.entry(scope).or_default();
        queue.bytes += bytes;
        queue.jobs.push_back(job);
        if queue.jobs.len() == 1 {
            waiting.turns.push_back(scope);
        }
        Ok(())
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

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// One command from each application in turn, until the batch is full.
    fn take(&mut self, limits: LaneLimits) -> Vec<Job> {
        let (mut batch, mut weight, mut bytes) = (Vec::new(), 0, 0);
        while let Some(scope) = self.turns.pop_front() {
            let Some(queue) = self.queues.get_mut(&scope) else {
                continue;
            };
            let Some(job) = queue.jobs.pop_front() else {
                continue;
            };
            let (size, heavy) = (job.request.command.bytes(), job.request.command.weight());
            let fits =
                weight + heavy <= limits.batch_messages && bytes + size <= limits.batch_bytes;
            if !batch.is_empty() && !fits {
                queue.jobs.push_front(job);
                self.turns.push_front(scope);
                break;
            }
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
    matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{SystemClock, Timestamp};
    use crate::commit::{Command, CreateChat, Done, Post};
    use crate::ids::{ApplicationId, ChatNumber, MessageNumber};
    use crate::model::ChatKind;
    use crate::port::{Committed, MockCommit};
    use crate::text::Body;

    struct Deaf;

    impl Announce for Deaf {
        fn announce(&self, _: &[Moved]) {}
    }

    fn lane(commit: MockCommit, limits: LaneLimits) -> (Lane, Worker) {
        Lane::new(
            Arc::new(commit),
            Arc::new(SystemClock),
            Arc::new(Deaf),
            vec![],
            limits,
        )
    }

    fn post(application: i64, body: &str) -> Request {
        let post = Post {
            body: Body::parse(body).unwrap(),
            data: None,
            reply_to: None,
        };
        let scope = Scope::Application(ApplicationId(application));
        Request {
            scope,
            command: Command::Post(ChatNumber(1), post),
            key: None,
        }
    }

    fn done() -> Outcome {
        let done = Done::Posted {
            number: MessageNumber(1),
            at: Timestamp(0),
        };
        Outcome::Done {
            done,
            replayed: false,
        }
    }

    fn accept(batch: &Batch) -> Committed {
        Committed {
            outcomes: batch.requests.iter().map(|_| done()).collect(),
            moved: vec![],
        }
    }

    #[tokio::test]
    async fn a_flood_delays_another_application_by_no_more_than_the_running_batch() {
        let order = Arc::new(Mutex::new(Vec::new()));
        let seen = order.clone();
        let mut commit = MockCommit::new();
        commit.expect_commit().returning(move |batch, _| {
            let scopes: Vec<Scope> = batch.requests.iter().map(|request| request.scope).collect();
            seen.lock().unwrap().push(scopes);
            Ok(accept(&batch))
        });
        let limits = LaneLimits {
            batch_messages: 64,
            ..LaneLimits::default()
        };
        let (lane, worker) = lane(commit, limits);
        let flood: Vec<_> = (0..256)
            .map(|_| {
                tokio::spawn({
                    let lane = lane.clone();
                    async move { lane.submit(post(1, "flood")).await }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        let quiet = tokio::spawn({
            let lane = lane.clone();
            async move { lane.submit(post(2, "quiet")).await }
        });
        tokio::task::yield_now().await;
        let worker = tokio::spawn(worker.run());
        quiet.await.unwrap().unwrap();
        for one in flood {
            one.await.unwrap().unwrap();
        }
        lane.close();
        worker.await.unwrap();
        let quiet = Scope::Application(ApplicationId(2));
        let batch = order
            .lock()
            .unwrap()
            .iter()
            .position(|scopes| scopes.contains(&quiet));
        assert!(batch <= Some(1), "{batch:?}");
    }

    #[tokio::test]
    async fn a_poison_command_does_not_fail_its_neighbours() {
        let mut commit = MockCommit::new();
        commit.expect_commit().returning(|batch, _| {
            let poison = |request: &Request| matches!(&request.command, Command::Post(_, post) if post.body.as_str() == "poison");
            if batch.requests.iter().any(poison) {
                return Err(BackendError::new(ErrorKind::Invalid, "mock", "commit"));
            }
            Ok(accept(&batch))
        });
        let (lane, worker) = lane(commit, LaneLimits::default());
        let submits: Vec<_> = (0..9)
            .map(|n| {
                tokio::spawn({
                    let lane = lane.clone();
                    async move {
                        lane.submit(post(1, if n == 4 { "poison" } else { "fine" }))
                            .await
                    }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        let worker = tokio::spawn(worker.run());
        for (n, submit) in submits.into_iter().enumerate() {
            assert_eq!(submit.await.unwrap().is_err(), n == 4);
        }
        lane.close();
        worker.await.unwrap();
    }

    #[tokio::test]
    async fn a_full_lane_says_so_and_leaves_room_for_others() {
        let limits = LaneLimits {
            application_bytes: 1_000,
            ..LaneLimits::default()
        };
        let (lane, _worker) = lane(MockCommit::new(), limits);
        let job = |application| {
            let create = CreateChat {
                kind: ChatKind::Open,
                name: None,
            };
            let scope = Scope::Application(ApplicationId(application));
            let request = Request {
                scope,
                command: Command::CreateChat(create),
                key: None,
            };
            Job {
                request,
                reply: oneshot::channel().0,
            }
        };
        for _ in 0..3 {
            lane.push(job(1)).unwrap();
        }
        assert!(matches!(lane.push(job(1)), Err(ChatError::Busy { .. })));
        lane.push(job(2)).unwrap();
    }
}
