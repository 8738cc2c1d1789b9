//! Users, sessions, members and what they have read, in the order of [`Place`].

use std::collections::BTreeMap;

use chat_core::error::BackendError;
use chat_core::ids::{
    ApplicationId, ChatId, ChatNumber, MessageNumber, PublicId, TokenHash, UserNumber,
};
use chat_core::model::{DeviceKey, Session};
use chat_core::page::Limit;
use chat_core::port::{MemberRow, Place, RangeRow, UserRow};
use sqlx::mysql::MySqlRow;
use sqlx::{Result, Row as _, query};

use super::super::MysqlStore;
use super::super::devices::{key_columns, key_from};
use super::super::people::{member_columns, member_from, user_columns, user_from};
use super::super::rows::{self, int};
use super::super::sessions::{session, session_columns};
use super::super::sql::{ROWS, Sql, padded, pairs};
use super::OP;

macro_rules! users_where {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            user_columns!(),
            ", u.application, a.public_id, u.seen_at FROM users u FORCE INDEX (PRIMARY) \
             STRAIGHT_JOIN applications a ON a.id = u.application WHERE ",
            $condition
        )
    };
}
const USERS: &str =
    users_where!("u.application = ? AND u.number > ? ORDER BY u.application, u.number LIMIT ?");
const FURTHER_USERS: &str =
    users_where!("u.application > ? ORDER BY u.application, u.number LIMIT ?");
const SESSIONS: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", a.public_id FROM sessions s FORCE INDEX (PRIMARY) \
     STRAIGHT_JOIN applications a ON a.id = s.application \
     WHERE s.token > ? ORDER BY s.token LIMIT ?"
);
macro_rules! members_where {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            member_columns!(),
            ", p.chat, c.number, a.public_id FROM members p FORCE INDEX (PRIMARY) \
             STRAIGHT_JOIN chats c ON c.id = p.chat \
             STRAIGHT_JOIN applications a ON a.id = c.application WHERE ",
            $condition
        )
    };
}
const MEMBERS: &str =
    members_where!("p.chat = ? AND p.user_number > ? ORDER BY p.chat, p.user_number LIMIT ?");
const FURTHER_MEMBERS: &str = members_where!("p.chat > ? ORDER BY p.chat, p.user_number LIMIT ?");
macro_rules! ranges_where {
    ($condition:literal) => {
        concat!(
            "SELECT r.user_number, r.low, r.high, r.chat, c.number, a.public_id \
             FROM mark_ranges r FORCE INDEX (PRIMARY) STRAIGHT_JOIN chats c ON c.id = r.chat \
             STRAIGHT_JOIN applications a ON a.id = c.application WHERE ",
            $condition,
            " ORDER BY r.chat, r.user_number, r.low LIMIT ?"
        )
    };
}
const RANGES: &str = ranges_where!("r.chat = ? AND r.user_number = ? AND r.low > ?");
const RANGES_OF_FURTHER_MEMBERS: &str = ranges_where!("r.chat = ? AND r.user_number > ?");
const FURTHER_RANGES: &str = ranges_where!("r.chat > ?");

const KEYS: &str = concat!(
    "SELECT k.application, ",
    key_columns!(),
    " FROM device_keys k FORCE INDEX (PRIMARY) WHERE (k.application, k.user_number) IN "
);

/// Keys by application and user.
type Keys = BTreeMap<(ApplicationId, UserNumber), Vec<DeviceKey>>;

/// Rows, each with its place.
type Found<T> = std::result::Result<Vec<(Place, T)>, BackendError>;

impl MysqlStore {
    pub(super) async fn users_behind(
        &self,
        application: ApplicationId,
        user: UserNumber,
        limit: Limit,
    ) -> Found<UserRow> {
        let steps = [
            (USERS, vec![application.0, int(user.0)]),
            (FURTHER_USERS, vec![application.0]),
        ];
        let mut found = self.in_turn(&steps, limit, self::user).await?;
        let mut keys = self.keys_of(&found).await?;
        for (place, row) in &mut found {
            if let Place::Users(application, user) = place {
                row.keys = keys.remove(&(*application, *user)).unwrap_or_default();
            }
        }
        Ok(found)
    }

