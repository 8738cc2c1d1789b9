//! Doors on a chat: in memory, on files, or on the engines of a cluster.

mod cluster;
pub(crate) mod crowd;
#[cfg(feature = "embedded")]
mod embedded;
pub(crate) mod failing;
pub(crate) mod noise;
pub(crate) mod queued;
pub(crate) mod sockets;

use std::sync::Arc;
use std::time::Duration;

use chat_core::memory::MemoryCounter;
use chat_core::service::{Chat, Parts};
use serde_json::Value;

use super::gate::Gate;
use crate::http::door::Door;
use crate::http::front::Front;
use crate::http::rate::RateLimiter;
use crate::http::testing::{Answer, Fronts, Request, request};

/// What a house is built on.
#[derive(PartialEq)]
enum Profile {
    /// One node in memory.
    Memory,
    /// One node on files.
    #[cfg(feature = "embedded")]
    Embedded,
    /// Two nodes on MySQL, Elasticsearch and Redis.
    Cluster,
}

impl Profile {
    #[expect(
        clippy::disallowed_methods,
        reason = "the same tests run on either; no setting of the server chooses it"
    )]
    fn of_this_run() -> Self {
        match std::env::var("CHAT_TEST_PROFILE").as_deref() {
            Err(_) | Ok("memory") => Self::Memory,
            #[cfg(feature = "embedded")]
            Ok("embedded") => Self::Embedded,
            Ok("cluster") => Self::Cluster,
            Ok(other) => panic!("CHAT_TEST_PROFILE is memory, embedded or cluster, not {other}"),
        }
    }
}

/// Where a house stands.
#[expect(dead_code, reason = "what it keeps there goes with it")]
enum Place {
    #[cfg(feature = "embedded")]
    Files(embedded::Place),
    Engines(cluster::Place),
}

/// Fronts, and the chat behind them.
pub(crate) struct House {
    /// As its first node has it.
    pub(crate) chat: Chat,
    pub(crate) front: Fronts,
    /// Goes when nobody is in it any more.
    _place: Option<Place>,
}

impl House {
    /// A house with these doors, on what the run asks for.
    pub(crate) async fn build(doors: impl Fn(&Chat) -> Vec<Door>) -> Self {
        let (chats, place) = match Profile::of_this_run() {
            Profile::Memory => (vec![chat().await], None),
            #[cfg(feature = "embedded")]
            Profile::Embedded => {
                let place = embedded::Place::new();
                (vec![place.node().await], Some(Place::Files(place)))
            }
            Profile::Cluster => {
                let place = cluster::Place::new().await;
                (place.nodes().await, Some(Place::Engines(place)))
            }
        };
        Self {
            chat: chats[0].clone(),
            front: Fronts::new(chats.iter().map(doors).collect()),
            _place: place,
        }
    }

    /// A house on doubles. Other profiles leave such tests out by name.
    pub(crate) fn on_doubles(chat: Chat, front: Front) -> Self {
        assert!(
            Profile::of_this_run() == Profile::Memory,
            "this test brings its own doubles: it says nothing of another profile"
        );
        Self {
            chat,
            front: vec![front].into(),
            _place: None,
        }
    }

    pub(crate) async fn send(&self, request: Request) -> Answer {
        request.send(self.front.next()).await
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
        registration: true,
    }
}

/// What makes gates that together let so much in, such as `5/1h`.
pub(crate) fn limited(limit: &str) -> impl Fn(&Chat) -> Gate {
    let counter = Arc::new(MemoryCounter::new());
    let limiter = Arc::new(RateLimiter::new(limit.parse().unwrap(), counter));
    move |chat| Gate {
        limiter: Some(Arc::clone(&limiter)),
        ..gate(chat)
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
