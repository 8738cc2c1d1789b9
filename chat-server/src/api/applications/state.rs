//! What the handlers of this API share.

use std::sync::Arc;

use chat_core::bearer::Bearer;
use chat_core::commit::Caller;
use chat_core::error::ChatError;
use chat_core::ids::{ApplicationId, ChatNumber, MessageNumber, SessionId, UserNumber};
use chat_core::service::{Access, Chat, Login};
use chat_core::text::IdempotencyKey;
use http::{HeaderName, StatusCode};
use serde::Serialize;

use super::status::RequestError;
use crate::api::attempts::Attempts;
use crate::api::gate::{self, Gate};
use crate::config::{Origin, Secret};
use crate::http::auth;
use crate::http::call::Head;
use crate::http::input::InputFault;
use crate::http::paging::{self, PageAsk};
use crate::http::query::Query;
use crate::http::reply::{self, Response};
use crate::live::Pace;

/// Where the names of a path stand: `/api/v1/applications/{app}/chats/{chat}/messages/{message}`.
const APPLICATION: usize = 3;
const CHAT: usize = 5;
const MESSAGE: usize = 7;
/// In `/api/v1/applications/{app}/users/{user}`, `…/{app}/sessions/{session}` and `…/{app}/chats/{chat}/members/{user}`.
const USER: usize = 5;
const SESSION: usize = 5;
const MEMBER: usize = 7;

const PREFER: HeaderName = HeaderName::from_static("prefer");
const AS_USER: HeaderName = HeaderName::from_static("as-user");

/// How the API is served.
#[derive(Clone)]
pub struct Options {
    /// The key that creating, listing and deleting applications needs.
    pub admin_key: Option<Secret>,
    /// The APIs that are served, by name.
    pub apis: Vec<String>,
    /// How often somebody may try to log in.
    pub attempts: Attempts,
    /// Where pages come from that may open sockets, besides this server.
    pub origins: Vec<Origin>,
    /// Times that sockets keep.
    pub pace: Pace,
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

    /// The access of whoever asks: of the session in the bearer, or else of the token in the path, in the name of a user if it says
    /// so.
    pub(super) async fn enter(&self, head: &Head) -> Result<Access, RequestError> {
        self.enter_with_login(head).await.map(|(access, _)| access)
    }

    /// The same, and the login when whoever asks does so in a session.
    pub(super) async fn enter_with_login(
        &self,
        head: &Head,
    ) -> Result<(Access, Option<Login>), RequestError> {
        let Some(bearer) = self.session(head)? else {
            return Ok((self.enter_as_admin(head).await?, None));
        };
        let login = self.chat().authenticate(&bearer).await?;
        let access = self.gate.enter_as(head, APPLICATION, &login).await?;
        let named = as_user(head).transpose()?;
        match named.is_none_or(|user| user == login.user) {
            true => Ok((access, Some(login))),
            false => Err(RequestError::NoUser),
        }
    }

    /// The application that the path names by its token or its public id, for a login there.
    pub(super) async fn enter_to_log_in(&self, head: &Head) -> Result<ApplicationId, RequestError> {
        Ok(self.gate.enter_to_log_in(head, APPLICATION).await?)
    }

    /// The access to make a user; `true` when it is whoever asks that is to be one, by the public id of the default application while
    /// registration is open.
    pub(super) async fn enter_to_register(
        &self,
        head: &Head,
    ) -> Result<(Access, bool), RequestError> {
        let speaks_for_itself =
            auth::bearer(&head.headers).is_none() && !head.headers.contains_key(AS_USER);
        if self.gate.registration && speaks_for_itself {
            let home = self.chat().default_application().await?.public_id;
            let named = head.segment(APPLICATION).and_then(|text| text.parse().ok());
            if named == Some(home) {
                let home = self.enter_to_log_in(head).await?;
                return Ok((home.into(), true));
            }
        }
        Ok((self.enter(head).await?, false))
    }

    /// The access, and the user who asks.
    pub(super) async fn enter_as_somebody(
        &self,
        head: &Head,
    ) -> Result<(Access, UserNumber, Option<Login>), RequestError> {
        let (access, login) = self.enter_with_login(head).await?;
        match access.caller().user() {
            Some(user) => Ok((access, user, login)),
            None => {
                let nobody = ChatError::NoCaller.into();
                Err(self.gate.missing_first(access, None, nobody).await)
            }
        }
    }

    /// The access that the token in the path gives, where a bearer is the admin's or means nothing.
    async fn enter_as_admin(&self, head: &Head) -> Result<Access, RequestError> {
        let access = self.gate.enter(head, APPLICATION).await?;
        let user = match as_user(head) {
            None => return Ok(access),
            Some(Ok(user)) => user,
            Some(Err(wrong)) => return Err(self.gate.missing_first(access, None, wrong).await),
        };
        match self.chat().user(access, user).await {
            Ok(_) => Ok(access.by(Caller::For(user))),
            Err(ChatError::UserNotFound(_)) => Err(RequestError::NoUser),
            Err(error) => Err(error.into()),
        }
    }

    /// The token of the session that the request is made in; the admin key is none, and takes no power away.
    pub(super) fn session(&self, head: &Head) -> Result<Option<Bearer>, RequestError> {
        let Some(bearer) = auth::bearer(&head.headers) else {
            return Ok(None);
        };
        let admin_key = self.options.admin_key.as_ref();
        if admin_key.is_some_and(|key| auth::has_key(&head.headers, key)) {
            return Ok(None);
        }
        let token = std::str::from_utf8(bearer).ok();
        let token = token.and_then(|token| token.parse().ok());
        token.map(Some).ok_or(RequestError::NoSession)
    }

    /// The access and the chat in the path.
    pub(super) async fn enter_chat(
        &self,
        head: &Head,
    ) -> Result<(Access, ChatNumber), RequestError> {
        let access = self.enter(head).await?;
        match head.segment(CHAT).and_then(|text| text.parse().ok()) {
            Some(chat) => Ok((access, chat)),
            None => Err(self
                .gate
                .missing_first(access, None, RequestError::NoChat)
                .await),
        }
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

/// The user in the path.
pub(super) fn user_in_path(head: &Head) -> Option<UserNumber> {
    head.segment(USER).and_then(|text| text.parse().ok())
}

/// The member in the path.
pub(super) fn member_in_path(head: &Head) -> Option<UserNumber> {
    head.segment(MEMBER).and_then(|text| text.parse().ok())
}

/// The session in the path.
pub(super) fn session_in_path(head: &Head) -> Option<SessionId> {
    head.segment(SESSION).and_then(|text| text.parse().ok())
}

/// The user that the token acts for, if the request names one.
pub(super) fn as_user(head: &Head) -> Option<Result<UserNumber, RequestError>> {
    let named = head.headers.get(AS_USER)?;
    let number = named.to_str().ok().and_then(|text| text.parse().ok());
    Some(number.ok_or(RequestError::NoUser))
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
