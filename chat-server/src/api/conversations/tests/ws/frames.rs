use super::*;

#[tokio::test]
async fn messages_are_acknowledged_told_edited_and_deleted() {
    let open = open().await;
    let [alice, bob, _] = three(&open.house).await;
    let chat = alice.begin(json!({"participants": [2]})).await;
    let (mut at_alice, mut at_bob) = (alice.listen(&open).await, bob.listen(&open).await);
    at_alice
        .say(json!({"type": "message", "conversationId": chat, "content": "hi", "clientId": "c1"}))
        .await;
    let [ack, own] = at_alice.expect_both(["ack", "message"]).await;
    let id = ack["message"]["id"].as_u64().unwrap();
    let message = alice.message(chat, id).await;
    assert_eq!(
        ack,
        json!({"type": "ack", "clientId": "c1", "message": message})
    );
    assert_eq!(message["status"], "sent");
    let told = at_bob.hear().await;
    assert_eq!(told, own);
    let cursor = told["cursor"].as_str().unwrap();
    assert_eq!(
        told,
        json!({"type": "message", "message": message, "cursor": cursor})
    );

    let path = format!("/conversations/{chat}/message/{id}");
    let edited = alice
        .done("PUT", &path, json!({"content": "Hi"}), 200)
        .await
        .json();
    for client in [&mut at_alice, &mut at_bob] {
        let told = client.hear().await;
        let cursor = told["cursor"].as_str().unwrap();
        assert_eq!(
            told,
            json!({"type": "message_edited", "message": edited, "cursor": cursor})
        );
    }
    alice.done("DELETE", &path, json!(null), 204).await;
    for client in [&mut at_alice, &mut at_bob] {
        let told = client.hear().await;
        let cursor = told["cursor"].as_str().unwrap();
        assert_eq!(
            told,
            json!({"type": "message_deleted", "conversationId": chat, "messageId": id, "cursor": cursor})
        );
    }
    // What comes by HTTP is told as well.
    bob.say(chat, "by http").await;
    for client in [&mut at_alice, &mut at_bob] {
        assert_eq!(client.text().await.0, "by http");
    }
}

#[tokio::test]
async fn a_message_sent_twice_is_acknowledged_twice_and_stored_once() {
    let open = open().await;
    let [alice, bob, _] = three(&open.house).await;
    let chat = alice.begin(json!({"participants": [2]})).await;
    let (mut at_alice, mut at_bob) = (alice.listen(&open).await, bob.listen(&open).await);
    let message = |text: &str| json!({"type": "message", "conversationId": chat, "content": text, "clientId": "same"});
    at_alice.say(message("once")).await;
    let [first, _] = at_alice.expect_both(["ack", "message"]).await;
    at_alice.say(message("once")).await;
    assert_eq!(at_alice.hear().await, first);
    at_alice.say(message("another")).await;
    let refused = at_alice.expect("error").await;
    assert_eq!(refused["clientId"], "same");
    assert_eq!(at_bob.text().await.0, "once");
    at_bob.hears_nothing().await;
    let shown = alice.get(&format!("/conversations/{chat}")).await;
    assert_eq!(shown["messages"], json!([first["message"]]));
    // Without a key it is another message each time.
    for _ in 0..2 {
        at_alice
            .say(json!({"type": "message", "conversationId": chat, "content": "x"}))
            .await;
        let [ack, _] = at_alice.expect_both(["ack", "message"]).await;
        assert_eq!(ack["clientId"], Value::Null);
    }
}

#[tokio::test]
async fn typing_and_receipts_are_told() {
    let open = open().await;
    let [alice, bob, _] = three(&open.house).await;
    let chat = alice.begin(json!({"participants": [2]})).await;
    let id = alice.say(chat, "hi").await;
    let (mut at_alice, mut at_bob) = (alice.listen(&open).await, bob.listen(&open).await);
    at_alice
        .say(json!({"type": "typing", "conversationId": chat}))
        .await;
    assert_eq!(
        at_bob.hear().await,
        json!({"type": "typing", "conversationId": chat, "userId": alice.id})
    );
    for (kind, read, status) in [("delivered", 0, "delivered"), ("read", 1, "read")] {
        at_bob
            .say(json!({"type": kind, "conversationId": chat, "number": 1}))
            .await;
        let receipt = json!({
            "type": "receipt", "conversationId": chat, "userId": bob.id, "delivered": 1, "read": read,
        });
        assert_eq!(at_alice.hear().await, receipt);
        assert_eq!(at_bob.hear().await, receipt);
        assert_eq!(alice.message(chat, id).await["status"], status);
    }
    // An old message is told with how far it came.
    let path = format!("/conversations/{chat}/message/{id}");
    alice
        .done("PUT", &path, json!({"content": "Hi"}), 200)
        .await;
    let told = at_bob.expect("message_edited").await;
    assert_eq!(told["message"], alice.message(chat, id).await);
    assert_eq!(told["message"]["status"], "read");
}

