//! What a backend could not do, and what a use case answers.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::commit::{MAX_DEVICES, Refusal};
use crate::cursor::CursorError;
use crate::ids::{ChatNumber, MessageNumber, OperationId, PublicId, UserNumber};
use crate::model::ChatKind;
use crate::text::Violation;

/// How a backend failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What was named is not there.
    NotFound,
    /// What was to be made is there already.
    AlreadyExists,
    /// Another writer was first; trying again may succeed.
    Conflict,
    /// The backend refuses this value, and always will.
    Invalid,
    /// The backend cannot answer now (down, full, read-only, timed out); later it may.
    Unavailable,
    /// A commit was sent and its fate cannot be proven.
    OutcomeUnknown,
    /// Anything else: a fault that an operator has to look into.
    Internal,
}

/// A failure of a backend: match on the kind, read the source chain.
#[derive(Clone)]
pub struct BackendError {
    kind: ErrorKind,
    backend: &'static str,
    op: &'static str,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl BackendError {
    /// A failure of `backend` ("sqlite", "redis", …) in `op` ("commit", …).
    #[must_use]
    pub const fn new(kind: ErrorKind, backend: &'static str, op: &'static str) -> Self {
        Self {
            kind,
            backend,
            op,
            source: None,
        }
    }

    /// The same failure with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// The kind to match on.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Which backend it was.
    #[must_use]
    pub const fn backend(&self) -> &'static str {
        self.backend
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ErrorKind::NotFound => "not found",
            ErrorKind::AlreadyExists => "already exists",
            ErrorKind::Conflict => "conflict",
            ErrorKind::Invalid => "value refused",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::OutcomeUnknown => "outcome unknown",
            ErrorKind::Internal => "internal fault",
        };
        write!(f, "{} {}: {what}", self.backend, self.op)
    }
}

impl fmt::Debug for BackendError {
    /// With its causes; one that what it causes ends with is told once.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.to_string();
        f.write_str(&told)?;
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !told.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            told = text;
            cause = error.source();
        }
        Ok(())
    }
}

impl Error for BackendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

