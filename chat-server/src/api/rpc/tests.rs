mod lists;
mod problems;

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::api::testing::{House, gate, is_time, keys};
use crate::http::testing::{Answer, request};

const BODY: BodyLimits = BodyLimits {
    bytes: 1024 * 1024,
    time: Duration::from_secs(5),
};

const NOBODY: &str = "2b1f8a52-3c5e-4a8e-9f53-0a6b1f8f2f11";

const PATHS: [&str; 5] = [
    "/users/add",
    "/chats/add",
    "/messages/add",
    "/chats/get",
    "/messages/get",
];

async fn house() -> House {
    House::build(|chat| vec![door(gate(chat), BODY)]).await
}

async fn post(house: &House, path: &str, body: Value) -> Answer {
    house.post(path, body.to_string()).await
}

/// What was made, or found.
async fn done(house: &House, path: &str, body: Value) -> Value {
    let answer = post(house, path, body).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text());
    answer.json()
}

/// Users 1 and 2 in chat 1, and user 3 outside.
async fn furnished() -> House {
    let house = house().await;
    for n in 1..=3 {
        let made = done(
            &house,
            "/users/add",
            json!({"username": format!("user_{n}")}),
        )
        .await;
        assert_eq!(made, json!({"id": n}));
    }
    let chat = json!({"name": "chat_1", "users": ["1", "2"]});
    assert_eq!(done(&house, "/chats/add", chat).await, json!({"id": 1}));
    house
}

async fn refused(house: &House, path: &str, body: Value, status: u16, words: [&str; 3]) {
    let answer = post(house, path, body.clone()).await;
    let [error, message, detail] = words;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (
            status,
            json!({"error": error, "message": message, "detail": detail})
        ),
        "{path} {body}"
    );
}

async fn bad(house: &House, path: &str, body: Value, detail: &str) {
    let words = ["Bad Request", "Bad request", detail];
    refused(house, path, body, 400, words).await;
}

async fn lost(house: &House, path: &str, body: Value, message: &str, detail: &str) {
    let words = ["Not Found", message, detail];
    refused(house, path, body, 404, words).await;
}

#[tokio::test]
async fn errors_are_the_contracts_byte_for_byte() {
    let house = house().await;
    let answer = house.post("/users/add", "{").await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.text(),
        r#"{"error":"Bad Request","message":"Bad request","detail":"incorrect json syntax"}"#
    );
    for body in ["", "[]", "3", "nul", "\"x\"", "{\"username\":\"a\"} x"] {
        let answer = house.post("/users/add", body).await;
        assert_eq!(answer.json()["detail"], "incorrect json syntax", "{body}");
        assert_eq!(answer.status, 400);
    }
}

#[tokio::test]
async fn a_user_is_made_and_its_name_is_unique_without_regard_to_case() {
    let house = furnished().await;
    for name in ["user_3", "USER_3"] {
        let detail = format!("user {name} already exists, must be unique");
        let words = ["Conflict", "Username already used", &detail];
        refused(&house, "/users/add", json!({"username": name}), 409, words).await;
    }
    let path = "/users/add";
    bad(&house, path, json!({}), "field 'username' must be filled").await;
    let detail = "field 'username' must be filled";
    bad(&house, path, json!({"username": ""}), detail).await;
    bad(&house, path, json!({"username": null}), detail).await;
    let detail = "invalid type of field 'username'";
    for wrong in [json!(1), json!([]), json!({}), json!(true)] {
        bad(&house, path, json!({"username": wrong}), detail).await;
    }
    let detail = "check format of 'username'";
    bad(&house, path, json!({"username": "a\u{0}"}), detail).await;
    let detail = "field 'username' is too long (maximum is 255 characters)";
    bad(&house, path, json!({"username": "é".repeat(256)}), detail).await;
    let body = json!({"username": "x", "asd": 1});
    bad(&house, path, body, "Unknown field 'asd'").await;
    let body = json!({"username": "x", "users": [1]});
    bad(&house, path, body, "Unknown field 'users'").await;
}

