//! `/conversations/{id}/message`, which is `/messages` too.

use std::sync::Arc;

use chat_core::commit::{Edit, Post};
use chat_core::ids::UserNumber;
use chat_core::model::Message;
use chat_core::service::Receipt;
use chat_core::text::Body;
use http::StatusCode;
use serde::Deserialize;

use super::entry::{Shared, conversation, key};
use super::input::text;
use super::shapes::{MessageInput, OfId, OfMessage};
use super::status::RequestError;
use super::view::MessageJson;
use crate::api::gate::with_replayed;
use crate::api::shapes::Keyed;
use crate::http::call::Call;
use crate::http::input::{Field, unlabelled};
use crate::http::reply::{self, Response};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sent {
    content: Field,
}

fn body(call: &Call) -> Result<Body, RequestError> {
    let sent: Sent = unlabelled(call)?;
    text("content", sent.content, Body::parse)
}

/// Post a message.
#[utoipa::path(
    post, path = "/conversations/{id}/messages", tag = "conversations", operation_id = "conversations_post",
    params(OfId, Keyed), request_body = MessageInput,
    responses((status = 201, description = "The new message", body = MessageJson)),
)]
pub(super) async fn create(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let me = shared.enter(&call.head).await?;
    let chat = conversation(&call.head)?;
    let asked = key(&call.head).and_then(|key| Ok((key, body(&call)?)));
    let (key, body) = match asked {
        Ok(asked) => asked,
        Err(wrong) => {
            return Err(shared
                .gate
                .missing_first(me.access, Some(chat), wrong)
                .await);
        }
    };
    let post = Post {
        body,
        data: None,
        reply_to: None,
    };
    let posted = shared.chat().post(me.access, chat, post, key.as_ref());
    let posted = posted.await?;
    let body = MessageJson::new(chat, posted.value, Receipt::Sent);
    let answer = reply::json(StatusCode::CREATED, &body);
    Ok(with_replayed(answer, posted.replayed))
}

/// One message.
#[utoipa::path(
    get, path = "/conversations/{id}/messages/{message}", tag = "conversations", operation_id = "conversations_get_message",
    params(OfMessage),
    responses((status = 200, description = "The message", body = MessageJson)),
)]
pub(super) async fn get(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let (_, reader, message) = shared.enter_message(&call.head).await?;
    let receipt = reader.roll_of([&message]).await?.receipt(&message);
    let body = MessageJson::new(reader.view().number, message, receipt);
    Ok(reply::json(StatusCode::OK, &body))
}

fn must_be_mine(message: &Message, me: UserNumber) -> Result<(), RequestError> {
    match message.sender == Some(me) {
        true => Ok(()),
        false => Err(RequestError::Forbidden("Not the sender")),
    }
}

/// Edit a message of yours.
#[utoipa::path(
    put, path = "/conversations/{id}/messages/{message}", tag = "conversations", operation_id = "conversations_edit_message",
    params(OfMessage), request_body = MessageInput,
    responses((status = 200, description = "The message", body = MessageJson)),
)]
pub(super) async fn edit(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let (me, reader, message) = shared.enter_message(&call.head).await?;
    must_be_mine(&message, me.user)?;
    let edit = Edit {
        number: message.number,
        body: Some(body(&call)?),
        data: None,
    };
    let number = reader.view().number;
    let edited = shared.chat().edit(me.access, number, edit).await?;
    let receipt = reader.roll_of([&edited]).await?.receipt(&edited);
    let body = MessageJson::new(number, edited, receipt);
    Ok(reply::json(StatusCode::OK, &body))
}

/// Delete a message of yours.
#[utoipa::path(
    delete, path = "/conversations/{id}/messages/{message}", tag = "conversations", operation_id = "conversations_delete_message",
    params(OfMessage),
    responses((status = 204, description = "Done")),
)]
pub(super) async fn delete(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let (me, reader, message) = shared.enter_message(&call.head).await?;
    must_be_mine(&message, me.user)?;
    let number = reader.view().number;
    shared
        .chat()
        .delete(me.access, number, message.number)
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
