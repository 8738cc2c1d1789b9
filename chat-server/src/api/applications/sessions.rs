//! `/applications/{app}/sessions` and `…/sessions/{session}`: who is logged in.

use chat_core::clock::Timestamp;
use chat_core::error::ChatError;
use chat_core::model::Session;
use chat_core::port::Opened;
use http::HeaderValue;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::input::{self, NewSession};
use super::pages;
use super::shapes::{ForUser, InApplication, InSession, PagedByOpening, SessionInput};
use super::state::{State, only_knows, query, session_in_path};
use super::status::{Native, RequestError};
use super::users::UserJson;
use super::view::Time;
use crate::http::call::{Call, Head};
use crate::http::paging;
use crate::http::reply::{self, Response};

/// A login.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionJson {
    /// What it is ended by; it gives no power.
    id: Uuid,
    /// Where from, as whoever logged in said.
    #[schema(min_length = 1, max_length = 255)]
    device: Option<String>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
}

/// A login, with what proves it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewSession)]
pub(super) struct NewSessionJson<'a> {
    #[serde(flatten)]
    session: SessionJson,
    /// Send it as `Authorization: Bearer`; it is told this once.
    token: &'a str,
    /// Who is logged in.
    user: UserJson,
}

impl From<Session> for SessionJson {
    fn from(session: Session) -> Self {
        Self {
            id: session.id.0,
            device: session.device,
            created_at: Time(session.created_at),
            expires_at: Time(session.expires_at),
        }
    }
}

/// Log in with a name and a password, by the application's token or its public id; or, with the token, as any user.
#[utoipa::path(
    post, path = "/api/v1/applications/{app}/sessions", tag = "sessions", operation_id = "create_session",
    params(InApplication), request_body = SessionInput,
    responses((status = 201, description = "The new session", body = NewSessionJson)),
)]
pub(super) async fn create(state: State, call: Call) -> Result<Response, Native> {
    let head = &call.head;
    let asked = query(head)
        .and_then(|query| only_knows(&query, &[]))
        .and_then(|()| input::new_session(&call));
    let (new, device) = match asked {
        Ok(asked) => asked,
        Err(wrong) => {
            state.enter_to_log_in(head).await?;
            return Err(wrong.into());
        }
    };
    let chat = state.chat();
    let opened = match new {
        NewSession::Login(username, password) => {
            let application = state.enter_to_log_in(head).await?;
            let attempts = &state.options.attempts;
            let attempt = attempts.begin(application, &username, head.peer.ip());
            let attempt = attempt.await.map_err(RequestError::TooManyAttempts)?;
            let access = application.into();
            let opened = chat.login(access, &username, &password, device.as_ref());
            let opened = opened.await;
            if matches!(opened, Err(ChatError::WrongCredentials)) {
                attempt.fail().await;
            }
            opened?
        }
        // The public id opens no session without a password.
        NewSession::Minted(user) => {
            let access = state.enter(head).await?;
            let minted = chat.mint_session(access, user, device.as_ref()).await;
            minted.map_err(|error| match error {
                ChatError::UserNotFound(_) => RequestError::Rule("user", "does not exist".into()),
                error => error.into(),
            })?
        }
    };
    let body = NewSessionJson {
        session: opened.session.into(),
        token: opened.token.expose(),
        user: opened.user.into(),
    };
    let mut answer = reply::json(StatusCode::CREATED, &body);
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// The sessions of whoever asks, the latest first: a page.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/sessions", tag = "sessions", operation_id = "list_sessions",
    params(InApplication, ForUser, PagedByOpening),
    responses((status = 200, description = "The sessions", body = [SessionJson],
        headers(("Link" = Option<String>, description = "The page behind this one")))),
)]
pub(super) async fn list(state: State, call: Call) -> Result<Response, Native> {
    let (access, user, _) = state.enter_as_somebody(&call.head).await?;
    let (limit, after) = ask(&call.head)?;
    let sessions = state
        .chat()
        .sessions(access, user, after, pages::limit(limit));
    let page = sessions.await?;
    let last = page.items.last().filter(|_| page.more);
    let last = last.map(|last| format!("{}.{}", last.created_at.0, last.id.0));
    let sessions: Vec<SessionJson> = page.items.into_iter().map(SessionJson::from).collect();
    let answer = reply::json(StatusCode::OK, &sessions);
    Ok(paging::with_next(answer, &call.head.uri, limit, last))
}

fn ask(head: &Head) -> Result<(u16, Option<Opened>), RequestError> {
    let query = query(head)?;
    only_knows(&query, &["limit", "after"])?;
    let limit = query.get("limit").map_or(Ok(paging::MOST), paging::limit)?;
    let after = query.get("after").map(|text| {
        opened(text).ok_or_else(|| {
            RequestError::Parameter("after".into(), "is no place in this list".into())
        })
    });
    Ok((limit, after.transpose()?))
}

/// A place in the list as links have it.
fn opened(text: &str) -> Option<Opened> {
    let (at, id) = text.split_once('.')?;
    Some(Opened {
        at: Timestamp(at.parse().ok()?),
        id: id.parse().ok()?,
    })
}

/// End a session of whoever asks: its token proves nothing from now on.
#[utoipa::path(
    delete, path = "/api/v1/applications/{app}/sessions/{session}", tag = "sessions", operation_id = "end_session",
    params(InSession, ForUser),
    responses((status = 204, description = "It has ended")),
)]
pub(super) async fn end(state: State, call: Call) -> Result<Response, Native> {
    let (access, user, _) = state.enter_as_somebody(&call.head).await?;
    let session = session_in_path(&call.head).ok_or(ChatError::SessionNotFound)?;
    only_knows(&query(&call.head)?, &[])?;
    state.chat().end_session(access, user, session).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
