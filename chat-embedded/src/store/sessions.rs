//! Logins.

use async_trait::async_trait;
use chat_core::clock::Timestamp;
use chat_core::commit::Ends;
use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, SessionId, TokenHash, UserNumber};
use chat_core::model::Session;
use chat_core::page::Limit;
use chat_core::port::{Opened, Progress, Sessions};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::SqliteStore;
use super::read::{all, one};
use super::rows::int;
use super::writer::Durability;

type Result<T> = std::result::Result<T, BackendError>;

macro_rules! session_columns {
    () => {
        "s.token_hash, s.id, s.application, s.user, s.device, s.created_at, s.expires_at"
    };
}

pub(super) use session_columns;

const OPEN: &str = "INSERT INTO sessions \
     (token_hash, id, application, user, device, created_at, expires_at) \
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 \
     FROM users u JOIN applications a ON a.id = u.application \
     WHERE u.application = ?3 AND u.number = ?4 AND u.deleted_at IS NULL AND u.updated_at = ?8 \
     AND a.closed_at IS NULL";
const KEEP: &str = "INSERT INTO sessions \
     (token_hash, id, application, user, device, created_at, expires_at) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const FIND: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM sessions s JOIN users u ON u.application = s.application AND u.number = s.user",
    " JOIN applications a ON a.id = s.application",
    " WHERE s.token_hash = ?1 AND u.deleted_at IS NULL AND a.closed_at IS NULL"
);
const STANDS: &str = "SELECT 1 FROM sessions s \
     JOIN users u ON u.application = s.application AND u.number = s.user \
     JOIN applications a ON a.id = s.application \
     WHERE s.token_hash = ?1 AND s.expires_at > ?2 \
     AND u.deleted_at IS NULL AND a.closed_at IS NULL";
const OF_USER: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM sessions s WHERE s.application = ?1 AND s.user = ?2 AND (s.created_at, s.id) < (?4, ?5)",
    " ORDER BY s.created_at DESC, s.id DESC LIMIT ?3"
);
const END: &str = "DELETE FROM sessions WHERE application = ?1 AND user = ?2 AND id = ?3";
const END_ALL: &str =
    "DELETE FROM sessions WHERE application = ?1 AND user = ?2 AND token_hash IS NOT ?3";
const PRUNE: &str = "DELETE FROM sessions WHERE token_hash IN \
     (SELECT token_hash FROM sessions WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";

#[async_trait]
impl Sessions for SqliteStore {
    async fn open_session(&self, session: &Session, unchanged_since: Timestamp) -> Result<bool> {
        let session = session.clone();
        self.writer("sessions.open")?
            .write("sessions.open", Durability::Configured, move |conn| {
                let opened = conn.prepare_cached(OPEN)?.execute(params![
                    session.token.0,
                    session.id.0.into_bytes(),
                    session.application.0,
                    int(session.user.0),
                    session.device,
                    session.created_at.0,
                    session.expires_at.0,
                    unchanged_since.0,
                ])?;
                Ok(opened > 0)
            })
            .await
    }

    async fn session(&self, token: TokenHash) -> Result<Option<Session>> {
        self.readers
            .read("sessions.session", move |conn| {
                one(conn, FIND, [token.0], session)
            })
            .await
    }

    async fn valid_sessions(&self, tokens: &[TokenHash], now: Timestamp) -> Result<Vec<TokenHash>> {
        let tokens = tokens.to_vec();
        self.readers
            .read("sessions.valid", move |conn| {
                let snapshot = conn.unchecked_transaction()?;
                let mut select = snapshot.prepare_cached(STANDS)?;
                let mut standing = Vec::with_capacity(tokens.len());
                for token in tokens {
                    if select.exists(params![token.0, now.0])? {
                        standing.push(token);
                    }
                }
                Ok(standing)
            })
            .await
    }

    async fn sessions(
        &self,
        application: ApplicationId,
        user: UserNumber,
        before: Option<Opened>,
        limit: Limit,
    ) -> Result<Vec<Session>> {
        let before = before.unwrap_or(Opened::ABOVE_ALL);
        self.readers
            .read("sessions.of_user", move |conn| {
                let most = limit.get() as i64;
                let (at, id) = (before.at.0, before.id.0.into_bytes());
                let params = params![application.0, int(user.0), most, at, id];
                all(conn, OF_USER, params, session)
            })
            .await
    }

    async fn end_session(
        &self,
        application: ApplicationId,
        user: UserNumber,
        id: SessionId,
    ) -> Result<bool> {
        self.writer("sessions.end")?
            .write("sessions.end", Durability::Configured, move |conn| {
                let params = params![application.0, int(user.0), id.0.into_bytes()];
                Ok(conn.prepare_cached(END)?.execute(params)? > 0)
            })
            .await
    }

    async fn prune_sessions(&self, before: Timestamp, limit: Limit) -> Result<Progress> {
        self.writer("sessions.prune")?
            .write("sessions.prune", Durability::Relaxed, move |conn| {
                let most = limit.get() as i64;
                let rows = conn.prepare_cached(PRUNE)?.execute([before.0, most])?;
                Ok(Progress {
                    rows: rows as u64,
                    more: rows == limit.get(),
                })
            })
            .await
    }
}

pub(super) fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        token: TokenHash(row.get(0)?),
        id: SessionId(Uuid::from_bytes(row.get(1)?)),
        application: ApplicationId(row.get(2)?),
        user: UserNumber(row.get(3)?),
        device: row.get(4)?,
        created_at: Timestamp(row.get(5)?),
        expires_at: Timestamp(row.get(6)?),
    })
}

/// Writes a session, whoever its user is.
pub(super) fn keep(
    conn: &Connection,
    application: ApplicationId,
    row: &Session,
) -> rusqlite::Result<()> {
    conn.prepare_cached(KEEP)?.execute(params![
        row.token.0,
        row.id.0.into_bytes(),
        application.0,
        int(row.user.0),
        row.device,
        row.created_at.0,
        row.expires_at.0,
    ])?;
    Ok(())
}

/// Ends the sessions of a user.
pub(super) fn end(
    conn: &Connection,
    application: ApplicationId,
    user: UserNumber,
    ends: Ends,
) -> rusqlite::Result<()> {
    let but = ends.but.map(|token| token.0);
    conn.prepare_cached(END_ALL)?
        .execute(params![application.0, int(user.0), but])
        .map(drop)
}
