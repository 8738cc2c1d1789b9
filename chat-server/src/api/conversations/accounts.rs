//! `/register`, `/login` and `/logout`.

use std::sync::Arc;

use chat_core::error::ChatError;
use chat_core::password::Password;
use chat_core::service::{Access, NewUser};
use chat_core::text::{Email, Name, Picture};
use http::StatusCode;
use http::header::USER_AGENT;
use serde::Deserialize;

use super::entry::{Shared, key};
use super::input::{self, nullable, text};
use super::shapes::{LoginInput, RegisterInput};
use super::status::RequestError;
use super::users::shown_one;
use super::view::{LoginJson, UserJson};
use crate::api::gate::with_replayed;
use crate::api::shapes::Keyed;
use crate::http::call::Call;
use crate::http::input::{Field, unlabelled};
use crate::http::reply::{self, Response};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Sent {
    username: Field,
    password: Field,
    email: Field,
    profile_picture: Field,
}

/// Make a user.
#[utoipa::path(
    post, path = "/register", tag = "conversations", operation_id = "conversations_register",
    params(Keyed), request_body = RegisterInput,
    responses((status = 201, description = "The new user", body = UserJson)),
)]
pub(super) async fn register(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    if !shared.gate.registration {
        return Err(RequestError::Forbidden("Registration is closed"));
    }
    let key = key(&call.head)?;
    let sent: Sent = unlabelled(&call)?;
    let new = NewUser {
        username: text("username", sent.username, input::username)?,
        display_name: None,
        password: Some(text("password", sent.password, Password::parse)?),
        email: nullable("email", sent.email, Email::parse)?,
        picture: nullable("profilePicture", sent.profile_picture, Picture::parse)?,
    };
    let access = Access::from(shared.home(&call.head).await?);
    let counted = shared.options.attempts.register(call.head.peer.ip()).await;
    counted.map_err(|allowance| RequestError::TooMany(allowance.left()))?;
    let made = shared.chat().create_user(access, new, key.as_ref()).await?;
    let user = shown_one(&shared, access, made.value).await?;
    let answer = reply::json(StatusCode::CREATED, &user);
    Ok(with_replayed(answer, made.replayed))
}

/// Log in.
#[utoipa::path(
    post, path = "/login", tag = "conversations", operation_id = "conversations_login",
    request_body = LoginInput,
    responses((status = 200, description = "The token, and whose it is", body = LoginJson)),
)]
pub(super) async fn login(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let sent: Sent = unlabelled(&call)?;
    // Whoever was made by another API may have a longer name.
    let name: String = text("username", sent.username, |name| {
        chat_core::text::Username::parse(name).map(chat_core::text::Username::into_string)
    })?;
    let password = text("password", sent.password, Password::parse)?;
    let home = shared.home(&call.head).await?;
    let attempt = shared
        .options
        .attempts
        .begin(home, &name, call.head.peer.ip());
    let attempt = attempt
        .await
        .map_err(|allowance| RequestError::TooMany(allowance.left()))?;
    let agent = call.head.header(&USER_AGENT);
    let device = agent.and_then(|agent| Name::parse(agent).ok());
    let opened = shared
        .chat()
        .login(home.into(), &name, &password, device.as_ref())
        .await;
    if matches!(opened, Err(ChatError::WrongCredentials)) {
        attempt.fail().await;
    }
    let opened = opened?;
    let body = LoginJson {
        token: opened.token.expose().to_owned(),
        user: shown_one(&shared, home.into(), opened.user).await?,
    };
    Ok(reply::json(StatusCode::OK, &body))
}

/// Log out: the token stops working at once.
#[utoipa::path(
    post, path = "/logout", tag = "conversations", operation_id = "conversations_logout",
    responses((status = 204, description = "Done")),
)]
pub(super) async fn logout(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let me = shared.enter(&call.head).await?;
    shared.chat().logout(&me.login).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
