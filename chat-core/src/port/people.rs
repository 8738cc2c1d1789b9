//! The part of the Store that knows people: users, their logins, and which chats they take part in.

use async_trait::async_trait;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::BackendError;
use crate::ids::{
    ApplicationId, ChatId, ChatNumber, Head, MessageNumber, SessionId, TokenHash, UserNumber,
};
use crate::model::{ChatInfo, DeviceKey, Member, Message, Session, User};
use crate::page::{Limit, Page, Span};

use super::Progress;

type Result<T> = std::result::Result<T, BackendError>;

/// Finds users. They are made and changed by commands. A deleted user, or one of a deleted application, is in no answer.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Users: Send + Sync + 'static {
    /// Those of these users of an application that exist, ascending by number, each once.
    async fn users(&self, application: ApplicationId, numbers: &[UserNumber]) -> Result<Vec<User>>;

    /// The user of an application with this folded name.
    async fn user_by_name(&self, application: ApplicationId, folded: &str) -> Result<Option<User>>;

    /// The user with this lasting token, and its application.
    async fn user_by_token(&self, token: TokenHash) -> Result<Option<(ApplicationId, User)>>;

    /// A page of an application's users, ascending by number.
    async fn users_page(
        &self,
        application: ApplicationId,
        span: Span,
        limit: Limit,
    ) -> Result<Page<User>>;

    /// Those of these users of an application that exist were seen at this time. Of whom it is known that he was seen less than a
    /// minute before, or later, nothing is written: no user costs more than a write a minute. It need not outlive a crash.
    async fn saw(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
        at: Timestamp,
    ) -> Result<()>;

    /// The keys that those of these users of an application that exist gave out for their devices, ascending by user and device.
    async fn device_keys(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
    ) -> Result<Vec<(UserNumber, DeviceKey)>>;

    /// When those of these users of an application that exist were last seen, ascending by number; those who never were are left
    /// out.
    async fn last_seen(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
    ) -> Result<Vec<(UserNumber, Timestamp)>>;
}

/// So long, in microseconds, somebody who was seen need not be seen again.
pub const SEEN_AGAIN: i64 = 60_000_000;

/// Keeps logins. They are no commands: an answer that is lost leaves one that nobody uses. A change of password or the end of a
/// user ends them by [`UserWrite::ends`](crate::commit::UserWrite), in that commit.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Sessions: Send + Sync + 'static {
    /// Keeps a login of a user who exists and was not changed since `unchanged_since`; else nothing is kept and `false` answered.
    /// So no login is opened with a password that was changed while it was checked.
    async fn open_session(&self, session: &Session, unchanged_since: Timestamp) -> Result<bool>;

    /// The login with this token; also one that has expired.
    async fn session(&self, token: TokenHash) -> Result<Option<Session>>;

    /// Which of these tokens are of a login that stands at `now`: neither ended nor expired, its user and application there. One look
    /// costs little: it is done every second, for all who are connected.
    async fn valid_sessions(&self, tokens: &[TokenHash], now: Timestamp) -> Result<Vec<TokenHash>>;

    /// Up to `limit` logins of a user, the latest first, those below `before` if given; also those that have expired. Nothing need be
    /// at that place any more.
    async fn sessions(
        &self,
        application: ApplicationId,
        user: UserNumber,
        before: Option<Opened>,
        limit: Limit,
    ) -> Result<Vec<Session>>;

    /// Ends a login of a user; `false` when there is none such.
    async fn end_session(
        &self,
        application: ApplicationId,
        user: UserNumber,
        id: SessionId,
    ) -> Result<bool>;

    /// Forgets up to `limit` logins that expired before this time.
    async fn prune_sessions(&self, before: Timestamp, limit: Limit) -> Result<Progress>;
}

/// A login among those of a user: lists have the latest first, and of two of one time the one with the higher id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opened {
    /// When it was opened.
    pub at: Timestamp,
    /// Which one.
    pub id: SessionId,
}

impl Opened {
    /// What every login is below.
    pub const ABOVE_ALL: Self = Self {
        at: Timestamp(i64::MAX),
        id: SessionId(Uuid::max()),
    };

    /// Where this login stands.
    #[must_use]
    pub const fn of(session: &Session) -> Self {
        Self {
            at: session.created_at,
            id: session.id,
        }
    }
}

/// A chat among those of a user: lists have the latest active one first, and of two the one with the higher number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Activity {
    /// When something was last posted.
    pub at: Timestamp,
    /// The chat.
    pub chat: ChatNumber,
}

/// A chat, seen by one who takes part in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnChat {
    /// The chat.
    pub chat: ChatInfo,
    /// Its part in it.
    pub member: Member,
    /// The last message that is not deleted.
    pub latest: Option<Message>,
    /// How many messages it has not read, counted up to [`MAX_UNREAD`]: those above its mark that are neither its own nor
    /// deleted, and in none of its ranges.
    pub unread: u64,
    /// Whether there are ranges of anybody.
    pub has_ranges: bool,
}

