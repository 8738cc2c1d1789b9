use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::clock::SystemClock;
use crate::commit::{Command, Edit, Key, Refusal, Scope};
use crate::error::ErrorKind;
use crate::ids::{ApplicationId, ChatNumber, MessageNumber, Token};
use crate::kit::store::desk::{Desk, application, create_chat, number, post};
use crate::lane::{Announce, Lane, LaneLimits};
use crate::memory::{MemoryBus, MemoryQueue, MemoryStore};
use crate::page::Limit;
use crate::port::{Bus, DeadLetters, MockCommit, MockQueue, Moved, Store};
use crate::text::{Data, IdempotencyKey};

const PATIENCE: Duration = Duration::from_secs(5);

struct Deaf;

impl Announce for Deaf {
    fn announce(&self, _: &[Moved]) {}
}

/// A process of many on one store, one queue and one bus.
struct Node {
    queued: Queued,
    worker: Worker,
}

impl Node {
    async fn on(commit: Arc<dyn Commit>, queue: Arc<dyn Queue>, bus: Arc<dyn Bus>) -> Self {
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
        Self { queued, worker }
    }

    fn works(&self) {
        tokio::spawn(self.worker.clone().run(0..LANES));
    }

    async fn submit(&self, request: Request) -> Option<u64> {
        match self.queued.submit(request, PATIENCE).await.unwrap() {
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
            queue: Arc::new(MemoryQueue::holding(2)),
            bus: Arc::new(MemoryBus::new()),
        }
    }

    async fn node(&self) -> Node {
        self.node_on(self.queue.clone()).await
    }

    async fn node_on(&self, queue: Arc<dyn Queue>) -> Node {
        Node::on(self.store.clone(), queue, self.bus.clone()).await
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
    let answer = node.queued.submit(nowhere, PATIENCE).await.unwrap();
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
    let lane = place(&world.ask("any"), LANES.into()) as u16;
    for _ in 0..2 {
        let id = OperationId::random();
        let body = wire::write(&world.ask("waits")).unwrap();
        assert!(world.queue.push(lane, &Job { id, body }).await.unwrap());
    }
    let refused = node.queued.submit(world.ask("one more"), PATIENCE).await;
    assert!(
        matches!(refused, Err(ChatError::Busy { .. })),
        "{refused:?}"
    );
    assert_eq!(world.bodies().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn without_a_worker_what_would_not_last_is_committed_from_here() {
    let world = World::new().await;
    let node = world.node().await;
    assert_eq!(node.submit(world.ask("one")).await, Some(1));
    node.works();
    until(async || world.queue.depth().await.unwrap().is_empty()).await;
    assert_eq!(world.bodies().await, ["one"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_worker_what_lasts_comes_later() {
    let world = World::new().await;
    let mut durable = MockQueue::new();
    let queue = world.queue.clone();
    durable
        .expect_push()
        .returning(move |lane, job| futures_now(queue.push(lane, job)));
    durable.expect_find().returning(|_| Ok(Some(Held::InLane)));
    durable.expect_durable().returning(|| Ok(true));
    let asked = world.node_on(Arc::new(durable)).await;
    let sent = asked
        .queued
        .submit(world.ask("late"), PATIENCE)
        .await
        .unwrap();
    let Sent::Later(id) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(world.bodies().await, Vec::<String>::new());
    world.node().await.works();
    until(async || !world.store.operations(&[id]).await.unwrap().is_empty()).await;
    let operation = world.store.operations(&[id]).await.unwrap().remove(0);
    assert_eq!(number(&operation.outcome), Some(1));
    assert_eq!(world.bodies().await, ["late"]);
    let at_once = asked
        .queued
        .submit(world.ask("later"), Duration::ZERO)
        .await;
    assert!(matches!(at_once, Ok(Sent::Later(_))), "{at_once:?}");
    until(async || world.bodies().await.len() == 2).await;
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
    let node = Node::on(Arc::new(commit), world.queue.clone(), world.bus.clone()).await;
    node.works();
    let (poison, good) = tokio::join!(
        node.queued.submit(world.ask("poison"), PATIENCE),
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
    for command in commands {
        let key = IdempotencyKey::parse("key").unwrap();
        for scope in [
            Scope::Root,
            Scope::Application(ApplicationId(7)),
            Scope::Token(Token::random().hash()),
        ] {
            let request = Request {
                scope,
                key: Some(Key::of(&key, &command)),
                command: command.clone(),
                operation: Some(OperationId::random()),
            };
            let written = wire::write(&request).unwrap();
            assert_eq!(wire::read(&written).unwrap(), request);
        }
    }
    for bad in [
        "",
        "{}",
        r#"{"version":1}"#,
        r#"{"version":2,"request":null}"#,
    ] {
        let error = wire::read(bad.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{bad}");
    }
}
