//! Nothing of an application is read, found, counted or changed with another's token, on any documented path.

use std::collections::BTreeMap;
use std::sync::Arc;

use chat_core::memory::MemoryCounter;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::admin::Reindexer;
use super::testing::{House, chat};
use crate::config::{DoorName, Layer, Settings};
use crate::http::testing::{front, request};

/// A word in every text of the owner, and in none of anybody else.
const SECRET: &str = "topaz";
/// A chat and a message that only the owner has, however many the stranger makes meanwhile.
const HIDDEN: Place = Place {
    chat: 30,
    message: 30,
};
/// What nobody has.
const NOWHERE: u64 = 777;
const ROOT: &str = "/api/v1/applications";
/// Tokens of nobody.
const NOBODY: [&str; 2] = [
    "2b1f8a52-3c5e-4a8e-9f53-0a6b1f8f2f11",
    "3c5e8a52-2b1f-4a8e-9f53-0a6b1f8f2f22",
];
const MALFORMED: [&str; 7] = [
    "x",
    "0",
    "%00",
    "%F0%9F%92%8E",
    "..%2F..",
    "2b1f8a52-3c5e-4a8e-9f53-0a6b1f8f2f1",
    "2b1f8a52-3c5e-4a8e-9f53-0a6b1f8f2f11%20",
];
/// The documented paths outside any application. Only the lists of applications, where no admin key guards them, tell
/// of one.
const OUTSIDE: [&str; 8] = [
    "/api/v1/admin/reindex",
    "/api/v1/applications",
    "/api/v1/capabilities",
    "/applications",
    "/healthz",
    "/metrics",
    "/openapi.json",
    "/readyz",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    chat: u64,
    message: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Operation {
    method: String,
    path: String,
}

/// What else is in a request.
#[derive(Debug, Clone)]
struct Visit {
    query: &'static str,
    body: &'static str,
    accept: &'static str,
    with_key: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Seen {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

/// An owner with secrets, and a stranger with one chat of one message.
struct World {
    house: House,
    operations: Vec<Operation>,
    owner: String,
    stranger: String,
    /// What only the owner knows.
    secrets: Vec<String>,
    cursor: String,
}

impl World {
    async fn new(guarded: bool) -> Self {
        let key = "admin";
        let settings = Settings::decide(Layer {
            admin_key: guarded.then(|| key.parse().unwrap()),
            door: Some(DoorName::ALL.to_vec()),
            ..Layer::default()
        })
        .unwrap();
        let chat = chat().await;
        let counter: Arc<dyn chat_core::port::Counter> = Arc::new(MemoryCounter::new());
        let reindexer = Reindexer::new(chat.clone());
        let doors = super::doors(&settings, &chat, &counter, reindexer, Vec::new());
        let house = House {
            front: front(doors),
            chat,
        };
        let mut made = Vec::new();
        for name in [SECRET, "another"] {
            let made_here = request("POST", ROOT)
                .header("authorization", &format!("Bearer {key}"))
                .header("content-type", "application/json")
                .body(json!({ "name": name }).to_string());
            made.push(house.send(made_here).await.json());
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (owner, stranger) = (text(&made[0]["token"]), text(&made[1]["token"]));
        let chats = format!("{ROOT}/{owner}/chats");
        for _ in 0..HIDDEN.chat {
            let named = json!({ "name": SECRET }).to_string();
            assert_eq!(house.post(&chats, named).await.status, 201);
        }
        let body = json!({ "body": SECRET }).to_string();
        for chat in [1, HIDDEN.chat] {
            for _ in 0..HIDDEN.message {
                let messages = format!("{chats}/{chat}/messages");
                assert_eq!(house.post(&messages, body.clone()).await.status, 201);
            }
        }
        let edited = format!("{chats}/1/messages/1");
        assert_eq!(house.json("PATCH", &edited, body).await.status, 200);
        let deleted = house.delete(&format!("{chats}/1/messages/2")).await;
        assert_eq!(deleted.status, 204);
        let own = format!("{ROOT}/{stranger}/chats");
        house.post(&own, "").await;
        let body = json!({ "body": "own" }).to_string();
        house.post(&format!("{own}/1/messages"), body).await;
        let hidden = house.get(&format!("{chats}/{}", HIDDEN.chat)).await;
        let cursor = text(&hidden.json()["cursor"]);
        let secrets = vec![
            SECRET.to_owned(),
            owner.clone(),
            text(&made[0]["public_id"]),
            cursor.clone(),
        ];
        let operations = operations(&house).await;
        Self {
            house,
            operations,
            owner,
            stranger,
            secrets,
            cursor,
        }
    }

    async fn send(&self, operation: &Operation, token: &str, place: Place, visit: &Visit) -> Seen {
        let (chat, message) = (place.chat.to_string(), place.message.to_string());
        let fill = |text: &str| {
            text.replace("CURSOR", &self.cursor)
                .replace("CHAT", &chat)
                .replace("MESSAGE", &message)
        };
        let mut path = String::new();
        for piece in operation.path.split_inclusive('}') {
            let (before, name) = piece.split_once('{').unwrap_or((piece, ""));
            path.push_str(before);
            path.push_str(match name {
                "" => "",
                "app}" | "uuid}" => token,
                "chat}" | "n}" => &chat,
                "message}" => &message,
                new => panic!("say here what {{{new} is and who may not see it"),
            });
        }
        let mut asked = request(&operation.method, &(path + &fill(visit.query)))
            .header("x-request-id", "the-same")
            .header("content-type", "application/json")
            .header("authorization", &format!("Bearer {token}"))
            .body(fill(visit.body));
        if !visit.accept.is_empty() {
            asked = asked.header("accept", visit.accept);
        }
        if visit.with_key {
            asked = asked.header("idempotency-key", "the-same");
        }
        let answer = self.house.send(asked).await;
        let headers = answer.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.to_string(), value.into_owned())
        });
        Seen {
            status: answer.status.as_u16(),
            headers: headers.collect(),
            body: String::from_utf8(answer.body.to_vec()).unwrap(),
        }
    }

    fn tells_nothing(&self, operation: &Operation, seen: &Seen) {
        assert!(seen.status < 500, "{operation:?}: {seen:?}");
        let told = format!("{seen:?}");
        let list = matches!(&*operation.path, ROOT | "/applications");
        if operation.method == "GET" && list && seen.status == 200 {
            return;
        }
        for secret in &self.secrets {
            assert!(!told.contains(secret), "{operation:?}: {told}");
        }
    }

    /// Everything of the owner.
    async fn snapshot(&self) -> Vec<String> {
        let application = format!("{ROOT}/{}", self.owner);
        let mut paths = vec![application.clone(), format!("{application}/chats")];
        for chat in 1..=HIDDEN.chat {
            let chat = format!("{application}/chats/{chat}");
            paths.push(format!("{chat}/messages?tombstones=1"));
        }
        paths.push(format!("/messages/{}/1", self.owner));
        let mut all = Vec::new();
        for path in paths {
            let answer = self.house.get(&path).await;
            assert_eq!(answer.status, 200, "{path}");
            all.push(answer.text().to_owned());
        }
        all
    }

    /// Someone without a token of anybody: whatever is asked for, there is no such application.
    async fn turns_away(&self, token: &str, visit: &Visit) {
        for operation in &self.operations {
            for place in [Place { chat: 1, ..HIDDEN }, HIDDEN] {
                let seen = self.send(operation, token, place, visit).await;
                self.tells_nothing(operation, &seen);
                if !OUTSIDE.contains(&&*operation.path) {
                    assert!(matches!(seen.status, 400..=499), "{operation:?}: {seen:?}");
                    let nobody = self.send(operation, NOBODY[0], place, visit).await;
                    assert_eq!(seen, nobody, "{operation:?}");
                }
            }
        }
    }

    /// Someone with another application: what only the owner has is like what nobody has.
    async fn hides_from_the_stranger(&self, visit: &Visit) {
        let own_chat = Place { chat: 1, ..HIDDEN };
        for operation in &self.operations {
            for (place, control) in [
                (
                    HIDDEN,
                    Place {
                        chat: NOWHERE,
                        ..HIDDEN
                    },
                ),
                (
                    own_chat,
                    Place {
                        message: NOWHERE,
                        ..own_chat
                    },
                ),
            ] {
                // A stream of one's own chat does not end.
                let in_own = place == own_chat && visit.accept == "text/event-stream";
                if OUTSIDE.contains(&&*operation.path) || in_own {
                    continue;
                }
                let seen = self.send(operation, &self.stranger, place, visit).await;
                self.tells_nothing(operation, &seen);
                let named = if place == HIDDEN {
                    ["{chat}", "{n}"]
                } else {
                    ["{message}"; 2]
                };
                if named.iter().any(|name| operation.path.contains(name)) {
                    assert!(matches!(seen.status, 400..=499), "{operation:?}: {seen:?}");
                    let nothing = self.send(operation, &self.stranger, control, visit).await;
                    assert_eq!(seen, nothing, "{operation:?}");
                }
            }
        }
    }
}

/// Every documented operation; those that delete come last, the application's own deletion at the end.
async fn operations(house: &House) -> Vec<Operation> {
    let document = house.get("/openapi.json").await.json();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
            });
        }
    }
    for one in &all {
        let inside = one.path.contains("{app}") || one.path.contains("{uuid}");
        let outside = OUTSIDE.contains(&&*one.path);
        assert!(inside != outside, "say whose {} is", one.path);
    }
    all.sort_by_key(|one| {
        let deletes = one.method == "DELETE";
        (
            deletes,
            std::cmp::Reverse(if deletes { one.path.len() } else { 0 }),
        )
    });
    all
}

