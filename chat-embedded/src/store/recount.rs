//! Counting again: beside the writer, which only repairs what turned out wrong.

use async_trait::async_trait;
use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, ChatId, ChatNumber, MessageNumber};
use chat_core::page::Limit;
use chat_core::port::{ApplicationCount, ChatCount, Counted, Piece, Recount};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::rows::{self, int};
use super::writer::Durability;

type Result<T> = std::result::Result<T, BackendError>;

const REPAIR: &str = "upkeep.repair";

const CHATS: &str = "SELECT c.id, c.last_number, c.last_change, c.floor, c.live FROM chats c \
     JOIN applications a ON a.id = c.application \
     WHERE c.id > ?1 AND c.closed_at IS NULL AND a.closed_at IS NULL ORDER BY c.id LIMIT ?2";
const APPLICATIONS: &str = "SELECT id, last_chat, live_chats FROM applications \
     WHERE id > ?1 AND closed_at IS NULL ORDER BY id LIMIT ?2";
const LIVE_MESSAGES: &str = "SELECT count(*) FROM messages \
     WHERE chat = ?1 AND number >= ?2 AND number <= ?3 AND deleted_at IS NULL";
const LIVE_CHATS: &str = "SELECT count(*) FROM chats \
     WHERE application = ?1 AND number >= ?2 AND number <= ?3 AND closed_at IS NULL";
/// As `ChatCount::was_only_posted_to` has it.
const REPAIR_CHAT: &str = "UPDATE chats SET live = live + ?2 \
     WHERE id = ?1 AND last_change = ?3 AND floor = ?4 AND live - last_number = ?5";
const STORED: &str = "SELECT live_chats FROM applications WHERE id = ?1 AND closed_at IS NULL";
const REPAIR_APPLICATION: &str = "UPDATE applications SET live_chats = ?2 WHERE id = ?1";

#[async_trait]
impl Recount for SqliteStore {
    async fn chat_counts(&self, after: ChatId, limit: Limit) -> Result<Vec<ChatCount>> {
        self.readers
            .read("upkeep.chat_counts", move |conn| {
                conn.prepare_cached(CHATS)?
                    .query_map([after.0, limit.get() as i64], chat_count)?
                    .collect()
            })
            .await
    }

    async fn application_counts(
        &self,
        after: ApplicationId,
        limit: Limit,
    ) -> Result<Vec<ApplicationCount>> {
        self.readers
            .read("upkeep.application_counts", move |conn| {
                conn.prepare_cached(APPLICATIONS)?
                    .query_map([after.0, limit.get() as i64], application_count)?
                    .collect()
            })
            .await
    }

    async fn count(&self, pieces: &[Piece]) -> Result<Vec<u64>> {
        let pieces = pieces.to_vec();
        self.readers
            .read("upkeep.count", move |conn| {
                pieces.iter().map(|piece| count(conn, *piece)).collect()
            })
            .await
    }

    async fn repair_chat(&self, seen: &ChatCount, live: u64) -> Result<bool> {
        let seen = *seen;
        self.writer(REPAIR)?
            .write(REPAIR, Durability::Configured, move |conn| {
                let rows = conn.prepare_cached(REPAIR_CHAT)?.execute(params![
                    seen.chat.0,
                    int(live) - int(seen.live),
                    int(seen.head.change.0),
                    int(seen.floor.0),
                    int(seen.live) - int(seen.head.number.0),
                ])?;
                Ok(rows > 0)
            })
            .await
    }

    async fn repair_application(&self, application: ApplicationId) -> Result<bool> {
        self.writer(REPAIR)?
            .write(REPAIR, Durability::Configured, move |conn| {
                repair_application(conn, application)
            })
            .await
    }
}

fn chat_count(row: &Row<'_>) -> rusqlite::Result<ChatCount> {
    Ok(ChatCount {
        chat: ChatId(row.get(0)?),
        head: rows::head(row, 1)?,
        floor: MessageNumber(row.get(3)?),
        live: row.get(4)?,
    })
}

fn application_count(row: &Row<'_>) -> rusqlite::Result<ApplicationCount> {
    Ok(ApplicationCount {
        application: ApplicationId(row.get(0)?),
        last: ChatNumber(row.get(1)?),
        live: row.get(2)?,
    })
}

fn count(conn: &Connection, piece: Piece) -> rusqlite::Result<u64> {
    let (sql, of) = match piece.of {
        Counted::Messages(chat) => (LIVE_MESSAGES, chat.0),
        Counted::Chats(application) => (LIVE_CHATS, application.0),
    };
    let piece = params![of, int(piece.from), int(piece.to)];
    conn.prepare_cached(sql)?.query_row(piece, |row| row.get(0))
}

fn repair_application(conn: &Connection, application: ApplicationId) -> rusqlite::Result<bool> {
    let stored: Option<u64> = conn
        .prepare_cached(STORED)?
        .query_row([application.0], |row| row.get(0))
        .optional()?;
    let all = Piece {
        of: Counted::Chats(application),
        from: 1,
        to: ChatNumber::MAX.0,
    };
    let live = count(conn, all)?;
    let is_wrong = stored.is_some_and(|stored| stored != live);
    if is_wrong {
        conn.prepare_cached(REPAIR_APPLICATION)?
            .execute([application.0, int(live)])?;
    }
    Ok(is_wrong)
}
