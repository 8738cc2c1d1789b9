//! `/chat-api/threads/` and below.

use chat_core::error::ChatError;
use chat_core::ids::{ChatNumber, ChatUuid, MessageNumber, UserNumber};
use chat_core::page::Limit;
use chat_core::service::{Access, Chat, Login, NewChat, Reader};

use super::input;
use super::shapes::{InThread, NewThread};
use super::status::{CREATED, DELETED, OK, RequestError};
use super::view::{MadeJson, MessageJson, ThreadDetailJson, ThreadJson};
use super::{ID, auth, messages};
use crate::api::gate::{Gate, with_replayed};
use crate::api::lists::message_page;
use crate::api::shapes::Keyed;
use crate::http::call::{Call, Head};
use crate::http::list::{self, Pages};
use crate::http::reply::{self, Frame, Response};

/// Whoever asks, and the thread that the path names.
async fn enter(gate: &Gate, head: &Head) -> Result<(Login, Reader), RequestError> {
    let login = auth::login(gate, head).await?;
    let uuid = head.segment(ID).and_then(|text| text.parse().ok());
    let uuid: ChatUuid = uuid.ok_or(RequestError::NoSuchPath)?;
    let found = gate.chat.chat_by_uuid(login.access(), uuid).await?;
    Ok((login, found.ok_or(RequestError::NoThread)?))
}

struct Threads {
    chat: Chat,
    access: Access,
    user: UserNumber,
    after: ChatNumber,
}

impl Pages for Threads {
    type View = ThreadJson;
    type Error = ChatError;

    async fn next(&mut self) -> Result<(Vec<ThreadJson>, bool), ChatError> {
        let page = self
            .chat
            .threads(self.access, self.after, Limit::MAX)
            .await?;
        if let Some(last) = page.items.last() {
            self.after = last.number;
        }
        let shown = page.items.iter();
        let shown = shown.filter_map(|chat| ThreadJson::new(chat, self.user));
        Ok((shown.collect(), page.more))
    }
}

struct History {
    reader: Reader,
    after: MessageNumber,
}

impl Pages for History {
    type View = MessageJson;
    type Error = ChatError;

    async fn next(&mut self) -> Result<(Vec<MessageJson>, bool), ChatError> {
        let page = self.reader.thread(self.after, message_page()).await?;
        if let Some(last) = page.items.last() {
            self.after = last.message.number;
        }
        let shown = page.items.into_iter().map(MessageJson::from);
        Ok((shown.collect(), page.more))
    }
}

/// The threads of whoever asks.
#[utoipa::path(
    get, path = "/chat-api/threads/", tag = "threads", operation_id = "threads_list",
    responses((status = 200, description = "All of them", body = [ThreadJson])),
)]
pub(super) async fn list(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let login = auth::login(&gate, &call.head).await?;
    let pages = Threads {
        chat: gate.chat.clone(),
        access: login.access(),
        user: login.user,
        after: ChatNumber::ZERO,
    };
    Ok(list::whole(&call.head, gate.patience, Frame::ARRAY, pages).await?)
}

/// The thread with another user: the one there is, or else a new one.
#[utoipa::path(
    post, path = "/chat-api/threads/", tag = "threads", operation_id = "threads_create",
    params(Keyed), request_body = NewThread,
    responses((status = 201, description = "The thread", body = MadeJson)),
)]
pub(super) async fn create(gate: Gate, call: Call) -> Result<Response, RequestError> {
    const FIELD: &str = "participant";
    let login = auth::login(&gate, &call.head).await?;
    let key = messages::key(&call.head)?;
    let sent = input::body(&call).await?;
    let participant = sent.integer(FIELD);
    let participant = participant.map_err(|words| RequestError::field(FIELD, words))?;
    if participant <= 0 {
        let words = "A participant ID must be a positive int";
        return Err(RequestError::Wrong(words.into()));
    }
    let unknown = || {
        let words = format!("Invalid pk \"{participant}\" - object does not exist.");
        RequestError::field(FIELD, words)
    };
    let number = u64::try_from(participant).map(UserNumber).ok();
    let number = number.filter(|number| *number <= UserNumber::MAX);
    let number = number.ok_or_else(unknown)?;
    if number == login.user {
        let words = "Cannot create thread with yourself";
        return Err(RequestError::field(FIELD, words));
    }
    let new = NewChat::direct([number]);
    let made = match gate.chat.make_chat(login.access(), new, key.as_ref()).await {
        Err(ChatError::UserNotFound(_)) => return Err(unknown()),
        made => made?,
    };
    let shown = MadeJson::new(&made.value.chat).ok_or(RequestError::NoThread)?;
    Ok(with_replayed(reply::json(CREATED, &shown), made.replayed))
}

/// One thread.
#[utoipa::path(
    get, path = "/chat-api/threads/{uuid}/", tag = "threads", operation_id = "threads_get",
    params(InThread),
    responses((status = 200, description = "The thread", body = ThreadDetailJson)),
)]
pub(super) async fn get(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let (login, reader) = enter(&gate, &call.head).await?;
    let shown = ThreadDetailJson::new(&reader.view(), login.user);
    Ok(reply::json(OK, &shown.ok_or(RequestError::NoThread)?))
}

/// Delete a thread with all its messages, for both.
#[utoipa::path(
    delete, path = "/chat-api/threads/{uuid}/", tag = "threads", operation_id = "threads_delete",
    params(InThread),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn delete(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let (login, reader) = enter(&gate, &call.head).await?;
    let number = reader.view().number;
    gate.chat.delete_chat(login.access(), number).await?;
    Ok(reply::empty(DELETED))
}

/// The messages of a thread, oldest first.
#[utoipa::path(
    get, path = "/chat-api/threads/{uuid}/messages/", tag = "threads", operation_id = "threads_messages",
    params(InThread),
    responses((status = 200, description = "All of them", body = [MessageJson])),
)]
pub(super) async fn messages(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let (_, reader) = enter(&gate, &call.head).await?;
    let after = MessageNumber::ZERO;
    let pages = History { reader, after };
    Ok(list::whole(&call.head, gate.patience, Frame::ARRAY, pages).await?)
}
