//! How many requests an application may make: a window of time each.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chat_core::error::BackendError;
use chat_core::port::{Counter, Window};
use http::{HeaderName, HeaderValue};
use serde::Serialize;
use tokio::time::{Instant, timeout};
use utoipa::ToSchema;

use super::reply::{Response, whole_seconds};
use crate::config::RateLimit;

/// So long a request waits to be counted.
const PATIENCE: Duration = Duration::from_millis(200);
/// So long a counter that failed is left alone.
const BACK_OFF: Duration = Duration::from_secs(1);

/// Counts requests by key, each key in windows of its own. Without its counter it lets all pass: nobody waits for what
/// only keeps order.
pub struct RateLimiter {
    limit: RateLimit,
    counter: Arc<dyn Counter>,
    /// Since it failed: when the counter is asked again.
    asked_again: Mutex<Option<Instant>>,
}

/// What is left of a window, as it is shown.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Rate)]
pub struct AllowanceJson {
    /// Requests in one window.
    #[schema(minimum = 1)]
    limit: u32,
    /// Requests that are left in this one.
    #[schema(minimum = 0)]
    remaining: u32,
    /// Seconds until the next one.
    #[schema(minimum = 0)]
    reset: u64,
}

/// What is left of a key's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Whether this request is within the limit.
    pub granted: bool,
    limit: u32,
    remaining: u32,
    left: Duration,
}

impl RateLimiter {
    /// Keeps to this limit with what this counter counts.
    pub fn new(limit: RateLimit, counter: Arc<dyn Counter>) -> Self {
        Self {
            limit,
            counter,
            asked_again: Mutex::default(),
        }
    }

    /// Counts one request of this key; `None` while the counter cannot.
    pub async fn take(&self, key: &str) -> Option<Allowance> {
        let window = self.add(key, 1).await?;
        Some(self.allowance(window, window.sum <= self.limit.requests.into()))
    }

    /// Counts nothing: whether one more would be granted when so many that are not counted yet have been; `None` while the counter
    /// cannot.
    pub async fn look(&self, key: &str, pending: u64) -> Option<Allowance> {
        let window = self.add(key, 0).await?;
        let sum = window.sum.saturating_add(pending);
        Some(self.allowance(window, sum < self.limit.requests.into()))
    }

    async fn add(&self, key: &str, amount: u64) -> Option<Window> {
        let counted = if self.is_left_alone() {
            None
        } else {
            self.count(key, amount).await
        };
        if counted.is_none() {
            ::metrics::counter!("chat_http_requests_uncounted_total").increment(1);
        }
        counted
    }

    fn allowance(&self, Window { sum, left }: Window, granted: bool) -> Allowance {
        let limit = self.limit.requests;
        Allowance {
            granted,
            limit,
            remaining: limit.saturating_sub(u32::try_from(sum).unwrap_or(u32::MAX)),
            left,
        }
    }

    fn is_left_alone(&self) -> bool {
        self.asked_again()
            .is_some_and(|again| Instant::now() < again)
    }

    async fn count(&self, key: &str, amount: u64) -> Option<Window> {
        let seconds = u32::try_from(self.limit.window.as_secs()).unwrap_or(u32::MAX);
        match timeout(PATIENCE, self.counter.add(key, amount, seconds)).await {
            Ok(Ok(window)) => {
                if self.asked_again().take().is_some() {
                    tracing::info!("requests are counted again");
                }
                Some(window)
            }
            Ok(Err(error)) => self.fail(Some(&error)),
            Err(_) => self.fail(None),
        }
    }

    /// Says once that it fails, not with every request.
    fn fail(&self, error: Option<&BackendError>) -> Option<Window> {
        let before = self.asked_again().replace(Instant::now() + BACK_OFF);
        if before.is_none() {
            let error = error.map(|error| error as &dyn std::error::Error);
            tracing::warn!(error, "requests cannot be counted: all pass");
        }
        None
    }

