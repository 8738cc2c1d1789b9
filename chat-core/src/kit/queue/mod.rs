//! What every queue is held to. An adapter runs all cases with [`queue_kit!`](crate::queue_kit).

pub mod dead_letters;
pub mod deliveries;
pub mod lanes;
pub mod lead;

use std::sync::Arc;
use std::time::Duration;

use crate::ids::{ApplicationId, OperationId};
use crate::port::{DeadLetters, Delivery, Job, Pull, Queue, QueueLimits, Receipt};

/// Makes a test of each queue case. The argument is a function `async fn fresh() -> (Arc<dyn FullQueue>, guard)` that opens an
/// empty queue with [`LIMITS`].
#[macro_export]
macro_rules! queue_kit {
    ($fresh:path) => {
        $crate::queue_kit! { [$crate::case_tests] $fresh }
    };
    ([$($each:tt)+] $($fresh:tt)+) => {
        $($each)+! { $($fresh)+, [$crate::kit::queue::lanes]
            jobs_come_in_the_order_of_their_arrival,
            lanes_are_apart,
            a_pull_waits_for_a_job,
            a_pull_of_nothing_ends,
            a_full_lane_takes_nothing_more,
            a_flood_leaves_room_for_others,
            what_is_held_is_found,
            depth_tells_what_waits_and_what_is_taken,
        }
        $($each)+! { $($fresh)+, [$crate::kit::queue::deliveries]
            a_job_that_is_done_never_comes_again,
            a_job_whose_lease_ran_out_comes_again,
            a_job_that_was_given_back_comes_when_it_is_due,
            takers_at_once_take_each_job_once,
            an_attempt_that_others_are_to_blame_for_does_not_count,
            a_receipt_that_is_unknown_is_left_alone,
        }
        $($each)+! { $($fresh)+, [$crate::kit::queue::dead_letters]
            a_buried_job_waits_for_an_operator,
            dead_letters_are_counted,
            full_dead_letters_leave_a_job_in_its_lane,
        }
        $($each)+! { $($fresh)+, [$crate::kit::queue::lead]
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
