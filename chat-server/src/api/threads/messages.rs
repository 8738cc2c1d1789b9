//! `/chat-api/messages/` and below.

use chat_core::commit::{Edit, Post};
use chat_core::error::ChatError;
use chat_core::ids::ChatUuid;
use chat_core::service::{InThread, Login, Reader, Which};
use chat_core::text::{Body, IdempotencyKey};
use serde_json::Value;
use uuid::Uuid;

use super::input::{self, Faults, NULL, Sent};
use super::page::Part;
use super::shapes::{InMessage, MessageChange, NewMessage, PartQuery};
use super::status::{CREATED, DELETED, OK, RequestError};
use super::view::{MessageJson, PageJson};
use super::{ID, auth};
use crate::api::gate::{self, Gate, with_replayed};
use crate::api::shapes::Keyed;
use crate::http::call::{Call, Head};
use crate::http::reply::{self, Response};

/// Longest text, in characters.
const MAX_TEXT: usize = 250;
const TEXT: &str = "text";
const THREAD: &str = "thread";

/// The idempotency key that the request carries, if it does.
pub(super) fn key(head: &Head) -> Result<Option<IdempotencyKey>, RequestError> {
    gate::idempotency_key(head)
        .map_err(|violation| RequestError::field("Idempotency-Key", violation.to_string()))
}

fn text(sent: &Sent) -> Result<Body, String> {
    let text = sent.text(TEXT, true)?;
    if text.chars().count() > MAX_TEXT {
        return Err(format!(
            "Ensure this field has no more than {MAX_TEXT} characters."
        ));
    }
    Body::parse(text).map_err(|violation| violation.to_string())
}

fn no_such_thread(sent: &str) -> String {
    format!("Invalid pk \"{sent}\" - object does not exist.")
}

/// The thread that is named, in the words of whoever named it.
fn thread(sent: &Sent) -> Result<(ChatUuid, &str), String> {
    let kind = match sent.value(THREAD)? {
        Value::String(text) if text.is_empty() => return Err(NULL.into()),
        Value::String(text) => {
            return match Uuid::try_parse(text) {
                Ok(uuid) => Ok((ChatUuid(uuid), text)),
                Err(_) => Err(format!("“{text}” is not a valid UUID.")),
            };
        }
        Value::Number(number) if !number.is_f64() => {
            return Err(no_such_thread(&number.to_string()));
        }
        Value::Number(_) => "float",
        Value::Bool(_) => "bool",
        Value::Array(_) => "list",
        _ => "dict",
    };
    Err(format!(
        "Incorrect type. Expected pk value, received {kind}."
    ))
}

/// Whoever asks, and the message that the path names.
async fn enter(gate: &Gate, head: &Head) -> Result<(Login, Reader, InThread), RequestError> {
    let login = auth::login(gate, head).await?;
    let id = head.segment(ID);
    let digits = id.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let digits = digits.filter(|text| *text == "0" || !text.starts_with('0'));
    let id = digits.ok_or(RequestError::NoSuchPath)?;
    // What is beyond all numbers is no message's.
    let id = id.parse::<i64>().map_err(|_| RequestError::NoMessage)?;
    let found = gate.chat.thread_message(login.access(), id.unsigned_abs());
    let (reader, message) = found.await?.ok_or(RequestError::NoMessage)?;
    Ok((login, reader, message))
}

/// The same, for its sender alone.
async fn enter_own(gate: &Gate, head: &Head) -> Result<(Login, Reader, InThread), RequestError> {
    let (login, reader, found) = enter(gate, head).await?;
    match found.message.sender == Some(login.user) {
        true => Ok((login, reader, found)),
        false => Err(RequestError::Denied),
    }
}

/// The message went away while something was done with it.
fn gone(error: ChatError) -> RequestError {
    match RequestError::from(error) {
        RequestError::NoThread => RequestError::NoMessage,
        error => error,
    }
}

async fn page(
    gate: &Gate,
    head: &Head,
    which: Which,
    path: &'static str,
) -> Result<Response, RequestError> {
    let login = auth::login(gate, head).await?;
    let part = Part::of(head);
    let (access, limit) = (login.access(), part.limit());
    let found = gate
        .chat
        .thread_messages(access, which, part.offset, limit)
        .await?;
    let page = PageJson {
        count: found.count,
        next: part.next(head, path, found.count),
        previous: part.previous(head, path),
        results: found.items.into_iter().map(MessageJson::from).collect(),
    };
    Ok(reply::json(OK, &page))
}

/// The messages of all threads of whoever asks.
#[utoipa::path(
    get, path = "/chat-api/messages/", tag = "threads", operation_id = "threads_all_messages",
    params(PartQuery),
    responses((status = 200, description = "A page of them", body = PageJson)),
)]
pub(super) async fn list(gate: Gate, call: Call) -> Result<Response, RequestError> {
    page(&gate, &call.head, Which::All, "messages/").await
}

