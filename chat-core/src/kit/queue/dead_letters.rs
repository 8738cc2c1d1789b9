//! Jobs that were buried.

use std::sync::Arc;
use std::time::Duration;

use super::{FullQueue, LIMITS, SHOP, jobs, leased, nothing, pull, push};
use crate::page::Limit;
use crate::port::Held;

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
