//! The key that tokens are sealed under, in a file of its own beside the database.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chat_core::seal::Keyring;
use thiserror::Error;

/// The file's name.
pub const NAME: &str = "token.key";

/// Why there is no key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("the key file {} cannot be used", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("the key file {} does not hold a key: 64 hexadecimal digits are wanted", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
    },
    /// A new key could open none of the tokens that are there.
    #[error(
        "the key file {} is missing, and the tokens of the applications in the database beside it \
         are sealed under that key: put the file back (a backup holds it only when it was made \
         with --with-key)",
        path.display()
    )]
    Missing {
        /// Which file.
        path: PathBuf,
    },
}

/// Where the key of this database is.
pub fn beside(database: &Path) -> PathBuf {
    database.with_file_name(NAME)
}

/// The key in this file; `None` when there is no such file.
///
/// # Errors
/// When the file cannot be read, or holds no key.
pub fn read(path: &Path) -> Result<Option<Keyring>, KeyError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path)(error)),
    };
    let mode = fs::metadata(path)
        .map_err(failed(path))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        tracing::warn!(file = %path.display(), "others on this machine may read the key file; its mode should be 600");
    }
    let key = decode(text.trim()).ok_or_else(|| KeyError::Malformed {
        path: path.to_owned(),
    })?;
    Ok(Some(Keyring::new(key)))
}

/// Makes a key and keeps it in this file, which only its owner may read.
///
/// # Errors
/// When the file cannot be made, or is there already.
pub fn create(path: &Path) -> Result<Keyring, KeyError> {
    let key = Keyring::random_key();
    keep(path, &encode(&key)).map_err(failed(path))?;
    Ok(Keyring::new(key))
}

/// Copies a key file.
///
/// # Errors
/// When the one cannot be read, or the other is there already.
pub fn copy(from: &Path, to: &Path) -> Result<(), KeyError> {
    let text = fs::read_to_string(from).map_err(failed(from))?;
    keep(to, text.trim()).map_err(failed(to))
}

/// Writes beside the place first, so that a crash leaves a whole key or none.
fn keep(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("key.new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    let linked = fs::hard_link(&new, path);
    fs::remove_file(&new)?;
    linked?;
    match path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        Some(parent) => File::open(parent)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> KeyError {
    let path = path.to_owned();
    move |source| KeyError::Io {
        path: path.clone(),
        source,
    }
}

fn encode(key: &[u8; 32]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key that these digits are.
pub(crate) fn decode(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use chat_core::ids::{PublicId, Token};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = beside(&dir.path().join("chat.db"));
        assert!(read(&path).unwrap().is_none());
        let made = create(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let (token, owner) = (Token::random(), PublicId(Uuid::new_v4()));
        let sealed = made.seal(token, owner);
        assert_eq!(
            read(&path).unwrap().unwrap().open(&sealed, owner),
            Ok(token)
        );
        assert!(create(&path).is_err(), "a key is never written over");
        let copied = dir.path().join("copy").with_file_name("other.key");
        copy(&path, &copied).unwrap();
        assert_eq!(
            read(&copied).unwrap().unwrap().open(&sealed, owner),
            Ok(token)
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        for text in ["", "12", &"x".repeat(64), &"+1".repeat(32), &"0".repeat(63)] {
            fs::write(&path, text).unwrap();
            assert!(
                matches!(read(&path), Err(KeyError::Malformed { .. })),
                "{text:?}"
            );
        }
    }
}
