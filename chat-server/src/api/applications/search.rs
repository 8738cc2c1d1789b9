//! `…/chats/{chat}/messages/search`.

use std::sync::Arc;

use chat_core::ids::MessageNumber;
use chat_core::page::Limit;
use chat_core::port::Order;
use chat_core::service::SearchRequest;
use chat_core::terms::Query;
use http::{HeaderName, HeaderValue, StatusCode};

use super::document::{InChat, SearchQuery};
use super::state::{State, query};
use super::status::Wrong;
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
            ("Link" = Option<String>, description = "The page behind this one"),
            ("X-Indexed-Through" = u64, description = "The number up to which the index is current"),
        ))),
)]
pub(super) async fn search(state: State, call: Call) -> Result<Response, Wrong> {
    let (access, number) = state.enter_chat(&call.head).await?;
    let reader = state.chat().chat(access, number).await?;
    let (request, limit) = request(&call.head)?;
    let found = reader.search(&request).await?;
    let messages: Vec<MessageJson> = found.items.into_iter().map(MessageJson::from).collect();
    let mut answer = reply::json(StatusCode::OK, &messages);
    let through = HeaderValue::from(found.indexed_through.number.0);
    answer.headers_mut().insert(INDEXED_THROUGH, through);
    let next = Neighbours {
        next_before: found.next.map(|number| number.0),
        ..Neighbours::default()
    };
    Ok(paging::with_links(answer, &call.head.uri, limit, next))
}

fn request(head: &Head) -> Result<(SearchRequest, u16), Wrong> {
    let query = query(head)?;
    let limit = query
        .get("limit")
        .map_or(Ok(paging::USUAL), paging::limit)?;
    let wrong = |name: &'static str, message: &str| Wrong::Parameter(name.into(), message.into());
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
        order,
        after: before.map(|number| MessageNumber(number).min(MessageNumber::MAX)),
        limit: Limit::new(limit.into()).unwrap_or(Limit::DEFAULT),
    };
    Ok((request, limit))
}
