//! Finds users.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chat_core::clock::Timestamp;
use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, TokenHash, UserNumber};
use chat_core::model::{DeviceKey, User};
use chat_core::page::{Limit, Page, Span};
use chat_core::port::{SEEN_AGAIN, Users};
use sqlx::mysql::MySqlRow;
use sqlx::{Row as _, query};

use super::MysqlStore;
use super::devices::{key_columns, key_from};
use super::people::{user, user_columns, user_from};
use super::read::fetched;
use super::rows::int;
use super::sql::{ROWS, list, padded};

type Result<T> = std::result::Result<T, BackendError>;

macro_rules! users_where {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            user_columns!(),
            ", u.application FROM users u STRAIGHT_JOIN applications a ON a.id = u.application",
            " WHERE a.closed_at IS NULL AND u.deleted_at IS NULL AND ",
            $condition
        )
    };
}

const USERS: &str = users_where!("u.application = ? AND u.number IN ");
const BY_NAME: &str = users_where!("u.application = ? AND u.folded = ?");
const BY_TOKEN: &str = users_where!("u.lasting_hash = ?");
const AFTER: &str = users_where!("u.application = ? AND u.number > ? ORDER BY u.number LIMIT ?");
const BEFORE: &str =
    users_where!("u.application = ? AND u.number < ? ORDER BY u.number DESC LIMIT ?");
const DEVICE_KEYS: &str = concat!(
    "SELECT ",
    key_columns!(),
    " FROM users u STRAIGHT_JOIN applications a ON a.id = u.application \
     STRAIGHT_JOIN device_keys k FORCE INDEX (PRIMARY) \
     ON k.application = u.application AND k.user_number = u.number \
     WHERE a.closed_at IS NULL AND u.deleted_at IS NULL AND u.application = ? AND u.number IN "
);
const SAW: &str = "UPDATE users SET seen_at = ? WHERE application = ? AND deleted_at IS NULL \
     AND (seen_at IS NULL OR seen_at <= ?) AND number IN ";
const SEEN: &str = "SELECT u.number, u.seen_at FROM users u \
     STRAIGHT_JOIN applications a ON a.id = u.application \
     WHERE a.closed_at IS NULL AND u.deleted_at IS NULL AND u.seen_at IS NOT NULL \
     AND u.application = ? AND u.number IN ";
const APPLICATION_AT: usize = 11;

#[async_trait]
impl Users for MysqlStore {
    async fn users(&self, application: ApplicationId, numbers: &[UserNumber]) -> Result<Vec<User>> {
        let numbers = ascending(numbers);
        let mut found = Vec::with_capacity(numbers.len());
        for part in numbers.chunks(ROWS) {
            let select = || {
                let select = list(USERS, part.len(), " ORDER BY u.number").bind(application.0);
                padded(part).fold(select, |select, number| select.bind(number))
            };
            found.extend(self.sessions.all("users", select, user).await?);
        }
        Ok(found)
    }

    async fn user_by_name(&self, application: ApplicationId, folded: &str) -> Result<Option<User>> {
        let select = || {
            let name = folded.as_bytes().to_vec();
            query(BY_NAME).bind(application.0).bind(name)
        };
        self.sessions.one("users.by_name", select, user).await
    }

    async fn user_by_token(&self, token: TokenHash) -> Result<Option<(ApplicationId, User)>> {
        let select = || query(BY_TOKEN).bind(token.0.to_vec());
        let owned = |row: &MySqlRow| {
            let application = ApplicationId(row.try_get(APPLICATION_AT)?);
            Ok((application, user_from(row, 0)?))
        };
        self.sessions.one("users.by_token", select, owned).await
    }

    async fn users_page(
        &self,
        application: ApplicationId,
        span: Span,
        limit: Limit,
    ) -> Result<Page<User>> {
        let (sql, from) = match span {
            Span::After(number) => (AFTER, number),
            Span::Before(number) => (BEFORE, number),
        };
        let select = || {
            let select = query(sql).bind(application.0).bind(int(from));
            select.bind(fetched(limit))
        };
        let found = self.sessions.all("users.page", select, user).await?;
        Ok(Page::cut(found, limit, span))
    }

    async fn saw(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
        at: Timestamp,
    ) -> Result<()> {
        for part in ascending(users).chunks(ROWS) {
            let update = || {
                let before = at.0.saturating_sub(SEEN_AGAIN);
                let update = list(SAW, part.len(), "").bind(at.0);
                let update = update.bind(application.0).bind(before);
                padded(part).fold(update, |update, number| update.bind(number))
            };
            let limit = self.sessions.limit();
            self.write("users.saw", limit, update).await?;
        }
        Ok(())
    }

    async fn device_keys(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
    ) -> Result<Vec<(UserNumber, DeviceKey)>> {
        let mut found = Vec::new();
        for part in ascending(users).chunks(ROWS) {
            let select = || {
                let tail = " ORDER BY u.number, k.device";
                let select = list(DEVICE_KEYS, part.len(), tail).bind(application.0);
                padded(part).fold(select, |select, number| select.bind(number))
            };
            let key = |row: &MySqlRow| key_from(row, 0);
            found.extend(self.sessions.all("users.device_keys", select, key).await?);
        }
        Ok(found)
    }

    async fn last_seen(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
    ) -> Result<Vec<(UserNumber, Timestamp)>> {
        let mut found = Vec::new();
        for part in ascending(users).chunks(ROWS) {
            let select = || {
                let select = list(SEEN, part.len(), " ORDER BY u.number").bind(application.0);
                padded(part).fold(select, |select, number| select.bind(number))
            };
            let seen = self
                .sessions
                .all("users.last_seen", select, |row: &MySqlRow| {
                    let number: i64 = row.try_get(0)?;
                    Ok((
                        UserNumber(number.cast_unsigned()),
                        Timestamp(row.try_get(1)?),
                    ))
                });
            found.extend(seen.await?);
        }
        Ok(found)
    }
}

/// Each once.
fn ascending(numbers: &[UserNumber]) -> Vec<i64> {
    let numbers: BTreeSet<i64> = numbers.iter().map(|number| int(number.0)).collect();
    numbers.into_iter().collect()
}
