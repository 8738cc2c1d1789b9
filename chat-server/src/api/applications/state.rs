//! What the handlers of this API share.

use std::sync::Arc;

use chat_core::ids::{ChatNumber, MessageNumber};
use chat_core::service::{Access, Chat};
use chat_core::text::IdempotencyKey;
use http::{HeaderName, StatusCode};
use serde::Serialize;

use super::status::RequestError;
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

const PREFER: HeaderName = HeaderName::from_static("prefer");
const AS_USER: HeaderName = HeaderName::from_static("as-user");

/// How the API is served.
#[derive(Debug, Clone)]
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

    /// The service as the request wants it: with `Prefer: respond-async` (RFC 7240) its write does not wait in the queue.
    pub(super) fn chat_for(&self, head: &Head) -> Chat {
        match prefers_async(head) {
            true => self.gate.chat.without_waiting(),
            false => self.gate.chat.clone(),
        }
    }

    /// Whether the request may create, list and delete applications.
    pub(super) fn admit(&self, head: &Head) -> Result<(), RequestError> {
        match &self.options.admin_key {
            Some(key) if !auth::has_key(&head.headers, key) => Err(RequestError::Unauthorized),
            _ => Ok(()),
        }
    }

    /// The access that the token in the path gives.
    pub(super) async fn enter(&self, head: &Head) -> Result<Access, RequestError> {
        self.refuse_sessions(head)?;
        self.enter_as_admin(head).await
    }

    /// The access that the token in the path gives, where a bearer is the admin's or means nothing.
    pub(super) async fn enter_as_admin(&self, head: &Head) -> Result<Access, RequestError> {
        let access = self.gate.enter(head, APPLICATION).await?;
        if head.headers.contains_key(AS_USER) {
            return Err(self
                .gate
                .missing_first(access, None, RequestError::NoUser)
                .await);
        }
        Ok(access)
    }

    /// A bearer beside the token is somebody's session, and nobody has one; the admin key takes no power away.
    fn refuse_sessions(&self, head: &Head) -> Result<(), RequestError> {
        let admin_key = self.options.admin_key.as_ref();
        if auth::bearer(&head.headers).is_none()
            || admin_key.is_some_and(|key| auth::has_key(&head.headers, key))
        {
            return Ok(());
        }
        Err(RequestError::NoSession)
    }

    /// The access and the chat in the path.
    pub(super) async fn enter_chat(
        &self,
        head: &Head,
    ) -> Result<(Access, ChatNumber), RequestError> {
        self.refuse_sessions(head)?;
        if head.headers.contains_key(AS_USER) {
            self.enter_as_admin(head).await?;
        }
        let entered = self.gate.enter_chat(head, APPLICATION, CHAT).await?;
        Ok((entered.access, entered.chat))
    }

    /// The access, the chat and the message in the path.
    pub(super) async fn enter_message(
        &self,
        head: &Head,
    ) -> Result<(Access, ChatNumber, MessageNumber), RequestError> {
        let (access, chat) = self.enter_chat(head).await?;
        match head.segment(MESSAGE).and_then(|text| text.parse().ok()) {
            Some(number) => Ok((access, chat, number)),
            None => Err(self
                .gate
                .missing_first(access, Some(chat), RequestError::NoMessage)
                .await),
        }
    }
}

/// The query's parameters.
pub(super) fn query(head: &Head) -> Result<Query<'_>, RequestError> {
    head.query()
        .ok_or(RequestError::Input(InputFault::NotUtf8("query")))
}

/// The page that is asked for, or the whole list.
pub(super) fn page_ask(head: &Head) -> Result<Option<PageAsk>, RequestError> {
    Ok(paging::read(&query(head)?)?)
}

/// Refuses parameters that an endpoint does not know.
pub(super) fn only_knows(query: &Query<'_>, known: &[&str]) -> Result<(), RequestError> {
    match query.unknown(known) {
        unknown if unknown.is_empty() => Ok(()),
        unknown => Err(RequestError::Unknown(
            unknown.into_iter().map(str::to_owned).collect(),
        )),
    }
}

/// The idempotency key that the request carries, if it does.
pub(super) fn key(head: &Head) -> Result<Option<IdempotencyKey>, RequestError> {
    gate::idempotency_key(head).map_err(RequestError::Key)
}

/// The answer to a command that made something.
pub(super) fn created<T: Serialize>(made: &T, replayed: bool) -> Response {
    gate::with_replayed(reply::json(StatusCode::CREATED, made), replayed)
}

/// Whether one of the preferences is `respond-async`; parameters of it mean nothing here.
fn prefers_async(head: &Head) -> bool {
    let preferences = head.headers.get_all(PREFER).into_iter();
    let preferences = preferences.filter_map(|value| value.to_str().ok());
    preferences
        .flat_map(|value| value.split(','))
        .filter_map(|preference| preference.split(';').next())
        .any(|name| name.trim().eq_ignore_ascii_case("respond-async"))
}
