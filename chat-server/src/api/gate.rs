//! Who comes in: the application and the chat that a path names, for the APIs that name them by a token.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use chat_core::bearer::Bearer;
use chat_core::error::ChatError;
use chat_core::ids::{ApplicationId, ChatNumber, OperationId, Token};
use chat_core::service::{Access, Chat, Login};
use chat_core::text::{IdempotencyKey, Violation};
use http::header::LOCATION;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::call::Head;
use crate::http::rate::{Allowance, RateLimiter};
use crate::http::reply::{self, Response};
use crate::live::talk::Guest;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What the doors stand before.
#[derive(Clone)]
pub struct Gate {
    /// The chat backend.
    pub chat: Chat,
    /// Counts each application's requests, through whichever door they come.
    pub limiter: Option<Arc<RateLimiter>>,
    /// How long a reader may take nothing of a long answer.
    pub patience: Duration,
    /// Whether anybody may make himself a user of the default application.
    pub registration: bool,
}

/// Why a request does not come in.
#[derive(Debug)]
pub(crate) enum EntryError {
    /// The segment in the application's place is no token.
    NoApplication,
    /// The segment in the chat's place is no number.
    NoChat,
    /// The application made all its requests of this time.
    Exhausted(Allowance),
    /// The core says no, or cannot say.
    Chat(ChatError),
}

impl From<Allowance> for EntryError {
    fn from(allowance: Allowance) -> Self {
        Self::Exhausted(allowance)
    }
}

impl From<ChatError> for EntryError {
    fn from(error: ChatError) -> Self {
        Self::Chat(error)
    }
}

/// Who came in where a path names a chat.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InChat {
    /// The token in the path.
    pub(crate) token: Token,
    /// The access that it gives.
    pub(crate) access: Access,
    /// The chat, which need not exist.
    pub(crate) chat: ChatNumber,
}

impl Gate {
    /// The access that the token in this segment gives; counts the request when there is a limit.
    pub(crate) async fn enter(&self, head: &Head, at: usize) -> Result<Access, EntryError> {
        self.enter_with_token(head, at)
            .await
            .map(|(_, access)| access)
    }

    /// The access of whoever is logged in, where this segment names his application by its token or its public id; counts the
    /// request when there is a limit.
    pub(crate) async fn enter_as(
        &self,
        head: &Head,
        at: usize,
        login: &Login,
    ) -> Result<Access, EntryError> {
        let name = head.segment(at).and_then(|text| text.parse::<Token>().ok());
        let name = name.ok_or(EntryError::NoApplication)?.expose();
        if self.chat.application_named(name).await? != login.application {
            return Err(EntryError::NoApplication);
        }
        self.count(head, login.application).await?;
        Ok(login.access())
    }

    /// The application that this segment names, for somebody who is to log in there: its public id is enough to knock. Counts the
    /// request when there is a limit.
    pub(crate) async fn enter_to_log_in(
        &self,
        head: &Head,
        at: usize,
    ) -> Result<ApplicationId, EntryError> {
        let name = head.segment(at).and_then(|text| text.parse::<Token>().ok());
        let name = name.ok_or(EntryError::NoApplication)?.expose();
        let application = self.chat.application_named(name).await?;
        self.count(head, application).await?;
        Ok(application)
    }

    /// The default application, for the APIs that have no other; counts the request when there is a limit. Whoever made all of
    /// his requests is told to come back later.
    pub(crate) async fn enter_default(&self, head: &Head) -> Result<ApplicationId, ChatError> {
        let application = self.chat.default_application_id().await?;
        self.count_default(head, application).await?;
        Ok(application)
    }

    /// Who holds this token in the default application; `None` when he is of another one. Counts the request as
    /// [`Gate::enter_default`] does.
    pub(crate) async fn enter_default_as(
        &self,
        head: &Head,
        token: &Bearer,
    ) -> Result<Option<Login>, ChatError> {
        let login = self.chat.authenticate(token).await?;
        let home = self.chat.default_application_id().await?;
        if login.application != home {
            return Ok(None);
        }
        self.count_default(head, home).await?;
        Ok(Some(login))
    }

    async fn count_default(&self, head: &Head, home: ApplicationId) -> Result<(), ChatError> {
        let counted = self.count(head, home).await;
        counted.map_err(|allowance| ChatError::Busy {
            retry_after: allowance.left(),
        })
    }

