//! Moving a whole store into another one. No row id leaves its store: rows name the application they are in by its public id, and the
//! chat by its number.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::commit::{
    ApplicationState, ChatState, ImportWrite, KeyHash, Operation, Outcome, Remembered,
    RequestWrite, SourceHash,
};
use crate::error::BackendError;
use crate::ids::{
    ApplicationId, ChatId, ChatNumber, Epoch, MessageNumber, OperationId, PublicId, TokenHash,
    UserNumber,
};
use crate::model::{DeviceKey, Member, Message, Session, User};
use crate::page::Limit;

type Result<T> = std::result::Result<T, BackendError>;

/// How far a transfer came in its source: behind this row. The kinds of rows follow each other in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Among the applications, in the order of their rows.
    Applications(ApplicationId),
    /// Among the users of all applications, in the order of the applications' rows, then by number.
    Users(ApplicationId, UserNumber),
    /// Among the sessions, by the hash of their tokens.
    Sessions(TokenHash),
    /// Among the chats of all applications, in the order of their rows.
    Chats(ChatId),
    /// Among the members of all chats, in the order of the chats' rows, then by user.
    Members(ChatId, UserNumber),
    /// Among the ranges of single messages that were read, in the order of the chats' rows, then by user and first message.
    Ranges(ChatId, UserNumber, MessageNumber),
    /// Among the messages of all chats, in the order of the chats' rows, then by number.
    Messages(ChatId, MessageNumber),
    /// Among the remembered keys, in the order of the applications' rows, then by key.
    Requests(ApplicationId, KeyHash),
    /// Among the recorded operations, by id.
    Operations(OperationId),
    /// Among the sources that were imported, by hash.
    Imports(SourceHash),
    /// Before the last integer id of a message.
    LastMessageId,
    /// Behind everything.
    End,
}

impl Place {
    /// Before everything.
    pub const START: Self = Self::Applications(ApplicationId::ROOT);

    /// Before the first row of the next kind.
    #[must_use]
    pub const fn next_kind(self) -> Self {
        match self {
            Self::Applications(_) => Self::Users(ApplicationId::ROOT, UserNumber::ZERO),
            Self::Users(..) => Self::Sessions(TokenHash([0; 32])),
            Self::Sessions(_) => Self::Chats(ChatId(0)),
            Self::Chats(_) => Self::Members(ChatId(0), UserNumber::ZERO),
            Self::Members(..) => Self::Ranges(ChatId(0), UserNumber::ZERO, MessageNumber::ZERO),
            Self::Ranges(..) => Self::Messages(ChatId(0), MessageNumber::ZERO),
            Self::Messages(..) => Self::Requests(ApplicationId(-1), KeyHash([0; 32])),
            Self::Requests(..) => Self::Operations(OperationId(uuid::Uuid::nil())),
            Self::Operations(_) => Self::Imports(SourceHash([0; 32])),
            Self::Imports(_) => Self::LastMessageId,
            Self::LastMessageId | Self::End => Self::End,
        }
    }
}

/// A key that is remembered.
#[derive(Debug, Clone)]
pub struct RequestRow {
    /// In which application; `None`: in none.
    pub application: Option<PublicId>,
    /// The key.
    pub key: KeyHash,
    /// What it stands for.
    pub remembered: Remembered,
    /// Since when.
    pub at: Timestamp,
}

impl RequestRow {
    /// The key as it is written in the application with this row id.
    #[must_use]
    pub fn write_in(&self, application: ApplicationId) -> RequestWrite {
        RequestWrite {
            application,
            key: self.key,
            fingerprint: self.remembered.fingerprint,
            done: self.remembered.done.clone(),
            at: self.at,
        }
    }
}

/// An operation that is recorded.
#[derive(Debug, Clone)]
pub struct OperationRow {
    /// In which application; `None`: in none that exists.
    pub application: Option<PublicId>,
    /// The operation.
    pub id: OperationId,
    /// What became of it.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
}

impl OperationRow {
    /// The operation as it is recorded in the application with this row id.
    #[must_use]
    pub fn operation_in(&self, application: ApplicationId) -> Operation {
        Operation {
            id: self.id,
            application,
            outcome: self.outcome.clone(),
            at: self.at,
        }
    }
}

/// A user with where it belongs.
#[derive(Debug, Clone)]
pub struct UserRow {
    /// In which application.
    pub application: PublicId,
    /// The user, deleted or not.
    pub user: User,
    /// When it was last seen.
    pub seen_at: Option<Timestamp>,
    /// The keys that it gave out for its devices, ascending by device.
    pub keys: Vec<DeviceKey>,
}

/// A message with where it belongs.
#[derive(Debug, Clone)]
pub struct MessageRow {
    /// In which application.
    pub application: PublicId,
    /// In which chat of it.
    pub chat: ChatNumber,
    /// The message or its tombstone; one with a change above 0 is touched by it, one with an integer id is found by it.
    pub message: Message,
}

