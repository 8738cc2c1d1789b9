//! Keys and operations are forgotten after a while.

use chat_core::clock::Timestamp;
use chat_core::port::Progress;
use rusqlite::{Connection, Result, params};

const KEYS: &str = "DELETE FROM requests WHERE (application, key) IN \
     (SELECT application, key FROM requests WHERE at < ?1 ORDER BY at LIMIT ?2)";
const OPERATIONS: &str = "DELETE FROM operations WHERE id IN \
     (SELECT id FROM operations WHERE at < ?1 ORDER BY at LIMIT ?2)";
const MORE: &str = "SELECT 1 FROM requests WHERE at < ?1 \
     UNION ALL SELECT 1 FROM operations WHERE at < ?1";

/// Forgets up to `limit` of those that were written before this time.
pub(super) fn before(conn: &Connection, time: Timestamp, limit: usize) -> Result<Progress> {
    let mut rows = 0;
    for forget in [KEYS, OPERATIONS] {
        let left = (limit - rows) as i64;
        rows += conn
            .prepare_cached(forget)?
            .execute(params![time.0, left])?;
    }
    let more = rows == limit && conn.prepare_cached(MORE)?.exists([time.0])?;
    Ok(Progress {
        rows: rows as u64,
        more,
    })
}
