//! `/applications/{app}/sync`: what happened in many chats since, and which chats are new.

use std::collections::BTreeMap;

use chat_core::cursor::Cursor;
use chat_core::error::ChatError;
use chat_core::ids::ChatNumber;
use chat_core::page::Limit;
use chat_core::service::{Access, Reader};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::changes::ChangesJson;
use super::me::MyChatJson;
use super::shapes::{ForUser, InApplication, SyncInput};
use super::state::{State, only_knows, query};
use super::status::{Native, RequestError};
use super::{input, pages};
use crate::api::cursors::MOST;
use crate::http::call::Call;
use crate::http::reply::{self, Response};

/// The most that one answer tells of one chat, and of all together.
const OF_CHAT: usize = 50;
const OF_ALL: usize = 500;
/// How many chats are looked at at once.
const AT_ONCE: usize = 8;

/// What happened in the chats that were asked for, and what chats are new.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sync)]
pub(super) struct SyncJson {
    /// Each chat by its number.
    chats: BTreeMap<u64, SyncedChat>,
    /// Chats of whoever asks that were not asked for, latest activity first.
    new: Vec<MyChatJson>,
    /// Whether there are more such chats: ask again with these.
    more: bool,
}

/// What happened in a chat.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
enum SyncedChat {
    /// Nothing.
    Same,
    /// This; with `more`, ask for changes after `next` for the rest.
    Changes(ChangesJson),
    /// The cursor's past is gone: take a snapshot, and go on from `head`.
    Reset {
        /// Where the chat stands.
        head: String,
    },
    /// It was deleted, or whoever asks is not in it any more.
    Removed,
}

/// What happened in up to 500 chats since, and which chats of whoever asks are new. It changes nothing.
#[utoipa::path(
    post, path = "/api/v1/applications/{app}/sync", tag = "chats", operation_id = "sync_chats",
    params(InApplication, ForUser), request_body = SyncInput,
    responses((status = 200, description = "The chats", body = SyncJson)),
)]
pub(super) async fn sync(state: State, call: Call) -> Result<Response, Native> {
    let access = state.enter(&call.head).await?;
    let asked = query(&call.head)
        .and_then(|query| only_knows(&query, &[]))
        .and_then(|()| input::cursors(&call));
    let cursors = match asked {
        Ok(cursors) => cursors,
        Err(wrong) => return Err(state.gate.missing_first(access, None, wrong).await.into()),
    };
    state.chat().application_id(access).await?;
    // A chat that comes while this is asked is new or is known, never neither.
    let (new, more) = new_chats(&state, access, &cursors).await?;
    let chats = known_chats(&state, access, cursors).await?;
    // The session may have ended before what was read was posted.
    state.chat().still_logged_in(access).await?;
    Ok(reply::json(StatusCode::OK, &SyncJson { chats, new, more }))
}

async fn known_chats(
    state: &State,
    access: Access,
    cursors: BTreeMap<ChatNumber, Cursor>,
) -> Result<BTreeMap<u64, SyncedChat>, RequestError> {
    let open = |(number, cursor)| async move {
        match state.chat().chat(access, number).await {
            Ok(reader) => Ok((number, cursor, Some(reader))),
            Err(ChatError::ChatNotFound(_) | ChatError::NotAMember) => Ok((number, cursor, None)),
            Err(error) => Err(RequestError::from(error)),
        }
    };
    let opened = stream::iter(cursors).map(open).buffered(AT_ONCE);
    let mut opened = std::pin::pin!(opened);
    let mut left = OF_ALL;
    let mut chats = BTreeMap::new();
    while let Some((number, cursor, reader)) = opened.try_next().await? {
        let synced = match reader {
            Some(reader) => synced(&reader, number, cursor, &mut left).await?,
            None => SyncedChat::Removed,
        };
        chats.insert(number.0, synced);
    }
    Ok(chats)
}

async fn synced(
    reader: &Reader,
    number: ChatNumber,
    cursor: Cursor,
    left: &mut usize,
) -> Result<SyncedChat, RequestError> {
    let head = reader.view().cursor;
    if cursor == head {
        return Ok(SyncedChat::Same);
    }
    // Even when no more can be told, a cursor that is none is.
    let limit = Limit::new(OF_CHAT.min(*left)).unwrap_or(Limit::ONE);
    match reader.changes(Some(cursor), limit).await {
        Ok(feed) if *left == 0 => {
            let none = ChangesJson::unread(cursor.encode(), feed.head.encode());
            Ok(SyncedChat::Changes(none))
        }
        Ok(feed) => {
            *left = left.saturating_sub(feed.items.len());
            Ok(SyncedChat::Changes(feed.into()))
        }
        Err(ChatError::CursorReset) => Ok(SyncedChat::Reset {
            head: head.encode(),
        }),
        Err(ChatError::ChatNotFound(_) | ChatError::Removed) => Ok(SyncedChat::Removed),
        Err(ChatError::Cursor(error)) => Err(RequestError::Cursor(
            format!("cursors.{number}"),
            error.to_string(),
        )),
        Err(error) => Err(error.into()),
    }
}

/// The chats of whoever asks that it does not name; nobody has none.
async fn new_chats(
    state: &State,
    access: Access,
    cursors: &BTreeMap<ChatNumber, Cursor>,
) -> Result<(Vec<MyChatJson>, bool), RequestError> {
    let mut new = Vec::new();
    if access.caller().user().is_none() {
        return Ok((new, false));
    }
    let mut walk = state.chat().all_my_chats(access, pages::limit(200));
    loop {
        let (mine, more) = walk.next().await?;
        for mine in mine {
            if cursors.contains_key(&mine.chat.number) {
                continue;
            }
            if new.len() == MOST {
                return Ok((new, true));
            }
            new.push(MyChatJson::from(mine));
        }
        if !more {
            return Ok((new, false));
        }
    }
}