impl OwnChat {
    /// Where it stands in the list.
    #[must_use]
    pub const fn activity(&self) -> Activity {
        Activity {
            at: self.chat.active_at,
            chat: self.chat.number,
        }
    }

    /// Whether it is left out of the list.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        let hidden = self.member.hidden;
        hidden.is_some_and(|last| self.chat.head.number <= last)
    }
}

/// A direct chat, and what neither of its two users has read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// The chat.
    pub chat: ChatInfo,
    /// The higher one of the two marks: one of them has read everything up to this message.
    pub read: MessageNumber,
    /// How many messages above it are neither deleted nor in a range of either. Exact.
    pub unread: u64,
}

/// Unread messages are counted up to here; what is more is "at least".
pub const MAX_UNREAD: u64 = 1_000;

/// A chat that a user takes part in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Its row id.
    pub chat: ChatId,
    /// Its number.
    pub number: ChatNumber,
    /// Its head.
    pub head: Head,
}

/// Which of those whom a user takes part in chats with are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Company {
    /// Those of so many of his chats, hidden or not, that were active last.
    pub chats: Limit,
    /// Chats with more members than this do not count.
    pub members: u64,
    /// So many of them at most.
    pub users: Limit,
}

/// Somebody who takes part in a chat since a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newcomer {
    /// The application.
    pub application: ApplicationId,
    /// The user.
    pub user: UserNumber,
    /// The row id of the chat.
    pub chat: ChatId,
    /// The number of the chat.
    pub number: ChatNumber,
    /// When the user came, if more than once the last time.
    pub joined_at: Timestamp,
}

impl Newcomer {
    /// Its place among all who came.
    #[must_use]
    pub const fn place(&self) -> (Timestamp, ChatId, UserNumber) {
        (self.joined_at, self.chat, self.user)
    }
}

/// Finds out who takes part in what. A chat that is deleted, or whose application is, is in no answer.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Members: Send + Sync + 'static {
    /// A member, or one who left.
    async fn member(&self, chat: ChatId, user: UserNumber) -> Result<Option<Member>>;

    /// A page of those who take part, ascending by user.
    async fn members(&self, chat: ChatId, span: Span, limit: Limit) -> Result<Page<Member>>;

    /// A page of the chats that a user takes part in and has not hidden, latest activity first, below `before` if given: as they
    /// stand in one snapshot.
    async fn chats_of(
        &self,
        application: ApplicationId,
        user: UserNumber,
        before: Option<Activity>,
        limit: Limit,
    ) -> Result<Page<OwnChat>>;

    /// One chat as [`Members::chats_of`] has it, hidden or not; `None` when the user does not take part.
    async fn chat_of(
        &self,
        application: ApplicationId,
        user: UserNumber,
        chat: ChatNumber,
    ) -> Result<Option<OwnChat>>;

    /// A page of the direct chats that a user takes part in, hidden or not, ascending by number above `after`: as they stand in one
    /// snapshot. The marks and ranges of one who left count too. What is unread is counted from the marks, so the cost grows with
    /// what was deleted or read apart above them, not with the length of a history.
    async fn threads(
        &self,
        application: ApplicationId,
        user: UserNumber,
        after: ChatNumber,
        limit: Limit,
    ) -> Result<Page<Thread>>;

    /// A page of all chats that a user takes part in, hidden or not, ascending by row id above `after`.
    async fn memberships(
        &self,
        application: ApplicationId,
        user: UserNumber,
        after: ChatId,
        limit: Limit,
    ) -> Result<Page<Membership>>;

    /// Whom a user takes part in chats with, each once, without himself: first those who share the chat that was active last, and of
    /// those of one time the lower number. One look costs no more than these chats have members.
    async fn companions(
        &self,
        application: ApplicationId,
        user: UserNumber,
        company: Company,
    ) -> Result<Vec<UserNumber>>;

    /// A page of those who take part in a chat, ascending by [when they came](Newcomer::place), above `after`. A page costs no more than
    /// there are: the last ones are asked for every second.
    async fn newcomers(
        &self,
        after: (Timestamp, ChatId, UserNumber),
        limit: Limit,
    ) -> Result<Page<Newcomer>>;

    /// Up to `limit` chats that a deleted user was in and is not [`gone`](Member::gone) from: what is left to do after a user was
    /// deleted. Those of one user of an application, or else of any.
    async fn left_behind(
        &self,
        of: Option<(ApplicationId, UserNumber)>,
        limit: Limit,
    ) -> Result<Vec<(ApplicationId, ChatNumber, UserNumber)>>;

    /// The ranges of single messages that any member has read above its mark, as far as they have a message of `low` to `high`: whose,
    /// the first and the last of each, in no particular order.
    async fn ranges(
        &self,
        chat: ChatId,
        low: MessageNumber,
        high: MessageNumber,
    ) -> Result<Vec<(UserNumber, MessageNumber, MessageNumber)>>;
}
