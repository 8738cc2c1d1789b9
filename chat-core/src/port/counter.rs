//! Live counts and rate windows, outside the Store.

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

/// Counts by key, readable without the Store. Derived: losing them loses nothing.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Counter: Send + Sync + 'static {
    /// Adds to the count of a window that ends `seconds` after its first addition, and says what
    /// it holds now and how many milliseconds remain of it.
    async fn add(&self, key: &str, amount: u64, seconds: u32) -> Result<(u64, u64)>;

    /// Sets a count; one with a version that is not above the stored one is ignored, so that two
    /// feeders cannot make it drift.
    async fn set(&self, key: &str, count: Count) -> Result<()>;

    /// The count, if it is known.
    async fn get(&self, key: &str) -> Result<Option<Count>>;

    /// Forgets a count.
    async fn remove(&self, key: &str) -> Result<()>;
}
