//! What users prove themselves with once they are logged in.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::ids::{InvalidId, TokenHash};
use crate::seal;

/// Longest token, in bytes: one that another system made may be longer than ours.
pub const MAX_BEARER_BYTES: usize = 255;

/// The secret of a session, or the lasting token of a user: whoever holds it is that user. 1 to 255 visible ASCII characters. Its
/// `Debug` hides it.
#[derive(Clone)]
pub struct Bearer(String);

impl Bearer {
    /// A new random one for a session: 256 random bits, as 43 characters of base64url.
    #[must_use]
    pub fn session() -> Self {
        Self(URL_SAFE_NO_PAD.encode(seal::random()))
    }

    /// A new random lasting one: 160 random bits, as 40 hexadecimal digits.
    #[must_use]
    pub fn lasting() -> Self {
        let bits = &seal::random()[..20];
        Self(bits.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The secret, for those who may see it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What a store looks it up by: SHA-256 of its text.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(&self.0).into())
    }
}

impl PartialEq for Bearer {
    /// Takes as long whatever the first difference is.
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Bearer {}

impl FromStr for Bearer {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let is_one = (1..=MAX_BEARER_BYTES).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_one
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidId("token"))
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_own_text_and_is_never_printed() {
        for (token, length) in [(Bearer::session(), 43), (Bearer::lasting(), 40)] {
            let text = token.expose();
            assert_eq!(text.len(), length);
            assert_eq!(text.parse(), Ok(token.clone()));
            assert!(!format!("{token:?} {:?}", token.hash()).contains(text));
        }
        assert_ne!(Bearer::session(), Bearer::session());
        let long = "x".repeat(MAX_BEARER_BYTES + 1);
        for bad in ["", "a b", "a\n", "ü", &long] {
            assert!(bad.parse::<Bearer>().is_err(), "{bad:?}");
        }
    }
}
