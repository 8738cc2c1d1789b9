//! Figures of the queue, taken as time goes, so that no scrape waits for it.

use std::time::Duration;

use chat_core::error::BackendError;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::wiring::Jobs;

/// How often they are taken.
const EVERY: Duration = Duration::from_secs(5);
/// A queue that says nothing for so long is down.
const PATIENCE: Duration = Duration::from_secs(2);

const JOBS: &str = "chat_queue_jobs";
const LETTERS: &str = "chat_queue_dead_letters";
const UP: &str = "chat_queue_up";

/// Names them for `/metrics`.
pub(crate) fn describe() {
    metrics::describe_gauge!(
        JOBS,
        "Jobs in all lanes of the queue, by whether someone has them."
    );
    metrics::describe_gauge!(LETTERS, "Jobs that no commit takes.");
    metrics::describe_gauge!(
        UP,
        "Whether the queue answers (1) or not (0): then its figures are the last that are known."
    );
}

/// Takes the figures of this queue for as long as it is polled.
pub(crate) async fn follow(jobs: Jobs) {
    let mut beat = interval(EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let took = timeout(PATIENCE, take(&jobs)).await;
        let is_up = matches!(took, Ok(Ok(())));
        metrics::gauge!(UP).set(f64::from(u8::from(is_up)));
    }
}

async fn take(jobs: &Jobs) -> Result<(), BackendError> {
    let (mut waiting, mut taken) = (0, 0);
    for lane in jobs.queue.depth().await? {
        waiting += lane.waiting;
        taken += lane.taken;
    }
    let letters = jobs.dead_letters.count().await?;
    for (state, count) in [("waiting", waiting), ("taken", taken)] {
        metrics::gauge!(JOBS, "state" => state).set(count as f64);
    }
    metrics::gauge!(LETTERS).set(letters as f64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chat_core::error::ErrorKind;
    use chat_core::ids::{ApplicationId, OperationId};
    use chat_core::memory::MemoryQueue;
    use chat_core::port::{Job, MockQueue, Pull, Queue};
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    /// What is to be scraped after one beat.
    async fn scraped(jobs: Jobs) -> String {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let guard = metrics::set_default_local_recorder(&recorder);
        let beat = timeout(PATIENCE + Duration::from_millis(1), follow(jobs)).await;
        assert!(beat.is_err());
        drop(guard);
        handle.render()
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_what_is_taken_and_what_is_dead_is_told() {
        let queue = Arc::new(MemoryQueue::new());
        for lane in [1, 1, 1, 4, 4] {
            let job = Job {
                application: ApplicationId(7),
                id: OperationId::random(),
                body: Vec::new(),
            };
            queue.push(lane, &job).await.unwrap();
        }
        let pull = Pull {
            lane: 1,
            limit: 2,
            patience: Duration::ZERO,
            lease: Duration::from_secs(60),
        };
        let pulled = queue.pull(pull).await.unwrap();
        queue.bury(1, &pulled[0].receipt, "why").await.unwrap();
        let dead_letters = queue.clone();
        let text = scraped(Jobs {
            queue,
            dead_letters,
        })
        .await;
        for line in [
            "chat_queue_jobs{state=\"waiting\"} 3",
            "chat_queue_jobs{state=\"taken\"} 1",
            "chat_queue_dead_letters 1",
            "chat_queue_up 1",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_is_down_is_told_as_down() {
        let mut queue = MockQueue::new();
        queue.expect_depth().returning(|| {
            let error = BackendError::new(ErrorKind::Unavailable, "queue", "depth");
            Err(error)
        });
        let dead_letters = Arc::new(MemoryQueue::new());
        let queue = Arc::new(queue);
        let text = scraped(Jobs {
            queue,
            dead_letters,
        })
        .await;
        assert!(text.contains("chat_queue_up 0"), "{text}");
        assert!(!text.contains("chat_queue_jobs{"), "{text}");
    }
}
