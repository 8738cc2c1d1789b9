//! Who takes part in what.

use async_trait::async_trait;
use chat_core::clock::Timestamp;
use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, Change, ChatId, ChatNumber, Head, MessageNumber, UserNumber};
use chat_core::model::Member;
use chat_core::page::{Limit, Page, Span};
use chat_core::port::{Activity, Company, Members, Membership, Newcomer, OwnChat, Thread};
use sqlx::mysql::MySqlRow;
use sqlx::{Row as _, query};

use super::people::{member, member_columns, member_from};
use super::read::fetched;
use super::rows::{self, int};
use super::{MysqlStore, threads};

type Result<T> = std::result::Result<T, BackendError>;

macro_rules! members_where {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            member_columns!(),
            " FROM chats c STRAIGHT_JOIN applications a ON a.id = c.application",
            " STRAIGHT_JOIN members p FORCE INDEX (PRIMARY) ON p.chat = c.id",
            " WHERE c.id = ? AND a.closed_at IS NULL AND c.closed_at IS NULL AND ",
            $condition
        )
    };
}
const MEMBER: &str = members_where!("p.user_number = ?");
const AFTER: &str =
    members_where!("p.user_number > ? AND p.left_at IS NULL ORDER BY p.user_number LIMIT ?");
const BEFORE: &str =
    members_where!("p.user_number < ? AND p.left_at IS NULL ORDER BY p.user_number DESC LIMIT ?");

