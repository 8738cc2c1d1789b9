//! What every queue is held to. An adapter runs all cases with [`queue_kit!`](crate::queue_kit).

use std::sync::Arc;
use std::time::Duration;

use crate::ids::{ApplicationId, OperationId};
use crate::page::Limit;
use crate::port::{
    Blame, DeadLetters, Delivery, Depth, Held, Job, Pull, Queue, QueueLimits, Receipt,
};

/// Makes a test of each queue case. The argument is a function `async fn fresh() -> (Arc<dyn FullQueue>, guard)` that opens an
/// empty queue with [`LIMITS`].
#[macro_export]
macro_rules! queue_kit {
    ($fresh:path) => {
        $crate::queue_kit! { [$crate::case_tests] $fresh }
    };
    ([$($each:tt)+] $($fresh:tt)+) => {
        $($each)+! { $($fresh)+, [$crate::kit::queue]
            jobs_come_in_the_order_of_their_arrival,
            lanes_are_apart,
            a_pull_waits_for_a_job,
            a_pull_of_nothing_ends,
            a_job_that_is_done_never_comes_again,
            a_job_whose_lease_ran_out_comes_again,
            a_job_that_was_given_back_comes_when_it_is_due,
            takers_at_once_take_each_job_once,
            a_full_lane_takes_nothing_more,
            a_flood_leaves_room_for_others,
            an_attempt_that_others_are_to_blame_for_does_not_count,
            what_is_held_is_found,
            depth_tells_what_waits_and_what_is_taken,
            a_buried_job_waits_for_an_operator,
            dead_letters_are_counted,
            full_dead_letters_leave_a_job_in_its_lane,
            a_receipt_that_is_unknown_is_left_alone,
            a_leader_leads_on,
        }
    };
}

/// A queue with its dead letters.
pub trait FullQueue: Queue + DeadLetters {}

impl<T: Queue + DeadLetters> FullQueue for T {}

/// What a queue under test takes.
pub const LIMITS: QueueLimits = QueueLimits {
    lane: 1_000,
    application: 600,
    dead_letters: 5,
};

/// A queue that gives nothing fails the case instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(30);
const LEASE: Duration = Duration::from_secs(60);
const SHOP: ApplicationId = ApplicationId(7);
const OTHER: ApplicationId = ApplicationId(8);

fn job(text: &str) -> Job {
    job_of(SHOP, text)
}

fn job_of(application: ApplicationId, text: &str) -> Job {
    Job {
        id: OperationId::random(),
        application,
        body: text.as_bytes().to_vec(),
    }
}

async fn push(queue: &Arc<dyn FullQueue>, lane: u16, texts: &[&str]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for text in texts {
        let job = job(text);
        assert!(queue.push(lane, &job).await.expect("push"));
        jobs.push(job);
    }
    jobs
}

async fn pull(queue: &Arc<dyn FullQueue>, lane: u16, limit: usize) -> Vec<Delivery> {
    leased(queue, lane, limit, LEASE).await
}

async fn leased(
    queue: &Arc<dyn FullQueue>,
    lane: u16,
    limit: usize,
    lease: Duration,
) -> Vec<Delivery> {
    let pull = Pull {
        lane,
        limit,
        patience: PATIENCE,
        lease,
    };
    queue.pull(pull).await.expect("pull")
}

/// What is there without waiting for more.
async fn nothing(queue: &Arc<dyn FullQueue>, lane: u16) -> bool {
    let pull = Pull {
        lane,
        limit: 10,
        patience: Duration::ZERO,
        lease: LEASE,
    };
    queue.pull(pull).await.expect("pull").is_empty()
}

fn jobs(deliveries: &[Delivery]) -> Vec<Job> {
    deliveries.iter().map(|one| one.job.clone()).collect()
}

fn receipts(deliveries: &[Delivery]) -> Vec<Receipt> {
    deliveries.iter().map(|one| one.receipt.clone()).collect()
}

/// First in, first out, at most as many as asked for, with their ids and bodies.
pub async fn jobs_come_in_the_order_of_their_arrival(queue: &Arc<dyn FullQueue>) {
    let pushed = push(queue, 1, &["a", "", "c \u{0} \u{1F9EE}", "d"]).await;
    let first = pull(queue, 1, 3).await;
    let second = pull(queue, 1, 3).await;
    assert_eq!(jobs(&first), pushed[..3]);
    assert_eq!(jobs(&second), pushed[3..]);
    assert!(first.iter().all(|one| one.attempt == 1));
}

/// What is in one lane does not come out of another.
pub async fn lanes_are_apart(queue: &Arc<dyn FullQueue>) {
    let one = push(queue, 1, &["one"]).await;
    let two = push(queue, 2, &["two"]).await;
    assert_eq!(jobs(&pull(queue, 2, 10).await), two);
    assert_eq!(jobs(&pull(queue, 1, 10).await), one);
}

