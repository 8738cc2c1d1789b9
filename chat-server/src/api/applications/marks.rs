//! `…/chats/{chat}/mark` and `…/chats/{chat}/marks`: what members have received and read.

use chat_core::commit::Mark;
use chat_core::error::ChatError;
use chat_core::model::Member;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::{ForUser, InChat, MarkInput, Paged};
use super::state::{State, only_knows, query};
use super::status::{Native, RequestError};
use super::{input, pages};
use crate::api::lists;
use crate::http::call::Call;
use crate::http::list;
use crate::http::paging;
use crate::http::reply::{self, Frame, Response};

/// How far whoever asks has received and read a chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mark)]
pub(super) struct MarkJson {
    /// Everything up to this message was received.
    #[schema(minimum = 0)]
    delivered: u64,
    /// Everything up to this message was read.
    #[schema(minimum = 0)]
    read: u64,
}

/// How far a member has received and read a chat.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MarksOfMember {
    /// The number of the user.
    #[schema(minimum = 1)]
    user: u64,
    /// It has received everything up to this message.
    #[schema(minimum = 0)]
    delivered: u64,
    /// It has read everything up to this message.
    #[schema(minimum = 0)]
    read: u64,
}

impl From<Member> for MarkJson {
    fn from(member: Member) -> Self {
        Self {
            delivered: member.delivered.0,
            read: member.read.0,
        }
    }
}

impl From<Member> for MarksOfMember {
    fn from(member: Member) -> Self {
        Self {
            user: member.user.0,
            delivered: member.delivered.0,
            read: member.read.0,
        }
    }
}

/// How far whoever asks has received and read the chat.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/chats/{chat}/mark", tag = "marks", operation_id = "get_mark",
    params(InChat, ForUser),
    responses((status = 200, description = "The mark", body = MarkJson)),
)]
pub(super) async fn get(state: State, call: Call) -> Result<Response, Native> {
    let (access, chat) = state.enter_chat(&call.head).await?;
    let reader = state.chat().chat(access, chat).await?;
    only_knows(&query(&call.head)?, &[])?;
    let user = access.caller().user().ok_or(ChatError::NoCaller)?;
    let member = reader.member(user).await?;
    Ok(reply::json(StatusCode::OK, &MarkJson::from(member)))
}

/// Say how far the chat was received and read: a mark only rises, and saying it again changes nothing.
#[utoipa::path(
    put, path = "/api/v1/applications/{app}/chats/{chat}/mark", tag = "marks", operation_id = "set_mark",
    params(InChat, ForUser), request_body = MarkInput,
    responses((status = 200, description = "The mark as it stands", body = MarkJson)),
)]
pub(super) async fn put(state: State, call: Call) -> Result<Response, Native> {
    let (access, chat) = state.enter_chat(&call.head).await?;
    let asked = query(&call.head)
        .and_then(|query| only_knows(&query, &[]))
        .and_then(|()| input::mark(&call));
    let mark = match asked {
        Ok(mark) => mark,
        Err(wrong) => {
            let chat = Some(chat);
            return Err(state.gate.missing_first(access, chat, wrong).await.into());
        }
    };
    if access.caller().user().is_none() {
        let (chat, nobody) = (Some(chat), RequestError::from(ChatError::NoCaller));
        return Err(state.gate.missing_first(access, chat, nobody).await.into());
    }
    let member = state.chat().mark(access, chat, mark).await;
    let member = member.map_err(|error| not_set(mark, error))?;
    Ok(reply::json(StatusCode::OK, &MarkJson::from(member)))
}

/// Why a mark was not set, with the field that is at fault.
pub(super) fn not_set(mark: Mark, error: ChatError) -> RequestError {
    match error {
        ChatError::BeyondHead(last) => {
            let field = match mark.read {
                Some(read) if read > last => "read",
                _ => "delivered",
            };
            RequestError::Rule(field, format!("is beyond the last message, {last}"))
        }
        error => error.into(),
    }
}

/// How far each member has received and read the chat, by user: all of them, or a page.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/chats/{chat}/marks", tag = "marks", operation_id = "list_marks",
    params(InChat, ForUser, Paged),
    responses((status = 200, description = "The marks", body = [MarksOfMember],
        headers(("Link" = Option<String>, description = "The pages beside this one")))),
)]
pub(super) async fn list(state: State, call: Call) -> Result<Response, Native> {
    let (access, chat) = state.enter_chat(&call.head).await?;
    let reader = state.chat().chat(access, chat).await?;
    let query = query(&call.head)?;
    only_knows(&query, &paging::PARAMETERS)?;
    let Some(ask) = paging::read(&query)? else {
        let pages = lists::members(reader, MarksOfMember::from);
        return Ok(list::whole(&call.head, state.gate.patience, Frame::ARRAY, pages).await?);
    };
    let fetch = |span, limit| reader.members(span, limit);
    let (members, beside) = pages::read(ask, |member| member.user.0, fetch).await?;
    let members = members.into_iter().map(MarksOfMember::from);
    Ok(pages::answer(&call.head, ask.limit, members, beside))
}
