//! `/applications/{uuid}/chats/{n}/messages`, `/messages/{uuid}/{n}` and its search.

use std::sync::Arc;

use chat_core::commit::Post;
use chat_core::error::ChatError;
use chat_core::model::Message;
use chat_core::port::Order;
use chat_core::service::{Found, Reader, SearchRequest};
use chat_core::terms::Query;
use chat_core::text::{Body, Violation};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shapes::{MessageInput, SearchInput, SearchQuery};
use super::status::RequestError;
use super::view::MessageJson;
use super::{APPLICATION, key, shapes};
use crate::api::gate::{Gate, InChat, with_replayed};
use crate::api::lists;
use crate::api::shapes::Keyed;
use crate::http::call::{Call, Head};
use crate::http::input::{self, Field, Nested};
use crate::http::list::{self, Pages};
use crate::http::reply::Frame;
use crate::http::reply::{self, Response};

/// Where the chat stands in `/applications/{uuid}/chats/{n}/messages` and in `/messages/{uuid}/{n}`.
const CHAT_TO_POST: usize = 3;
const CHAT_TO_READ: usize = 2;

const INDEXED_THROUGH: HeaderName = HeaderName::from_static("x-indexed-through");

/// The chat that the path names, and how its messages are shown.
async fn enter(
    gate: &Gate,
    head: &Head,
) -> Result<(Reader, impl Fn(Message) -> MessageJson + Send + 'static), RequestError> {
    let entered = gate.enter_chat(head, APPLICATION, CHAT_TO_READ).await?;
    let InChat {
        token,
        access,
        chat,
    } = entered;
    let reader = gate.chat.chat(access, chat).await?;
    let show = move |message| MessageJson::new(message, token.expose(), chat);
    Ok((reader, show))
}

struct Hits<S> {
    reader: Reader,
    show: S,
    query: Arc<Query>,
    /// The page that was read already.
    first: Option<Found>,
    after: Option<u64>,
}

impl<S> Hits<S> {
    async fn read(&mut self) -> Result<Found, ChatError> {
        let request = SearchRequest {
            query: Arc::clone(&self.query),
            author: None,
            order: Order::Oldest,
            after: self.after,
            limit: lists::message_page(),
        };
        self.reader.search(&request).await
    }
}

impl<S: Fn(Message) -> MessageJson + Send + 'static> Pages for Hits<S> {
    type View = MessageJson;
    type Error = ChatError;

    async fn next(&mut self) -> Result<(Vec<MessageJson>, bool), ChatError> {
        let found = match self.first.take() {
            Some(first) => first,
            None => self.read().await?,
        };
        self.after = found.next;
        Ok((
            found.items.into_iter().map(&self.show).collect(),
            found.next.is_some(),
        ))
    }
}

#[derive(Debug, Deserialize)]
struct Sent {
    #[serde(default)]
    message: Nested<Inner>,
}

#[derive(Debug, Deserialize)]
struct Inner {
    #[serde(default)]
    message: Field,
}

#[derive(Debug, Deserialize)]
struct Sought {
    #[serde(default)]
    message: Field,
}

/// The number of a new message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UuidMessageNumber)]
pub(super) struct Made {
    #[schema(minimum = 1)]
    message_number: u64,
}

/// A chat's messages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UuidMessages)]
pub(super) struct MessagesJson {
    messages: Vec<MessageJson>,
}

fn wrong(violation: Violation) -> RequestError {
    RequestError::Field("message", violation.to_string())
}

fn body(call: &Call) -> Result<Body, RequestError> {
    let sent: Sent = input::any(call).map_err(|fault| RequestError::Input("message", fault))?;
    let text = match sent.message {
        Nested::Object(inner) => inner.message,
        Nested::Missing => Field::Missing,
        Nested::NotObject => Field::NotText,
    };
    text.parse(Body::parse).map_err(wrong)
}

/// Post a message; its number is the next of the chat.
#[utoipa::path(
    post, path = "/applications/{uuid}/chats/{n}/messages", tag = "uuid-applications", operation_id = "uuid_post_message",
    params(shapes::InChat, Keyed), request_body = MessageInput,
    responses((status = 200, description = "The new message's number", body = Made)),
)]
pub(super) async fn create(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let InChat { access, chat, .. } = gate
        .enter_chat(&call.head, APPLICATION, CHAT_TO_POST)
        .await?;
    let asked = key(&call.head).and_then(|key| Ok((key, body(&call)?)));
    let (key, body) = match asked {
        Ok(asked) => asked,
        Err(wrong) => return Err(gate.missing_first(access, Some(chat), wrong).await),
    };
    let post = Post {
        body,
        data: None,
        reply_to: None,
    };
    let posted = gate.chat.post(access, chat, post, key.as_ref()).await?;
    let made = Made {
        message_number: posted.value.number.0,
    };
    Ok(with_replayed(
        reply::json(StatusCode::OK, &made),
        posted.replayed,
    ))
}

/// Post a message, under the other name of the path.
#[utoipa::path(
    post, path = "/applications/{uuid}/chats/{n}/message", tag = "uuid-applications", operation_id = "uuid_post_a_message",
    params(shapes::InChat, Keyed), request_body = MessageInput,
    responses((status = 200, description = "The new message's number", body = Made)),
)]
pub(super) async fn create_one(gate: Gate, call: Call) -> Result<Response, RequestError> {
    create(gate, call).await
}

/// The messages of a chat by number.
#[utoipa::path(
    get, path = "/messages/{uuid}/{n}", tag = "uuid-applications", operation_id = "uuid_list_messages",
    params(shapes::InChat),
    responses((status = 200, description = "All of them", body = MessagesJson)),
)]
pub(super) async fn list(gate: Gate, call: Call) -> Result<Response, RequestError> {
    const FRAME: Frame = Frame {
        open: "{\"messages\":[",
        close: "]}",
    };
    let (reader, show) = enter(&gate, &call.head).await?;
    let pages = lists::messages(reader, false, show);
    Ok(list::whole(&call.head, gate.patience, FRAME, pages).await?)
}

/// The messages of a chat that match, oldest first. What is searched for stands in a JSON body, or in the query.
#[utoipa::path(
    get, path = "/messages/{uuid}/{n}/search", tag = "uuid-applications", operation_id = "uuid_search_messages",
    params(shapes::InChat, SearchQuery), request_body = SearchInput,
    responses((status = 200, description = "All that match", body = [MessageJson],
        headers(("X-Indexed-Through" = u64, description = "The number up to which the index is current")))),
)]
pub(super) async fn search(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let (reader, show) = enter(&gate, &call.head).await?;
    let sought: Sought =
        input::any(&call).map_err(|fault| RequestError::Input("message", fault))?;
    let blank = |text: String| {
        if text.trim().is_empty() {
            Err(Violation::Blank)
        } else {
            Ok(text)
        }
    };
    let text = sought.message.parse(blank).map_err(wrong)?;
    let mut pages = Hits {
        reader,
        show,
        query: Arc::new(Query::parse(&text)),
        first: None,
        after: None,
    };
    let first = pages.read().await?;
    let through = HeaderValue::from(first.indexed_through.number.0);
    pages.first = Some(first);
    let mut answer = list::whole(&call.head, gate.patience, Frame::ARRAY, pages).await?;
    answer.headers_mut().insert(INDEXED_THROUGH, through);
    Ok(answer)
}
