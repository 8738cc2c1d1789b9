//! Who takes part in what, and what each has read.

use async_trait::async_trait;
use chat_core::clock::Timestamp;
use chat_core::commit::{ChatWrite, RangeNeeds};
use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, Change, ChatId, ChatNumber, Head, MessageNumber, UserNumber};
use chat_core::model::{Member, Role};
use chat_core::page::{Limit, Page, Span};
use chat_core::port::{Activity, Company, Members, Membership, Newcomer, OwnChat, Thread};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::read::{all, application_of, fetched, one};
use super::rows::{self, int, unreadable};
use super::{SqliteStore, own, threads};

type Result<T> = std::result::Result<T, BackendError>;

macro_rules! member_columns {
    () => {
        "m.user, m.role, m.muted, m.joined_at, m.left_at, m.gone, m.own_change, m.mark_change, \
         m.delivered, m.read, m.hidden, m.posted"
    };
}
pub(super) use member_columns;
macro_rules! member_where {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            member_columns!(),
            " FROM members m WHERE m.chat = ?1 AND ",
            $condition
        )
    };
}

const FIND: &str = member_where!("m.user = ?2");
const AFTER: &str = member_where!("m.left_at IS NULL AND m.user > ?2 ORDER BY m.user LIMIT ?3");
const BEFORE: &str =
    member_where!("m.left_at IS NULL AND m.user < ?2 ORDER BY m.user DESC LIMIT ?3");
const CHANGED: &str = member_where!("m.change > ?2 ORDER BY m.change LIMIT ?3");
macro_rules! left_behind {
    ($condition:literal) => {
        concat!(
            "SELECT u.application, c.number, u.number FROM users u \
             JOIN applications a ON a.id = u.application \
             JOIN members m ON m.application = u.application AND m.user = u.number \
             JOIN chats c ON c.id = m.chat WHERE u.leaving = 1 AND a.closed_at IS NULL \
             AND m.gone = 0 AND c.closed_at IS NULL ",
            $condition,
            " LIMIT ?1"
        )
    };
}
const LEFT_BEHIND: &str = left_behind!("");
const LEFT_BEHIND_BY: &str = left_behind!("AND u.application = ?2 AND u.number = ?3");
const MEMBERSHIPS: &str = "SELECT c.id, c.number, c.last_number, c.last_change FROM members m \
     JOIN chats c ON c.id = m.chat JOIN applications a ON a.id = c.application \
     WHERE m.application = ?1 AND m.user = ?2 AND m.chat > ?3 AND m.left_at IS NULL \
     AND c.closed_at IS NULL AND a.closed_at IS NULL ORDER BY m.chat LIMIT ?4";
const COMPANIONS: &str = "SELECT p.user FROM (SELECT c.id, c.active_at FROM members m \
     JOIN chats c ON c.id = m.chat JOIN applications a ON a.id = c.application \
     WHERE m.application = ?1 AND m.user = ?2 AND m.left_at IS NULL AND c.members <= ?3 \
     AND c.closed_at IS NULL AND a.closed_at IS NULL \
     ORDER BY c.active_at DESC, c.number DESC LIMIT ?4) q \
     CROSS JOIN members p ON p.chat = q.id WHERE p.user <> ?2 AND p.left_at IS NULL \
     GROUP BY p.user ORDER BY max(q.active_at) DESC, p.user LIMIT ?5";
const NEWCOMERS: &str = "SELECT m.application, m.user, m.chat, c.number, m.joined_at FROM members m \
     JOIN chats c ON c.id = m.chat JOIN applications a ON a.id = c.application \
     WHERE (m.joined_at, m.chat, m.user) > (?1, ?2, ?3) AND m.left_at IS NULL \
     AND c.closed_at IS NULL AND a.closed_at IS NULL \
     ORDER BY m.joined_at, m.chat, m.user LIMIT ?4";
const RANGES: &str =
    "SELECT low, high, user FROM mark_ranges WHERE chat = ?1 AND low <= ?3 AND high >= ?2";

/// Ranges of a member have nothing in common: of those that begin below the first message, only the last one can reach it.
const RANGES_OF: &str = "SELECT low, high FROM mark_ranges WHERE chat = ?1 AND user = ?2 \
     AND low >= ifnull((SELECT max(low) FROM mark_ranges \
                        WHERE chat = ?1 AND user = ?2 AND low <= ?3), ?3) \
     AND low <= ?4 AND high >= ?3";
const PUT: &str = "INSERT INTO members (chat, user, application, role, muted, joined_at, \
     left_at, gone, own_change, mark_change, delivered, read, hidden, posted) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
     ON CONFLICT (chat, user) DO UPDATE SET role = ?4, muted = ?5, joined_at = ?6, left_at = ?7, \
     gone = ?8, own_change = ?9, mark_change = ?10, delivered = ?11, read = ?12, hidden = ?13, \
     posted = ?14";
