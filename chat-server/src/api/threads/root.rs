//! `/chat-api/`.

use super::auth;
use super::page::url;
use super::status::{OK, RequestError};
use super::view::RootJson;
use crate::api::gate::Gate;
use crate::http::call::Call;
use crate::http::reply::{self, Response};

/// Where everything is.
#[utoipa::path(
    get, path = "/chat-api/", tag = "threads", operation_id = "threads_root",
    responses((status = 200, description = "Where everything is", body = RootJson)),
)]
pub(super) async fn get(gate: Gate, call: Call) -> Result<Response, RequestError> {
    auth::login(&gate, &call.head).await?;
    let root = RootJson {
        threads: url(&call.head, "threads/"),
        messages: url(&call.head, "messages/"),
    };
    Ok(reply::json(OK, &root))
}
