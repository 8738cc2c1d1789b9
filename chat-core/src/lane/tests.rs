use super::*;
use crate::clock::{SystemClock, Timestamp};
use crate::commit::{Command, Done, Operation, Post};
use crate::ids::{ApplicationId, ChatNumber, MessageNumber, OperationId};
use crate::kit::store::desk;
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
    Request::new(scope, Command::Post(ChatNumber(1), post))
}

fn done() -> Outcome {
    let done = Done::Posted {
        number: MessageNumber(1),
        at: Timestamp(0),
        ext_id: None,
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
        counts: vec![],
        people: vec![],
    }
}

/// A backend that takes everything and notes whose commands came in which batch.
fn noting() -> (MockCommit, Arc<Mutex<Vec<Vec<Scope>>>>) {
    let batches = Arc::new(Mutex::new(Vec::new()));
    let noted = batches.clone();
    let mut commit = MockCommit::new();
    commit.expect_commit().returning(move |batch, _| {
        let scopes: Vec<Scope> = batch.requests.iter().map(|request| request.scope).collect();
        noted.lock().unwrap().push(scopes);
        Ok(accept(&batch))
    });
    (commit, batches)
}

#[tokio::test]
async fn a_flood_delays_another_application_by_no_more_than_the_running_batch() {
    let (commit, batches) = noting();
    let (lane, worker) = lane(commit, LaneLimits::default());
    let submit = |application, body| {
        let lane = lane.clone();
        tokio::spawn(async move { lane.submit(post(application, body)).await })
    };
    let mut waiting: Vec<_> = (0..256).map(|_| submit(1, "flood")).collect();
    tokio::task::yield_now().await;
    waiting.push(submit(2, "quiet"));
    tokio::task::yield_now().await;
    let worker = tokio::spawn(worker.run());
    for one in waiting {
        one.await.unwrap().unwrap();
    }
    lane.close();
    worker.await.unwrap();
    let batches = batches.lock().unwrap();
    let quiet = Scope::Application(ApplicationId(2));
    let at = batches.iter().position(|scopes| scopes.contains(&quiet));
    assert!(at <= Some(1), "{at:?}");
    let share = LaneLimits::default().batch_share;
    let flood = |scopes: &Vec<Scope>| scopes.iter().filter(|scope| **scope != quiet).count();
    assert!(batches.iter().all(|scopes| flood(scopes) <= share));
    assert_eq!(batches.iter().map(flood).sum::<usize>(), 256);
}

#[tokio::test]
async fn a_poison_command_does_not_fail_its_neighbours() {
    for kind in [ErrorKind::Invalid, ErrorKind::AlreadyExists] {
        one_is_poison(kind).await;
    }
}

