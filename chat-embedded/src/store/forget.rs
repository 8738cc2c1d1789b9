//! Keys and operations are forgotten after a while.

use chat_core::clock::Timestamp;
use chat_core::port::Progress;
use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::erase;

const KEYS: &str = "DELETE FROM requests WHERE (application, key) IN \
     (SELECT application, key FROM requests WHERE at < ?1 ORDER BY at LIMIT ?2)";
const OPERATIONS: &str = "DELETE FROM operations WHERE id IN \
     (SELECT id FROM operations WHERE at < ?1 ORDER BY at LIMIT ?2)";
/// Applications that were deleted before then, of which nothing is left and nothing is remembered. No key is newer than the
/// deletion, so once all these keys are forgotten hardly one is looked at in vain.
const APPLICATIONS: &str = "DELETE FROM applications WHERE id IN \
     (SELECT a.id FROM applications a WHERE a.closed_at < ?1 \
      AND NOT EXISTS (SELECT 1 FROM chats WHERE application = a.id) \
      AND NOT EXISTS (SELECT 1 FROM users WHERE application = a.id) \
      AND NOT EXISTS (SELECT 1 FROM requests WHERE application = a.id) LIMIT ?2)";

/// Deleted applications that had no chat whose end would have taken their users along.
const ABANDONED: &str = "SELECT a.id FROM applications a WHERE a.closed_at IS NOT NULL \
     AND EXISTS (SELECT 1 FROM users WHERE application = a.id) \
     AND NOT EXISTS (SELECT 1 FROM chats WHERE application = a.id) LIMIT 1";

/// Forgets up to `limit` of those that were written before this time, and of the applications that they kept.
pub(super) fn before(conn: &Connection, time: Timestamp, limit: usize) -> Result<Progress> {
    let mut rows = users(conn, limit)?;
    for forget in [KEYS, OPERATIONS, APPLICATIONS] {
        let left = (limit - rows) as i64;
        rows += conn
            .prepare_cached(forget)?
            .execute(params![time.0, left])?;
    }
    Ok(Progress {
        rows: rows as u64,
        more: rows == limit,
    })
}

fn users(conn: &Connection, limit: usize) -> Result<usize> {
    let mut rows = 0;
    while rows < limit {
        let abandoned = conn
            .prepare_cached(ABANDONED)?
            .query_row([], |row| row.get(0))
            .optional()?;
        let Some(application) = abandoned else { break };
        rows += erase::users(conn, application, (limit - rows) as u64)? as usize;
    }
    Ok(rows)
}
