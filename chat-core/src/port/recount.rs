//! Counting again what is kept as a count. [`recount`](crate::recount::recount) does it for every store.

use async_trait::async_trait;

use crate::error::BackendError;
use crate::ids::{ApplicationId, ChatId, ChatNumber, Head, MessageNumber};
use crate::page::Limit;

type Result<T> = std::result::Result<T, BackendError>;

/// How many stored counts differed from what they count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drift {
    /// Chats whose count of messages was repaired.
    pub chats: u64,
    /// Applications whose count of chats was repaired.
    pub applications: u64,
}

/// How many messages a chat says it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatCount {
    /// The chat.
    pub chat: ChatId,
    /// Its head.
    pub head: Head,
    /// Numbers below it were removed.
    pub floor: MessageNumber,
    /// The count.
    pub live: u64,
}

impl ChatCount {
    /// Whether from `self` to `later` the chat was posted to, and nothing else happened: no message that `self` counts was
    /// deleted or removed, and the count was not repaired.
    #[must_use]
    pub const fn was_only_posted_to(&self, later: &Self) -> bool {
        let changed = self.head.change.0 != later.head.change.0 || self.floor.0 != later.floor.0;
        !changed && self.live + later.head.number.0 == later.live + self.head.number.0
    }
}

/// How many chats an application says it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApplicationCount {
    /// The application.
    pub application: ApplicationId,
    /// The number of its last chat.
    pub last: ChatNumber,
    /// The count.
    pub live: u64,
}

impl ApplicationCount {
    /// Whether from `self` to `later` chats were made, and nothing else happened: none was deleted, and the count was not repaired.
    #[must_use]
    pub const fn only_grew(&self, later: &Self) -> bool {
        self.live + later.last.0 == later.live + self.last.0
    }
}

/// What a count counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// The messages of a chat.
    Messages(ChatId),
    /// The chats of an application.
    Chats(ApplicationId),
}

/// The numbers `from` through `to` of what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// What is counted.
    pub of: Counted,
    /// The first number.
    pub from: u64,
    /// The last number.
    pub to: u64,
}

/// Counts again. The rules are in [`recount`](crate::recount::recount); a store looks, counts and repairs.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Recount: Send + Sync + 'static {
    /// The stored counts of up to `limit` chats with row ids above `after`, ascending; chats that are deleted, or whose
    /// application is, are left out.
    async fn chat_counts(&self, after: ChatId, limit: Limit) -> Result<Vec<ChatCount>>;

    /// The stored counts of up to `limit` applications with row ids above `after`, ascending; deleted ones are left out.
    async fn application_counts(
        &self,
        after: ApplicationId,
        limit: Limit,
    ) -> Result<Vec<ApplicationCount>>;

    /// How many in each of these pieces are not deleted. Each piece is counted in one state, all of them together need not be. The
    /// cost depends on the numbers in the pieces: the caller bounds them.
    async fn count(&self, pieces: &[Piece]) -> Result<Vec<u64>>;

    /// Repairs the count of a chat that had `seen` and turned out to have `live` messages then: adds the difference, if the chat
    /// [was only posted to](ChatCount::was_only_posted_to) since; whether it did. A second repair by the same finding does nothing,
    /// so this may be done twice.
    async fn repair_chat(&self, seen: &ChatCount, live: u64) -> Result<bool>;

    /// Counts the chats of an application while none is made or deleted, and repairs its count; whether it was wrong. It holds up
    /// those who make and delete chats there, so it is for a count that is likely wrong. A deleted application is left alone.
    async fn repair_application(&self, application: ApplicationId) -> Result<bool>;
}