#[tokio::test]
async fn a_chat_is_made_of_any_number_of_users_each_once() {
    let house = furnished().await;
    let path = "/chats/add";
    let body = json!({"name": "one", "users": [3, "3", 3.0]});
    assert_eq!(done(&house, path, body).await, json!({"id": 2}));
    let chats = done(&house, "/chats/get", json!({"user": 3})).await;
    assert_eq!(chats[0]["users"], json!([3]));

    let detail = "chat chat_1 already exists, must be unique";
    let words = ["Conflict", "Chat name already used", detail];
    let taken = json!({"name": "chat_1", "users": [1]});
    refused(&house, path, taken, 409, words).await;
    for (users, detail) in [
        (json!([1, 5]), "not found user with id: 5".to_owned()),
        (
            json!([NOBODY, 1]),
            format!("not found user with id: {NOBODY}"),
        ),
    ] {
        let body = json!({"name": "x", "users": users});
        lost(&house, path, body, "User not found", &detail).await;
    }
    for (users, detail) in [
        (json!([]), "field 'users' must have at least 1 args"),
        (json!(null), "field 'users' must be filled"),
        (json!("1"), "invalid type of field 'users'"),
        (json!(1), "invalid type of field 'users'"),
        (json!({"1": 1}), "invalid type of field 'users'"),
        (json!([1, true]), "invalid type of field 'users'"),
        (json!([1, [2]]), "invalid type of field 'users'"),
        (json!([1, 1.5]), "invalid type of field 'users'"),
        (json!([1, "x"]), "check format of 'users'"),
        (json!([1, "01"]), "check format of 'users'"),
        (json!([1, 0]), "check format of 'users'"),
        (json!([1, -1]), "check format of 'users'"),
        (json!([NOBODY, "x"]), "check format of 'users'"),
    ] {
        bad(&house, path, json!({"name": "x", "users": users}), detail).await;
    }
    let detail = "field 'name' must be filled";
    bad(&house, path, json!({"users": [1]}), detail).await;
    let detail = "field 'name' is too long (maximum is 255 characters)";
    let long = json!({"name": "x".repeat(256), "users": [1]});
    bad(&house, path, long, detail).await;
    let detail = "invalid type of field 'name'";
    bad(&house, path, json!({"name": 1, "users": [1]}), detail).await;
    let body = json!({"name": "x", "users": [1], "x": 1});
    bad(&house, path, body, "Unknown field 'x'").await;
}

