use std::time::Duration;

use super::*;
use crate::api::testing::queued::queued_chat;

/// A house whose writes are queued.
async fn queued_house(works: bool) -> House {
    let chat = queued_chat(works).await;
    let front = front(vec![door(gate(&chat), options(), BODY)]);
    House::on_doubles(chat, front)
}

/// What an operation came to.
async fn settled(house: &House, place: &str) -> Value {
    let settling = async {
        loop {
            let told = house.get(place).await.json();
            if told["state"] != "pending" {
                return told;
            }
            tokio::task::yield_now().await;
        }
    };
    let settled = tokio::time::timeout(Duration::from_secs(30), settling).await;
    settled.expect("it is settled")
}

#[tokio::test]
async fn a_write_that_nobody_waits_for_is_an_operation() {
    let house = queued_house(false).await;
    let application = application(&house, "X").await;
    let ask = request("POST", &format!("{application}/chats"))
        .header("prefer", "wait=3, Respond-Async; x=1");
    let accepted = house.send(ask).await;
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let id = accepted.json()["id"].as_str().unwrap().to_owned();
    let place = accepted.header("location").unwrap().to_owned();
    assert_eq!(place, format!("{application}/operations/{id}"));
    let state = house.get(&place).await;
    let pending = serde_json::json!({ "id": id, "state": "pending" });
    assert_eq!((state.status.as_u16(), state.json()), (200, pending));
    let parameter = house.get(&format!("{place}?x=1")).await;
    assert_eq!(problem(&parameter), told(400, "unknown_field", "x"));
    let unknown = format!("{application}/operations/{}", uuid::Uuid::new_v4());
    for lost in [unknown, format!("{application}/operations/7")] {
        let answer = house.get(&lost).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["code"]),
            (404, &"not_found".into())
        );
    }
}

#[tokio::test]
async fn an_operation_tells_what_became_of_it_to_its_application_alone() {
    let house = queued_house(true).await;
    let mine = application(&house, "X").await;
    let ask = |path: String, body: &'static str| {
        request("POST", &path)
            .header("prefer", "respond-async")
            .header("content-type", "application/json")
            .body(body)
    };
    let made = house.send(ask(format!("{mine}/chats"), "{}")).await;
    let refused = house
        .send(ask(format!("{mine}/chats/9/messages"), r#"{"body":"b"}"#))
        .await;
    assert_eq!((made.status.as_u16(), refused.status.as_u16()), (202, 202));

    let done = settled(&house, made.header("location").unwrap()).await;
    assert_eq!(
        (&done["state"], &done["result"]["number"]),
        (&"done".into(), &1.into())
    );
    let place = refused.header("location").unwrap();
    let told = settled(&house, place).await;
    assert_eq!(
        (&told["state"], &told["problem"]["status"]),
        (&"refused".into(), &404.into())
    );
    assert_eq!(told["problem"]["detail"], "Chat Not Found");
    let other = application(&house, "Y").await;
    let theirs = place.replace(&mine, &other);
    assert_eq!(house.get(&theirs).await.status, 404);
}

#[tokio::test]
async fn users_and_members_can_be_left_to_the_queue_too() {
    let house = queued_house(true).await;
    let application = application(&house, "X").await;
    for (path, body) in [
        ("users", r#"{"username":"alice"}"#),
        ("users", r#"{"username":"bob"}"#),
        ("chats", r#"{"kind":"group","members":[1]}"#),
        ("chats/1/members", r#"{"members":[2]}"#),
    ] {
        let ask = request("POST", &format!("{application}/{path}"));
        let ask = ask.header("prefer", "respond-async");
        let ask = ask.header("content-type", "application/json").body(body);
        let accepted = house.send(ask).await;
        assert_eq!(accepted.status, 202, "{path}: {}", accepted.text());
        let told = settled(&house, accepted.header("location").unwrap()).await;
        assert_eq!(told["state"], "done", "{path}: {told}");
    }
    let members = house
        .get(&format!("{application}/chats/1/members"))
        .await
        .json();
    assert_eq!(members.as_array().unwrap().len(), 2);
}
