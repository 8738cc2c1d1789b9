use std::sync::Arc;

use crate::clock::Timestamp;
use crate::cursor::Cursor;
use crate::ids::{ChatNumber, MessageNumber, UserNumber};
use crate::model::ChatView;

use super::{Batch, Shared};

/// What a listener is told.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum News {
    /// What happened in a chat: each batch begins where the one before it ended, on this listener.
    Batch(Arc<Shared<Batch>>),
    /// The user takes part in a chat that the listener does not follow yet. It follows it from now on.
    Joined(Arc<Joined>),
    /// The cursor to follow this chat from is of no use here: take a snapshot. What happens after this other cursor is told.
    Reset(Cursor),
    /// The chat is not, or no more, one to follow: it is deleted, or the user left it. Nothing of it is told any more.
    Removed(ChatNumber),
    /// All that was missed in the chats of one [`follow`](super::Listener::follow) was told before this.
    CaughtUp,
    /// Somebody writes in a chat.
    Typing(Arc<Shared<Typing>>),
    /// The user has received or read more of a chat, elsewhere: told where marks are no part of what happened, as in chats with more
    /// than a hundred members. It may be lost.
    Marked(Arc<Shared<Marked>>),
    /// Whether somebody who is [watched](super::Listener::watch) is there: when that changes, and once at first. It comes after
    /// everything else that waits, and of each user only the latest.
    Presence(Arc<Shared<Sighting>>),
    /// It is over: nothing else is told.
    Bye(Bye),
}

/// A chat that the user takes part in since a moment ago, or that the listener did not know of.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The chat.
    pub chat: ChatView,
    /// What happens after this cursor is told. When the user comes back, it is where this listener had come to; else take a snapshot.
    pub from: Cursor,
}

/// Somebody writes in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Typing {
    /// The chat.
    pub chat: ChatNumber,
    /// Who.
    pub user: UserNumber,
}

/// Whether a user is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// Who.
    pub user: UserNumber,
    /// Whether he is connected, anywhere, or was a moment ago.
    pub online: bool,
    /// When he was last seen, to a minute for one who left and to five for one who is there; `None` if he never was.
    pub last_seen_at: Option<Timestamp>,
}

/// How far a user has received and read a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    /// The chat.
    pub chat: ChatNumber,
    /// Everything up to this message was received.
    pub delivered: MessageNumber,
    /// Everything up to this message was read.
    pub read: MessageNumber,
}

/// Why it is over for a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bye {
    /// It took too long to take what waits for it. Come back and go on from the cursors.
    Slow,
    /// The session has ended or expired, or the user is deleted.
    SignedOut,
    /// The application is deleted.
    Closed,
    /// This node stops. Come back, to another one, and go on from the cursors.
    Stopping,
}

impl Bye {
    /// Whether whoever was connected should come back.
    #[must_use]
    pub const fn resumes(self) -> bool {
        matches!(self, Self::Slow | Self::Stopping)
    }
}
