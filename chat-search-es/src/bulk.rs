//! Writing: documents in, documents out, many at a time.
//!
//! A document's version is its message's, and Elasticsearch ignores what is not newer: so a late put never wins, a repeated one
//! changes nothing, and a deleted message stays as a document without terms.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::{ChatId, MessageNumber};
use chat_core::port::Document;
use chat_core::terms::cut;
use elasticsearch::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::{Ask, Client};
use crate::error::{
    BUSY, CONFLICT, NO_INDEX, NOT_FOUND, UNAVAILABLE, error_type, refused, unexpected,
};
use crate::index::refresh;

/// So many documents, or so many bytes, go in one request.
const DOCUMENTS_AT_ONCE: usize = 1_000;
const BYTES_AT_ONCE: usize = 4 << 20;

/// So many documents of a chat are erased by one request.
const ERASED_AT_ONCE: usize = 5_000;

/// An alias that is gone must not come back as an index.
const ALIAS_ONLY: &[(&str, &str)] = &[("require_alias", "true")];

/// Positions of new messages: microseconds since the year 2020, and a node's own bits.
pub(crate) struct Positions {
    last: AtomicU64,
    node: u64,
}

impl Positions {
    /// As many bits tell nodes apart; a position fits into 63 until the year 2091.
    const NODE_BITS: u32 = 12;

    const START: Duration = Duration::from_secs(1_577_836_800);

    pub(crate) fn new() -> Self {
        let (random, _) = Uuid::new_v4().as_u64_pair();
        Self {
            last: AtomicU64::new(0),
            node: random >> (u64::BITS - Self::NODE_BITS),
        }
    }

    /// The next one: above all before it on this node.
    fn next(&self) -> u64 {
        let now = SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default()
            .saturating_sub(Self::START);
        let now = u64::try_from(now.as_micros()).unwrap_or(0);
        let after = |last: u64| now.max(last + 1);
        let last = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(after(last))
            });
        after(last.unwrap_or_else(|last| last)) << Self::NODE_BITS | self.node
    }
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
    client: &Client,
    positions: &Positions,
    op: &'static str,
    alias: &str,
    documents: &[Document],
) -> Result<(), BackendError> {
    let newest = newest_states(documents);
    let mut rest = newest.as_slice();
    while !rest.is_empty() {
        let (some, later) = rest.split_at(rest.len().min(DOCUMENTS_AT_ONCE));
        let known = known_positions(client, op, alias, some).await?;
        let mut lines = Vec::with_capacity(some.len());
        let mut bytes = 0;
        for document in some {
            let id = id(document.chat, document.number);
            let position = known.get(&id).copied().unwrap_or_else(|| positions.next());
            let line = line(alias, &id, document, position);
            bytes += line.len();
            lines.push(line);
            if bytes > BYTES_AT_ONCE {
                send(client, op, std::mem::take(&mut lines)).await?;
                bytes = 0;
            }
        }
        send(client, op, lines).await?;
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

/// Where messages stand that are there already: an edit does not move one. Only what was touched is looked up, for what is as it was
/// posted is either new or ignored.
async fn known_positions(
    client: &Client,
    op: &'static str,
    alias: &str,
    documents: &[&Document],
) -> Result<HashMap<String, u64>, BackendError> {
    let touched = documents.iter().filter(|document| document.version.0 > 0);
    let docs: Vec<Value> = touched
        .map(|document| {
            json!({
                "_id": id(document.chat, document.number),
                "routing": document.application.to_string(),
                "_source": ["position"],
            })
        })
        .collect();
    if docs.is_empty() {
        return Ok(HashMap::new());
    }
    let path = format!("/{alias}/_mget");
    let ask = Ask::new(op, Method::Post, &path).json(&json!({ "docs": docs }));
    let mut deadline = client.deadline();
    loop {
        let answer = client.ask_until(&ask, &mut deadline).await?;
        match positions_in(op, &answer) {
            // An index that is swapped away is for a moment known without its shard.
            Err(error) if error.kind() == ErrorKind::Unavailable && deadline.pause().await => {}
            known => return known,
        }
    }
}

fn positions_in(op: &'static str, answer: &Value) -> Result<HashMap<String, u64>, BackendError> {
    let docs = answer["docs"]
        .as_array()
        .ok_or_else(|| unexpected(op, "an answer without documents"))?;
    let mut known = HashMap::new();
    for doc in docs {
        if doc["error"].is_object() {
            let is_gone = error_type(doc) == Some(NO_INDEX);
            let status = if is_gone { NOT_FOUND } else { UNAVAILABLE };
            return Err(refused(op, status, doc));
        }
        if let (Some(id), Some(position)) =
            (doc["_id"].as_str(), doc["_source"]["position"].as_u64())
        {
            known.insert(id.to_owned(), position);
        }
    }
    Ok(known)
}

fn line(alias: &str, id: &str, document: &Document, position: u64) -> Bytes {
    let routing = document.application.to_string();
    let action = json!({"index": {
        "_index": alias, "_id": id, "routing": routing, "version": document.version.0, "version_type": "external",
    }});
    let mut source = json!({
        "application": routing,
        "chat": document.chat.to_string(),
        "number": document.number.0,
        "position": position,
    });
    if let Some(body) = &document.body {
        source["terms"] = cut(body).into();
    }
    Bytes::from(format!("{action}\n{source}\n"))
}

/// Sends lines until each is taken or ignored.
async fn send(
    client: &Client,
    op: &'static str,
    mut lines: Vec<Bytes>,
) -> Result<(), BackendError> {
    let mut deadline = client.deadline();
    while !lines.is_empty() {
        let mut body = BytesMut::with_capacity(lines.iter().map(Bytes::len).sum());
        lines.iter().for_each(|line| body.extend_from_slice(line));
        let mut ask = Ask::new(op, Method::Post, "/_bulk").with(ALIAS_ONLY);
        ask.body = body.freeze();
        let answer = client.ask_until(&ask, &mut deadline).await?;
        if answer["errors"] == Value::Bool(false) {
            return Ok(());
        }
        let items = answer["items"]
            .as_array()
            .filter(|items| items.len() == lines.len());
        let items = items.ok_or_else(|| unexpected(op, "an answer that lacks documents"))?;
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
                    busy = Some(refused(op, BUSY, item));
                    again.push(line);
                }
                status => return Err(refused(op, status, item)),
            }
        }
        lines = again;
        if let Some(busy) = busy
            && !deadline.pause().await
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
    client: &Client,
    op: &'static str,
    alias: &str,
    chat: ChatId,
) -> Result<(), BackendError> {
    refresh(client, op, alias).await?;
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
        let ask = Ask::new(op, Method::Post, &path)
            .json(&body)
            .with(crate::find::WHOLE);
        let answer = client.ask(ask).await?;
        let hits = answer["hits"]["hits"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let Some(last) = hits.last() else {
            return refresh(client, op, alias).await;
        };
        after = last["sort"][0]
            .as_i64()
            .ok_or_else(|| unexpected(op, "a hit without a number"))?;
        let lines = hits.iter().map(|hit| {
            let action =
                json!({"delete": {"_index": alias, "_id": hit["_id"], "routing": hit["_routing"]}});
            Bytes::from(format!("{action}\n"))
        });
        send(client, op, lines.collect()).await?;
    }
}
