//! What holds for a queue that several nodes share.

use std::sync::Arc;
use std::time::Duration;

use chat_core::ids::{ApplicationId, OperationId};
use chat_core::page::Limit;
use chat_core::port::{
    Blame, DeadLetters, Delivery, Depth, Job, Pull, Queue, QueueLimits, Receipt,
};
use chat_queue_redis::RedisQueue;
use libtest_mimic::Trial;
use tokio::time::{Instant, interval, timeout};

use super::faults::{BOUND, PATIENCE, is_ready, unavailable};
use super::server::{Server, is_installed};
use super::{configured, redis};
use crate::engine::{case, trial};

const SHOP: ApplicationId = ApplicationId(7);
const LEASE: Duration = Duration::from_secs(60);

/// Those that need a server of their own.
pub(super) fn trials() -> Vec<Trial> {
    let name = "redis::faults::a_queue_that_comes_back_empty_is_used_again";
    let empty = a_queue_that_comes_back_empty_is_used_again();
    vec![case(name.to_owned(), is_installed(), empty)]
}

/// Those for every engine.
pub(super) fn on(engine: &'static str) -> Vec<Trial> {
    let two = || {
        let redis = redis(engine);
        let queue = || RedisQueue::new(redis.clone(), QueueLimits::default());
        (queue(), queue())
    };
    macro_rules! trials {
        ($($case:ident,)*) => {
            vec![$(trial(engine, "nodes", stringify!($case), async move { $case(two()).await })),*]
        };
    }
    trials![
        who_lost_the_lease_changes_nothing,
        one_node_waits_for_what_another_pushes,
        a_pull_waits_as_long_as_it_was_told,
        one_node_leads_at_a_time,
        those_of_one_pull_come_again_in_order,
    ]
}

type Two = (RedisQueue, RedisQueue);

fn job(text: &str) -> Job {
    Job {
        id: OperationId::random(),
        application: SHOP,
        body: text.into(),
    }
}

async fn push(queue: &RedisQueue) -> Job {
    let job = job("job");
    assert!(queue.push(1, &job).await.expect("push"));
    job
}

fn patient(patience: Duration, lease: Duration) -> Pull {
    Pull {
        lane: 1,
        limit: 10,
        patience,
        lease,
    }
}

async fn pull(queue: &RedisQueue, lease: Duration) -> Vec<Delivery> {
    queue.pull(patient(PATIENCE, lease)).await.expect("pull")
}

async fn depths(queue: &RedisQueue) -> Vec<(u64, u64)> {
    let depths = queue.depth().await.expect("depth").into_iter();
    let both = |depth: Depth| (depth.waiting, depth.taken);
    depths.map(both).collect()
}

/// Every way to settle a job.
async fn settle(queue: &RedisQueue, receipt: &Receipt) {
    let retry = queue.retry(1, receipt, Duration::ZERO, Blame::Job);
    retry.await.expect("retry");
    queue.bury(1, receipt, "bad").await.expect("bury");
    let ack = queue.ack(1, std::slice::from_ref(receipt));
    ack.await.expect("ack");
}

async fn who_lost_the_lease_changes_nothing((one, two): Two) {
    let pushed = push(&one).await;
    let lost = pull(&one, Duration::from_millis(20)).await;
    let taken = pull(&two, LEASE).await;
    assert_eq!((&taken[0].job, taken[0].attempt), (&pushed, 2));
    settle(&one, &lost[0].receipt).await;
    assert_eq!(depths(&one).await, [(0, 1)]);
    let buried = one.buried(None, Limit::MAX).await.expect("buried");
    assert_eq!(buried.items, []);
    let receipt = taken[0].receipt.clone();
    two.ack(1, &[receipt]).await.expect("ack");
    assert_eq!(depths(&one).await, []);
}

async fn one_node_waits_for_what_another_pushes((one, two): Two) {
    let mut pushes = interval(Duration::from_millis(50));
    let waiting = pull(&two, LEASE);
    tokio::pin!(waiting);
    // The first looks come before there is anything.
    for _ in 0..3 {
        tokio::select! {
            biased;
            taken = &mut waiting => panic!("nothing was pushed: {taken:?}"),
            _ = pushes.tick() => {}
        }
    }
    let (pushed, taken) = tokio::join!(push(&one), waiting);
    assert_eq!(taken[0].job, pushed);
}

