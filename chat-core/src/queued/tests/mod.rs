mod world;

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::commit::{Command, Refusal};
use crate::error::ErrorKind;
use crate::ids::ChatNumber;
use crate::kit::store::desk::{number, post};
use crate::memory::MemoryBus;
use crate::page::Limit;
use crate::port::{DeadLetters, MockCommit, MockQueue};
use crate::queued::worker::ATTEMPTS;
use crate::testing::{elapse, until};

use world::{Node, Outage, World, futures_now};

const PATIENCE: Duration = Duration::from_secs(5);
/// Sooner than the lease of a lane ends.
const LEASED: Duration = Duration::from_secs(2);

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
    let outage = Arc::new(Outage::default());
    let commit = Arc::new(outage.of(&world.store));
    let application = world.desk.application;
    let asked = Node::on(application, commit, Arc::new(durable), world.bus.clone()).await;
    let hasty = asked.send(world.ask("one"), Duration::ZERO).await;
    assert!(matches!(hasty, Ok(Sent::Later(_))), "{hasty:?}");
    let sent = asked.send(world.ask("two"), PATIENCE).await.unwrap();
    let Sent::Later(id) = sent else {
        panic!("{sent:?}")
    };
    outage.is_over.store(true, Ordering::Relaxed);
    world.node().await.works();
    until(async || world.queue.depth().await.unwrap().is_empty()).await;
    let operation = world.store.operations(&[id]).await.unwrap().remove(0);
    assert_eq!(number(&operation.outcome), Some(2));
    assert_eq!(world.bodies().await, ["one", "two"]);
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

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_is_never_told_to_be_lost_and_outlasts_an_outage() {
    let world = World::new().await;
    let outage = Arc::new(Outage::default());
    let commit = outage.of(&world.store);
    let node = world.node_committing(Arc::new(commit)).await;
    node.works();
    let sent = node.send(world.ask("one"), PATIENCE).await;
    assert!(
        matches!(sent, Err(ChatError::OutcomeUnknown(_))),
        "{sent:?}"
    );
    // Many more attempts than a job has that is to blame itself.
    until(async || outage.refused.load(Ordering::Relaxed) > 3 * ATTEMPTS).await;
    outage.is_over.store(true, Ordering::Relaxed);
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
    elapse(Duration::from_secs(600)).await;
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
