//! The setting `token_key`.

use std::fmt;
use std::str::FromStr;

use chat_core::seal::Keyring;
use serde::{Serialize, Serializer};

use super::secret::HIDDEN;
use crate::keyfile;

/// The key that tokens are sealed under; it is never printed.
#[derive(Clone)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// The keyring of this key.
    pub fn keyring(&self) -> Keyring {
        Keyring::new(self.0)
    }
}

impl FromStr for TokenKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let key = keyfile::decode(text);
        key.map(Self).ok_or_else(|| {
            "must be 64 hexadecimal digits, such as `openssl rand -hex 32` prints".into()
        })
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(HIDDEN)
    }
}

impl Serialize for TokenKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(HIDDEN)
    }
}
