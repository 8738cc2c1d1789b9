//! Counting again. Rows are counted in one state of the database, in pieces that hold up nobody; what turned out wrong is repaired
//! by the difference, so that it stays right whatever was written meanwhile.

use chat_core::error::BackendError;
use chat_core::ids::ChatId;
use chat_core::page::Limit;
use chat_core::port::Drift;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{Executor as _, Result, Row as _, query};
use tokio::time::{timeout, timeout_at};

use super::MysqlStore;
use super::again::Tries;
use super::commit::ROLLBACK;
use super::rows::{self, int};
use crate::error::{too_slow, translate};

const OP: &str = "upkeep.recount";
const PIECE: i64 = 20_000;

const SNAPSHOT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
     START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
const PART: &str = "SELECT c.id, c.last_number, c.live, c.floor FROM chats c \
     FORCE INDEX (PRIMARY) STRAIGHT_JOIN applications a ON a.id = c.application \
     WHERE c.id > ? AND c.closed_at IS NULL AND a.closed_at IS NULL ORDER BY c.id LIMIT ?";
const LIVE: &str = "SELECT COUNT(*) FROM messages FORCE INDEX (PRIMARY) \
     WHERE chat = ? AND number >= ? AND number <= ? AND deleted_at IS NULL";
const WRONG_APPLICATIONS: &str = "SELECT id, live - live_chats FROM (SELECT id, live_chats, \
     (SELECT COUNT(*) FROM chats c WHERE c.application = a.id AND c.closed_at IS NULL) AS live \
     FROM applications a WHERE closed_at IS NULL) counted WHERE live <> live_chats";
const REPAIR_CHAT: &str = "UPDATE chats SET live = live + ? WHERE id = ?";
const REPAIR_APPLICATION: &str = "UPDATE applications SET live_chats = live_chats + ? WHERE id = ?";

/// A row whose count is wrong, and by how much.
type Wrong = (i64, i64);

impl MysqlStore {
    pub(super) async fn count_again(
        &self,
        after: ChatId,
        limit: Limit,
    ) -> std::result::Result<(Drift, Option<ChatId>), BackendError> {
        let (wrong, last) = self.wrong_chats(after, limit).await?;
        let mut applications = Vec::new();
        if last.is_none() {
            let limit = self.sessions.long_limit();
            let found = self.sessions.rows(OP, limit, || query(WRONG_APPLICATIONS));
            for row in found.await? {
                applications.push(wrong_from(&row).map_err(translate(OP))?);
            }
        }
        self.repair(REPAIR_CHAT, &wrong).await?;
        self.repair(REPAIR_APPLICATION, &applications).await?;
        let drift = Drift {
            chats: wrong.len() as u64,
            applications: applications.len() as u64,
        };
        Ok((drift, last))
    }

    async fn wrong_chats(
        &self,
        after: ChatId,
        limit: Limit,
    ) -> std::result::Result<(Vec<Wrong>, Option<ChatId>), BackendError> {
        let mut tries = Tries::within(self.sessions.long_limit());
        loop {
            let mut session = self.sessions.open(OP).await?;
            let work = wrong_chats(session.conn(), after, limit);
            let result = timeout_at(tries.end(), work).await;
            if let Some(found) = tries.conclude(OP, session, result).await? {
                return Ok(found);
            }
        }
    }

    async fn repair(
        &self,
        sql: &'static str,
        wrong: &[Wrong],
    ) -> std::result::Result<(), BackendError> {
        for (id, difference) in wrong {
            // Adding is not done twice: nothing is tried again when the answer is lost.
            let mut session = self.sessions.open(OP).await?;
            let update = query(sql).bind(difference).bind(id);
            let limit = self.sessions.limit();
            timeout(limit, update.execute(session.conn()))
                .await
                .map_err(|_| too_slow(OP, limit))?
                .map_err(translate(OP))?;
            session.release();
        }
        Ok(())
    }
}

async fn wrong_chats(
    conn: &mut MySqlConnection,
    after: ChatId,
    limit: Limit,
) -> Result<(Vec<Wrong>, Option<ChatId>)> {
    conn.execute(SNAPSHOT).await?;
    let rows = query(PART)
        .bind(after.0)
        .bind(int(limit.get() as u64 + 1))
        .fetch_all(&mut *conn)
        .await?;
    let mut part = rows.iter().map(chat).collect::<Result<Vec<_>>>()?;
    let more = part.len() > limit.get();
    part.truncate(limit.get());
    let mut wrong = Vec::new();
    for chat in &part {
        let difference = live(conn, chat).await? - chat.live;
        wrong.extend((difference != 0).then_some((chat.id, difference)));
    }
    conn.execute(ROLLBACK).await?;
    let last = part.last().map(|chat| ChatId(chat.id));
    Ok((wrong, last.filter(|_| more)))
}

fn wrong_from(row: &MySqlRow) -> Result<Wrong> {
    Ok((row.try_get(0)?, row.try_get(1)?))
}

struct Counted {
    id: i64,
    last: i64,
    live: i64,
    floor: i64,
}

fn chat(row: &MySqlRow) -> Result<Counted> {
    Ok(Counted {
        id: row.try_get(0)?,
        last: row.try_get(1)?,
        live: row.try_get(2)?,
        floor: row.try_get(3)?,
    })
}

async fn live(conn: &mut MySqlConnection, chat: &Counted) -> Result<i64> {
    let mut counted = 0;
    let mut from = chat.floor;
    while from <= chat.last {
        let to = chat.last.min(from + PIECE - 1);
        let piece = query(LIVE).bind(chat.id).bind(from).bind(to);
        let row = piece.fetch_one(&mut *conn).await?;
        counted += int(rows::number(&row, 0)?);
        from = to + 1;
    }
    Ok(counted)
}
