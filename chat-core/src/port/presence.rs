//! Who is there now: leases that end by themselves.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::error::BackendError;

type Result<T> = std::result::Result<T, BackendError>;

/// Keeps who is there, each at any number of places (a socket, a device). Derived: losing it loses
/// nothing, because whoever is still there says so again. Leases are measured by the backend's own
/// clock, in whole milliseconds: the clocks of the nodes need not agree.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Presence: Send + Sync + 'static {
    /// Each of `who` is at this place for so long from now. It replaces the lease of the same place, also by a
    /// shorter one: a last touch gives whoever went away a time of grace. A lease of zero is over at
    /// once. Each touch is by itself: when it fails, some may be touched.
    async fn touch(&self, who: &[String], place: Uuid, lease: Duration) -> Result<()>;

    /// Ends the lease of one place; where there is none, nothing happens.
    async fn leave(&self, who: &str, place: Uuid) -> Result<()>;

    /// Of each of these, in their order, whether they are anywhere. It is right for each one by itself
    /// at some moment of the call; it is not one moment for all.
    async fn of(&self, who: &[String]) -> Result<Vec<bool>>;
}
