//! How passwords are hashed, and which hashes are understood.

use std::cell::RefCell;

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::{Algorithm, Argon2, Block, Params, PasswordHasher, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;

use crate::error::{BackendError, ErrorKind};

use super::{Password, PasswordDigest, PasswordHash};

/// What a password is checked against when there is nothing to check it against, so that it takes as long. Nobody knows a password
/// for it.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ$bm9ib2R5IGtub3dzIGEgcGFzc3dvcmQgb2YgdGhpcyE";
/// More than this a hash that comes from elsewhere may not cost: memory in KiB, passes over it, and both at once.
const MOST: (u32, u32) = (256 << 10, 16);
/// The same for the iterations of PBKDF2; Django 6 writes 1,200,000.
const MOST_ITERATIONS: u32 = 4_000_000;

/// What came of checking a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Whether it is the one.
    pub(crate) is_right: bool,
    /// What to keep of it from now on, when what is kept is not how it is done today.
    pub(crate) renewed: Option<PasswordHash>,
}

/// What to keep of a password: Argon2id, 19 MiB, two passes, a random salt; as a PHC string.
pub(crate) fn hash(password: &Password) -> Result<PasswordHash, BackendError> {
    let hashed = today().hash_password(password.expose().as_bytes());
    let fault = BackendError::new(ErrorKind::Unavailable, "argon2", "hash");
    match hashed {
        Ok(hashed) => Ok(PasswordHash(hashed.to_string())),
        Err(error) => Err(fault.with_source(error.to_string())),
    }
}

/// Checks a password against what is kept of it. Where nothing is kept, or nothing that is understood, it is wrong after as long as
/// it would be with a hash of today.
///
/// Besides those of [`hash`], hashes are understood as Django writes them: `pbkdf2_sha256$ITERATIONS$SALT$HASH`. They take the time
/// that their iterations take.
pub(crate) fn verify(password: &Password, kept: Option<&PasswordHash>) -> Verdict {
    let typed = password.expose().as_bytes();
    let (is_right, is_of_today) = match kept.and_then(|kept| Kept::read(&kept.0)) {
        Some(Kept::Argon2(kept, is_of_today)) => (is_of(typed, &kept), is_of_today),
        Some(Kept::Django(kept)) => (kept.verify(typed), false),
        None => {
            let nobody = Phc::new(NOBODY).map(|kept| is_of(typed, &kept));
            std::hint::black_box(nobody.is_ok_and(|checked| checked));
            (false, true)
        }
    };
    let outdated = is_right && !is_of_today;
    // What cannot be hashed anew now is next time.
    let renewed = outdated.then(|| hash(password).ok()).flatten();
    Verdict { is_right, renewed }
}

/// Whether what was typed is what a hash is of. This is what takes its time.
fn is_of(typed: &[u8], kept: &Phc) -> bool {
    #[cfg(test)]
    CHECKED.set(CHECKED.get() + 1);
    check(typed, kept).unwrap_or(false)
}

/// The same; `None` when the kept one has no salt or hash.
fn check(typed: &[u8], kept: &Phc) -> Option<bool> {
    let algorithm = Algorithm::try_from(kept.algorithm.as_str()).ok()?;
    let version = kept
        .version
        .map_or(Ok(Version::default()), Version::try_from);
    let cost = Params::try_from(kept).ok()?;
    let (salt, expected) = (kept.salt.as_ref()?, kept.hash.as_ref()?);
    let mut hash = vec![0; expected.len()];
    let blocks = cost.block_count();
    let argon2 = Argon2::new(algorithm, version.ok()?, cost);
    MEMORY.with_borrow_mut(|memory| {
        if memory.len() < blocks {
            memory.resize(blocks, Block::new());
        }
        let done =
            argon2.hash_password_into_with_memory(typed, salt, &mut hash, &mut memory[..blocks]);
        memory.truncate(today().params().block_count());
        memory.shrink_to_fit();
        done.ok()
    })?;
    Some(hash.ct_eq(expected.as_bytes()).into())
}

