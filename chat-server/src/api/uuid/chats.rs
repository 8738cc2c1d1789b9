//! `/applications/{uuid}/chats`.

use chat_core::error::ChatError;
use chat_core::page::{Limit, Span};
use chat_core::service::{Access, Chat};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::document::{InApplication, Keyed};
use super::status::Wrong;
use super::view::ChatJson;
use super::{APPLICATION, key};
use crate::api::gate::{Gate, with_replayed};
use crate::http::call::Call;
use crate::http::list::{self, Pages};
use crate::http::reply::{self, Response};
use crate::http::stream::Frame;

struct Chats {
    chat: Chat,
    access: Access,
    after: u64,
}

impl Pages for Chats {
    type View = ChatJson;
    type Error = ChatError;

    async fn next(&mut self) -> Result<(Vec<ChatJson>, bool), ChatError> {
        let page = self
            .chat
            .chats(self.access, Span::After(self.after), Limit::MAX)
            .await?;
        if let Some(last) = page.items.last() {
            self.after = last.number.0;
        }
        Ok((
            page.items.into_iter().map(ChatJson::from).collect(),
            page.more,
        ))
    }
}

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
pub(super) async fn list(gate: Gate, call: Call) -> Result<Response, Wrong> {
    let access = gate.enter(&call.head, APPLICATION).await?;
    let patience = gate.patience;
    let pages = Chats {
        chat: gate.chat,
        access,
        after: 0,
    };
    Ok(list::whole(&call.head, patience, Frame::ARRAY, pages).await?)
}

/// Make a chat; its number is the next of the application.
#[utoipa::path(
    post, path = "/applications/{uuid}/chats", tag = "uuid-applications", operation_id = "uuid_create_chat",
    params(InApplication, Keyed),
    responses((status = 200, description = "The new chat's number", body = Made)),
)]
pub(super) async fn create(gate: Gate, call: Call) -> Result<Response, Wrong> {
    let access = gate.enter(&call.head, APPLICATION).await?;
    let key = match key(&call.head) {
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
