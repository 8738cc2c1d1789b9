use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::api::testing::{House, chat, gate, is_time, keys};
use crate::http::testing::{front, request};

const BODY: BodyLimits = BodyLimits {
    bytes: 1024 * 1024,
    time: Duration::from_secs(5),
};
const NOBODY: &str = "2b1f8a52-3c5e-4a8e-9f53-0a6b1f8f2f11";

async fn house() -> House {
    let chat = chat().await;
    let front = front(vec![door(gate(&chat), BODY)]);
    House { chat, front }
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

fn failed(errors: Value) -> Value {
    json!({"message": "Validation failed", "errors": errors})
}

fn lost(noun: &str) -> Value {
    failed(json!(format!("{noun} Not Found")))
}

#[tokio::test]
async fn applications_are_listed() {
    let house = house().await;
    assert_eq!(house.get("/applications").await.text(), "[]");
    let uuid = application(&house, "X").await;
    let list = house.get("/applications").await;
    assert_eq!(list.status, 200);
    assert_eq!(
        list.text(),
        format!(r#"[{{"name":"X","uuid":"{uuid}","chats_count":0}}]"#)
    );
}

#[tokio::test]
async fn an_application_is_made_from_a_nested_or_a_flat_name() {
    let house = house().await;
    for body in [
        r#"{"application":{"name":"test name"}}"#,
        r#"{"name":"test name"}"#,
    ] {
        let made = house.post("/applications", body).await;
        assert_eq!(made.status, 201);
        assert_eq!(keys(&made.json()), ["chats_count", "name", "uuid"]);
        assert_eq!(
            (&made.json()["name"], &made.json()["chats_count"]),
            (&"test name".into(), &0.into())
        );
    }
}

#[tokio::test]
async fn a_blank_name_of_a_new_application_is_422() {
    let house = house().await;
    for body in [
        "{}",
        r#"{"name":""}"#,
        r#"{"application":{"name":" "}}"#,
        r#"{"application":{}}"#,
    ] {
        let refused = house.post("/applications", body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.text()),
            (422, r#"{"name":["can't be blank"]}"#),
            "{body}"
        );
    }
    for body in [r#"{"name":7}"#, r#"{"application":"X"}"#] {
        let refused = house.post("/applications", body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.text()),
            (422, r#"{"name":["is invalid"]}"#),
            "{body}"
        );
    }
}

#[tokio::test]
async fn no_body_or_an_unreadable_one_of_a_new_application_is_400() {
    let house = house().await;
    let refused = house.post("/applications", "").await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()),
        (400, failed(json!({"name": ["can't be blank"]})))
    );
    for body in ["{", "[]", "7"] {
        let refused = house.post("/applications", body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()),
            (400, failed(json!({"name": ["is invalid"]})))
        );
    }
}

#[tokio::test]
async fn an_application_is_shown_by_its_uuid() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    let shown = house.get(&format!("/applications/{uuid}")).await;
    assert_eq!(shown.status, 200);
    assert_eq!(
        shown.json(),
        json!({"name": "X", "uuid": uuid, "chats_count": 1})
    );
}

