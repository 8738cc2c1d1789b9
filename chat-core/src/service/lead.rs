//! What one of several nodes does for all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{interval_at, timeout};

use crate::error::BackendError;
use crate::port::Queue;

/// A queue that says nothing for so long is as good as none.
const PATIENCE: Duration = Duration::from_secs(2);

/// Finds out whether this node leads.
pub(super) struct Lead {
    queue: Option<Arc<dyn Queue>>,
    has_failed: AtomicBool,
}

impl Lead {
    /// By this queue, which the nodes share; a node without one leads in every role.
    pub(super) fn new(queue: Option<Arc<dyn Queue>>) -> Self {
        Self {
            queue,
            has_failed: AtomicBool::new(false),
        }
    }

    /// Does `work`, unless another node leads in `role`: then it does nothing and answers `None`. This node leads while the work
    /// runs and until `lease` is over, counted from some time in the last third of it; if it dies, another one may lead after that.
    ///
    /// Where the queue cannot be reached every node leads. The work bears being done twice, and a queue that is down for a day
    /// must not keep for a day what users deleted: it costs some work twice, nothing else.
    pub(super) async fn alone<T>(
        &self,
        role: &str,
        lease: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        if !self.leads(role, lease).await {
            return None;
        }
        let pause = lease / 3;
        let renewing = async {
            let mut renewals = interval_at(tokio::time::Instant::now() + pause, pause);
            loop {
                renewals.tick().await;
                // What is begun is brought to its end, whoever leads by then.
                self.leads(role, lease).await;
            }
        };
        tokio::select! {
            done = work => Some(done),
            () = renewing => None,
        }
    }

    async fn leads(&self, role: &str, lease: Duration) -> bool {
        let Some(queue) = &self.queue else {
            return true;
        };
        match timeout(PATIENCE, queue.lead(role, lease)).await {
            Ok(Ok(leads)) => {
                self.has_failed.store(false, Ordering::Relaxed);
                leads
            }
            Ok(Err(error)) => self.leads_alone(role, Some(&error)),
            Err(_) => self.leads_alone(role, None),
        }
    }

    /// Says so once, until the queue answers again.
    fn leads_alone(&self, role: &str, error: Option<&BackendError>) -> bool {
        if !self.has_failed.swap(true, Ordering::Relaxed) {
            match error {
                Some(error) => tracing::warn!(?error, role, "the queue does not say who leads"),
                None => tracing::warn!(role, "the queue does not say who leads in time"),
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::memory::MemoryQueue;
    use crate::port::MockQueue;
    use crate::testing::elapse;

    const LEASE: Duration = Duration::from_secs(30);

    fn pair() -> [Lead; 2] {
        let queue = MemoryQueue::new();
        let other = queue.beside();
        [queue, other].map(|queue| Lead::new(Some(Arc::new(queue))))
    }

    #[tokio::test(start_paused = true)]
    async fn one_of_two_nodes_works_and_the_other_follows_when_it_is_gone() {
        let [one, other] = pair();
        assert_eq!(one.alone("role", LEASE, async { 1 }).await, Some(1));
        assert_eq!(other.alone("role", LEASE, async { 2 }).await, None);
        assert_eq!(other.alone("another", LEASE, async { 3 }).await, Some(3));
        assert_eq!(one.alone("role", LEASE, async { 4 }).await, Some(4));
        tokio::time::advance(LEASE).await;
        assert_eq!(other.alone("role", LEASE, async { 5 }).await, Some(5));
        assert_eq!(one.alone("role", LEASE, async { 6 }).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_works_for_long_leads_for_as_long() {
        let [one, other] = pair();
        let long = one.alone("role", LEASE, elapse(LEASE * 10));
        let beside = async {
            elapse(LEASE * 9).await;
            other.alone("role", LEASE, async {}).await
        };
        assert_eq!(tokio::join!(long, beside), (Some(()), None));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_queue_that_answers_every_node_works() {
        let mut down = MockQueue::new();
        down.expect_lead()
            .returning(|_, _| Err(BackendError::new(ErrorKind::Unavailable, "queue", "lead")));
        for queue in [None, Some(Arc::new(down) as Arc<dyn Queue>)] {
            let lead = Lead::new(queue);
            assert_eq!(lead.alone("role", LEASE, async { 1 }).await, Some(1));
        }
    }
}