/// A chat of a member `q` has messages that it has not read: none of its own, none that is deleted.
macro_rules! unread_messages {
    () => {
        " FROM messages x FORCE INDEX (PRIMARY) WHERE x.chat = q.id AND x.number > q.read_up_to \
         AND x.deleted_at IS NULL AND (x.sender IS NULL OR x.sender <> q.user_number)"
    };
}
/// Ranges of a member have nothing in common: only the last one that begins at or below a message can have it.
macro_rules! not_in_a_range {
    () => {
        " AND x.number > COALESCE((SELECT r.high FROM mark_ranges r FORCE INDEX (PRIMARY) \
         WHERE r.chat = q.id AND r.user_number = q.user_number AND r.low <= x.number \
         ORDER BY r.low DESC LIMIT 1), 0)"
    };
}
/// How many they are: all where there cannot be more than are counted, else as many unless there are fewer.
macro_rules! looked_at {
    ($up_to:literal, $($further:expr)?) => {
        concat!(
            "IF(q.", $up_to, " - q.read_up_to <= 1000, (SELECT COUNT(*)",
            unread_messages!(), " AND x.number <= q.", $up_to, $($further,)?
            "), COALESCE((SELECT 1000", unread_messages!(), " AND x.number <= q.", $up_to, $($further,)?
            " ORDER BY x.number LIMIT 1 OFFSET 999), (SELECT COUNT(*)",
            unread_messages!(), " AND x.number <= q.", $up_to, $($further,)?
            ")))"
        )
    };
}
/// Above the last message of its own all are unread that are not deleted, so only those that were touched are looked at, unless
/// there are many.
macro_rules! unread {
    () => {
        concat!(
            "IF(EXISTS (SELECT 1 FROM mark_ranges r FORCE INDEX (PRIMARY) ",
            "WHERE r.chat = q.id AND r.user_number = q.user_number), ",
            looked_at!("last_number", not_in_a_range!()),
            ", IF((SELECT 1 FROM touches t FORCE INDEX (PRIMARY) ",
            "WHERE t.chat = q.id AND t.number > q.own_up_to ",
            "ORDER BY t.number LIMIT 1 OFFSET 999) IS NOT NULL, ",
            looked_at!("last_number",),
            ", LEAST(1000, q.last_number - q.own_up_to - (SELECT COUNT(*) ",
            "FROM touches t FORCE INDEX (PRIMARY) STRAIGHT_JOIN messages x FORCE INDEX (PRIMARY) ",
            "ON x.chat = t.chat AND x.number = t.number ",
            "WHERE t.chat = q.id AND t.number > q.own_up_to AND x.deleted_at IS NOT NULL) + ",
            looked_at!("own_up_to",),
            ")))"
        )
    };
}
/// The chats of a member that a statement finds, all as it finds them. Each step is as large as a page: a server leaves a table
/// that is limited as it is, and so looks into messages for chats of the page alone.
macro_rules! own_chats {
    ($which:expr) => {
        concat!(
            "SELECT ",
            rows::chat_columns!(),
            ", ",
            member_columns!(),
            ", l.unread, EXISTS (SELECT 1 FROM mark_ranges r WHERE r.chat = l.id), ",
            rows::shown_message_columns!(),
            " FROM (SELECT q.id, q.user_number, ",
            unread!(),
            " AS unread, IF(q.live = 0, NULL, (SELECT x.number FROM messages x ",
            "FORCE INDEX (PRIMARY) WHERE x.chat = q.id AND x.deleted_at IS NULL ",
            "ORDER BY x.number DESC LIMIT 1)) AS latest ",
            "FROM (SELECT c.id, c.last_number, c.live, p.user_number, p.read_up_to, ",
            "GREATEST(p.posted, p.read_up_to, c.floor - 1) AS own_up_to ",
            $which,
            " LIMIT ?) q LIMIT ?) l STRAIGHT_JOIN chats c FORCE INDEX (PRIMARY) ON c.id = l.id ",
            "STRAIGHT_JOIN members p FORCE INDEX (PRIMARY) ",
            "ON p.chat = l.id AND p.user_number = l.user_number ",
            "LEFT JOIN messages m FORCE INDEX (PRIMARY) ON m.chat = l.id AND m.number = l.latest ",
            "ORDER BY c.active_at DESC, c.number DESC"
        )
    };
}
const CHATS_OF: &str = own_chats!(
    "FROM members p FORCE INDEX (members_user) STRAIGHT_JOIN chats c ON c.id = p.chat \
     STRAIGHT_JOIN applications a ON a.id = c.application \
     WHERE p.application = ? AND p.user_number = ? AND p.left_at IS NULL \
     AND a.closed_at IS NULL AND c.closed_at IS NULL \
     AND (p.hidden IS NULL OR c.last_number > p.hidden) \
     AND (c.active_at < ? OR (c.active_at = ? AND c.number < ?)) \
     ORDER BY c.active_at DESC, c.number DESC"
);
const CHAT_OF: &str = own_chats!(
    "FROM chats c FORCE INDEX (chats_number) STRAIGHT_JOIN applications a ON a.id = c.application \
     STRAIGHT_JOIN members p FORCE INDEX (PRIMARY) ON p.chat = c.id AND p.user_number = ? \
     WHERE c.application = ? AND c.number = ? AND p.left_at IS NULL \
     AND a.closed_at IS NULL AND c.closed_at IS NULL"
);
const MEMBER_AT: usize = 17;
const UNREAD_AT: usize = MEMBER_AT + 12;
const RANGES_AT: usize = UNREAD_AT + 1;
const LATEST_AT: usize = RANGES_AT + 1;

macro_rules! left_behind {
    ($index:literal, $condition:literal) => {
        concat!(
            "SELECT c.application, c.number, p.user_number FROM users u FORCE INDEX (",
            $index,
            ") STRAIGHT_JOIN members p FORCE INDEX (members_user) \
             ON p.application = u.application AND p.user_number = u.number AND p.gone = 0 \
             STRAIGHT_JOIN chats c ON c.id = p.chat \
             STRAIGHT_JOIN applications a ON a.id = c.application \
             WHERE u.leaving = 1 AND c.closed_at IS NULL AND a.closed_at IS NULL ",
            $condition,
            " LIMIT ?"
        )
    };
}
const LEFT_BEHIND: &str = left_behind!("users_leaving", "");
const LEFT_BEHIND_BY: &str = left_behind!("PRIMARY", "AND u.application = ? AND u.number = ?");
const MEMBERSHIPS: &str = "SELECT c.id, c.number, c.last_number, c.last_change \
     FROM members p FORCE INDEX (members_user) STRAIGHT_JOIN chats c ON c.id = p.chat \
     STRAIGHT_JOIN applications a ON a.id = c.application \
     WHERE p.application = ? AND p.user_number = ? AND p.chat > ? AND p.gone = 0 AND p.left_at IS NULL \
     AND a.closed_at IS NULL AND c.closed_at IS NULL ORDER BY p.chat LIMIT ?";