#[tokio::test]
async fn numbers_may_be_sent_as_text() {
    let open = open().await;
    let [alice, bob, _] = three(&open.house).await;
    let chat = alice.begin(json!({"participants": [2]})).await;
    let text = chat.to_string();
    let (mut at_alice, mut at_bob) = (alice.listen(&open).await, bob.listen(&open).await);
    at_alice
        .say(json!({"type": "message", "conversationId": text, "content": "hi"}))
        .await;
    let [ack, _] = at_alice.expect_both(["ack", "message"]).await;
    assert_eq!(ack["message"]["conversationId"], chat);
    assert_eq!(at_bob.text().await.0, "hi");
    at_alice
        .say(json!({"type": "typing", "conversationId": text}))
        .await;
    assert_eq!(at_bob.expect("typing").await["conversationId"], chat);
    for (kind, read) in [("delivered", 0), ("read", 1)] {
        at_bob
            .say(json!({"type": kind, "conversationId": text, "number": "1"}))
            .await;
        let receipt = json!({
            "type": "receipt", "conversationId": chat, "userId": bob.id, "delivered": 1, "read": read,
        });
        assert_eq!(at_alice.hear().await, receipt);
    }
}

#[tokio::test]
async fn a_conversation_is_told_when_it_is_new_and_when_it_changes() {
    let open = open().await;
    let [alice, bob, carol] = three(&open.house).await;
    let [mut at_alice, mut at_bob, mut at_carol] = [
        alice.listen(&open).await,
        bob.listen(&open).await,
        carol.listen(&open).await,
    ];
    let chat = alice.begin(json!({"participants": [2], "name": "g"})).await;
    let listed = async |who: &Person<'_>| {
        let mut list = who.get("/conversations").await;
        json!({"type": "conversation", "conversation": list[0].take()})
    };
    assert_eq!(at_alice.hear().await, listed(&alice).await);
    assert_eq!(at_bob.hear().await, listed(&bob).await);
    alice.say(chat, "unread").await;
    for client in [&mut at_alice, &mut at_bob] {
        client.text().await;
    }
    let path = format!("/conversations/{chat}");
    alice.done("PUT", &path, json!({"name": "h"}), 200).await;
    let told = at_bob.hear().await;
    assert_eq!(told, listed(&bob).await);
    assert_eq!(
        (
            &told["conversation"]["name"],
            &told["conversation"]["unread"]
        ),
        (&"h".into(), &1.into())
    );
    assert_eq!(at_alice.hear().await["conversation"]["unread"], 0);

    let path = format!("{path}/participants");
    alice.done("POST", &path, json!({"userId": 3}), 201).await;
    assert_eq!(at_carol.hear().await, listed(&carol).await);
    for client in [&mut at_alice, &mut at_bob] {
        let told = client.expect("conversation").await;
        assert_eq!(told["conversation"]["participants"], json!([1, 2, 3]));
    }
    let path = format!("{path}/2");
    alice.done("DELETE", &path, json!(null), 204).await;
    assert_eq!(
        at_bob.hear().await,
        json!({"type": "removed", "conversationId": chat})
    );
    let told = at_carol.expect("conversation").await;
    assert_eq!(told["conversation"]["participants"], json!([1, 3]));
    alice.say(chat, "without him").await;
    assert_eq!(at_carol.text().await.0, "without him");
    at_bob.hears_nothing().await;
    for kind in ["typing", "message"] {
        at_bob
            .say(json!({"type": kind, "conversationId": chat, "content": "x"}))
            .await;
        assert_eq!(
            at_bob.hear().await,
            json!({"type": "error", "error": "Not a participant"})
        );
    }
}

