//! Users: found, loaded and written.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chat_core::clock::Timestamp;
use chat_core::commit::{ApplicationWrite, UserWrite};
use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, TokenHash, UserNumber};
use chat_core::model::{DeviceKey, LastingToken, User};
use chat_core::page::{Limit, Page, Span};
use chat_core::password::PasswordHash;
use chat_core::port::{SEEN_AGAIN, UserRow, Users};
use chat_core::seal::Sealed;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::apply::one_row;
use super::read::{all, fetched, one};
use super::rows::{self, int};
use super::writer::Durability;
use super::{devices, sessions};

type Result<T> = std::result::Result<T, BackendError>;

macro_rules! user_columns {
    () => {
        "u.number, u.username, u.display_name, u.email, u.picture, u.password, u.token_hash, \
         u.token, u.created_at, u.updated_at, u.deleted_at, u.application"
    };
}
pub(super) use user_columns;
macro_rules! user_where {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            user_columns!(),
            " FROM users u JOIN applications a ON a.id = u.application",
            " WHERE a.closed_at IS NULL AND u.deleted_at IS NULL AND ",
            $condition
        )
    };
}

const USER: &str = user_where!("u.application = ?1 AND u.number = ?2");
const BY_NAME: &str = user_where!("u.application = ?1 AND u.folded = ?2");
const BY_TOKEN: &str = user_where!("u.token_hash = ?1");
const AFTER: &str = user_where!("u.application = ?1 AND u.number > ?2 ORDER BY u.number LIMIT ?3");
const BEFORE: &str =
    user_where!("u.application = ?1 AND u.number < ?2 ORDER BY u.number DESC LIMIT ?3");

const FIND: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM users u WHERE u.application = ?1 AND u.number = ?2"
);
const LET_GO_OF_NAME: &str = "UPDATE users SET folded = NULL \
     WHERE application = ?1 AND number = ?2 AND folded <> ?3";
const CREATE: &str = "INSERT INTO users (application, number, username, folded, display_name, \
     email, picture, password, token_hash, token, created_at, updated_at, deleted_at) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
const WRITE: &str = "UPDATE users SET username = ?3, folded = ?4, display_name = ?5, email = ?6, \
     picture = ?7, password = ?8, token_hash = ?9, token = ?10, created_at = ?11, \
     updated_at = ?12, deleted_at = ?13, seen_at = CASE WHEN ?13 IS NULL THEN seen_at END \
     WHERE application = ?1 AND number = ?2";
const SAW: &str = "UPDATE users SET seen_at = ?3 WHERE application = ?1 AND number = ?2 \
     AND deleted_at IS NULL AND (seen_at IS NULL OR seen_at <= ?4)";
const SEEN: &str = "SELECT u.number, u.seen_at FROM users u JOIN applications a ON a.id = u.application \
     WHERE a.closed_at IS NULL AND u.deleted_at IS NULL AND u.seen_at IS NOT NULL \
     AND u.application = ?1 AND u.number = ?2";
const LEAVE: &str = "UPDATE users SET leaving = EXISTS (SELECT 1 FROM members m \
     WHERE m.application = ?1 AND m.user = ?2 AND m.gone = 0) \
     WHERE application = ?1 AND number = ?2 AND deleted_at IS NOT NULL";

#[async_trait]
impl Users for SqliteStore {
    async fn users(&self, application: ApplicationId, numbers: &[UserNumber]) -> Result<Vec<User>> {
        let numbers: BTreeSet<UserNumber> = numbers.iter().copied().collect();
        self.readers
            .read("users.users", move |conn| {
                let snapshot = conn.unchecked_transaction()?;
                let mut select = snapshot.prepare_cached(USER)?;
                let mut found = Vec::with_capacity(numbers.len());
                for number in numbers {
                    let params = [application.0, int(number.0)];
                    found.extend(select.query_row(params, user).optional()?);
                }
                Ok(found)
            })
            .await
    }

    async fn user_by_name(&self, application: ApplicationId, folded: &str) -> Result<Option<User>> {
        let folded = folded.to_owned();
        self.readers
            .read("users.by_name", move |conn| {
                one(conn, BY_NAME, params![application.0, folded], user)
            })
            .await
    }

    async fn user_by_token(&self, token: TokenHash) -> Result<Option<(ApplicationId, User)>> {
        self.readers
            .read("users.by_token", move |conn| {
                one(conn, BY_TOKEN, [token.0], |row| {
                    Ok((ApplicationId(row.get(11)?), user(row)?))
                })
            })
            .await
    }

    async fn users_page(
        &self,
        application: ApplicationId,
        span: Span,
        limit: Limit,
    ) -> Result<Page<User>> {
        self.readers
            .read("users.page", move |conn| {
                let (sql, from) = match span {
                    Span::After(number) => (AFTER, number),
                    Span::Before(number) => (BEFORE, number),
                };
                let params = [application.0, int(from), fetched(limit)];
                let found = all(conn, sql, params, user)?;
                Ok(Page::cut(found, limit, span))
            })
            .await
    }

    async fn saw(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
        at: Timestamp,
    ) -> Result<()> {
        let users = users.to_vec();
        self.writer("users.saw")?
            .write("users.saw", Durability::Relaxed, move |conn| {
                let mut update = conn.prepare_cached(SAW)?;
                for user in users {
                    let before = at.0.saturating_sub(SEEN_AGAIN);
                    update.execute([application.0, int(user.0), at.0, before])?;
                }
                Ok(())
            })
            .await
    }

