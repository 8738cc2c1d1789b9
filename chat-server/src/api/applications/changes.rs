//! `…/chats/{chat}/changes`: what happened since, as JSON, by long poll, or as a stream of events.

use std::sync::Arc;
use std::time::Duration;

use chat_core::cursor::Cursor;
use chat_core::error::ChatError;
use chat_core::ids::ChatNumber;
use chat_core::model::{ChatView, Member};
use chat_core::page::Limit;
use chat_core::service::{Access, Feed, Item, Reader};
use http::{HeaderName, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::marks::MarksOfMember;
use super::shapes::{ChangesQuery, InChat};
use super::state::{State, only_knows, query};
use super::status::{Native, RequestError};
use super::view::{MessageJson, Time};
use crate::http::accept::{choose, wants_problem};
use crate::http::call::{Call, Head};
use crate::http::paging;
use crate::http::reply::{self, Response};
use crate::http::sse::{Events, event_stream};
use crate::http::stream::{Pump, PumpError};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const LONGEST_WAIT: u64 = 60;
/// How often a quiet stream asks whether whoever reads still may.
const LOOK: Duration = Duration::from_secs(25);
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// What happened in a chat after a cursor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Changes)]
pub(super) struct ChangesJson {
    /// Everything that was touched since, each once, as it stands.
    items: Vec<ItemJson>,
    /// Ask for changes after it to go on.
    next: String,
    /// Where the chat stands.
    head: String,
    /// Whether more is there already.
    more: bool,
}

/// Something that was touched, as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = Change)]
pub(super) enum ItemJson {
    /// A message; a deleted one has no text and says when it was deleted.
    Message(MessageJson),
    /// The chat itself.
    Chat(ChatState),
    /// Somebody who came, was changed, or left.
    Member(MemberState),
    /// What a member has received and read.
    Mark(MarksOfMember),
    /// The chat was deleted, or whoever follows it was removed from it: nothing follows.
    Removed,
}

/// A member as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MemberState {
    /// The number of the user.
    #[schema(minimum = 1)]
    user: u64,
    /// What it may do: owner, member or reader; null when it is not there any more.
    role: Option<&'static str>,
    /// Whether the user was deleted: what it posted has no author any more.
    deleted: bool,
}

impl From<Member> for MemberState {
    fn from(member: Member) -> Self {
        Self {
            user: member.user.0,
            role: member.is_there().then(|| member.role.as_str()),
            deleted: member.gone,
        }
    }
}

/// A chat as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChatState {
    /// Its number in the application.
    #[schema(minimum = 1)]
    number: u64,
    /// Its name, if it has one.
    name: Option<String>,
    /// How many messages exist in it.
    #[schema(minimum = 0)]
    messages_count: u64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When something last happened in it.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<ChatView> for ChatState {
    fn from(chat: ChatView) -> Self {
        Self {
            number: chat.number.0,
            name: chat.name,
            messages_count: chat.messages_count,
            created_at: Time(chat.created_at),
            updated_at: Time(chat.updated_at),
        }
    }
}

impl ItemJson {
    /// What was touched, as it is shown; `None` for what this API has no words for.
    pub(super) fn of(item: Item) -> Option<Self> {
        Some(match item {
            Item::Message(message) => Self::Message(message.into()),
            Item::Chat(chat) => Self::Chat(chat.into()),
            Item::Member(member) => Self::Member(member.into()),
            Item::Mark(member) => Self::Mark(member.into()),
            _ => return None,
        })
    }
}

impl From<Feed> for ChangesJson {
    fn from(feed: Feed) -> Self {
        let items = feed.items.into_iter().filter_map(ItemJson::of);
        Self {
            items: items.collect(),
            next: feed.next.encode(),
            head: feed.head.encode(),
            more: feed.more,
        }
    }
}

impl ChangesJson {
    /// Nothing yet of what happened after a cursor.
    pub(super) fn unread(at: String, head: String) -> Self {
        Self {
            items: Vec::new(),
            next: at,
            head,
            more: true,
        }
    }

    fn removed(at: String) -> Self {
        Self {
            items: vec![ItemJson::Removed],
            next: at.clone(),
            head: at,
            more: false,
        }
    }
}

struct Ask {
    after: Option<Cursor>,
    limit: Limit,
    wait: Duration,
}

/// What happened in a chat after a cursor; without one, what happens from now on.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/chats/{chat}/changes", tag = "chats", operation_id = "follow_chat",
    params(InChat, ChangesQuery),
    responses(
        (status = 200, description = "Current states of what was touched. A stream of events begins with `retry:`, \
            the milliseconds after which to come again, and has a comment line (`: alive`) every 25 seconds.", content(
            (ChangesJson = "application/json"),
            (String = "text/event-stream"),
        )),
    ),
)]
pub(super) async fn changes(state: State, call: Call) -> Result<Response, Native> {
    let head = &call.head;
    let (access, number) = state.enter_chat(head).await?;
    let reader = state.chat().chat(access, number).await?;
    let form = match choose(&head.headers, &[JSON, EVENTS]) {
        // Who names the form of problems only wants the usual form of everything else.
        None if wants_problem(&head.headers) => JSON,
        form => form.ok_or(RequestError::NotAcceptable)?,
    };
    let ask = ask(head, form == EVENTS)?;
    if form == EVENTS {
        let start = ask.after.unwrap_or_else(|| reader.view().cursor);
        // Once the stream has begun no status can tell what is wrong; a past that is gone is an event there.
        match reader
            .changes(Some(start), Limit::new(1).unwrap_or(Limit::DEFAULT))
            .await
        {
            Ok(_) | Err(ChatError::CursorReset) => {}
            Err(wrong) => return Err(wrong.into()),
        }
        let follower = Follower {
            state: Arc::clone(&state),
            access,
            number,
            limit: ask.limit,
        };
        return Ok(event_stream(head, state.gate.patience, move |events| {
            follower.run(reader, start, events)
        }));
    }
    let at = ask.after.unwrap_or_else(|| reader.view().cursor);
    let waited = tokio::select! {
        biased;
        feed = reader.wait(Some(at), ask.limit, ask.wait) => feed,
        () = head.stopping.cancelled() => reader.wait(Some(at), ask.limit, Duration::ZERO).await,
    };
    let body = match waited {
        Err(ChatError::ChatNotFound(_) | ChatError::Removed) => ChangesJson::removed(at.encode()),
        feed => feed?.into(),
    };
    Ok(reply::json(StatusCode::OK, &body))
}