const PUT_RANGE: &str = "INSERT INTO mark_ranges (chat, user, low, high) \
     VALUES (?1, ?2, ?3, ?4) ON CONFLICT (chat, user, low) DO UPDATE SET high = excluded.high";
const DROP_RANGE: &str = "DELETE FROM mark_ranges WHERE chat = ?1 AND user = ?2 AND low = ?3";

#[async_trait]
impl Members for SqliteStore {
    async fn member(&self, chat: ChatId, user: UserNumber) -> Result<Option<Member>> {
        self.readers
            .read("members.member", move |conn| {
                let snapshot = conn.unchecked_transaction()?;
                if application_of(&snapshot, chat)?.is_none() {
                    return Ok(None);
                }
                find(&snapshot, Some(chat), user)
            })
            .await
    }

    async fn members(&self, chat: ChatId, span: Span, limit: Limit) -> Result<Page<Member>> {
        self.readers
            .read("members.page", move |conn| {
                let (sql, from) = match span {
                    Span::After(user) => (AFTER, user),
                    Span::Before(user) => (BEFORE, user),
                };
                let snapshot = conn.unchecked_transaction()?;
                let found = match application_of(&snapshot, chat)? {
                    Some(_) => all(&snapshot, sql, [chat.0, int(from), fetched(limit)], member)?,
                    None => Vec::new(),
                };
                Ok(Page::cut(found, limit, span))
            })
            .await
    }

    async fn chats_of(
        &self,
        application: ApplicationId,
        user: UserNumber,
        before: Option<Activity>,
        limit: Limit,
    ) -> Result<Page<OwnChat>> {
        self.readers
            .read("members.chats_of", move |conn| {
                let snapshot = conn.unchecked_transaction()?;
                own::page(&snapshot, application, user, before, limit)
            })
            .await
    }

    async fn chat_of(
        &self,
        application: ApplicationId,
        user: UserNumber,
        chat: ChatNumber,
    ) -> Result<Option<OwnChat>> {
        self.readers
            .read("members.chat_of", move |conn| {
                let snapshot = conn.unchecked_transaction()?;
                own::chat(&snapshot, application, user, chat)
            })
            .await
    }

    async fn threads(
        &self,
        application: ApplicationId,
        user: UserNumber,
        after: ChatNumber,
        limit: Limit,
    ) -> Result<Page<Thread>> {
        self.readers
            .read("members.threads", move |conn| {
                let snapshot = conn.unchecked_transaction()?;
                threads::page(&snapshot, application, user, after, limit)
            })
            .await
    }

    async fn memberships(
        &self,
        application: ApplicationId,
        user: UserNumber,
        after: ChatId,
        limit: Limit,
    ) -> Result<Page<Membership>> {
        self.readers
            .read("members.memberships", move |conn| {
                let params = [application.0, int(user.0), after.0, fetched(limit)];
                let found = all(conn, MEMBERSHIPS, params, membership)?;
                Ok(Page::cut(found, limit, Span::After(0)))
            })
            .await
    }

    async fn companions(
        &self,
        application: ApplicationId,
        user: UserNumber,
        company: Company,
    ) -> Result<Vec<UserNumber>> {
        let Company {
            chats,
            members,
            users,
        } = company;
        self.readers
            .read("members.companions", move |conn| {
                let (chats, users) = (chats.get() as i64, users.get() as i64);
                let params = [application.0, int(user.0), int(members), chats, users];
                all(conn, COMPANIONS, params, |row| Ok(UserNumber(row.get(0)?)))
            })
            .await
    }

    async fn newcomers(
        &self,
        after: (Timestamp, ChatId, UserNumber),
        limit: Limit,
    ) -> Result<Page<Newcomer>> {
        self.readers
            .read("members.newcomers", move |conn| {
                let (since, chat, user) = after;
                let params = [since.0, chat.0, int(user.0), fetched(limit)];
                let found = all(conn, NEWCOMERS, params, |row| {
                    Ok(Newcomer {
                        application: ApplicationId(row.get(0)?),
                        user: UserNumber(row.get(1)?),
                        chat: ChatId(row.get(2)?),
                        number: ChatNumber(row.get(3)?),
                        joined_at: Timestamp(row.get(4)?),
                    })
                })?;
                Ok(Page::cut(found, limit, Span::After(0)))
            })
            .await
    }

