//! The Store on one SQLite file.

mod apply;
mod backup;
mod check;
mod checkpoint;
mod devices;
mod erase;
mod failpoint;
mod forget;
mod load;
mod lock;
mod members;
mod operations;
mod outbox;
mod own;
mod read;
mod readers;
mod recount;
mod rows;
mod schema;
mod sessions;
mod threads;
mod transfer;
mod upkeep;
mod users;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use chat_core::clock::Timestamp;
use chat_core::commit::{Batch, Operation, decide};
use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::{Epoch, OperationId};
use chat_core::port::{Commit, Committed};
use rusqlite::Connection;

pub use check::Report;

use crate::config::StoreConfig;
use crate::error::{BACKEND, translate};
use lock::Lock;
use readers::Readers;
use writer::{Durability, Writer};

type Result<T> = std::result::Result<T, BackendError>;

/// The one write that makes numbers.
const COMMIT: &str = "commit";

/// A store on one SQLite file: one writer, some readers, all rules in the core.
///
/// Dropping it finishes what waits to be written, copies the log into the database and lets go of
/// the lock, so that the file can be opened again at once.
#[derive(Debug)]
pub struct SqliteStore {
    config: StoreConfig,
    epoch: Epoch,
    readers: Readers,
    writer: Option<Writer>,
    /// Held where nothing is written, so that nobody else does.
    alone: Option<Lock>,
}

impl SqliteStore {
    /// Opens a file for writing, makes it when it is not there, and brings its schema up to date.
    /// It blocks for a moment: call it before serving, or where blocking is allowed.
    ///
    /// # Errors
    /// The source is an [`OpenError`](crate::OpenError) when another process writes the file
    /// (`Conflict`), or when it is of a newer version or something else (`Invalid`).
    pub fn open(config: StoreConfig) -> Result<Self> {
        let lock = Lock::take(&config.path)?;
        let mut conn = schema::writer(&config)?;
        let epoch = schema::migrate(&mut conn, &config.path)?;
        Ok(Self {
            readers: Readers::new(&config),
            writer: Some(Writer::start(&config, conn, lock)?),
            epoch,
            config,
            alone: None,
        })
    }

    /// Gives a file that nobody has open a new epoch, so that nobody takes what it holds for what was there before:
    /// for a file that was put back by other means than [`SqliteStore::backup`].
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn renew_epoch(config: StoreConfig) -> Result<()> {
        let _lock = Lock::take(&config.path)?;
        let mut conn = schema::writer(&config)?;
        schema::migrate(&mut conn, &config.path)?;
        schema::renew_epoch(&conn).map_err(translate("renew_epoch"))
    }

    /// Opens a file that is there for reading alone, also beside a process that writes it. Writes
    /// are answered `Unavailable`.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; no lock is taken. A file of an older version is `Invalid`.
    pub fn open_read_only(config: StoreConfig) -> Result<Self> {
        let conn = schema::reader(&config).map_err(translate("open"))?;
        let epoch = schema::examine(&conn, &config.path)?;
        Ok(Self {
            readers: Readers::new(&config),
            writer: None,
            epoch,
            config,
            alone: None,
        })
    }

    /// Opens a file that is there for reading alone, and keeps everybody else from writing it.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]. A file of an older version is `Invalid`.
    pub fn open_alone(config: StoreConfig) -> Result<Self> {
        let lock = Lock::take(&config.path)?;
        let mut store = Self::open_read_only(config)?;
        store.alone = Some(lock);
        Ok(store)
    }

    fn writer(&self, op: &'static str) -> Result<&Writer> {
        self.writer.as_ref().ok_or_else(|| {
            BackendError::new(ErrorKind::Unavailable, BACKEND, op)
                .with_source("the store was opened for reading alone")
        })
    }
}

impl Drop for SqliteStore {
    /// The writer closes last: only then the log goes into the database.
    fn drop(&mut self) {
        self.readers.close();
    }
}

#[async_trait]
impl Commit for SqliteStore {
    async fn commit(&self, batch: Arc<Batch>, now: Timestamp) -> Result<Committed> {
        self.writer(COMMIT)?
            .write(COMMIT, Durability::Configured, move |conn| {
                commit(conn, &batch, now)
            })
            .await
    }

    async fn operations(&self, ids: &[OperationId]) -> Result<Vec<Operation>> {
        let ids = ids.to_vec();
        self.readers
            .read("operations", move |conn| {
                let found = ids.iter().map(|id| operations::find(conn, *id));
                found.filter_map(rusqlite::Result::transpose).collect()
            })
            .await
    }
}

/// The writer is alone, so what is loaded in its transaction is locked.
fn commit(conn: &Connection, batch: &Batch, now: Timestamp) -> rusqlite::Result<Committed> {
    let facts = load::facts(conn, &batch.requests)?;
    let (mut outcomes, mut writes) = decide(facts, &batch.requests, now);
    let (counts, people) = (std::mem::take(&mut writes.counts), writes.people());
    let moved = apply::writes(conn, &mut writes, &mut outcomes, &batch.sinks)?;
    Ok(Committed {
        outcomes,
        moved,
        counts,
        people,
    })
}
