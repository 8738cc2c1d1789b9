//! Lists of chats and of messages.

use serde_json::{Value, json};

use super::*;
use crate::api::testing::crowd::crowd;

#[tokio::test]
async fn chats_come_with_the_latest_message_first() {
    let house = furnished().await;
    for name in ["chat_2", "chat_3"] {
        done(&house, "/chats/add", json!({"name": name, "users": [1]})).await;
    }
    let order = async || {
        let chats = done(&house, "/chats/get", json!({"user": "1"})).await;
        let chats = chats.as_array().unwrap().clone();
        chats
            .iter()
            .map(|chat| chat["id"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(order().await, [3, 2, 1]);
    let body = json!({"chat": 1, "author": 1, "text": "hi"});
    done(&house, "/messages/add", body).await;
    assert_eq!(order().await, [1, 3, 2]);
    let access = house.chat.default_application_id().await.unwrap().into();
    let (chat, number) = (
        chat_core::ids::ChatNumber(1),
        chat_core::ids::MessageNumber(1),
    );
    house.chat.delete(access, chat, number).await.unwrap();
    assert_eq!(
        order().await,
        [1, 3, 2],
        "a deleted message does not move it back"
    );
    let without = json!({"name": "chat_4", "users": [1]});
    done(&house, "/chats/add", without).await;
    assert_eq!(order().await, [4, 1, 3, 2], "it counts from its creation");
    let body = json!({"chat": 2, "author": 1, "text": "hi"});
    done(&house, "/messages/add", body).await;
    assert_eq!(order().await, [2, 4, 1, 3]);

    let chats = done(&house, "/chats/get", json!({"user": 2})).await;
    let only = &chats.as_array().unwrap()[0];
    assert_eq!(keys(only), ["created_at", "id", "name", "users"]);
    assert!(is_time(&only["created_at"], 3), "{only}");
    assert_eq!(
        (&only["id"], &only["name"], &only["users"]),
        (&json!(1), &json!("chat_1"), &json!([1, 2]))
    );
}

#[tokio::test]
async fn empty_lists_are_empty_and_unknown_parents_are_404() {
    let house = furnished().await;
    let answer = post(&house, "/messages/get", json!({"chat": 1})).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "[]"));
    let answer = post(&house, "/chats/get", json!({"user": 3})).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "[]"));
    for (id, named) in [(json!(5), "5"), (json!("5"), "5"), (json!(NOBODY), NOBODY)] {
        let detail = format!("not found user with id: {named}");
        lost(
            &house,
            "/chats/get",
            json!({"user": id}),
            "User not found",
            &detail,
        )
        .await;
        let detail = format!("not found chat with id: {named}");
        lost(
            &house,
            "/messages/get",
            json!({"chat": id}),
            "Chat not found",
            &detail,
        )
        .await;
    }
    for (path, field) in [("/chats/get", "user"), ("/messages/get", "chat")] {
        let detail = format!("field '{field}' must be filled");
        bad(&house, path, json!({}), &detail).await;
        let detail = format!("check format of '{field}'");
        bad(&house, path, json!({field: "1.0"}), &detail).await;
        let detail = format!("invalid type of field '{field}'");
        bad(&house, path, json!({field: false}), &detail).await;
        let body = json!({field: 1, "limit": 1});
        bad(&house, path, body, "Unknown field 'limit'").await;
    }
}

#[tokio::test]
async fn a_whole_list_is_answered_however_long() {
    let house = furnished().await;
    let access =
        chat_core::service::Access::from(house.chat.default_application_id().await.unwrap());
    for n in 0..450 {
        let post = chat_core::commit::Post {
            body: chat_core::text::Body::parse(n.to_string()).unwrap(),
            data: None,
            reply_to: None,
        };
        let chat = chat_core::ids::ChatNumber(1);
        house.chat.post(access, chat, post, None).await.unwrap();
    }
    for n in 0..120 {
        done(
            &house,
            "/chats/add",
            json!({"name": format!("more {n}"), "users": [1]}),
        )
        .await;
    }
    let list = done(&house, "/messages/get", json!({"chat": 1})).await;
    let texts = list.as_array().unwrap().iter();
    let texts: Vec<_> = texts
        .map(|one| one["text"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(texts, Vec::from_iter((0..450).map(|n| n.to_string())));
    assert_eq!(list[0]["author"], Value::Null, "the application is nobody");
    let chats = done(&house, "/chats/get", json!({"user": 1})).await;
    assert_eq!(chats.as_array().unwrap().len(), 121);
}

#[tokio::test]
async fn a_chat_shows_all_its_users_however_many() {
    let house = house().await;
    let access = Access::from(house.chat.default_application_id().await.unwrap());
    let users = crowd(&house.chat, access, 1_001).await;
    let users = Vec::from_iter(users.iter().map(|user| user.0));
    let body = json!({"name": "crowd", "users": users});
    done(&house, "/chats/add", body).await;
    let chats = done(&house, "/chats/get", json!({"user": 1_001})).await;
    assert_eq!(chats[0]["users"], json!(users));
}
