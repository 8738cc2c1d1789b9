//! A store that fails.

use std::sync::Arc;

use chat_core::port::MockUsers;
use chat_core::{Chat, Parts};

use super::*;
use crate::api::testing::failing::{FAILURES, fault, is_told};
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
