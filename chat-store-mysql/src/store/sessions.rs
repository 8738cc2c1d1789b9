//! Keeps logins.

use async_trait::async_trait;
use chat_core::clock::Timestamp;
use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, SessionId, TokenHash, UserNumber};
use chat_core::model::Session;
use chat_core::page::Limit;
use chat_core::port::{Opened, Progress, Sessions};
use sqlx::mysql::MySqlRow;
use sqlx::{Result, Row as _, query};
use uuid::Uuid;

use super::MysqlStore;
use super::rows::{self, int};
use super::script::{Script, values};
use super::sql::{ROWS, list, padded};

/// Locks the row of the user, so that it waits for whoever is changing that, and whoever does so later sees what was opened. A second
/// run finds its own row.
const OPEN: &str = "INSERT INTO sessions (token, id, application, user_number, device, created_at, \
     expires_at) \
     SELECT ?, ?, u.application, u.number, ?, ?, ? FROM users u FORCE INDEX (PRIMARY) \
     WHERE u.application = ? AND u.number = ? AND u.deleted_at IS NULL AND u.updated_at = ? \
     AND EXISTS (SELECT 1 FROM applications a WHERE a.id = u.application AND a.closed_at IS NULL) \
     LOCK IN SHARE MODE \
     ON DUPLICATE KEY UPDATE expires_at = VALUES(expires_at)";
const KEEP: &str = "INSERT INTO sessions (token, id, application, user_number, device, created_at, \
     expires_at) VALUES ";
macro_rules! session_columns {
    () => {
        "s.id, s.token, s.application, s.user_number, s.device, s.created_at, s.expires_at"
    };
}
pub(super) use session_columns;
macro_rules! sessions_where {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            session_columns!(),
            " FROM sessions s STRAIGHT_JOIN users u FORCE INDEX (PRIMARY) ",
            "ON u.application = s.application AND u.number = s.user_number ",
            "STRAIGHT_JOIN applications a ON a.id = s.application ",
            "WHERE u.deleted_at IS NULL AND a.closed_at IS NULL AND ",
            $condition
        )
    };
}
const BY_TOKEN: &str = sessions_where!("s.token = ?");
const STANDING: &str = "SELECT s.token \
     FROM sessions s STRAIGHT_JOIN users u FORCE INDEX (PRIMARY) \
     ON u.application = s.application AND u.number = s.user_number \
     STRAIGHT_JOIN applications a ON a.id = s.application \
     WHERE u.deleted_at IS NULL AND a.closed_at IS NULL AND s.expires_at > ? AND s.token IN ";
const OF_USER: &str = sessions_where!(
    "s.application = ? AND s.user_number = ? \
     AND (s.created_at < ? OR s.created_at = ? AND s.id < ?) \
     ORDER BY s.created_at DESC, s.id DESC LIMIT ?"
);
const END: &str = "DELETE FROM sessions WHERE application = ? AND user_number = ? AND id = ?";
const PRUNE: &str = "DELETE FROM sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?";

#[async_trait]
impl Sessions for MysqlStore {
    async fn open_session(
        &self,
        session: &Session,
        unchanged_since: Timestamp,
    ) -> std::result::Result<bool, BackendError> {
        let insert = || {
            query(OPEN)
                .bind(session.token.0.to_vec())
                .bind(session.id.0.as_bytes().to_vec())
                .bind(session.device.clone())
                .bind(session.created_at.0)
                .bind(session.expires_at.0)
                .bind(session.application.0)
                .bind(int(session.user.0))
                .bind(unchanged_since.0)
        };
        let limit = self.sessions.limit();
        let rows = self.write("sessions.open", limit, insert).await?;
        Ok(rows > 0)
    }

    async fn session(
        &self,
        token: TokenHash,
    ) -> std::result::Result<Option<Session>, BackendError> {
        let select = || query(BY_TOKEN).bind(token.0.to_vec());
        self.sessions
            .one("sessions.by_token", select, session)
            .await
    }

    async fn valid_sessions(
        &self,
        tokens: &[TokenHash],
        now: Timestamp,
    ) -> std::result::Result<Vec<TokenHash>, BackendError> {
        let mut found = Vec::with_capacity(tokens.len());
        for part in tokens.chunks(ROWS) {
            let select = || {
                let select = list(STANDING, part.len(), "").bind(now.0);
                padded(part).fold(select, |select, token| select.bind(token.0.to_vec()))
            };
            let standing = self.sessions.all("sessions.valid", select, |row| {
                Ok(TokenHash(rows::bytes(row, 0)?))
            });
            found.extend(standing.await?);
        }
        Ok(found)
    }

    async fn sessions(
        &self,
        application: ApplicationId,
        user: UserNumber,
        before: Option<Opened>,
        limit: Limit,
    ) -> std::result::Result<Vec<Session>, BackendError> {
        let most = int(limit.get() as u64);
        let before = before.unwrap_or(Opened::ABOVE_ALL);
        let select = || {
            let select = query(OF_USER).bind(application.0).bind(int(user.0));
            let select = select.bind(before.at.0).bind(before.at.0);
            select.bind(before.id.0.as_bytes().to_vec()).bind(most)
        };
        self.sessions.all("sessions", select, session).await
    }

    async fn end_session(
        &self,
        application: ApplicationId,
        user: UserNumber,
        id: SessionId,
    ) -> std::result::Result<bool, BackendError> {
        let delete = || {
            let delete = query(END).bind(application.0).bind(int(user.0));
            delete.bind(id.0.as_bytes().to_vec())
        };
        let limit = self.sessions.limit();
        let rows = self.write("sessions.end", limit, delete).await?;
        Ok(rows > 0)
    }

    async fn prune_sessions(
        &self,
        before: Timestamp,
        limit: Limit,
    ) -> std::result::Result<Progress, BackendError> {
        let most = limit.get() as u64;
        let delete = || query(PRUNE).bind(before.0).bind(int(most));
        let patience = self.sessions.long_limit();
        let rows = self.write("sessions.prune", patience, delete).await?;
        let more = rows == most;
        Ok(Progress { rows, more })
    }
}

/// Adds logins none of which is there.
pub(super) fn put_sessions(script: &mut Script, sessions: &[(ApplicationId, &Session)]) {
    for part in sessions.chunks(ROWS) {
        let insert = values(KEEP, 7, "");
        script.write(part.iter().fold(insert, |insert, (application, session)| {
            insert
                .bytes(&session.token.0)
                .bytes(session.id.0.as_bytes())
                .int(application.0)
                .int(int(session.user.0))
                .text(session.device.as_deref())
                .int(session.created_at.0)
                .int(session.expires_at.0)
        }));
    }
}

pub(super) fn session(row: &MySqlRow) -> Result<Session> {
    Ok(Session {
        id: SessionId(Uuid::from_bytes(rows::bytes(row, 0)?)),
        token: TokenHash(rows::bytes(row, 1)?),
        application: ApplicationId(row.try_get(2)?),
        user: rows::user_number(row, 3)?,
        device: row.try_get(4)?,
        created_at: rows::time(row, 5)?,
        expires_at: rows::time(row, 6)?,
    })
}