    async fn left_behind(
        &self,
        of: Option<(ApplicationId, UserNumber)>,
        limit: Limit,
    ) -> Result<Vec<(ApplicationId, ChatNumber, UserNumber)>> {
        self.readers
            .read("members.left_behind", move |conn| {
                let left = |row: &Row<'_>| {
                    let (chat, user) = (ChatNumber(row.get(1)?), UserNumber(row.get(2)?));
                    Ok((ApplicationId(row.get(0)?), chat, user))
                };
                let most = limit.get() as i64;
                match of {
                    Some((application, user)) => {
                        let params = [most, application.0, int(user.0)];
                        all(conn, LEFT_BEHIND_BY, params, left)
                    }
                    None => all(conn, LEFT_BEHIND, [most], left),
                }
            })
            .await
    }

    async fn ranges(
        &self,
        chat: ChatId,
        low: MessageNumber,
        high: MessageNumber,
    ) -> Result<Vec<(UserNumber, MessageNumber, MessageNumber)>> {
        self.readers
            .read("members.ranges", move |conn| {
                let snapshot = conn.unchecked_transaction()?;
                if application_of(&snapshot, chat)?.is_none() {
                    return Ok(Vec::new());
                }
                let params = [chat.0, int(low.0), int(high.0)];
                all(&snapshot, RANGES, params, |row| {
                    let (low, high) = range(row)?;
                    Ok((UserNumber(row.get(2)?), low, high))
                })
            })
            .await
    }
}

pub(super) fn member(row: &Row<'_>) -> rusqlite::Result<Member> {
    let role = row.get_ref(1)?.as_str()?;
    Ok(Member {
        user: UserNumber(row.get(0)?),
        role: Role::parse(role).ok_or_else(|| unreadable(1, Type::Text, "unknown role"))?,
        muted: row.get(2)?,
        joined_at: Timestamp(row.get(3)?),
        left_at: rows::time(row, 4)?,
        gone: row.get(5)?,
        own_change: Change(row.get(6)?),
        mark_change: Change(row.get(7)?),
        delivered: MessageNumber(row.get(8)?),
        read: MessageNumber(row.get(9)?),
        hidden: row.get::<_, Option<u64>>(10)?.map(MessageNumber),
        posted: MessageNumber(row.get(11)?),
    })
}

fn membership(row: &Row<'_>) -> rusqlite::Result<Membership> {
    Ok(Membership {
        chat: ChatId(row.get(0)?),
        number: ChatNumber(row.get(1)?),
        head: Head {
            number: MessageNumber(row.get(2)?),
            change: Change(row.get(3)?),
        },
    })
}

fn range(row: &Row<'_>) -> rusqlite::Result<(MessageNumber, MessageNumber)> {
    Ok((MessageNumber(row.get(0)?), MessageNumber(row.get(1)?)))
}

/// A member, there or not.
pub(super) fn find(
    conn: &Connection,
    chat: Option<ChatId>,
    user: UserNumber,
) -> rusqlite::Result<Option<Member>> {
    let params = params![chat.map(|chat| chat.0), int(user.0)];
    one(conn, FIND, params, member)
}

/// The first of those who were changed after a change, in the order of their changes.
pub(super) fn changed(
    conn: &Connection,
    chat: ChatId,
    after: Change,
    most: i64,
) -> rusqlite::Result<Vec<Member>> {
    all(conn, CHANGED, [chat.0, int(after.0), most], member)
}

/// Those ranges of a member that are needed.
pub(super) fn ranges_of(
    conn: &Connection,
    chat: Option<ChatId>,
    needs: &RangeNeeds,
) -> rusqlite::Result<Vec<((UserNumber, MessageNumber), MessageNumber)>> {
    let params = params![
        chat.map(|chat| chat.0),
        int(needs.user.0),
        int(needs.low.0),
        int(needs.high.0),
    ];
    all(conn, RANGES_OF, params, |row| {
        let (low, high) = range(row)?;
        Ok(((needs.user, low), high))
    })
}

/// Writes the members of a chat and their ranges.
pub(super) fn write(
    conn: &Connection,
    application: ApplicationId,
    chat: ChatId,
    write: &ChatWrite,
) -> rusqlite::Result<()> {
    for one in &write.members {
        put(conn, application, chat, one)?;
    }
    for ((user, low), high) in &write.ranges {
        match high {
            Some(high) => put_range(conn, chat, *user, (*low, *high))?,
            None => {
                conn.prepare_cached(DROP_RANGE)?
                    .execute([chat.0, int(user.0), int(low.0)])?;
            }
        }
    }
    Ok(())
}

pub(super) fn put(
    conn: &Connection,
    application: ApplicationId,
    chat: ChatId,
    one: &Member,
) -> rusqlite::Result<()> {
    conn.prepare_cached(PUT)?.execute(params![
        chat.0,
        int(one.user.0),
        application.0,
        one.role.as_str(),
        one.muted,
        one.joined_at.0,
        one.left_at.map(|at| at.0),
        one.gone,
        int(one.own_change.0),
        int(one.mark_change.0),
        int(one.delivered.0),
        int(one.read.0),
        one.hidden.map(|last| int(last.0)),
        int(one.posted.0),
    ])?;
    Ok(())
}

pub(super) fn put_range(
    conn: &Connection,
    chat: ChatId,
    user: UserNumber,
    (low, high): (MessageNumber, MessageNumber),
) -> rusqlite::Result<()> {
    conn.prepare_cached(PUT_RANGE)?
        .execute([chat.0, int(user.0), int(low.0), int(high.0)])
        .map(drop)
}
