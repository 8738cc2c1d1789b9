//! The schema, brought up to date by one process at a time.

use std::time::Duration;

use chat_core::error::BackendError;
use chat_core::ids::Epoch;
use sqlx::mysql::MySqlConnection;
use sqlx::{Executor as _, Result, Row as _};

use crate::error::{OpenError, translate};

const MIGRATIONS: [&str; 5] = [
    include_str!("../../migrations/0001.sql"),
    include_str!("../../migrations/0002.sql"),
    include_str!("../../migrations/0003.sql"),
    include_str!("../../migrations/0004.sql"),
    include_str!("../../migrations/0005.sql"),
];
const NEWEST: i64 = MIGRATIONS.len() as i64;

/// How long one waits for another process that brings the same database up to date.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

// Names of locks are those of the whole server, and MariaDB takes a wait without end for none.
const LOCK: &str = "SELECT GET_LOCK(CONCAT('chat-', SHA2(DATABASE(), 224)), ?)";
const UNLOCK: &str = "SELECT RELEASE_LOCK(CONCAT('chat-', SHA2(DATABASE(), 224)))";
const TABLES: &str = "SELECT COUNT(*), COUNT(IF(table_name = 'schema_versions', 1, NULL)) \
     FROM information_schema.tables WHERE table_schema = DATABASE()";
const VERSIONS: &str = "CREATE TABLE schema_versions (version BIGINT NOT NULL PRIMARY KEY, \
     at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP) ENGINE = InnoDB";
const VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_versions";
const REACHED: &str = "INSERT INTO schema_versions (version) VALUES (?)";
const MAKE_EPOCH: &str = "INSERT IGNORE INTO meta (id, epoch) VALUES (1, ?)";
const EPOCH: &str = "SELECT epoch FROM meta WHERE id = 1";
const RENEW_EPOCH: &str = "UPDATE meta SET epoch = ? WHERE id = 1";

const OP: &str = "migrate";

/// Brings the database up to date and answers its epoch.
pub(super) async fn migrate(
    conn: &mut MySqlConnection,
) -> std::result::Result<Epoch, BackendError> {
    let wait = i64::try_from(PATIENCE.as_secs()).unwrap_or(i64::MAX);
    if number(conn, sqlx::query(LOCK).bind(wait))
        .await
        .map_err(translate(OP))?
        != Some(1)
    {
        return Err(OpenError::Migrating(PATIENCE).into_backend());
    }
    let found = version(conn).await.map_err(translate(OP))?;
    let Some(found) = found else {
        return Err(OpenError::NotOurs.into_backend());
    };
    if found > NEWEST {
        let known = NEWEST;
        return Err(OpenError::Newer { found, known }.into_backend());
    }
    let epoch = upgrade(conn, found).await.map_err(translate(OP))?;
    conn.execute(UNLOCK).await.map_err(translate(OP))?;
    Ok(epoch)
}

/// The version of the schema, 0 for an empty database; `None` when it holds something else.
async fn version(conn: &mut MySqlConnection) -> Result<Option<i64>> {
    let row = sqlx::query(TABLES).fetch_one(&mut *conn).await?;
    let (tables, ours): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    if tables == 0 {
        conn.execute(VERSIONS).await?;
    } else if ours == 0 {
        return Ok(None);
    }
    number(conn, sqlx::query(VERSION)).await
}

/// A step that a crash cut short is taken again from its beginning: MySQL commits every change of a table by itself, so each
/// statement of a migration can be run again.
async fn upgrade(conn: &mut MySqlConnection, found: i64) -> Result<Epoch> {
    for (step, sql) in (1..).zip(MIGRATIONS) {
        if step <= found {
            continue;
        }
        sqlx::raw_sql(sql).execute(&mut *conn).await?;
        sqlx::query(REACHED).bind(step).execute(&mut *conn).await?;
        tracing::info!(version = step, "the store was brought up to date");
    }
    sqlx::query(MAKE_EPOCH)
        .bind(Epoch::random().0.cast_signed())
        .execute(&mut *conn)
        .await?;
    let row = sqlx::query(EPOCH).fetch_one(conn).await?;
    Ok(Epoch(row.try_get::<i64, _>(0)?.cast_unsigned()))
}

/// Gives a database that is up to date another epoch than it has.
pub(super) async fn renew_epoch(conn: &mut MySqlConnection) -> Result<()> {
    sqlx::query(RENEW_EPOCH)
        .bind(Epoch::random().0.cast_signed())
        .execute(conn)
        .await?;
    Ok(())
}

async fn number(conn: &mut MySqlConnection, select: super::sql::Sql) -> Result<Option<i64>> {
    let row = select.fetch_one(conn).await?;
    row.try_get(0)
}
