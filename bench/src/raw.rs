//! The bare side of writes: rusqlite, one table, one index, one prepared insert.

use std::path::Path;

use rusqlite::{Connection, params};

/// The columns and the index that the embedded store has on messages.
const SCHEMA: &str = "CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    chat INTEGER NOT NULL,
    number INTEGER NOT NULL,
    body TEXT NOT NULL,
    author_name TEXT,
    data TEXT,
    reply_to INTEGER,
    ext_id INTEGER,
    created_at INTEGER NOT NULL,
    edited_at INTEGER,
    deleted_at INTEGER,
    change INTEGER NOT NULL,
    UNIQUE (chat, number)
) STRICT";
const INSERT: &str = "INSERT INTO messages (chat, number, body, author_name, data, reply_to, \
     ext_id, created_at, edited_at, deleted_at, change) \
     VALUES (?1, ?2, ?3, ?4, NULL, NULL, NULL, ?5, NULL, NULL, 0)";

/// A row as the embedded store writes it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) chat: i64,
    pub(crate) number: i64,
    pub(crate) body: String,
    pub(crate) author: Option<String>,
    pub(crate) at: i64,
}

/// A fresh database with the durability of the embedded store.
pub(crate) fn create(path: &Path) -> rusqlite::Result<Connection> {
    let db = open(path)?;
    db.execute_batch(SCHEMA)?;
    Ok(db)
}

/// A database with the durability of the embedded store.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "wal_autocheckpoint", 16_000)?;
    db.pragma_update(None, "cache_size", -16 * 1_024)?;
    Ok(db)
}

/// Inserts these rows in transactions of these sizes, one after the other.
pub(crate) fn insert(db: &mut Connection, rows: &[Row], sizes: &[usize]) -> rusqlite::Result<()> {
    let mut rest = rows;
    for size in sizes {
        let (batch, after) = rest.split_at((*size).min(rest.len()));
        rest = after;
        let change = db.transaction()?;
        {
            let mut insert = change.prepare_cached(INSERT)?;
            for row in batch {
                insert.execute(params![row.chat, row.number, row.body, row.author, row.at])?;
            }
        }
        change.commit()?;
    }
    Ok(())
}
