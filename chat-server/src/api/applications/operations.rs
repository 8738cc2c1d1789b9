//! `…/operations/{operation}`: what became of a write that nobody waited for.

use chat_core::commit::Outcome;
use chat_core::error::ChatError;
use chat_core::service::OperationState;
use http::StatusCode;

use super::shapes::InOperation;
use super::state::{State, only_knows, query};
use super::status::{self, Native, RequestError};
use super::view::{Made, OperationJson};
use crate::http::call::Call;
use crate::http::reply::{self, Response};

/// Where the id stands in a path: `/api/v1/applications/{app}/operations/{operation}`.
const OPERATION: usize = 5;

/// What became of a write that was answered 202.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/operations/{operation}", tag = "applications", operation_id = "get_operation",
    params(InOperation),
    responses((status = 200, description = "What became of it so far", body = OperationJson)),
)]
pub(super) async fn get(state: State, call: Call) -> Result<Response, Native> {
    let access = state.enter(&call.head).await?;
    let id = call
        .head
        .segment(OPERATION)
        .and_then(|text| text.parse().ok());
    let found = match id {
        Some(id) => state
            .chat()
            .operation(access, id)
            .await?
            .map(|found| (id, found)),
        None => {
            state.chat().application_id(access).await?;
            None
        }
    };
    let (id, found) = found.ok_or(RequestError::NoOperation)?;
    only_knows(&query(&call.head)?, &[])?;
    let operation = match found {
        OperationState::Pending => OperationJson::new(id, "pending"),
        OperationState::Buried => OperationJson::new(id, "failed"),
        OperationState::Settled(Outcome::Done { done, .. }) => OperationJson {
            result: Some(Made::of(&done)),
            ..OperationJson::new(id, "done")
        },
        OperationState::Settled(Outcome::Refused(refusal)) => OperationJson {
            problem: Some(status::as_problem(&call.head, &ChatError::from(refusal))),
            ..OperationJson::new(id, "refused")
        },
    };
    Ok(reply::json(StatusCode::OK, &operation))
}
