//! Connections and the schema they find.

use std::path::Path;
use std::time::Duration;

use chat_core::error::BackendError;
use chat_core::ids::Epoch;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::config::{StoreConfig, Synchronous};
use crate::error::{OpenError, translate};

/// "chat" in ASCII.
const APPLICATION_ID: i64 = 0x6368_6174;
const MIGRATIONS: [&str; 6] = [
    include_str!("../../migrations/0001.sql"),
    include_str!("../../migrations/0002.sql"),
    include_str!("../../migrations/0003.sql"),
    include_str!("../../migrations/0004.sql"),
    include_str!("../../migrations/0005.sql"),
    include_str!("../../migrations/0006.sql"),
];
const NEWEST: i64 = MIGRATIONS.len() as i64;
const STATEMENTS: usize = 128;
pub(super) const BUSY: Duration = Duration::from_secs(5);
/// What stays of the log once it starts again from its beginning.
const KEPT_LOG_BYTES: i64 = 64 << 20;
/// Readers map the file: its pages are the operating system's, not this process's.
const MAPPED_BYTES: i64 = 1 << 30;

/// A connection that writes. It leaves the log alone: the checkpointer copies it.
pub(super) fn writer(config: &StoreConfig) -> Result<Connection, BackendError> {
    let conn = Connection::open_with_flags(
        &config.path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(translate("open"))?;
    prepare(&conn, config.writer_cache_kib)
        .and_then(|()| {
            conn.pragma_update(None, "journal_mode", "WAL")?;
            conn.pragma_update(None, "wal_autocheckpoint", 0)?;
            conn.pragma_update(None, "journal_size_limit", KEPT_LOG_BYTES)?;
            conn.pragma_update(None, "synchronous", level(config.synchronous))
        })
        .map_err(|error| not_ours(&config.path, error))?;
    Ok(conn)
}

/// A connection that only reads.
pub(super) fn reader(config: &StoreConfig) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(
        &config.path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    prepare(&conn, config.reader_cache_kib)?;
    conn.pragma_update(None, "mmap_size", MAPPED_BYTES)?;
    Ok(conn)
}

/// The level as SQLite writes it.
pub(super) const fn level(synchronous: Synchronous) -> &'static str {
    match synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    }
}

fn prepare(conn: &Connection, cache_kib: u32) -> rusqlite::Result<()> {
    conn.busy_timeout(BUSY)?;
    // What `decide` says is consistent; looking every parent up again would cost each insert.
    conn.pragma_update(None, "foreign_keys", false)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.pragma_update(None, "cache_size", -i64::from(cache_kib))
}

/// Brings the file up to date and answers its epoch; a copy that was never opened gets its own.
pub(super) fn migrate(conn: &mut Connection, path: &Path) -> Result<Epoch, BackendError> {
    let found = version(conn, path, true)?;
    upgrade(conn, found).map_err(translate("migrate"))
}

/// The epoch of a file that must be up to date already.
pub(super) fn examine(conn: &Connection, path: &Path) -> Result<Epoch, BackendError> {
    let found = version(conn, path, false)?;
    if found < NEWEST {
        let (path, known) = (path.to_owned(), NEWEST);
        return Err(OpenError::Older { path, found, known }.into_backend());
    }
    conn.query_row("SELECT epoch FROM meta", [], |row| row.get(0))
        .map(epoch)
        .map_err(translate("open"))
}

fn version(conn: &Connection, path: &Path, may_be_new: bool) -> Result<i64, BackendError> {
    let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let read = || {
        let tables = "SELECT count(*) FROM sqlite_schema";
        let tables: i64 = conn.query_row(tables, [], |row| row.get(0))?;
        Ok((pragma("application_id")?, pragma("user_version")?, tables))
    };
    let (owner, found, tables) = read().map_err(|error| not_ours(path, error))?;
    let is_new = owner == 0 && found == 0 && tables == 0;
    let path = path.to_owned();
    if owner != APPLICATION_ID && !(may_be_new && is_new) {
        return Err(OpenError::NotOurs { path }.into_backend());
    }
    if found > NEWEST {
        let known = NEWEST;
        return Err(OpenError::Newer { path, found, known }.into_backend());
    }
    Ok(found)
}

fn not_ours(path: &Path, error: rusqlite::Error) -> BackendError {
    if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
        let path = path.to_owned();
        return OpenError::NotOurs { path }.into_backend();
    }
    translate("open")(error)
}

fn upgrade(conn: &mut Connection, found: i64) -> rusqlite::Result<Epoch> {
    for (step, sql) in (1..).zip(MIGRATIONS) {
        if step <= found {
            continue;
        }
        let transaction = conn.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", step)?;
        transaction.commit()?;
        tracing::info!(version = step, "the store was brought up to date");
    }
    let transaction = conn.transaction()?;
    transaction.execute(
        "INSERT INTO meta (id, epoch) VALUES (1, ?1)
         ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, fresh_copy = 0 WHERE fresh_copy = 1",
        [Epoch::random().0.cast_signed()],
    )?;
    let stored = transaction.query_row("SELECT epoch FROM meta", [], |row| row.get(0))?;
    transaction.commit()?;
    Ok(epoch(stored))
}

/// Gives a file that is up to date another epoch than it has.
pub(super) fn renew_epoch(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute(
        "UPDATE meta SET epoch = ?1",
        [Epoch::random().0.cast_signed()],
    )?;
    Ok(())
}

fn epoch(stored: i64) -> Epoch {
    Epoch(stored.cast_unsigned())
}