    async fn enter_with_token(
        &self,
        head: &Head,
        at: usize,
    ) -> Result<(Token, Access), EntryError> {
        let token = head.segment(at).and_then(|text| text.parse().ok());
        let token: Token = token.ok_or(EntryError::NoApplication)?;
        let access = Access::from(token);
        if self.limiter.is_some() {
            let application = self.chat.application_id(access).await?;
            self.count(head, application).await?;
        }
        Ok((token, access))
    }

    /// Counts the request when there is a limit.
    pub(crate) async fn count(
        &self,
        head: &Head,
        application: ApplicationId,
    ) -> Result<(), Allowance> {
        let Some(limiter) = &self.limiter else {
            return Ok(());
        };
        if head.allowance.get().is_none()
            && let Some(allowance) = limiter.take(&format!("rate-{application}")).await
        {
            // One task handles a request, so nobody else has set it.
            let _ = head.allowance.set(allowance);
        }
        match head.allowance.get() {
            Some(allowance) if !allowance.granted => Err(*allowance),
            _ => Ok(()),
        }
    }

    /// Counts one thing more that is asked for on a socket, when there is a limit, and sees that whoever asks is still logged in:
    /// what was true when the socket was opened need not be so now.
    pub(crate) async fn enter_again(&self, guest: &Guest) -> Result<(), EntryError> {
        if let Some(allowance) = self.refused(guest).await {
            return Err(EntryError::Exhausted(allowance));
        }
        self.chat.still_logged_in(guest.access).await?;
        Ok(())
    }

    /// Counts one thing more that is said on a socket, when there is a limit: whether it is told, or lost as it may be.
    pub(crate) async fn may_say(&self, guest: &Guest) -> bool {
        self.refused(guest).await.is_none()
    }

    async fn refused(&self, guest: &Guest) -> Option<Allowance> {
        let limiter = self.limiter.as_ref()?;
        let allowance = limiter.take(&format!("rate-{}", guest.application)).await?;
        (!allowance.granted).then_some(allowance)
    }

    /// The token in one segment with the access that it gives, and the chat in another.
    pub(crate) async fn enter_chat(
        &self,
        head: &Head,
        application: usize,
        chat: usize,
    ) -> Result<InChat, EntryError> {
        let (token, access) = self.enter_with_token(head, application).await?;
        match head.segment(chat).and_then(|text| text.parse().ok()) {
            Some(chat) => Ok(InChat {
                token,
                access,
                chat,
            }),
            None => Err(self.missing_first(access, None, EntryError::NoChat).await),
        }
    }

    /// A missing parent is told before anything that is wrong with the request.
    pub(crate) async fn missing_first<E: From<ChatError>>(
        &self,
        access: Access,
        chat: Option<ChatNumber>,
        wrong: E,
    ) -> E {
        let found = match chat {
            Some(number) => self.chat.chat(access, number).await.map(drop),
            None => self.chat.application_id(access).await.map(drop),
        };
        found.map_or_else(E::from, |()| wrong)
    }
}

/// The idempotency key that the request carries, if it does.
pub(crate) fn idempotency_key(head: &Head) -> Result<Option<IdempotencyKey>, Violation> {
    let Some(value) = head.headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    IdempotencyKey::parse(String::from_utf8_lossy(value.as_bytes())).map(Some)
}

/// A write that waits in the queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptedJson {
    /// The id of the operation.
    operation: Uuid,
}

/// What the APIs that have no word for it say of a write that waits in a queue which outlives a crash.
pub(crate) fn accepted(application: impl Display, id: OperationId) -> Response {
    let body = AcceptedJson { operation: id.0 };
    with_operation(reply::json(StatusCode::ACCEPTED, &body), application, id)
}

/// The answer to a write that waits in a queue which outlives a crash, saying where the native API tells what becomes of it.
pub(crate) fn with_operation(
    mut answer: Response,
    application: impl Display,
    id: OperationId,
) -> Response {
    let location = format!("/api/v1/applications/{application}/operations/{id}");
    // Both are plain ASCII.
    if let Ok(location) = HeaderValue::from_str(&location) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

/// The answer, saying whether it is the one of an earlier request.
pub(crate) fn with_replayed(mut answer: Response, replayed: bool) -> Response {
    if replayed {
        answer
            .headers_mut()
            .insert(REPLAYED, HeaderValue::from_static("true"));
    }
    answer
}