    async fn device_keys(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
    ) -> Result<Vec<(UserNumber, DeviceKey)>> {
        let users: BTreeSet<UserNumber> = users.iter().copied().collect();
        self.readers
            .read("users.device_keys", move |conn| {
                let snapshot = conn.unchecked_transaction()?;
                devices::of_users(&snapshot, application, &users)
            })
            .await
    }

    async fn last_seen(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
    ) -> Result<Vec<(UserNumber, Timestamp)>> {
        let users: BTreeSet<UserNumber> = users.iter().copied().collect();
        self.readers
            .read("users.last_seen", move |conn| {
                let snapshot = conn.unchecked_transaction()?;
                let mut select = snapshot.prepare_cached(SEEN)?;
                let mut found = Vec::with_capacity(users.len());
                for user in users {
                    let seen = select.query_row([application.0, int(user.0)], |row| {
                        Ok((UserNumber(row.get(0)?), Timestamp(row.get(1)?)))
                    });
                    found.extend(seen.optional()?);
                }
                Ok(found)
            })
            .await
    }
}

pub(super) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    let token = row.get::<_, Option<[u8; 32]>>(6)?;
    let sealed = row.get::<_, Option<Vec<u8>>>(7)?;
    Ok(User {
        number: UserNumber(row.get(0)?),
        username: row.get(1)?,
        display_name: row.get(2)?,
        email: row.get(3)?,
        picture: row.get(4)?,
        password: row.get::<_, Option<String>>(5)?.map(PasswordHash),
        lasting_token: token.zip(sealed).map(|(hash, sealed)| LastingToken {
            hash: TokenHash(hash),
            sealed: Sealed(sealed),
        }),
        created_at: Timestamp(row.get(8)?),
        updated_at: Timestamp(row.get(9)?),
        deleted_at: rows::time(row, 10)?,
    })
}

/// A user as it stands, deleted or not.
pub(super) fn find(
    conn: &Connection,
    application: ApplicationId,
    number: UserNumber,
) -> rusqlite::Result<Option<User>> {
    one(conn, FIND, [application.0, int(number.0)], user)
}

/// Writes users and ends their sessions.
pub(super) fn write(
    conn: &Connection,
    application: ApplicationId,
    users: &[UserWrite],
) -> rusqlite::Result<()> {
    // As with applications: what one gives up another one may take.
    for write in users.iter().filter(|write| !write.is_new) {
        let row = &write.row;
        conn.prepare_cached(LET_GO_OF_NAME)?.execute(params![
            application.0,
            int(row.number.0),
            row.folded(),
        ])?;
    }
    for write in users {
        let sql = if write.is_new { CREATE } else { WRITE };
        put(conn, sql, application, &write.row)?;
        if let Some(ends) = write.ends {
            sessions::end(conn, application, write.row.number, ends)?;
        }
        if write.row.is_deleted() {
            devices::drop_all(conn, application, write.row.number)?;
        }
    }
    Ok(())
}

/// Writes a user of another store.
pub(super) fn create(
    conn: &Connection,
    application: ApplicationId,
    row: &UserRow,
) -> rusqlite::Result<()> {
    put(conn, CREATE, application, &row.user)?;
    for key in &row.keys {
        devices::put(conn, application, row.user.number, key)?;
    }
    let Some(Timestamp(seen)) = row.seen_at else {
        return Ok(());
    };
    let params = [application.0, int(row.user.number.0), seen, seen];
    conn.prepare_cached(SAW)?.execute(params).map(drop)
}

fn put(
    conn: &Connection,
    sql: &str,
    application: ApplicationId,
    row: &User,
) -> rusqlite::Result<()> {
    let token = row.lasting_token.as_ref();
    let changed = conn.prepare_cached(sql)?.execute(params![
        application.0,
        int(row.number.0),
        row.username,
        (!row.is_deleted()).then(|| row.folded()),
        row.display_name,
        row.email,
        row.picture,
        row.password.as_ref().map(|password| &password.0),
        token.map(|token| token.hash.0),
        token.map(|token| &token.sealed.0),
        row.created_at.0,
        row.updated_at.0,
        row.deleted_at.map(|at| at.0),
    ])?;
    one_row(changed)
}

/// Notes which of the deleted users in this write chats do not know to be gone, once its members are written.
pub(super) fn leave(conn: &Connection, write: &ApplicationWrite) -> rusqlite::Result<()> {
    let deleted = write.users.iter().filter(|user| user.row.is_deleted());
    let members = write.chats.iter().flat_map(|chat| &chat.members);
    let users: BTreeSet<UserNumber> = deleted
        .map(|user| user.row.number)
        .chain(members.filter(|one| one.gone).map(|one| one.user))
        .collect();
    users
        .into_iter()
        .try_for_each(|user| left(conn, write.id, user))
}

/// Notes whether any chat does not know yet that this user is gone, if it was deleted.
pub(super) fn left(
    conn: &Connection,
    application: ApplicationId,
    user: UserNumber,
) -> rusqlite::Result<()> {
    conn.prepare_cached(LEAVE)?
        .execute([application.0, int(user.0)])
        .map(drop)
}
