//! What is in a lane, in its order and up to its limits.

use std::sync::Arc;
use std::time::Duration;

use super::{FullQueue, LEASE, LIMITS, OTHER, PATIENCE, job, job_of, jobs, pull, push, receipts};
use crate::ids::ApplicationId;
use crate::port::{Blame, Depth, Held, Job, Pull};

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
