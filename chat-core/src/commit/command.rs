//! Writes that are asked for.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{
    ApplicationId, ChatNumber, ChatUuid, MessageNumber, OperationId, PublicId, TokenHash,
    UserNumber,
};
use crate::model::{ChatKind, Pair};
use crate::seal::Sealed;
use crate::text::{Body, Data, Device, Name};

use super::key::Key;
use super::people::{
    AddMembers, Caller, ChangeMember, ChangeUser, CreateUser, GiveToken, Mark, PutKey,
};

/// Commands that are committed together, in order.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The commands.
    pub requests: Vec<Request>,
    /// Which sinks must follow: each gets a `dirty` row for every chat that moves.
    pub sinks: Vec<Sink>,
}

/// A derived copy that must follow the Store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Sink {
    /// The search index.
    Index,
    /// Notifications to users who are not connected.
    Push,
}

impl Sink {
    /// The sink as stores write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Push => "push",
        }
    }
}

/// One command, where it applies, and the key that makes it happen once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// In which application.
    pub scope: Scope,
    /// Who asks.
    #[serde(default)]
    pub caller: Caller,
    /// What to do.
    pub command: Command,
    /// Under which key, if any.
    pub key: Option<Key>,
    /// The operation that it is, when it came through the queue: what became of it is recorded, and one that comes again is
    /// answered from the record.
    pub operation: Option<OperationId>,
}

impl Request {
    /// A command of the application itself, without a key.
    #[must_use]
    pub const fn new(scope: Scope, command: Command) -> Self {
        Self {
            scope,
            caller: Caller::Application,
            command,
            key: None,
            operation: None,
        }
    }
}

/// In which application a command applies. Whether it exists is decided in the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// In none: it makes one.
    Root,
    /// In the one with this row.
    Application(ApplicationId),
    /// In the one with this token.
    Token(TokenHash),
}

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Make an application (scope [`Scope::Root`]).
    CreateApplication(CreateApplication),
    /// Give the application another name.
    RenameApplication(Name),
    /// Delete the application with all that is in it.
    CloseApplication,
    /// Make a chat.
    CreateChat(CreateChat),
    /// Give a chat another name, or none.
    RenameChat(ChatNumber, Option<Name>),
    /// Delete a chat with its messages.
    CloseChat(ChatNumber),
    /// Post a message.
    Post(ChatNumber, Post),
    /// Change a message.
    Edit(ChatNumber, Edit),
    /// Delete a message; a tombstone stays at its number.
    Delete(ChatNumber, MessageNumber),
    /// Take over some lines of a file, all or none.
    Import(Import),
    /// Make a user.
    CreateUser(CreateUser),
    /// Change a user.
    ChangeUser(UserNumber, ChangeUser),
    /// Delete a user: what it is called by is forgotten, its sessions end, its messages show no author.
    DeleteUser(UserNumber),
    /// Give a user a token that does not expire, unless it has one.
    GiveToken(UserNumber, GiveToken),
    /// Give out a key for a device of a user, in place of the one that it has.
    PutKey(UserNumber, PutKey),
    /// Take back the key of a device of a user.
    DropKey(UserNumber, Device),
    /// Take users into a group.
    AddMembers(ChatNumber, AddMembers),
    /// Change what a member may do, or how it wants to be told.
    ChangeMember(ChatNumber, ChangeMember),
    /// Remove a member from a group, or leave it.
    RemoveMember(ChatNumber, UserNumber),
    /// Tell how far the caller has received and read a chat.
    Mark(ChatNumber, Mark),
    /// Tell that the caller has read one message, and nothing of those around it.
    Read(ChatNumber, MessageNumber),
    /// Leave a chat out of the caller's list until something is posted in it.
    Hide(ChatNumber),
}

/// A new application. The ids are random and made by the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateApplication {
    /// Its public id.
    pub public_id: PublicId,
    /// What its token is looked up by.
    pub token_hash: TokenHash,
    /// Its token, sealed.
    pub token: Sealed,
    /// Its name.
    pub name: Name,
    /// Whether no other such application may have this name.
    pub unique_name: bool,
    /// Whether it is the default application, of which there is one.
    pub is_default: bool,
}

/// A new chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateChat {
    /// Who takes part.
    pub kind: ChatKind,
    /// Its name, if any.
    pub name: Option<Name>,
    /// Whether no other such chat of the application may have this name.
    #[serde(default)]
    pub unique_name: bool,
    /// Who takes part; the caller does, if it is a user, whether it is named or not.
    #[serde(default)]
    pub members: Vec<UserNumber>,
    /// What it is called besides its number, if it is a direct one.
    #[serde(default = "ChatUuid::random")]
    pub uuid: ChatUuid,
    /// When it was made, if that was somewhere else; else now.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
}

impl CreateChat {
    /// Who takes part, each once.
    #[must_use]
    pub fn participants(&self, caller: Caller) -> BTreeSet<UserNumber> {
        let named = self.members.iter().copied();
        named.chain(caller.user()).collect()
    }

