//! `/conversations`, and what is done with one as a whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use chat_core::commit::Mark;
use chat_core::ids::{ChatNumber, MessageNumber, UserNumber};
use chat_core::model::ChatKind;
use chat_core::service::{Access, MyChat, NewChat, Roll};
use chat_core::text::{Name, Violation};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::entry::{Me, Shared, conversation, key};
use super::input::{count, id, nullable, text};
use super::shapes::{ConversationInput, NameInput, OfId, ReadInput};
use super::status::RequestError;
use super::view::ConversationJson;
use crate::api::gate::with_replayed;
use crate::api::mine;
use crate::api::number::Numeral;
use crate::api::shapes::Keyed;
use crate::http::call::Call;
use crate::http::input::{Field, unlabelled};
use crate::http::list;
use crate::http::reply::{self, Frame, Response};

/// The conversation as whoever asks sees it.
pub(super) async fn shown(
    shared: &Shared,
    access: Access,
    number: ChatNumber,
) -> Result<ConversationJson, RequestError> {
    let (mine, roll) = seen(shared, access, number).await?;
    Ok(ConversationJson::new(mine, &roll))
}

/// What it is made of: a roll that knows at least what the rest does.
pub(super) async fn seen(
    shared: &Shared,
    access: Access,
    number: ChatNumber,
) -> Result<(MyChat, Roll), RequestError> {
    let mine = shared.chat().my_chat(access, number).await?;
    let roll = mine.roll().await?;
    Ok((mine, roll))
}

/// My conversations, latest activity first.
#[utoipa::path(
    get, path = "/conversations", tag = "conversations", operation_id = "conversations_list",
    responses((status = 200, description = "All of them", body = [ConversationJson])),
)]
pub(super) async fn list(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let me = shared.enter(&call.head).await?;
    let pages = mine::chats(shared.chat(), me.access, ConversationJson::new);
    Ok(list::whole(&call.head, shared.gate.patience, Frame::ARRAY, pages).await?)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sent {
    participants: Value,
    name: Field,
}

/// Whom the list names besides whoever asks.
fn others(me: &Me, sent: &Value) -> Result<BTreeSet<UserNumber>, RequestError> {
    const NAME: &str = "participants";
    let list = match sent {
        Value::Null => return Err(RequestError::Field(NAME, Violation::Blank)),
        Value::Array(list) => list,
        _ => return Err(RequestError::Field(NAME, Violation::Invalid)),
    };
    let named = list.iter().map(|sent| match sent {
        Value::Null => Err(RequestError::Field(NAME, Violation::Invalid)),
        sent => id(NAME, Numeral::read(sent)),
    });
    let mut named: BTreeSet<UserNumber> = named.collect::<Result<_, _>>()?;
    named.remove(&me.user);
    match named.is_empty() {
        true => Err(RequestError::Bad(
            "participants must name somebody else".into(),
        )),
        false => Ok(named),
    }
}

/// Begin a conversation. A name or two others make a group; one other without a name is the one-to-one, which is there once.
#[utoipa::path(
    post, path = "/conversations", tag = "conversations", operation_id = "conversations_create",
    params(Keyed), request_body = ConversationInput,
    responses(
        (status = 201, description = "The new conversation", body = ConversationJson),
        (status = 200, description = "The one-to-one that was there already", body = ConversationJson),
    ),
)]
pub(super) async fn create(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let me = shared.enter(&call.head).await?;
    let key = key(&call.head)?;
    let sent: Sent = unlabelled(&call)?;
    let others = Vec::from_iter(others(&me, &sent.participants)?);
    let name = nullable("name", sent.name, Name::parse)?;
    let new = match (name, others.len()) {
        (None, 1) => NewChat::direct(others),
        (name, _) => NewChat::group(name, others),
    };
    let made = shared
        .chat()
        .make_chat(me.access, new, key.as_ref())
        .await?;
    let status = match made.value.found {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    let body = shown(&shared, me.access, made.value.chat.number).await?;
    Ok(with_replayed(reply::json(status, &body), made.replayed))
}

/// Give a group another name.
#[utoipa::path(
    put, path = "/conversations/{id}", tag = "conversations", operation_id = "conversations_rename",
    params(OfId), request_body = NameInput,
    responses((status = 200, description = "The conversation", body = ConversationJson)),
)]
pub(super) async fn rename(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let (me, reader) = shared.enter_conversation(&call.head).await?;
    let sent: Sent = unlabelled(&call)?;
    let name = text("name", sent.name, Name::parse)?;
    let number = reader.view().number;
    shared
        .chat()
        .rename_chat(me.access, number, Some(name))
        .await?;
    Ok(reply::json(
        StatusCode::OK,
        &shown(&shared, me.access, number).await?,
    ))
}

/// Leave a group; a one-to-one leaves my list until its next message.
#[utoipa::path(
    delete, path = "/conversations/{id}", tag = "conversations", operation_id = "conversations_leave",
    params(OfId),
    responses((status = 204, description = "Done")),
)]
pub(super) async fn leave(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let (me, reader) = shared.enter_conversation(&call.head).await?;
    let view = reader.view();
    match view.kind {
        ChatKind::Group => {
            let chat = shared.chat();
            chat.remove_member(me.access, view.number, me.user).await?;
        }
        _ => shared.chat().hide(me.access, view.number).await?,
    }
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReadSent {
    number: Numeral,
}

/// Say that everything up to this message's number is read. It never goes back.
#[utoipa::path(
    put, path = "/conversations/{id}/read", tag = "conversations", operation_id = "conversations_read",
    params(OfId), request_body = ReadInput,
    responses((status = 204, description = "Done")),
)]
pub(super) async fn read(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let me = shared.enter(&call.head).await?;
    let chat = conversation(&call.head)?;
    let sent = unlabelled(&call).map_err(RequestError::from);
    let number = sent.and_then(|sent: ReadSent| count("number", sent.number));
    let number = match number {
        Ok(number) => number,
        Err(wrong) => {
            return Err(shared
                .gate
                .missing_first(me.access, Some(chat), wrong)
                .await);
        }
    };
    let mark = Mark {
        delivered: None,
        read: Some(MessageNumber(number)),
    };
    shared.chat().mark(me.access, chat, mark).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
