//! `…/chats/{chat}/messages` and `…/messages/{message}`.

use http::StatusCode;

use super::shapes::{InChat, InMessage, MessageInput, Paged, Preferring, Tombstones};
use super::state::{State, created, key, page_ask, query};
use super::status::RequestError;
use super::view::{MessageJson, OperationJson};
use super::{input, pages};
use crate::api::lists;
use crate::api::shapes::Keyed;
use crate::http::call::Call;
use crate::http::list;
use crate::http::reply::Frame;
use crate::http::reply::{self, Response};

/// The messages of a chat by number: all of them, or a page.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/chats/{chat}/messages", tag = "messages", operation_id = "list_messages",
    params(InChat, Paged, Tombstones),
    responses((status = 200, description = "The messages", body = [MessageJson],
        headers(("Link" = Option<String>, description = "The pages beside this one")))),
)]
pub(super) async fn list(state: State, call: Call) -> Result<Response, RequestError> {
    let (access, number) = state.enter_chat(&call.head).await?;
    let reader = state.chat().chat(access, number).await?;
    let ask = page_ask(&call.head)?;
    let tombstones = match query(&call.head)?.get("tombstones") {
        None | Some("0") => false,
        Some("1") => true,
        Some(_) => {
            return Err(RequestError::Parameter(
                "tombstones".into(),
                "must be 0 or 1".into(),
            ));
        }
    };
    let Some(ask) = ask else {
        let pages = lists::messages(reader, tombstones, MessageJson::from);
        return Ok(list::whole(&call.head, state.gate.patience, Frame::ARRAY, pages).await?);
    };
    let fetch = |span, limit| reader.messages(span, tombstones, limit);
    let (messages, beside) = pages::read(ask, |message| message.number.0, fetch).await?;
    let messages = messages.into_iter().map(MessageJson::from);
    Ok(pages::answer(&call.head, ask.limit, messages, beside))
}

/// Post a message; its number is the next of the chat. It is durable when this is answered.
#[utoipa::path(
    post, path = "/api/v1/applications/{app}/chats/{chat}/messages", tag = "messages", operation_id = "post_message",
    params(InChat, Keyed, Preferring), request_body = MessageInput,
    responses(
        (status = 201, description = "The new message", body = MessageJson),
        (status = 202, description = "It waits in the queue, as an operation", body = OperationJson,
            headers(("Location" = String, description = "The operation"))),
    ),
)]
pub(super) async fn create(state: State, call: Call) -> Result<Response, RequestError> {
    let (access, number) = state.enter_chat(&call.head).await?;
    let asked = key(&call.head).and_then(|key| Ok((key, input::post(&call)?)));
    let (key, post) = match asked {
        Ok(asked) => asked,
        Err(wrong) => return Err(state.gate.missing_first(access, Some(number), wrong).await),
    };
    let chat = state.chat_for(&call.head);
    let posted = chat.post(access, number, post, key.as_ref()).await?;
    Ok(created(&MessageJson::from(posted.value), posted.replayed))
}

/// One message.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/chats/{chat}/messages/{message}", tag = "messages", operation_id = "get_message",
    params(InMessage),
    responses((status = 200, description = "The message", body = MessageJson)),
)]
pub(super) async fn get(state: State, call: Call) -> Result<Response, RequestError> {
    let (access, chat, number) = state.enter_message(&call.head).await?;
    let message = state
        .chat()
        .chat(access, chat)
        .await?
        .message(number)
        .await?;
    Ok(reply::json(StatusCode::OK, &MessageJson::from(message)))
}

/// Change a message.
#[utoipa::path(
    put, path = "/api/v1/applications/{app}/chats/{chat}/messages/{message}", tag = "messages", operation_id = "replace_message",
    params(InMessage), request_body = MessageInput,
    responses((status = 200, description = "The message", body = MessageJson)),
)]
pub(super) async fn replace(state: State, call: Call) -> Result<Response, RequestError> {
    let (access, chat, number) = state.enter_message(&call.head).await?;
    let edit = match input::edit(&call, number) {
        Ok(edit) => edit,
        Err(wrong) => {
            state
                .chat()
                .chat(access, chat)
                .await?
                .message(number)
                .await?;
            return Err(wrong);
        }
    };
    let message = state.chat().edit(access, chat, edit).await?;
    Ok(reply::json(StatusCode::OK, &MessageJson::from(message)))
}

/// Change a message.
#[utoipa::path(
    patch, path = "/api/v1/applications/{app}/chats/{chat}/messages/{message}", tag = "messages", operation_id = "update_message",
    params(InMessage), request_body = MessageInput,
    responses((status = 200, description = "The message", body = MessageJson)),
)]
pub(super) async fn update(state: State, call: Call) -> Result<Response, RequestError> {
    replace(state, call).await
}

/// Delete a message; its number stays taken.
#[utoipa::path(
    delete, path = "/api/v1/applications/{app}/chats/{chat}/messages/{message}", tag = "messages", operation_id = "delete_message",
    params(InMessage),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn delete(state: State, call: Call) -> Result<Response, RequestError> {
    let (access, chat, number) = state.enter_message(&call.head).await?;
    state.chat().delete(access, chat, number).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
