//! The Bus tells every node that a chat moved. It may lose, double and reorder: readers fill gaps
//! from the Store.

use async_trait::async_trait;
use tokio::sync::broadcast;

use crate::error::BackendError;
use crate::ids::{ApplicationId, ChatId, ChatNumber, Head, MessageNumber, OperationId, UserNumber};

/// What a subscriber receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A chat moved up to this head.
    Moved {
        /// The application.
        application: ApplicationId,
        /// The chat.
        chat: ChatId,
        /// Its head, or a later one.
        to: Head,
    },
    /// An application was deleted.
    Closed(ApplicationId),
    /// An operation is committed or refused: the Store knows what became of it.
    Settled(OperationId),
    /// Where a user is logged in, what it takes part in, or whether it exists at all is another than before.
    Person {
        /// The application.
        application: ApplicationId,
        /// The user.
        user: UserNumber,
    },
    /// A user writes in a chat.
    Typing {
        /// The chat.
        chat: ChatId,
        /// The user.
        user: UserNumber,
    },
    /// A user may have come, or be gone: [`Presence`](super::Presence) knows.
    Presence {
        /// The application.
        application: ApplicationId,
        /// The user.
        user: UserNumber,
    },
    /// A user has received or read more of a chat in which nobody else is told.
    Marked {
        /// The application.
        application: ApplicationId,
        /// The chat.
        chat: ChatNumber,
        /// The user.
        user: UserNumber,
        /// Everything up to this message was received.
        delivered: MessageNumber,
        /// Everything up to this message was read.
        read: MessageNumber,
    },
    /// Something may have been missed: look at the Store.
    Gap,
}

/// A bounded queue of events. A reader that is too slow loses the oldest and gets an [`Event::Gap`]
/// in their place.
#[derive(Debug)]
pub struct Subscription(pub broadcast::Receiver<Event>);

impl Subscription {
    /// The next event; `None` once the bus is gone.
    pub async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Event::Gap),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// Carries events between nodes.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Sends events to all subscribers, without waiting for any of them.
    async fn publish(&self, events: &[Event]) -> Result<(), BackendError>;

    /// Receives what is published from now on.
    async fn subscribe(&self) -> Result<Subscription, BackendError>;
}
