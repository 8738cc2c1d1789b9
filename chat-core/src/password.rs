//! Passwords, and what is kept of them.

mod hashing;
mod thread;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::Violation;

#[cfg(test)]
pub(crate) use hashing::checked;
pub(crate) use hashing::{digest, hash, verify};
pub(crate) use thread::Passwords;

/// Longest password, in bytes.
pub const MAX_PASSWORD_BYTES: usize = 1_024;

/// A password as it was typed: 1 to 1,024 bytes. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes a password exactly as it was typed.
    ///
    /// # Errors
    /// The [`Violation`] that names what is wrong.
    pub fn parse(text: impl Into<String>) -> Result<Self, Violation> {
        let text = text.into();
        if text.is_empty() {
            return Err(Violation::Blank);
        }
        if text.len() > MAX_PASSWORD_BYTES {
            return Err(Violation::TooLong {
                max: MAX_PASSWORD_BYTES,
                unit: "bytes",
            });
        }
        Ok(Self(text))
    }

    /// The password, for those who hash it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What tells two typed passwords apart without telling either: a digest under a secret of the server. Its `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordDigest(pub [u8; 32]);

impl fmt::Debug for PasswordDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordDigest(…)")
    }
}

/// What is kept of a password: its hash with everything that is needed to check it, as text. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

impl PasswordHash {
    /// What another system keeps of a password, if it is understood: Argon2 as a PHC string, or as Django writes it, or
    /// `pbkdf2_sha256$ITERATIONS$SALT$HASH`. Today's kind replaces it when its user logs in.
    #[must_use]
    pub fn foreign(text: &str) -> Option<Self> {
        let text = match text.strip_prefix("argon2$") {
            Some(_) => &text["argon2".len()..],
            None => text,
        };
        hashing::is_understood(text).then(|| Self(text.to_owned()))
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}