/// Why a use case did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ChatError {
    /// No application has this token or id.
    #[error("application not found")]
    ApplicationNotFound,
    /// The application has no such chat.
    #[error("chat {0} not found")]
    ChatNotFound(ChatNumber),
    /// The chat has no such message, or it was deleted.
    #[error("message {0} not found")]
    MessageNotFound(MessageNumber),
    /// Another application has this name.
    #[error("name has already been taken")]
    NameTaken,
    /// The key was used before for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// A message cannot answer one that is not there.
    #[error("reply_to names message {0}, which does not exist")]
    ReplyNotFound(MessageNumber),
    /// The default application cannot be deleted.
    #[error("the default application cannot be deleted")]
    DefaultApplication,
    /// An import went on somewhere else in the meantime.
    #[error("another import of the same source is at line {0}")]
    ImportMoved(u64),
    /// Who asks is no user of the application any more.
    #[error("the user who asks does not exist")]
    CallerNotFound,
    /// Only a user can do this, and nobody asks.
    #[error("only a user can do this")]
    NoCaller,
    /// The application has no such user.
    #[error("user {0} not found")]
    UserNotFound(UserNumber),
    /// The user has given out no key for this device.
    #[error("the user has no key for this device")]
    DeviceNotFound,
    /// The user has given out keys for as many devices as it may.
    #[error("at most {MAX_DEVICES} devices have keys")]
    TooManyDevices,
    /// Another user has this name.
    #[error("username has already been taken")]
    UsernameTaken,
    /// Another chat has this name.
    #[error("name has already been taken")]
    ChatNameTaken,
    /// Who asks does not take part in the chat.
    #[error("not a member of the chat")]
    NotAMember,
    /// Who asks takes part, but may not do this.
    #[error("not allowed")]
    NotAllowed,
    /// The last owner of a group asks to be none any more: another member has to be one first.
    #[error("the last owner stays one until another member is one")]
    LastOwner,
    /// The chat has no such member.
    #[error("member {0} not found")]
    MemberNotFound(UserNumber),
    /// The user is a member already.
    #[error("user {0} is a member already")]
    AlreadyAMember(UserNumber),
    /// A chat of this kind does not have this: an open one no members, a direct one no name and no others.
    #[error("not in a chat of kind {}", .0.as_str())]
    WrongKind(ChatKind),
    /// A direct chat has two users, a group at least one.
    #[error("a direct chat has two users, a group at least one")]
    WrongParticipants,
    /// Nothing can be read that is not there: this is the last message.
    #[error("the last message is {0}")]
    BeyondHead(MessageNumber),
    /// Nobody has this name and this password.
    #[error("wrong name or password")]
    WrongCredentials,
    /// Nobody is logged in with this token, or not any more.
    #[error("not logged in")]
    NotLoggedIn,
    /// Too many listen already, of the same user or from the same address.
    #[error("too many are connected already")]
    TooManyListeners,
    /// A listener may watch no more users than this.
    #[error("at most {0} users can be watched")]
    TooManyWatched(usize),
    /// The user has no such session.
    #[error("session not found")]
    SessionNotFound,
    /// Who reads was removed from the chat, or left it, since it was opened.
    #[error("removed from the chat")]
    Removed,
    /// A field breaks its rule.
    #[error("{field} {violation}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// The rule.
        violation: Violation,
    },
    /// The text is not a cursor, or it belongs to another chat.
    #[error("cursor {0}")]
    Cursor(#[source] CursorError),
    /// The cursor is of another epoch, or beyond the head: take a new snapshot.
    #[error("the cursor is of another history; take a snapshot")]
    CursorReset,
    /// It waits in a queue that outlives a crash; [`Chat::operation`](crate::Chat::operation) tells what became of it.
    #[error("operation {id} waits in the queue")]
    Later {
        /// The application that it is of.
        application: PublicId,
        /// The operation.
        id: OperationId,
    },
    /// Too much is waiting already.
    #[error("too many writes are waiting")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The Store cannot answer now.
    #[error("unavailable")]
    Unavailable(#[source] BackendError),
    /// The search index cannot answer now; everything else goes on.
    #[error("search unavailable")]
    SearchUnavailable(#[source] BackendError),
    /// It was sent to the Store, and whether it was written cannot be proven.
    #[error("outcome unknown")]
    OutcomeUnknown(#[source] BackendError),
    /// A fault that an operator has to look into.
    #[error("internal fault")]
    Internal(#[source] BackendError),
}

impl From<BackendError> for ChatError {
    fn from(error: BackendError) -> Self {
        match error.kind() {
            ErrorKind::Unavailable | ErrorKind::Conflict => Self::Unavailable(error),
            ErrorKind::OutcomeUnknown => Self::OutcomeUnknown(error),
            _ => Self::Internal(error),
        }
    }
}

impl ChatError {
    /// The same for what the search index could not do.
    pub(crate) fn of_search(error: BackendError) -> Self {
        match Self::from(error) {
            Self::Unavailable(error) => Self::SearchUnavailable(error),
            other => other,
        }
    }
}

impl From<Refusal> for ChatError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::ApplicationNotFound => Self::ApplicationNotFound,
            Refusal::ChatNotFound(number) => Self::ChatNotFound(number),
            Refusal::MessageNotFound(number) => Self::MessageNotFound(number),
            Refusal::NameTaken => Self::NameTaken,
            Refusal::KeyReused => Self::KeyReused,
            Refusal::ReplyNotFound(number) => Self::ReplyNotFound(number),
            Refusal::DefaultApplication => Self::DefaultApplication,
            Refusal::ImportMoved(line) => Self::ImportMoved(line),
            Refusal::CallerNotFound => Self::CallerNotFound,
            Refusal::NoCaller => Self::NoCaller,
            Refusal::UserNotFound(number) => Self::UserNotFound(number),
            Refusal::DeviceNotFound => Self::DeviceNotFound,
            Refusal::TooManyDevices => Self::TooManyDevices,
            Refusal::UsernameTaken => Self::UsernameTaken,
            Refusal::ChatNameTaken => Self::ChatNameTaken,
            Refusal::NotAMember => Self::NotAMember,
            Refusal::NotAllowed => Self::NotAllowed,
            Refusal::MemberNotFound(number) => Self::MemberNotFound(number),
            Refusal::AlreadyAMember(number) => Self::AlreadyAMember(number),
            Refusal::WrongKind(kind) => Self::WrongKind(kind),
            Refusal::WrongParticipants => Self::WrongParticipants,
            Refusal::BeyondHead(number) => Self::BeyondHead(number),
            Refusal::LastOwner => Self::LastOwner,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("error communicating with the server: {0}")]
    struct Repeats(#[source] std::io::Error);

    #[test]
    fn a_cause_that_was_told_is_not_told_again() {
        let refused = std::io::Error::other("connection refused");
        let error = BackendError::new(ErrorKind::Unavailable, "mysql", "open");
        let error = error.with_source(Repeats(refused));
        assert_eq!(
            format!("{error:?}"),
            "mysql open: unavailable: error communicating with the server: connection refused"
        );
    }
}
