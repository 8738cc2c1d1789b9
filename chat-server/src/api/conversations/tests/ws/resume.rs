use chat_core::service::NewChat;

use super::*;

/// Alice, bob, and what they have between them.
async fn two(open: &Open) -> (Person<'_>, Person<'_>, u64) {
    let [alice, bob, _] = three(&open.house).await;
    let chat = alice.begin(json!({"participants": [2]})).await;
    (alice, bob, chat)
}

#[tokio::test]
async fn who_comes_back_is_told_what_it_missed_once_and_before_anything_else() {
    let open = open().await;
    let (alice, bob, chat) = two(&open).await;
    let mut at_bob = bob.listen(&open).await;
    alice.say(chat, "1").await;
    let (_, cursor) = at_bob.text().await;
    drop(at_bob);
    alice.say(chat, "2").await;
    let deleted = alice.say(chat, "3").await;
    let path = format!("/conversations/{chat}/message/{deleted}");
    alice.done("DELETE", &path, json!(null), 204).await;
    alice.say(chat, "4").await;
    let new = alice
        .begin(json!({"participants": [2], "name": "new"}))
        .await;
    let mut at_bob = bob.connect(&open).await;
    // It is not told yet: what the client missed comes before it.
    alice.say(chat, "5").await;
    at_bob
        .say(json!({"type": "resume", "after": {chat.to_string(): cursor}}))
        .await;
    let (mut told, mut last) = (Vec::new(), Value::Null);
    loop {
        let mut frame = at_bob.hear().await;
        match frame["type"].as_str().unwrap() {
            "message" => told.push(frame["message"]["content"].as_str().unwrap().to_owned()),
            "message_deleted" => assert_eq!(frame["messageId"], deleted),
            "conversation" => {
                assert_eq!(frame["conversation"]["id"], new);
                continue;
            }
            "caught_up" => break,
            other => panic!("{other}"),
        }
        last = frame["cursor"].take();
    }
    assert_eq!(told, ["2", "4", "5"]);
    alice.say(new, "in the new one").await;
    assert_eq!(at_bob.text().await.0, "in the new one");
    drop(at_bob);
    // Whoever has the last cursor has missed nothing.
    let mut at_bob = bob
        .resume(
            &open,
            json!({chat.to_string(): last, new.to_string(): last}),
        )
        .await;
    let error = at_bob.expect("error").await;
    assert_eq!(error["error"], "the cursor belongs to another chat");
    // Nothing of it was done, so that nobody has caught up.
    at_bob.hears_nothing().await;
    drop(at_bob);
    let mut at_bob = bob.resume(&open, json!({chat.to_string(): last})).await;
    assert_eq!(
        at_bob.expect("conversation").await["conversation"]["id"],
        new
    );
    assert_eq!(at_bob.hear().await, json!({"type": "caught_up"}));
    at_bob.hears_nothing().await;
}

#[tokio::test]
async fn who_says_nothing_is_told_what_happens_from_the_beginning_on() {
    let pace = Pace {
        first_word: Duration::ZERO,
        ..Pace::default()
    };
    let open = open_with(Options { pace, ..options() }).await;
    let (alice, bob, chat) = two(&open).await;
    alice.say(chat, "before").await;
    let mut at_bob = bob.connect(&open).await;
    alice.say(chat, "after").await;
    let (text, first) = at_bob.text().await;
    assert_eq!(text, "after");
    alice.say(chat, "more").await;
    assert_eq!(at_bob.text().await.0, "more");
    // Who asks later is told again from there.
    at_bob
        .say(json!({"type": "resume", "after": {chat.to_string(): first}}))
        .await;
    assert_eq!(at_bob.text().await.0, "more");
    assert_eq!(at_bob.hear().await, json!({"type": "caught_up"}));
}

#[tokio::test]
async fn the_cursor_before_the_last_message_leads_to_the_last() {
    let open = open().await;
    let (alice, bob, chat) = two(&open).await;
    let mut at_bob = bob.listen(&open).await;
    alice.say(chat, "0").await;
    let (_, start) = at_bob.text().await;
    for text in ["1", "2", "3"] {
        alice.say(chat, text).await;
    }
    let read = format!("/conversations/{chat}/read");
    bob.done("PUT", &read, json!({"number": 2}), 204).await;
    let mut at_bob = bob.resume(&open, json!({chat.to_string(): start})).await;
    let receipt = at_bob.expect("receipt").await;
    assert_eq!(
        (&receipt["userId"], &receipt["read"]),
        (&2.into(), &2.into())
    );
    let first = at_bob.expect("message").await;
    assert_eq!(first["message"]["status"], "read");
    let (_, second) = at_bob.text().await;
    assert_eq!(at_bob.text().await.0, "3");
    at_bob.expect("caught_up").await;
    let mut at_bob = bob.resume(&open, json!({chat.to_string(): second})).await;
    // What was touched is told again, for the cursor does not lead up to it.
    at_bob.expect("receipt").await;
    assert_eq!(at_bob.text().await.0, "3");
    at_bob.expect("caught_up").await;
}

