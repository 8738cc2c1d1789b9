//! A batch on its way into an index file: where its documents stand, and their rows.

use std::collections::HashMap;

use chat_core::ids::ChatId;
use chat_core::port::Document;
use chat_core::terms::cut;
use rusqlite::{Connection, OptionalExtension, params};

use super::file::{TOP, application_term, chat_term};

/// A millisecond has so many ids; what is more takes those of the next ones. Few, as FTS5 stores differences.
const IN_A_MILLISECOND: i64 = 1 << 6;

/// The last millisecond that ids tell, in the year 2108; whatever is later comes behind it.
const LATEST: i64 = (1 << 42) - (1 << 34);

const LAST: &str =
    "SELECT number, id FROM docs WHERE chat = ? AND number <= ? ORDER BY number DESC LIMIT 1";
const BELOW: &str =
    "SELECT number, id FROM docs WHERE chat = ? AND number < ? ORDER BY number DESC LIMIT 1";
const ABOVE: &str =
    "SELECT number, id FROM docs WHERE chat = ? AND number > ? ORDER BY number LIMIT 1";

/// A batch of documents under way.
pub(super) struct Put<'db> {
    db: &'db Connection,
    /// The last document of each chat in the batch.
    last: HashMap<ChatId, Place>,
    /// What a search for a free id, from there on, came to.
    free: (i64, i64),
    /// Rows of `f` to write.
    rows: Vec<(i64, Row)>,
    /// Bytes of terms in them.
    pub(super) bytes: usize,
}

/// Where a chat's document stands; `default` is before all.
#[derive(Clone, Copy, Default)]
struct Place {
    number: u64,
    id: i64,
}

struct Row {
    is_new: bool,
    terms: Option<String>,
}

impl<'db> Put<'db> {
    pub(super) fn start(db: &'db Connection) -> Self {
        Put {
            db,
            last: HashMap::new(),
            free: (0, 0),
            rows: Vec::new(),
            bytes: 0,
        }
    }

    /// Takes a document; what is not newer than what is there changes nothing.
    pub(super) fn document(&mut self, document: &Document) -> rusqlite::Result<()> {
        let Document {
            chat,
            number,
            version,
            ..
        } = *document;
        let size = document.body.as_ref().map_or(0, String::len);
        let (id, is_new) = match self.indexed(document)? {
            Some((_, indexed)) if indexed >= version.0 => return Ok(()),
            Some((id, _)) => {
                let mut update = self
                    .db
                    .prepare_cached("UPDATE docs SET version = ?, size = ? WHERE id = ?")?;
                update.execute(params![version.0, size, id])?;
                (id, false)
            }
            None => {
                let id = self.place(document)?;
                let mut insert = self
                    .db
                    .prepare_cached("INSERT INTO docs VALUES (?, ?, ?, ?, ?)")?;
                insert.execute(params![id, chat.0, number.0, version.0, size])?;
                (id, true)
            }
        };
        let terms = document.body.as_ref().map(|body| {
            let mut terms = cut(body);
            terms.push_str(&format!(
                " {} {}",
                application_term(document.application),
                chat_term(chat)
            ));
            terms
        });
        self.bytes += terms.as_ref().map_or(0, String::len);
        self.rows.push((TOP - id, Row { is_new, terms }));
        Ok(())
    }

    fn indexed(&self, document: &Document) -> rusqlite::Result<Option<(i64, u64)>> {
        // A chat's last number is looked up once a batch, and a number above it is not there.
        if self
            .last
            .get(&document.chat)
            .is_some_and(|last| document.number.0 > last.number)
        {
            return Ok(None);
        }
        self.db
            .prepare_cached("SELECT id, version FROM docs WHERE chat = ? AND number = ?")?
            .query_row(params![document.chat.0, document.number.0], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
    }

    /// The id of a new document: by when it was created, and between those of the messages beside it in the chat. Where there is
    /// none left it is noted that the chat's ids do not rise with its numbers.
    fn place(&mut self, document: &Document) -> rusqlite::Result<i64> {
        let (chat, number) = (document.chat, document.number.0);
        let millisecond = document.created_at.0.div_euclid(1_000).clamp(0, LATEST);
        let first = (millisecond * IN_A_MILLISECOND).max(1);
        let last = match self.last.get(&chat) {
            Some(&last) => last,
            None => self.beside(LAST, chat, u64::MAX)?.unwrap_or_default(),
        };
        if number > last.number {
            let id = self.free(first.max(last.id + 1))?;
            self.last.insert(chat, Place { number, id });
            return Ok(id);
        }
        self.last.insert(chat, last);
        let below = self.beside(BELOW, chat, number)?.unwrap_or_default();
        let above = self.beside(ABOVE, chat, number)?.unwrap_or(last);
        let id = self.free(first.clamp(below.id + 1, above.id.max(below.id + 1)))?;
        if id > above.id {
            let mut insert = self
                .db
                .prepare_cached("INSERT OR IGNORE INTO unordered VALUES (?)")?;
            insert.execute([chat.0])?;
        }
        Ok(id)
    }

    /// The document of a chat beside a number.
    fn beside(
        &self,
        sql: &'static str,
        chat: ChatId,
        number: u64,
    ) -> rusqlite::Result<Option<Place>> {
        // A number beyond all is as good as the last one.
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        self.db
            .prepare_cached(sql)?
            .query_row(params![chat.0, number], |row| {
                Ok(Place {
                    number: row.get(0)?,
                    id: row.get(1)?,
                })
            })
            .optional()
    }

    /// The first id from this one on that no document has.
    fn free(&mut self, from: i64) -> rusqlite::Result<i64> {
        let (first, next) = self.free;
        let mut id = if (first..next).contains(&from) {
            next
        } else {
            from
        };
        let mut taken = self.db.prepare_cached("SELECT 1 FROM docs WHERE id = ?")?;
        while taken.exists([id])? {
            id += 1;
        }
        self.free = (if id == next { first } else { from }, id + 1);
        Ok(id)
    }

    /// Writes the rows that wait.
    pub(super) fn write(&mut self) -> rusqlite::Result<()> {
        let mut delete = self.db.prepare_cached("DELETE FROM f WHERE rowid = ?")?;
        let mut insert = self
            .db
            .prepare_cached("INSERT INTO f (rowid, terms) VALUES (?, ?)")?;
        // A stable order: of two states of a document the later is written last.
        self.rows.sort_by_key(|(row, _)| *row);
        for (row, Row { is_new, terms }) in self.rows.drain(..) {
            if !is_new {
                delete.execute([row])?;
            }
            if let Some(terms) = terms {
                insert.execute(params![row, terms])?;
            }
        }
        self.bytes = 0;
        Ok(())
    }
}
