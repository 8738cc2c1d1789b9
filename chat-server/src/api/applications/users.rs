//! `/applications/{app}/users` and `…/users/{user}`.

use chat_core::model::UserView;
use chat_core::text::{Username, Violation};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::{
    Erasing, ForUser, InApplication, InUser, Paged, Preferring, UserInput, UserNamed, UserPatch,
};
use super::state::{State, created, key, only_knows, query, user_in_path};
use super::status::{Native, RequestError};
use super::view::{OperationJson, Time};
use super::{input, pages};
use crate::api::lists;
use crate::api::shapes::Keyed;
use crate::http::call::{Call, Head};
use crate::http::list;
use crate::http::paging;
use crate::http::reply::{self, Frame, Response};

/// Somebody who takes part in chats of an application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct UserJson {
    /// Its number in the application.
    #[schema(minimum = 1)]
    number: u64,
    /// What it is called by.
    #[schema(min_length = 1, max_length = 255)]
    username: String,
    /// What it is shown as, if that is something else.
    #[schema(min_length = 1, max_length = 255)]
    display_name: Option<String>,
    /// The URL of its picture.
    picture: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

impl From<UserView> for UserJson {
    fn from(user: UserView) -> Self {
        Self {
            number: user.number.0,
            username: user.username,
            display_name: user.display_name,
            picture: user.picture,
            created_at: Time(user.created_at),
        }
    }
}

const NO_USER: RequestError = RequestError::Lost("User Not Found");

/// The users of an application by number: all of them, a page, or the one of a name. The list is the application's; a user asks
/// by number or name.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/users", tag = "users", operation_id = "list_users",
    params(InApplication, ForUser, Paged, UserNamed),
    responses((status = 200, description = "The users", body = [UserJson],
        headers(("Link" = Option<String>, description = "The pages beside this one")))),
)]
pub(super) async fn list(state: State, call: Call) -> Result<Response, Native> {
    let head = &call.head;
    let access = state.enter(head).await?;
    let chat = state.chat();
    let (name, ask) = match ask(head) {
        Ok(asked) => asked,
        Err(wrong) => return Err(state.gate.missing_first(access, None, wrong).await.into()),
    };
    if let Some(name) = name {
        let found = match Username::parse(name) {
            Ok(name) => chat.user_named(access, &name).await?,
            // Nobody is called by what is no name.
            Err(_) => {
                chat.application_id(access).await?;
                None
            }
        };
        let found: Vec<UserJson> = found.into_iter().map(UserJson::from).collect();
        return Ok(reply::json(StatusCode::OK, &found));
    }
    if access.caller().user().is_some() {
        return Err(RequestError::NotForUsers.into());
    }
    let Some(ask) = ask else {
        let pages = lists::users(chat, access, UserJson::from);
        return Ok(list::whole(head, state.gate.patience, Frame::ARRAY, pages).await?);
    };
    let fetch = |span, limit| chat.users(access, span, limit);
    let (users, beside) = pages::read(ask, |user| user.number.0, fetch).await?;
    let users = users.into_iter().map(UserJson::from);
    Ok(pages::answer(head, ask.limit, users, beside))
}

/// The name or the page that is asked for.
fn ask(head: &Head) -> Result<(Option<String>, Option<paging::PageAsk>), RequestError> {
    let query = query(head)?;
    let [limit, after, before, around] = paging::PARAMETERS;
    only_knows(&query, &[limit, after, before, around, "username"])?;
    let name = query.get("username").map(str::to_owned);
    let ask = paging::read(&query)?;
    match (&name, ask) {
        (Some(_), Some(_)) => Err(RequestError::Parameter(
            "username".into(),
            "cannot be given with a page".into(),
        )),
        _ => Ok((name, ask)),
    }
}

fn erases(head: &Head) -> Result<bool, RequestError> {
    let query = query(head)?;
    only_knows(&query, &["erase"])?;
    match query.get("erase") {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(RequestError::Parameter(
            "erase".into(),
            "must be true or false".into(),
        )),
    }
}

