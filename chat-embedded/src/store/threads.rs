//! The direct chats of a user, and what neither of the two has read of each.

use chat_core::ids::{ApplicationId, ChatId, ChatNumber, MessageNumber, UserNumber};
use chat_core::model::ChatInfo;
use chat_core::page::{Limit, Page, Span};
use chat_core::port::Thread;
use rusqlite::{Connection, Result};

use super::read::{CHAT_BY_ID, all, fetched, one};
use super::rows::{self, int};

const OWN: &str = "SELECT c.id FROM members m CROSS JOIN chats c ON c.id = m.chat \
     JOIN applications a ON a.id = c.application \
     WHERE m.application = ?1 AND m.user = ?2 AND m.left_at IS NULL \
     AND a.closed_at IS NULL AND c.closed_at IS NULL AND c.low IS NOT NULL AND c.number > ?3 \
     ORDER BY c.number LIMIT ?4";
const READ: &str = "SELECT ifnull(max(read), 0) FROM members WHERE chat = ?1";
const DELETED: &str = "SELECT count(*) FROM touches t \
     CROSS JOIN messages m ON m.chat = t.chat AND m.number = t.number \
     WHERE t.chat = ?1 AND t.number > ?2 AND m.deleted_at IS NOT NULL";
const READ_APART: &str = "SELECT count(DISTINCT m.number) FROM mark_ranges r \
     CROSS JOIN messages m ON m.chat = r.chat AND m.number >= r.low AND m.number <= r.high \
     WHERE r.chat = ?1 AND m.number > ?2 AND m.deleted_at IS NULL";

pub(super) fn page(
    conn: &Connection,
    application: ApplicationId,
    user: UserNumber,
    after: ChatNumber,
    limit: Limit,
) -> Result<Page<Thread>> {
    let params = [application.0, int(user.0), int(after.0), fetched(limit)];
    let chats = all(conn, OWN, params, |row| row.get(0).map(ChatId))?;
    let Page { items, more } = Page::cut(chats, limit, Span::After(0));
    let chats = items.into_iter();
    let threads = chats.filter_map(|id| thread(conn, id).transpose());
    Ok(Page {
        items: threads.collect::<Result<_>>()?,
        more,
    })
}

fn thread(conn: &Connection, id: ChatId) -> Result<Option<Thread>> {
    let Some(chat) = one(conn, CHAT_BY_ID, [id.0], rows::chat)? else {
        return Ok(None);
    };
    let read = conn
        .prepare_cached(READ)?
        .query_row([id.0], |row| row.get(0).map(MessageNumber))?;
    let unread = if read < chat.head.number {
        unread(conn, &chat, read)?
    } else {
        0
    };
    Ok(Some(Thread { chat, read, unread }))
}

/// How many messages are above the mark, without those that are deleted or were read apart.
fn unread(conn: &Connection, chat: &ChatInfo, read: MessageNumber) -> Result<u64> {
    let count = |sql| {
        conn.prepare_cached(sql)?
            .query_row([chat.id.0, int(read.0)], |row| row.get::<_, u64>(0))
    };
    let gone = read.0.max(chat.floor.0.saturating_sub(1));
    let above = chat.head.number.0.saturating_sub(gone);
    Ok(above.saturating_sub(count(DELETED)? + count(READ_APART)?))
}
