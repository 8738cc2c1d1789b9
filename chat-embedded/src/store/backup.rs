//! A copy of the file, made while it is served.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use chat_core::error::{BackendError, ErrorKind};
use rusqlite::{Connection, OpenFlags};

use crate::config::StoreConfig;
use crate::error::{BACKEND, translate, translate_io};

use super::{SqliteStore, failpoint, schema};

const OP: &str = "backup";
const COPY: &str = "VACUUM INTO ?1";
const MARK: &str = "UPDATE meta SET fresh_copy = 1";

type Result<T> = std::result::Result<T, BackendError>;

impl SqliteStore {
    /// Copies the store as it stands at one moment into a new file, while it is read and written.
    /// The file appears under its name only when it is whole and on disk; it has an epoch of its
    /// own once it is opened, so that cursors of the original are not mistaken for its. As long
    /// as it takes, the log grows by what is written.
    ///
    /// # Errors
    /// `AlreadyExists` when there is a file of this name, `Unavailable` when there is no space.
    pub async fn backup(&self, to: &Path) -> Result<()> {
        let (config, to) = (self.config.clone(), to.to_owned());
        tokio::task::spawn_blocking(move || backup(&config, &to))
            .await
            .map_err(|error| {
                BackendError::new(ErrorKind::Internal, BACKEND, OP).with_source(error)
            })?
    }
}

fn backup(config: &StoreConfig, to: &Path) -> Result<()> {
    if to.try_exists().map_err(translate_io(OP))? {
        let exists = io::Error::new(io::ErrorKind::AlreadyExists, format!("{}", to.display()));
        return Err(translate_io(OP)(exists));
    }
    let unfinished = beside(to);
    // What an earlier attempt left when it was killed.
    discard(&unfinished).map_err(translate_io(OP))?;
    let done = copy(config, &unfinished).and_then(|()| publish(&unfinished, to));
    if done.is_err()
        && let Err(error) = discard(&unfinished)
    {
        tracing::warn!(%error, file = %unfinished.display(), "an unfinished backup is left");
    }
    done
}

fn beside(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn discard(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn copy(config: &StoreConfig, to: &Path) -> Result<()> {
    let name = to.to_str().ok_or_else(|| {
        BackendError::new(ErrorKind::Invalid, BACKEND, OP).with_source("the path is not UTF-8")
    })?;
    let conn = schema::reader(config).map_err(translate(OP))?;
    if failpoint::is_set(config, failpoint::DURING_BACKUP) {
        conn.progress_handler(10_000, Some(|| std::process::abort()))
            .map_err(translate(OP))?;
    }
    conn.execute(COPY, [name]).map_err(translate(OP))?;
    // Small copies end before the handler is asked.
    failpoint::pass(config, failpoint::DURING_BACKUP);
    drop(conn);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let copy = Connection::open_with_flags(to, flags).map_err(translate(OP))?;
    copy.execute(MARK, []).map_err(translate(OP))?;
    copy.close().map_err(|(_, error)| translate(OP)(error))
}

/// Nothing that is not on disk gets the final name.
fn publish(unfinished: &Path, to: &Path) -> Result<()> {
    let sync = |path: &Path| File::open(path).and_then(|file| file.sync_all());
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    sync(unfinished)
        .and_then(|()| fs::rename(unfinished, to))
        .and_then(|()| sync(folder))
        .map_err(translate_io(OP))
}
