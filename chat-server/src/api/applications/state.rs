//! What the handlers of this API share, and who may come in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_core::ids::{ApplicationId, ChatNumber, MessageNumber, Token};
use chat_core::service::{Access, Chat};
use chat_core::text::IdempotencyKey;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use super::status::Wrong;
use crate::config::Secret;
use crate::http::auth;
use crate::http::call::Head;
use crate::http::input::InputFault;
use crate::http::paging::{self, PageAsk};
use crate::http::query::Query;
use crate::http::rate::RateLimiter;
use crate::http::reply::{self, Response};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Where the names of a path stand: `/api/v1/applications/{app}/chats/{chat}/messages/{message}`.
const APPLICATION: usize = 3;
const CHAT: usize = 5;
const MESSAGE: usize = 7;

/// How the API is served.
#[derive(Debug)]
pub struct Options {
    /// The key that creating, listing and deleting applications needs.
    pub admin_key: Option<Secret>,
    /// Counts each application's requests.
    pub limiter: Option<RateLimiter<ApplicationId>>,
    /// How long a reader may take nothing of a long answer.
    pub patience: Duration,
    /// The APIs that are served, by name.
    pub apis: Vec<String>,
}

pub(super) struct Shared {
    pub(super) chat: Chat,
    pub(super) options: Options,
    pub(super) body_bytes: usize,
}

pub(super) type State = Arc<Shared>;

impl Shared {
    /// Whether the request may create, list and delete applications.
    pub(super) fn admit(&self, head: &Head) -> Result<(), Wrong> {
        match &self.options.admin_key {
            Some(key) if !auth::has_key(&head.headers, key) => Err(Wrong::Unauthorized),
            _ => Ok(()),
        }
    }

    /// The access that the token in the path gives; counts the request when there is a limit.
    pub(super) async fn enter(&self, head: &Head) -> Result<Access, Wrong> {
        let token = head
            .segment(APPLICATION)
            .and_then(|text| text.parse::<Token>().ok());
        let access = Access::from(token.ok_or(Wrong::NoApplication)?);
        if let Some(limiter) = &self.options.limiter {
            let tenant = self.chat.application(access).await?;
            let id = tenant.id.unwrap_or(ApplicationId::ROOT);
            let allowance = *head
                .allowance
                .get_or_init(|| limiter.take(id, Instant::now()));
            if !allowance.granted {
                return Err(Wrong::Exhausted(allowance));
            }
        }
        Ok(access)
    }

    /// The access and the chat in the path.
    pub(super) async fn enter_chat(&self, head: &Head) -> Result<(Access, ChatNumber), Wrong> {
        let access = self.enter(head).await?;
        match head.segment(CHAT).and_then(|text| text.parse().ok()) {
            Some(number) => Ok((access, number)),
            None => Err(self.missing_first(access, None, Wrong::NoChat).await),
        }
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
                .missing_first(access, Some(chat), Wrong::NoMessage)
                .await),
        }
    }

    /// A missing parent is told before anything that is wrong with the request.
    pub(super) async fn missing_first(
        &self,
        access: Access,
        chat: Option<ChatNumber>,
        wrong: Wrong,
    ) -> Wrong {
        let found = match chat {
            Some(number) => self.chat.chat(access, number).await.map(drop),
            None => self.chat.application(access).await.map(drop),
        };
        found.map_or_else(Wrong::from, |()| wrong)
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
    let Some(value) = head.headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    IdempotencyKey::parse(text).map(Some).map_err(Wrong::Key)
}

/// The answer to a command that made something.
pub(super) fn created<T: Serialize>(made: &T, replayed: bool) -> Response {
    let mut answer = reply::json(StatusCode::CREATED, made);
    if replayed {
        answer
            .headers_mut()
            .insert(REPLAYED, HeaderValue::from_static("true"));
    }
    answer
}
