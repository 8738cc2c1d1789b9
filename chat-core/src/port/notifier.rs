//! Tells users who are not connected that something waits for them.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::BackendError;
use crate::ids::{ChatNumber, MessageNumber, PublicId, UserNumber};

type Result<T> = std::result::Result<T, BackendError>;

/// Somebody has not read a message and is not there to be told of it. It names the message and does not hold it: a text stays where
/// it is until somebody who may read it asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Notification {
    /// In which application.
    pub application: PublicId,
    /// Who is told.
    pub user: UserNumber,
    /// In which chat the message is.
    pub chat: ChatNumber,
    /// The latest message of somebody else; there may be more that are not read.
    pub message: MessageNumber,
    /// Who posted it; `None` when the application did, or a user who is deleted by now.
    pub author: Option<UserNumber>,
    /// When it was posted.
    pub at: Timestamp,
}

/// Takes notifications to where devices are reached. It keeps nothing: what it does not take is asked of it again.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Notifier: Send + Sync + 'static {
    /// Hands over these notifications, at least one and at most a hundred, in their order, and returns once whoever is behind has taken
    /// them over. A call that fails may have handed over some or all of them; the same ones are given again, possibly among others,
    /// so whoever is behind drops what he knows: two of them are the same when application, user, chat and message are. Of one user
    /// and chat a later message is given later.
    ///
    /// # Errors
    /// `Unavailable` whenever they were not taken, whatever the reason: nothing that is refused now is refused for ever.
    async fn notify(&self, notifications: &[Notification]) -> Result<()>;
}
