use super::*;
use crate::api::testing::limited;
use crate::api::{rpc, uuid};

/// With the doors whose paths begin alike.
async fn beside_others() -> House {
    let options = options();
    House::build(|chat| {
        vec![
            uuid::door(gate(chat), BODY),
            door(gate(chat), options.clone(), BODY),
            rpc::door(gate(chat), BODY),
        ]
    })
    .await
}

#[tokio::test]
async fn a_literal_path_wins_over_a_pattern() {
    let house = beside_others().await;
    let alice = person(&house, "alice").await;
    for path in ["/users/add", "/messages/add", "/messages/get"] {
        let answer = alice.send("GET", path, "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("allow")),
            (405, Some("POST")),
            "{path}"
        );
        assert_eq!(answer.json()["error"], "Method Not Allowed");
    }
    assert_eq!(alice.get("/users/1").await["username"], "alice");
}

#[tokio::test]
async fn people_are_the_same_through_either_door() {
    let house = beside_others().await;
    let alice = person(&house, "alice").await;
    let rpc = async |path: &str, body: Value| {
        let answer = house.post(path, body.to_string()).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        answer.json()
    };
    let bob = rpc("/users/add", json!({"username": "bob"})).await;
    assert_eq!(bob, json!({"id": 2}));
    assert_eq!(alice.get("/users/2").await["username"], "bob");
    let own = alice.begin(json!({"participants": [2]})).await;
    let given = rpc("/chats/add", json!({"name": "given", "users": [1, 2]})).await;
    let given = given["id"].as_u64().unwrap();
    let first = alice.say(own, "one").await;
    let body = json!({"chat": own, "author": 2, "text": "two"});
    let second = rpc("/messages/add", body).await["id"].clone();
    let seen = alice.get(&format!("/conversations/{own}")).await;
    assert_eq!(ids(&seen["messages"]), [first, second.as_u64().unwrap()]);
    assert_eq!(seen["messages"][1]["senderId"], 2);
    let read = rpc("/messages/get", json!({"chat": own})).await;
    let read = read.as_array().unwrap().iter();
    let texts: Vec<_> = read.map(|one| &one["text"]).collect();
    assert_eq!(texts, ["one", "two"]);
    let chats = rpc("/chats/get", json!({"user": 2})).await;
    assert_eq!(ids(&chats), [own, given]);
    assert_eq!(
        (&chats[0]["name"], &chats[1]["name"]),
        (&json!(null), &json!("given"))
    );
    let list = alice.get("/conversations").await;
    assert_eq!(ids(&list), [own, given]);
    assert_eq!(
        (&list[0]["name"], &list[1]["name"]),
        (&json!(null), &json!("given"))
    );
}

#[tokio::test]
async fn both_doors_count_what_the_application_asks() {
    let options = options();
    let gate = limited("2/60s");
    let house = House::build(|chat| {
        vec![
            door(gate(chat), options.clone(), BODY),
            rpc::door(gate(chat), BODY),
        ]
    })
    .await;
    let alice = json!({"username": "alice", "password": "correct horse"});
    let bob = json!({"username": "bob"});
    for (path, body, status, left) in [
        ("/register", &alice, 201, "1"),
        ("/users/add", &bob, 201, "0"),
        ("/login", &alice, 429, "0"),
        ("/users/add", &bob, 429, "0"),
    ] {
        let answer = house.post(path, body.to_string()).await;
        let told = (answer.status.as_u16(), answer.header("ratelimit-remaining"));
        assert_eq!(told, (status, Some(left)), "{path}: {}", answer.text());
        assert_eq!(answer.header("retry-after").is_some(), status == 429);
    }
}