async fn one_is_poison(kind: ErrorKind) {
    let mut commit = MockCommit::new();
    commit.expect_commit().returning(move |batch, _| {
        let poison = |request: &Request| matches!(&request.command, Command::Post(_, post) if post.body.as_str() == "poison");
        if batch.requests.iter().any(poison) {
            return Err(BackendError::new(kind, "mock", "commit"));
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

/// A backend that comes to the end of a commit when it is told to, and notes what it was given.
#[derive(Default)]
struct Slow {
    goes_on: Notify,
    given: Mutex<Vec<String>>,
}

#[async_trait::async_trait]
impl Commit for Slow {
    async fn commit(&self, batch: Arc<Batch>, _: Timestamp) -> Result<Committed, BackendError> {
        for request in &batch.requests {
            if let Command::Post(_, post) = &request.command {
                let text = post.body.as_str().to_owned();
                self.given.lock().unwrap().push(text);
            }
        }
        self.goes_on.notified().await;
        Ok(accept(&batch))
    }

    async fn operations(&self, _: &[OperationId]) -> Result<Vec<Operation>, BackendError> {
        Ok(vec![])
    }
}

struct Slowly {
    lane: Lane,
    commit: Arc<Slow>,
}

impl Slowly {
    fn new() -> Self {
        let commit = Arc::new(Slow::default());
        let clock = Arc::new(SystemClock);
        let limits = LaneLimits::default();
        let (lane, worker) = Lane::new(commit.clone(), clock, Arc::new(Deaf), vec![], limits);
        tokio::spawn(worker.run());
        Self { lane, commit }
    }

    /// It waits, or is under way, when this returns.
    async fn submit(&self, application: i64, body: &'static str) -> Submitted {
        let lane = self.lane.clone();
        let submitted = tokio::spawn(async move { lane.submit(post(application, body)).await });
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        submitted
    }

    fn given(&self) -> Vec<String> {
        self.commit.given.lock().unwrap().clone()
    }
}

type Submitted = tokio::task::JoinHandle<Result<Outcome, ChatError>>;

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn what_waits_too_long_is_withdrawn_and_never_committed() {
    let slow = Slowly::new();
    let first = slow.submit(1, "first").await;
    let begun = tokio::time::Instant::now();
    let withdrawn = [
        slow.submit(1, "late").await,
        slow.submit(1, "late too").await,
        slow.submit(2, "late elsewhere").await,
    ];
    for one in withdrawn {
        let error = one.await.unwrap().unwrap_err();
        assert!(matches!(error, ChatError::Unavailable(_)), "{error:?}");
    }
    assert_eq!(begun.elapsed(), PATIENCE);
    assert_eq!(slow.lane.shared.waiting().bytes, 0);
    // Who comes now is in turn once, whatever was withdrawn before.
    let next = slow.submit(2, "next").await;
    assert_eq!(slow.lane.shared.waiting().turns.len(), 1);
    slow.commit.goes_on.notify_one();
    tokio::task::yield_now().await;
    slow.commit.goes_on.notify_one();
    next.await.unwrap().unwrap();
    assert!(first.await.unwrap().is_err());
    assert_eq!(slow.given(), ["first", "next"]);
}

#[tokio::test(start_paused = true)]
async fn the_outcome_of_a_batch_that_takes_too_long_is_unknown() {
    let slow = Slowly::new();
    let first = slow.submit(1, "first").await;
    tokio::time::advance(PATIENCE / 2).await;
    let second = slow.submit(1, "second").await;
    let error = first.await.unwrap().unwrap_err();
    assert!(matches!(error, ChatError::OutcomeUnknown(_)), "{error:?}");
    // The other one is in time.
    slow.commit.goes_on.notify_one();
    tokio::time::advance(PATIENCE / 4).await;
    slow.commit.goes_on.notify_one();
    second.await.unwrap().unwrap();
    assert_eq!(slow.given(), ["first", "second"]);
}

#[tokio::test]
async fn a_full_lane_says_so_and_leaves_room_for_others() {
    let limits = LaneLimits {
        application_bytes: 1_000,
        ..LaneLimits::default()
    };
    let (lane, _worker) = lane(MockCommit::new(), limits);
    let job = |application| {
        let scope = Scope::Application(ApplicationId(application));
        let request = Request::new(scope, desk::create_chat(None));
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

#[test]
fn lanes_share_what_may_wait() {
    let limits = LaneLimits::default();
    let four = limits.shared_by(NonZeroUsize::new(4).unwrap());
    assert_eq!(4 * four.total_bytes, limits.total_bytes);
    assert_eq!(4 * four.application_bytes, limits.application_bytes);
    assert_eq!(four.batch_bytes, limits.batch_bytes);
}

/// Nodes that were built by another compiler, or from another version, agree.
#[test]
fn a_chat_has_the_same_lane_in_every_process() {
    let root = Request {
        scope: Scope::Root,
        ..post(1, "x")
    };
    let token = Request {
        scope: Scope::Token(crate::ids::TokenHash([7; 32])),
        ..post(1, "x")
    };
    let places = [post(1, "x"), post(2, "y"), root, token]
        .map(|request| place(request.scope, request.command.chat(), 1_000));
    assert_eq!(places, [53, 378, 974, 559]);
}
