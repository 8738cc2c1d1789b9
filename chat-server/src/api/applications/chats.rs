//! `/applications/{app}/chats` and `…/chats/{chat}`.

use chat_core::error::ChatError;
use chat_core::model::ChatKind;
use http::StatusCode;

use super::shapes::{ChatInput, ChatPatch, ForUser, InApplication, InChat, Paged, Preferring};
use super::state::{State, key, only_knows, page_ask, query};
use super::status::{Native, RequestError};
use super::view::{ChatJson, OperationJson};
use super::{input, pages};
use crate::api::gate::with_replayed;
use crate::api::lists;
use crate::api::shapes::Keyed;
use crate::http::call::Call;
use crate::http::list;
use crate::http::reply::Frame;
use crate::http::reply::{self, Response};

/// The chats of an application by number: all of them, or a page.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/chats", tag = "chats", operation_id = "list_chats",
    params(InApplication, Paged),
    responses((status = 200, description = "The chats", body = [ChatJson],
        headers(("Link" = Option<String>, description = "The pages beside this one")))),
)]
pub(super) async fn list(state: State, call: Call) -> Result<Response, RequestError> {
    let access = state.enter(&call.head).await?;
    let ask = match page_ask(&call.head) {
        Ok(ask) => ask,
        Err(wrong) => return Err(state.gate.missing_first(access, None, wrong).await),
    };
    let chat = state.chat();
    let Some(ask) = ask else {
        let pages = lists::chats(chat, access, ChatJson::from);
        return Ok(list::whole(&call.head, state.gate.patience, Frame::ARRAY, pages).await?);
    };
    let fetch = |span, limit| chat.chats(access, span, limit);
    let (chats, beside) = pages::read(ask, |chat| chat.number.0, fetch).await?;
    let chats = chats.into_iter().map(ChatJson::from);
    Ok(pages::answer(&call.head, ask.limit, chats, beside))
}

/// Make a chat; its number is the next of the application. Two users have one direct chat: who asks for it again gets it.
#[utoipa::path(
    post, path = "/api/v1/applications/{app}/chats", tag = "chats", operation_id = "create_chat",
    params(InApplication, ForUser, Keyed, Preferring), request_body = ChatInput,
    responses(
        (status = 200, description = "The direct chat that the two users have", body = ChatJson),
        (status = 201, description = "The new chat", body = ChatJson),
        (status = 202, description = "It waits in the queue, as an operation", body = OperationJson,
            headers(("Location" = String, description = "The operation"))),
    ),
)]
pub(super) async fn create(state: State, call: Call) -> Result<Response, RequestError> {
    let access = state.enter(&call.head).await?;
    let asked = key(&call.head).and_then(|key| Ok((key, input::chat(&call)?)));
    let (key, new) = match asked {
        Ok(asked) => asked,
        Err(wrong) => return Err(state.gate.missing_first(access, None, wrong).await),
    };
    let chat = state.chat_for(&call.head);
    let made = chat.make_chat(access, new, key.as_ref()).await;
    let made = made.map_err(|error| match error {
        ChatError::UserNotFound(user) => {
            RequestError::Rule("members", format!("user {user} does not exist"))
        }
        ChatError::WrongKind(ChatKind::Direct) => {
            RequestError::Rule("name", "is not for a direct chat".into())
        }
        ChatError::WrongKind(_) => RequestError::Rule("members", "are not for an open chat".into()),
        error => error.into(),
    })?;
    let status = match made.value.found {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    let body = ChatJson::from(made.value.chat);
    Ok(with_replayed(reply::json(status, &body), made.replayed))
}

/// One chat.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/chats/{chat}", tag = "chats", operation_id = "get_chat",
    params(InChat),
    responses((status = 200, description = "The chat", body = ChatJson)),
)]
pub(super) async fn get(state: State, call: Call) -> Result<Response, RequestError> {
    let (access, number) = state.enter_chat(&call.head).await?;
    let reader = state.chat().chat(access, number).await?;
    Ok(reply::json(StatusCode::OK, &ChatJson::from(reader.view())))
}

/// Give a chat another name, or with null none.
#[utoipa::path(
    patch, path = "/api/v1/applications/{app}/chats/{chat}", tag = "chats", operation_id = "update_chat",
    params(InChat), request_body = ChatPatch,
    responses((status = 200, description = "The chat", body = ChatJson)),
)]
pub(super) async fn update(state: State, call: Call) -> Result<Response, Native> {
    let (access, number) = state.enter_chat(&call.head).await?;
    let asked = query(&call.head)
        .and_then(|query| only_knows(&query, &[]))
        .and_then(|()| input::chat_name(&call));
    let name = match asked {
        Ok(name) => name,
        Err(wrong) => {
            return Err(state
                .gate
                .missing_first(access, Some(number), wrong)
                .await
                .into());
        }
    };
    let view = state.chat().rename_chat(access, number, name).await?;
    Ok(reply::json(StatusCode::OK, &ChatJson::from(view)))
}

/// Delete a chat with its messages.
#[utoipa::path(
    delete, path = "/api/v1/applications/{app}/chats/{chat}", tag = "chats", operation_id = "delete_chat",
    params(InChat),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn delete(state: State, call: Call) -> Result<Response, RequestError> {
    let (access, number) = state.enter_chat(&call.head).await?;
    state.chat().delete_chat(access, number).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
