use chat_core::port::MockUsers;
use chat_core::{Chat, Parts};

use super::*;
use crate::api::testing::failing::{FAILURES, fault, is_told};
use crate::http::testing::front;

#[tokio::test]
async fn a_store_that_fails_is_told_without_detail() {
    for ((kind, status), words) in FAILURES.into_iter().zip([
        r#"{"detail":"Service temporarily unavailable, try again later."}"#,
        r#"{"detail":"A server error occurred."}"#,
    ]) {
        let mut users = MockUsers::new();
        users
            .expect_user_by_token()
            .returning(move |_| Err(fault(kind)));
        users
            .expect_user_by_name()
            .returning(move |_, _| Err(fault(kind)));
        let mut parts = Parts::in_memory();
        parts.stores.users = Arc::new(users);
        let chat = Chat::start(parts).await.unwrap();
        let counter: Arc<dyn Counter> = Arc::new(MemoryCounter::new());
        let door = door(gate(&chat), Attempts::new(&counter), BODY);
        let house = House::on_doubles(chat, front(vec![door]));
        for asked in [
            request("GET", "/chat-api/threads/").header("authorization", "Token x"),
            request("POST", "/chat-api/token/").body(r#"{"username":"alice","password":"x"}"#),
        ] {
            is_told(&house.send(asked).await, status, words);
        }
    }
}
