//! What became of commands that came through the queue.

use chat_core::commit::{Operation, Outcome};
use chat_core::ids::{ApplicationId, OperationId};
use sqlx::mysql::MySqlRow;
use sqlx::{Error, Result, Row as _};
use uuid::Uuid;

use super::rows;
use super::script::{Script, Text, values};
use super::sql::{ROWS, Sql, list, padded};

const FIND: &str = "SELECT id, application, outcome, at FROM operations WHERE id IN ";
const RECORD: &str = "INSERT INTO operations (id, application, outcome, at) VALUES ";

/// Looks for some of them, as many as one statement carries.
pub(super) fn find(ids: &[OperationId]) -> Sql {
    padded(ids).fold(list(FIND, ids.len(), ""), |select, id| {
        select.bind(id.0.as_bytes().as_slice())
    })
}

/// The same as text.
pub(super) fn find_text(ids: &[OperationId]) -> Text {
    let select = values(FIND, ids.len(), "");
    ids.iter()
        .fold(select, |select, id| select.bytes(id.0.as_bytes()))
}

pub(super) fn operation(row: &MySqlRow) -> Result<Operation> {
    let outcome: Outcome =
        serde_json::from_str(row.try_get(2)?).map_err(|error| rows::unreadable(2, error))?;
    Ok(Operation {
        id: OperationId(Uuid::from_bytes(rows::bytes(row, 0)?)),
        application: ApplicationId(row.try_get(1)?),
        outcome,
        at: rows::time(row, 3)?,
    })
}

/// Adds what records them.
pub(super) fn put(script: &mut Script, operations: &[Operation]) -> Result<()> {
    for part in operations.chunks(ROWS) {
        let insert = values(RECORD, 4, "");
        script.write(part.iter().try_fold(insert, columns)?);
    }
    Ok(())
}

fn columns(insert: Text, operation: &Operation) -> Result<Text> {
    let outcome =
        serde_json::to_string(&operation.outcome).map_err(|error| Error::Encode(error.into()))?;
    Ok(insert
        .bytes(operation.id.0.as_bytes())
        .int(operation.application.0)
        .text(outcome.as_str())
        .int(operation.at.0))
}
