//! Connections, each used by one call at a time and for a limited time.

use std::time::Duration;

use chat_core::error::BackendError;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPool, MySqlPoolOptions, MySqlRow};
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySql};
use tokio::time::{Instant, timeout, timeout_at};

use super::sql::Sql;
use crate::config::MysqlConfig;
use crate::error::{is_lost, too_slow, translate};

type Result<T> = std::result::Result<T, BackendError>;

/// How long a statement waits for another writer's row.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// After so long without a word the server gives up a connection and what it holds locked, so that a node that was cut off
/// keeps nobody out for long: those who wait for its rows get them in time to answer.
const SILENCE: Duration = Duration::from_secs(6);
/// A connection that was idle for so long is closed here, well before the server does.
const IDLE: Duration = Duration::from_secs(3);
/// A connection that was idle for so long is tried before it is used.
const DOUBTFUL: Duration = Duration::from_secs(1);
/// How long a connection that is tried may take; then another one is opened.
const TRIAL: Duration = Duration::from_secs(2);
/// Upkeep looks at many rows.
const PATIENCE: u32 = 10;

/// The connections of a store.
pub(super) struct Sessions {
    pool: MySqlPool,
    acquire: Duration,
    limit: Duration,
}

impl Sessions {
    /// Opens none yet.
    pub(super) fn new(config: &MysqlConfig, options: MySqlConnectOptions) -> Self {
        let limit = config.call_timeout;
        let pool = MySqlPoolOptions::new()
            .max_connections(config.connections)
            .acquire_timeout(config.acquire_timeout)
            .idle_timeout(IDLE)
            .test_before_acquire(false)
            .before_acquire(|conn, meta| {
                Box::pin(async move {
                    if meta.idle_for < DOUBTFUL {
                        return Ok(true);
                    }
                    Ok(matches!(timeout(TRIAL, conn.ping()).await, Ok(Ok(()))))
                })
            })
            .after_connect(move |conn, _| {
                Box::pin(async move {
                    let prologue = AssertSqlSafe(prologue() + &statement_limit(limit));
                    conn.execute(prologue).await.map(drop)
                })
            })
            .connect_lazy_with(options);
        Self {
            pool,
            acquire: config.acquire_timeout,
            limit,
        }
    }

    /// How long a call may take.
    pub(super) const fn limit(&self) -> Duration {
        self.limit
    }

    /// How long a step of upkeep may take.
    pub(super) fn long_limit(&self) -> Duration {
        self.limit * PATIENCE
    }

    /// A connection for one call.
    pub(super) async fn open(&self, op: &'static str) -> Result<Session> {
        // The pool has the same limit, but not over everything it does.
        let longest = self.acquire + DOUBTFUL;
        let conn = timeout(longest, self.pool.acquire())
            .await
            .map_err(|_| too_slow(op, longest))?
            .map_err(translate(op))?;
        Ok(Session {
            conn: Some(conn),
            limit: self.limit,
        })
    }

    /// The rows of a statement that only reads. When the connection turns out to be gone, another one is asked, once.
    pub(super) async fn rows(
        &self,
        op: &'static str,
        limit: Duration,
        statement: impl Fn() -> Sql + Send + Sync,
    ) -> Result<Vec<MySqlRow>> {
        let end = Instant::now() + limit;
        let mut again = true;
        loop {
            let mut session = timeout_at(end, self.open(op))
                .await
                .map_err(|_| too_slow(op, limit))??;
            let rows = statement().fetch_all(session.conn());
            match timeout_at(end, rows).await {
                Ok(Ok(rows)) => {
                    session.release();
                    return Ok(rows);
                }
                Ok(Err(error)) if again && is_lost(&error) => again = false,
                Ok(Err(error)) => return Err(translate(op)(error)),
                Err(_) => return Err(too_slow(op, limit)),
            }
        }
    }

    /// What all rows of a statement say.
    pub(super) async fn all<T>(
        &self,
        op: &'static str,
        statement: impl Fn() -> Sql + Send + Sync,
        read: impl Fn(&MySqlRow) -> sqlx::Result<T>,
    ) -> Result<Vec<T>> {
        let rows = self.rows(op, self.limit, statement).await?;
        rows.iter()
            .map(read)
            .collect::<sqlx::Result<_>>()
            .map_err(translate(op))
    }

    /// What the first row of a statement says.
    pub(super) async fn one<T>(
        &self,
        op: &'static str,
        statement: impl Fn() -> Sql + Send + Sync,
        read: impl Fn(&MySqlRow) -> sqlx::Result<T>,
    ) -> Result<Option<T>> {
        let rows = self.rows(op, self.limit, statement).await?;
        rows.first().map(read).transpose().map_err(translate(op))
    }
}

/// A connection that is used for one call. Unless it is given back it is closed: nobody knows what is left on it, and a server that
/// sees it closed undoes what was not committed.
pub(super) struct Session {
    conn: Option<PoolConnection<MySql>>,
    limit: Duration,
}

impl Session {
    pub(super) fn conn(&mut self) -> &mut MySqlConnection {
        self.conn
            .as_mut()
            .expect("a session has its connection until it is given back")
    }

    /// Gives it back, with nothing open on it.
    pub(super) fn release(mut self) {
        if let Some(mut conn) = self.conn.take() {
            // The pool tries it once more, without a limit of its own.
            tokio::spawn(timeout(self.limit, conn.return_to_pool()));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            drop(conn.detach());
        }
    }
}

/// What each connection begins with, in one go; the driver says nothing more.
pub(super) fn prologue() -> String {
    format!(
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
         SET SESSION time_zone = '+00:00', autocommit = 1, sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', \
         innodb_lock_wait_timeout = {}, wait_timeout = {}",
        LOCK_WAIT.as_secs(),
        SILENCE.as_secs()
    )
}

/// The server ends a statement by itself that nobody waits for any more: MySQL one that only reads, MariaDB any. No statement is so
/// large that it needs longer.
fn statement_limit(limit: Duration) -> String {
    format!(
        "; /*!80000 SET SESSION max_execution_time = {} */ /*M! SET SESSION max_statement_time = {} */",
        limit.as_millis(),
        limit.as_secs_f64()
    )
}
