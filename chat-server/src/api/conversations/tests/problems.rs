use chat_core::error::{BackendError, ErrorKind};
use chat_core::port::{MockSessions, MockUsers};
use chat_core::{Chat, Parts};

use super::*;
use crate::http::testing::front;

#[tokio::test]
async fn a_store_that_fails_is_told_without_detail() {
    for (kind, status, words) in [
        (
            ErrorKind::Unavailable,
            503,
            r#"{"error":"Service unavailable"}"#,
        ),
        (
            ErrorKind::Internal,
            500,
            r#"{"error":"Internal server error"}"#,
        ),
    ] {
        let fault = move || BackendError::new(kind, "mysql", "login").with_source("secret host");
        let mut sessions = MockSessions::new();
        sessions.expect_session().returning(move |_| Err(fault()));
        let mut users = MockUsers::new();
        users
            .expect_user_by_name()
            .returning(move |_, _| Err(fault()));
        let mut parts = Parts::in_memory();
        parts.stores.sessions = Arc::new(sessions);
        parts.stores.users = Arc::new(users);
        let chat = Chat::start(parts).await.unwrap();
        let front = front(vec![door(gate(&chat), options(), BODY)]);
        let house = House::on_doubles(chat, front);
        for asked in [
            request("GET", "/users").header("authorization", "Bearer x"),
            request("POST", "/login").body(r#"{"username":"alice","password":"x"}"#),
        ] {
            let answer = house.send(asked).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (status, words));
            assert_eq!(answer.header("content-type"), Some("application/json"));
            let after = answer.header("retry-after");
            assert_eq!(after, (status == 503).then_some("1"));
        }
    }
}
