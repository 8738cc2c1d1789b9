//! What sinks still have to follow.

use async_trait::async_trait;
use chat_core::commit::Sink;
use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, ChatId};
use chat_core::page::Limit;
use chat_core::port::{Dirty, Outbox};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::SqliteStore;
use super::rows::{self, int};

type Result<T> = std::result::Result<T, BackendError>;

const DIRTY: &str = concat!(
    "SELECT ",
    rows::dirty_columns!(),
    " FROM dirty WHERE sink = ?1 ORDER BY place LIMIT ?2"
);
const PENDING: &str = concat!(
    "SELECT ",
    rows::dirty_columns!(),
    " FROM dirty WHERE sink = ?1 AND chat = ?2"
);
const WAITS: &str = "SELECT EXISTS (SELECT 1 FROM dirty WHERE sink = ?1 AND application = ?2)";
const DONE: &str = "DELETE FROM dirty WHERE sink = ?1 AND chat = ?2 \
     AND to_number <= ?3 AND to_change <= ?4";
/// What is left waits anew, so that a busy chat never keeps the others from their turn.
const RAISE: &str = "UPDATE dirty SET from_number = ?3, from_change = ?4, \
     place = (SELECT max(place) + 1 FROM dirty) \
     WHERE sink = ?1 AND chat = ?2 AND from_number <= ?3 AND from_change <= ?4";

#[async_trait]
impl Outbox for SqliteStore {
    async fn dirty(&self, sink: Sink, limit: Limit) -> Result<Vec<Dirty>> {
        self.readers
            .read("outbox.dirty", move |conn| {
                conn.prepare_cached(DIRTY)?
                    .query_map(params![sink.as_str(), limit.get() as i64], rows::dirty)?
                    .collect()
            })
            .await
    }

    async fn pending(&self, sink: Sink, chat: ChatId) -> Result<Option<Dirty>> {
        self.readers
            .read("outbox.pending", move |conn| {
                conn.prepare_cached(PENDING)?
                    .query_row(params![sink.as_str(), chat.0], rows::dirty)
                    .optional()
            })
            .await
    }

    async fn waits(&self, sink: Sink, application: ApplicationId) -> Result<bool> {
        self.readers
            .read("outbox.waits", move |conn| {
                conn.prepare_cached(WAITS)?
                    .query_row(params![sink.as_str(), application.0], |row| row.get(0))
            })
            .await
    }

    async fn settle(&self, sink: Sink, done: &[Dirty]) -> Result<()> {
        if done.is_empty() {
            return Ok(());
        }
        self.writer("outbox.settle")?
            .settle(sink, done.to_vec())
            .await
    }
}

/// Settles one row as [`Dirty::settled`] has it, inside the writer's transaction.
pub(super) fn settle(conn: &Connection, sink: Sink, done: &Dirty) -> rusqlite::Result<()> {
    let params = params![
        sink.as_str(),
        done.chat.0,
        int(done.to.number.0),
        int(done.to.change.0)
    ];
    if conn.prepare_cached(DONE)?.execute(params)? == 0 {
        conn.prepare_cached(RAISE)?.execute(params)?;
    }
    Ok(())
}
