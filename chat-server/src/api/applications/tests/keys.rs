use super::*;

#[tokio::test]
async fn the_same_key_again_answers_what_the_first_request_was_answered() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let chats = chat.strip_suffix("/1").unwrap();
    for (path, body) in [
        (ROOT.to_owned(), r#"{"name":"Once"}"#),
        (chats.to_owned(), ""),
        (
            format!("{chat}/messages"),
            r#"{"body":"once","data":{"a":1}}"#,
        ),
    ] {
        let first = keyed(&house, &path, "k-1", body).await;
        assert_eq!(
            (first.status.as_u16(), first.header("idempotency-replayed")),
            (201, None)
        );
        let again = keyed(&house, &path, "k-1", body).await;
        assert_eq!(
            (again.status.as_u16(), again.header("idempotency-replayed")),
            (201, Some("true"))
        );
        assert_eq!(first.text(), again.text(), "{path}");
        let other = keyed(&house, &path, "k-2", body).await;
        assert_eq!(other.header("idempotency-replayed"), None);
        assert_ne!(first.text(), other.text());
    }
}

#[tokio::test]
async fn the_same_key_for_another_request_is_422() {
    let house = house().await;
    let messages = format!("{}/messages", a_chat(&house).await);
    keyed(&house, &messages, "k", r#"{"body":"a"}"#).await;
    let refused = keyed(&house, &messages, "k", r#"{"body":"b"}"#).await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()["code"].clone()),
        (422, "idempotency_key_reused".into())
    );
    assert_eq!(numbers(&house.get(&messages).await.json()), [1]);
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    let house = house().await;
    let messages = format!("{}/messages", a_chat(&house).await);
    assert_eq!(
        keyed(&house, &messages, "k", r#"{"body":""}"#).await.status,
        422
    );
    assert_eq!(
        keyed(&house, &messages, "k", r#"{"body":"a"}"#)
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn a_key_is_up_to_255_visible_characters() {
    let house = house().await;
    let messages = format!("{}/messages", a_chat(&house).await);
    assert_eq!(
        keyed(&house, &messages, &"k".repeat(255), r#"{"body":"a"}"#)
            .await
            .status,
        201
    );
    for key in ["", "a b", &"k".repeat(256)] {
        let refused = keyed(&house, &messages, key, r#"{"body":"a"}"#).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()["code"].clone()),
            (400, "invalid_idempotency_key".into())
        );
    }
}

#[tokio::test]
async fn who_would_rather_not_wait_is_still_answered_with_the_outcome() {
    let house = house().await;
    let messages = format!("{}/messages", a_chat(&house).await);
    let request = request("POST", &messages)
        .header("prefer", "respond-async")
        .body(r#"{"body":"a"}"#);
    assert_eq!(
        house.send(request).await.status,
        201,
        "the queue in memory is not durable"
    );
}