    /// Those of a direct chat; `None` when they are not two.
    #[must_use]
    pub fn pair(&self, caller: Caller) -> Option<Pair> {
        let participants = self.participants(caller);
        match (
            participants.len(),
            participants.first(),
            participants.last(),
        ) {
            (2, Some(low), Some(high)) => Pair::of(*low, *high),
            _ => None,
        }
    }
}

/// A new message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// The text.
    pub body: Body,
    /// What the host keeps beside it.
    pub data: Option<Data>,
    /// The message that it answers; it must have a number already.
    pub reply_to: Option<MessageNumber>,
}

/// A change of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Which message.
    pub number: MessageNumber,
    /// Its new text; `None` leaves what is there.
    pub body: Option<Body>,
    /// Its new data, or none any more; `None` leaves what is there.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "super::people::given"
    )]
    pub data: Option<Option<Data>>,
}

/// Lines `from + 1` to `to` of a source, taken over at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Which source.
    pub source: SourceHash,
    /// The line that is expected to be taken over already.
    pub from: u64,
    /// The last line of this part.
    pub to: u64,
    /// The messages, in the order of their lines.
    pub messages: Vec<(ChatNumber, Imported)>,
}

/// A message with the author and the times that it has in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// The text; `None` for one that was deleted: its number stays taken.
    pub body: Option<Body>,
    /// Which user wrote it; one that was deleted meanwhile is no longer told.
    #[serde(default)]
    pub sender: Option<UserNumber>,
    /// The members that have read it.
    #[serde(default)]
    pub read_by: Vec<UserNumber>,
    /// Who wrote it, when that is no user.
    pub author_name: Option<Name>,
    /// What the host keeps beside it.
    pub data: Option<Data>,
    /// The message that it answers, in the same chat and before it.
    pub reply_to: Option<MessageNumber>,
    /// When it was posted; now, when the file does not say.
    pub created_at: Option<Timestamp>,
    /// When it was edited.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted; counts only without a text.
    pub deleted_at: Option<Timestamp>,
}

/// What an import is known by: the same source goes on where it stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceHash(pub [u8; 32]);

impl Command {
    /// The kind of command, as keys and metrics name it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::CreateApplication(_) => "create_application",
            Self::RenameApplication(_) => "rename_application",
            Self::CloseApplication => "close_application",
            Self::CreateChat(_) => "create_chat",
            Self::RenameChat(..) => "rename_chat",
            Self::CloseChat(_) => "close_chat",
            Self::Post(..) => "post",
            Self::Edit(..) => "edit",
            Self::Delete(..) => "delete",
            Self::Import(_) => "import",
            Self::CreateUser(_) => "create_user",
            Self::ChangeUser(..) => "change_user",
            Self::DeleteUser(_) => "delete_user",
            Self::GiveToken(..) => "give_token",
            Self::PutKey(..) => "put_key",
            Self::DropKey(..) => "drop_key",
            Self::AddMembers(..) => "add_members",
            Self::ChangeMember(..) => "change_member",
            Self::RemoveMember(..) => "remove_member",
            Self::Mark(..) => "mark",
            Self::Read(..) => "read",
            Self::Hide(_) => "hide",
        }
    }

    /// The chat it applies to, when it is one.
    #[must_use]
    pub const fn chat(&self) -> Option<ChatNumber> {
        match self {
            Self::RenameChat(chat, _)
            | Self::CloseChat(chat)
            | Self::Post(chat, _)
            | Self::Edit(chat, _)
            | Self::Delete(chat, _)
            | Self::AddMembers(chat, _)
            | Self::ChangeMember(chat, _)
            | Self::RemoveMember(chat, _)
            | Self::Mark(chat, _)
            | Self::Read(chat, _)
            | Self::Hide(chat) => Some(*chat),
            _ => None,
        }
    }

    /// How many messages or members it writes, for the size of batches.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Import(import) => import.messages.len().max(1),
            Self::CreateChat(new) => new.members.len().max(1),
            Self::AddMembers(_, add) => add.users.len().max(1),
            _ => 1,
        }
    }

    /// About how many bytes it holds, for bounds of memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        const ROW: usize = 256;
        const NUMBER: usize = 16;
        let data = |data: &Option<Data>| data.as_ref().map_or(0, |data| data.as_str().len());
        match self {
            Self::Post(_, post) => ROW + post.body.as_str().len() + data(&post.data),
            Self::Edit(_, edit) => {
                ROW + edit.body.as_ref().map_or(0, |body| body.as_str().len())
                    + edit.data.as_ref().map_or(0, data)
            }
            Self::Import(import) => import
                .messages
                .iter()
                .map(|(_, one)| {
                    ROW + one.body.as_ref().map_or(0, |body| body.as_str().len()) + data(&one.data)
                })
                .sum(),
            Self::CreateChat(_) | Self::AddMembers(..) => ROW + NUMBER * self.weight(),
            Self::CreateUser(new) => ROW + new.bytes(),
            Self::ChangeUser(_, change) => ROW + change.bytes(),
            Self::PutKey(_, put) => ROW + put.key.as_str().len(),
            _ => ROW,
        }
    }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
