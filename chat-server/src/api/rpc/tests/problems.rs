//! A store that fails, and clients that ask too much.

use std::sync::Arc;

use chat_core::port::MockUsers;
use chat_core::{Chat, Parts};

use super::*;
use crate::api::testing::failing::{FAILURES, fault, is_told};
use crate::api::testing::limited;
use crate::http::testing::front;

#[tokio::test]
async fn a_store_that_fails_is_told_without_detail() {
    for ((kind, status), words) in FAILURES.into_iter().zip([
        r#"{"error":"Service Unavailable","message":"Service unavailable","detail":"try again later"}"#,
        r#"{"error":"Internal Server Error","message":"Internal server error","detail":"the server is at fault"}"#,
    ]) {
        let mut users = MockUsers::new();
        users
            .expect_users()
            .returning(move |_, _| Err(fault(kind)));
        let mut parts = Parts::in_memory();
        parts.stores.users = Arc::new(users);
        let chat = Chat::start(parts).await.unwrap();
        let front = front(vec![door(gate(&chat), BODY)]);
        let house = House::on_doubles(chat, front);
        let answer = post(&house, "/chats/get", json!({"user": 1})).await;
        is_told(&answer, status, words);
    }
}

#[tokio::test]
async fn what_cannot_be_is_counted_as_well() {
    let gate = limited("5/1h");
    let house = House::build(|chat| vec![door(gate(chat), BODY)]).await;
    for status in [400, 429] {
        for path in PATHS {
            let answer = post(&house, path, json!({})).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
            assert_eq!(answer.header("retry-after").is_some(), status == 429);
        }
    }
}