    /// The keys of these users, whether they exist or not.
    async fn keys_of(&self, users: &[(Place, UserRow)]) -> std::result::Result<Keys, BackendError> {
        let users = users.iter().filter_map(|(place, _)| match place {
            Place::Users(application, user) => Some((application.0, int(user.0))),
            _ => None,
        });
        let users: Vec<_> = users.collect();
        let mut found = Keys::new();
        for part in users.chunks(ROWS) {
            let select = || {
                let select = pairs(KEYS, part.len(), " ORDER BY k.device");
                padded(part).fold(select, |select, (application, user)| {
                    select.bind(application).bind(user)
                })
            };
            let key = |row: &MySqlRow| Ok((ApplicationId(row.try_get(0)?), key_from(row, 1)?));
            for (application, (user, key)) in self.sessions.all(OP, select, key).await? {
                found.entry((application, user)).or_default().push(key);
            }
        }
        Ok(found)
    }

    pub(super) async fn sessions_behind(
        &self,
        token: TokenHash,
        limit: Limit,
    ) -> Found<(PublicId, Session)> {
        let most = int(limit.get() as u64);
        let select = || query(SESSIONS).bind(token.0.to_vec()).bind(most);
        self.sessions.all(OP, select, session_row).await
    }

    pub(super) async fn members_behind(
        &self,
        chat: ChatId,
        user: UserNumber,
        limit: Limit,
    ) -> Found<MemberRow> {
        let steps = [
            (MEMBERS, vec![chat.0, int(user.0)]),
            (FURTHER_MEMBERS, vec![chat.0]),
        ];
        self.in_turn(&steps, limit, member).await
    }

    pub(super) async fn ranges_behind(
        &self,
        chat: ChatId,
        user: UserNumber,
        low: MessageNumber,
        limit: Limit,
    ) -> Found<RangeRow> {
        let user = int(user.0);
        let steps = [
            (RANGES, vec![chat.0, user, int(low.0)]),
            (RANGES_OF_FURTHER_MEMBERS, vec![chat.0, user]),
            (FURTHER_RANGES, vec![chat.0]),
        ];
        self.in_turn(&steps, limit, range).await
    }

    /// What the statements find one after the other, until it is enough.
    async fn in_turn<T>(
        &self,
        steps: &[(&'static str, Vec<i64>)],
        limit: Limit,
        read: impl Fn(&MySqlRow) -> Result<(Place, T)>,
    ) -> Found<T> {
        let mut found = Vec::new();
        for (sql, values) in steps {
            let left = limit.get() - found.len();
            if left > 0 {
                let select = || {
                    let values = values.iter();
                    let select = values.fold(query(*sql), |select: Sql, value| select.bind(*value));
                    select.bind(int(left as u64))
                };
                found.extend(self.sessions.all(OP, select, &read).await?);
            }
        }
        Ok(found)
    }
}

fn user(row: &MySqlRow) -> Result<(Place, UserRow)> {
    let user = user_from(row, 0)?;
    let place = Place::Users(ApplicationId(row.try_get(11)?), user.number);
    let row = UserRow {
        application: rows::public_id(row, 12)?,
        user,
        seen_at: rows::maybe_time(row, 13)?,
        keys: Vec::new(),
    };
    Ok((place, row))
}

fn session_row(row: &MySqlRow) -> Result<(Place, (PublicId, Session))> {
    let session = Session {
        application: ApplicationId::ROOT,
        ..session(row)?
    };
    let place = Place::Sessions(session.token);
    Ok((place, (rows::public_id(row, 7)?, session)))
}

fn member(row: &MySqlRow) -> Result<(Place, MemberRow)> {
    let member = member_from(row, 0)?;
    let place = Place::Members(ChatId(row.try_get(12)?), member.user);
    let row = MemberRow {
        application: rows::public_id(row, 14)?,
        chat: ChatNumber(rows::number(row, 13)?),
        member,
    };
    Ok((place, row))
}

fn range(row: &MySqlRow) -> Result<(Place, RangeRow)> {
    let user = rows::user_number(row, 0)?;
    let low = MessageNumber(rows::number(row, 1)?);
    let place = Place::Ranges(ChatId(row.try_get(3)?), user, low);
    let row = RangeRow {
        application: rows::public_id(row, 5)?,
        chat: ChatNumber(rows::number(row, 4)?),
        user,
        low,
        high: MessageNumber(rows::number(row, 2)?),
    };
    Ok((place, row))
}
