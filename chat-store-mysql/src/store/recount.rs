//! Counting again: a few rows a statement, which hold up nobody.

use async_trait::async_trait;
use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, ChatId, ChatNumber, MessageNumber};
use chat_core::page::Limit;
use chat_core::port::{ApplicationCount, ChatCount, Counted, Piece, Recount};
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{Executor as _, query};
use tokio::time::timeout_at;

use super::MysqlStore;
use super::again::Tries;
use super::commit::{BEGIN, COMMIT};
use super::rows::{self, int};
use super::sql::several;

type Result<T> = std::result::Result<T, BackendError>;

const REPAIR: &str = "upkeep.repair";

const CHATS: &str = "SELECT c.id, c.last_number, c.last_change, c.floor, c.live FROM chats c \
     FORCE INDEX (PRIMARY) STRAIGHT_JOIN applications a ON a.id = c.application \
     WHERE c.id > ? AND c.closed_at IS NULL AND a.closed_at IS NULL ORDER BY c.id LIMIT ?";
const APPLICATIONS: &str = "SELECT id, last_chat, live_chats FROM applications \
     FORCE INDEX (PRIMARY) WHERE id > ? AND closed_at IS NULL ORDER BY id LIMIT ?";
const LIVE_MESSAGES: &str = "(SELECT COUNT(*) FROM messages FORCE INDEX (PRIMARY) \
     WHERE chat = ? AND number >= ? AND number <= ? AND deleted_at IS NULL)";
const LIVE_CHATS: &str = "(SELECT COUNT(*) FROM chats FORCE INDEX (chats_number) \
     WHERE application = ? AND number >= ? AND number <= ? AND closed_at IS NULL)";
/// As `ChatCount::was_only_posted_to` has it.
const REPAIR_CHAT: &str = "UPDATE chats SET live = live + ? \
     WHERE id = ? AND last_change = ? AND floor = ? AND live - last_number = ?";
const LOCK_APPLICATION: &str = "SELECT last_chat, live_chats FROM applications \
     WHERE id = ? AND closed_at IS NULL FOR UPDATE";
const ALL_CHATS: &str = "SELECT COUNT(*) FROM chats FORCE INDEX (chats_number) \
     WHERE application = ? AND closed_at IS NULL";
const REPAIR_APPLICATION: &str = "UPDATE applications SET live_chats = ? WHERE id = ?";

#[async_trait]
impl Recount for MysqlStore {
    async fn chat_counts(&self, after: ChatId, limit: Limit) -> Result<Vec<ChatCount>> {
        let limit = int(limit.get() as u64);
        let select = || query(CHATS).bind(after.0).bind(limit);
        self.sessions
            .all("upkeep.chat_counts", select, chat_count)
            .await
    }

    async fn application_counts(
        &self,
        after: ApplicationId,
        limit: Limit,
    ) -> Result<Vec<ApplicationCount>> {
        let limit = int(limit.get() as u64);
        let select = || query(APPLICATIONS).bind(after.0).bind(limit);
        self.sessions
            .all("upkeep.application_counts", select, application_count)
            .await
    }

    async fn count(&self, pieces: &[Piece]) -> Result<Vec<u64>> {
        let mut counts = Vec::with_capacity(pieces.len());
        // What counts messages is one statement, and what counts chats is another.
        for alike in pieces.chunk_by(|one, next| live(one).0 == live(next).0) {
            let select = || {
                let select = several(live(&alike[0]).0, alike.len());
                alike.iter().fold(select, |select, piece| {
                    let (_, of) = live(piece);
                    select.bind(of).bind(int(piece.from)).bind(int(piece.to))
                })
            };
            let read = |row: &MySqlRow| {
                let columns = 0..alike.len();
                columns.map(|at| rows::number(row, at)).collect()
            };
            let found: Option<Vec<u64>> = self.sessions.one("upkeep.count", select, read).await?;
            counts.extend(found.unwrap_or_default());
        }
        Ok(counts)
    }

    async fn repair_chat(&self, seen: &ChatCount, live: u64) -> Result<bool> {
        let update = || {
            query(REPAIR_CHAT)
                .bind(int(live) - int(seen.live))
                .bind(seen.chat.0)
                .bind(int(seen.head.change.0))
                .bind(int(seen.floor.0))
                .bind(int(seen.live) - int(seen.head.number.0))
        };
        let rows = self.write(REPAIR, self.sessions.limit(), update).await?;
        Ok(rows > 0)
    }

    async fn repair_application(&self, application: ApplicationId) -> Result<bool> {
        let mut tries = Tries::within(self.sessions.limit());
        loop {
            let mut session = self.sessions.open(REPAIR).await?;
            let work = repair_application(session.conn(), application);
            let result = timeout_at(tries.end(), work).await;
            if let Some(repaired) = tries.conclude(REPAIR, session, result).await? {
                return Ok(repaired);
            }
        }
    }
}

/// The statement that counts such a piece, and of what.
const fn live(piece: &Piece) -> (&'static str, i64) {
    match piece.of {
        Counted::Messages(chat) => (LIVE_MESSAGES, chat.0),
        Counted::Chats(application) => (LIVE_CHATS, application.0),
    }
}

fn chat_count(row: &MySqlRow) -> sqlx::Result<ChatCount> {
    Ok(ChatCount {
        chat: ChatId(row_id(row)?),
        head: rows::head(row, 1)?,
        floor: MessageNumber(rows::number(row, 3)?),
        live: rows::number(row, 4)?,
    })
}

fn application_count(row: &MySqlRow) -> sqlx::Result<ApplicationCount> {
    Ok(ApplicationCount {
        application: ApplicationId(row_id(row)?),
        last: ChatNumber(rows::number(row, 1)?),
        live: rows::number(row, 2)?,
    })
}

fn row_id(row: &MySqlRow) -> sqlx::Result<i64> {
    sqlx::Row::try_get(row, 0)
}

/// Who makes or deletes a chat locks its application first.
async fn repair_application(
    conn: &mut MySqlConnection,
    application: ApplicationId,
) -> sqlx::Result<bool> {
    conn.execute(BEGIN).await?;
    let lock = query(LOCK_APPLICATION).bind(application.0);
    let mut repaired = false;
    if let Some(row) = lock.fetch_optional(&mut *conn).await? {
        let stored = rows::number(&row, 1)?;
        let count = query(ALL_CHATS).bind(application.0);
        let live = rows::number(&count.fetch_one(&mut *conn).await?, 0)?;
        repaired = stored != live;
        if repaired {
            query(REPAIR_APPLICATION)
                .bind(int(live))
                .bind(application.0)
                .execute(&mut *conn)
                .await?;
        }
    }
    conn.execute(COMMIT).await?;
    Ok(repaired)
}
