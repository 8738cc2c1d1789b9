//! `/users` and `/users/{id}`.

use std::collections::HashMap;
use std::sync::Arc;

use chat_core::model::UserView;
use chat_core::password::Password;
use chat_core::service::{Access, UserChange};
use chat_core::text::{Email, Picture};
use http::StatusCode;
use serde::Deserialize;

use super::entry::{Me, Shared, user};
use super::input::{self, given, nullable, text};
use super::shapes::{OfId, UserInput, UserPage};
use super::status::RequestError;
use super::view::UserJson;
use crate::http::call::{Call, Head};
use crate::http::input::{Field, unlabelled};
use crate::http::reply::{self, Response};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Sent {
    #[serde(deserialize_with = "given")]
    username: Option<Field>,
    #[serde(deserialize_with = "given")]
    password: Option<Field>,
    #[serde(deserialize_with = "given")]
    email: Option<Field>,
    #[serde(deserialize_with = "given")]
    profile_picture: Option<Field>,
}

/// Users by id.
#[utoipa::path(
    get, path = "/users", tag = "conversations", operation_id = "conversations_list_users",
    params(UserPage),
    responses((status = 200, description = "A page of them", body = [UserJson])),
)]
pub(super) async fn list(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let me = shared.enter(&call.head).await?;
    let query = input::query(&call.head)?;
    let (limit, span) = (input::limit(&query)?, input::after(&query)?);
    let page = shared.chat().users(me.access, span, limit).await?;
    let users = shown(&shared, me.access, page.items).await?;
    Ok(reply::json(StatusCode::OK, &users))
}

/// Users with whether they are there, all asked for at once.
async fn shown(
    shared: &Shared,
    access: Access,
    users: Vec<UserView>,
) -> Result<Vec<UserJson>, RequestError> {
    let numbers: Vec<_> = users.iter().map(|user| user.number).collect();
    let known = shared.chat().presence(access, &numbers).await?;
    let known: HashMap<_, _> = known.iter().map(|one| (one.user, one)).collect();
    let users = users.into_iter().map(|user| {
        let sighting = known.get(&user.number).copied();
        UserJson::new(user, sighting)
    });
    Ok(users.collect())
}

/// A user with whether he is there.
pub(super) async fn shown_one(
    shared: &Shared,
    access: Access,
    user: UserView,
) -> Result<UserJson, RequestError> {
    let known = shared.chat().presence(access, &[user.number]).await?;
    Ok(UserJson::new(user, known.first()))
}

/// One user.
#[utoipa::path(
    get, path = "/users/{id}", tag = "conversations", operation_id = "conversations_get_user",
    params(OfId),
    responses((status = 200, description = "The user", body = UserJson)),
)]
pub(super) async fn get(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let me = shared.enter(&call.head).await?;
    let found = shared.chat().user(me.access, user(&call.head)?).await?;
    let found = shown_one(&shared, me.access, found).await?;
    Ok(reply::json(StatusCode::OK, &found))
}

/// Who asks, when the path names the same.
pub(super) async fn myself(shared: &Shared, head: &Head) -> Result<Me, RequestError> {
    let me = shared.enter(head).await?;
    let named = shared.chat().user(me.access, user(head)?).await?;
    match named.number == me.user {
        true => Ok(me),
        false => Err(RequestError::Forbidden("Not you")),
    }
}

fn change(sent: Sent) -> Result<UserChange, RequestError> {
    let username = sent
        .username
        .map(|name| text("username", name, input::username));
    let password = sent
        .password
        .map(|word| text("password", word, Password::parse));
    let email = sent
        .email
        .map(|email| nullable("email", email, Email::parse));
    let picture = sent
        .profile_picture
        .map(|url| nullable("profilePicture", url, Picture::parse));
    Ok(UserChange {
        username: username.transpose()?,
        password: password.transpose()?,
        email: email.transpose()?,
        picture: picture.transpose()?,
        ..UserChange::default()
    })
}

/// Change yourself. A new password ends every other session.
#[utoipa::path(
    put, path = "/users/{id}", tag = "conversations", operation_id = "conversations_update_user",
    params(OfId), request_body = UserInput,
    responses((status = 200, description = "The user", body = UserJson)),
)]
pub(super) async fn update(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let me = myself(&shared, &call.head).await?;
    let change = UserChange {
        keep: Some(me.login.token),
        ..change(unlabelled(&call)?)?
    };
    let changed = shared
        .chat()
        .change_user(me.access, me.user, change)
        .await?;
    let changed = shown_one(&shared, me.access, changed).await?;
    Ok(reply::json(StatusCode::OK, &changed))
}

/// Delete yourself. Your messages stay and show no author.
#[utoipa::path(
    delete, path = "/users/{id}", tag = "conversations", operation_id = "conversations_delete_user",
    params(OfId),
    responses((status = 204, description = "Done")),
)]
pub(super) async fn delete(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let me = myself(&shared, &call.head).await?;
    shared.chat().delete_user(me.access, me.user).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