const COMPANIONS: &str = "SELECT p.user_number FROM (SELECT c.id, c.active_at \
     FROM members o FORCE INDEX (members_user) STRAIGHT_JOIN chats c ON c.id = o.chat \
     STRAIGHT_JOIN applications a ON a.id = c.application \
     WHERE o.application = ? AND o.user_number = ? AND o.gone = 0 AND o.left_at IS NULL \
     AND c.members <= ? AND a.closed_at IS NULL AND c.closed_at IS NULL \
     ORDER BY c.active_at DESC, c.number DESC LIMIT ?) q \
     STRAIGHT_JOIN members p FORCE INDEX (PRIMARY) ON p.chat = q.id \
     WHERE p.user_number <> ? AND p.left_at IS NULL \
     GROUP BY p.user_number ORDER BY MAX(q.active_at) DESC, p.user_number LIMIT ?";
const NEWCOMERS: &str = "SELECT p.application, p.user_number, p.chat, c.number, p.joined_at \
     FROM members p FORCE INDEX (members_joined) STRAIGHT_JOIN chats c ON c.id = p.chat \
     STRAIGHT_JOIN applications a ON a.id = c.application \
     WHERE p.joined_at >= ? AND (p.joined_at, p.chat, p.user_number) > (?, ?, ?) AND p.left_at IS NULL \
     AND a.closed_at IS NULL AND c.closed_at IS NULL \
     ORDER BY p.joined_at, p.chat, p.user_number LIMIT ?";
const RANGES: &str = "SELECT r.user_number, r.low, r.high \
     FROM chats c STRAIGHT_JOIN applications a ON a.id = c.application \
     STRAIGHT_JOIN mark_ranges r FORCE INDEX (PRIMARY) ON r.chat = c.id \
     WHERE c.id = ? AND a.closed_at IS NULL AND c.closed_at IS NULL AND r.low <= ? AND r.high >= ?";

#[async_trait]
impl Members for MysqlStore {
    async fn member(&self, chat: ChatId, user: UserNumber) -> Result<Option<Member>> {
        let select = || query(MEMBER).bind(chat.0).bind(int(user.0));
        self.sessions.one("members.get", select, member).await
    }

    async fn members(&self, chat: ChatId, span: Span, limit: Limit) -> Result<Page<Member>> {
        let (sql, from) = match span {
            Span::After(number) => (AFTER, number),
            Span::Before(number) => (BEFORE, number),
        };
        let select = || {
            let select = query(sql).bind(chat.0).bind(int(from));
            select.bind(fetched(limit))
        };
        let found = self.sessions.all("members.page", select, member).await?;
        Ok(Page::cut(found, limit, span))
    }

    async fn chats_of(
        &self,
        application: ApplicationId,
        user: UserNumber,
        before: Option<Activity>,
        limit: Limit,
    ) -> Result<Page<OwnChat>> {
        let before = before.unwrap_or(Activity {
            at: Timestamp(i64::MAX),
            chat: ChatNumber::MAX,
        });
        let (at, most) = (before.at.0, fetched(limit));
        let select = || {
            let select = query(CHATS_OF).bind(application.0).bind(int(user.0));
            let select = select.bind(at).bind(at).bind(int(before.chat.0));
            select.bind(most).bind(most)
        };
        let found = self.sessions.all("members.chats", select, own_chat);
        Ok(Page::cut(found.await?, limit, Span::After(0)))
    }

    async fn chat_of(
        &self,
        application: ApplicationId,
        user: UserNumber,
        chat: ChatNumber,
    ) -> Result<Option<OwnChat>> {
        let select = || {
            let select = query(CHAT_OF).bind(int(user.0)).bind(application.0);
            select.bind(int(chat.0)).bind(1_i64).bind(1_i64)
        };
        self.sessions.one("members.chat", select, own_chat).await
    }

    async fn threads(
        &self,
        application: ApplicationId,
        user: UserNumber,
        after: ChatNumber,
        limit: Limit,
    ) -> Result<Page<Thread>> {
        threads::page(self, application, user, after, limit).await
    }

