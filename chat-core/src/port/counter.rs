//! Live counts and rate windows, outside the Store.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::BackendError;

type Result<T> = std::result::Result<T, BackendError>;

/// A count with the version of what it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// The count.
    pub value: u64,
    /// Grows with every change of what is counted.
    pub version: u64,
}

/// A rate window as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The sum of what was added to it.
    pub sum: u64,
    /// The time until it ends, in whole milliseconds, rounded up: whoever waits that long finds it
    /// over.
    pub left: Duration,
}

/// Counts by key, readable without the Store. Derived: losing them loses nothing.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Counter: Send + Sync + 'static {
    /// Adds `amount` to the window of this key. The first addition opens a window of `seconds`; the
    /// first one after its end opens the next. Concurrent additions are all counted, and each sees
    /// another sum. Adding nothing to no window opens none. Windows and counts share no keys. When room runs out, windows may be forgotten
    /// before their end.
    async fn add(&self, key: &str, amount: u64, seconds: u32) -> Result<Window>;

    /// Sets a count. It is ignored unless its version is above the stored one's, so that two feeders
    /// cannot make it drift.
    async fn set(&self, key: &str, count: Count) -> Result<()>;

    /// The count; `None` when it is unknown.
    async fn get(&self, key: &str) -> Result<Option<Count>>;

    /// Forgets a count; afterwards one of any version can be set.
    async fn remove(&self, key: &str) -> Result<()>;
}