fn visits() -> impl Strategy<Value = Visit> {
    let query = select(vec![
        "",
        "?limit=2",
        "?query=topaz&message=topaz",
        "?query=topaz&sort=relevance&limit=1000",
        "?query=topaz&chat=CHAT",
        "?after=CURSOR&wait=0",
        "?after=MESSAGE",
        "?around=MESSAGE&limit=3",
        "?tombstones=1&before=MESSAGE",
    ]);
    let body = select(vec![
        "",
        "{}",
        "{",
        r#"{"body":"x"}"#,
        r#"{"body":"x","reply_to":MESSAGE}"#,
        r#"{"message":{"message":"x"}}"#,
        r#"{"name":"x"}"#,
        r#"{"application":{"name":"x"},"chat":CHAT}"#,
    ]);
    let accept = select(vec!["", "application/problem+json", "text/event-stream"]);
    (query, body, accept, any::<bool>()).prop_map(|(query, body, accept, with_key)| Visit {
        query,
        body,
        accept,
        with_key,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn nothing_leaks_on_any_documented_path(
        guarded in any::<bool>(),
        token in select(MALFORMED.iter().chain(&NOBODY[1..]).copied().collect::<Vec<_>>()),
        visits in prop::collection::vec(visits(), 3),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let world = World::new(guarded).await;
            let before = world.snapshot().await;
            for visit in &visits {
                world.turns_away(token, visit).await;
                world.hides_from_the_stranger(visit).await;
            }
            assert_eq!(world.snapshot().await, before);
        });
    }
}