#[tokio::test]
async fn who_is_taken_in_again_is_told_so_once() {
    let open = open().await;
    let [alice, bob, _] = three(&open.house).await;
    let chat = alice.begin(json!({"participants": [2, 3]})).await;
    let mut at_bob = bob.listen(&open).await;
    let path = format!("/conversations/{chat}/participants");
    for round in ["1", "2", "3"] {
        let one = format!("{path}/2");
        alice.done("DELETE", &one, json!(null), 204).await;
        at_bob.expect("removed").await;
        alice.done("POST", &path, json!({"userId": 2}), 201).await;
        let told = at_bob.expect("conversation").await;
        assert_eq!(told["conversation"]["participants"], json!([1, 2, 3]));
        alice.say(chat, round).await;
        assert_eq!(at_bob.text().await.0, round);
    }
    let one = format!("{path}/3");
    alice.done("DELETE", &one, json!(null), 204).await;
    let told = at_bob.expect("conversation").await;
    assert_eq!(told["conversation"]["participants"], json!([1, 2]));
}

#[tokio::test]
async fn a_heartbeat_says_where_the_socket_stands() {
    let pace = Pace {
        heartbeat: Duration::from_secs(1),
        ..Pace::default()
    };
    let open = open_with(Options { pace, ..options() }).await;
    let alice = person(&open.house, "alice").await;
    let chat = alice.begin(json!({"participants": [1, 2]}));
    let bob = person(&open.house, "bob").await;
    let chat = chat.await;
    let (mut client, _) = open
        .knock(&format!("/ws?token={}", bob.token), &[])
        .await
        .unwrap();
    client.1 = &["heads", "presence"];
    assert_eq!(client.expect("ready").await["heartbeat"], 1);
    client.hears_nothing().await;
    alice.say(chat, "one").await;
    let (_, cursor) = client.text().await;
    // One may have been under way.
    while client.heads().await != json!({chat.to_string(): cursor}) {}
}

#[tokio::test]
async fn a_bad_frame_is_answered_and_the_socket_stays() {
    let open = open().await;
    let [alice, ..] = three(&open.house).await;
    let chat = alice.begin(json!({"participants": [2]})).await;
    assert_eq!(chat, 1);
    let mut client = alice.connect(&open).await;
    for (frame, words) in [
        ("", "a frame must be a JSON object"),
        ("hello", "a frame must be a JSON object"),
        ("3", "a frame must be a JSON object"),
        ("[\"ping\"]", "a frame must be a JSON object"),
        ("[\"message\",1,\"x\"]", "a frame must be a JSON object"),
        ("{}", "type can't be blank"),
        (r#"{"type":"dance"}"#, "type is not known"),
        (r#"{"type":1}"#, "type is invalid"),
        (
            r#"{"type":"message","content":"a"}"#,
            "conversationId can't be blank",
        ),
        (
            r#"{"type":"message","conversationId":[],"content":"a"}"#,
            "conversationId is invalid",
        ),
        (
            r#"{"type":"message","conversationId":1}"#,
            "content can't be blank",
        ),
        (
            r#"{"type":"message","conversationId":9,"content":"a"}"#,
            "Conversation not found",
        ),
        (
            r#"{"type":"typing","conversationId":9}"#,
            "Conversation not found",
        ),
        (
            r#"{"type":"read","conversationId":1}"#,
            "number can't be blank",
        ),
        (
            r#"{"type":"delivered","conversationId":1,"number":9}"#,
            "number is beyond the last message, 0",
        ),
        (r#"{"type":"resume"}"#, "after can't be blank"),
        (r#"{"type":"resume","after":[]}"#, "after is invalid"),
        (
            r#"{"type":"resume","after":{"1":"x"}}"#,
            "after.1 is not one that this server made",
        ),
    ] {
        client.0.send(Message::text(frame)).await.unwrap();
        assert_eq!(
            client.hear().await,
            json!({"type": "error", "error": words}),
            "{frame}"
        );
    }
    client
        .say(json!({"type": "message", "conversationId": 1, "content": "", "clientId": "k"}))
        .await;
    assert_eq!(
        client.hear().await,
        json!({"type": "error", "error": "content can't be blank", "clientId": "k"})
    );
    client.0.send(Message::binary(vec![1, 2])).await.unwrap();
    assert_eq!(
        client.hear().await,
        json!({"type": "error", "error": "frames are text"})
    );
    client.hears_nothing().await;
}
