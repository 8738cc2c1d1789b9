use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::error::BackendError;
use crate::port::{Count, Counter};

/// Counts in memory. Windows that are over are dropped with the next addition.
#[derive(Debug, Default)]
pub struct MemoryCounter(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    counts: HashMap<String, Count>,
    windows: HashMap<String, Window>,
    ends: BinaryHeap<Reverse<(Instant, String)>>,
}

#[derive(Debug)]
struct Window {
    amount: u64,
    end: Instant,
}

impl MemoryCounter {
    /// A counter that knows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Every window stands in `ends` exactly once, so this drops all that are over.
    fn drop_over(&mut self, now: Instant) {
        while let Some(Reverse((end, _))) = self.ends.peek()
            && *end <= now
        {
            if let Some(Reverse((_, key))) = self.ends.pop() {
                self.windows.remove(&key);
            }
        }
    }

    fn add(&mut self, key: &str, amount: u64, seconds: u32) -> (u64, u64) {
        let now = Instant::now();
        self.drop_over(now);
        if let Some(window) = self.windows.get_mut(key) {
            window.amount = window.amount.saturating_add(amount);
            return (window.amount, millis(window.end - now));
        }
        let end = now + Duration::from_secs(seconds.into());
        self.windows.insert(key.to_owned(), Window { amount, end });
        self.ends.push(Reverse((end, key.to_owned())));
        (amount, millis(end - now))
    }
}

/// Rounded up, so that who waits so long finds the window over.
fn millis(left: Duration) -> u64 {
    u64::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[async_trait]
impl Counter for MemoryCounter {
    async fn add(&self, key: &str, amount: u64, seconds: u32) -> Result<(u64, u64), BackendError> {
        Ok(self.state().add(key, amount, seconds))
    }

    async fn set(&self, key: &str, count: Count) -> Result<(), BackendError> {
        let mut state = self.state();
        match state.counts.get_mut(key) {
            Some(known) if known.version >= count.version => {}
            Some(known) => *known = count,
            None => {
                state.counts.insert(key.to_owned(), count);
            }
        }
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Option<Count>, BackendError> {
        Ok(self.state().counts.get(key).copied())
    }

    async fn remove(&self, key: &str) -> Result<(), BackendError> {
        self.state().counts.remove(key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn windows_that_are_over_take_no_memory() {
        let counter = MemoryCounter::new();
        for caller in 0..100 {
            counter
                .add(&format!("caller-{caller}"), 1, 60)
                .await
                .unwrap();
        }
        tokio::time::advance(Duration::from_secs(60)).await;
        counter.add("another", 1, 60).await.unwrap();
        let state = counter.state();
        assert_eq!((state.windows.len(), state.ends.len()), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_ends_so_long_after_its_first_addition() {
        let counter = MemoryCounter::new();
        assert_eq!(counter.add("key", 2, 10).await.unwrap(), (2, 10_000));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(counter.add("key", 3, 10).await.unwrap(), (5, 6_000));
        tokio::time::advance(Duration::from_secs(6)).await;
        assert_eq!(counter.add("key", 1, 10).await.unwrap(), (1, 10_000));
    }
}
