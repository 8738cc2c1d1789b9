//! What became of a command.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{ApplicationId, ChatNumber, MessageNumber, OperationId, PublicId, UserNumber};
use crate::model::{ChatKind, Direct};
use crate::seal::Sealed;

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is committed: now, or under the same key before.
    Done {
        /// What was done.
        done: Done,
        /// Whether it is the answer of an earlier request with the same key.
        replayed: bool,
    },
    /// The rules refuse it; nothing was written.
    Refused(Refusal),
}

/// What became of an operation, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The operation.
    pub id: OperationId,
    /// In which application ([`ApplicationId::ROOT`]: in none that exists).
    pub application: ApplicationId,
    /// What became of it.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
}

/// What was done: enough to render the same answer again from the same request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "done", rename_all = "snake_case")]
pub enum Done {
    /// An application was made.
    ApplicationCreated {
        /// Its public id.
        public_id: PublicId,
        /// Its token, sealed.
        token: Sealed,
        /// When.
        at: Timestamp,
    },
    /// An application was renamed or deleted.
    ApplicationChanged,
    /// A chat was made.
    ChatCreated {
        /// The application's public id.
        application: PublicId,
        /// The chat's number.
        number: ChatNumber,
        /// When.
        at: Timestamp,
        /// Whose it is and what else it is called, if it is a direct one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        direct: Option<Direct>,
    },
    /// The pair has its chat already.
    ChatFound {
        /// The chat's number.
        number: ChatNumber,
    },
    /// A chat was renamed or deleted.
    ChatChanged,
    /// A message was posted.
    Posted {
        /// Its number.
        number: MessageNumber,
        /// When.
        at: Timestamp,
        /// Its integer id, in the default application. The store gives it and fills it in by
        /// [`Writes::tell_ids`](super::Writes::tell_ids).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ext_id: Option<u64>,
    },
    /// A message was edited or deleted.
    MessageChanged,
    /// A user was made.
    UserCreated {
        /// Its number.
        number: UserNumber,
        /// When.
        at: Timestamp,
    },
    /// A user was changed or deleted.
    UserChanged,
    /// This is the lasting token of a user, sealed: a new one, or the one that it had.
    TokenGiven {
        /// The token, sealed.
        sealed: Sealed,
    },
    /// A key was given out for a device of a user.
    KeyPut {
        /// Since when it is this one.
        at: Timestamp,
    },
    /// A member was taken in, changed or removed, or told how far it has read.
    MemberChanged,
    /// Lines were imported.
    Imported {
        /// The last of them.
        line: u64,
    },
}

/// Why the rules refuse a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// The scope is no application, or a deleted one.
    ApplicationNotFound,
    /// The application has no such chat.
    ChatNotFound(ChatNumber),
    /// The chat has no such message.
    MessageNotFound(MessageNumber),
    /// Another application has the name.
    NameTaken,
    /// The key stands for another request.
    KeyReused,
    /// The answered message does not exist.
    ReplyNotFound(MessageNumber),
    /// The default application exists already, or cannot be deleted.
    DefaultApplication,
    /// The source was imported up to another line than expected.
    ImportMoved(u64),
    /// Who asks is no user of the application any more.
    CallerNotFound,
    /// Only a user can do this, and nobody asks.
    NoCaller,
    /// The application has no such user.
    UserNotFound(UserNumber),
    /// The user has given out no key for this device.
    DeviceNotFound,
    /// The user has given out keys for as many devices as it may.
    TooManyDevices,
    /// Another user has the name.
    UsernameTaken,
    /// Another chat has the name.
    ChatNameTaken,
    /// Who asks does not take part in the chat.
    NotAMember,
    /// Who asks takes part, but may not do this.
    NotAllowed,
    /// The chat has no such member.
    MemberNotFound(UserNumber),
    /// The user is a member already.
    AlreadyAMember(UserNumber),
    /// A chat of this kind does not have this: an open one no members, a direct one no name and no others.
    WrongKind(ChatKind),
    /// A direct chat has two users, a group at least one.
    WrongParticipants,
    /// Nothing can be read that is not there: this is the last message.
    BeyondHead(MessageNumber),
    /// The last owner of a group asks to be none any more.
    LastOwner,
}