#[tokio::test]
async fn a_conversation_off_the_list_is_told_with_its_next_message() {
    let open = open().await;
    let (alice, bob, chat) = two(&open).await;
    alice.say(chat, "1").await;
    let mut at_first = bob.listen(&open).await;
    let path = format!("/conversations/{chat}");
    bob.done("DELETE", &path, json!(null), 204).await;
    let mut at_second = bob.resume(&open, json!({})).await;
    assert_eq!(at_second.hear().await, json!({"type": "caught_up"}));
    at_second.hears_nothing().await;
    alice.say(chat, "2").await;
    for at_bob in [&mut at_first, &mut at_second] {
        let told = at_bob.expect("conversation").await;
        assert_eq!(told["conversation"]["id"], chat);
        assert_eq!(told["conversation"]["lastMessage"]["content"], "2");
        assert_eq!(at_bob.text().await.0, "2");
    }
    alice.say(chat, "3").await;
    for at_bob in [&mut at_first, &mut at_second] {
        assert_eq!(at_bob.text().await.0, "3");
    }
    let mut at_bob = bob.resume(&open, json!({})).await;
    let told = at_bob.expect("conversation").await;
    assert_eq!(told["conversation"]["id"], chat);
}

#[tokio::test]
async fn a_cursor_of_another_history_is_reset() {
    let open = open().await;
    let (alice, bob, chat) = two(&open).await;
    let mut at_bob = bob.listen(&open).await;
    alice.say(chat, "1").await;
    let (_, cursor) = at_bob.text().await;
    let mut foreign = chat_core::cursor::Cursor::decode(cursor.as_str().unwrap()).unwrap();
    foreign.epoch.0 ^= 1;
    let after = json!({chat.to_string(): foreign.encode(), "9": Value::Null});
    let mut at_bob = bob.resume(&open, after).await;
    at_bob.expect("error").await;
    let after = json!({chat.to_string(): foreign.encode()});
    at_bob.say(json!({"type": "resume", "after": after})).await;
    assert_eq!(
        at_bob.hear().await,
        json!({"type": "reset", "conversationId": chat})
    );
    at_bob.expect("caught_up").await;
    alice.say(chat, "2").await;
    assert_eq!(at_bob.text().await.0, "2");
}

#[tokio::test]
async fn what_was_missed_in_many_conversations_is_told_of_each() {
    let open = open().await;
    let [alice, bob, _] = three(&open.house).await;
    let access = home(&open.house).await;
    let mut after = serde_json::Map::new();
    for _ in 0..40 {
        let group = NewChat::group(None, [UserNumber(1), UserNumber(2)]);
        let made = open.house.chat.make_chat(access, group, None).await;
        let chat = made.unwrap().value.chat;
        after.insert(chat.number.to_string(), chat.cursor.encode().into());
        alice.say(chat.number.0, "hello").await;
    }
    let mut at_bob = bob.resume(&open, after.into()).await;
    for _ in 0..40 {
        assert_eq!(at_bob.text().await.0, "hello");
    }
    at_bob.expect("caught_up").await;
}

#[tokio::test]
async fn the_only_socket_that_a_user_may_have_resumes() {
    let limits = LiveLimits {
        per_user: 1,
        ..LiveLimits::default()
    };
    let open = open_within(limits).await;
    let (alice, bob, chat) = two(&open).await;
    let mut at_bob = bob.listen(&open).await;
    alice.say(chat, "1").await;
    let (_, cursor) = at_bob.text().await;
    drop(at_bob);
    while open.house.chat.listeners() > 0 {
        tokio::task::yield_now().await;
    }
    alice.say(chat, "2").await;
    let after = json!({chat.to_string(): cursor});
    let mut at_bob = bob.resume(&open, after).await;
    assert_eq!(at_bob.text().await.0, "2");
    at_bob.expect("caught_up").await;
    alice.say(chat, "3").await;
    assert_eq!(at_bob.text().await.0, "3");
}
