use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{
    ApplicationId, Change, ChatId, ChatNumber, ChatUuid, Head, MessageNumber, UserNumber,
};

/// Who takes part in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ChatKind {
    /// Whoever holds the application's token.
    Open,
    /// Two users; each two have one such chat.
    Direct,
    /// Its members.
    Group,
}

impl ChatKind {
    /// The kind as APIs and stores write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Direct => "direct",
            Self::Group => "group",
        }
    }

    /// The kind that [`ChatKind::as_str`] writes so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Direct, Self::Group]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// The two users of a direct chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pair {
    /// The one with the lower number.
    pub low: UserNumber,
    /// The other one.
    pub high: UserNumber,
}

impl Pair {
    /// These two; `None` when they are one.
    #[must_use]
    pub fn of(one: UserNumber, other: UserNumber) -> Option<Self> {
        let (low, high) = (one.min(other), one.max(other));
        (low != high).then_some(Self { low, high })
    }
}

/// A direct chat: whose it is, and what else it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Direct {
    /// Whose it is.
    pub pair: Pair,
    /// What else it is called.
    pub uuid: ChatUuid,
}

/// A chat as it stands: its counters, not its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatInfo {
    /// Its row id.
    pub id: ChatId,
    /// The application it is in.
    pub application: ApplicationId,
    /// Its number in the application.
    pub number: ChatNumber,
    /// Who takes part.
    pub kind: ChatKind,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Whose it is, when it is a direct one.
    pub direct: Option<Direct>,
    /// How many members it has. Exact.
    pub members_count: u64,
    /// The last number and the last change.
    pub head: Head,
    /// The change that last touched the chat itself (its name).
    pub own_change: Change,
    /// Numbers below it were removed by retention.
    pub floor: MessageNumber,
    /// How many messages exist, deleted ones not counted. Exact.
    pub messages_count: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When something last happened in it.
    pub updated_at: Timestamp,
    /// When something was last posted in it, or else when it was created: lists of chats have the latest first.
    pub active_at: Timestamp,
}

/// In a larger chat nobody is told what others have received and read.
pub(crate) const MARKS_TOLD_UP_TO: u64 = 100;

impl ChatInfo {
    /// Whether its members are told what others have received and read: in a chat of up to a hundred.
    #[must_use]
    pub const fn tells_marks(&self) -> bool {
        self.members_count <= MARKS_TOLD_UP_TO
    }
}
