//! The copy that is to take the live index's place.
//!
//! It is filled chat by chat, in number order, while puts bring what is new. A chat whose ids rise with its numbers answers
//! fastest, so what is put above a gap waits in a table until the messages below it are there.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chat_core::clock::Timestamp;
use chat_core::ids::{ApplicationId, Change, ChatId, Epoch, MessageNumber};
use chat_core::port::Document;
use rusqlite::{Connection, Row, params};

use super::file::{IndexFile, Mode};
use crate::SearchConfig;

/// So many documents that waited are taken at once.
const TAKEN_AT_ONCE: usize = 2_000;

const WAITING: &str = "
    CREATE TABLE waiting (
        chat INTEGER NOT NULL, number INTEGER NOT NULL, version INTEGER NOT NULL,
        application INTEGER NOT NULL, created_at INTEGER NOT NULL, body TEXT, PRIMARY KEY (chat, number)
    ) WITHOUT ROWID;
";

const WAIT: &str = "
    INSERT INTO waiting (chat, number, version, application, created_at, body) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (chat, number) DO UPDATE SET version = excluded.version, body = excluded.body
    WHERE excluded.version > version
";

const FIRST: &str = "
    SELECT chat, number, version, application, created_at, body FROM waiting ORDER BY chat, number LIMIT ?
";

const NO_LONGER: &str = "DELETE FROM waiting WHERE chat = ? AND number = ? AND version <= ?";

/// A copy that is open for writing.
pub(super) struct CopyFile(IndexFile);

impl CopyFile {
    /// Makes an empty one.
    pub(super) fn create(config: &SearchConfig) -> rusqlite::Result<Self> {
        let file = IndexFile::open(config, Mode::Copy)?;
        file.db.execute_batch(WAITING)?;
        Ok(Self(file))
    }

    /// Takes documents that go into the live index too; those above a gap wait.
    pub(super) fn put(&mut self, documents: &[Document]) -> rusqlite::Result<()> {
        let mut ready = Vec::with_capacity(documents.len());
        let change = self.0.db.transaction()?;
        {
            let mut wait = change.prepare_cached(WAIT)?;
            let mut last = HashMap::new();
            for document in documents {
                let last = match last.entry(document.chat) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => place.insert(last_number(&change, document.chat)?),
                };
                let number = document.number.0;
                if number <= *last + 1 {
                    *last = number.max(*last);
                    ready.push(document.clone());
                } else {
                    wait.execute(params![
                        document.chat.0,
                        number,
                        document.version.0,
                        document.application.0,
                        document.created_at.0,
                        document.body,
                    ])?;
                }
            }
        }
        change.commit()?;
        self.0.put(&ready)
    }

    /// Takes what was read for the copy, in the order of the numbers.
    pub(super) fn refill(&mut self, documents: &[Document]) -> rusqlite::Result<()> {
        self.0.put(documents)?;
        self.wait_no_longer(documents)
    }

    /// As [`IndexFile::erase_some`].
    pub(super) fn erase_some(&mut self, chat: ChatId) -> rusqlite::Result<bool> {
        let waiting = "DELETE FROM waiting WHERE chat = ?";
        self.0.db.prepare_cached(waiting)?.execute([chat.0])?;
        self.0.erase_some(chat)
    }

    /// Takes what still waits, notes from which store the copy was built, and closes the file.
    pub(super) fn finish(mut self, epoch: Epoch) -> rusqlite::Result<()> {
        loop {
            let some = self.first()?;
            if some.is_empty() {
                break;
            }
            self.refill(&some)?;
        }
        self.0.db.execute_batch("DROP TABLE waiting")?;
        self.0.finish(epoch)?;
        self.0.close()
    }

    fn first(&self) -> rusqlite::Result<Vec<Document>> {
        let mut first = self.0.db.prepare_cached(FIRST)?;
        first.query_map([TAKEN_AT_ONCE], document)?.collect()
    }

    fn wait_no_longer(&mut self, documents: &[Document]) -> rusqlite::Result<()> {
        let change = self.0.db.transaction()?;
        {
            let mut no_longer = change.prepare_cached(NO_LONGER)?;
            for document in documents {
                let version = document.version.0;
                no_longer.execute(params![document.chat.0, document.number.0, version])?;
            }
        }
        change.commit()
    }
}

/// The highest number of a chat that is in the copy; 0 when none is.
fn last_number(db: &Connection, chat: ChatId) -> rusqlite::Result<u64> {
    db.prepare_cached("SELECT coalesce(max(number), 0) FROM docs WHERE chat = ?")?
        .query_row([chat.0], |row| row.get(0))
}

fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        chat: ChatId(row.get(0)?),
        number: MessageNumber(row.get(1)?),
        version: Change(row.get(2)?),
        application: ApplicationId(row.get(3)?),
        created_at: Timestamp(row.get(4)?),
        body: row.get(5)?,
    })
}
