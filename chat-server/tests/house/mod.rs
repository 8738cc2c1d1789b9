//! The doors that applications come through, on a backend of their own and without sockets.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test fails by panicking, and only tests see this"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chat_core::commit::Sink;
use chat_core::cursor::Cursor;
use chat_core::memory::MemoryCounter;
use chat_core::page::Limit;
use chat_core::port::{Counter, Stores};
use chat_core::{Chat, Parts};
use chat_server::api::applications::Options;
use chat_server::api::attempts::Attempts;
use chat_server::api::gate::Gate;
use chat_server::api::{applications, uuid};
use chat_server::config::AccessLog;
use chat_server::http::access_log::AccessLogger;
use chat_server::http::body::{BodyLimits, RequestBody};
use chat_server::http::door::Door;
use chat_server::http::front::Front;
use chat_server::live::Pace;
use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// Every request has the same id: answers tell it.
pub const REQUEST_ID: &str = "the-same";
const ADMIN_KEY: &str = "the-key-of-the-house";
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

/// The doors of both APIs that name applications by their tokens.
pub fn doors(chat: &Chat, guarded: bool) -> [Door; 2] {
    let body = BodyLimits {
        bytes: 1024 * 1024,
        time: Duration::from_secs(5),
    };
    let gate = Gate {
        chat: chat.clone(),
        limiter: None,
        patience: Duration::from_secs(5),
        registration: true,
    };
    let counter: Arc<dyn Counter> = Arc::new(MemoryCounter::new());
    let options = Options {
        admin_key: guarded.then(|| ADMIN_KEY.parse().unwrap()),
        apis: Vec::new(),
        attempts: Attempts::new(&counter),
        origins: Vec::new(),
        pace: Pace::default(),
    };
    [
        applications::door(gate.clone(), options, body),
        uuid::door(gate, body),
    ]
}

/// A backend with its doors.
pub struct House {
    chat: Chat,
    stores: Stores,
    front: Front,
}

/// An answer, read to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    /// The headers that tell something about what was found.
    pub headers: Vec<String>,
    pub body: String,
}

const TELLING: [&str; 8] = [
    "allow",
    "content-type",
    "idempotency-replayed",
    "link",
    "location",
    "retry-after",
    "www-authenticate",
    "x-indexed-through",
];

impl House {
    /// Opens one; a guarded one asks for its key where applications are made, listed and deleted.
    pub async fn open(parts: Parts, guarded: bool) -> Self {
        let stores = parts.stores.clone();
        let chat = Chat::start(parts).await.unwrap();
        // Streams and waits end with what is there, as when a server stops.
        let stopping = CancellationToken::new();
        stopping.cancel();
        let access = AccessLogger::new(AccessLog::Off);
        let front = Front::new(doors(&chat, guarded).into(), access, stopping);
        Self {
            chat,
            stores,
            front,
        }
    }

    pub async fn close(self) {
        self.chat.stop().await;
    }

    /// Waits until everything that was written is found by searches.
    pub async fn settle(&self) {
        let outbox = &self.stores.outbox;
        while !outbox
            .dirty(Sink::Index, Limit::MAX)
            .await
            .unwrap()
            .is_empty()
        {
            tokio::task::yield_now().await;
        }
    }

    pub async fn send(&self, request: http::Request<Bytes>) -> Answer {
        let request = request.map(RequestBody::from);
        let (parts, body) = self.front.answer(request, PEER).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let header = |name: &&str| {
            let values = parts.headers.get_all(*name).iter();
            values
                .map(|value| format!("{name}: {}", value.to_str().unwrap()))
                .collect::<Vec<_>>()
        };
        Answer {
            status: parts.status,
            headers: TELLING.iter().flat_map(header).collect(),
            body: String::from_utf8(body.into()).unwrap(),
        }
    }

    /// What the keeper of the house gets here.
    pub async fn get(&self, path: &str) -> Answer {
        let request = http::Request::get(path)
            .header("host", "test")
            .header("x-request-id", REQUEST_ID);
        self.send(request.body(Bytes::new()).unwrap()).await
    }

    /// What the keeper of the house gets for this; it has to work.
    pub async fn make(&self, method: &str, path: &str, key: Option<&str>, body: &Value) -> Answer {
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "test");
        if path.ends_with("/applications") {
            request = request.header("authorization", format!("Bearer {ADMIN_KEY}"));
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = self
            .send(request.body(body.to_string().into()).unwrap())
            .await;
        assert!(answer.status.is_success(), "{answer:?}");
        answer
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The answer without what differs between two houses anyway: ids that are random, times, and what each gave
    /// to the application that is in both.
    pub fn comparable(mut self, token: &str, cursor: &str) -> Self {
        for text in self.headers.iter_mut().chain([&mut self.body]) {
            *text = text.replace(token, "TOKEN").replace(cursor, "CURSOR");
        }
        for link in &mut self.headers {
            *link = comparable_link(link);
        }
        self.body = self
            .body
            .split('\n')
            .map(comparable_line)
            .collect::<Vec<_>>()
            .join("\n");
        self
    }
}

/// A body, or a line of a stream of events.
fn comparable_line(line: &str) -> String {
    let (field, data) = match line.split_once(": ") {
        Some(("id", cursor)) => return format!("id: {}", comparable_cursor(cursor)),
        Some(("data", data)) => ("data: ", data),
        _ => ("", line),
    };
    let Ok(mut value) = serde_json::from_str(data) else {
        return line.to_owned();
    };
    level(&mut value);
    format!("{field}{value}")
}

/// The places in the index of all chats are veiled, another way in each house; numbers in a chat are small.
fn is_veiled(place: u64) -> bool {
    place > 1000
}

fn comparable_link(link: &str) -> String {
    let Some((start, rest)) = link.split_once("&before=") else {
        return link.to_owned();
    };
    let digits = rest.find(|letter: char| !letter.is_ascii_digit());
    let (place, end) = rest.split_at(digits.unwrap_or(rest.len()));
    match place.parse() {
        Ok(place) if is_veiled(place) => format!("{start}&before=VEILED{end}"),
        _ => link.to_owned(),
    }
}

fn level(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(level),
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), &mut *value) {
                    ("token" | "uuid" | "public_id" | "default_application", Value::String(id)) => {
                        *id = "RANDOM".into()
                    }
                    ("created_at" | "updated_at" | "edited_at" | "deleted_at", value) => {
                        if value.is_string() {
                            *value = "TIME".into();
                        }
                    }
                    ("cursor" | "next" | "head", Value::String(text)) => {
                        *text = comparable_cursor(text);
                    }
                    ("next", Value::Number(place)) if place.as_u64().is_some_and(is_veiled) => {
                        *value = "VEILED".into();
                    }
                    (_, value) => level(value),
                }
            }
        }
        _ => {}
    }
}

/// A cursor without the history and the application that it belongs to: its place stays.
fn comparable_cursor(text: &str) -> String {
    Cursor::decode(text).map_or_else(
        |_| text.to_owned(),
        |cursor| format!("{} {:?}", cursor.chat, cursor.head),
    )
}
