use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{ApplicationId, Change, ChatId, ChatNumber, Head, MessageNumber};

/// Who takes part in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ChatKind {
    /// Whoever holds the application's token.
    Open,
}

impl ChatKind {
    /// The kind as APIs and stores write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
        }
    }

    /// The kind that [`ChatKind::as_str`] writes so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text == "open").then_some(Self::Open)
    }
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
}
