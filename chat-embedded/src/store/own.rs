//! The chats of a user, as it sees them.

use chat_core::ids::{ApplicationId, ChatId, UserNumber};
use chat_core::model::Member;
use chat_core::page::{Limit, Page, Span};
use chat_core::port::{Activity, MAX_UNREAD, OwnChat};
use rusqlite::{Connection, Result};

use super::members;
use super::read::{CHAT_BY_ID, all, fetched, one};
use super::rows::{self, int};

const IS_OPEN: &str = "SELECT 1 FROM applications WHERE id = ?1 AND closed_at IS NULL";
const OWN: &str = "SELECT c.id FROM members m CROSS JOIN chats c ON c.id = m.chat \
     WHERE m.application = ?1 AND m.user = ?2 AND m.left_at IS NULL AND c.closed_at IS NULL \
     AND (c.active_at, c.number) < (?3, ?4) \
     AND (m.hidden IS NULL OR m.hidden < c.last_number) \
     ORDER BY c.active_at DESC, c.number DESC LIMIT ?5";
const LATEST: &str = concat!(
    "SELECT ",
    rows::shown_columns!(),
    " FROM messages m WHERE m.chat = ?1 AND m.deleted_at IS NULL ORDER BY m.number DESC LIMIT 1"
);
macro_rules! unread {
    ($condition:literal) => {
        concat!(
            "SELECT count(*) FROM (SELECT 1 FROM messages m WHERE m.chat = ?1 AND m.number > ?3 \
             AND m.deleted_at IS NULL AND m.sender IS NOT ?2 ",
            $condition,
            " LIMIT ?4)"
        )
    };
}
const UNREAD: &str = unread!("");
const HAS_RANGES: &str = "SELECT 1 FROM mark_ranges WHERE chat = ?1 AND user = ?2";
/// Ranges of a member have nothing in common: only the last one that begins at or below a message can have it.
const UNREAD_BESIDE_RANGES: &str = unread!(
    "AND m.number > ifnull((SELECT r.high FROM mark_ranges r WHERE r.chat = ?1 AND r.user = ?2 \
     AND r.low <= m.number ORDER BY r.low DESC LIMIT 1), 0)"
);

pub(super) fn page(
    conn: &Connection,
    application: ApplicationId,
    user: UserNumber,
    before: Option<Activity>,
    limit: Limit,
) -> Result<Page<OwnChat>> {
    let nothing = Page {
        items: Vec::new(),
        more: false,
    };
    if !conn.prepare_cached(IS_OPEN)?.exists([application.0])? {
        return Ok(nothing);
    }
    let (at, number) = before.map_or((i64::MAX, i64::MAX), |before| {
        (before.at.0, int(before.chat.0))
    });
    let params = [application.0, int(user.0), at, number, fetched(limit)];
    let chats = all(conn, OWN, params, |row| row.get(0).map(ChatId))?;
    let Page { items, more } = Page::cut(chats, limit, Span::After(0));
    let chats = items.into_iter();
    let own = chats.filter_map(|id| chat(conn, id, user).transpose());
    Ok(Page {
        items: own.collect::<Result<_>>()?,
        more,
    })
}

pub(super) fn chat(conn: &Connection, id: ChatId, user: UserNumber) -> Result<Option<OwnChat>> {
    let Some(member) = members::find(conn, Some(id), user)?.filter(Member::is_there) else {
        return Ok(None);
    };
    let Some(chat) = one(conn, CHAT_BY_ID, [id.0], rows::chat)? else {
        return Ok(None);
    };
    let latest = match chat.messages_count {
        0 => None,
        _ => one(conn, LATEST, [id.0, chat.application.0], rows::message)?,
    };
    let unread = if member.read < chat.head.number {
        unread(conn, id, &member)?
    } else {
        0
    };
    Ok(Some(OwnChat {
        chat,
        member,
        latest,
        unread,
    }))
}

fn unread(conn: &Connection, chat: ChatId, member: &Member) -> Result<u64> {
    let user = int(member.user.0);
    let has_ranges = conn.prepare_cached(HAS_RANGES)?.exists([chat.0, user])?;
    let sql = if has_ranges {
        UNREAD_BESIDE_RANGES
    } else {
        UNREAD
    };
    conn.prepare_cached(sql)?
        .query_row([chat.0, user, int(member.read.0), int(MAX_UNREAD)], |row| {
            row.get(0)
        })
}
