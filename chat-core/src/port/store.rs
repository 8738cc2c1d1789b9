//! The Store: the truth. A family of small traits; [`Store`] names all of them.

use std::sync::Arc;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::commit::{Batch, Counts, Operation, Outcome, Sink, SourceHash};
use crate::error::BackendError;
use crate::ids::{
    ApplicationId, Change, ChatId, ChatNumber, ChatUuid, Epoch, Head, MessageNumber, OperationId,
    PublicId, TokenHash, UserNumber,
};
use crate::model::{Application, ChatInfo, Member, Message};
use crate::page::{Limit, Page, Span};

use super::{Members, Recount, Sessions, Users};

type Result<T> = std::result::Result<T, BackendError>;

/// All that a store does.
pub trait Store:
    Applications + Commit + Chats + History + Users + Sessions + Members + Outbox + Upkeep + Recount
{
}

impl<T> Store for T where
    T: Applications
        + Commit
        + Chats
        + History
        + Users
        + Sessions
        + Members
        + Outbox
        + Upkeep
        + Recount
{
}

/// Finds applications. They are made and changed by commands.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Applications: Send + Sync + 'static {
    /// The application with this token, unless it is deleted.
    async fn by_token(&self, token: TokenHash) -> Result<Option<Application>>;

    /// The application with this row id, unless it is deleted.
    async fn by_id(&self, id: ApplicationId) -> Result<Option<Application>>;

    /// The application with this public id, unless it is deleted.
    async fn by_public_id(&self, public_id: PublicId) -> Result<Option<Application>>;

    /// The default application; `None` until it is created.
    async fn default_application(&self) -> Result<Option<Application>>;

    /// The applications with row ids above `after`, ascending; deleted ones and the default one are
    /// left out.
    async fn list(&self, after: ApplicationId, limit: Limit) -> Result<Page<Application>>;
}

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// One outcome per request, in order.
    pub outcomes: Vec<Outcome>,
    /// The chats whose head moved.
    pub moved: Vec<Moved>,
    /// [`Writes::counts`](crate::commit::Writes::counts).
    pub counts: Vec<Counts>,
    /// [`Writes::people`](crate::commit::Writes::people).
    pub people: Vec<(ApplicationId, UserNumber)>,
}

/// A chat whose head moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The application.
    pub application: ApplicationId,
    /// The chat.
    pub chat: ChatId,
    /// The head before.
    pub from: Head,
    /// The head after.
    pub to: Head,
}

/// Writes.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Commit: Send + Sync + 'static {
    /// Commits a batch in one transaction: locks and loads what
    /// [`needs`](crate::commit::needs) says, calls [`decide`](crate::commit::decide) with `now`,
    /// writes what it says together with one `dirty` row per sink and moved chat, and returns once
    /// that is durable. A `dirty` row that exists keeps its `from` and its place; its `to` is raised.
    /// A command whose key is remembered answers what the first one answered, also when the
    /// application is deleted meanwhile: a deleted application stays until its keys are forgotten.
    /// When another writer was in the way (a deadlock, a unique violation), the whole batch is
    /// decided again on fresh facts.
    ///
    /// # Errors
    /// Unless the kind is `OutcomeUnknown`, nothing was written and nothing will be.
    /// `OutcomeUnknown`: COMMIT was sent and its fate cannot be proven. `Invalid`: the backend
    /// refuses some value in the batch. `AlreadyExists`: a token or public id in it is taken.
    async fn commit(&self, batch: Arc<Batch>, now: Timestamp) -> Result<Committed>;

    /// What became of those of these operations that are committed, in no particular order.
    async fn operations(&self, ids: &[OperationId]) -> Result<Vec<Operation>>;
}

