//! `/messages/add` and `/messages/get`.

use chat_core::commit::{Caller, Post};
use chat_core::error::{BackendError, ChatError, ErrorKind};
use chat_core::text::Body;

use super::shapes::{MessageInput, OfChat};
use super::status::RequestError;
use super::view::{MadeJson, MessageJson, made};
use super::{access, input, key};
use crate::api::gate::{Gate, with_replayed};
use crate::api::lists;
use crate::api::shapes::Keyed;
use crate::http::call::Call;
use crate::http::list;
use crate::http::reply::{Frame, Response};

/// Post a message in the name of a user of the chat. What cannot be at all (400) is told before what is not there (404).
#[utoipa::path(
    post, path = "/messages/add", tag = "rpc", operation_id = "rpc_add_message",
    params(Keyed), request_body = MessageInput,
    responses((status = 201, description = "Its id", body = MadeJson)),
)]
pub(super) async fn add(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let access = access(&gate, &call.head).await?;
    let key = key(&call.head)?;
    let sent = input::read(&call, &["chat", "author", "text"])?;
    let (chat, author) = (sent.chat.chat("chat")?, sent.author.author("author")?);
    let body = input::text("text", sent.text, Body::parse)?;
    let (chat, author) = (chat.found()?, author.found()?);
    let post = Post {
        body,
        data: None,
        reply_to: None,
    };
    let by = access.by(Caller::For(author));
    let posted = gate.chat.post(by, chat, post, key.as_ref()).await?;
    let id = posted.value.ext_id.ok_or_else(no_id)?;
    Ok(with_replayed(made(&call.head.headers, id), posted.replayed))
}

/// Every message of the default application has an id.
fn no_id() -> ChatError {
    BackendError::new(ErrorKind::Internal, "store", "message id").into()
}

/// The messages of a chat, oldest first.
#[utoipa::path(
    post, path = "/messages/get", tag = "rpc", operation_id = "rpc_get_messages",
    request_body = OfChat,
    responses((status = 200, description = "All of them", body = [MessageJson])),
)]
pub(super) async fn get(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let access = access(&gate, &call.head).await?;
    let sent = input::read(&call, &["chat"])?;
    let chat = sent.chat.chat("chat")?.found()?;
    let reader = gate.chat.chat(access, chat).await?;
    let show = move |message| MessageJson::new(chat, message);
    let pages = lists::messages(reader, false, show);
    Ok(list::whole(&call.head, gate.patience, Frame::ARRAY, pages).await?)
}
