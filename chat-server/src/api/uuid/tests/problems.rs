use std::sync::Arc;

use chat_core::port::MockApplications;
use chat_core::{Chat, Parts};

use super::*;
use crate::api::testing::failing::{FAILURES, fault, is_told};
use crate::api::testing::limited;
use crate::http::testing::front;

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_does_nothing() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    let path = format!("/applications/{uuid}");
    let chats = format!("{path}/chats");
    let large = " ".repeat(BODY.bytes + 1);
    for (method, path) in [
        ("POST", "/applications".to_owned()),
        ("PATCH", path.clone()),
        ("PUT", path.clone()),
        ("POST", chats.clone()),
        ("POST", format!("{chats}/1/message")),
        ("POST", format!("{chats}/1/messages")),
    ] {
        let refused = house.json(method, &path, large.clone()).await;
        assert_eq!(refused.status, 413, "{method} {path}: {}", refused.text());
        assert_eq!(refused.json()["message"], "Validation failed");
        let words = r#"["the body is larger than 1048576 bytes"]"#;
        assert!(refused.text().contains(words), "{}", refused.text());
    }
    let all = house.get("/applications").await.json();
    let untouched = json!([{"name": "X", "uuid": uuid, "chats_count": 1}]);
    assert_eq!(all, untouched);
    assert_eq!(
        house.get(&chats).await.text(),
        r#"[{"number":1,"messages_count":0}]"#
    );
}

#[tokio::test]
async fn who_asks_too_much_is_told_when_to_come_again() {
    let gate = limited("1/1h");
    let house = House::build(|chat| vec![door(gate(chat), BODY)]).await;
    let uuid = application(&house, "X").await;
    let path = format!("/applications/{uuid}");
    assert_eq!(house.get(&path).await.status, 200);
    for (method, path) in [
        ("GET", path.clone()),
        ("PATCH", path.clone()),
        ("POST", format!("{path}/chats")),
        ("GET", format!("/messages/{uuid}/1")),
    ] {
        let refused = house.json(method, &path, "").await;
        assert_eq!(
            (refused.status.as_u16(), refused.text()),
            (429, r#"{"message":"Too Many Requests"}"#),
            "{method} {path}"
        );
        let after: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=3_600).contains(&after), "{after}");
    }
}

#[tokio::test]
async fn a_store_that_fails_is_told_without_detail() {
    for ((kind, status), words) in FAILURES.into_iter().zip([
        r#"{"message":"Service Unavailable"}"#,
        r#"{"message":"Internal Server Error"}"#,
    ]) {
        let mut applications = MockApplications::new();
        // It is made at the start.
        applications
            .expect_default_application()
            .returning(|| Ok(None));
        applications
            .expect_list()
            .returning(move |_, _| Err(fault(kind)));
        applications
            .expect_by_token()
            .returning(move |_| Err(fault(kind)));
        let mut parts = Parts::in_memory();
        parts.stores.applications = Arc::new(applications);
        let chat = Chat::start(parts).await.unwrap();
        let front = front(vec![door(gate(&chat), BODY)]);
        let house = House::on_doubles(chat, front);
        for path in [
            "/applications".to_owned(),
            format!("/applications/{NOBODY}"),
            format!("/messages/{NOBODY}/1"),
        ] {
            is_told(&house.get(&path).await, status, words);
        }
    }
}
