//! A store that fails.

use std::sync::Arc;

use chat_core::error::{BackendError, ErrorKind};
use chat_core::port::MockUsers;
use chat_core::{Chat, Parts};

use super::*;
use crate::http::testing::front;

#[tokio::test]
async fn a_store_that_fails_is_told_without_detail() {
    for (kind, status, words) in [
        (
            ErrorKind::Unavailable,
            503,
            [
                "Service Unavailable",
                "Service unavailable",
                "try again later",
            ],
        ),
        (
            ErrorKind::Internal,
            500,
            [
                "Internal Server Error",
                "Internal server error",
                "the server is at fault",
            ],
        ),
    ] {
        let fault = move || BackendError::new(kind, "mysql", "users").with_source("secret host");
        let mut users = MockUsers::new();
        users.expect_users().returning(move |_, _| Err(fault()));
        let mut parts = Parts::in_memory();
        parts.stores.users = Arc::new(users);
        let chat = Chat::start(parts).await.unwrap();
        let front = front(vec![door(gate(&chat), BODY)]);
        let house = House::on_doubles(chat, front);
        let body = json!({"user": 1});
        refused(&house, "/chats/get", body.clone(), status, words).await;
        let answer = post(&house, "/chats/get", body).await;
        let after = answer.header("retry-after");
        assert_eq!(after, (status == 503).then_some("1"));
    }
}
