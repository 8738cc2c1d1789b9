//! Writes that are asked for.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::ids::{ApplicationId, ChatNumber, MessageNumber, OperationId, PublicId, TokenHash};
use crate::model::ChatKind;
use crate::seal::Sealed;
use crate::text::{Body, Data, IdempotencyKey, Name};

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
}

impl Sink {
    /// The sink as stores write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
        }
    }
}

/// One command, where it applies, and the key that makes it happen once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// In which application.
    pub scope: Scope,
    /// What to do.
    pub command: Command,
    /// Under which key, if any.
    pub key: Option<Key>,
    /// The operation that it is, when it came through the queue: what became of it is recorded, and one that comes again is
    /// answered from the record.
    pub operation: Option<OperationId>,
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
        deserialize_with = "given"
    )]
    pub data: Option<Option<Data>>,
}

/// Tells none any more from nothing said.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Data>>, D::Error> {
    Option::deserialize(from).map(Some)
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
    /// Who wrote it.
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

/// SHA-256 of an idempotency key with its scope: chat, caller and kind of command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyHash(pub [u8; 32]);

/// SHA-256 of the canonical form of a command: the same request has the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 32]);

/// An idempotency key as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// What it is looked up by.
    pub hash: KeyHash,
    /// Which request it stands for.
    pub fingerprint: Fingerprint,
}

impl Key {
    /// The key of this command. Its scope is the application, the chat and the kind of command.
    #[must_use]
    pub fn of(key: &IdempotencyKey, command: &Command) -> Self {
        let mut hash = Canonical::new();
        hash.text(command.kind());
        hash.number(command.chat().map(|chat| chat.0));
        hash.text(key.as_str());
        Self {
            hash: KeyHash(hash.finish()),
            fingerprint: command.fingerprint(),
        }
    }
}

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
            | Self::Delete(chat, _) => Some(*chat),
            _ => None,
        }
    }

    /// How many messages it writes, for the size of batches.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Import(import) => import.messages.len().max(1),
            _ => 1,
        }
    }

    /// About how many bytes it holds, for bounds of memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        const ROW: usize = 256;
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
            _ => ROW,
        }
    }

    /// SHA-256 of version 1 of the canonical form: what the caller said, without random ids.
    fn fingerprint(&self) -> Fingerprint {
        let mut form = Canonical::new();
        form.text(self.kind());
        form.number(self.chat().map(|chat| chat.0));
        match self {
            Self::CreateApplication(new) => form.text(new.name.as_str()),
            Self::RenameApplication(name) => form.text(name.as_str()),
            Self::CreateChat(new) => {
                form.text(new.kind.as_str());
                form.optional(new.name.as_ref().map(Name::as_str));
            }
            Self::RenameChat(_, name) => form.optional(name.as_ref().map(Name::as_str)),
            Self::Post(_, post) => {
                form.text(post.body.as_str());
                form.optional(post.data.as_ref().map(Data::as_str));
                form.number(post.reply_to.map(|number| number.0));
            }
            Self::Edit(_, edit) => {
                form.number(Some(edit.number.0));
                form.optional(edit.body.as_ref().map(Body::as_str));
                match &edit.data {
                    Some(None) => form.nothing(),
                    data => form.optional(data.iter().flatten().next().map(Data::as_str)),
                }
            }
            Self::Delete(_, number) => form.number(Some(number.0)),
            Self::Import(import) => form.number(Some(import.from)),
            Self::CloseApplication | Self::CloseChat(_) => {}
        }
        Fingerprint(form.finish())
    }
}

/// Fields one after the other, each with its length, so that no two lists of fields look alike.
struct Canonical(Sha256);

impl Canonical {
    fn new() -> Self {
        Self(Sha256::new_with_prefix([1]))
    }

    fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
    }

    fn optional(&mut self, text: Option<&str>) {
        self.0.update([u8::from(text.is_some())]);
        self.text(text.unwrap_or_default());
    }

    /// A field that is emptied, told from one that is left as it is.
    fn nothing(&mut self) {
        self.0.update([2]);
    }

    fn number(&mut self, number: Option<u64>) {
        self.0.update([u8::from(number.is_some())]);
        self.0.update(number.unwrap_or_default().to_be_bytes());
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_data_and_taking_it_away_are_two_requests() {
        let edit = |data| {
            let (number, body) = (MessageNumber(1), None);
            Command::Edit(ChatNumber(1), Edit { number, body, data }).fingerprint()
        };
        let text = || Some(Some(Data::parse("{}").unwrap()));
        let (left, gone, written) = (edit(None), edit(Some(None)), edit(text()));
        assert!(left != gone && gone != written && written != left);
        assert_eq!(written, edit(text()));
    }
}
