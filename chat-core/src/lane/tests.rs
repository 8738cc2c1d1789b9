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
        operation: None,
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
            operation: None,
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
