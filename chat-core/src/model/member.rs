use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{Change, MessageNumber, UserNumber};

/// What a member may do in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything a member may, and say who takes part, rename the chat, delete any message.
    Owner,
    /// Read, post, edit and delete what it posted.
    Member,
    /// Read.
    Reader,
}

impl Role {
    /// The role as APIs and stores write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
            Self::Reader => "reader",
        }
    }

    /// The role that [`Role::as_str`] writes so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Owner, Self::Member, Self::Reader]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// Somebody who takes part in a chat, or did, or only posted there; and what it has received and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Which user.
    pub user: UserNumber,
    /// What it may do.
    pub role: Role,
    /// Whether it wants to be left alone by this chat.
    pub muted: bool,
    /// When it came, the last time.
    pub joined_at: Timestamp,
    /// When it left or was removed, if it is not there any more; or posted in an open chat, where nobody is a member.
    pub left_at: Option<Timestamp>,
    /// Whether the user was deleted and those who follow the chat were told: what it posted has no sender any more.
    pub gone: bool,
    /// The change that last touched its membership; 0 when it was there from the start.
    pub own_change: Change,
    /// The change that last touched its marks; 0 when none did.
    pub mark_change: Change,
    /// It has received everything up to this message.
    pub delivered: MessageNumber,
    /// It has read everything up to this message.
    pub read: MessageNumber,
    /// The chat stays out of its list until there is a message above this one.
    pub hidden: Option<MessageNumber>,
    /// None of the messages above this one is its own. So what is unread there is counted without looking at each.
    pub posted: MessageNumber,
}

impl Member {
    /// Whether it takes part now.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        self.left_at.is_none()
    }

    /// The change that last touched it in any way: what it is found by in the feed.
    #[must_use]
    pub fn change(&self) -> Change {
        self.own_change.max(self.mark_change)
    }
}
