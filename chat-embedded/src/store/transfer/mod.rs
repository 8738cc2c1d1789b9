//! Moving everything out of a file or into one.

mod read;
mod write;

use async_trait::async_trait;
use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::Epoch;
use chat_core::page::Limit;
use chat_core::port::{Part, Place, Standing, Transfer};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::writer::Durability;
use super::{SqliteStore, rows};
use crate::error::failure;

type Result<T> = std::result::Result<T, BackendError>;

const STANDING: &str = "SELECT source, place FROM transfer";
const IS_USED: &str = "SELECT EXISTS (SELECT 1 FROM applications) \
     OR EXISTS (SELECT 1 FROM requests) OR EXISTS (SELECT 1 FROM operations) \
     OR EXISTS (SELECT 1 FROM imports)";
const BEGIN: &str = "INSERT INTO transfer (id, source, place) VALUES (1, ?1, ?2)";
const REACHED: &str = "UPDATE transfer SET place = ?1";
const FINISH: &str = "DELETE FROM transfer";

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
            Self::Refused(kind, why) => Err(failure(kind, OP).with_source(why)),
        }
    }
}

#[async_trait]
impl Transfer for SqliteStore {
    async fn standing(&self) -> Result<Standing> {
        self.readers.read(OP, standing).await
    }

    async fn read(&self, from: Place, limit: Limit) -> Result<Part> {
        self.readers
            .read(OP, move |conn| read::part(conn, from, limit))
            .await
    }

    async fn begin(&self, source: Epoch) -> Result<Place> {
        self.writer(OP)?
            .write(OP, Durability::Configured, move |conn| begin(conn, source))
            .await?
            .result()
    }

    async fn write(&self, part: &Part) -> Result<()> {
        let part = part.clone();
        self.writer(OP)?
            .write(OP, Durability::Configured, move |conn| write(conn, &part))
            .await?
            .result()
    }

    async fn finish(&self) -> Result<()> {
        self.writer(OP)?
            .write(OP, Durability::Configured, |conn| {
                conn.execute(FINISH, []).map(drop)
            })
            .await
    }
}

fn standing(conn: &Connection) -> rusqlite::Result<Standing> {
    let under_way = conn
        .prepare_cached(STANDING)?
        .query_row([], |row| {
            let place = serde_json::from_str(row.get_ref(1)?.as_str()?)
                .map_err(|error| rows::unreadable(1, Type::Text, error))?;
            let source = Epoch(row.get::<_, i64>(0)?.cast_unsigned());
            Ok(Standing::Unfinished { source, place })
        })
        .optional()?;
    if let Some(standing) = under_way {
        return Ok(standing);
    }
    let is_used = conn
        .prepare_cached(IS_USED)?
        .query_row([], |row| row.get(0))?;
    Ok(if is_used {
        Standing::Used
    } else {
        Standing::Empty
    })
}

fn begin(conn: &Connection, source: Epoch) -> rusqlite::Result<Step<Place>> {
    match standing(conn)? {
        Standing::Empty => {
            let stored = source.0.cast_signed();
            conn.execute(BEGIN, params![stored, text(Place::START)?])?;
            Ok(Step::Done(Place::START))
        }
        Standing::Unfinished { source: of, place } if of == source => Ok(Step::Done(place)),
        Standing::Unfinished { .. } => Ok(Step::Refused(
            ErrorKind::Conflict,
            "an unfinished transfer from another store is in it",
        )),
        Standing::Used => Ok(Step::Refused(ErrorKind::Conflict, "it is not empty")),
    }
}

fn write(conn: &Connection, part: &Part) -> rusqlite::Result<Step<()>> {
    match standing(conn)? {
        Standing::Unfinished { place, .. } if place == part.to => return Ok(Step::Done(())),
        Standing::Unfinished { place, .. } if place == part.from => {}
        _ => {
            let why = "the transfer is at another place";
            return Ok(Step::Refused(ErrorKind::Conflict, why));
        }
    }
    if !write::are_known(conn, &part.rows)? {
        let why = "a row belongs to what was not written before";
        return Ok(Step::Refused(ErrorKind::Invalid, why));
    }
    write::rows(conn, &part.rows)?;
    conn.prepare_cached(REACHED)?.execute([text(part.to)?])?;
    Ok(Step::Done(()))
}

fn text(place: Place) -> rusqlite::Result<String> {
    serde_json::to_string(&place)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
