//! Erasing what is deleted, a piece at a time, so that nobody waits long for the writer.

use chat_core::ids::ChatId;
use chat_core::port::Progress;
use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::rows::int;

const DELETED: &str = "SELECT c.application FROM chats c \
     JOIN applications a ON a.id = c.application \
     WHERE c.id = ?1 AND (c.closed_at IS NOT NULL OR a.closed_at IS NOT NULL)";
const MESSAGES: &str = "DELETE FROM messages WHERE id IN \
     (SELECT id FROM messages WHERE chat = ?1 ORDER BY number LIMIT ?2) RETURNING ext_id";
const MESSAGE_ID: &str = "DELETE FROM message_ids WHERE id = ?1";
const TOUCHES: &str = "DELETE FROM touches WHERE chat = ?1 AND number IN \
     (SELECT number FROM touches WHERE chat = ?1 ORDER BY number LIMIT ?2)";
const RANGES: &str = "DELETE FROM mark_ranges WHERE (chat, user, low) IN \
     (SELECT chat, user, low FROM mark_ranges WHERE chat = ?1 LIMIT ?2)";
const MEMBERS: &str = "DELETE FROM members WHERE (chat, user) IN \
     (SELECT chat, user FROM members WHERE chat = ?1 LIMIT ?2)";
/// Nobody has to be told any more where a deleted user was.
const LEFT: &str = "UPDATE users SET leaving = 0 WHERE application = ?1 AND leaving = 1 \
     AND NOT EXISTS (SELECT 1 FROM members m WHERE m.application = ?1 AND m.user = users.number \
     AND m.gone = 0)";
const IS_LAST: &str = "SELECT 1 FROM applications WHERE id = ?1 AND closed_at IS NOT NULL \
     AND NOT EXISTS (SELECT 1 FROM chats WHERE application = ?1 AND id <> ?2)";
const SESSIONS: &str = "DELETE FROM sessions WHERE token_hash IN \
     (SELECT token_hash FROM sessions WHERE application = ?1 LIMIT ?2)";
const USERS: &str = "DELETE FROM users WHERE (application, number) IN \
     (SELECT application, number FROM users WHERE application = ?1 LIMIT ?2)";
const CHAT: &str = "DELETE FROM chats WHERE id = ?1";
/// A deleted application of which nothing is left and nothing is remembered.
const APPLICATION: &str = "DELETE FROM applications WHERE id = ?1 AND closed_at IS NOT NULL \
     AND NOT EXISTS (SELECT 1 FROM chats WHERE application = ?1) \
     AND NOT EXISTS (SELECT 1 FROM users WHERE application = ?1) \
     AND NOT EXISTS (SELECT 1 FROM requests WHERE application = ?1)";

/// Erases up to `limit` rows of a deleted chat, the chat itself last. What sinks have to follow
/// stays: they learn from it that the chat is gone.
pub(super) fn chat(conn: &Connection, chat: ChatId, limit: u64) -> Result<Progress> {
    let application: Option<i64> = conn
        .prepare_cached(DELETED)?
        .query_row([chat.0], |row| row.get(0))
        .optional()?;
    let Some(application) = application else {
        let (rows, more) = (0, false);
        return Ok(Progress { rows, more });
    };
    let mut rows = messages(conn, chat, limit)?;
    for sql in [TOUCHES, RANGES, MEMBERS] {
        rows += delete(conn, sql, chat.0, limit - rows)?;
    }
    // The users of a deleted application go before its last chat does: then nobody is sent there again.
    if conn
        .prepare_cached(IS_LAST)?
        .exists([application, chat.0])?
    {
        rows += users(conn, application, limit - rows)?;
    }
    if rows == limit {
        return Ok(Progress { rows, more: true });
    }
    conn.prepare_cached(LEFT)?.execute([application])?;
    conn.prepare_cached(CHAT)?.execute([chat.0])?;
    rows += 1;
    // A retry finds what was done for as long as its key is kept: then the last key takes the application with it.
    conn.prepare_cached(APPLICATION)?.execute([application])?;
    Ok(Progress { rows, more: false })
}

fn messages(conn: &Connection, chat: ChatId, limit: u64) -> Result<u64> {
    let mut delete = conn.prepare_cached(MESSAGES)?;
    let mut rows = delete.query(params![chat.0, int(limit)])?;
    let mut erased = 0;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        erased += 1;
        ids.extend(row.get::<_, Option<i64>>(0)?);
    }
    drop(rows);
    let mut delete = conn.prepare_cached(MESSAGE_ID)?;
    for id in ids {
        delete.execute([id])?;
    }
    Ok(erased)
}

/// Erases up to `limit` of the users of an application and of their sessions.
pub(super) fn users(conn: &Connection, application: i64, limit: u64) -> Result<u64> {
    let sessions = delete(conn, SESSIONS, application, limit)?;
    let users = delete(conn, USERS, application, limit - sessions)?;
    Ok(sessions + users)
}

fn delete(conn: &Connection, sql: &str, of: i64, limit: u64) -> Result<u64> {
    if limit == 0 {
        return Ok(0);
    }
    let rows = conn.prepare_cached(sql)?.execute([of, int(limit)])?;
    Ok(rows as u64)
}
