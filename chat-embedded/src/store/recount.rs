//! Counting again. Rows are counted beside the writer, in pieces that hold no snapshot for long;
//! the writer only repairs what turned out wrong, by the difference, so that it stays right
//! whatever was written meanwhile.

use chat_core::error::BackendError;
use chat_core::ids::{Change, ChatId, Head, MessageNumber};
use chat_core::page::Limit;
use chat_core::port::Drift;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use super::SqliteStore;
use super::rows::{self, int};
use super::writer::Durability;

const PIECE: u64 = 20_000;

const PART: &str = "SELECT c.id FROM chats c JOIN applications a ON a.id = c.application \
     WHERE c.id > ?1 AND c.closed_at IS NULL AND a.closed_at IS NULL ORDER BY c.id LIMIT ?2";
const CHAT: &str = "SELECT last_number, last_change, live, floor FROM chats WHERE id = ?1";
const LIVE: &str = "SELECT count(*) FROM messages \
     WHERE chat = ?1 AND number >= ?2 AND number <= ?3 AND deleted_at IS NULL";
const WRONG_APPLICATIONS: &str = "SELECT id, live - live_chats FROM (SELECT id, live_chats, \
     (SELECT count(*) FROM chats c WHERE c.application = a.id AND c.closed_at IS NULL) AS live \
     FROM applications a WHERE closed_at IS NULL) WHERE live <> live_chats";
const REPAIR_CHAT: &str = "UPDATE chats SET live = live + ?2 WHERE id = ?1";
const REPAIR_APPLICATION: &str =
    "UPDATE applications SET live_chats = live_chats + ?2 WHERE id = ?1";

/// A row whose count is wrong, and by how much.
type Wrong = (i64, i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    head: Head,
    live: u64,
    floor: u64,
}

impl SqliteStore {
    pub(super) async fn count_again(
        &self,
        after: ChatId,
        limit: Limit,
    ) -> std::result::Result<(Drift, Option<ChatId>), BackendError> {
        const OP: &str = "upkeep.recount";
        let (wrong, last) = self
            .readers
            .read(OP, move |conn| wrong_chats(conn, after, limit))
            .await?;
        let mut applications = Vec::new();
        if last.is_none() {
            applications = self.readers.read(OP, wrong_applications).await?;
        }
        let drift = Drift {
            chats: wrong.len() as u64,
            applications: applications.len() as u64,
        };
        if drift != Drift::default() {
            self.writer(OP)?
                .write(OP, Durability::Configured, move |conn| {
                    repair(conn, REPAIR_CHAT, &wrong)?;
                    repair(conn, REPAIR_APPLICATION, &applications)
                })
                .await?;
        }
        Ok((drift, last))
    }
}

fn wrong_chats(
    conn: &Connection,
    after: ChatId,
    limit: Limit,
) -> Result<(Vec<Wrong>, Option<ChatId>)> {
    let mut part: Vec<ChatId> = conn
        .prepare_cached(PART)?
        .query_map([after.0, limit.get() as i64 + 1], |row| {
            row.get(0).map(ChatId)
        })?
        .collect::<Result<_>>()?;
    let more = part.len() > limit.get();
    part.truncate(limit.get());
    let mut wrong = Vec::new();
    for chat in &part {
        let drift = drift(conn, *chat)?;
        wrong.extend((drift != 0).then_some((chat.0, drift)));
    }
    Ok((wrong, part.last().copied().filter(|_| more)))
}

/// Counts in pieces; a chat in which something was deleted meanwhile is counted in one snapshot.
fn drift(conn: &Connection, chat: ChatId) -> Result<i64> {
    let Some(before) = standing(conn, chat)? else {
        return Ok(0);
    };
    let counted = live(conn, chat, before)?;
    let after = standing(conn, chat)?;
    if after.is_some_and(|after| is_settled(before, after)) {
        return Ok(int(counted) - int(before.live));
    }
    let snapshot = conn.unchecked_transaction()?;
    let Some(now) = standing(&snapshot, chat)? else {
        return Ok(0);
    };
    Ok(int(live(&snapshot, chat, now)?) - int(now.live))
}

/// Whether no message up to the first head was touched or erased since.
fn is_settled(before: Standing, after: Standing) -> bool {
    let change: Change = after.head.change;
    change == before.head.change && after.floor == before.floor
}

fn live(conn: &Connection, chat: ChatId, standing: Standing) -> Result<u64> {
    let MessageNumber(last) = standing.head.number;
    let mut counted = 0;
    let mut from = standing.floor;
    let mut select = conn.prepare_cached(LIVE)?;
    while from <= last {
        let to = last.min(from + PIECE - 1);
        let piece = params![chat.0, int(from), int(to)];
        counted += select.query_row(piece, |row| row.get::<_, u64>(0))?;
        from = to + 1;
    }
    Ok(counted)
}

fn standing(conn: &Connection, chat: ChatId) -> Result<Option<Standing>> {
    let read = |row: &Row<'_>| {
        Ok(Standing {
            head: rows::head(row, 0)?,
            live: row.get(2)?,
            floor: row.get(3)?,
        })
    };
    conn.prepare_cached(CHAT)?
        .query_row([chat.0], read)
        .optional()
}

fn wrong_applications(conn: &Connection) -> Result<Vec<Wrong>> {
    conn.prepare_cached(WRONG_APPLICATIONS)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn repair(conn: &Connection, sql: &str, wrong: &[Wrong]) -> Result<()> {
    let mut update = conn.prepare_cached(sql)?;
    for (id, difference) in wrong {
        update.execute([id, difference])?;
    }
    Ok(())
}