/// Those of them that nobody has marked as read.
#[utoipa::path(
    get, path = "/chat-api/messages/unread/", tag = "threads", operation_id = "threads_unread_messages",
    params(PartQuery),
    responses((status = 200, description = "A page of them", body = PageJson)),
)]
pub(super) async fn unread(gate: Gate, call: Call) -> Result<Response, RequestError> {
    page(&gate, &call.head, Which::Unread, "messages/unread/").await
}

/// Post a message.
#[utoipa::path(
    post, path = "/chat-api/messages/", tag = "threads", operation_id = "threads_post_message",
    params(Keyed), request_body = NewMessage,
    responses((status = 201, description = "The message", body = MessageJson)),
)]
pub(super) async fn create(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let login = auth::login(&gate, &call.head).await?;
    let access = login.access();
    let key = key(&call.head)?;
    let sent = input::body(&call).await?;
    let mut faults = Faults::default();
    let mut place = None;
    if let Some((uuid, named)) = faults.note(THREAD, thread(&sent)) {
        match gate.chat.chat_by_uuid(access, uuid).await {
            Ok(Some(reader)) => place = Some(Some((uuid, reader.view().number))),
            Ok(None) => {
                faults.note::<(), _>(THREAD, Err(no_such_thread(named)));
            }
            // Told once all fields are well.
            Err(ChatError::NotAMember) => place = Some(None),
            Err(error) => return Err(error.into()),
        }
    }
    let body = faults.note(TEXT, text(&sent));
    let (Some(place), Some(body)) = (place, body) else {
        return Err(faults.told());
    };
    let (uuid, number) = place.ok_or(RequestError::Denied)?;
    let post = Post {
        body,
        data: None,
        reply_to: None,
    };
    let posted = gate.chat.post(access, number, post, key.as_ref()).await?;
    // As it was posted, whatever became of it before a retry.
    let shown = InThread {
        chat: uuid,
        message: posted.value,
        is_read: false,
    };
    let answer = reply::json(CREATED, &MessageJson::from(shown));
    Ok(with_replayed(answer, posted.replayed))
}

/// One message.
#[utoipa::path(
    get, path = "/chat-api/messages/{id}/", tag = "threads", operation_id = "threads_get_message",
    params(InMessage),
    responses((status = 200, description = "The message", body = MessageJson)),
)]
pub(super) async fn get(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let (.., found) = enter(&gate, &call.head).await?;
    Ok(reply::json(OK, &MessageJson::from(found)))
}

/// Give a message another text, as its sender.
#[utoipa::path(
    patch, path = "/chat-api/messages/{id}/", tag = "threads", operation_id = "threads_update_message",
    params(InMessage), request_body = MessageChange,
    responses((status = 200, description = "The message", body = MessageJson)),
)]
pub(super) async fn update(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let (login, reader, found) = enter_own(&gate, &call.head).await?;
    let sent = input::body(&call).await?;
    if !sent.has(TEXT) {
        return Ok(reply::json(OK, &MessageJson::from(found)));
    }
    let edit = Edit {
        number: found.message.number,
        body: Some(text(&sent).map_err(|words| RequestError::field(TEXT, words))?),
        data: None,
    };
    let (chat, access) = (reader.view().number, login.access());
    let message = gate.chat.edit(access, chat, edit).await.map_err(gone)?;
    let shown = InThread { message, ..found };
    Ok(reply::json(OK, &MessageJson::from(shown)))
}

/// Delete a message, as its sender.
#[utoipa::path(
    delete, path = "/chat-api/messages/{id}/", tag = "threads", operation_id = "threads_delete_message",
    params(InMessage),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn delete(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let (login, reader, found) = enter_own(&gate, &call.head).await?;
    let (chat, number) = (reader.view().number, found.message.number);
    let deleted = gate.chat.delete(login.access(), chat, number).await;
    deleted.map_err(gone)?;
    Ok(reply::empty(DELETED))
}

/// Mark one message as read, and nothing of those around it; but what is 2,000 messages below the last one that a user read counts as
/// read by him.
#[utoipa::path(
    patch, path = "/chat-api/messages/{id}/mark-as-read/", tag = "threads", operation_id = "threads_mark_as_read",
    params(InMessage),
    responses((status = 200, description = "The message", body = MessageJson)),
)]
pub(super) async fn mark_as_read(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let (login, reader, found) = enter(&gate, &call.head).await?;
    let (chat, number) = (reader.view().number, found.message.number);
    let marked = gate.chat.mark_read(login.access(), chat, number).await;
    marked.map_err(gone)?;
    let is_read = true;
    let shown = InThread { is_read, ..found };
    Ok(reply::json(OK, &MessageJson::from(shown)))
}
