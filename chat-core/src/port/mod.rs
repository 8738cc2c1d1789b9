//! The only things the core asks of the world.
//!
//! Every method is one atomic unit. What the rules refuse is an
//! [`Outcome`](crate::commit::Outcome); an error is what a backend could not do; a look-up that finds
//! nothing answers `None`.
//!
//! Any method may fail with [`Unavailable`](crate::error::ErrorKind::Unavailable) (down, full,
//! read-only, timed out: it may work later) or [`Internal`](crate::error::ErrorKind::Internal) (a
//! fault: damaged data, a bug). A method's own documentation names the kinds that it has besides.

mod bus;
mod counter;
mod notifier;
mod people;
mod presence;
mod queue;
mod recount;
mod search;
mod store;
mod transfer;

use std::sync::Arc;

pub use bus::{Bus, Event, Subscription};
pub use counter::{Count, Counter, Window};
pub use notifier::{Notification, Notifier};
pub use people::{
    Activity, Company, MAX_UNREAD, Members, Membership, Newcomer, Opened, OwnChat, SEEN_AGAIN,
    Sessions, Thread, Users,
};
pub use presence::Presence;
pub use queue::{
    Blame, DeadLetter, DeadLetters, Delivery, Depth, Held, Job, Pull, Queue, QueueLimits, Receipt,
};
pub use recount::{ApplicationCount, ChatCount, Counted, Drift, Piece, Recount};
pub use search::{Document, Hit, Order, Search, SearchQuery, SearchScope};
pub use store::{
    Applications, ChangedRows, Changes, Chats, Commit, Committed, Dirty, History, Moved, Outbox,
    Progress, Settled, Store, Upkeep,
};
pub use transfer::{
    MemberRow, MessageRow, OperationRow, Part, Place, RangeRow, RequestRow, Rows, Standing,
    Transfer, UserRow,
};

#[cfg(any(test, feature = "mock"))]
pub use bus::MockBus;
#[cfg(any(test, feature = "mock"))]
pub use counter::MockCounter;
#[cfg(any(test, feature = "mock"))]
pub use notifier::MockNotifier;
#[cfg(any(test, feature = "mock"))]
pub use people::{MockMembers, MockSessions, MockUsers};
#[cfg(any(test, feature = "mock"))]
pub use presence::MockPresence;
#[cfg(any(test, feature = "mock"))]
pub use queue::{MockDeadLetters, MockQueue};
#[cfg(any(test, feature = "mock"))]
pub use recount::MockRecount;
#[cfg(any(test, feature = "mock"))]
pub use search::MockSearch;
#[cfg(any(test, feature = "mock"))]
pub use store::{MockApplications, MockChats, MockCommit, MockHistory, MockOutbox, MockUpkeep};
#[cfg(any(test, feature = "mock"))]
pub use transfer::MockTransfer;

/// A store, one field per port, so that a test can replace any one of them with a double.
#[derive(Clone)]
pub struct Stores {
    /// See [`Applications`].
    pub applications: Arc<dyn Applications>,
    /// See [`Commit`].
    pub commit: Arc<dyn Commit>,
    /// See [`Chats`].
    pub chats: Arc<dyn Chats>,
    /// See [`History`].
    pub history: Arc<dyn History>,
    /// See [`Users`].
    pub users: Arc<dyn Users>,
    /// See [`Sessions`].
    pub sessions: Arc<dyn Sessions>,
    /// See [`Members`].
    pub members: Arc<dyn Members>,
    /// See [`Outbox`].
    pub outbox: Arc<dyn Outbox>,
    /// See [`Upkeep`].
    pub upkeep: Arc<dyn Upkeep>,
    /// See [`Recount`].
    pub recount: Arc<dyn Recount>,
}

impl From<Arc<dyn Store>> for Stores {
    fn from(store: Arc<dyn Store>) -> Self {
        Self {
            applications: store.clone(),
            commit: store.clone(),
            chats: store.clone(),
            history: store.clone(),
            users: store.clone(),
            sessions: store.clone(),
            members: store.clone(),
            outbox: store.clone(),
            upkeep: store.clone(),
            recount: store,
        }
    }
}