/// Longer than the time in which other calls are answered, and beside them.
async fn a_pull_waits_as_long_as_it_was_told((one, _): Two) {
    let patience = Duration::from_millis(2_300);
    let began = Instant::now();
    let waiting = one.pull(patient(patience, LEASE));
    let asking = async { assert_eq!(depths(&one).await, []) };
    let (taken, ()) = tokio::join!(waiting, asking);
    assert_eq!(taken.expect("pull"), []);
    assert!(began.elapsed() >= patience, "{:?}", began.elapsed());
}

async fn one_node_leads_at_a_time((one, two): Two) {
    assert!(one.lead("recount", LEASE).await.expect("lead"));
    assert!(!two.lead("recount", LEASE).await.expect("lead"));
    assert!(two.lead("purge", LEASE).await.expect("lead"));
    let short = Duration::from_millis(20);
    assert!(one.lead("recount", short).await.expect("lead"));
    let mut tries = interval(Duration::from_millis(10));
    let leads = async {
        while !two.lead("recount", LEASE).await.expect("lead") {
            tries.tick().await;
        }
    };
    timeout(PATIENCE, leads).await.expect("the lease is over");
    assert!(!one.lead("recount", LEASE).await.expect("lead"));
}

async fn those_of_one_pull_come_again_in_order((one, two): Two) {
    let jobs: Vec<Job> = (0..40).map(|number| job(&number.to_string())).collect();
    // Together, so that many arrive within one millisecond.
    let pushes = jobs.iter().map(|job| one.push(2, job));
    futures_util::future::try_join_all(pushes)
        .await
        .expect("push");
    let pull = |lease| Pull {
        lane: 2,
        limit: 15,
        patience: PATIENCE,
        lease,
    };
    let short = Duration::from_millis(1);
    let first = one.pull(pull(short)).await.expect("pull");
    let mut again = Vec::new();
    while again.len() < first.len() {
        let taken = two.pull(pull(LEASE)).await.expect("pull");
        again.extend(taken.into_iter().filter(|one| one.attempt == 2));
    }
    let ids = |deliveries: &[Delivery]| deliveries.iter().map(|one| one.job.id).collect::<Vec<_>>();
    assert_eq!(ids(&again), ids(&first));
}

async fn a_queue_that_comes_back_empty_is_used_again() {
    let mut server = Server::start(&[]);
    let node = || configured(&server.url(), "faults:");
    let (redis, other) = (node(), node());
    is_ready(&redis).await;
    let one = Arc::new(RedisQueue::new(redis.clone(), QueueLimits::default()));
    let two = Arc::new(RedisQueue::new(other.clone(), QueueLimits::default()));
    let before = push(&one).await;
    let taken = pull(&one, LEASE).await;
    let waiting = tokio::spawn({
        let two = Arc::clone(&two);
        async move { unavailable(two.pull(patient(PATIENCE, LEASE))).await }
    });
    // Its line is kept, and breaks with the server.
    let none = one.pull(patient(Duration::from_millis(50), LEASE));
    assert_eq!(none.await.expect("pull"), []);

    server.kill();
    timeout(BOUND, waiting).await.expect("an end").expect("so");
    let receipt = &taken[0].receipt;
    unavailable(one.push(1, &before)).await;
    unavailable(one.pull(patient(PATIENCE, LEASE))).await;
    unavailable(one.ack(1, std::slice::from_ref(receipt))).await;
    unavailable(one.retry(1, receipt, LEASE, Blame::Job)).await;
    unavailable(one.bury(1, receipt, "bad")).await;
    unavailable(one.find(SHOP, before.id)).await;
    unavailable(one.depth()).await;
    unavailable(one.lead("recount", LEASE)).await;
    unavailable(one.durable()).await;

    server.restart();
    is_ready(&redis).await;
    is_ready(&other).await;
    settle(&one, receipt).await;
    assert_eq!(one.find(SHOP, before.id).await.expect("find"), None);
    assert_eq!(depths(&two).await, []);
    let (after, taken) = tokio::join!(push(&one), pull(&two, LEASE));
    assert_eq!((&taken[0].job, taken[0].attempt), (&after, 1));
    assert_eq!(depths(&one).await, [(0, 1)]);
    let none = one.pull(patient(Duration::from_millis(50), LEASE));
    assert_eq!(none.await.expect("pull"), []);
    let receipt = taken[0].receipt.clone();
    two.ack(1, &[receipt]).await.expect("ack");
    assert_eq!(depths(&one).await, []);
}
