//! What becomes of a job that was taken.

use std::sync::Arc;
use std::time::Duration;

use super::{FullQueue, LEASE, jobs, leased, nothing, pull, push, receipts};
use crate::ids::OperationId;
use crate::page::Limit;
use crate::port::{Blame, Pull};

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
