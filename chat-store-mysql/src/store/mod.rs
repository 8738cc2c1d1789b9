//! The Store on MySQL or MariaDB.

mod again;
mod apply;
mod changes;
mod commit;
mod devices;
mod erase;
mod forget;
mod load;
mod members;
mod operations;
mod outbox;
mod people;
mod read;
mod recount;
mod rows;
mod schema;
mod script;
mod server;
mod session;
mod sessions;
mod sql;
mod threads;
mod transfer;
mod upkeep;
mod users;

use std::fmt;
use std::str::FromStr as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chat_core::error::BackendError;
use chat_core::ids::Epoch;
use sqlx::ConnectOptions as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use tokio::time::{Instant, sleep, timeout};

use crate::config::MysqlConfig;
use crate::error::{OpenError, is_lost, too_slow, translate};
use commit::Writers;
use session::Sessions;

type Result<T> = std::result::Result<T, BackendError>;

const OPEN: &str = "open";
const CONNECT_AGAIN: Duration = Duration::from_millis(200);
/// For how long a write that went through proves that writes do.
const PROVEN: Duration = Duration::from_secs(1);

/// A store on MySQL or MariaDB that any number of processes share.
pub struct MysqlStore {
    sessions: Sessions,
    writers: Writers,
    known: load::Known,
    proof_timeout: Duration,
    epoch: Epoch,
    last_write: Mutex<Option<Instant>>,
}

impl fmt::Debug for MysqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MysqlStore")
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

impl MysqlStore {
    /// Connects, looks whether the server keeps what it acknowledges, and brings the schema up to date; of several processes that
    /// start at once one does that and the others wait.
    ///
    /// # Errors
    /// The source is an [`OpenError`] when the URL, the server, one of its settings or the database cannot be used (`Invalid`).
    /// `Unavailable`: the server does not answer.
    pub async fn connect(config: MysqlConfig) -> Result<Self> {
        let options = options(&config)?;
        let (_, epoch) = prepared(&config, &options).await?;
        Ok(Self {
            sessions: Sessions::new(&config, options),
            writers: Writers::default(),
            known: load::Known::default(),
            proof_timeout: config.proof_timeout,
            epoch,
            last_write: Mutex::default(),
        })
    }

    /// Gives a database that no process uses a new epoch, so that nobody takes what it holds for what was there before: for one that was
    /// restored.
    ///
    /// # Errors
    /// As [`MysqlStore::connect`].
    pub async fn renew_epoch(config: MysqlConfig) -> Result<()> {
        let options = options(&config)?;
        let (mut conn, _) = prepared(&config, &options).await?;
        let limit = config.call_timeout;
        timeout(limit, schema::renew_epoch(&mut conn))
            .await
            .map_err(|_| too_slow(OPEN, limit))?
            .map_err(translate(OPEN))
    }

    /// A write went through just now.
    fn proven(&self) {
        let mut last = self
            .last_write
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = Some(Instant::now());
    }

    fn is_proven(&self) -> bool {
        let last = self
            .last_write
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|at| at.elapsed() < PROVEN)
    }
}

fn options(config: &MysqlConfig) -> Result<MySqlConnectOptions> {
    let wrong = |reason| OpenError::Url { reason }.into_backend();
    if !config.url.starts_with("mysql:") {
        return Err(wrong("it does not begin with mysql:"));
    }
    // The driver's own words may repeat a part of the URL.
    let options = MySqlConnectOptions::from_str(&config.url)
        .map_err(|_| wrong("it cannot be read as one"))?;
    if options.get_database().is_none() {
        return Err(wrong("it names no database"));
    }
    Ok(options
        .charset("utf8mb4")
        .collation("utf8mb4_bin")
        .set_names(false)
        .timezone(None)
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .disable_statement_logging())
}

/// The first connection: a server that is starting is waited for.
async fn first(config: &MysqlConfig, options: &MySqlConnectOptions) -> Result<MySqlConnection> {
    let end = Instant::now() + config.connect_timeout;
    loop {
        match tokio::time::timeout_at(end, options.connect()).await {
            Ok(Ok(conn)) => return Ok(conn),
            Ok(Err(error)) if !is_lost(&error) || Instant::now() + CONNECT_AGAIN >= end => {
                return Err(translate(OPEN)(error));
            }
            Ok(Err(_)) => sleep(CONNECT_AGAIN).await,
            Err(_) => return Err(too_slow(OPEN, config.connect_timeout)),
        }
    }
}

/// A connection to a database that is up to date, and its epoch.
async fn prepared(
    config: &MysqlConfig,
    options: &MySqlConnectOptions,
) -> Result<(MySqlConnection, Epoch)> {
    let mut conn = first(config, options).await?;
    let limit = config.connect_timeout + schema::PATIENCE;
    let epoch = timeout(limit, prepare(config, &mut conn))
        .await
        .map_err(|_| too_slow(OPEN, limit))??;
    Ok((conn, epoch))
}

async fn prepare(config: &MysqlConfig, conn: &mut MySqlConnection) -> Result<Epoch> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(session::prologue()))
        .execute(&mut *conn)
        .await
        .map_err(translate(OPEN))?;
    server::examine(conn, config.allow_weak_durability).await?;
    schema::migrate(conn).await
}