/// Finds chats. A chat that is deleted, or whose application is, is in no answer.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Chats: Send + Sync + 'static {
    /// The chat of this application with this number.
    async fn get(&self, application: ApplicationId, number: ChatNumber)
    -> Result<Option<ChatInfo>>;

    /// The direct chat with this UUID.
    async fn by_uuid(&self, uuid: ChatUuid) -> Result<Option<ChatInfo>>;

    /// The chat with this row id.
    async fn by_id(&self, chat: ChatId) -> Result<Option<ChatInfo>>;

    /// The heads of those of these chats that are there, each once, in no particular order. One look costs little: it is done every
    /// second, for all chats that somebody waits for.
    async fn heads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, Head)>>;

    /// A page of an application's chats, ascending by number.
    async fn list(
        &self,
        application: ApplicationId,
        span: Span,
        limit: Limit,
    ) -> Result<Page<ChatInfo>>;
}

/// A page of what happened in a chat after a head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The chat as it stands in the same snapshot.
    pub chat: ChatInfo,
    /// Messages beyond the head's number, then messages touched beyond its change, as they stand,
    /// tombstones included; at most as many as the limit.
    pub messages: Vec<Message>,
    /// Members who came, went, or were changed beyond the head's change, as they stand; they count towards the limit.
    pub members: Vec<Member>,
    /// Whoever reads, as a member or as one who left, in the same snapshot; `None` when no user reads, or one who never was there.
    pub viewer: Option<Member>,
    /// Whether the chat itself was touched in what this page covers.
    pub chat_touched: bool,
    /// The head that this page leads up to: ask for the next page after it.
    pub next: Head,
    /// Whether there is a next page already.
    pub more: bool,
}

impl Changes {
    /// The page after `after`.
    #[must_use]
    pub fn page(found: ChangedRows, after: Head, limit: Limit) -> Self {
        let ChangedRows {
            chat,
            viewer,
            mut posted,
            mut touched,
            mut members,
        } = found;
        let room = limit.get().checked_sub(posted.len());
        let mut touches: Vec<Change> = touched.iter().map(|message| message.change).collect();
        touches.extend(members.iter().map(Member::change));
        touches.sort_unstable();
        let mut next = chat.head;
        let more = room.is_none_or(|room| touches.len() > room);
        if more {
            // Touches wait until the messages are through, so until then the change stays where it is.
            posted.truncate(limit.get());
            let seen = room.and_then(|room| room.checked_sub(1));
            next.change = seen.map_or(after.change, |last| touches[last]);
            if room.is_none() {
                next.number = posted.last().map_or(after.number, |last| last.number);
            }
            touched.retain(|message| message.change <= next.change);
            members.retain(|member| member.change() <= next.change);
        }
        posted.append(&mut touched);
        Self {
            chat_touched: chat.own_change > after.change && chat.own_change <= next.change,
            chat,
            messages: posted,
            members,
            viewer,
            next,
            more,
        }
    }
}

/// What [`Changes::page`] is made from: rows that were read in one snapshot.
#[derive(Debug, Clone)]
pub struct ChangedRows {
    /// The chat.
    pub chat: ChatInfo,
    /// Whoever reads.
    pub viewer: Option<Member>,
    /// The messages above `after.number`, ascending by number, up to `limit + 1` of them.
    pub posted: Vec<Message>,
    /// The messages at or below `after.number` whose change is above `after.change`, ascending by change, up to
    /// `limit + 1 - posted.len()` of them. A message that was posted and touched since is thus on the page once, as it stands.
    pub touched: Vec<Message>,
    /// The members whose change is above `after.change`, ascending by change, as many of them as of `touched`.
    pub members: Vec<Member>,
}

/// Reads messages. A chat that is deleted, or whose application is, has none. A message whose sender is deleted has no sender.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait History: Send + Sync + 'static {
    /// One message, or its tombstone.
    async fn get(&self, chat: ChatId, number: MessageNumber) -> Result<Option<Message>>;

    /// These messages and tombstones, ascending by number, each once; numbers that do not exist are
    /// left out.
    async fn many(&self, chat: ChatId, numbers: &[MessageNumber]) -> Result<Vec<Message>>;

    /// A page of messages, ascending by number, none beyond `through`; with tombstones when asked
    /// for. The cost depends on the page, not on the length of the history.
    async fn page(
        &self,
        chat: ChatId,
        span: Span,
        through: MessageNumber,
        tombstones: bool,
        limit: Limit,
    ) -> Result<Page<Message>>;

    /// What happened after a head: [`Changes::page`] of rows that are read in one snapshot together
    /// with the chat and whoever reads. A message that is touched again while pages are read moves up and is seen
    /// later, never missed. `None` when the chat or its application is deleted.
    async fn changes(
        &self,
        chat: ChatId,
        after: Head,
        limit: Limit,
        viewer: Option<UserNumber>,
    ) -> Result<Option<Changes>>;

    /// Where the message of the default application with this integer id is.
    async fn by_ext_id(&self, id: u64) -> Result<Option<(ChatId, MessageNumber)>>;
}

