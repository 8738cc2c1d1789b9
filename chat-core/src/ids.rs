//! Identifiers: row ids inside, numbers and UUIDs outside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A text that is not an identifier of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct InvalidId(pub &'static str);

/// A row id: made by a store, never shown outside.
macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

/// A dense sequence. `from_str` takes plain digits without leading zeros, from 1 to `i64::MAX`.
macro_rules! sequence {
    ($(#[$doc:meta])* $name:ident, $noun:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// Before the first one.
            pub const ZERO: Self = Self(0);
            /// The largest one a store can hold.
            pub const MAX: Self = Self(i64::MAX as u64);

            /// The one that follows.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                plain_number(text).map(Self).ok_or(InvalidId($noun))
            }
        }
    };
}

fn plain_number(text: &str) -> Option<u64> {
    let plain = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|_| plain)?;
    (number <= i64::MAX as u64).then_some(number)
}

row_id! {
    /// The row of an application.
    ApplicationId
}
impl ApplicationId {
    /// The root row: what belongs to no application is kept under it.
    pub const ROOT: Self = Self(0);
}

row_id! {
    /// The row of a chat.
    ChatId
}
sequence! {
    /// The number of a chat inside its application, from 1.
    ChatNumber, "chat number"
}
sequence! {
    /// The number of a message inside its chat, from 1.
    MessageNumber, "message number"
}
sequence! {
    /// The number of a user inside its application, from 1.
    UserNumber, "user number"
}
sequence! {
    /// One step of a chat's change sequence, from 1; every touch takes the next.
    Change, "change"
}

/// The secret that gives full power in one application. Its `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token(Uuid);

impl Token {
    /// A new random token (122 random bits, UUID version 4).
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The token as a UUID, for those who may see it.
    #[must_use]
    pub const fn expose(self) -> Uuid {
        self.0
    }

    /// What a store looks a token up by.
    #[must_use]
    pub fn hash(self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl From<Uuid> for Token {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl FromStr for Token {
    type Err = InvalidId;

    /// Takes the hyphenated form of 36 characters only.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        hyphenated(text).map(Self).ok_or(InvalidId("token"))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// SHA-256 of a token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenHash({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// The id of an application that gives no power by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicId(pub Uuid);

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PublicId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        hyphenated(text).map(Self).ok_or(InvalidId("public id"))
    }
}

fn hyphenated(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == 36)
}

/// A command on its way through the queue. Random, made by whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(pub Uuid);

impl OperationId {
    /// A new random id (122 random bits, UUID version 4).
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for OperationId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        hyphenated(text).map(Self).ok_or(InvalidId("operation id"))
    }
}

/// What a direct chat is called besides its number. Random, made by whoever asks for the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChatUuid(pub Uuid);

impl ChatUuid {
    /// A new random one (122 random bits, UUID version 4).
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for ChatUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ChatUuid {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        hyphenated(text).map(Self).ok_or(InvalidId("chat UUID"))
    }
}

/// A session as lists name it; it gives no power. Random, made when the session is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub Uuid);

impl SessionId {
    /// A new random id (122 random bits, UUID version 4).
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SessionId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        hyphenated(text).map(Self).ok_or(InvalidId("session id"))
    }
}

/// Which history a store tells: a restored copy has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// A new random epoch.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4().as_u64_pair().0)
    }
}

/// A chat's (last number, last change).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Head {
    /// The number of the last message.
    pub number: MessageNumber,
    /// The last change.
    pub change: Change,
}

impl Head {
    /// The head of a chat in which nothing has happened.
    pub const START: Self = Self {
        number: MessageNumber::ZERO,
        change: Change::ZERO,
    };

    /// Whether all that `other` has seen is seen here too.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.number >= other.number && self.change >= other.change
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_plain_digits_without_leading_zeros() {
        assert_eq!("7".parse(), Ok(ChatNumber(7)));
        assert_eq!("9223372036854775807".parse(), Ok(ChatNumber::MAX));
        for bad in [
            "",
            "0",
            "007",
            "+7",
            "-7",
            " 7",
            "7 ",
            "7.0",
            "٧",
            "9223372036854775808",
        ] {
            assert_eq!(
                bad.parse::<ChatNumber>(),
                Err(InvalidId("chat number")),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_token_is_a_hyphenated_uuid_and_never_printed() {
        let token = Token::random();
        let text = token.expose().to_string();
        assert_eq!(text.parse(), Ok(token));
        assert!(
            token
                .expose()
                .simple()
                .to_string()
                .parse::<Token>()
                .is_err()
        );
        assert!(!format!("{token:?} {:?}", token.hash()).contains(&text));
    }
}
