use std::sync::atomic::{AtomicUsize, Ordering};

use chat_core::bearer::Bearer;
use chat_core::commit::Post;
use chat_core::port::{MockSessions, MockUsers};
use chat_core::text::Body;
use chat_core::{Chat, Parts};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::*;
use crate::api::testing::failing::{FAILURES, fault, is_told};
use crate::http::testing::front;

#[tokio::test]
async fn a_store_that_fails_is_told_without_detail() {
    for ((kind, status), words) in FAILURES.into_iter().zip([
        r#"{"error":"Service unavailable"}"#,
        r#"{"error":"Internal server error"}"#,
    ]) {
        let mut sessions = MockSessions::new();
        sessions
            .expect_session()
            .returning(move |_| Err(fault(kind)));
        let mut users = MockUsers::new();
        users
            .expect_user_by_name()
            .returning(move |_, _| Err(fault(kind)));
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
            is_told(&house.send(asked).await, status, words);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_posted_after_a_logout_is_not_told_to_whoever_waited() {
    let mut parts = Parts::in_memory();
    let house = {
        let chat = Chat::start(Parts {
            stores: parts.stores.clone(),
            ..Parts::in_memory()
        });
        let chat = chat.await.unwrap();
        let front = front(vec![door(gate(&chat), options(), BODY)]);
        House::on_doubles(chat, front)
    };
    let [alice, bob, _] = three(&house).await;
    let id = alice.begin(json!({"participants": [2]})).await;
    let hash = bob.token.parse::<Bearer>().unwrap().hash();
    let session = parts.stores.sessions.session(hash).await.unwrap();
    let (writer, access) = (house.chat.clone(), home(&house).await);
    let asked = AtomicUsize::new(0);
    let mut sessions = MockSessions::new();
    // The second time is after the first look and before the next; he is logged out right behind it, and then alice writes.
    sessions.expect_session().returning(move |_| {
        let times = asked.fetch_add(1, Ordering::Relaxed);
        if times == 1 {
            let post = Post {
                body: Body::parse("for others").unwrap(),
                data: None,
                reply_to: None,
            };
            let by_alice = access.by(Caller::User(UserNumber(1)));
            let post = writer.post(by_alice, ChatNumber(id), post, None);
            block_in_place(|| Handle::current().block_on(post)).unwrap();
        }
        Ok(session.clone().filter(|_| times <= 1))
    });
    // A look between the two finds nothing.
    sessions
        .expect_valid_sessions()
        .returning(|tokens, _| Ok(tokens.to_vec()));
    parts.stores.sessions = Arc::new(sessions);
    let chat = Chat::start(parts).await.unwrap();
    let front = front(vec![door(gate(&chat), options(), BODY)]);
    let wait = request("GET", &format!("/conversations/{id}?after=0&wait=60"));
    let wait = wait.header("authorization", &format!("Bearer {}", bob.token));
    let answer = wait.send(&front).await;
    assert_eq!(answer.status, 401, "{}", answer.text());
}
