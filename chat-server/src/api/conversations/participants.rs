//! `/conversations/{id}/participants`.

use std::sync::Arc;

use chat_core::commit::AddMembers;
use chat_core::model::Role;
use http::StatusCode;
use serde::Deserialize;

use super::conversation::shown;
use super::entry::{Shared, key, participant};
use super::input::id;
use super::shapes::{OfId, OfParticipant, ParticipantInput};
use super::status::RequestError;
use super::view::ConversationJson;
use crate::api::gate::with_replayed;
use crate::api::number::Numeral;
use crate::api::shapes::Keyed;
use crate::http::call::Call;
use crate::http::input::unlabelled;
use crate::http::reply::{self, Response};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Sent {
    user_id: Numeral,
}

/// Take somebody into a group, as its owner; or as anybody in it once its last owner has left or was deleted.
#[utoipa::path(
    post, path = "/conversations/{id}/participants", tag = "conversations", operation_id = "conversations_add_participant",
    params(OfId, Keyed), request_body = ParticipantInput,
    responses((status = 201, description = "The conversation", body = ConversationJson)),
)]
pub(super) async fn add(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let (me, reader) = shared.enter_conversation(&call.head).await?;
    let key = key(&call.head)?;
    let sent: Sent = unlabelled(&call)?;
    let add = AddMembers {
        users: vec![id("userId", sent.user_id)?],
        role: Role::Member,
    };
    let number = reader.view().number;
    let added = shared
        .chat()
        .add_members(me.access, number, add, key.as_ref());
    let replayed = added.await?.replayed;
    let body = shown(&shared, me.access, number).await?;
    Ok(with_replayed(
        reply::json(StatusCode::CREATED, &body),
        replayed,
    ))
}

/// Remove somebody from a group, as its owner, or as anybody in it once its last owner has left or was deleted; or leave it.
#[utoipa::path(
    delete, path = "/conversations/{id}/participants/{user}", tag = "conversations", operation_id = "conversations_remove_participant",
    params(OfParticipant),
    responses((status = 204, description = "Done")),
)]
pub(super) async fn remove(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let (me, reader) = shared.enter_conversation(&call.head).await?;
    let (chat, number) = (shared.chat(), reader.view().number);
    chat.remove_member(me.access, number, participant(&call.head)?)
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
