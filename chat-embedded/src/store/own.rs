//! The chats of a user, as it sees them.

use chat_core::ids::{ApplicationId, ChatId, ChatNumber, MessageNumber, UserNumber};
use chat_core::model::{ChatInfo, Member};
use chat_core::page::{Limit, Page, Span};
use chat_core::port::{Activity, MAX_UNREAD, OwnChat};
use rusqlite::{Connection, Result};

use super::members;
use super::read::{CHAT, CHAT_BY_ID, all, fetched, one};
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
             AND m.number <= ?4 AND m.deleted_at IS NULL AND m.sender IS NOT ?2 ",
            $condition,
            " LIMIT ?5)"
        )
    };
}
const UNREAD: &str = unread!("");
/// How many messages above one were touched, and how many of those are deleted; as far as there are so few.
const TOUCHED: &str = "SELECT count(*), count(m.deleted_at) FROM (SELECT number FROM touches \
     WHERE chat = ?1 AND number > ?2 LIMIT ?3) t \
     CROSS JOIN messages m ON m.chat = ?1 AND m.number = t.number";
/// Of anybody, and of a member.
const HAS_RANGES: &str = "SELECT EXISTS (SELECT 1 FROM mark_ranges WHERE chat = ?1), \
     EXISTS (SELECT 1 FROM mark_ranges WHERE chat = ?1 AND user = ?2)";
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
    let own = chats.filter_map(|id| {
        let chat = one(conn, CHAT_BY_ID, [id.0], rows::chat);
        chat.and_then(|chat| own(conn, chat, user)).transpose()
    });
    Ok(Page {
        items: own.collect::<Result<_>>()?,
        more,
    })
}

pub(super) fn chat(
    conn: &Connection,
    application: ApplicationId,
    user: UserNumber,
    chat: ChatNumber,
) -> Result<Option<OwnChat>> {
    let chat = one(conn, CHAT, [application.0, int(chat.0)], rows::chat)?;
    own(conn, chat, user)
}

/// The chat as a user has it who takes part in it.
fn own(conn: &Connection, chat: Option<ChatInfo>, user: UserNumber) -> Result<Option<OwnChat>> {
    let Some(chat) = chat else {
        return Ok(None);
    };
    let id = chat.id;
    let Some(member) = members::find(conn, Some(id), user)?.filter(Member::is_there) else {
        return Ok(None);
    };
    let latest = match chat.messages_count {
        0 => None,
        _ => one(conn, LATEST, [id.0, chat.application.0], rows::message)?,
    };
    let (has_ranges, has_own) = conn
        .prepare_cached(HAS_RANGES)?
        .query_row([id.0, int(user.0)], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let unread = unread(conn, &chat, &member, has_own)?;
    Ok(Some(OwnChat {
        chat,
        member,
        latest,
        unread,
        has_ranges,
    }))
}

fn unread(conn: &Connection, chat: &ChatInfo, member: &Member, has_ranges: bool) -> Result<u64> {
    let last = chat.head.number;
    if member.read >= last {
        return Ok(0);
    }
    let user = int(member.user.0);
    let looked_at = |sql, up_to: MessageNumber| {
        let params = [
            chat.id.0,
            user,
            int(member.read.0),
            int(up_to.0),
            int(MAX_UNREAD),
        ];
        conn.prepare_cached(sql)?
            .query_row(params, |row| row.get::<_, u64>(0))
    };
    if has_ranges {
        return looked_at(UNREAD_BESIDE_RANGES, last);
    }
    // All that is above is somebody else's.
    let below_floor = MessageNumber(chat.floor.0.saturating_sub(1));
    let above = member.posted.max(member.read).max(below_floor);
    let params = [chat.id.0, int(above.0), int(MAX_UNREAD)];
    let (touched, deleted): (u64, u64) = conn
        .prepare_cached(TOUCHED)?
        .query_row(params, |row| Ok((row.get(0)?, row.get(1)?)))?;
    if touched >= MAX_UNREAD {
        return looked_at(UNREAD, last);
    }
    let below = match member.read < above {
        true => looked_at(UNREAD, above)?,
        false => 0,
    };
    let above = last.0.saturating_sub(above.0) - deleted;
    Ok(MAX_UNREAD.min(below + above))
}