/// Make a user; its number is the next of the application. While registration is open anybody makes himself a user of the default
/// application by its public id, with a password.
#[utoipa::path(
    post, path = "/api/v1/applications/{app}/users", tag = "users", operation_id = "create_user",
    params(InApplication, Keyed, Preferring), request_body = UserInput,
    responses(
        (status = 201, description = "The new user", body = UserJson),
        (status = 202, description = "It waits in the queue, as an operation", body = OperationJson,
            headers(("Location" = String, description = "The operation"))),
    ),
)]
pub(super) async fn create(state: State, call: Call) -> Result<Response, Native> {
    let (access, registers) = state.enter_to_register(&call.head).await?;
    let asked = query(&call.head)
        .and_then(|query| only_knows(&query, &[]))
        .and_then(|()| Ok((key(&call.head)?, input::new_user(&call)?)))
        .and_then(|(key, new)| match new.password {
            // Nobody else could log it in.
            None if registers => Err(RequestError::Field("password", Violation::Blank)),
            _ => Ok((key, new)),
        });
    let (key, new) = match asked {
        Ok(asked) => asked,
        Err(wrong) => return Err(state.gate.missing_first(access, None, wrong).await.into()),
    };
    if registers {
        let counted = state.options.attempts.register(call.head.peer.ip()).await;
        counted.map_err(RequestError::TooManyAttempts)?;
    }
    let chat = state.chat_for(&call.head);
    let made = chat.create_user(access, new, key.as_ref()).await?;
    Ok(created(&UserJson::from(made.value), made.replayed))
}

/// One user.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/users/{user}", tag = "users", operation_id = "get_user",
    params(InUser, ForUser),
    responses((status = 200, description = "The user", body = UserJson)),
)]
pub(super) async fn get(state: State, call: Call) -> Result<Response, Native> {
    let access = state.enter(&call.head).await?;
    let Some(user) = user_in_path(&call.head) else {
        return Err(state.gate.missing_first(access, None, NO_USER).await.into());
    };
    let user = state.chat().user(access, user).await?;
    only_knows(&query(&call.head)?, &[])?;
    Ok(reply::json(StatusCode::OK, &UserJson::from(user)))
}

/// Change a user: himself, or with the token anybody.
#[utoipa::path(
    patch, path = "/api/v1/applications/{app}/users/{user}", tag = "users", operation_id = "update_user",
    params(InUser, ForUser), request_body = UserPatch,
    responses((status = 200, description = "The user", body = UserJson)),
)]
pub(super) async fn update(state: State, call: Call) -> Result<Response, Native> {
    let (access, login) = state.enter_with_login(&call.head).await?;
    let Some(user) = user_in_path(&call.head) else {
        return Err(state.gate.missing_first(access, None, NO_USER).await.into());
    };
    state.chat().user(access, user).await?;
    only_knows(&query(&call.head)?, &[])?;
    let mut change = input::user_change(&call)?;
    change.keep = login.map(|login| login.token);
    let user = state.chat().change_user(access, user, change).await?;
    Ok(reply::json(StatusCode::OK, &UserJson::from(user)))
}

/// Delete a user: himself, or with the token anybody. His name is free, his sessions end, his messages have no author; or they are
/// deleted as well. Who erases much waits for it; asked again, it goes on where it was.
#[utoipa::path(
    delete, path = "/api/v1/applications/{app}/users/{user}", tag = "users", operation_id = "delete_user",
    params(InUser, ForUser, Erasing),
    responses((status = 204, description = "He is gone")),
)]
pub(super) async fn delete(state: State, call: Call) -> Result<Response, Native> {
    let access = state.enter(&call.head).await?;
    let Some(user) = user_in_path(&call.head) else {
        return Err(state.gate.missing_first(access, None, NO_USER).await.into());
    };
    state.chat().user(access, user).await?;
    match erases(&call.head)? {
        true => state.chat().erase_user(access, user).await?,
        false => state.chat().delete_user(access, user).await?,
    }
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
