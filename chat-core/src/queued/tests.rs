use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::*;
use crate::clock::SystemClock;
use crate::commit::{Caller, ChangeUser, Command, Edit, Key, Mark, NewPassword, Refusal, Scope};
use crate::error::ErrorKind;
use crate::ids::{ApplicationId, ChatNumber, MessageNumber, Token, UserNumber};
use crate::kit::store::desk::{Desk, application, create_chat, create_user, number, post};
use crate::lane::{Announce, Lane, LaneLimits};
use crate::memory::{MemoryBus, MemoryQueue, MemoryStore};
use crate::page::Limit;
use crate::password::PasswordHash;
use crate::port::{Bus, DeadLetters, MockCommit, MockQueue, Moved, QueueLimits, Store};
use crate::text::{Data, IdempotencyKey};

const PATIENCE: Duration = Duration::from_secs(5);
/// Sooner than the lease of a lane ends.
const LEASED: Duration = Duration::from_secs(2);

struct Deaf;

impl Announce for Deaf {
    fn announce(&self, _: &[Moved]) {}
}

/// Room for two jobs of an application in each lane.
const LIMITS: QueueLimits = QueueLimits {
    lane: 3,
    application: 2,
    dead_letters: 10,
};

/// A process of many on one store, one queue and one bus.
struct Node {
    application: ApplicationId,
    queued: Queued,
    worker: Worker,
    stop: watch::Sender<bool>,
}

impl Node {
    async fn on(
        application: ApplicationId,
        commit: Arc<dyn Commit>,
        queue: Arc<dyn Queue>,
        bus: Arc<dyn Bus>,
    ) -> Self {
        let (lane, moving) = Lane::new(
            commit.clone(),
            Arc::new(SystemClock),
            Arc::new(Deaf),
            vec![],
            LaneLimits::default(),
        );
        tokio::spawn(moving.run());
        let lanes = Lanes::new([lane]);
        let waiting = Arc::new(Waiting::default());
        let events = bus.subscribe().await.unwrap();
        tokio::spawn(waiting.clone().run(commit.clone(), events));
        let worker = Worker {
            queue: queue.clone(),
            lanes: lanes.clone(),
            waiting: waiting.clone(),
            bus,
        };
        let queued = Queued {
            queue,
            lanes,
            commit,
            waiting,
        };
        let (stop, _) = watch::channel(false);
        Self {
            application,
            queued,
            worker,
            stop,
        }
    }

    fn works(&self) {
        let stopping = self.stop.subscribe();
        tokio::spawn(self.worker.clone().run(0..LANES, stopping));
    }

    async fn send(&self, request: Request, patience: Duration) -> Result<Sent, ChatError> {
        let sending = self.queued.submit(self.application, request, patience);
        sending.await
    }

    async fn submit(&self, request: Request) -> Option<u64> {
        match self.send(request, PATIENCE).await.unwrap() {
            Sent::Outcome(outcome) => number(&outcome),
            Sent::Later(id) => panic!("{id} comes later"),
        }
    }
}

struct World {
    desk: Desk,
    chat: ChatNumber,
    store: Arc<dyn Store>,
    queue: Arc<MemoryQueue>,
    bus: Arc<dyn Bus>,
}

