//! `/applications/{app}/me` and `…/me/chats`: whoever asks, and his chats.

use chat_core::clock::Timestamp;
use chat_core::ids::ChatNumber;
use chat_core::port::Activity;
use chat_core::service::MyChat;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::{ForUser, InApplication, MemberRole, PagedByActivity, UserPatch};
use super::state::{State, only_knows, query};
use super::status::{Native, RequestError};
use super::users::UserJson;
use super::view::{ChatJson, MessageJson};
use super::{input, pages};
use crate::http::call::{Call, Head};
use crate::http::paging;
use crate::http::reply::{self, Response};

/// A chat, seen by one who takes part in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MyChat)]
pub(super) struct MyChatJson {
    #[serde(flatten)]
    chat: ChatJson,
    /// The number of the other user of a direct chat.
    #[schema(minimum = 1)]
    with: Option<u64>,
    /// What he may do in it.
    #[schema(value_type = MemberRole)]
    role: &'static str,
    /// Whether he wants to be left alone by it.
    muted: bool,
    /// He has received everything up to this message.
    #[schema(minimum = 0)]
    delivered: u64,
    /// He has read everything up to this message.
    #[schema(minimum = 0)]
    read: u64,
    /// How many messages he has not read, neither his own nor deleted; 1,000 stands for at least so many.
    #[schema(minimum = 0, maximum = 1000)]
    unread: u64,
    /// The last message that is not deleted.
    last_message: Option<MessageJson>,
}

impl From<MyChat> for MyChatJson {
    fn from(mine: MyChat) -> Self {
        let me = mine.member.user;
        let with = mine.chat.direct.map(|direct| match direct.pair {
            pair if pair.low == me => pair.high.0,
            pair => pair.low.0,
        });
        Self {
            with,
            role: mine.member.role.as_str(),
            muted: mine.member.muted,
            delivered: mine.member.delivered.0,
            read: mine.member.read.0,
            unread: mine.unread,
            last_message: mine.latest.map(MessageJson::from),
            chat: mine.chat.into(),
        }
    }
}

/// Whoever asks.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/me", tag = "users", operation_id = "get_me",
    params(InApplication, ForUser),
    responses((status = 200, description = "The user", body = UserJson)),
)]
pub(super) async fn get(state: State, call: Call) -> Result<Response, Native> {
    let (access, user, _) = state.enter_as_somebody(&call.head).await?;
    only_knows(&query(&call.head)?, &[])?;
    let user = state.chat().user(access, user).await?;
    Ok(reply::json(StatusCode::OK, &UserJson::from(user)))
}

/// Change whoever asks. With another password all his sessions end but this one.
#[utoipa::path(
    patch, path = "/api/v1/applications/{app}/me", tag = "users", operation_id = "update_me",
    params(InApplication, ForUser), request_body = UserPatch,
    responses((status = 200, description = "The user", body = UserJson)),
)]
pub(super) async fn update(state: State, call: Call) -> Result<Response, Native> {
    let (access, user, login) = state.enter_as_somebody(&call.head).await?;
    only_knows(&query(&call.head)?, &[])?;
    let mut change = input::user_change(&call)?;
    change.keep = login.map(|login| login.token);
    let user = state.chat().change_user(access, user, change).await?;
    Ok(reply::json(StatusCode::OK, &UserJson::from(user)))
}

/// The chats that whoever asks takes part in and has not hidden, latest activity first: a page.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/me/chats", tag = "chats", operation_id = "list_my_chats",
    params(InApplication, ForUser, PagedByActivity),
    responses((status = 200, description = "The chats", body = [MyChatJson],
        headers(("Link" = Option<String>, description = "The page behind this one")))),
)]
pub(super) async fn chats(state: State, call: Call) -> Result<Response, Native> {
    let (access, ..) = state.enter_as_somebody(&call.head).await?;
    let (limit, after) = ask(&call.head)?;
    let page = state
        .chat()
        .my_chats(access, after, pages::limit(limit))
        .await?;
    let last = page.items.last().filter(|_| page.more);
    let last = last.map(|mine| place(mine.activity));
    let chats: Vec<MyChatJson> = page.items.into_iter().map(MyChatJson::from).collect();
    let answer = reply::json(StatusCode::OK, &chats);
    Ok(paging::with_next(answer, &call.head.uri, limit, last))
}

fn ask(head: &Head) -> Result<(u16, Option<Activity>), RequestError> {
    let query = query(head)?;
    only_knows(&query, &["limit", "after"])?;
    let limit = query
        .get("limit")
        .map_or(Ok(paging::USUAL), paging::limit)?;
    let after = query.get("after").map(|text| {
        activity(text).ok_or_else(|| {
            RequestError::Parameter("after".into(), "is no place in this list".into())
        })
    });
    Ok((limit, after.transpose()?))
}

/// A place in the list as links have it.
fn place(at: Activity) -> String {
    format!("{}.{}", at.at.0, at.chat)
}

fn activity(text: &str) -> Option<Activity> {
    let (at, chat) = text.split_once('.')?;
    Some(Activity {
        at: Timestamp(at.parse().ok()?),
        chat: chat.parse::<ChatNumber>().ok()?,
    })
}
