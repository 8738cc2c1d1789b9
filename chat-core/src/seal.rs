//! Tokens that must be shown again are stored sealed: XChaCha20-Poly1305 under a key from the
//! configuration, the key's id in front, the row they belong to as associated data.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::bearer::Bearer;
use crate::ids::{ApplicationId, PublicId, Token, UserNumber};
use crate::password::{self, Password, PasswordDigest};
use crate::veil::Veil;

const KEY_ID: usize = 4;
const NONCE: usize = 24;

/// A sealed token: key id, nonce, ciphertext.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// Why a sealed token could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was sealed under a key that is not here.
    #[error("sealed under another key")]
    OtherKey,
    /// It was changed, or belongs to another row.
    #[error("not authentic")]
    Forged,
}

/// 256 random bits of the operating system.
pub(crate) fn random() -> [u8; 32] {
    let mut hash = Sha256::new();
    // Three version 4 UUIDs carry 366 of them.
    for _ in 0..3 {
        hash.update(Uuid::new_v4().as_bytes());
    }
    hash.finalize().into()
}

/// The key that tokens are sealed under.
#[derive(Clone)]
pub struct Keyring {
    id: [u8; KEY_ID],
    cipher: XChaCha20Poly1305,
    veils: [u8; 32],
    passwords: [u8; 32],
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(…)")
    }
}

impl Keyring {
    /// A keyring of this one key (256 random bits).
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&Sha256::digest(key)[..KEY_ID]);
        let derived = |purpose: &str| -> [u8; 32] {
            let derived = Sha256::new().chain_update(purpose).chain_update(key);
            derived.finalize().into()
        };
        Self {
            id,
            cipher: XChaCha20Poly1305::new(&key.into()),
            veils: derived("places in the index"),
            passwords: derived("passwords under keys"),
        }
    }

    /// 256 random bits for a new key.
    #[must_use]
    pub fn random_key() -> [u8; 32] {
        random()
    }

    /// Seals the token of the application with this public id.
    #[must_use]
    pub fn seal(&self, token: Token, owner: PublicId) -> Sealed {
        self.seal_bytes(token.expose().as_bytes(), owner.0.as_bytes())
    }

    /// Seals the lasting token of a user of the application with this public id.
    #[must_use]
    pub fn seal_bearer(&self, token: &Bearer, owner: PublicId, user: UserNumber) -> Sealed {
        self.seal_bytes(token.expose().as_bytes(), &of_user(owner, user))
    }

    fn seal_bytes(&self, secret: &[u8], owner: &[u8]) -> Sealed {
        let mut nonce = [0; NONCE];
        nonce[..16].copy_from_slice(Uuid::new_v4().as_bytes());
        nonce[16..].copy_from_slice(&Uuid::new_v4().as_bytes()[..8]);
        let payload = Payload {
            msg: secret,
            aad: owner,
        };
        let sealed = self
            .cipher
            .encrypt(XNonce::from_slice(&nonce), payload)
            .expect("a token is far below the cipher's limit");
        Sealed([self.id.as_slice(), &nonce, &sealed].concat())
    }

    /// What tells passwords of retried requests apart.
    pub(crate) fn digest(&self, password: &Password) -> PasswordDigest {
        password::digest(password, &self.passwords)
    }

    /// What hides the index's places from this application.
    pub(crate) fn veil(&self, application: ApplicationId) -> Veil {
        Veil::new(&self.veils, application)
    }

    /// Opens the token of the application with this public id.
    ///
    /// # Errors
    /// [`SealError`] when the key is another one, or the bytes are not what was sealed.
    pub fn open(&self, sealed: &Sealed, owner: PublicId) -> Result<Token, SealError> {
        let token = self.open_bytes(sealed, owner.0.as_bytes())?;
        Uuid::from_slice(&token)
            .map(Token::from)
            .map_err(|_| SealError::Forged)
    }

    /// Opens the lasting token of a user of the application with this public id.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn open_bearer(
        &self,
        sealed: &Sealed,
        owner: PublicId,
        user: UserNumber,
    ) -> Result<Bearer, SealError> {
        let token = self.open_bytes(sealed, &of_user(owner, user))?;
        let token = String::from_utf8(token).map_err(|_| SealError::Forged)?;
        token.parse().map_err(|_| SealError::Forged)
    }

    fn open_bytes(&self, sealed: &Sealed, owner: &[u8]) -> Result<Vec<u8>, SealError> {
        let (id, rest) = sealed.0.split_at_checked(KEY_ID).ok_or(SealError::Forged)?;
        if id != self.id {
            return Err(SealError::OtherKey);
        }
        let (nonce, text) = rest.split_at_checked(NONCE).ok_or(SealError::Forged)?;
        let payload = Payload {
            msg: text,
            aad: owner,
        };
        self.cipher
            .decrypt(XNonce::from_slice(nonce), payload)
            .map_err(|_| SealError::Forged)
    }
}

/// What a user's row is known by to the cipher.
fn of_user(application: PublicId, user: UserNumber) -> [u8; 24] {
    let mut owner = [0; 24];
    owner[..16].copy_from_slice(application.0.as_bytes());
    owner[16..].copy_from_slice(&user.0.to_be_bytes());
    owner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_for_its_own_row_and_key_only() {
        let ring = Keyring::new(Keyring::random_key());
        let (token, owner) = (Token::random(), PublicId(Uuid::new_v4()));
        let sealed = ring.seal(token, owner);
        assert_eq!(ring.open(&sealed, owner), Ok(token));
        assert_eq!(
            ring.open(&sealed, PublicId(Uuid::new_v4())),
            Err(SealError::Forged)
        );
        let other = Keyring::new(Keyring::random_key());
        assert_eq!(other.open(&sealed, owner), Err(SealError::OtherKey));
        assert_eq!(ring.open(&Sealed(vec![1]), owner), Err(SealError::Forged));
    }

    #[test]
    fn a_lasting_token_opens_for_its_own_user_only() {
        let ring = Keyring::new(Keyring::random_key());
        let (token, owner) = (Bearer::lasting(), PublicId(Uuid::new_v4()));
        let sealed = ring.seal_bearer(&token, owner, UserNumber(7));
        let open = |owner, user| ring.open_bearer(&sealed, owner, UserNumber(user));
        assert_eq!(open(owner, 7), Ok(token));
        assert_eq!(open(owner, 8), Err(SealError::Forged));
        let other = PublicId(Uuid::new_v4());
        assert_eq!(open(other, 7), Err(SealError::Forged));
    }
}
