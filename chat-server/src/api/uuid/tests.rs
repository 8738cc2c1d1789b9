mod applications;
mod chats;
mod messages;
mod problems;
mod search;

use std::time::Duration;

use chat_core::clock::{Clock, SystemClock};
use chat_core::ids::{ChatNumber, Token};
use chat_core::service::Access;
use serde_json::{Value, json};

use super::*;
use crate::api::testing::{House, gate, is_time, keys};
use crate::http::testing::request;

const BODY: BodyLimits = BodyLimits {
    bytes: 1024 * 1024,
    time: Duration::from_secs(5),
};
const NOBODY: &str = "2b1f8a52-3c5e-4a8e-9f53-0a6b1f8f2f11";

async fn house() -> House {
    House::build(|chat| vec![door(gate(chat), BODY)]).await
}

/// The uuid of a new application.
async fn application(house: &House, name: &str) -> String {
    let made = house
        .post(
            "/applications",
            json!({"application": {"name": name}}).to_string(),
        )
        .await;
    assert_eq!(made.status, 201);
    made.json()["uuid"].as_str().unwrap().to_owned()
}

/// The uuid of an application with one chat, number 1.
async fn with_chat(house: &House) -> String {
    let uuid = application(house, "X").await;
    assert_eq!(
        house
            .post(&format!("/applications/{uuid}/chats"), "")
            .await
            .status,
        200
    );
    uuid
}

async fn post_all(house: &House, uuid: &str, texts: &[&str]) {
    for text in texts {
        let body = json!({"message": {"message": text}}).to_string();
        assert_eq!(
            house
                .post(&format!("/applications/{uuid}/chats/1/messages"), body)
                .await
                .status,
            200
        );
    }
}

/// Full power in this application.
fn access(uuid: &str) -> Access {
    uuid.parse::<Token>().unwrap().into()
}

/// Until the next millisecond: times are shown no finer.
async fn a_moment_later() {
    let clock = || SystemClock.now().rfc3339(3).to_string();
    let before = clock();
    while clock() == before {
        tokio::task::yield_now().await;
    }
}

fn failed(errors: Value) -> Value {
    json!({"message": "Validation failed", "errors": errors})
}

fn lost(noun: &str) -> Value {
    failed(json!(format!("{noun} Not Found")))
}

#[tokio::test]
async fn a_key_makes_a_command_happen_once() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    let path = format!("/applications/{uuid}/chats/1/messages");
    let post = |key: &str, text: &str| {
        let body = json!({"message": {"message": text}}).to_string();
        house.send(
            request("POST", &path)
                .header("idempotency-key", key)
                .body(body),
        )
    };
    let (first, again) = (post("k", "a").await, post("k", "a").await);
    assert_eq!(
        (first.text(), again.text()),
        (r#"{"message_number":1}"#, r#"{"message_number":1}"#)
    );
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(post("k", "b").await.status, 422);
    assert_eq!(post("a b", "b").await.status, 400);
    assert_eq!(post("k2", "b").await.text(), r#"{"message_number":2}"#);
}

#[tokio::test]
async fn what_is_made_under_a_key_is_made_once() {
    let house = house().await;
    let uuid = application(&house, "X").await;
    let chats = format!("/applications/{uuid}/chats");
    let post = async |path: &str, body: &'static str| {
        let asked = request("POST", path).header("idempotency-key", "k");
        house.send(asked.body(body)).await
    };
    for (path, body, status) in [
        ("/applications", r#"{"name":"Y"}"#, 201),
        (&*chats, "", 200),
    ] {
        let (first, again) = (post(path, body).await, post(path, body).await);
        assert_eq!(first.status, status, "{path}: {}", first.text());
        assert_eq!(first.header("idempotency-replayed"), None, "{path}");
        assert_eq!((again.status, again.text()), (first.status, first.text()));
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{path}");
    }
    let other = post("/applications", r#"{"name":"Z"}"#).await;
    assert_eq!(other.status, 422, "{}", other.text());
    let all = house.get("/applications").await.json();
    let all = all.as_array().unwrap().iter();
    let all: Vec<_> = all.map(|one| (&one["name"], &one["chats_count"])).collect();
    assert_eq!(json!(all), json!([["X", 1], ["Y", 0]]));
}

#[tokio::test]
async fn other_paths_are_404_and_other_methods_405() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    for path in [
        "/applications/x/y",
        "/messages",
        "/messages/x",
        &format!("/messages/{uuid}/1/2"),
    ] {
        let answer = house.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (404, failed(json!("Not Found"))),
            "{path}"
        );
    }
    for (method, path, allow) in [
        (
            "DELETE",
            format!("/applications/{uuid}"),
            "GET, HEAD, PUT, PATCH",
        ),
        ("PUT", "/applications".to_owned(), "GET, HEAD, POST"),
        (
            "GET",
            format!("/applications/{uuid}/chats/1/message"),
            "POST",
        ),
        ("POST", format!("/messages/{uuid}/1"), "GET, HEAD"),
        ("POST", format!("/messages/{uuid}/1/search"), "GET, HEAD"),
    ] {
        let refused = house.json(method, &path, "").await;
        assert_eq!(
            (refused.status.as_u16(), refused.header("allow")),
            (405, Some(allow)),
            "{method} {path}"
        );
        assert_eq!(refused.text(), r#"{"message":"Method Not Allowed"}"#);
    }
}

#[tokio::test]
async fn errors_are_the_contracts_byte_for_byte() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    let lost = house.get(&format!("/applications/{NOBODY}")).await;
    assert_eq!(
        lost.text(),
        r#"{"message":"Validation failed","errors":"Application Not Found"}"#
    );
    let path = format!("/applications/{uuid}/chats/1/messages");
    let blank = house.post(&path, "{}").await;
    assert_eq!(
        blank.text(),
        r#"{"message":"Validation failed","errors":{"message":["can't be blank"]}}"#
    );
}
