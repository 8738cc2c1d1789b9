//! A value that is never printed.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// What is printed instead.
pub(super) const HIDDEN: &str = "(hidden)";

/// A credential: it can be compared, and is never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The bytes to compare a presented credential with.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // It is compared with what stands in an HTTP header, so nothing else could ever match.
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("must be visible ASCII characters without spaces, at least one".into());
        }
        // The output of `config show` used as a file would otherwise set a key that anybody can guess.
        if text == HIDDEN {
            return Err(format!("is {HIDDEN} as shown, not the credential itself"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(HIDDEN)
    }
}
