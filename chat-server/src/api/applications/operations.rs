//! `…/operations/{operation}`: what became of a write that nobody waited for.

use chat_core::clock::Timestamp;
use chat_core::commit::{Done, Outcome};
use chat_core::error::ChatError;
use chat_core::ids::OperationId;
use chat_core::service::OperationState;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::InOperation;
use super::state::State;
use super::status::{self, Native, RequestError};
use super::view::Time;
use crate::http::call::{Call, Head};
use crate::http::problem::Problem;
use crate::http::reply::{self, Response};

/// Where the names of a path stand: `/api/v1/applications/{app}/operations/{operation}`.
const APPLICATION: usize = 3;
const OPERATION: usize = 5;

/// A write on its way through the queue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Operation)]
pub(super) struct OperationJson {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: OperationId,
    /// `pending`, `done`, `refused`, or `failed` when an operator has to look at it.
    state: &'static str,
    /// What was made, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Made>,
    /// Why it was refused: the problem that a caller who waited would have got.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// What an operation made.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Made {
    /// The number of the chat or the message that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Time>,
}

impl OperationJson {
    fn new(id: OperationId, state: &'static str) -> Self {
        Self {
            id,
            state,
            result: None,
            problem: None,
        }
    }
}

impl Made {
    fn of(done: &Done) -> Self {
        let made = |number, at: Timestamp| Self {
            number: Some(number),
            created_at: Some(Time(at)),
        };
        match done {
            Done::ChatCreated { number, at, .. } => made(number.0, *at),
            Done::Posted { number, at } => made(number.0, *at),
            _ => Self::default(),
        }
    }
}

/// The answer to a write that waits in a queue which outlives a crash.
pub(super) fn accepted(head: &Head, id: OperationId) -> Response {
    let pending = OperationJson::new(id, "pending");
    let mut response = reply::json(StatusCode::ACCEPTED, &pending);
    let application = head.segment(APPLICATION).unwrap_or_default();
    let location = format!("/api/v1/applications/{application}/operations/{id}");
    // A token and an id are plain ASCII.
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

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
