//! `…/chats/{chat}/messages/search`, and `…/search` over all chats.

use std::sync::Arc;

use chat_core::ids::{ChatNumber, UserNumber};
use chat_core::model::Message;
use chat_core::page::Limit;
use chat_core::port::Order;
use chat_core::service::{Reader, SearchRequest};
use chat_core::terms::Query;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::{InApplication, InChat, SearchAnywhereQuery, SearchQuery};
use super::state::{State, only_knows, query};
use super::status::{Native, RequestError};
use super::view::MessageJson;
use crate::http::call::{Call, Head};
use crate::http::paging::{self, Neighbours};
use crate::http::reply::{self, Response};

const INDEXED_THROUGH: HeaderName = HeaderName::from_static("x-indexed-through");

/// Messages of a chat that match: whole words or parts of words, all pieces required, phrases in quotes.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/chats/{chat}/messages/search", tag = "messages", operation_id = "search_messages",
    params(InChat, SearchQuery),
    responses((status = 200, description = "The messages, newest first or best match first", body = [MessageJson],
        headers(
            ("Link" = Option<String>, description = "The page behind this one; never by relevance"),
            ("X-Indexed-Through" = u64, description = "The number up to which the index is current"),
        ))),
)]
pub(super) async fn search(state: State, call: Call) -> Result<Response, RequestError> {
    let (access, number) = state.enter_chat(&call.head).await?;
    let reader = state.chat().chat(access, number).await?;
    let (request, limit) = request(&call.head)?;
    let found = reader.search(&request).await?;
    let messages: Vec<MessageJson> = found.items.into_iter().map(MessageJson::from).collect();
    let mut answer = reply::json(StatusCode::OK, &messages);
    let through = HeaderValue::from(found.indexed_through.number.0);
    answer.headers_mut().insert(INDEXED_THROUGH, through);
    let next = Neighbours {
        next_before: found.next,
        ..Neighbours::default()
    };
    Ok(paging::with_links(answer, &call.head.uri, limit, next))
}

/// A page of what was found in an application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Found)]
pub(super) struct FoundJson {
    /// The messages, those first that were created last.
    items: Vec<FoundMessage>,
    /// In one chat the number up to which the index is current; null for all chats together.
    #[schema(minimum = 0)]
    indexed_through: Option<u64>,
    /// Whether the index has everything that was written before.
    current: bool,
    /// Give it as `before` to go on; null at the end. It stands until the index is built anew.
    #[schema(minimum = 0)]
    next: Option<u64>,
}

/// A message with the number of its chat.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundMessage {
    /// The number of its chat.
    #[schema(minimum = 1)]
    chat: u64,
    #[serde(flatten)]
    message: MessageJson,
}

impl FoundMessage {
    pub(super) fn new(chat: ChatNumber, message: Message) -> Self {
        Self {
            chat: chat.0,
            message: message.into(),
        }
    }
}

/// Messages of all chats that match, or of one chat.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/search", tag = "messages", operation_id = "search_application",
    params(InApplication, SearchAnywhereQuery),
    responses((status = 200, description = "What was found", body = FoundJson,
        headers(("Link" = Option<String>, description = "The page behind this one")))),
)]
pub(super) async fn search_anywhere(state: State, call: Call) -> Result<Response, Native> {
    let access = state.enter(&call.head).await?;
    state.chat().application_id(access).await?;
    let query = query(&call.head)?;
    only_knows(&query, &["query", "chat", "author", "limit", "before"])?;
    let (request, limit) = request(&call.head)?;
    let author = query.get("author").map(author).transpose()?;
    let request = SearchRequest { author, ..request };
    let chat = query.get("chat").map(chat_number).transpose()?;
    let found = match chat {
        Some(number) => in_chat(&state.chat().chat(access, number).await?, &request).await?,
        None => {
            let found = state.chat().search(access, &request).await?;
            let show = |(chat, message)| FoundMessage::new(chat, message);
            FoundJson {
                items: found.items.into_iter().map(show).collect(),
                indexed_through: None,
                current: found.is_current,
                next: found.next,
            }
        }
    };
    let next = Neighbours {
        next_before: found.next,
        ..Neighbours::default()
    };
    let answer = reply::json(StatusCode::OK, &found);
    Ok(paging::with_links(answer, &call.head.uri, limit, next))
}

async fn in_chat(reader: &Reader, request: &SearchRequest) -> Result<FoundJson, RequestError> {
    let found = reader.search(request).await?;
    let number = reader.view().number;
    let show = |message| FoundMessage::new(number, message);
    Ok(FoundJson {
        items: found.items.into_iter().map(show).collect(),
        indexed_through: Some(found.indexed_through.number.0),
        current: found.indexed_through == reader.head(),
        next: found.next,
    })
}

fn chat_number(text: &str) -> Result<ChatNumber, RequestError> {
    text.parse()
        .map_err(|_| RequestError::Parameter("chat".into(), "is not the number of a chat".into()))
}

fn author(text: &str) -> Result<UserNumber, RequestError> {
    text.parse()
        .map_err(|_| RequestError::Parameter("author".into(), "is not the number of a user".into()))
}

fn request(head: &Head) -> Result<(SearchRequest, u16), RequestError> {
    let query = query(head)?;
    let limit = query
        .get("limit")
        .map_or(Ok(paging::USUAL), paging::limit)?;
    let wrong =
        |name: &'static str, message: &str| RequestError::Parameter(name.into(), message.into());
    let before = match query.get("before") {
        Some(text) => Some(paging::count(text).ok_or_else(|| wrong("before", "is not a number"))?),
        None => None,
    };
    let order = match query.get("sort") {
        None | Some("newest") => Order::Newest,
        Some("relevance") => Order::Relevance,
        Some(_) => return Err(wrong("sort", "must be newest or relevance")),
    };
    let request = SearchRequest {
        query: Arc::new(Query::parse(query.get("query").unwrap_or_default())),
        author: None,
        order,
        after: before,
        limit: Limit::new(limit.into()).unwrap_or(Limit::DEFAULT),
    };
    Ok((request, limit))
}
