//! `/chat-api/token/`.

use chat_core::error::ChatError;
use chat_core::password::Password;
use chat_core::service::Access;

use super::input::{self, Faults};
use super::shapes::Credentials;
use super::status::{OK, RequestError};
use super::view::TokenJson;
use crate::api::attempts::Attempts;
use crate::api::gate::Gate;
use crate::http::call::Call;
use crate::http::reply::{self, Response};

/// Where nobody is known yet.
#[derive(Clone)]
pub(super) struct Entrance {
    pub(super) gate: Gate,
    pub(super) attempts: Attempts,
}

const WRONG: &str = "Unable to log in with provided credentials.";

fn wrong() -> RequestError {
    RequestError::field("non_field_errors", WRONG)
}

/// The token of whoever has this name and password, the same each time.
#[utoipa::path(
    post, path = "/chat-api/token/", tag = "threads", operation_id = "threads_token",
    request_body = Credentials,
    responses((status = 200, description = "The token", body = TokenJson)),
)]
pub(super) async fn create(
    Entrance { gate, attempts }: Entrance,
    call: Call,
) -> Result<Response, RequestError> {
    let sent = input::body_or_query(&call).await?;
    let mut faults = Faults::default();
    let username = faults.note("username", sent.text("username", true));
    let password = faults.note("password", sent.text("password", false));
    let (Some(username), Some(password)) = (username, password) else {
        return Err(faults.told());
    };
    let home = gate.chat.default_application_id().await?;
    let access = Access::from(home);
    let counted = gate.count(&call.head, home).await;
    counted.map_err(RequestError::Exhausted)?;
    // Nobody has a password that is too long to be kept.
    let password = Password::parse(password).map_err(|_| wrong())?;
    let attempt = attempts.begin(home, &username, call.head.peer.ip()).await;
    let attempt = attempt.map_err(RequestError::Exhausted)?;
    let token = match gate.chat.login_lasting(access, &username, &password).await {
        Err(ChatError::WrongCredentials) => {
            attempt.fail().await;
            return Err(wrong());
        }
        token => token?,
    };
    Ok(reply::json(OK, &TokenJson::from(&token)))
}

/// The token of whoever has this name and password: in a body, or in the query.
#[utoipa::path(
    get, path = "/chat-api/token/", tag = "threads", operation_id = "threads_get_token",
    params(Credentials),
    responses((status = 200, description = "The token", body = TokenJson)),
)]
pub(super) async fn get(entrance: Entrance, call: Call) -> Result<Response, RequestError> {
    create(entrance, call).await
}
