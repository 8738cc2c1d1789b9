//! `…/chats/{chat}/members` and `…/chats/{chat}/members/{user}`.

use chat_core::commit::Caller;
use chat_core::error::ChatError;
use chat_core::model::Member;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::{
    ForUser, InChat, InMember, MemberPatch, MemberRole, MembersInput, Paged, Preferring,
};
use super::state::{State, created, key, member_in_path, only_knows, query};
use super::status::{Native, RequestError};
use super::view::{OperationJson, Time};
use super::{input, pages};
use crate::api::lists;
use crate::api::shapes::Keyed;
use crate::http::call::Call;
use crate::http::list;
use crate::http::paging;
use crate::http::reply::{self, Frame, Response};

/// Somebody who takes part in a chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub(super) struct MemberJson {
    /// The number of the user.
    #[schema(minimum = 1)]
    user: u64,
    /// What it may do.
    #[schema(value_type = MemberRole)]
    role: &'static str,
    /// When it came, the last time.
    #[schema(value_type = String, format = DateTime)]
    joined_at: Time,
    /// Whether it wants to be left alone by this chat; only the application and the member itself see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    muted: Option<bool>,
}

impl MemberJson {
    /// As the caller may see it.
    fn seen(member: &Member, by: Caller) -> Self {
        let sees_all = by.user().is_none_or(|user| user == member.user);
        Self {
            user: member.user.0,
            role: member.role.as_str(),
            joined_at: Time(member.joined_at),
            muted: sees_all.then_some(member.muted),
        }
    }
}

/// Somebody who was taken into a chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewMember)]
pub(super) struct NewMemberJson {
    /// The number of the user.
    #[schema(minimum = 1)]
    user: u64,
    /// What it may do.
    #[schema(value_type = MemberRole)]
    role: &'static str,
}

const NO_MEMBER: RequestError = RequestError::Lost("Member Not Found");

/// Who takes part in the chat, by user: all of them, or a page. An open chat has no members.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/chats/{chat}/members", tag = "members", operation_id = "list_members",
    params(InChat, ForUser, Paged),
    responses((status = 200, description = "The members", body = [MemberJson],
        headers(("Link" = Option<String>, description = "The pages beside this one")))),
)]
pub(super) async fn list(state: State, call: Call) -> Result<Response, Native> {
    let (access, chat) = state.enter_chat(&call.head).await?;
    let reader = state.chat().chat(access, chat).await?;
    let query = query(&call.head)?;
    only_knows(&query, &paging::PARAMETERS)?;
    let caller = access.caller();
    let show = move |member: Member| MemberJson::seen(&member, caller);
    let Some(ask) = paging::read(&query)? else {
        let pages = lists::members(reader, show);
        return Ok(list::whole(&call.head, state.gate.patience, Frame::ARRAY, pages).await?);
    };
    let fetch = |span, limit| reader.members(span, limit);
    let (members, beside) = pages::read(ask, |member| member.user.0, fetch).await?;
    let members = members.into_iter().map(show);
    Ok(pages::answer(&call.head, ask.limit, members, beside))
}

/// Take users into a group, all of them or none; they see it from its beginning. Those who own it may.
#[utoipa::path(
    post, path = "/api/v1/applications/{app}/chats/{chat}/members", tag = "members", operation_id = "add_members",
    params(InChat, ForUser, Keyed, Preferring), request_body = MembersInput,
    responses(
        (status = 201, description = "The new members", body = [NewMemberJson]),
        (status = 202, description = "It waits in the queue, as an operation", body = OperationJson,
            headers(("Location" = String, description = "The operation"))),
    ),
)]
pub(super) async fn add(state: State, call: Call) -> Result<Response, Native> {
    let (access, number) = state.enter_chat(&call.head).await?;
    let asked = query(&call.head)
        .and_then(|query| only_knows(&query, &[]))
        .and_then(|()| Ok((key(&call.head)?, input::new_members(&call)?)));
    let (key, add) = match asked {
        Ok(asked) => asked,
        Err(wrong) => {
            let chat = Some(number);
            return Err(state.gate.missing_first(access, chat, wrong).await.into());
        }
    };
    let role = add.role.as_str();
    let added = add
        .users
        .iter()
        .map(|user| NewMemberJson { user: user.0, role });
    let added: Vec<NewMemberJson> = added.collect();
    let chat = state.chat_for(&call.head);
    let answer = chat.add_members(access, number, add, key.as_ref()).await;
    let answer = answer.map_err(|error| match error {
        ChatError::UserNotFound(user) => {
            RequestError::Rule("members", format!("user {user} does not exist"))
        }
        error => error.into(),
    })?;
    Ok(created(&added, answer.replayed))
}

/// Change what a member may do, as those who own the group may, or whether it wants to be left alone, as it may itself.
/// The last owner stays one until another member is one. Once the last one has left or was deleted, all members may what owners
/// may, but delete the group.
#[utoipa::path(
    patch, path = "/api/v1/applications/{app}/chats/{chat}/members/{user}", tag = "members", operation_id = "update_member",
    params(InMember, ForUser), request_body = MemberPatch,
    responses((status = 200, description = "The member", body = MemberJson)),
)]
pub(super) async fn update(state: State, call: Call) -> Result<Response, Native> {
    let (access, number) = state.enter_chat(&call.head).await?;
    let chat = state.chat();
    let Some(user) = member_in_path(&call.head) else {
        let chat = Some(number);
        return Err(state
            .gate
            .missing_first(access, chat, NO_MEMBER)
            .await
            .into());
    };
    let asked = query(&call.head)
        .and_then(|query| only_knows(&query, &[]))
        .and_then(|()| input::member_change(&call, user));
    let change = match asked {
        Ok(change) => change,
        Err(wrong) => {
            chat.chat(access, number).await?.member(user).await?;
            return Err(wrong.into());
        }
    };
    let member = chat.change_member(access, number, change).await?;
    let body = MemberJson::seen(&member, access.caller());
    Ok(reply::json(StatusCode::OK, &body))
}

/// Remove a member from a group, as those who own it may, or leave it oneself.
#[utoipa::path(
    delete, path = "/api/v1/applications/{app}/chats/{chat}/members/{user}", tag = "members", operation_id = "remove_member",
    params(InMember, ForUser),
    responses((status = 204, description = "It is not there any more")),
)]
pub(super) async fn remove(state: State, call: Call) -> Result<Response, Native> {
    let (access, number) = state.enter_chat(&call.head).await?;
    let Some(user) = member_in_path(&call.head) else {
        let chat = Some(number);
        return Err(state
            .gate
            .missing_first(access, chat, NO_MEMBER)
            .await
            .into());
    };
    if let Err(wrong) = query(&call.head).and_then(|query| only_knows(&query, &[])) {
        let chat = Some(number);
        return Err(state.gate.missing_first(access, chat, wrong).await.into());
    }
    state.chat().remove_member(access, number, user).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
