use chat_core::commit::Edit;
use chat_core::ids::MessageNumber;
use chat_core::text::Body;

use super::*;

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

#[tokio::test]
async fn what_is_posted_at_once_gets_numbers_of_its_own() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    let post = async || {
        let body = r#"{"message":{"message":"x"}}"#;
        let path = format!("/applications/{uuid}/chats/1/messages");
        let made = house.post(&path, body).await;
        made.json()["message_number"].as_u64().unwrap()
    };
    let posts = (0..8).map(|_| post());
    let mut numbers = futures_util::future::join_all(posts).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    let chats = format!("/applications/{uuid}/chats");
    let made = (0..8).map(|_| house.post(&chats, ""));
    let made = futures_util::future::join_all(made).await;
    let mut numbers: Vec<u64> = made
        .iter()
        .map(|one| one.json()["chat_number"].as_u64().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (2..=9).collect::<Vec<_>>());
}

#[tokio::test]
async fn ids_are_unique_in_the_application_and_the_body_wins_over_the_query() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    let made = house.post(&format!("/applications/{uuid}/chats"), "").await;
    assert_eq!(made.json()["chat_number"], 2);
    let mut ids = Vec::new();
    for chat in [1, 2] {
        for number in 1..=3 {
            let path = format!("/applications/{uuid}/chats/{chat}/messages?message=query");
            let posted = house.post(&path, r#"{"message":{"message":"body"}}"#).await;
            assert_eq!(posted.json()["message_number"], number);
        }
        let list = house.get(&format!("/messages/{uuid}/{chat}")).await.json();
        for one in list["messages"].as_array().unwrap() {
            assert_eq!(one["message"], "body");
            ids.push(one["id"].as_u64().unwrap());
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

#[tokio::test]
async fn a_message_tells_when_it_was_last_edited() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    post_all(&house, &uuid, &["a"]).await;
    let path = format!("/messages/{uuid}/1");
    let shown = async || house.get(&path).await.json()["messages"][0].clone();
    let posted = shown().await;
    assert_eq!(posted["updated_at"], posted["created_at"]);
    a_moment_later().await;
    let edit = Edit {
        number: MessageNumber(1),
        body: Some(Body::parse("b").unwrap()),
        data: None,
    };
    let edited = house.chat.edit(access(&uuid), ChatNumber(1), edit).await;
    edited.unwrap();
    let edited = shown().await;
    assert_eq!(edited["message"], "b");
    assert_eq!(edited["created_at"], posted["created_at"]);
    let updated = |one: &Value| one["updated_at"].as_str().unwrap().to_owned();
    assert!(updated(&edited) > updated(&posted), "{edited}");
}