/// A job that is pushed while someone waits is taken at once.
pub async fn a_pull_waits_for_a_job(queue: &Arc<dyn FullQueue>) {
    let waiting = pull(queue, 1, 10);
    let pushing = push(queue, 1, &["late"]);
    let (taken, pushed) = tokio::join!(waiting, pushing);
    assert_eq!(jobs(&taken), pushed);
}

/// Without a job a pull ends when its patience does.
pub async fn a_pull_of_nothing_ends(queue: &Arc<dyn FullQueue>) {
    let pull = Pull {
        lane: 1,
        limit: 10,
        patience: Duration::from_millis(50),
        lease: LEASE,
    };
    let pulled = tokio::time::timeout(PATIENCE, queue.pull(pull)).await;
    assert_eq!(pulled.expect("an end").expect("pull"), []);
}

/// Acknowledging ends a job.
pub async fn a_job_that_is_done_never_comes_again(queue: &Arc<dyn FullQueue>) {
    push(queue, 1, &["a", "b"]).await;
    let short = Duration::from_millis(1);
    let taken = leased(queue, 1, 2, short).await;
    queue.ack(1, &receipts(&taken)).await.expect("ack");
    let last = push(queue, 1, &["c"]).await;
    let left = pull(queue, 1, 10).await;
    assert_eq!(jobs(&left), last);
    queue.ack(1, &receipts(&left)).await.expect("ack");
    assert_eq!(queue.depth().await.expect("depth"), []);
}

/// Whoever took a job and says nothing more loses it to the next.
pub async fn a_job_whose_lease_ran_out_comes_again(queue: &Arc<dyn FullQueue>) {
    let pushed = push(queue, 1, &["a"]).await;
    let short = Duration::from_millis(20);
    assert_eq!(leased(queue, 1, 10, short).await.len(), 1);
    let again = pull(queue, 1, 10).await;
    assert_eq!(jobs(&again), pushed);
    assert_eq!(again[0].attempt, 2);
}

/// It waits its time, then comes with one attempt more.
pub async fn a_job_that_was_given_back_comes_when_it_is_due(queue: &Arc<dyn FullQueue>) {
    push(queue, 1, &["a", "b"]).await;
    let taken = pull(queue, 1, 2).await;
    let (soon, late) = (Duration::from_millis(20), Duration::from_secs(3_600));
    for (delivery, after) in taken.iter().zip([soon, late]) {
        let retry = queue.retry(1, &delivery.receipt, after, Blame::Job);
        retry.await.expect("retry");
    }
    let again = pull(queue, 1, 10).await;
    assert_eq!(jobs(&again), jobs(&taken[..1]));
    assert_eq!(again[0].attempt, 2);
    assert!(nothing(queue, 1).await);
}

/// However many take, each job goes to one of them.
pub async fn takers_at_once_take_each_job_once(queue: &Arc<dyn FullQueue>) {
    const JOBS: usize = 200;
    let texts = vec!["job"; JOBS];
    let pushed = push(queue, 1, &texts).await;
    let take = || async {
        let mut taken = Vec::new();
        while !nothing_left(queue, &mut taken).await {}
        taken
    };
    let (a, b, c, d) = tokio::join!(take(), take(), take(), take());
    let mut taken: Vec<_> = [a, b, c, d].concat();
    assert_eq!(taken.len(), JOBS);
    taken.sort_unstable();
    taken.dedup();
    let mut expected: Vec<_> = pushed.iter().map(|job| job.id).collect();
    expected.sort_unstable();
    assert_eq!(taken, expected);
}

async fn nothing_left(queue: &Arc<dyn FullQueue>, taken: &mut Vec<OperationId>) -> bool {
    let pull = Pull {
        lane: 1,
        limit: 7,
        patience: Duration::ZERO,
        lease: LEASE,
    };
    let deliveries = queue.pull(pull).await.expect("pull");
    taken.extend(deliveries.iter().map(|one| one.job.id));
    deliveries.is_empty()
}

/// A lane is bounded; other lanes and what is taken away make room.
pub async fn a_full_lane_takes_nothing_more(queue: &Arc<dyn FullQueue>) {
    push(queue, 1, &vec!["job"; LIMITS.application]).await;
    for _ in LIMITS.application..LIMITS.lane {
        let pushed = queue.push(1, &job_of(OTHER, "job")).await;
        assert!(pushed.expect("push"));
    }
    let more = job_of(ApplicationId(9), "one more");
    assert!(!queue.push(1, &more).await.expect("push"));
    assert!(queue.push(2, &more).await.expect("push"));
    let taken = pull(queue, 1, 10).await;
    queue.ack(1, &receipts(&taken)).await.expect("ack");
    assert!(queue.push(1, &more).await.expect("push"));
}

