use super::*;

#[tokio::test]
async fn a_message_is_posted_under_both_names() {
    let house = house().await;
    let [alice, bob, carol] = three(&house).await;
    let id = alice.begin(json!({"participants": [2]})).await;
    let other = alice.begin(json!({"participants": [3]})).await;
    let path = format!("/conversations/{id}");
    alice.say(other, "elsewhere").await;
    for (n, word) in ["message", "messages"].into_iter().enumerate() {
        let path = format!("{path}/{word}");
        let made = bob
            .done("POST", &path, json!({"content": "hi"}), 201)
            .await
            .json();
        assert_eq!(
            keys(&made),
            [
                "content",
                "conversationId",
                "createdAt",
                "editedAt",
                "id",
                "number",
                "senderId",
                "status"
            ]
        );
        assert!(is_time(&made["createdAt"], 3), "{made}");
        for (key, value) in [
            ("number", json!(n + 1)),
            ("conversationId", json!(id)),
            ("senderId", json!(2)),
            ("content", json!("hi")),
            ("editedAt", json!(null)),
            ("status", json!("sent")),
        ] {
            assert_eq!(made[key], value, "{key}");
        }
        let message = made["id"].as_u64().unwrap();
        assert_eq!(message, n as u64 + 2, "ids are unique in all conversations");
        assert_eq!(alice.get(&format!("{path}/{message}")).await, made);
    }
    let path = format!("{path}/message");
    for (content, status) in [
        (json!(null), 400),
        (json!(""), 400),
        (json!(" \n"), 400),
        (json!(1), 400),
        (json!(["hi"]), 400),
        (json!("a\u{0}"), 400),
        (json!("x".repeat(65_537)), 422),
    ] {
        let answer = alice.ask("POST", &path, json!({"content": content})).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let long = json!({"content": "x".repeat(65_537)});
    let words = "content is too long (maximum is 65536 bytes)";
    alice.refused("POST", &path, long, 422, words).await;
    let body = json!({"content": "hi"});
    carol
        .refused("POST", &path, body.clone(), 403, "Not a participant")
        .await;
    let lost = "Conversation not found";
    alice
        .refused("POST", "/conversations/9/message", body, 404, lost)
        .await;
}

#[tokio::test]
async fn only_its_sender_edits_and_deletes_a_message() {
    let house = house().await;
    let [alice, bob, carol] = three(&house).await;
    let id = alice.begin(json!({"participants": [2], "name": "g"})).await;
    let message = bob.say(id, "hi").await;
    let path = format!("/conversations/{id}/messages/{message}");
    let edit = json!({"content": "ho"});
    // Alice owns the group.
    alice
        .refused("PUT", &path, edit.clone(), 403, "Not the sender")
        .await;
    assert_eq!(alice.send("PUT", &path, "{").await.status, 403);
    alice
        .refused("DELETE", &path, json!(null), 403, "Not the sender")
        .await;
    for method in ["GET", "PUT", "DELETE"] {
        carol
            .refused(method, &path, edit.clone(), 403, "Not a participant")
            .await;
        for missing in ["0", "9", "x", "01"] {
            let path = format!("/conversations/{id}/message/{missing}");
            bob.refused(method, &path, edit.clone(), 404, "Message not found")
                .await;
        }
    }
    let edited = bob.done("PUT", &path, edit, 200).await.json();
    assert_eq!(
        (&edited["id"], &edited["content"]),
        (&json!(message), &json!("ho"))
    );
    assert!(is_time(&edited["editedAt"], 3), "{edited}");
    assert_eq!(alice.get(&path).await, edited);
    assert_eq!(
        bob.ask("PUT", &path, json!({"content": ""})).await.status,
        400
    );
    bob.done("DELETE", &path, json!(null), 204).await;
    for method in ["GET", "PUT", "DELETE"] {
        let body = json!({"content": "x"});
        bob.refused(method, &path, body, 404, "Message not found")
            .await;
    }
    let seen = alice.get(&format!("/conversations/{id}")).await;
    assert_eq!(
        (&seen["messages"], &seen["lastMessage"]),
        (&json!([]), &json!(null))
    );
}

#[tokio::test]
async fn the_last_message_is_the_latest_that_is_left() {
    let house = house().await;
    let [alice, bob, _] = three(&house).await;
    let id = alice.begin(json!({"participants": [2]})).await;
    let path = format!("/conversations/{id}");
    let first = alice.say(id, "one").await;
    let deleted = bob.say(id, "two").await;
    let deleted = format!("{path}/message/{deleted}");
    bob.done("DELETE", &deleted, json!(null), 204).await;
    for who in [&alice, &bob] {
        let last = who.get(&format!("{path}/message/{first}")).await;
        assert_eq!(who.get(&path).await["lastMessage"], last);
        assert_eq!(who.get("/conversations").await[0]["lastMessage"], last);
    }
}

#[tokio::test]
async fn a_message_of_another_conversation_is_not_found() {
    let house = house().await;
    let [alice, ..] = three(&house).await;
    let one = alice.begin(json!({"participants": [2]})).await;
    let other = alice.begin(json!({"participants": [3]})).await;
    let message = alice.say(one, "hi").await;
    let path = format!("/conversations/{other}/message/{message}");
    for method in ["GET", "PUT", "DELETE"] {
        let body = json!({"content": "x"});
        alice
            .refused(method, &path, body, 404, "Message not found")
            .await;
    }
}

#[tokio::test]
async fn a_message_is_read_when_all_others_have_read_it() {
    let house = house().await;
    let [alice, bob, carol] = three(&house).await;
    let id = alice.begin(json!({"participants": [2, 3]})).await;
    let path = format!("/conversations/{id}");
    let first = alice.say(id, "one").await;
    let second = bob.say(id, "two").await;
    let status = async |message: u64| {
        let one = alice.get(&format!("{path}/message/{message}")).await;
        let page = alice.get(&path).await;
        let page = page["messages"].as_array().unwrap().clone();
        let same = page.iter().find(|found| found["id"] == json!(message));
        assert_eq!(same.unwrap(), &one);
        one["status"].as_str().unwrap().to_owned()
    };
    let read = async |who: &Person<'_>, number: Value, code: u16| {
        let body = json!({"number": number});
        who.done("PUT", &format!("{path}/read"), body, code).await;
    };
    let unread = async |who: &Person<'_>| who.get("/conversations").await[0]["unread"].clone();
    assert_eq!(
        (unread(&alice).await, unread(&carol).await),
        (json!(1), json!(2))
    );
    read(&bob, json!(1), 204).await;
    assert_eq!(status(first).await, "sent", "Carol has not");
    let mark = chat_core::commit::Mark {
        delivered: Some(chat_core::ids::MessageNumber(1)),
        read: None,
    };
    let by = home(&house)
        .await
        .by(chat_core::commit::Caller::User(UserNumber(3)));
    let chat = chat_core::ids::ChatNumber(id);
    house.chat.mark(by, chat, mark).await.unwrap();
    assert_eq!(status(first).await, "delivered");
    read(&carol, json!("2"), 204).await;
    assert_eq!(
        (status(first).await, status(second).await),
        ("read".into(), "sent".into())
    );
    assert_eq!(
        (unread(&alice).await, unread(&carol).await),
        (json!(1), json!(0))
    );
    read(&carol, json!(1), 204).await;
    read(&carol, json!(0.0), 204).await;
    assert_eq!(unread(&carol).await, json!(0), "marks never fall");
    read(&alice, json!(2), 204).await;
    assert_eq!(status(second).await, "read");
    let last = alice.get("/conversations").await[0]["lastMessage"].clone();
    assert_eq!(
        (&last["id"], &last["status"]),
        (&json!(second), &json!("read"))
    );

    let path = format!("{path}/read");
    let words = "number is beyond the last message, 2";
    alice
        .refused("PUT", &path, json!({"number": 3}), 400, words)
        .await;
    for number in [json!(null), json!(-1), json!(1.5), json!("x"), json!([1])] {
        read(&alice, number, 400).await;
    }
    let outsider = person(&house, "dave").await;
    let body = json!({"number": 1});
    outsider
        .refused("PUT", &path, body.clone(), 403, "Not a participant")
        .await;
    let lost = "Conversation not found";
    alice
        .refused("PUT", "/conversations/9/read", body, 404, lost)
        .await;
}

