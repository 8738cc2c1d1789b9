//! `/applications/{uuid}/chats`.

use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::InApplication;
use super::status::RequestError;
use super::view::ChatJson;
use super::{APPLICATION, key};
use crate::api::gate::{Gate, with_replayed};
use crate::api::lists;
use crate::api::shapes::Keyed;
use crate::http::call::Call;
use crate::http::input;
use crate::http::list;
use crate::http::reply::Frame;
use crate::http::reply::{self, Response};

/// The number of a new chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UuidChatNumber)]
pub(super) struct Made {
    #[schema(minimum = 1)]
    chat_number: u64,
}

/// The chats of an application by number.
#[utoipa::path(
    get, path = "/applications/{uuid}/chats", tag = "uuid-applications", operation_id = "uuid_list_chats",
    params(InApplication),
    responses((status = 200, description = "All of them", body = [ChatJson])),
)]
pub(super) async fn list(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let access = gate.enter(&call.head, APPLICATION).await?;
    let pages = lists::chats(&gate.chat, access, ChatJson::from);
    Ok(list::whole(&call.head, gate.patience, Frame::ARRAY, pages).await?)
}

/// Make a chat; its number is the next of the application.
#[utoipa::path(
    post, path = "/applications/{uuid}/chats", tag = "uuid-applications", operation_id = "uuid_create_chat",
    params(InApplication, Keyed),
    responses((status = 200, description = "The new chat's number", body = Made)),
)]
pub(super) async fn create(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let access = gate.enter(&call.head, APPLICATION).await?;
    // Whatever is sent says nothing, but it has to be a body.
    let sent = input::body(&call).map_err(|fault| RequestError::Input("body", fault));
    let asked = sent.and_then(|_| key(&call.head));
    let key = match asked {
        Ok(key) => key,
        Err(wrong) => return Err(gate.missing_first(access, None, wrong).await),
    };
    let made = gate.chat.create_chat(access, None, key.as_ref()).await?;
    let body = Made {
        chat_number: made.value.number.0,
    };
    Ok(with_replayed(
        reply::json(StatusCode::OK, &body),
        made.replayed,
    ))
}
