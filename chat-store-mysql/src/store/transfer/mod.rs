//! Moving everything out of a database or into one.

mod people;
mod read;
mod write;

use async_trait::async_trait;
use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::Epoch;
use chat_core::page::Limit;
use chat_core::port::{Part, Place, Standing, Transfer};
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{Error, Executor as _, Row as _, query};
use tokio::time::timeout_at;

use super::MysqlStore;
use super::again::Tries;
use super::commit::{BEGIN, COMMIT, ROLLBACK};
use super::load::LOCK_ROOT;
use super::rows;
use crate::error::BACKEND;

type Result<T> = std::result::Result<T, BackendError>;

const STANDING: &str = "SELECT source, place FROM transfer WHERE id = 1";
const IS_USED: &str = "SELECT EXISTS (SELECT 1 FROM applications) \
     OR EXISTS (SELECT 1 FROM requests) OR EXISTS (SELECT 1 FROM operations) \
     OR EXISTS (SELECT 1 FROM imports WHERE line > 0)";
const START: &str = "INSERT INTO transfer (id, source, place) VALUES (1, ?, ?)";
const REACHED: &str = "UPDATE transfer SET place = ? WHERE id = 1";
const FINISH: &str = "DELETE FROM transfer WHERE id = 1";

const OP: &str = "transfer";

/// What a transaction came to.
enum Step<T> {
    Done(T),
    Refused(ErrorKind, &'static str),
}

impl<T> Step<T> {
    fn result(self) -> Result<T> {
        match self {
            Self::Done(value) => Ok(value),
            Self::Refused(kind, why) => Err(BackendError::new(kind, BACKEND, OP).with_source(why)),
        }
    }
}

#[async_trait]
impl Transfer for MysqlStore {
    async fn standing(&self) -> Result<Standing> {
        let known = self.sessions.one(OP, || query(STANDING), under_way).await?;
        if let Some(standing) = known {
            return Ok(standing);
        }
        let is_used = self
            .sessions
            .one(OP, || query(IS_USED), |row| row.try_get::<bool, _>(0))
            .await?;
        Ok(match is_used {
            Some(true) => Standing::Used,
            _ => Standing::Empty,
        })
    }

    async fn read(&self, from: Place, limit: Limit) -> Result<Part> {
        self.part(from, limit).await
    }

    async fn begin(&self, source: Epoch) -> Result<Place> {
        let mut tries = Tries::within(self.sessions.limit());
        loop {
            let mut session = self.sessions.open(OP).await?;
            let result = timeout_at(tries.end(), begin(session.conn(), source)).await;
            if let Some(step) = tries.conclude(OP, session, result).await? {
                return step.result();
            }
        }
    }

    async fn write(&self, part: &Part) -> Result<()> {
        let mut tries = Tries::within(self.sessions.long_limit());
        loop {
            let mut session = self.sessions.open(OP).await?;
            let result = timeout_at(tries.end(), write(session.conn(), part)).await;
            // When the answer to COMMIT is lost, the place that it wrote tells.
            if let Some(step) = tries.conclude(OP, session, result).await? {
                return step.result();
            }
        }
    }

    async fn finish(&self) -> Result<()> {
        let limit = self.sessions.limit();
        MysqlStore::write(self, OP, limit, || query(FINISH))
            .await
            .map(drop)
    }
}

fn under_way(row: &MySqlRow) -> sqlx::Result<Standing> {
    let source = Epoch(row.try_get::<i64, _>(0)?.cast_unsigned());
    let place =
        serde_json::from_str(row.try_get(1)?).map_err(|error| rows::unreadable(1, error))?;
    Ok(Standing::Unfinished { source, place })
}

async fn standing(conn: &mut MySqlConnection) -> sqlx::Result<Standing> {
    if let Some(row) = query(STANDING).fetch_optional(&mut *conn).await? {
        return under_way(&row);
    }
    let row = query(IS_USED).fetch_one(conn).await?;
    Ok(if row.try_get(0)? {
        Standing::Used
    } else {
        Standing::Empty
    })
}

/// Runs in a transaction under the lock of the root row, and takes back what is refused.
async fn begin(conn: &mut MySqlConnection, source: Epoch) -> sqlx::Result<Step<Place>> {
    conn.execute(BEGIN).await?;
    conn.execute(LOCK_ROOT).await?;
    let step = match standing(conn).await? {
        Standing::Empty => {
            query(START)
                .bind(source.0.cast_signed())
                .bind(text(Place::START)?)
                .execute(&mut *conn)
                .await?;
            Step::Done(Place::START)
        }
        Standing::Unfinished { source: of, place } if of == source => Step::Done(place),
        Standing::Unfinished { .. } => Step::Refused(
            ErrorKind::Conflict,
            "an unfinished transfer from another store is in it",
        ),
        Standing::Used => Step::Refused(ErrorKind::Conflict, "it is not empty"),
    };
    end(conn, step).await
}

async fn write(conn: &mut MySqlConnection, part: &Part) -> sqlx::Result<Step<()>> {
    conn.execute(BEGIN).await?;
    conn.execute(LOCK_ROOT).await?;
    let step = match standing(conn).await? {
        Standing::Unfinished { place, .. } if place == part.to => Step::Done(()),
        Standing::Unfinished { place, .. } if place == part.from => {
            if write::rows(conn, &part.rows).await? {
                query(REACHED)
                    .bind(text(part.to)?)
                    .execute(&mut *conn)
                    .await?;
                Step::Done(())
            } else {
                let why = "a row belongs to what was not written before";
                Step::Refused(ErrorKind::Invalid, why)
            }
        }
        _ => Step::Refused(ErrorKind::Conflict, "the transfer is at another place"),
    };
    end(conn, step).await
}

async fn end<T>(conn: &mut MySqlConnection, step: Step<T>) -> sqlx::Result<Step<T>> {
    let end = match step {
        Step::Done(_) => COMMIT,
        Step::Refused(..) => ROLLBACK,
    };
    conn.execute(end).await?;
    Ok(step)
}

fn text(place: Place) -> sqlx::Result<String> {
    serde_json::to_string(&place).map_err(|error| Error::Encode(error.into()))
}
