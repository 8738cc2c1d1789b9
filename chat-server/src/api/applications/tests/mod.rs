//! One test a line of the contract.

mod application;
mod callers;
mod changes;
mod chats;
mod export;
mod forms;
mod keys;
mod limits;
mod marks;
mod me;
mod members;
mod messages;
mod operations;
mod paging;
mod people;
mod presence;
mod problems;
mod search;
mod sessions;
mod stream;
mod sync;
mod times;
mod users;

use std::time::Duration;

use chat_core::memory::MemoryCounter;
use chat_core::port::Counter;
use serde_json::Value;

use super::*;
use crate::api::attempts::Attempts;
use crate::api::testing::{House, chat, gate};
use crate::http::testing::{Answer, front, request};
use crate::live::Pace;

const BODY: BodyLimits = BodyLimits {
    bytes: 1024 * 1024,
    time: Duration::from_secs(5),
};

fn options() -> Options {
    let counter: Arc<dyn Counter> = Arc::new(MemoryCounter::new());
    Options {
        admin_key: None,
        apis: vec![NAME.into()],
        attempts: Attempts::new(&counter),
        origins: Vec::new(),
        pace: Pace::default(),
    }
}

async fn house_with(options: Options) -> House {
    House::build(|chat| vec![door(gate(chat), options.clone(), BODY)]).await
}

async fn house() -> House {
    house_with(options()).await
}

const ROOT: &str = "/api/v1/applications";

/// An application's path.
async fn application(house: &House, name: &str) -> String {
    let made = house
        .post(ROOT, serde_json::json!({ "name": name }).to_string())
        .await;
    format!("{ROOT}/{}", made.json()["token"].as_str().unwrap())
}

/// A chat's path.
async fn a_chat(house: &House) -> String {
    let application = application(house, "X").await;
    let made = house.post(&format!("{application}/chats"), "").await;
    format!("{application}/chats/{}", made.json()["number"])
}

/// Posts messages with these texts.
async fn post_all(house: &House, chat: &str, texts: &[&str]) {
    for text in texts {
        let body = serde_json::json!({ "body": text }).to_string();
        let posted = house.post(&format!("{chat}/messages"), body).await;
        assert_eq!(posted.status, 201, "{}", posted.text());
    }
}

fn numbers(list: &Value) -> Vec<u64> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| item["number"].as_u64().unwrap())
        .collect()
}

const NOBODY: &str = "/api/v1/applications/2b1f8a52-3c5e-4a8e-9f53-0a6b1f8f2f11";

/// An application's path, and the tokens of its users' sessions: user 1 is the first.
async fn people(house: &House, names: &[&str]) -> (String, Vec<String>) {
    let application = application(house, "X").await;
    let sessions = users(house, &application, names).await;
    (application, sessions)
}

/// Sessions of as many users of an application.
async fn users(house: &House, application: &str, names: &[&str]) -> Vec<String> {
    let mut sessions = Vec::new();
    for name in names {
        let body = serde_json::json!({ "username": name }).to_string();
        let made = house.post(&format!("{application}/users"), body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let body = serde_json::json!({ "user": made.json()["number"] }).to_string();
        let opened = house.post(&format!("{application}/sessions"), body).await;
        assert_eq!(opened.status, 201, "{}", opened.text());
        sessions.push(opened.json()["token"].as_str().unwrap().to_owned());
    }
    sessions
}

/// Where somebody's only session is.
async fn the_session(house: &House, application: &str, token: &str) -> String {
    let list = format!("{application}/sessions");
    let found = by(house, token, "GET", &list, "").await.json();
    format!("{list}/{}", found[0]["id"].as_str().unwrap())
}

/// The path of a group of these users, made by its first owner.
async fn a_group(house: &House, application: &str, owner: &str, members: &[u64]) -> String {
    let body = serde_json::json!({ "kind": "group", "members": members }).to_string();
    let made = by(house, owner, "POST", &format!("{application}/chats"), &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    format!("{application}/chats/{}", made.json()["number"])
}

/// A request in a session.
async fn by(house: &House, session: &str, method: &str, path: &str, body: &str) -> Answer {
    let request = request(method, path).header("authorization", &format!("Bearer {session}"));
    let request = request.header("content-type", "application/json");
    house.send(request.body(body.to_owned())).await
}

/// A request of the token with a key.
async fn keyed(house: &House, path: &str, key: &str, body: &str) -> Answer {
    let request = request("POST", path).header("content-type", "application/json");
    let request = request.header("idempotency-key", key);
    house.send(request.body(body.to_owned())).await
}

/// The status, the code and the first field of a problem; an answer in another form fails.
fn problem(answer: &Answer) -> (u16, String, String) {
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{} {}",
        answer.status,
        answer.text()
    );
    let problem = answer.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let field = text(&problem["errors"][0]["field"]);
    (answer.status.as_u16(), text(&problem["code"]), field)
}

/// What [`problem`] tells.
fn told(status: u16, code: &str, field: &str) -> (u16, String, String) {
    (status, code.to_owned(), field.to_owned())
}
