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

/// A stretch of time in which something is counted, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The sum of what was added to it.
    pub sum: u64,
    /// How long it goes on, whole milliseconds; rounded up, so that who waits so long finds it over.
    pub left: Duration,
}

/// Counts by key, readable without the Store. Derived: losing them loses nothing.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Counter: Send + Sync + 'static {
    /// Adds to a window, which ends `seconds` after its first addition; a new one begins with the
    /// first addition behind that. Additions at once are all counted, and each sees another sum.
    /// Windows and counts share no keys. When there is no room, windows may be forgotten before
    /// their end.
    async fn add(&self, key: &str, amount: u64, seconds: u32) -> Result<Window>;

    /// Sets a count; one with a version that is not above the stored one is ignored, so that two
    /// feeders cannot make it drift.
    async fn set(&self, key: &str, count: Count) -> Result<()>;

    /// The count, if it is known.
    async fn get(&self, key: &str) -> Result<Option<Count>>;

    /// Forgets a count.
    async fn remove(&self, key: &str) -> Result<()>;
}