    fn asked_again(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        // A time is whole at any moment, so a panic elsewhere spoils nothing.
        self.asked_again
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Allowance {
    /// How long the window still lasts.
    pub fn left(&self) -> Duration {
        self.left
    }

    /// After how many seconds the window is over.
    pub fn reset(&self) -> u64 {
        whole_seconds(self.left)
    }

    /// What is left, as it is shown.
    pub fn json(&self) -> AllowanceJson {
        AllowanceJson {
            limit: self.limit,
            remaining: self.remaining,
            reset: self.reset(),
        }
    }

    /// Says in the answer what is left.
    pub fn tell(&self, response: &mut Response) {
        const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
        const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
        const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
        let headers = response.headers_mut();
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(self.reset()));
    }
}

#[cfg(test)]
mod tests {
    use chat_core::error::ErrorKind;
    use chat_core::memory::MemoryCounter;
    use chat_core::port::MockCounter;

    use super::*;

    fn limiter(limit: &str, counter: impl Counter) -> RateLimiter {
        RateLimiter::new(limit.parse().unwrap(), Arc::new(counter))
    }

    #[tokio::test(start_paused = true)]
    async fn each_key_has_its_own_window_and_gets_a_new_one() {
        let limiter = limiter("2/10s", MemoryCounter::new());
        let take = async |key| {
            let allowance = limiter.take(key).await.unwrap();
            (allowance.granted, allowance.remaining, allowance.reset())
        };
        assert_eq!(take("a").await, (true, 1, 10));
        tokio::time::advance(Duration::from_millis(4500)).await;
        assert_eq!(take("a").await, (true, 0, 6));
        tokio::time::advance(Duration::from_millis(5499)).await;
        assert_eq!(take("a").await, (false, 0, 1));
        assert_eq!(take("b").await, (true, 1, 10));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(take("a").await, (true, 1, 10));
    }

    #[tokio::test]
    async fn a_look_counts_nothing() {
        let limiter = limiter("1/10s", MemoryCounter::new());
        for _ in 0..3 {
            assert!(limiter.look("a", 0).await.unwrap().granted);
        }
        assert!(limiter.take("a").await.unwrap().granted);
        assert!(!limiter.look("a", 0).await.unwrap().granted);
    }

    #[tokio::test]
    async fn two_limiters_on_one_counter_share_a_window() {
        let counter: Arc<dyn Counter> = Arc::new(MemoryCounter::new());
        let node = || RateLimiter::new("2/1h".parse().unwrap(), Arc::clone(&counter));
        let (one, other) = (node(), node());
        for (node, granted) in [(&one, true), (&other, true), (&one, false), (&other, false)] {
            assert_eq!(node.take("a").await.unwrap().granted, granted);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_counter_all_pass_and_it_is_asked_again_after_a_while() {
        let mut counter = MockCounter::new();
        counter
            .expect_add()
            .times(1)
            .returning(|_, _, _| Err(BackendError::new(ErrorKind::Unavailable, "mock", "add")));
        counter.expect_add().times(1).returning(|_, sum, _| {
            let left = Duration::from_secs(5);
            Ok(Window { sum, left })
        });
        let limiter = limiter("1/5s", counter);
        for _ in 0..100 {
            assert_eq!(limiter.take("a").await, None);
        }
        tokio::time::advance(BACK_OFF).await;
        assert!(limiter.take("a").await.unwrap().granted);
    }

    /// Answers never.
    struct Stuck;

    #[async_trait::async_trait]
    impl Counter for Stuck {
        async fn add(&self, _: &str, _: u64, _: u32) -> Result<Window, BackendError> {
            std::future::pending().await
        }

        async fn set(&self, _: &str, _: chat_core::port::Count) -> Result<(), BackendError> {
            std::future::pending().await
        }

        async fn get(&self, _: &str) -> Result<Option<chat_core::port::Count>, BackendError> {
            std::future::pending().await
        }

        async fn remove(&self, _: &str) -> Result<(), BackendError> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_counter_that_does_not_answer_is_not_waited_for() {
        let limiter = limiter("1/5s", Stuck);
        let began = Instant::now();
        for _ in 0..100 {
            assert_eq!(limiter.take("a").await, None);
        }
        assert!(began.elapsed() < BACK_OFF);
    }
}