fn ask(head: &Head, as_events: bool) -> Result<Ask, RequestError> {
    let query = query(head)?;
    only_knows(&query, &["after", "limit", "wait"])?;
    let limit = query
        .get("limit")
        .map_or(Ok(paging::USUAL), paging::limit)?;
    let wait = match query.get("wait") {
        None => 0,
        Some(text) => paging::count(text)
            .filter(|seconds| *seconds <= LONGEST_WAIT)
            .ok_or_else(|| {
                RequestError::Parameter(
                    "wait".into(),
                    format!("must be seconds from 0 to {LONGEST_WAIT}"),
                )
            })?,
    };
    // A browser that reconnects asks for the same address again, and says here how far it came.
    let last = if as_events {
        head.header(&LAST_EVENT_ID)
    } else {
        None
    };
    let after = last
        .filter(|id| !id.is_empty())
        .or_else(|| query.get("after"));
    let after = after
        .map(Cursor::decode)
        .transpose()
        .map_err(ChatError::Cursor)?;
    Ok(Ask {
        after,
        limit: Limit::new(limit.into()).unwrap_or(Limit::DEFAULT),
        wait: Duration::from_secs(wait),
    })
}

/// Sends a chat's changes for as long as somebody reads.
struct Follower {
    state: State,
    access: Access,
    number: ChatNumber,
    limit: Limit,
}

impl Follower {
    async fn run(
        self,
        reader: Reader,
        start: Cursor,
        mut events: Events,
    ) -> Result<Pump, PumpError> {
        let mut watch = reader.watch();
        let mut at = start;
        // The first event says where the stream begins, so that it can be taken up from there.
        let mut silent = false;
        loop {
            // Who may read is asked anew each time: nothing follows a chat that was deleted.
            match self.catch_up(&events, &mut at, silent).await {
                Err(Stop::Removed) => {
                    let id = at.encode();
                    send(&events, "removed", &id, &ChangesJson::removed(id.clone())).await?;
                    return Ok(events.finish());
                }
                Err(Stop::LoggedOut) => return Ok(events.finish()),
                Err(Stop::Pump(error)) => return Err(error),
                Ok(()) => {}
            }
            silent = true;
            if events.wait(watch.moved(LOOK)).await?.is_none() {
                return Ok(events.finish());
            }
        }
    }

    async fn catch_up(&self, events: &Events, at: &mut Cursor, silent: bool) -> Result<(), Stop> {
        let reader = self.state.chat().chat(self.access, self.number).await?;
        let mut silent = silent;
        loop {
            let read = reader.changes(Some(*at), self.limit).await;
            // The session may have ended before what was read was posted.
            self.state.chat().still_logged_in(self.access).await?;
            let feed = match read {
                Err(ChatError::CursorReset) => {
                    // A snapshot that is taken from now on is not older than this head.
                    *at = reader.view().cursor;
                    let reset = Reset { head: at.encode() };
                    send(events, "reset", &reset.head, &reset).await?;
                    return Ok(());
                }
                feed => feed?,
            };
            *at = feed.next;
            let (more, empty) = (feed.more, feed.items.is_empty());
            if !(empty && silent) {
                let body = ChangesJson::from(feed);
                send(events, "changes", &body.next, &body).await?;
            }
            if !more {
                return Ok(());
            }
            silent = true;
        }
    }
}

/// The cursor's past is gone: take a snapshot; the stream goes on from here.
#[derive(Debug, Serialize)]
struct Reset {
    head: String,
}

enum Stop {
    Removed,
    LoggedOut,
    Pump(PumpError),
}

impl From<ChatError> for Stop {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::ChatNotFound(_)
            | ChatError::ApplicationNotFound
            | ChatError::NotAMember
            | ChatError::Removed => Self::Removed,
            ChatError::NotLoggedIn => Self::LoggedOut,
            error => Self::Pump(PumpError::failed(error)),
        }
    }
}

impl From<PumpError> for Stop {
    fn from(error: PumpError) -> Self {
        Self::Pump(error)
    }
}

async fn send<T: Serialize>(
    events: &Events,
    name: &str,
    id: &str,
    body: &T,
) -> Result<(), PumpError> {
    let data = serde_json::to_string(body).map_err(PumpError::failed)?;
    Ok(events.send(name, Some(id), &data).await?)
}
