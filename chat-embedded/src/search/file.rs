//! One index file: its tables, and what is written to them.
//!
//! A document's id tells the millisecond in which its message was created, so that an index that is built again has the order that it
//! had. FTS5 walks its lists fastest upwards, and newest comes first: so the row of document `id` in `f` is [`TOP`] − `id`, and the
//! rows of a batch are written last document first.

use std::path::Path;
use std::time::Duration;

use chat_core::ids::{ApplicationId, ChatId, Epoch};
use chat_core::port::Document;
use rusqlite::{Connection, OptionalExtension, params};

use super::put::Put;
use crate::SearchConfig;

/// The row in `f` of the document before the first.
pub(super) const TOP: i64 = 1 << 48;

/// The layout below, with the terms that `chat_core` cuts; another number is another index.
const VERSION: i64 = 3;

/// How many documents one step of an erasure removes.
const ERASED_AT_ONCE: usize = 2_000;

/// How many bytes of terms wait to be written.
const PENDING_AT_MOST: usize = 8 << 20;

/// How many pages of the index one step of merging writes.
const MERGED_AT_ONCE: i64 = 128;

/// `docs` maps rows to messages and tells how new the indexed state is and how long its text. `unordered` names the chats
/// where ids do not rise with numbers. `built` has a row once the index is whole: the epoch of the store that it was built
/// from.
const SCHEMA: &str = "
    CREATE TABLE docs (
        id INTEGER PRIMARY KEY, chat INTEGER NOT NULL, number INTEGER NOT NULL,
        version INTEGER NOT NULL, size INTEGER NOT NULL, UNIQUE (chat, number)
    );
    CREATE TABLE unordered (chat INTEGER PRIMARY KEY);
    CREATE TABLE built (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL);
    CREATE VIRTUAL TABLE f USING fts5(
        terms, content = '', contentless_delete = 1, tokenize = 'ascii'
    );
    INSERT INTO f (f, rank) VALUES
        ('pgsz', 2000), ('hashsize', 8000000), ('automerge', 16), ('crisismerge', 64), ('usermerge', 2);
";

/// An index file that is open for writing.
pub(super) struct IndexFile {
    pub(super) db: Connection,
}

/// How a file is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Every batch is on disk when it returns.
    Live,
    /// As fast as can be; a crash leaves nothing of use.
    Copy,
}

impl IndexFile {
    /// Opens the index at `path`, and makes an empty one where there is none of this version. The
    /// index is a copy that can be made again, so a file that is none is replaced.
    pub(super) fn open(config: &SearchConfig, mode: Mode) -> rusqlite::Result<IndexFile> {
        let path = &config.path;
        let db = Connection::open(path)?;
        db.busy_timeout(Duration::from_secs(5))?;
        let version = db.pragma_query_value(None, "user_version", |row| row.get(0));
        let db = match version {
            Ok(VERSION) => return Self::prepare(db, config, mode),
            Ok(0) => db,
            Err(error) if !is_no_database(&error) => return Err(error),
            Ok(_) | Err(_) => {
                tracing::warn!(path = %path.display(), "the search index is none of this version and is made anew");
                drop(db);
                remove(path).map_err(|_| rusqlite::Error::InvalidPath(path.clone()))?;
                Connection::open(path)?
            }
        };
        let file = Self::prepare(db, config, mode)?;
        file.create()?;
        Ok(file)
    }

    fn prepare(db: Connection, config: &SearchConfig, mode: Mode) -> rusqlite::Result<IndexFile> {
        db.set_prepared_statement_cache_capacity(32);
        db.busy_timeout(Duration::from_secs(5))?;
        db.pragma_update(None, "cache_size", -i64::from(config.writer_cache_kib))?;
        match mode {
            Mode::Live => {
                db.pragma_update(None, "journal_mode", "wal")?;
                db.pragma_update(None, "synchronous", "FULL")?;
                db.pragma_update(None, "wal_autocheckpoint", 4_000)?;
                db.pragma_update(None, "journal_size_limit", 64 << 20)?;
            }
            Mode::Copy => {
                db.pragma_update(None, "journal_mode", "off")?;
                db.pragma_update(None, "synchronous", "OFF")?;
            }
        }
        Ok(IndexFile { db })
    }

