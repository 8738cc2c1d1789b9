//! Idempotency keys: a retry with the same key is the same request.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::UserNumber;
use crate::model::Role;
use crate::password::PasswordDigest;
use crate::text::{Body, Data, Email, IdempotencyKey, Name, Picture, Username};

use super::command::{Command, SourceHash};
use super::people::Caller;

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
    /// The key of this command. Its scope is the application, the chat, the caller and the kind of command.
    #[must_use]
    pub fn of(key: &IdempotencyKey, caller: Caller, command: &Command) -> Self {
        let mut hash = Canonical::new();
        hash.text(command.kind());
        hash.number(command.chat().map(|chat| chat.0));
        hash.text(key.as_str());
        hash.users(caller.user().as_slice());
        Self {
            hash: KeyHash(hash.finish()),
            fingerprint: command.fingerprint(),
        }
    }

    /// The key of a row of an imported source that is no message: the same row is taken over once, however it reads the next time.
    #[must_use]
    pub fn of_row(source: SourceHash, row: &str) -> Self {
        let hash = Sha256::new_with_prefix("row\0")
            .chain_update(source.0)
            .chain_update(row);
        let hash: [u8; 32] = hash.finalize().into();
        Self {
            hash: KeyHash(hash),
            fingerprint: Fingerprint(hash),
        }
    }
}

impl Command {
    /// SHA-256 of version 1 of the canonical form: what the caller said, without random ids.
    fn fingerprint(&self) -> Fingerprint {
        let mut form = Canonical::new();
        form.text(self.kind());
        form.number(self.chat().map(|chat| chat.0));
        match self {
            Self::CreateApplication(new) => {
                form.text(new.name.as_str());
                form.unlike_most(!new.unique_name, "shared name");
            }
            Self::RenameApplication(name) => form.text(name.as_str()),
            Self::CreateChat(new) => {
                form.text(new.kind.as_str());
                form.optional(new.name.as_ref().map(Name::as_str));
                form.users(&new.members);
                form.unlike_most(new.unique_name, "unique name");
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
                form.change(edit.data.as_ref().map(|to| to.as_ref().map(Data::as_str)));
            }
            Self::Delete(_, number) => form.number(Some(number.0)),
            Self::Import(import) => form.number(Some(import.from)),
            Self::CreateUser(new) => {
                form.text(new.username.as_str());
                form.optional(new.display_name.as_ref().map(Name::as_str));
                form.optional(new.email.as_ref().map(Email::as_str));
                form.optional(new.picture.as_ref().map(Picture::as_str));
                form.digest(new.typed);
            }
            Self::ChangeUser(user, change) => {
                form.number(Some(user.0));
                form.optional(change.username.as_ref().map(Username::as_str));
                form.change(
                    change
                        .display_name
                        .as_ref()
                        .map(|to| to.as_ref().map(Name::as_str)),
                );
                form.change(
                    change
                        .email
                        .as_ref()
                        .map(|to| to.as_ref().map(Email::as_str)),
                );
                form.change(
                    change
                        .picture
                        .as_ref()
                        .map(|to| to.as_ref().map(Picture::as_str)),
                );
            }
            Self::DeleteUser(user) | Self::GiveToken(user, _) => form.number(Some(user.0)),
            Self::PutKey(user, put) => {
                form.number(Some(user.0));
                form.text(put.device.as_str());
                form.text(put.key.as_str());
            }
            Self::DropKey(user, device) => {
                form.number(Some(user.0));
                form.text(device.as_str());
            }
            Self::AddMembers(_, add) => {
                form.text(add.role.as_str());
                form.users(&add.users);
            }
            Self::ChangeMember(_, change) => {
                form.number(Some(change.user.0));
                form.optional(change.role.map(Role::as_str));
                form.number(change.muted.map(u64::from));
            }
            Self::RemoveMember(_, user) => form.number(Some(user.0)),
            Self::Mark(_, mark) => {
                form.number(mark.delivered.map(|number| number.0));
                form.number(mark.read.map(|number| number.0));
            }
            Self::Read(_, number) => form.number(Some(number.0)),
            Self::CloseApplication | Self::CloseChat(_) | Self::Hide(_) => {}
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

    /// A field that is emptied is told from one that is left as it is.
    fn change(&mut self, to: Option<Option<&str>>) {
        match to {
            Some(None) => self.0.update([2]),
            to => self.optional(to.flatten()),
        }
    }

    fn digest(&mut self, digest: Option<PasswordDigest>) {
        self.0.update([u8::from(digest.is_some())]);
        self.0.update(digest.map_or([0; 32], |digest| digest.0));
    }

    /// Nobody leaves no trace, so that what was written before there were users has the same form.
    fn users(&mut self, users: &[UserNumber]) {
        for user in users {
            self.number(Some(user.0));
        }
    }

    /// What most requests do not ask for leaves no trace either.
    fn unlike_most(&mut self, asked: bool, words: &str) {
        if asked {
            self.text(words);
        }
    }

    fn number(&mut self, number: Option<u64>) {
        self.0.update([u8::from(number.is_some())]);
        self.0.update(number.unwrap_or_default().to_be_bytes());
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::{CreateApplication, CreateChat, Edit};
    use crate::ids::{ChatNumber, ChatUuid, MessageNumber, PublicId, Token};
    use crate::model::ChatKind;
    use crate::seal::Sealed;

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

    #[test]
    fn a_name_that_nobody_else_may_have_is_another_request() {
        let group = |unique_name| {
            let name = Name::parse("x").unwrap();
            Command::CreateChat(CreateChat {
                kind: ChatKind::Group,
                name: Some(name),
                unique_name,
                members: vec![UserNumber(1)],
                uuid: ChatUuid::random(),
                created_at: None,
            })
            .fingerprint()
        };
        assert_eq!(group(true), group(true));
        assert_ne!(group(true), group(false));
        let application = |unique_name| {
            Command::CreateApplication(CreateApplication {
                public_id: PublicId(uuid::Uuid::nil()),
                token_hash: Token::random().hash(),
                token: Sealed(Vec::new()),
                name: Name::parse("x").unwrap(),
                unique_name,
                is_default: false,
            })
            .fingerprint()
        };
        assert_ne!(application(true), application(false));
    }
}