#[tokio::test]
async fn an_unknown_application_is_404_before_anything_else_is_wrong() {
    let house = house().await;
    for uuid in [NOBODY, "7", "x%20y"] {
        for (method, path, body) in [
            ("GET", format!("/applications/{uuid}"), ""),
            ("PATCH", format!("/applications/{uuid}"), "{"),
            ("PUT", format!("/applications/{uuid}"), r#"{"name":"X"}"#),
            ("POST", format!("/applications/{uuid}/chats"), ""),
            ("GET", format!("/applications/{uuid}/chats"), ""),
            ("POST", format!("/applications/{uuid}/chats/1/message"), ""),
            (
                "POST",
                format!("/applications/{uuid}/chats/x/messages"),
                "{",
            ),
            ("GET", format!("/messages/{uuid}/1"), ""),
            ("GET", format!("/messages/{uuid}/1/search"), ""),
        ] {
            let answer = house.json(method, &path, body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()),
                (404, lost("Application")),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn patch_and_put_rename() {
    let house = house().await;
    let uuid = application(&house, "X").await;
    let path = format!("/applications/{uuid}");
    for (method, name) in [("PATCH", "Y"), ("PUT", "Z")] {
        let renamed = house
            .json(
                method,
                &path,
                json!({"application": {"name": name}}).to_string(),
            )
            .await;
        assert_eq!(renamed.status, 200);
        assert_eq!(
            renamed.json(),
            json!({"name": name, "uuid": uuid, "chats_count": 0})
        );
        for (body, words) in [
            (r#"{"name":""}"#, "can't be blank"),
            ("{}", "can't be blank"),
            ("", "can't be blank"),
            (r#"{"name":7}"#, "is invalid"),
            ("{", "is invalid"),
        ] {
            let refused = house.json(method, &path, body).await;
            assert_eq!(
                (refused.status.as_u16(), refused.json()),
                (400, failed(json!({"name": [words]}))),
                "{body}"
            );
        }
    }
}

#[tokio::test]
async fn names_need_not_be_unique() {
    let house = house().await;
    assert_ne!(
        application(&house, "X").await,
        application(&house, "X").await
    );
}

#[tokio::test]
async fn a_new_chat_takes_the_next_number() {
    let house = house().await;
    let uuid = application(&house, "X").await;
    for number in 1..=3 {
        let made = house.post(&format!("/applications/{uuid}/chats"), "").await;
        assert_eq!(
            (made.status.as_u16(), made.text()),
            (200, format!(r#"{{"chat_number":{number}}}"#).as_str())
        );
    }
}

#[tokio::test]
async fn chats_are_listed_by_number() {
    let house = house().await;
    let uuid = application(&house, "X").await;
    let path = format!("/applications/{uuid}/chats");
    assert_eq!(house.get(&path).await.text(), "[]");
    house.post(&path, "").await;
    post_all(&house, &uuid, &["a", "b"]).await;
    house.post(&path, "").await;
    assert_eq!(
        house.get(&path).await.text(),
        r#"[{"number":1,"messages_count":2},{"number":2,"messages_count":0}]"#
    );
}

#[tokio::test]
async fn a_message_is_posted_under_both_names_of_the_path() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    for (number, word) in [(1, "message"), (2, "messages")] {
        let path = format!("/applications/{uuid}/chats/1/{word}");
        let made = house.post(&path, r#"{"message":{"message":"text"}}"#).await;
        assert_eq!(
            (made.status.as_u16(), made.text()),
            (200, format!(r#"{{"message_number":{number}}}"#).as_str())
        );
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_is_400() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    let path = format!("/applications/{uuid}/chats/1/message");
    let long = json!({"message": {"message": "x".repeat(65_537)}}).to_string();
    for (body, words) in [
        ("", "can't be blank"),
        ("{}", "can't be blank"),
        (r#"{"message":null}"#, "can't be blank"),
        (r#"{"message":{}}"#, "can't be blank"),
        (r#"{"message":{"message":" "}}"#, "can't be blank"),
        (r#"{"message":"text"}"#, "is invalid"),
        (r#"{"message":[1]}"#, "is invalid"),
        (r#"{"message":{"message":7}}"#, "is invalid"),
        ("{", "is invalid"),
        ("[]", "is invalid"),
        (long.as_str(), "is too long (maximum is 65536 bytes)"),
    ] {
        let refused = house.post(&path, body.to_owned()).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()),
            (400, failed(json!({"message": [words]})))
        );
    }
}

#[tokio::test]
async fn an_unknown_chat_is_404_before_an_invalid_body() {
    let house = house().await;
    let uuid = application(&house, "X").await;
    for number in ["1", "007", "+1", "x", "0"] {
        for (method, path) in [
            (
                "POST",
                format!("/applications/{uuid}/chats/{number}/message"),
            ),
            (
                "POST",
                format!("/applications/{uuid}/chats/{number}/messages"),
            ),
            ("GET", format!("/messages/{uuid}/{number}")),
            ("GET", format!("/messages/{uuid}/{number}/search")),
        ] {
            let answer = house.json(method, &path, "").await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()),
                (404, lost("Chat")),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn messages_are_listed_by_number_under_one_key() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    let path = format!("/messages/{uuid}/1");
    assert_eq!(house.get(&path).await.text(), r#"{"messages":[]}"#);
    post_all(&house, &uuid, &["a", "b"]).await;
    let list = house.get(&path).await;
    assert_eq!(
        (list.status.as_u16(), list.header("content-type")),
        (200, Some("application/json"))
    );
    let list = list.json();
    assert_eq!(keys(&list), ["messages"]);
    let message = &list["messages"][1];
    assert_eq!(
        keys(message),
        [
            "application_id",
            "chat_number",
            "created_at",
            "id",
            "message",
            "number",
            "updated_at"
        ]
    );
    assert_eq!(
        (&message["application_id"], &message["message"]),
        (&uuid.into(), &"b".into())
    );
    assert_eq!(
        (&message["chat_number"], &message["number"]),
        (&1.into(), &2.into())
    );
    assert!(is_time(&message["created_at"], 3) && is_time(&message["updated_at"], 3));
    let ids: Vec<_> = list["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_u64().unwrap())
        .collect();
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_list_longer_than_a_page_is_whole() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    post_all(&house, &uuid, &["x"; 450]).await;
    let list = house.get(&format!("/messages/{uuid}/1")).await.json();
    let numbers: Vec<_> = list["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=450).collect::<Vec<_>>());
}

async fn found(house: &House, uuid: &str, body: &'static str, query: &str) -> Vec<u64> {
    let search = request("GET", &format!("/messages/{uuid}/1/search{query}"));
    let answer = house
        .send(search.header("content-type", "application/json").body(body))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["number"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_search_stands_in_the_body_or_in_the_query_and_finds_the_oldest_first() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    post_all(&house, &uuid, &["Hello World", "say héllo", "other"]).await;
    // The index lags: it is asked until it has followed.
    while found(&house, &uuid, "", "?message=other").await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        found(&house, &uuid, r#"{"message":"hello"}"#, "").await,
        [1, 2]
    );
    assert_eq!(found(&house, &uuid, "", "?message=ELL").await, [1, 2]);
    assert_eq!(
        found(&house, &uuid, r#"{"message":"world"}"#, "?message=other").await,
        [1],
        "the body wins"
    );
    assert_eq!(
        found(&house, &uuid, r#"{"message":"nothing such"}"#, "").await,
        [0u64; 0]
    );
}

#[tokio::test]
async fn a_search_for_nothing_is_400() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    for (body, query, words) in [
        ("", "", "can't be blank"),
        ("{}", "", "can't be blank"),
        ("", "?other=1", "can't be blank"),
        (r#"{"message":" "}"#, "", "can't be blank"),
        (r#"{"message":7}"#, "", "is invalid"),
        ("{", "?message=x", "is invalid"),
    ] {
        let refused = house
            .json("GET", &format!("/messages/{uuid}/1/search{query}"), body)
            .await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()),
            (400, failed(json!({"message": [words]}))),
            "{body}"
        );
    }
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