/// An application has a share of a lane; what of hers is taken away makes room for more, and what is given back does not.
pub async fn a_flood_leaves_room_for_others(queue: &Arc<dyn FullQueue>) {
    push(queue, 1, &vec!["job"; LIMITS.application]).await;
    let full = async || !queue.push(1, &job("one more")).await.expect("push");
    assert!(full().await);
    let other = queue.push(1, &job_of(OTHER, "quiet")).await;
    assert!(other.expect("push"));
    let taken = pull(queue, 1, 3).await;
    let late = Duration::from_secs(3_600);
    let retry = queue.retry(1, &taken[0].receipt, late, Blame::Job);
    retry.await.expect("retry");
    assert!(full().await);
    let done = receipts(&taken[1..2]);
    queue.ack(1, &done).await.expect("ack");
    queue.bury(1, &taken[2].receipt, "bad").await.expect("bury");
    push(queue, 1, &["room", "room"]).await;
    assert!(full().await);
}

/// It comes again with the number that it had.
pub async fn an_attempt_that_others_are_to_blame_for_does_not_count(queue: &Arc<dyn FullQueue>) {
    let pushed = push(queue, 1, &["a"]).await;
    for (blame, attempt) in [
        (Blame::Others, 1),
        (Blame::Others, 1),
        (Blame::Job, 1),
        (Blame::Others, 2),
        (Blame::Job, 2),
        (Blame::Job, 3),
    ] {
        let taken = pull(queue, 1, 10).await;
        assert_eq!((jobs(&taken), taken[0].attempt), (pushed.clone(), attempt));
        let retry = queue.retry(1, &taken[0].receipt, Duration::ZERO, blame);
        retry.await.expect("retry");
        let old = queue.retry(1, &taken[0].receipt, Duration::ZERO, blame);
        old.await.expect("a receipt that is over");
    }
    assert_eq!(pull(queue, 1, 10).await.len(), 1);
}

/// By its id, for as long as it is not done, and by its application alone.
pub async fn what_is_held_is_found(queue: &Arc<dyn FullQueue>) {
    let pushed = push(queue, 1, &["a", "b"]).await;
    let find = async |job: &Job| {
        let foreign = queue.find(OTHER, job.id).await;
        assert_eq!(foreign.expect("find"), None);
        queue.find(job.application, job.id).await.expect("find")
    };
    assert_eq!(find(&pushed[0]).await, Some(Held::InLane));
    let taken = pull(queue, 1, 2).await;
    assert_eq!(find(&pushed[0]).await, Some(Held::InLane));
    queue.ack(1, &receipts(&taken[..1])).await.expect("ack");
    assert_eq!(find(&pushed[0]).await, None);
    queue.bury(1, &taken[1].receipt, "bad").await.expect("bury");
    assert_eq!(find(&pushed[1]).await, Some(Held::Buried));
    assert_eq!(find(&job("never pushed")).await, None);
}

/// Lanes with nothing in them are left out.
pub async fn depth_tells_what_waits_and_what_is_taken(queue: &Arc<dyn FullQueue>) {
    assert_eq!(queue.depth().await.expect("depth"), []);
    push(queue, 3, &["a", "b", "c", "d"]).await;
    push(queue, 1, &["e"]).await;
    let taken = pull(queue, 3, 2).await;
    let depth = |lane, waiting, taken| Depth {
        lane,
        waiting,
        taken,
    };
    let expected = [depth(1, 1, 0), depth(3, 2, 2)];
    assert_eq!(queue.depth().await.expect("depth"), expected);
    let late = Duration::from_secs(3_600);
    let retry = queue.retry(3, &taken[0].receipt, late, Blame::Others);
    retry.await.expect("retry");
    queue.ack(3, &receipts(&taken[1..])).await.expect("ack");
    let expected = [depth(1, 1, 0), depth(3, 3, 0)];
    assert_eq!(queue.depth().await.expect("depth"), expected);
}