impl World {
    async fn new() -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let desk = Desk::open(&store).await;
        Self {
            chat: desk.chat().await,
            desk,
            store,
            queue: Arc::new(MemoryQueue::holding(LIMITS)),
            bus: Arc::new(MemoryBus::new()),
        }
    }

    async fn node(&self) -> Node {
        self.node_on(self.queue.clone()).await
    }

    async fn node_on(&self, queue: Arc<dyn Queue>) -> Node {
        let application = self.desk.application;
        Node::on(application, self.store.clone(), queue, self.bus.clone()).await
    }

    async fn node_committing(&self, commit: Arc<dyn Commit>) -> Node {
        let application = self.desk.application;
        Node::on(application, commit, self.queue.clone(), self.bus.clone()).await
    }

    fn ask(&self, text: &str) -> Request {
        self.desk.ask(post(self.chat, text))
    }

    async fn bodies(&self) -> Vec<String> {
        let messages = self.desk.messages(self.chat).await;
        messages.into_iter().map(|one| one.body).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_queued_write_is_answered_with_its_outcome() {
    let world = World::new().await;
    let node = world.node().await;
    node.works();
    assert_eq!(node.submit(world.ask("one")).await, Some(1));
    assert_eq!(node.submit(world.ask("two")).await, Some(2));
    let nowhere = world.desk.ask(post(ChatNumber(9), "lost"));
    let refused = Outcome::Refused(Refusal::ChatNotFound(ChatNumber(9)));
    let answer = node.send(nowhere, PATIENCE).await.unwrap();
    assert_eq!(answer, Sent::Outcome(refused));
    assert_eq!(world.queue.depth().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_another_node_commits_is_heard_of() {
    let world = World::new().await;
    let (asked, works) = (world.node().await, world.node().await);
    works.works();
    let begun = tokio::time::Instant::now();
    assert_eq!(asked.submit(world.ask("one")).await, Some(1));
    assert!(
        begun.elapsed() < Duration::from_millis(100),
        "the bus tells"
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_bus_loses_is_looked_up() {
    let mut world = World::new().await;
    let works = world.node().await;
    works.works();
    // Nobody publishes on this one.
    world.bus = Arc::new(MemoryBus::new());
    let asked = world.node().await;
    assert_eq!(asked.submit(world.ask("one")).await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_comes_twice_is_committed_once() {
    let world = World::new().await;
    let node = world.node().await;
    let id = OperationId::random();
    let request = Request {
        operation: Some(id),
        ..world.ask("once")
    };
    let body = wire::write(&request).unwrap();
    for lane in [0, 1] {
        let job = Job {
            id,
            application: world.desk.application,
            body: body.clone(),
        };
        assert!(world.queue.push(lane, &job).await.unwrap());
    }
    node.works();
    until(async || world.queue.depth().await.unwrap().is_empty()).await;
    assert_eq!(world.bodies().await, ["once"]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_cannot_be_reached_is_gone_around() {
    let world = World::new().await;
    let mut queue = MockQueue::new();
    queue.expect_push().returning(|_, _| {
        let down = BackendError::new(ErrorKind::Unavailable, "mock", "push");
        Err(down)
    });
    let node = world.node_on(Arc::new(queue)).await;
    assert_eq!(node.submit(world.ask("one")).await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_full_says_so() {
    let world = World::new().await;
    let node = world.node().await;
    let waits = node.send(world.ask("waits"), Duration::from_secs(60));
    let waits = async { tokio::time::timeout(Duration::from_secs(1), waits).await };
    let also = node.send(world.ask("waits"), Duration::from_secs(60));
    let also = async { tokio::time::timeout(Duration::from_secs(1), also).await };
    let (one, other) = tokio::join!(waits, also);
    assert!(one.is_err() && other.is_err(), "both wait");
    let refused = node.send(world.ask("one more"), PATIENCE).await;
    assert!(
        matches!(refused, Err(ChatError::Busy { .. })),
        "{refused:?}"
    );
    assert_eq!(world.bodies().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_nobody_works_is_committed_from_here() {
    let world = World::new().await;
    let node = world.node().await;
    assert_eq!(node.submit(world.ask("one")).await, Some(1));
    node.works();
    until(async || world.queue.depth().await.unwrap().is_empty()).await;
    assert_eq!(world.bodies().await, ["one"]);
}

#[tokio::test(start_paused = true)]
async fn what_lasts_comes_later_if_nobody_waits_or_the_store_is_away() {
    let world = World::new().await;
    let mut durable = MockQueue::new();
    let queue = world.queue.clone();
    durable
        .expect_push()
        .returning(move |lane, job| futures_now(queue.push(lane, job)));
    durable
        .expect_find()
        .returning(|_, _| Ok(Some(Held::InLane)));
    durable.expect_durable().returning(|| Ok(true));
    let back = Arc::new(AtomicBool::new(false));
    let commit = Arc::new(away_until(&back, &world.store));
    let application = world.desk.application;
    let asked = Node::on(application, commit, Arc::new(durable), world.bus.clone()).await;
    let hasty = asked.send(world.ask("one"), Duration::ZERO).await;
    assert!(matches!(hasty, Ok(Sent::Later(_))), "{hasty:?}");
    let sent = asked.send(world.ask("two"), PATIENCE).await.unwrap();
    let Sent::Later(id) = sent else {
        panic!("{sent:?}")
    };
    back.store(true, Ordering::Relaxed);
    world.node().await.works();
    until(async || world.queue.depth().await.unwrap().is_empty()).await;
    let operation = world.store.operations(&[id]).await.unwrap().remove(0);
    assert_eq!(number(&operation.outcome), Some(2));
    assert_eq!(world.bodies().await, ["one", "two"]);
}

/// Waits on the paused clock until it holds.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(1));
    let holding = async {
        while !holds().await {
            looks.tick().await;
        }
    };
    let held = tokio::time::timeout(Duration::from_secs(60), holding).await;
    held.expect("it comes to hold");
}

/// What the memory queue answers, which never waits to push.
fn futures_now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("it waits"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_no_commit_takes_is_buried_and_blocks_nobody() {
    let world = World::new().await;
    let inner = world.store.clone();
    let healed = Arc::new(AtomicBool::new(false));
    let heals = healed.clone();
    let mut commit = MockCommit::new();
    commit.expect_commit().returning(move |batch, now| {
        let is_poison = |request: &Request| {
            matches!(&request.command, Command::Post(_, post) if post.body.as_str() == "poison")
        };
        if !heals.load(Ordering::Relaxed) && batch.requests.iter().any(is_poison) {
            return Err(BackendError::new(ErrorKind::Internal, "mock", "commit"));
        }
        futures_now(inner.commit(batch, now))
    });
    commit.expect_operations().returning(|_| Ok(vec![]));
    let node = world.node_committing(Arc::new(commit)).await;
    node.works();
    let (poison, good) = tokio::join!(
        node.send(world.ask("poison"), PATIENCE),
        node.submit(world.ask("good")),
    );
    assert_eq!(good, Some(1));
    assert!(matches!(poison, Err(ChatError::Internal(_))), "{poison:?}");
    let buried = world.queue.buried(None, Limit::MAX).await.unwrap().items;
    assert_eq!(buried.len(), 1);
    assert!(
        buried[0].reason.contains("mock commit"),
        "{}",
        buried[0].reason
    );
    healed.store(true, Ordering::Relaxed);
    assert!(world.queue.revive(buried[0].job.id).await.unwrap());
    until(async || world.bodies().await.len() == 2).await;
    assert_eq!(world.bodies().await, ["good", "poison"]);
}

/// A Store that is away until it is told otherwise, and what it is asked then.
fn away_until(back: &Arc<AtomicBool>, store: &Arc<dyn Store>) -> MockCommit {
    let down = || BackendError::new(ErrorKind::Unavailable, "mock", "commit");
    let mut commit = MockCommit::new();
    let (is_back, inner) = (back.clone(), store.clone());
    commit
        .expect_commit()
        .returning(move |batch, now| match is_back.load(Ordering::Relaxed) {
            true => futures_now(inner.commit(batch, now)),
            false => Err(down()),
        });
    let (is_back, inner) = (back.clone(), store.clone());
    commit
        .expect_operations()
        .returning(move |ids| match is_back.load(Ordering::Relaxed) {
            true => futures_now(inner.operations(ids)),
            false => Err(down()),
        });
    commit
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_is_never_told_to_be_lost_and_outlasts_an_outage() {
    let world = World::new().await;
    let back = Arc::new(AtomicBool::new(false));
    let commit = away_until(&back, &world.store);
    let node = world.node_committing(Arc::new(commit)).await;
    node.works();
    let sent = node.send(world.ask("one"), PATIENCE).await;
    assert!(
        matches!(sent, Err(ChatError::OutcomeUnknown(_))),
        "{sent:?}"
    );
    // Many more attempts than a job has that is to blame itself.
    tokio::time::sleep(Duration::from_secs(60)).await;
    back.store(true, Ordering::Relaxed);
    until(async || world.queue.depth().await.unwrap().is_empty()).await;
    assert_eq!(world.bodies().await, ["one"]);
    let buried = world.queue.buried(None, Limit::MAX).await.unwrap();
    assert_eq!(buried.items, []);
}

#[tokio::test(start_paused = true)]
async fn what_a_later_version_wrote_waits_for_it() {
    let world = World::new().await;
    let node = world.node().await;
    node.works();
    let job = Job {
        id: OperationId::random(),
        application: world.desk.application,
        body: br#"{"version":2,"request":{}}"#.to_vec(),
    };
    assert!(world.queue.push(0, &job).await.unwrap());
    tokio::time::sleep(Duration::from_secs(600)).await;
    let found = world.queue.find(job.application, job.id).await.unwrap();
    assert_eq!(found, Some(Held::InLane));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stops_leaves_nothing_taken_and_its_lanes_to_the_next() {
    let world = World::new().await;
    let (first, other) = (world.queue.beside(), world.queue.beside());
    let one = world.node_on(Arc::new(first)).await;
    let work = tokio::spawn(one.worker.clone().run(0..LANES, one.stop.subscribe()));
    assert_eq!(one.submit(world.ask("one")).await, Some(1));
    one.stop.send_replace(true);
    tokio::time::timeout(Duration::from_secs(2), work)
        .await
        .expect("it stops")
        .unwrap();
    let two = world.node_on(Arc::new(other)).await;
    two.works();
    let begun = tokio::time::Instant::now();
    assert_eq!(two.submit(world.ask("two")).await, Some(2));
    assert!(begun.elapsed() < LEASED, "{:?}", begun.elapsed());
    assert_eq!(world.queue.depth().await.unwrap(), []);
}

#[test]
fn a_request_is_read_as_it_was_written() {
    let chat = ChatNumber(3);
    let data = || Data::parse("{\"a\": \"\\u0000 \u{1F9EE}\"}").unwrap();
    let edit = |data| {
        let (number, body) = (MessageNumber(4), None);
        Command::Edit(chat, Edit { number, body, data })
    };
    let mut commands = vec![
        application(Token::random(), "n", true).command,
        create_chat(Some("name")),
        create_chat(None),
        Command::RenameChat(chat, None),
        Command::CloseChat(chat),
        Command::CloseApplication,
        post(chat, "text \u{1F9EE}"),
        Command::Delete(chat, MessageNumber(u64::MAX)),
    ];
    commands.extend([None, Some(None), Some(Some(data()))].map(edit));
    let user = UserNumber(5);
    let change = ChangeUser {
        email: Some(None),
        password: Some(NewPassword::Chosen {
            hash: PasswordHash("hash".to_owned()),
            keep: Some(Token::random().hash()),
        }),
        ..ChangeUser::default()
    };
    commands.extend([
        create_user("Ålice"),
        Command::ChangeUser(user, change),
        Command::Mark(chat, Mark::default()),
    ]);
    for command in commands {
        let key = IdempotencyKey::parse("key").unwrap();
        for (scope, caller) in [
            (Scope::Root, Caller::Application),
            (Scope::Application(ApplicationId(7)), Caller::For(user)),
            (Scope::Token(Token::random().hash()), Caller::User(user)),
        ] {
            let request = Request {
                caller,
                key: Some(Key::of(&key, caller, &command)),
                operation: Some(OperationId::random()),
                ..Request::new(scope, command.clone())
            };
            let written = wire::write(&request).unwrap();
            assert_eq!(wire::read(&written).unwrap(), request);
        }
    }
    for (bad, kind) in [
        ("", ErrorKind::Invalid),
        ("{}", ErrorKind::Invalid),
        (r#"{"version":1}"#, ErrorKind::Invalid),
        (r#"{"version":2,"request":null}"#, ErrorKind::Unavailable),
    ] {
        let error = wire::read(bad.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), kind, "{bad}");
    }
}