#[tokio::test]
async fn what_was_read_by_itself_is_read_wherever_its_status_is_shown() {
    let house = house().await;
    let [alice, bob, carol] = three(&house).await;
    let two = alice.begin(json!({"participants": [2]})).await;
    let group = alice.begin(json!({"participants": [2, 3]})).await;
    for (chat, readers) in [(two, vec![&bob]), (group, vec![&bob, &carol])] {
        let mut messages = Vec::new();
        for text in ["1", "2", "3"] {
            messages.push(alice.say(chat, text).await);
        }
        let statuses = async || {
            let page = alice.get(&format!("/conversations/{chat}")).await;
            let list = page["messages"].as_array().unwrap().iter();
            let statuses: Vec<_> = list.map(|one| one["status"].clone()).collect();
            let list = alice.get("/conversations").await;
            let mut list = list.as_array().unwrap().iter();
            let own = list.find(|one| one["id"] == chat).unwrap();
            assert_eq!(page["lastMessage"]["status"], statuses[2]);
            assert_eq!(own["lastMessage"]["status"], statuses[2]);
            let one = format!("/conversations/{chat}/message/{}", messages[2]);
            assert_eq!(alice.get(&one).await["status"], statuses[2]);
            statuses
        };
        for (at, reader) in readers.iter().enumerate() {
            reader.reads_alone(chat, 3).await;
            let last = match at + 1 == readers.len() {
                true => "read",
                false => "sent",
            };
            assert_eq!(statuses().await, ["sent", "sent", last]);
        }
        // That its sender has read it as well makes no difference.
        alice.reads_alone(chat, 2).await;
        assert_eq!(statuses().await, ["sent", "sent", "read"]);
    }
}
