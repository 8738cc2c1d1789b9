//! `/users/add`.

use chat_core::error::ChatError;
use chat_core::service::NewUser;
use chat_core::text::Username;

use super::shapes::UserInput;
use super::status::{RequestError, Taken};
use super::view::{MadeJson, made};
use super::{access, input, key};
use crate::api::gate::{Gate, with_replayed};
use crate::api::shapes::Keyed;
use crate::http::call::Call;
use crate::http::reply::Response;

/// Make a user.
#[utoipa::path(
    post, path = "/users/add", tag = "rpc", operation_id = "rpc_add_user",
    params(Keyed), request_body = UserInput,
    responses((status = 201, description = "Its id", body = MadeJson)),
)]
pub(super) async fn add(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let access = access(&gate, &call.head).await?;
    let key = key(&call.head)?;
    let sent = input::read(&call, &["username"])?;
    let username = input::text("username", sent.username, Username::chosen)?;
    let new = NewUser::named(username.clone());
    let answer = gate.chat.create_user(access, new, key.as_ref()).await;
    let answer = answer.map_err(|error| match error {
        ChatError::UsernameTaken => RequestError::Taken(Taken::User, username.into_string()),
        error => error.into(),
    })?;
    let id = answer.value.number.0;
    Ok(with_replayed(made(&call.head.headers, id), answer.replayed))
}
