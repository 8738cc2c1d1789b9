use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::error::BackendError;
use crate::port::{Count, Counter, Window};

/// So many windows are kept at once.
const WINDOWS: usize = 1 << 16;

/// Counts in memory. Windows that are over are dropped with the next addition; where there are too
/// many, so is the one that ends next.
#[derive(Debug, Default)]
pub struct MemoryCounter(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    counts: HashMap<String, Count>,
    windows: HashMap<String, Sum>,
    ends: BinaryHeap<Reverse<(Instant, String)>>,
}

#[derive(Debug)]
struct Sum {
    sum: u64,
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
    /// Every window stands in `ends` exactly once, so this drops all that are over, and makes room.
    fn drop_over(&mut self, now: Instant) {
        while let Some(Reverse((end, _))) = self.ends.peek()
            && (*end <= now || self.ends.len() > WINDOWS)
        {
            if let Some(Reverse((_, key))) = self.ends.pop() {
                self.windows.remove(&key);
            }
        }
    }

    fn add(&mut self, key: &str, amount: u64, seconds: u32) -> Window {
        let now = Instant::now();
        self.drop_over(now);
        if let Some(window) = self.windows.get_mut(key) {
            window.sum = window.sum.saturating_add(amount);
            return Window {
                sum: window.sum,
                left: whole_millis(window.end - now),
            };
        }
        let length = Duration::from_secs(seconds.into());
        if amount == 0 {
            return Window {
                sum: 0,
                left: length,
            };
        }
        let (sum, end) = (amount, now + length);
        self.windows.insert(key.to_owned(), Sum { sum, end });
        self.ends.push(Reverse((end, key.to_owned())));
        Window { sum, left: length }
    }
}

fn whole_millis(left: Duration) -> Duration {
    let millis = left.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

#[async_trait]
impl Counter for MemoryCounter {
    async fn add(&self, key: &str, amount: u64, seconds: u32) -> Result<Window, BackendError> {
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
    async fn where_there_is_no_room_the_window_that_ends_next_goes() {
        let counter = MemoryCounter::new();
        counter.add("ends next", 1, 59).await.unwrap();
        for caller in 0..=WINDOWS {
            counter
                .add(&format!("caller-{caller}"), 1, 60)
                .await
                .unwrap();
        }
        assert!(counter.state().windows.len() <= WINDOWS + 1);
        assert_eq!(counter.add("ends next", 1, 60).await.unwrap().sum, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_ends_so_long_after_its_first_addition() {
        let counter = MemoryCounter::new();
        let window = async |amount| {
            let window = counter.add("key", amount, 10).await.unwrap();
            (window.sum, window.left.as_millis())
        };
        assert_eq!(window(2).await, (2, 10_000));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(window(3).await, (5, 6_000));
        tokio::time::advance(Duration::from_secs(6)).await;
        assert_eq!(window(1).await, (1, 10_000));
    }
}
