//! Writing: documents in, documents out, many at a time.
//!
//! A document's version is its message's, and Elasticsearch ignores what is not newer: so a late put never wins, a repeated one
//! changes nothing, and a deleted message stays as a document without terms.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bytes::{Bytes, BytesMut};
use chat_core::error::BackendError;
use chat_core::ids::{ChatId, MessageNumber};
use chat_core::port::Document;
use chat_core::terms::cut;
use elasticsearch::http::Method;
use serde_json::{Value, json};

use crate::client::{Ask, Operation};
use crate::error::{BUSY, CONFLICT, NOT_FOUND, UNAVAILABLE, refused, unexpected};
use crate::index::refresh;

/// So many documents, or so many bytes, go in one request.
const DOCUMENTS_AT_ONCE: usize = 1_000;
const BYTES_AT_ONCE: usize = 4 << 20;

/// So many documents of a chat are erased by one request.
const ERASED_AT_ONCE: usize = 5_000;

/// An alias that is gone must not come back as an index.
const ALIAS_ONLY: &[(&str, &str)] = &[("require_alias", "true")];

/// A position has 52 bits, so that any reader of JSON keeps it exactly: these tell when the message was created, and the others tell
/// apart what was created in the same second.
const SECOND_BITS: u32 = 32;
const CHAT_BITS: u32 = 10;
const NUMBER_BITS: u32 = 10;

/// Where a message stands in its application, the same whenever it is asked: by the second in which it was created (until the year
/// 2106), by chat and by number. Two messages of one second share a position only when their chats and their numbers are the same in
/// their lowest bits.
fn position(document: &Document) -> u64 {
    let last = |bits: u32| (1_u64 << bits) - 1;
    let second = document.created_at.0.div_euclid(1_000_000);
    let second = u64::try_from(second).unwrap_or(0).min(last(SECOND_BITS));
    let chat = document.chat.0.cast_unsigned() & last(CHAT_BITS);
    let number = document.number.0 & last(NUMBER_BITS);
    (second << CHAT_BITS | chat) << NUMBER_BITS | number
}

/// The id of a message's document.
pub(crate) fn id(chat: ChatId, number: MessageNumber) -> String {
    format!("{chat}-{number}")
}

/// Stores documents behind an alias.
///
/// # Errors
/// `NotFound` when there is no such alias.
pub(crate) async fn put(
    op: Operation<'_>,
    alias: &str,
    documents: &[Document],
) -> Result<(), BackendError> {
    let newest = newest_states(documents);
    let mut rest = newest.as_slice();
    while !rest.is_empty() {
        let (some, later) = rest.split_at(rest.len().min(DOCUMENTS_AT_ONCE));
        let mut lines = Vec::with_capacity(some.len());
        let mut bytes = 0;
        for document in some {
            let line = line(alias, document);
            bytes += line.len();
            lines.push(line);
            if bytes > BYTES_AT_ONCE {
                send(op, std::mem::take(&mut lines)).await?;
                bytes = 0;
            }
        }
        send(op, lines).await?;
        rest = later;
    }
    Ok(())
}

/// The newest state of each message, in the order in which the messages come; the first of several that are as new.
fn newest_states(documents: &[Document]) -> Vec<&Document> {
    let mut newest: Vec<&Document> = Vec::with_capacity(documents.len());
    let mut places = HashMap::with_capacity(documents.len());
    for document in documents {
        match places.entry((document.chat, document.number)) {
            Entry::Vacant(place) => {
                place.insert(newest.len());
                newest.push(document);
            }
            Entry::Occupied(place) => {
                let known = &mut newest[*place.get()];
                if document.version > known.version {
                    *known = document;
                }
            }
        }
    }
    newest
}

fn line(alias: &str, document: &Document) -> Bytes {
    let id = id(document.chat, document.number);
    let routing = document.application.to_string();
    let action = json!({"index": {
        "_index": alias, "_id": id, "routing": routing, "version": document.version.0, "version_type": "external",
    }});
    let mut source = json!({
        "application": routing,
        "chat": document.chat.to_string(),
        "number": document.number.0,
        "position": position(document),
    });
    if let Some(body) = &document.body {
        source["terms"] = cut(body).into();
    }
    Bytes::from(format!("{action}\n{source}\n"))
}

/// Sends lines until each is taken or ignored.
async fn send(op: Operation<'_>, mut lines: Vec<Bytes>) -> Result<(), BackendError> {
    let mut pauses = op.pauses();
    while !lines.is_empty() {
        let mut body = BytesMut::with_capacity(lines.iter().map(Bytes::len).sum());
        lines.iter().for_each(|line| body.extend_from_slice(line));
        let mut ask = Ask::new(Method::Post, "/_bulk").with(ALIAS_ONLY);
        ask.body = body.freeze();
        let answer = op.ask(ask).await?;
        if answer["errors"] == Value::Bool(false) {
            return Ok(());
        }
        let items = answer["items"]
            .as_array()
            .filter(|items| items.len() == lines.len());
        let items = items.ok_or_else(|| unexpected(op.name, "an answer that lacks documents"))?;
        let mut again = Vec::new();
        let mut busy = None;
        for (line, item) in lines.into_iter().zip(items) {
            let item = item
                .as_object()
                .and_then(|item| item.values().next())
                .unwrap_or(&Value::Null);
            let status = item["status"].as_u64();
            let status = status.and_then(|status| u16::try_from(status).ok());
            match status.unwrap_or(0) {
                200..=299 => {}
                // As new a state is there, or a newer one.
                CONFLICT => {}
                // What is to be deleted is not there.
                NOT_FOUND if item["error"].is_null() => {}
                BUSY | UNAVAILABLE => {
                    busy = Some(refused(op.name, BUSY, item));
                    again.push(line);
                }
                status => return Err(refused(op.name, status, item)),
            }
        }
        lines = again;
        if let Some(busy) = busy
            && !pauses.pause().await
        {
            return Err(busy);
        }
    }
    Ok(())
}

/// Erases a chat behind an alias; it is not found any more when this returns.
///
/// # Errors
/// `NotFound` when there is no such alias.
pub(crate) async fn erase(
    op: Operation<'_>,
    alias: &str,
    chat: ChatId,
) -> Result<(), BackendError> {
    refresh(op, alias).await?;
    let path = format!("/{alias}/_search");
    let mut after: i64 = -1;
    loop {
        let body = json!({
            "size": ERASED_AT_ONCE,
            "_source": false,
            "track_total_hits": false,
            "query": {"bool": {"filter": [{"term": {"chat": chat.to_string()}}]}},
            "sort": [{"number": "asc"}],
            "search_after": [after],
        });
        let ask = Ask::new(Method::Post, &path)
            .json(&body)
            .with(crate::find::WHOLE);
        let answer = op.ask(ask).await?;
        let hits = answer["hits"]["hits"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let Some(last) = hits.last() else {
            return refresh(op, alias).await;
        };
        after = last["sort"][0]
            .as_i64()
            .ok_or_else(|| unexpected(op.name, "a hit without a number"))?;
        let lines = hits.iter().map(|hit| {
            let action =
                json!({"delete": {"_index": alias, "_id": hit["_id"], "routing": hit["_routing"]}});
            Bytes::from(format!("{action}\n"))
        });
        send(op, lines.collect()).await?;
    }
}
