//! What became of commands that came through the queue.

use chat_core::clock::Timestamp;
use chat_core::commit::{Operation, Outcome};
use chat_core::ids::{ApplicationId, OperationId};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension as _, Result, params};

use super::rows;

const FIND: &str = "SELECT application, outcome, at FROM operations WHERE id = ?1";
const RECORD: &str =
    "INSERT INTO operations (id, application, outcome, at) VALUES (?1, ?2, ?3, ?4)";

pub(super) fn find(conn: &Connection, id: OperationId) -> Result<Option<Operation>> {
    conn.prepare_cached(FIND)?
        .query_row([id.0.as_bytes()], |row| {
            let outcome: Outcome = serde_json::from_str(row.get_ref(1)?.as_str()?)
                .map_err(|error| rows::unreadable(1, Type::Text, error))?;
            Ok(Operation {
                id,
                application: ApplicationId(row.get(0)?),
                outcome,
                at: Timestamp(row.get(2)?),
            })
        })
        .optional()
}

pub(super) fn record(conn: &Connection, operation: &Operation) -> Result<()> {
    let outcome = serde_json::to_string(&operation.outcome)
        .map_err(|error| Error::ToSqlConversionFailure(error.into()))?;
    conn.prepare_cached(RECORD)?.execute(params![
        operation.id.0.as_bytes(),
        operation.application.0,
        outcome,
        operation.at.0
    ])?;
    Ok(())
}