    fn create(&self) -> rusqlite::Result<()> {
        let change = self.db.unchecked_transaction()?;
        change.execute_batch(SCHEMA)?;
        change.pragma_update(None, "user_version", VERSION)?;
        change.commit()
    }

    /// Notes that the index is whole, and of which store.
    pub(super) fn finish(&mut self, epoch: Epoch) -> rusqlite::Result<()> {
        self.db.execute(
            "INSERT INTO built (id, epoch) VALUES (1, ?)",
            [epoch.0.cast_signed()],
        )?;
        Ok(())
    }

    /// Closes the file; what was written is in it, and not beside it, unless somebody else has it open.
    pub(super) fn close(self) -> rusqlite::Result<()> {
        self.db.close().map_err(|(_, error)| error)
    }

    /// Takes documents, all or none. What is not newer than what is there changes nothing.
    pub(super) fn put(&mut self, documents: &[Document]) -> rusqlite::Result<()> {
        let change = self.db.transaction()?;
        {
            let mut put = Put::start(&change);
            for document in documents {
                put.document(document)?;
                if put.bytes > PENDING_AT_MOST {
                    put.write()?;
                }
            }
            put.write()?;
        }
        change.commit()
    }

    /// Removes some documents of a chat; `false` when none is left.
    pub(super) fn erase_some(&mut self, chat: ChatId) -> rusqlite::Result<bool> {
        let change = self.db.transaction()?;
        let erased = {
            let mut some = change.prepare_cached("SELECT id FROM docs WHERE chat = ? LIMIT ?")?;
            let some =
                some.query_map(params![chat.0, ERASED_AT_ONCE], |row| row.get::<_, i64>(0))?;
            let mut ids = some.collect::<rusqlite::Result<Vec<_>>>()?;
            ids.sort_unstable_by(|left, right| right.cmp(left));
            let mut from_docs = change.prepare_cached("DELETE FROM docs WHERE id = ?")?;
            let mut from_f = change.prepare_cached("DELETE FROM f WHERE rowid = ?")?;
            for id in &ids {
                from_docs.execute([id])?;
                from_f.execute([TOP - id])?;
            }
            change.execute("DELETE FROM unordered WHERE chat = ?", [chat.0])?;
            ids.len()
        };
        change.commit()?;
        Ok(erased == ERASED_AT_ONCE)
    }

    /// Does some of the work that keeps queries fast; `false` when there is none left.
    pub(super) fn merge_some(&mut self) -> rusqlite::Result<bool> {
        // Merging changes no answer, so the next batch's sync is soon enough.
        self.db.pragma_update(None, "synchronous", "NORMAL")?;
        let before = self.db.total_changes();
        let merged = self
            .db
            .prepare_cached("INSERT INTO f (f, rank) VALUES ('merge', ?)")?
            .execute([MERGED_AT_ONCE]);
        self.db.pragma_update(None, "synchronous", "FULL")?;
        merged?;
        // FTS5 counts two changes and more where it has done something.
        Ok(self.db.total_changes() - before >= 2)
    }
}

/// The epoch of the store that the index was built from, once it is whole.
pub(super) fn built_from(db: &Connection) -> rusqlite::Result<Option<Epoch>> {
    db.prepare_cached("SELECT epoch FROM built")?
        .query_row([], |row| row.get(0))
        .optional()
        .map(|epoch: Option<i64>| epoch.map(|epoch| Epoch(epoch.cast_unsigned())))
}

/// The term that every message of an application has.
pub(super) fn application_term(application: ApplicationId) -> String {
    format!("p{application}")
}

/// The term that every message of a chat has.
pub(super) fn chat_term(chat: ChatId) -> String {
    format!("r{chat}")
}

/// Removes an index and what SQLite keeps beside it.
pub(super) fn remove(path: &Path) -> std::io::Result<()> {
    for suffix in ["-wal", "-shm", "-journal", ""] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn is_no_database(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(
        error.sqlite_error_code(),
        Some(NotADatabase | DatabaseCorrupt)
    )
}
