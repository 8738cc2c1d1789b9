//! One test a line of the contract.

mod accounts;
mod doors;
mod encryption;
mod groups;
mod history;
mod keys;
mod messages;
mod one_to_one;
mod problems;
mod users;
mod ws;

use std::time::Duration;

use chat_core::commit::Caller;
use chat_core::ids::{ChatNumber, MessageNumber, UserNumber};
use chat_core::memory::MemoryCounter;
use chat_core::port::Counter;
use chat_core::service::{Access, NewUser};
use chat_core::text::Username;
use serde_json::{Value, json};

use super::*;
use crate::api::testing::{House, gate, is_time, keys};
use crate::http::testing::{Answer, request};

const BODY: BodyLimits = BodyLimits {
    bytes: 1024 * 1024,
    time: Duration::from_secs(5),
};

async fn house() -> House {
    let options = options();
    House::build(|chat| vec![door(gate(chat), options.clone(), BODY)]).await
}

pub(super) fn options() -> Options {
    let counter: Arc<dyn Counter> = Arc::new(MemoryCounter::new());
    Options {
        attempts: Attempts::new(&counter),
        origins: Vec::new(),
        pace: Pace::default(),
    }
}

async fn home(house: &House) -> Access {
    house.chat.default_application_id().await.unwrap().into()
}

/// Somebody who is logged in.
struct Person<'a> {
    house: &'a House,
    id: u64,
    token: String,
}

/// A new user who is logged in; passwords take their time, so it has none.
async fn person<'a>(house: &'a House, name: &str) -> Person<'a> {
    let access = home(house).await;
    let new = NewUser::named(Username::parse(name).unwrap());
    let made = house.chat.create_user(access, new, None).await.unwrap();
    let number = made.value.number;
    logged_in(house, number).await
}

async fn logged_in(house: &House, user: UserNumber) -> Person<'_> {
    let access = home(house).await;
    let opened = house.chat.mint_session(access, user, None).await.unwrap();
    Person {
        house,
        id: user.0,
        token: opened.token.expose().to_owned(),
    }
}

/// Alice, Bob and Carol: users 1, 2 and 3.
async fn three(house: &House) -> [Person<'_>; 3] {
    [
        person(house, "alice").await,
        person(house, "bob").await,
        person(house, "carol").await,
    ]
}

impl Person<'_> {
    /// What it answers, which is JSON where there is a body.
    async fn send(&self, method: &str, path: &str, body: impl Into<bytes::Bytes>) -> Answer {
        let request = request(method, path)
            .header("authorization", &format!("Bearer {}", self.token))
            .header("content-type", "application/json");
        let answer = self.house.send(request.body(body)).await;
        if !answer.body.is_empty() {
            let kind = answer.header("content-type");
            assert_eq!(kind, Some("application/json"), "{method} {path}");
        }
        answer
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        self.send(method, path, body.to_string()).await
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.send("GET", path, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// What it answers that has to succeed so.
    async fn done(&self, method: &str, path: &str, body: Value, status: u16) -> Answer {
        let answer = self.ask(method, path, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        answer
    }

    /// The id of a new conversation.
    async fn begin(&self, body: Value) -> u64 {
        let made = self.done("POST", "/conversations", body, 201).await;
        made.json()["id"].as_u64().unwrap()
    }

    /// The id of a new message.
    async fn say(&self, conversation: u64, text: &str) -> u64 {
        let path = format!("/conversations/{conversation}/message");
        let made = self
            .done("POST", &path, json!({"content": text}), 201)
            .await;
        made.json()["id"].as_u64().unwrap()
    }

    /// Reads this message and nothing around it, as other APIs have it.
    async fn reads_alone(&self, conversation: u64, number: u64) {
        let access = home(self.house).await.by(Caller::User(UserNumber(self.id)));
        let (chat, number) = (ChatNumber(conversation), MessageNumber(number));
        let read = self.house.chat.mark_read(access, chat, number);
        read.await.unwrap();
    }

    async fn refused(&self, method: &str, path: &str, body: Value, status: u16, words: &str) {
        let answer = self.ask(method, path, body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (status, json!({"error": words})),
            "{method} {path} {body}"
        );
    }
}

fn ids(list: &Value) -> Vec<u64> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| one["id"].as_u64().unwrap()).collect()
}

const ALL: [(&str, &str); 23] = [
    ("POST", "/logout"),
    ("GET", "/users"),
    ("GET", "/users/1"),
    ("PUT", "/users/1"),
    ("DELETE", "/users/1"),
    ("GET", "/users/1/keys"),
    ("PUT", "/users/1/keys/phone"),
    ("DELETE", "/users/1/keys/phone"),
    ("POST", "/conversations"),
    ("GET", "/conversations"),
    ("GET", "/conversations/1"),
    ("PUT", "/conversations/1"),
    ("DELETE", "/conversations/1"),
    ("POST", "/conversations/1/message"),
    ("POST", "/conversations/1/messages"),
    ("GET", "/conversations/1/message/1"),
    ("PUT", "/conversations/1/message/1"),
    ("DELETE", "/conversations/1/messages/1"),
    ("PUT", "/conversations/1/messages/1"),
    ("POST", "/conversations/1/participants"),
    ("DELETE", "/conversations/1/participants/1"),
    ("PUT", "/conversations/1/read"),
    ("GET", "/ws"),
];

