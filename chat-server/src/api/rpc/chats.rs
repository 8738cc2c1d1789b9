//! `/chats/add` and `/chats/get`.

use chat_core::commit::Caller;
use chat_core::error::ChatError;
use chat_core::service::{MyChat, NewChat, Roll};
use chat_core::text::Name;

use super::shapes::{ChatInput, OfUser};
use super::status::{RequestError, Taken};
use super::view::{ChatJson, MadeJson, made};
use super::{access, input, key};
use crate::api::gate::{Gate, with_replayed};
use crate::api::mine;
use crate::api::shapes::Keyed;
use crate::http::call::Call;
use crate::http::list;
use crate::http::reply::{Frame, Response};

/// Make a chat of users. One that is named twice counts once. What cannot be at all (400) is told before who is not there (404).
#[utoipa::path(
    post, path = "/chats/add", tag = "rpc", operation_id = "rpc_add_chat",
    params(Keyed), request_body = ChatInput,
    responses((status = 201, description = "Its id", body = MadeJson)),
)]
pub(super) async fn add(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let access = access(&gate, &call.head).await?;
    let key = key(&call.head)?;
    let sent = input::read(&call, &["name", "users"])?;
    let name = input::text("name", sent.name, Name::parse)?;
    let users = sent.users.read("users")?.found()?;
    let new = NewChat {
        unique_name: true,
        ..NewChat::group(Some(name.clone()), Vec::from_iter(users))
    };
    let answer = gate.chat.make_chat(access, new, key.as_ref()).await;
    let answer = answer.map_err(|error| match error {
        ChatError::ChatNameTaken => RequestError::Taken(Taken::Chat, name.into_string()),
        error => error.into(),
    })?;
    let id = answer.value.chat.number.0;
    Ok(with_replayed(made(&call.head.headers, id), answer.replayed))
}

/// The chats of a user, latest message first; one without messages counts from its creation.
#[utoipa::path(
    post, path = "/chats/get", tag = "rpc", operation_id = "rpc_get_chats",
    request_body = OfUser,
    responses((status = 200, description = "All of them", body = [ChatJson])),
)]
pub(super) async fn get(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let access = access(&gate, &call.head).await?;
    let sent = input::read(&call, &["user"])?;
    let user = sent.user.user("user")?.found()?;
    gate.chat.user(access, user).await?;
    let show = |mine: MyChat, roll: &Roll| ChatJson::new(mine.chat, roll.users());
    let pages = mine::chats(&gate.chat, access.by(Caller::For(user)), show);
    Ok(list::whole(&call.head, gate.patience, Frame::ARRAY, pages).await?)
}