    async fn memberships(
        &self,
        application: ApplicationId,
        user: UserNumber,
        after: ChatId,
        limit: Limit,
    ) -> Result<Page<Membership>> {
        let select = || {
            let select = query(MEMBERSHIPS).bind(application.0).bind(int(user.0));
            select.bind(after.0).bind(fetched(limit))
        };
        let found = self.sessions.all("members.memberships", select, membership);
        Ok(Page::cut(found.await?, limit, Span::After(0)))
    }

    async fn companions(
        &self,
        application: ApplicationId,
        user: UserNumber,
        company: Company,
    ) -> Result<Vec<UserNumber>> {
        let most = |limit: Limit| int(limit.get() as u64);
        let select = || {
            let select = query(COMPANIONS).bind(application.0).bind(int(user.0));
            let select = select.bind(int(company.members)).bind(most(company.chats));
            select.bind(int(user.0)).bind(most(company.users))
        };
        let companion = |row: &MySqlRow| rows::user_number(row, 0);
        self.sessions
            .all("members.companions", select, companion)
            .await
    }

    async fn newcomers(
        &self,
        after: (Timestamp, ChatId, UserNumber),
        limit: Limit,
    ) -> Result<Page<Newcomer>> {
        let select = || {
            let (since, chat, user) = after;
            let select = query(NEWCOMERS).bind(since.0).bind(since.0);
            let select = select.bind(chat.0).bind(int(user.0));
            select.bind(fetched(limit))
        };
        let newcomer = |row: &MySqlRow| {
            Ok(Newcomer {
                application: ApplicationId(row.try_get(0)?),
                user: rows::user_number(row, 1)?,
                chat: ChatId(row.try_get(2)?),
                number: ChatNumber(rows::number(row, 3)?),
                joined_at: Timestamp(row.try_get(4)?),
            })
        };
        let found = self.sessions.all("members.newcomers", select, newcomer);
        Ok(Page::cut(found.await?, limit, Span::After(0)))
    }

    async fn left_behind(
        &self,
        of: Option<(ApplicationId, UserNumber)>,
        limit: Limit,
    ) -> Result<Vec<(ApplicationId, ChatNumber, UserNumber)>> {
        let most = int(limit.get() as u64);
        let select = || match of {
            Some((application, user)) => {
                let select = query(LEFT_BEHIND_BY).bind(application.0);
                select.bind(int(user.0)).bind(most)
            }
            None => query(LEFT_BEHIND).bind(most),
        };
        let left = |row: &MySqlRow| {
            let number = ChatNumber(rows::number(row, 1)?);
            let user = rows::user_number(row, 2)?;
            Ok((ApplicationId(row.try_get(0)?), number, user))
        };
        self.sessions.all("members.left_behind", select, left).await
    }

    async fn ranges(
        &self,
        chat: ChatId,
        low: MessageNumber,
        high: MessageNumber,
    ) -> Result<Vec<(UserNumber, MessageNumber, MessageNumber)>> {
        let select = || {
            let select = query(RANGES).bind(chat.0);
            select.bind(int(high.0)).bind(int(low.0))
        };
        let range = |row: &MySqlRow| {
            let user = UserNumber(rows::number(row, 0)?);
            let low = MessageNumber(rows::number(row, 1)?);
            Ok((user, low, MessageNumber(rows::number(row, 2)?)))
        };
        self.sessions.all("members.ranges", select, range).await
    }
}

fn membership(row: &MySqlRow) -> sqlx::Result<Membership> {
    Ok(Membership {
        chat: ChatId(row.try_get(0)?),
        number: ChatNumber(rows::number(row, 1)?),
        head: Head {
            number: MessageNumber(rows::number(row, 2)?),
            change: Change(rows::number(row, 3)?),
        },
    })
}

fn own_chat(row: &MySqlRow) -> sqlx::Result<OwnChat> {
    let latest = match row.try_get::<Option<i64>, _>(LATEST_AT)? {
        Some(_) => Some(rows::message_from(row, LATEST_AT)?),
        None => None,
    };
    Ok(OwnChat {
        chat: rows::chat_from(row, 0)?,
        member: member_from(row, MEMBER_AT)?,
        latest,
        unread: rows::number(row, UNREAD_AT)?,
        has_ranges: row.try_get(RANGES_AT)?,
    })
}