#[tokio::test]
async fn without_a_session_everything_is_401() {
    let house = house().await;
    let ended = person(&house, "alice").await;
    ended.done("POST", "/logout", json!(null), 204).await;
    let other = house
        .chat
        .create_application(chat_core::text::Name::parse("other").unwrap(), false, None)
        .await
        .unwrap();
    let elsewhere = Access::from(other.value.token);
    let new = NewUser::named(Username::parse("alice").unwrap());
    let stranger = house.chat.create_user(elsewhere, new, None).await.unwrap();
    let stranger = house
        .chat
        .mint_session(elsewhere, stranger.value.number, None);
    let stranger = format!("Bearer {}", stranger.await.unwrap().token.expose());
    let ended = format!("Bearer {}", ended.token);
    for (method, path) in ALL {
        for carried in [
            "",
            "Bearer",
            "Bearer x",
            "Token x",
            "Basic eDp4",
            &ended,
            &stranger,
        ] {
            let asked = request(method, path).header("authorization", carried);
            let answer = house.send(asked.body("{")).await;
            assert_eq!(
                (answer.status.as_u16(), answer.text()),
                (401, r#"{"error":"Unauthorized"}"#),
                "{method} {path} {carried}"
            );
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
}

#[tokio::test]
async fn other_paths_are_404_and_other_methods_405() {
    let house = house().await;
    let alice = person(&house, "alice").await;
    for path in [
        "/users/1/x",
        "/users/1/keys/x/y",
        "/conversations/1/x",
        "/conversations/1/message/1/x",
        "/login/x",
    ] {
        alice
            .refused("GET", path, json!(null), 404, "Not found")
            .await;
    }
    for method in ["GET", "POST", "PUT"] {
        // It is the rpc API's, which is not served here.
        alice
            .refused(
                method,
                "/users/add",
                json!({"username": "x"}),
                404,
                "Not found",
            )
            .await;
    }
    for path in ["/users/0", "/users/01", "/users/-1", "/users/9"] {
        alice
            .refused("GET", path, json!(null), 404, "User not found")
            .await;
    }
    for path in [
        "/conversations/0",
        "/conversations/01",
        "/conversations/x",
        "/conversations/9",
    ] {
        let lost = "Conversation not found";
        alice.refused("GET", path, json!(null), 404, lost).await;
    }
    for (method, path, allow) in [
        ("GET", "/register", "POST"),
        ("GET", "/login", "POST"),
        ("DELETE", "/logout", "POST"),
        ("POST", "/users", "GET, HEAD"),
        ("POST", "/users/1", "GET, HEAD, PUT, DELETE"),
        ("PUT", "/users/1/keys", "GET, HEAD"),
        ("GET", "/users/1/keys/x", "PUT, DELETE"),
        ("PUT", "/conversations", "GET, HEAD, POST"),
        ("PATCH", "/conversations/1", "GET, HEAD, PUT, DELETE"),
        ("GET", "/conversations/1/message", "POST"),
        ("GET", "/conversations/1/messages", "POST"),
        (
            "POST",
            "/conversations/1/messages/1",
            "GET, HEAD, PUT, DELETE",
        ),
        ("GET", "/conversations/1/participants", "POST"),
        ("GET", "/conversations/1/participants/1", "DELETE"),
        ("GET", "/conversations/1/read", "PUT"),
    ] {
        let answer = house.json(method, path, "").await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.header("allow"),
                answer.text()
            ),
            (405, Some(allow), r#"{"error":"Method not allowed"}"#),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn a_missing_parent_is_told_before_an_invalid_body() {
    let house = house().await;
    let [alice, bob, _] = three(&house).await;
    let group = alice.begin(json!({"participants": [3], "name": "g"})).await;
    assert_eq!(group, 1);
    for (method, path) in ALL.iter().filter(|(method, path)| {
        path.starts_with("/conversations/1") && matches!(*method, "POST" | "PUT")
    }) {
        let answer = bob.send(method, path, "{").await;
        assert_eq!(answer.status, 403, "{method} {path}");
        let answer = bob.send(method, &path.replacen("/1", "/9", 1), "{").await;
        assert_eq!(answer.status, 404, "{method} {path}");
    }
    let answer = alice.send("PUT", "/conversations/1/message/9", "{").await;
    assert_eq!(answer.status, 404);
    for (method, path) in [
        ("PUT", "/users/1"),
        ("PUT", "/users/1/keys/phone"),
        ("POST", "/conversations"),
        ("PUT", "/conversations/1"),
        ("POST", "/conversations/1/message"),
        ("POST", "/conversations/1/participants"),
        ("PUT", "/conversations/1/read"),
    ] {
        for body in ["{", "", "[]", "3", "null"] {
            let answer = alice.send(method, path, body).await;
            assert_eq!(answer.status, 400, "{method} {path} {body}");
            assert_eq!(keys(&answer.json()), ["error"]);
        }
    }
    let large = json!({"content": "x".repeat(BODY.bytes)});
    let words = "the body is larger than 1048576 bytes";
    alice
        .refused("POST", "/conversations/1/message", large, 413, words)
        .await;
}
