//! A front with doors on a chat in memory.

use std::time::Duration;

use chat_core::service::{Chat, Parts};
use serde_json::Value;

use super::gate::Gate;
use crate::http::front::Front;
use crate::http::testing::{Answer, Request, request};

/// A front, and the chat behind it.
pub(crate) struct House {
    pub(crate) chat: Chat,
    pub(crate) front: Front,
}

impl House {
    pub(crate) async fn send(&self, request: Request) -> Answer {
        request.send(&self.front).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request("GET", path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(request("DELETE", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<bytes::Bytes>) -> Answer {
        self.json("POST", path, body).await
    }

    pub(crate) async fn json(
        &self,
        method: &str,
        path: &str,
        body: impl Into<bytes::Bytes>,
    ) -> Answer {
        self.send(
            request(method, path)
                .header("content-type", "application/json")
                .body(body),
        )
        .await
    }
}

/// A chat in memory.
pub(crate) async fn chat() -> Chat {
    Chat::start(Parts::in_memory()).await.unwrap()
}

/// A gate before it, without limits.
pub(crate) fn gate(chat: &Chat) -> Gate {
    Gate {
        chat: chat.clone(),
        limiter: None,
        patience: Duration::from_secs(5),
    }
}

/// The keys of an object, sorted.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

/// Whether this is RFC 3339 in UTC with so many digits after the second.
pub(crate) fn is_time(value: &Value, digits: usize) -> bool {
    let Some((date, fraction)) = value
        .as_str()
        .and_then(|text| text.strip_suffix('Z')?.split_once('.'))
    else {
        return false;
    };
    date.len() == "2026-01-01T00:00:00".len()
        && date.as_bytes()[10] == b'T'
        && fraction.len() == digits
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}
