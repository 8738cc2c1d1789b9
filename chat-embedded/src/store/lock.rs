//! One process writes a file: it holds a lock beside it for as long as it does.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use chat_core::error::BackendError;

use crate::error::{OpenError, translate_io};

/// The lock; it goes with the value.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Lock {
    pub(super) fn take(database: &Path) -> Result<Self, BackendError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let io = translate_io("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| beside(Path::new(&path), &error))
            .map_err(&io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(&io)?;
                let locked = OpenError::Locked {
                    path: database.to_owned(),
                    holder: holder.trim().to_owned(),
                };
                return Err(locked.into_backend());
            }
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        // A full disk must not keep the store from starting: the pid only serves the message.
        let _ = file
            .set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self(file))
    }
}

/// What failed, with the file that it failed on.
fn beside(path: &Path, error: &std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