/// A member with where it belongs.
#[derive(Debug, Clone)]
pub struct MemberRow {
    /// In which application.
    pub application: PublicId,
    /// In which chat of it.
    pub chat: ChatNumber,
    /// The member, or one who left.
    pub member: Member,
}

/// What a member has read above its mark.
#[derive(Debug, Clone, Copy)]
pub struct RangeRow {
    /// In which application.
    pub application: PublicId,
    /// In which chat of it.
    pub chat: ChatNumber,
    /// Which member.
    pub user: UserNumber,
    /// The first message.
    pub low: MessageNumber,
    /// The last one.
    pub high: MessageNumber,
}

/// Rows of one kind, deleted ones included. A [`ChatState`] has no row id here, and a [`Session`] that of no application.
#[derive(Debug, Clone)]
pub enum Rows {
    /// Applications.
    Applications(Vec<ApplicationState>),
    /// Users.
    Users(Vec<UserRow>),
    /// Sessions, each with its application; in the row itself stands [`ApplicationId::ROOT`].
    Sessions(Vec<(PublicId, Session)>),
    /// Chats, each with its application.
    Chats(Vec<(PublicId, ChatState)>),
    /// Members.
    Members(Vec<MemberRow>),
    /// What members have read above their marks.
    Ranges(Vec<RangeRow>),
    /// Messages.
    Messages(Vec<MessageRow>),
    /// Remembered keys.
    Requests(Vec<RequestRow>),
    /// Recorded operations.
    Operations(Vec<OperationRow>),
    /// How far sources were imported.
    Imports(Vec<ImportWrite>),
    /// The highest integer id that any message had; 0 when none had one.
    LastMessageId(u64),
}

impl Rows {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Applications(rows) => rows.len(),
            Self::Users(rows) => rows.len(),
            Self::Sessions(rows) => rows.len(),
            Self::Chats(rows) => rows.len(),
            Self::Members(rows) => rows.len(),
            Self::Ranges(rows) => rows.len(),
            Self::Messages(rows) => rows.len(),
            Self::Requests(rows) => rows.len(),
            Self::Operations(rows) => rows.len(),
            Self::Imports(rows) => rows.len(),
            Self::LastMessageId(_) => 1,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What lies between two places of a source.
#[derive(Debug, Clone)]
pub struct Part {
    /// Behind where.
    pub from: Place,
    /// The rows.
    pub rows: Rows,
    /// Up to where.
    pub to: Place,
}

impl Part {
    /// The part behind `from`, of rows that were fetched with `limit`, each with its own place. When there are fewer, it leads up to
    /// the next kind.
    #[must_use]
    pub fn of<T>(
        from: Place,
        found: Vec<(Place, T)>,
        limit: Limit,
        kind: fn(Vec<T>) -> Rows,
    ) -> Self {
        let to = match found.last() {
            Some((last, _)) if found.len() == limit.get() => *last,
            _ => from.next_kind(),
        };
        let rows = kind(found.into_iter().map(|(_, row)| row).collect());
        Self { from, rows, to }
    }
}

/// What a store is to a transfer that wants to go into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It holds nothing.
    Empty,
    /// It holds what was written by other means, or by a transfer that came to its end.
    Used,
    /// A transfer began and did not come to its end.
    Unfinished {
        /// The epoch of the store that it is from.
        source: Epoch,
        /// How far it came.
        place: Place,
    },
}

/// Gives all that a store holds, and takes it in. Meanwhile nobody else may write either of the two. What is derived is left out:
/// the rows of [`Outbox`](super::Outbox), which a store with an epoch of its own makes superfluous, since every index is then built
/// anew.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Transfer: Send + Sync + 'static {
    /// What the store is to a transfer that wants to go into it.
    async fn standing(&self) -> Result<Standing>;

    /// Up to `limit` rows of one kind behind a place, in the order of [`Place`]. The part leads to the next kind when no rows of this
    /// one are left; at [`Place::End`] it is empty and leads nowhere.
    async fn read(&self, from: Place, limit: Limit) -> Result<Part>;

    /// Begins a transfer from the store with this epoch; one that began from there already goes on. Answers where to go on.
    ///
    /// # Errors
    /// `Conflict`: the store holds something else.
    async fn begin(&self, source: Epoch) -> Result<Place>;

    /// Writes a part and how far the transfer came, in one transaction. A part that was the last one written is not written again.
    /// Integer ids of messages stay as they are, and the store gives higher ones from then on.
    ///
    /// # Errors
    /// `Conflict`: no transfer is under way, or it is not at the part's `from`. `Invalid`: a row names an application or a chat that
    /// was not written before.
    async fn write(&self, part: &Part) -> Result<()>;

    /// Ends the transfer: the store is used like any other from then on. Without one nothing happens.
    async fn finish(&self) -> Result<()>;
}
