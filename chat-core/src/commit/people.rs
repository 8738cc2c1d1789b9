//! What can be asked for about users and members, and who asks.

use serde::{Deserialize, Deserializer, Serialize};

use crate::clock::Timestamp;
use crate::ids::{MessageNumber, TokenHash, UserNumber};
use crate::model::{ChatKind, Role};
use crate::password::{PasswordDigest, PasswordHash};
use crate::seal::Sealed;
use crate::text::{Device, Email, Name, Picture, PublicKey, Username};

/// Who asks for a write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// The application: whoever holds its token may do everything in it, and is nobody.
    #[default]
    Application,
    /// The application in the name of this user: what the user may, in open chats too.
    For(UserNumber),
    /// This user, by a session.
    User(UserNumber),
}

impl Caller {
    /// The user that asks, if it is one.
    #[must_use]
    pub const fn user(self) -> Option<UserNumber> {
        match self {
            Self::Application => None,
            Self::For(user) | Self::User(user) => Some(user),
        }
    }

    /// The user that has to take part in a chat of this kind, so that the caller may read it; `None` when nobody has to.
    #[must_use]
    pub const fn has_to_be_in(self, kind: ChatKind) -> Option<UserNumber> {
        match (self, kind) {
            (Self::Application, _) | (Self::For(_), ChatKind::Open) => None,
            (Self::For(user) | Self::User(user), _) => Some(user),
        }
    }
}

/// A new user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateUser {
    /// What it is called by.
    pub username: Username,
    /// What it is shown as.
    pub display_name: Option<Name>,
    /// Its e-mail address.
    pub email: Option<Email>,
    /// The URL of its picture.
    pub picture: Option<Picture>,
    /// What is kept of its password.
    pub password: Option<PasswordHash>,
    /// What the password is told from another one by: what is kept of it differs each time.
    #[serde(default)]
    pub typed: Option<PasswordDigest>,
    /// When it was made, if that was somewhere else; else now.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
}

/// What is changed of a user. `None` leaves what is there, `Some(None)` takes it away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangeUser {
    /// What it is called by.
    pub username: Option<Username>,
    /// What it is shown as.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub display_name: Option<Option<Name>>,
    /// Its e-mail address.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub email: Option<Option<Email>>,
    /// The URL of its picture.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub picture: Option<Option<Picture>>,
    /// What is kept of its password.
    pub password: Option<NewPassword>,
}

impl CreateUser {
    /// How many bytes its texts have.
    pub(super) fn bytes(&self) -> usize {
        let texts = [
            Some(self.username.as_str()),
            self.display_name.as_ref().map(Name::as_str),
            self.email.as_ref().map(Email::as_str),
            self.picture.as_ref().map(Picture::as_str),
            self.password.as_ref().map(|kept| kept.0.as_str()),
        ];
        texts.into_iter().flatten().map(str::len).sum()
    }
}

impl ChangeUser {
    /// How many bytes its texts have.
    pub(super) fn bytes(&self) -> usize {
        let (password, before) = match &self.password {
            Some(NewPassword::Chosen { hash, .. }) => (Some(hash), None),
            Some(NewPassword::Rehashed { hash, before }) => (Some(hash), Some(before)),
            None => (None, None),
        };
        let texts = [
            self.username.as_ref().map(Username::as_str),
            self.display_name.iter().flatten().next().map(Name::as_str),
            self.email.iter().flatten().next().map(Email::as_str),
            self.picture.iter().flatten().next().map(Picture::as_str),
            password.map(|kept| kept.0.as_str()),
            before.map(|kept| kept.0.as_str()),
        ];
        texts.into_iter().flatten().map(str::len).sum()
    }
}

/// Another password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NewPassword {
    /// The user has chosen it: every session but this one ends, and its lasting token.
    Chosen {
        /// What is kept of it.
        hash: PasswordHash,
        /// The session that goes on.
        keep: Option<TokenHash>,
    },
    /// The same password, kept in another way: nothing else changes. Only while what is kept is still this.
    Rehashed {
        /// What is kept of it.
        hash: PasswordHash,
        /// What was kept of it.
        before: PasswordHash,
    },
}

/// A token for a user that has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiveToken {
    /// What it is looked up by.
    pub hash: TokenHash,
    /// It, sealed.
    pub sealed: Sealed,
}

/// For so many devices a user gives out keys.
pub const MAX_DEVICES: usize = 20;

/// A key for a device of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutKey {
    /// Which device.
    pub device: Device,
    /// Its key.
    pub key: PublicKey,
}

/// Users to take into a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddMembers {
    /// Which.
    pub users: Vec<UserNumber>,
    /// What they may do there.
    pub role: Role,
}

/// What is changed of a member; `None` leaves what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeMember {
    /// Which.
    pub user: UserNumber,
    /// What it may do.
    pub role: Option<Role>,
    /// Whether it wants to be left alone by this chat.
    pub muted: Option<bool>,
}

/// How far a chat was received and read; what is lower than before changes nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Everything up to this message was received.
    pub delivered: Option<MessageNumber>,
    /// Everything up to this message was read, and so received.
    pub read: Option<MessageNumber>,
}

/// Tells none any more from nothing said.
pub(super) fn given<'de, T, D>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(from).map(Some)
}
