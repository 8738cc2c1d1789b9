//! How many requests an application may make: a window of time each.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue};
use serde::Serialize;
use utoipa::ToSchema;

use super::reply::Response;
use crate::config::RateLimit;

/// Windows that are kept before those that are over are thrown out.
const KEPT: usize = 4096;

/// Counts requests by key, each key in windows of its own.
#[derive(Debug)]
pub struct RateLimiter<K> {
    limit: RateLimit,
    windows: Mutex<HashMap<K, Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Instant,
    used: u32,
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
    reset: u64,
}

impl<K: std::hash::Hash + Eq> RateLimiter<K> {
    /// Counts up to this limit.
    pub fn new(limit: RateLimit) -> Self {
        Self {
            limit,
            windows: Mutex::default(),
        }
    }

    /// Counts one request of this key.
    pub fn take(&self, key: K, now: Instant) -> Allowance {
        let RateLimit {
            requests,
            window: length,
        } = self.limit;
        // A count is whole at any moment, so a panic elsewhere spoils nothing.
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= KEPT && !windows.contains_key(&key) {
            windows.retain(|_, window| now.duration_since(window.began) < length);
        }
        let window = windows.entry(key).or_insert(Window {
            began: now,
            used: 0,
        });
        if now.duration_since(window.began) >= length {
            *window = Window {
                began: now,
                used: 0,
            };
        }
        let granted = window.used < requests;
        window.used += u32::from(granted);
        let left = length.saturating_sub(now.duration_since(window.began));
        Allowance {
            granted,
            limit: requests,
            remaining: requests - window.used,
            reset: whole_seconds(left),
        }
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

impl Allowance {
    /// After how many seconds the window is over.
    pub fn reset(&self) -> u64 {
        self.reset
    }

    /// What is left, as it is shown.
    pub fn json(&self) -> AllowanceJson {
        AllowanceJson {
            limit: self.limit,
            remaining: self.remaining,
            reset: self.reset,
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
        headers.insert(RESET, HeaderValue::from(self.reset));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_window_and_gets_a_new_one() {
        let limiter = RateLimiter::new("2/10s".parse().unwrap());
        let start = Instant::now();
        let take = |key, after| {
            let allowance = limiter.take(key, start + Duration::from_millis(after));
            (allowance.granted, allowance.remaining, allowance.reset)
        };
        assert_eq!(take("a", 0), (true, 1, 10));
        assert_eq!(take("a", 4500), (true, 0, 6));
        assert_eq!(take("a", 9999), (false, 0, 1));
        assert_eq!(take("b", 9999), (true, 1, 10));
        assert_eq!(take("a", 10_000), (true, 1, 10));
    }

    #[test]
    fn windows_that_are_over_are_forgotten() {
        let limiter = RateLimiter::new("1/1s".parse().unwrap());
        let start = Instant::now();
        for key in 0..KEPT {
            limiter.take(key, start);
        }
        limiter.take(KEPT, start + Duration::from_secs(1));
        assert_eq!(limiter.windows.lock().unwrap().len(), 1);
    }
}
