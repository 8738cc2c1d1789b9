//! What every queue is held to. An adapter runs all cases with [`queue_kit!`](crate::queue_kit).

use std::sync::Arc;
use std::time::Duration;

use crate::ids::OperationId;
use crate::page::Limit;
use crate::port::{DeadLetters, Delivery, Depth, Held, Job, Pull, Queue, Receipt};

/// Makes a test of each queue case. The argument is a function `async fn fresh() -> (Arc<dyn FullQueue>, guard)` that opens an
/// empty queue whose lanes hold [`DEPTH`] jobs.
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
            what_is_held_is_found,
            depth_tells_what_waits_and_what_is_taken,
            a_buried_job_waits_for_an_operator,
            dead_letters_are_counted,
            a_receipt_that_is_unknown_is_left_alone,
            a_leader_leads_on,
        }
    };
}

/// A queue with its dead letters.
pub trait FullQueue: Queue + DeadLetters {}

impl<T: Queue + DeadLetters> FullQueue for T {}

/// How many jobs a lane of a queue under test holds.
pub const DEPTH: usize = 1_000;

/// A queue that gives nothing fails the case instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(30);
const LEASE: Duration = Duration::from_secs(60);

fn job(text: &str) -> Job {
    Job {
        id: OperationId::random(),
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
    queue
        .retry(1, &taken[0].receipt, soon)
        .await
        .expect("retry");
    queue
        .retry(1, &taken[1].receipt, late)
        .await
        .expect("retry");
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
    let texts = vec!["job"; DEPTH];
    push(queue, 1, &texts).await;
    let more = job("one more");
    assert!(!queue.push(1, &more).await.expect("push"));
    assert!(queue.push(2, &more).await.expect("push"));
    let taken = pull(queue, 1, 10).await;
    queue.ack(1, &receipts(&taken)).await.expect("ack");
    assert!(queue.push(1, &job("room")).await.expect("push"));
}

/// By its id, for as long as it is not done.
pub async fn what_is_held_is_found(queue: &Arc<dyn FullQueue>) {
    let pushed = push(queue, 1, &["a", "b"]).await;
    let find = async |job: &Job| queue.find(job.id).await.expect("find");
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
    queue
        .retry(3, &taken[0].receipt, late)
        .await
        .expect("retry");
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
    queue.retry(1, known, soon).await.expect("retry");
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

    use super::{DEPTH, FullQueue};
    use crate::memory::MemoryQueue;

    async fn fresh() -> (Arc<dyn FullQueue>, ()) {
        (Arc::new(MemoryQueue::holding(DEPTH)), ())
    }

    crate::queue_kit!(fresh);
}
