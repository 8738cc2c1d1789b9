//! The direct chats of a user, and what neither of the two has read of each.

use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, ChatNumber, MessageNumber, UserNumber};
use chat_core::page::{Limit, Page, Span};
use chat_core::port::Thread;
use sqlx::mysql::MySqlRow;
use sqlx::query;

use super::MysqlStore;
use super::read::fetched;
use super::rows::{self, int};

/// Above the higher mark of the two; without those that are deleted or were read apart.
const THREADS: &str = concat!(
    "SELECT ",
    rows::chat_columns!(),
    ", q.read_up_to, GREATEST(0, c.last_number - GREATEST(q.read_up_to, c.floor - 1) ",
    "- (SELECT COUNT(*) FROM touches t FORCE INDEX (PRIMARY) ",
    "STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ON m.chat = t.chat AND m.number = t.number ",
    "WHERE t.chat = q.id AND t.number > q.read_up_to AND m.deleted_at IS NOT NULL) ",
    "- (SELECT COUNT(DISTINCT m.number) FROM mark_ranges r FORCE INDEX (PRIMARY) ",
    "STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ",
    "ON m.chat = r.chat AND m.number >= r.low AND m.number <= r.high ",
    "WHERE r.chat = q.id AND m.number > q.read_up_to AND m.deleted_at IS NULL)) AS unread ",
    "FROM (SELECT c.id, (SELECT MAX(x.read_up_to) FROM members x FORCE INDEX (PRIMARY) ",
    "WHERE x.chat = c.id) AS read_up_to ",
    "FROM members p FORCE INDEX (members_user) STRAIGHT_JOIN chats c ON c.id = p.chat ",
    "STRAIGHT_JOIN applications a ON a.id = c.application ",
    "WHERE p.application = ? AND p.user_number = ? AND p.left_at IS NULL ",
    "AND a.closed_at IS NULL AND c.closed_at IS NULL AND c.low_user IS NOT NULL AND c.number > ? ",
    "ORDER BY c.number LIMIT ?) q ",
    "STRAIGHT_JOIN chats c FORCE INDEX (PRIMARY) ON c.id = q.id ORDER BY c.number"
);
const READ_AT: usize = 17;
const UNREAD_AT: usize = READ_AT + 1;

pub(super) async fn page(
    store: &MysqlStore,
    application: ApplicationId,
    user: UserNumber,
    after: ChatNumber,
    limit: Limit,
) -> Result<Page<Thread>, BackendError> {
    let select = || {
        let select = query(THREADS).bind(application.0).bind(int(user.0));
        select.bind(int(after.0)).bind(fetched(limit))
    };
    let found = store.sessions.all("members.threads", select, thread);
    Ok(Page::cut(found.await?, limit, Span::After(0)))
}

fn thread(row: &MySqlRow) -> sqlx::Result<Thread> {
    Ok(Thread {
        chat: rows::chat_from(row, 0)?,
        read: MessageNumber(rows::number(row, READ_AT)?),
        unread: rows::number(row, UNREAD_AT)?,
    })
}
