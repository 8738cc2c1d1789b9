//! What the handlers of this API share.

use std::sync::Arc;

use chat_core::ids::{ChatNumber, MessageNumber};
use chat_core::service::{Access, Chat};
use chat_core::text::IdempotencyKey;
use http::StatusCode;
use serde::Serialize;

use super::status::Wrong;
use crate::api::gate::{self, Gate};
use crate::config::Secret;
use crate::http::auth;
use crate::http::call::Head;
use crate::http::input::InputFault;
use crate::http::paging::{self, PageAsk};
use crate::http::query::Query;
use crate::http::reply::{self, Response};

/// Where the names of a path stand: `/api/v1/applications/{app}/chats/{chat}/messages/{message}`.
const APPLICATION: usize = 3;
const CHAT: usize = 5;
const MESSAGE: usize = 7;

/// How the API is served.
#[derive(Debug)]
pub struct Options {
    /// The key that creating, listing and deleting applications needs.
    pub admin_key: Option<Secret>,
    /// The APIs that are served, by name.
    pub apis: Vec<String>,
}

pub(super) struct Shared {
    pub(super) gate: Gate,
    pub(super) options: Options,
    pub(super) body_bytes: usize,
}

pub(super) type State = Arc<Shared>;

impl Shared {
    pub(super) fn chat(&self) -> &Chat {
        &self.gate.chat
    }

    /// Whether the request may create, list and delete applications.
    pub(super) fn admit(&self, head: &Head) -> Result<(), Wrong> {
        match &self.options.admin_key {
            Some(key) if !auth::has_key(&head.headers, key) => Err(Wrong::Unauthorized),
            _ => Ok(()),
        }
    }

    /// The access that the token in the path gives.
    pub(super) async fn enter(&self, head: &Head) -> Result<Access, Wrong> {
        Ok(self.gate.enter(head, APPLICATION).await?)
    }

    /// The access and the chat in the path.
    pub(super) async fn enter_chat(&self, head: &Head) -> Result<(Access, ChatNumber), Wrong> {
        Ok(self.gate.enter_chat(head, APPLICATION, CHAT).await?)
    }

    /// The access, the chat and the message in the path.
    pub(super) async fn enter_message(
        &self,
        head: &Head,
    ) -> Result<(Access, ChatNumber, MessageNumber), Wrong> {
        let (access, chat) = self.enter_chat(head).await?;
        match head.segment(MESSAGE).and_then(|text| text.parse().ok()) {
            Some(number) => Ok((access, chat, number)),
            None => Err(self
                .gate
                .missing_first(access, Some(chat), Wrong::NoMessage)
                .await),
        }
    }
}

/// The query's parameters.
pub(super) fn query(head: &Head) -> Result<Query<'_>, Wrong> {
    head.query()
        .ok_or(Wrong::Input(InputFault::NotUtf8("query")))
}

/// The page that is asked for, or the whole list.
pub(super) fn page_ask(head: &Head) -> Result<Option<PageAsk>, Wrong> {
    Ok(paging::read(&query(head)?)?)
}

/// Refuses parameters that an endpoint does not know.
pub(super) fn only_knows(query: &Query<'_>, known: &[&str]) -> Result<(), Wrong> {
    match query.unknown(known) {
        unknown if unknown.is_empty() => Ok(()),
        unknown => Err(Wrong::Unknown(
            unknown.into_iter().map(str::to_owned).collect(),
        )),
    }
}

/// The idempotency key that the request carries, if it does.
pub(super) fn key(head: &Head) -> Result<Option<IdempotencyKey>, Wrong> {
    gate::idempotency_key(head).map_err(Wrong::Key)
}

/// The answer to a command that made something.
pub(super) fn created<T: Serialize>(made: &T, replayed: bool) -> Response {
    gate::with_replayed(reply::json(StatusCode::CREATED, made), replayed)
}