thread_local! {
    /// What the last check on this thread worked in: to take 19 MiB from the system anew costs half as much as the check.
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

#[cfg(test)]
thread_local! {
    static CHECKED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How many passwords were checked against a hash on this thread.
#[cfg(test)]
pub(crate) fn checked() -> usize {
    CHECKED.get()
}

/// HMAC-SHA256 of a password under a secret, as the one round of PBKDF2 computes it.
pub(crate) fn digest(password: &Password, secret: &[u8; 32]) -> PasswordDigest {
    let mut digest = [0; 32];
    let typed = password.expose().as_bytes();
    pbkdf2::pbkdf2_hmac::<pbkdf2::sha2::Sha256>(secret, typed, 1, &mut digest);
    PasswordDigest(digest)
}

/// Whether a password can be right for what is kept of it.
pub(super) fn is_understood(kept: &str) -> bool {
    Kept::read(kept).is_some()
}

fn today() -> Argon2<'static> {
    Argon2::default()
}

/// A hash that is understood.
enum Kept {
    /// Argon2, and whether as [`hash`] does it.
    Argon2(Box<Phc>, bool),
    Django(Pbkdf2),
}

impl Kept {
    fn read(text: &str) -> Option<Self> {
        if let Some(django) = text.strip_prefix("pbkdf2_sha256$") {
            return Pbkdf2::read(django).map(Self::Django);
        }
        let hash = Phc::new(text).ok()?;
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
        let cost = Params::try_from(&hash).ok()?;
        let bearable = cost.m_cost() <= MOST.0 && cost.t_cost() <= MOST.1;
        let today = Params::default();
        let is_of_today = algorithm == Algorithm::Argon2id
            && (cost.m_cost(), cost.t_cost(), cost.p_cost())
                == (today.m_cost(), today.t_cost(), today.p_cost());
        bearable.then(|| Self::Argon2(Box::new(hash), is_of_today))
    }
}

struct Pbkdf2 {
    iterations: u32,
    salt: String,
    hash: [u8; 32],
}

impl Pbkdf2 {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '$');
        let iterations = parts.next()?.parse().ok()?;
        let salt = parts.next()?.to_owned();
        let hash = STANDARD.decode(parts.next()?).ok()?.try_into().ok()?;
        let bearable = (1..=MOST_ITERATIONS).contains(&iterations);
        bearable.then_some(Self {
            iterations,
            salt,
            hash,
        })
    }

    fn verify(&self, typed: &[u8]) -> bool {
        let mut hash = [0; 32];
        let salt = self.salt.as_bytes();
        pbkdf2::pbkdf2_hmac::<pbkdf2::sha2::Sha256>(typed, salt, self.iterations, &mut hash);
        hash.ct_eq(&self.hash).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of "correct horse", as Django makes it: `hashlib.pbkdf2_hmac("sha256", b"correct horse", b"seasalt", 1000)`.
    const DJANGO: &str = "pbkdf2_sha256$1000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=";

    #[test]
    fn nobodys_hash_costs_what_one_of_today_costs() {
        assert!(matches!(Kept::read(NOBODY), Some(Kept::Argon2(_, true))));
    }

    fn typed(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    fn kept(text: &str) -> PasswordHash {
        PasswordHash(text.to_owned())
    }

    #[test]
    fn a_password_is_right_for_its_own_hash_and_no_two_hashes_are_alike() {
        let (one, other) = (hash(&typed("pässword")), hash(&typed("pässword")));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_ne!(one, other);
        assert!(one.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let right = verify(&typed("pässword"), Some(&one));
        assert_eq!((right.is_right, right.renewed), (true, None));
        assert!(!verify(&typed("password"), Some(&one)).is_right);
        assert!(!verify(&typed("password"), None).is_right);
    }

    #[test]
    fn a_hash_of_django_is_understood_and_renewed_when_it_is_right() {
        let wrong = verify(&typed("wrong horse"), Some(&kept(DJANGO)));
        assert_eq!((wrong.is_right, wrong.renewed), (false, None));
        let right = verify(&typed("correct horse"), Some(&kept(DJANGO)));
        assert!(right.is_right);
        let renewed = right.renewed.unwrap();
        assert!(renewed.0.starts_with("$argon2id$"));
        assert!(verify(&typed("correct horse"), Some(&renewed)).is_right);
    }

    #[test]
    fn a_hash_of_other_cost_is_renewed() {
        let cheap = Params::new(8, 1, 1, None).unwrap();
        let cheap = Argon2::from(cheap).hash_password(b"correct horse").unwrap();
        let right = verify(&typed("correct horse"), Some(&kept(&cheap.to_string())));
        assert!(right.is_right && right.renewed.is_some());
    }

    #[test]
    fn what_costs_too_much_or_is_no_hash_is_wrong() {
        let dear = NOBODY.replace("m=19456", "m=4000000");
        let slow = NOBODY.replace("t=2", "t=1000");
        let long = DJANGO.replace("$1000$", "$4000000000$");
        for text in [&dear, &slow, &long, "", "!", "correct horse", "$argon2id$"] {
            assert!(Kept::read(text).is_none(), "{text}");
            assert!(!verify(&typed("correct horse"), Some(&kept(text))).is_right);
        }
    }

    #[test]
    fn nobody_costs_what_anybody_does() {
        assert!(matches!(Kept::read(NOBODY), Some(Kept::Argon2(_, true))));
    }
}