#[tokio::test]
async fn a_list_of_users_may_be_larger_than_other_bodies() {
    let house = furnished().await;
    let users = vec!["1"; 600_000];
    let body = json!({"name": "large", "users": users}).to_string();
    assert!(body.len() > 2 * BODY.bytes);
    assert_eq!(house.post("/chats/add", body).await.status, 201);
    // A body of this length, most of it white space.
    let padded = |length: usize| {
        let body = json!({"name": "padded", "users": [1]}).to_string();
        " ".repeat(length - body.len()) + &body
    };
    let most = 16 * 1024 * 1024;
    let made = house.post("/chats/add", padded(most)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let long = json!({"username": "x".repeat(BODY.bytes)}).to_string();
    for (path, body, most) in [
        ("/users/add", long, "1048576"),
        ("/chats/add", padded(most + 1), "16777216"),
    ] {
        let refused = house.post(path, body).await;
        assert_eq!(refused.status, 413, "{path}");
        let words = format!("the body is larger than {most} bytes");
        assert_eq!(refused.json()["detail"], words, "{path}");
    }
}

#[tokio::test]
async fn a_message_is_posted_by_a_user_of_the_chat() {
    let house = furnished().await;
    let path = "/messages/add";
    let body = json!({"chat": "1", "author": "1", "text": "hi"});
    assert_eq!(done(&house, path, body).await, json!({"id": 1}));
    let body = json!({"chat": 1, "author": 2, "text": "ho"});
    assert_eq!(done(&house, path, body).await, json!({"id": 2}));
    let list = done(&house, "/messages/get", json!({"chat": "1"})).await;
    let first = &list[0];
    assert_eq!(keys(first), ["author", "chat", "created_at", "id", "text"]);
    assert!(is_time(&first["created_at"], 3), "{first}");
    let shown: Vec<_> = list.as_array().unwrap().iter().collect();
    let shown: Vec<_> = shown
        .iter()
        .map(|one| json!([one["id"], one["chat"], one["author"], one["text"]]))
        .collect();
    assert_eq!(json!(shown), json!([[1, 1, 1, "hi"], [2, 1, 2, "ho"]]));

    let say = |chat: Value, author: Value| json!({"chat": chat, "author": author, "text": "x"});
    let detail = "not found chat with id: 5";
    let unknown = say(json!(5), json!(1));
    lost(&house, path, unknown, "Chat not found", detail).await;
    let detail = format!("not found chat with id: {NOBODY}");
    let unknown = say(json!(NOBODY), json!(1));
    lost(&house, path, unknown, "Chat not found", &detail).await;
    let unknown = say(json!(1), json!(5));
    lost(&house, path, unknown, "User not found", "author not found").await;
    for nobody in [json!(NOBODY), json!(1e29)] {
        let unknown = say(json!(1), nobody);
        lost(&house, path, unknown, "User not found", "author not found").await;
    }
    let detail = "no such author in chat";
    let outside = say(json!(1), json!(3));
    lost(&house, path, outside, "User or chat not found", detail).await;
    bad(
        &house,
        path,
        say(json!("x"), json!(1)),
        "check format of 'chat'",
    )
    .await;
    let detail = "invalid type of field 'author'";
    bad(&house, path, say(json!(1), json!([1])), detail).await;
    for (text, detail) in [
        (json!(null), "field 'text' must be filled"),
        (json!("  "), "field 'text' must be filled"),
        (json!(3), "invalid type of field 'text'"),
        (
            json!("x".repeat(65_537)),
            "field 'text' is too long (maximum is 65536 bytes)",
        ),
    ] {
        let body = json!({"chat": 1, "author": 1, "text": text});
        bad(&house, path, body, detail).await;
    }
    let body = json!({"chat": 1, "author": 1, "text": "x", "x": 1});
    bad(&house, path, body, "Unknown field 'x'").await;
    // What cannot be at all is told before what is not there.
    let detail = "field 'text' must be filled";
    for (chat, author) in [(json!(5), json!(1)), (json!(NOBODY), json!(NOBODY))] {
        let body = json!({"chat": chat, "author": author, "text": ""});
        bad(&house, path, body, detail).await;
    }
    let none = done(&house, "/messages/get", json!({"chat": 1})).await;
    assert_eq!(
        none.as_array().unwrap().len(),
        2,
        "nothing refused is there"
    );
}

#[tokio::test]
async fn whoever_asks_for_text_gets_the_bare_id() {
    let house = house().await;
    let add = async |name: &str, accept: Option<&str>| {
        let body = json!({"username": name}).to_string();
        let request = request("POST", "/users/add").body(body);
        let request = match accept {
            Some(accept) => request.header("accept", accept),
            None => request,
        };
        let answer = house.send(request).await;
        assert_eq!(answer.status, 201);
        let kind = answer.header("content-type").unwrap().to_owned();
        (answer.text().to_owned(), kind)
    };
    let text = |id: u64| (format!("{id}\n"), "text/plain; charset=utf-8".to_owned());
    let object = |id: u64| (format!("{{\"id\":{id}}}"), "application/json".to_owned());
    assert_eq!(add("a", Some("text/plain")).await, text(1));
    assert_eq!(add("b", None).await, object(2));
    assert_eq!(add("c", Some("*/*")).await, object(3));
    assert_eq!(
        add("d", Some("application/json, text/plain")).await,
        object(4)
    );
    assert_eq!(add("e", Some("text/html")).await, object(5));
    for (path, body) in [
        ("/chats/add", json!({"name": "a", "users": [1]})),
        (
            "/messages/add",
            json!({"chat": 1, "author": 1, "text": "a"}),
        ),
    ] {
        let asked = request("POST", path).header("accept", "text/plain");
        let answer = house.send(asked.body(body.to_string())).await;
        assert_eq!(answer.status, 201, "{path}");
        let kind = answer.header("content-type").unwrap().to_owned();
        assert_eq!((answer.text().to_owned(), kind), text(1), "{path}");
    }
}

#[tokio::test]
async fn the_content_type_does_not_matter() {
    let house = house().await;
    for (n, kind) in ["application/x-www-form-urlencoded", "text/plain", "x"]
        .iter()
        .enumerate()
    {
        let body = json!({"username": format!("u{n}")}).to_string();
        let request = request("POST", "/users/add").header("content-type", kind);
        assert_eq!(house.send(request.body(body)).await.status, 201, "{kind}");
    }
}

#[tokio::test]
async fn other_methods_are_405_and_other_paths_404() {
    let house = house().await;
    for path in PATHS {
        for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE"] {
            let answer = house.json(method, path, "").await;
            let told = (answer.status.as_u16(), answer.header("allow"));
            assert_eq!(told, (405, Some("POST")), "{method} {path}");
        }
    }
    let answer = house.get("/users/add").await;
    assert_eq!(answer.json()["error"], "Method Not Allowed");
    let answer = house.get("/users/add/1").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]),
        (404, &json!("Not Found"))
    );
}

#[tokio::test]
async fn a_key_makes_a_command_happen_once() {
    let house = furnished().await;
    let send = async |path: &str, body: &Value| {
        let request = request("POST", path).header("idempotency-key", "k");
        house.send(request.body(body.to_string())).await
    };
    let say = |text: &str| json!({"chat": 1, "author": 1, "text": text});
    let gather = |name: &str| json!({"name": name, "users": [1]});
    let user = |name: &str| json!({"username": name});
    for (path, body, other, id) in [
        ("/users/add", user("a"), user("b"), 4),
        ("/chats/add", gather("a"), gather("b"), 2),
        ("/messages/add", say("hi"), say("ho"), 1),
    ] {
        let (first, again) = (send(path, &body).await, send(path, &body).await);
        let made = (201, json!({"id": id}));
        for answer in [&first, &again] {
            let told = (answer.status.as_u16(), answer.json());
            assert_eq!(told, made, "{path}");
        }
        assert_eq!(first.header("idempotency-replayed"), None, "{path}");
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{path}");
        assert_eq!(send(path, &other).await.status, 422, "{path}");
    }
}
