//! Who comes in, and to what the path leads.

use std::borrow::Cow;

use chat_core::bearer::Bearer;
use chat_core::error::ChatError;
use chat_core::ids::{ApplicationId, ChatNumber, UserNumber};
use chat_core::model::Message;
use chat_core::service::{Access, Chat, Login, Reader};
use chat_core::text::IdempotencyKey;

use super::Options;
use super::status::{CONVERSATION, KEY, MESSAGE, RequestError, USER};
use crate::api::gate::{self, Gate};
use crate::http::auth;
use crate::http::call::Head;

/// Where a user or a conversation stands in every path, and what is in one.
const FIRST: usize = 1;
const SECOND: usize = 3;

/// What the handlers share.
pub(super) struct Shared {
    pub(super) gate: Gate,
    pub(super) options: Options,
}

/// Whoever is logged in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Me {
    pub(super) login: Login,
    pub(super) user: UserNumber,
    pub(super) access: Access,
}

impl Shared {
    pub(super) fn chat(&self) -> &Chat {
        &self.gate.chat
    }

    /// The application that all this is in.
    pub(super) async fn home(&self, head: &Head) -> Result<ApplicationId, ChatError> {
        self.gate.enter_default(head).await
    }

    /// Who holds the token that the request carries, now.
    pub(super) async fn enter(&self, head: &Head) -> Result<Me, RequestError> {
        let token = bearer(head).ok_or(RequestError::Unauthorized)?;
        self.enter_by(head, &token).await
    }

    /// Who holds this token, now.
    pub(super) async fn enter_by(&self, head: &Head, token: &Bearer) -> Result<Me, RequestError> {
        let login = self.gate.enter_default_as(head, token).await?;
        let login = login.ok_or(RequestError::Unauthorized)?;
        Ok(Me {
            login,
            user: login.user,
            access: login.access(),
        })
    }

    /// Who asks, and the conversation that the path names, opened for him.
    pub(super) async fn enter_conversation(
        &self,
        head: &Head,
    ) -> Result<(Me, Reader), RequestError> {
        let me = self.enter(head).await?;
        let reader = self.chat().chat(me.access, conversation(head)?).await?;
        Ok((me, reader))
    }

    /// Who asks, and the message that the path names, in its conversation.
    pub(super) async fn enter_message(
        &self,
        head: &Head,
    ) -> Result<(Me, Reader, Message), RequestError> {
        let (me, reader) = self.enter_conversation(head).await?;
        let lost = || RequestError::Lost(MESSAGE);
        let number = reader.number_of(id(head, SECOND).ok_or_else(lost)?).await?;
        let message = reader.message(number.ok_or_else(lost)?).await?;
        Ok((me, reader, message))
    }
}

/// The token in the request's headers.
pub(super) fn bearer(head: &Head) -> Option<Bearer> {
    let token = auth::bearer(&head.headers)?;
    std::str::from_utf8(token).ok()?.parse().ok()
}

/// A number from 1 in the path.
fn id(head: &Head, at: usize) -> Option<u64> {
    let number: Option<UserNumber> = head.segment(at).and_then(|text| text.parse().ok());
    number.map(|number| number.0)
}

/// The conversation that the path names.
pub(super) fn conversation(head: &Head) -> Result<ChatNumber, RequestError> {
    let number = id(head, FIRST).map(ChatNumber);
    number.ok_or(RequestError::Lost(CONVERSATION))
}

/// The user that `/users/{id}` names.
pub(super) fn user(head: &Head) -> Result<UserNumber, RequestError> {
    let number = id(head, FIRST).map(UserNumber);
    number.ok_or(RequestError::Lost(USER))
}

/// What `/users/{id}/keys/{device}` calls the device.
pub(super) fn device(head: &Head) -> Result<String, RequestError> {
    let device = head.segment(SECOND).map(Cow::into_owned);
    device.ok_or(RequestError::Lost(KEY))
}

/// The user that a path in a conversation names.
pub(super) fn participant(head: &Head) -> Result<UserNumber, RequestError> {
    let number = id(head, SECOND).map(UserNumber);
    number.ok_or(RequestError::Lost(super::status::PARTICIPANT))
}

/// The idempotency key that the request carries, if it does.
pub(super) fn key(head: &Head) -> Result<Option<IdempotencyKey>, RequestError> {
    gate::idempotency_key(head)
        .map_err(|violation| RequestError::Field("Idempotency-Key", violation))
}