/// It is listed with its reason, and revived or forgotten.
pub async fn a_buried_job_waits_for_an_operator(queue: &Arc<dyn FullQueue>) {
    let mut pushed = push(queue, 4, &["a", "b", "c"]).await;
    for delivery in pull(queue, 4, 3).await {
        queue
            .bury(4, &delivery.receipt, "no good")
            .await
            .expect("bury");
    }
    assert!(nothing(queue, 4).await);
    pushed.sort_by_key(|job| job.id);
    let two = Limit::new(2).expect("a limit");
    let first = queue.buried(None, two).await.expect("buried");
    let last = queue.buried(Some(pushed[1].id), two).await.expect("buried");
    assert_eq!((first.items.len(), first.more, last.more), (2, true, false));
    let listed: Vec<_> = first.items.iter().chain(&last.items).collect();
    for (letter, job) in listed.iter().zip(&pushed) {
        assert_eq!(
            (letter.lane, &letter.job, &*letter.reason),
            (4, job, "no good")
        );
    }
    assert_eq!(listed.len(), 3);
    let id = pushed[0].id;
    assert!(queue.revive(id).await.expect("revive"));
    assert!(!queue.revive(id).await.expect("revive"));
    let again = pull(queue, 4, 10).await;
    assert_eq!((again[0].job.id, again[0].attempt, again.len()), (id, 1, 1));
    assert!(queue.discard(pushed[1].id).await.expect("discard"));
    assert!(!queue.discard(pushed[1].id).await.expect("discard"));
    let left = queue.buried(None, two).await.expect("buried");
    assert_eq!((left.items.len(), left.items[0].job.id), (1, pushed[2].id));
}

/// It comes again, and is buried once there is room; other lanes have room of their own.
pub async fn full_dead_letters_leave_a_job_in_its_lane(queue: &Arc<dyn FullQueue>) {
    push(queue, 1, &["bad"; LIMITS.dead_letters]).await;
    for taken in pull(queue, 1, LIMITS.dead_letters).await {
        queue.bury(1, &taken.receipt, "bad").await.expect("bury");
    }
    let last = push(queue, 1, &["worse"]).await;
    let taken = leased(queue, 1, 1, Duration::from_millis(20)).await;
    queue.bury(1, &taken[0].receipt, "bad").await.expect("bury");
    let found = queue.find(SHOP, last[0].id).await.expect("find");
    assert_eq!(found, Some(Held::InLane));
    let again = pull(queue, 1, 1).await;
    assert_eq!(jobs(&again), last);
    let letters = queue.buried(None, Limit::MAX).await.expect("buried").items;
    assert_eq!(letters.len(), LIMITS.dead_letters);
    assert!(queue.discard(letters[0].job.id).await.expect("discard"));
    queue.bury(1, &again[0].receipt, "bad").await.expect("bury");
    let found = queue.find(SHOP, last[0].id).await.expect("find");
    assert_eq!(found, Some(Held::Buried));
    push(queue, 2, &["elsewhere"]).await;
    let elsewhere = pull(queue, 2, 1).await;
    let bury = queue.bury(2, &elsewhere[0].receipt, "bad");
    bury.await.expect("bury");
    assert_eq!(queue.depth().await.expect("depth"), []);
}

/// As is one of a job that someone else has by now.
pub async fn a_receipt_that_is_unknown_is_left_alone(queue: &Arc<dyn FullQueue>) {
    push(queue, 1, &["a"]).await;
    let taken = pull(queue, 1, 1).await;
    let known = &taken[0].receipt;
    queue
        .ack(1, std::slice::from_ref(known))
        .await
        .expect("ack");
    queue
        .ack(1, std::slice::from_ref(known))
        .await
        .expect("ack");
    let soon = Duration::ZERO;
    let retry = queue.retry(1, known, soon, Blame::Job);
    retry.await.expect("retry");
    queue.bury(1, known, "late").await.expect("bury");
    assert!(nothing(queue, 1).await);
    assert_eq!(queue.depth().await.expect("depth"), []);
    let buried = queue.buried(None, Limit::MAX).await.expect("buried");
    assert_eq!(buried.items, []);
}

/// The count of dead letters, of all lanes, follows what becomes of them.
pub async fn dead_letters_are_counted(queue: &Arc<dyn FullQueue>) {
    assert_eq!(queue.count().await.expect("count"), 0);
    for lane in [2, 7] {
        push(queue, lane, &["a", "b"]).await;
        for delivery in pull(queue, lane, 2).await {
            let buried = queue.bury(lane, &delivery.receipt, "no good").await;
            buried.expect("bury");
        }
    }
    assert_eq!(queue.count().await.expect("count"), 4);
    let letters = queue.buried(None, Limit::MAX).await.expect("buried").items;
    assert!(queue.revive(letters[0].job.id).await.expect("revive"));
    assert!(queue.discard(letters[1].job.id).await.expect("discard"));
    assert_eq!(queue.count().await.expect("count"), 2);
}

/// Whoever leads goes on leading; roles are apart.
pub async fn a_leader_leads_on(queue: &Arc<dyn FullQueue>) {
    for _ in 0..3 {
        assert!(queue.lead("recount", LEASE).await.expect("lead"));
        assert!(queue.lead("purge", LEASE).await.expect("lead"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{FullQueue, LIMITS};
    use crate::memory::MemoryQueue;

    async fn fresh() -> (Arc<dyn FullQueue>, ()) {
        (Arc::new(MemoryQueue::holding(LIMITS)), ())
    }

    crate::queue_kit!(fresh);
}
