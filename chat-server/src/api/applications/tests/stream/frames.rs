use super::*;

#[tokio::test]
async fn a_bad_frame_is_answered_and_the_socket_stays() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice"]).await;
    a_group(&open.house, &application, &sessions[0], &[]).await;
    let mut alice = open.follow(&application, &sessions[0]).await;
    for (frame, code, field) in [
        ("", "malformed_body", ""),
        ("hello", "malformed_body", ""),
        ("[]", "malformed_body", ""),
        ("{}", "validation_failed", "type"),
        (r#"{"type":"dance"}"#, "validation_failed", "type"),
        (r#"{"type":"ping","id":[]}"#, "validation_failed", "id"),
        (r#"{"type":"ping","x":1}"#, "unknown_field", "x"),
        (r#"{"type":"post","body":"a"}"#, "validation_failed", "chat"),
        (
            r#"{"type":"post","chat":0,"body":"a"}"#,
            "validation_failed",
            "chat",
        ),
        (
            r#"{"type":"post","chat":1,"body":""}"#,
            "validation_failed",
            "body",
        ),
        (
            r#"{"type":"post","chat":1,"body":"a","key":""}"#,
            "validation_failed",
            "key",
        ),
        (
            r#"{"type":"post","chat":1,"body":"a","reply_to":9}"#,
            "validation_failed",
            "reply_to",
        ),
        (r#"{"type":"post","chat":9,"body":"a"}"#, "not_found", ""),
        (
            r#"{"type":"edit","chat":1,"number":9,"body":"a"}"#,
            "not_found",
            "",
        ),
        (r#"{"type":"delete","chat":1,"number":9}"#, "not_found", ""),
        (
            r#"{"type":"mark","chat":1,"read":9}"#,
            "validation_failed",
            "read",
        ),
        (r#"{"type":"mark","chat":1}"#, "validation_failed", "read"),
        (r#"{"type":"sync"}"#, "validation_failed", "cursors"),
        (
            r#"{"type":"sync","cursors":{"1":"x"}}"#,
            "invalid_cursor",
            "cursors.1",
        ),
        (
            r#"{"type":"sync","cursors":{},"more":1}"#,
            "validation_failed",
            "more",
        ),
        (
            r#"{"type":"subscribe","chats":1}"#,
            "validation_failed",
            "chats",
        ),
        (r#"{"type":"typing","chat":9}"#, "not_found", ""),
        (r#"{"type":"hello"}"#, "validation_failed", "type"),
    ] {
        alice.0.send(Message::text(frame)).await.unwrap();
        let problem = alice.expect("problem").await;
        let told = problem["errors"][0]["field"].as_str().unwrap_or_default();
        assert_eq!((&problem["code"], told), (&code.into(), field), "{frame}");
        assert!(problem["title"].is_string() && problem["request_id"].is_string());
    }
    alice.0.send(Message::binary(vec![1, 2])).await.unwrap();
    assert_eq!(alice.expect("problem").await["code"], "malformed_body");
    alice.is_quiet().await;
}

#[tokio::test]
async fn what_is_no_frame_ends_with_the_code_that_says_why() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice"]).await;
    let mut alice = open.enter(&application, &sessions[0]).await;
    let long = "x".repeat((64 << 10) + 1);
    alice.0.send(Message::text(long)).await.unwrap();
    assert_eq!(alice.bye().await, gone("too_long", true, 1009));
    let mut alice = open.enter(&application, &sessions[0]).await;
    use tokio::io::AsyncWriteExt;
    // A text frame, masked with zeros, that is no UTF-8.
    let bytes = [0x81, 0x81, 0, 0, 0, 0, 0xff];
    alice.0.get_mut().write_all(&bytes).await.unwrap();
    assert_eq!(alice.bye().await, gone("not_text", true, 1007));
    let mut alice = open.enter(&application, &sessions[0]).await;
    alice
        .0
        .get_mut()
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(alice.bye().await, gone("protocol", true, 1002));
}

#[tokio::test]
async fn what_is_long_comes_in_several_frames() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice"]).await;
    let group = a_group(&open.house, &application, &sessions[0], &[]).await;
    let start = open.house.get(&group).await.json()["cursor"].clone();
    let texts_sent: Vec<String> = ["a", "b", "c", "d", "e"]
        .map(|text| text.repeat(25_000))
        .into();
    let sent: Vec<&str> = texts_sent.iter().map(String::as_str).collect();
    post_all(&open.house, &group, &sent).await;
    let mut alice = open.enter(&application, &sessions[0]).await;
    alice
        .say(json!({"type": "sync", "cursors": {"1": start}}))
        .await;
    let (mut told, mut at) = (Vec::new(), start);
    loop {
        let frame = alice.hear().await;
        if frame["type"] == "caught_up" {
            break;
        }
        assert!(frame.to_string().len() <= 64 << 10);
        assert_eq!(frame["from"], at);
        at = frame["to"].clone();
        told.extend(texts(&frame).into_iter().map(str::to_owned));
    }
    assert_eq!(told, sent);
    assert_eq!(open.house.get(&group).await.json()["cursor"], at);
}

#[tokio::test]
async fn every_heartbeat_tells_what_this_socket_was_told() {
    let pace = Pace {
        heartbeat: Duration::from_secs(1),
        ..Pace::default()
    };
    let open = open_with(Options { pace, ..options() }).await;
    let (application, sessions) = people(&open.house, &["alice"]).await;
    let group = a_group(&open.house, &application, &sessions[0], &[]).await;
    let mut alice = open.enter(&application, &sessions[0]).await;
    assert_eq!(alice.heads().await, json!({}));
    alice.say(json!({"type": "subscribe"})).await;
    while alice.hear().await["type"] != "caught_up" {}
    post_all(&open.house, &group, &["a"]).await;
    let told = loop {
        let frame = alice.hear().await;
        if frame["type"] == "changes" {
            break frame["to"].clone();
        }
    };
    assert_eq!(alice.heads().await, json!({"1": told}));
    // Whoever answers pings is there, however long it is quiet.
    for _ in 0..5 {
        alice.heads().await;
    }
}