/// A chat that a sink still has to follow, from one head to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dirty {
    /// The application.
    pub application: ApplicationId,
    /// The chat.
    pub chat: ChatId,
    /// What the sink has already.
    pub from: Head,
    /// The head up to which it has to follow.
    pub to: Head,
}

/// What becomes of a [`Dirty`] row when its chat was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// There is nothing left to follow: the row goes.
    Gone,
    /// This is left, and waits behind all the others.
    Left(Dirty),
    /// More was followed before: the row stays as it is.
    Stays,
}

impl Dirty {
    /// What becomes of the row when its sink has followed the chat up to `done`.
    #[must_use]
    pub fn settled(self, done: Head) -> Settled {
        if done.covers(self.to) {
            Settled::Gone
        } else if done.covers(self.from) {
            Settled::Left(Self { from: done, ..self })
        } else {
            Settled::Stays
        }
    }
}

/// What sinks still have to follow. [`Commit::commit`] creates the rows.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Up to `limit` rows of this sink, the longest waiting first.
    async fn dirty(&self, sink: Sink, limit: Limit) -> Result<Vec<Dirty>>;

    /// This sink's row of one chat; `None` when there is nothing to follow.
    async fn pending(&self, sink: Sink, chat: ChatId) -> Result<Option<Dirty>>;

    /// Whether this sink has something to follow in any chat of an application.
    async fn waits(&self, sink: Sink, application: ApplicationId) -> Result<bool>;

    /// The sink has followed each of these chats up to its `to`; [`Dirty::settled`] says what becomes of the row: it is deleted if
    /// its own `to` is not beyond that. Otherwise its `from` is raised, and it waits anew behind all the others,
    /// so that a busy chat never keeps them from their turn. A row that is gone, or whose `from` is
    /// beyond `to` already, is left alone, so settling twice is harmless.
    async fn settle(&self, sink: Sink, done: &[Dirty]) -> Result<()>;
}

/// How far one step of clearing away came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many rows were deleted.
    pub rows: u64,
    /// Whether more may remain.
    pub more: bool,
}

/// Looks after the store.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Upkeep: Send + Sync + 'static {
    /// Which history this store tells: the epoch of its cursors. It does not change while the store
    /// is open; a restored copy has another one.
    async fn epoch(&self) -> Result<Epoch>;

    /// Succeeds when the store takes writes now.
    ///
    /// # Errors
    /// Why it does not.
    async fn ready(&self) -> Result<()>;

    /// The last line of this source that was imported; 0 when none was.
    async fn imported(&self, source: SourceHash) -> Result<u64>;

    /// The chat with the lowest row id above `after`; deleted ones are left out.
    async fn next_chat(&self, after: ChatId) -> Result<Option<ChatId>>;

    /// Up to `limit` chats that are deleted (or their application is) and not yet erased.
    async fn closed(&self, limit: Limit) -> Result<Vec<ChatId>>;

    /// Erases up to `limit` rows of a deleted chat, the chat itself last. Its `dirty` rows stay, so
    /// that sinks learn that it is gone. A chat that is not deleted is left alone.
    async fn erase(&self, chat: ChatId, limit: Limit) -> Result<Progress>;

    /// Forgets up to `limit` idempotency keys and operations that were written before this time, and deleted applications that were
    /// kept for their keys alone.
    async fn forget(&self, before: Timestamp, limit: Limit) -> Result<Progress>;
}
