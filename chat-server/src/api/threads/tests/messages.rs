use super::*;
use chat_core::commit::{Caller, Mark, Post};
use chat_core::ids::{ChatNumber, MessageNumber, UserNumber};
use chat_core::service::NewChat;
use chat_core::text::Body;

const PATH: &str = "/chat-api/messages/";

#[tokio::test]
async fn a_message_is_posted_trimmed_and_shown_by_its_id() {
    let trio = Trio::start().await;
    let id = trio.thread(ALICE, BOB).await;
    let body = json!({"thread": id, "text": "  hé \n", "sender": 2, "id": 99, "is_read": true});
    let made = trio.send(ALICE, "POST", PATH, &body).await;
    let created = made.json()["created"].clone();
    assert!(is_time(&created, 6));
    let words = format!(
        r#"{{"id":1,"sender":1,"thread":"{id}","text":"hé","created":{created},"is_read":false}}"#
    );
    assert_eq!(told(&made), (201, &*words));
    for path in ["/chat-api/messages/1/", "/chat-api/messages/1"] {
        assert_eq!(told(&trio.get(BOB, path).await), (200, &*words));
    }
    let number = trio
        .send(BOB, "POST", PATH, &json!({"thread": id, "text": 5}))
        .await;
    assert_eq!(number.json()["text"], "5");
    let history = trio
        .get(BOB, &format!("/chat-api/threads/{id}/messages/"))
        .await;
    let texts = history.json();
    let texts: Vec<&Value> = texts
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["text"])
        .collect();
    assert_eq!(texts, ["hé", "5"]);
}

#[tokio::test]
async fn a_message_that_cannot_be_is_told_by_field() {
    let trio = Trio::start().await;
    let id = trio.thread(ALICE, BOB).await;
    let field = |field: &str, words: &str| format!(r#"{{"{field}":["{words}"]}}"#);
    let with = |text: Value| json!({"thread": id, "text": text});
    let to = |thread: Value| json!({"thread": thread, "text": "x"});
    let required = "This field is required.";
    let long = "Ensure this field has no more than 250 characters.";
    let unknown = format!(r#"Invalid pk \"{NOBODYS}\" - object does not exist."#);
    for (body, words) in [
        (json!({"thread": id}), field("text", required)),
        (json!({"text": "x"}), field("thread", required)),
        (
            with(Value::Null),
            field("text", "This field may not be null."),
        ),
        (
            with(json!(" \n")),
            field("text", "This field may not be blank."),
        ),
        (with(json!("é".repeat(251))), field("text", long)),
        (with(json!([])), field("text", "Not a valid string.")),
        (with(json!(true)), field("text", "Not a valid string.")),
        (
            with(json!("a\0b")),
            field("text", "Null characters are not allowed."),
        ),
        (
            to(Value::Null),
            field("thread", "This field may not be null."),
        ),
        (
            to(json!("")),
            field("thread", "This field may not be null."),
        ),
        (
            to(json!("zzz")),
            field("thread", "“zzz” is not a valid UUID."),
        ),
        (to(json!(NOBODYS)), field("thread", &unknown)),
        (
            to(json!(5)),
            field("thread", r#"Invalid pk \"5\" - object does not exist."#),
        ),
        (
            to(json!(true)),
            field(
                "thread",
                "Incorrect type. Expected pk value, received bool.",
            ),
        ),
        (
            json!({}),
            r#"{"thread":["This field is required."],"text":["This field is required."]}"#.into(),
        ),
        (
            json!({"thread": NOBODYS, "text": ""}),
            format!(r#"{{"thread":["{unknown}"],"text":["This field may not be blank."]}}"#),
        ),
    ] {
        let answer = trio.send(ALICE, "POST", PATH, &body).await;
        assert_eq!(told(&answer), (400, &*words), "{body}");
    }
    let longest = trio
        .send(ALICE, "POST", PATH, &with(json!("é".repeat(250))))
        .await;
    assert_eq!(longest.status, 201);
    let denied = trio.send(CAROL, "POST", PATH, &with(json!("x"))).await;
    assert_eq!(told(&denied), DENIED);
    let blank = trio.send(CAROL, "POST", PATH, &with(json!(""))).await;
    assert_eq!(
        told(&blank),
        (400, &*field("text", "This field may not be blank."))
    );
}

#[tokio::test]
async fn a_message_is_there_for_those_of_its_thread_alone() {
    let trio = Trio::start().await;
    let id = trio.thread(ALICE, BOB).await;
    let message = trio.post(ALICE, &id, "x").await;
    let path = format!("{PATH}{message}/");
    for method in ["GET", "PATCH", "DELETE"] {
        assert_eq!(
            told(&trio.ask(CAROL, method, &path).await),
            NO_MESSAGE,
            "{method}"
        );
        for lost in ["999", "0", "18446744073709551616"] {
            let answer = trio.ask(ALICE, method, &format!("{PATH}{lost}/")).await;
            assert_eq!(told(&answer), NO_MESSAGE, "{method} {lost}");
        }
        for wrong in ["x", "01", "-1", "1.0"] {
            let answer = trio.ask(ALICE, method, &format!("{PATH}{wrong}/")).await;
            assert_eq!(told(&answer), NOT_FOUND, "{method} {wrong}");
        }
    }
    let mark = format!("{path}mark-as-read/");
    assert_eq!(told(&trio.ask(CAROL, "PATCH", &mark).await), NO_MESSAGE);
    let wrong = trio.ask(ALICE, "PATCH", "/chat-api/messages/x/mark-as-read/");
    assert_eq!(told(&wrong.await), NOT_FOUND);
    let missing = format!("{PATH}999/");
    for (kind, body) in [(JSON, "{"), ("text/plain", "x")] {
        for (who, path) in [(CAROL, &path), (ALICE, &missing)] {
            let asked = trio.request(who, "PATCH", path);
            let asked = asked.header("content-type", kind).body(body);
            let answer = trio.house.send(asked).await;
            assert_eq!(told(&answer), NO_MESSAGE, "{path} {kind}");
        }
    }
}

#[tokio::test]
async fn what_is_said_in_a_group_does_not_show() {
    let trio = Trio::start().await;
    let chat = &trio.house.chat;
    let (alice, bob) = (UserNumber(1), UserNumber(2));
    let access = access(&trio.house).await.by(Caller::User(alice));
    let group = NewChat::group(None, [alice, bob]);
    let group = chat.make_chat(access, group, None).await.unwrap();
    let group = group.value.chat.number;
    let post = Post {
        body: Body::parse("to all").unwrap(),
        data: None,
        reply_to: None,
    };
    let posted = chat.post(access, group, post, None).await.unwrap();
    let path = format!("{PATH}{}/", posted.value.ext_id.unwrap());
    let mark = format!("{path}mark-as-read/");
    for (method, path) in [
        ("GET", &path),
        ("PATCH", &path),
        ("DELETE", &path),
        ("PATCH", &mark),
    ] {
        let answer = trio.send(ALICE, method, path, &json!({"text": "x"})).await;
        assert_eq!(told(&answer), NO_MESSAGE, "{method} {path}");
    }
    let thread = trio.thread(ALICE, BOB).await;
    let message = trio.post(ALICE, &thread, "to one").await;
    for path in [PATH, "/chat-api/messages/unread/"] {
        let page = trio.get(BOB, path).await.json();
        assert_eq!(page["count"], 1, "{path}");
        assert_eq!(ids(&page["results"]), [message], "{path}");
    }
}

#[tokio::test]
async fn only_its_sender_changes_or_deletes_a_message() {
    let trio = Trio::start().await;
    let id = trio.thread(ALICE, BOB).await;
    let message = trio.post(ALICE, &id, "x").await;
    let path = format!("{PATH}{message}/");
    let text = json!({"text": " y ", "sender": 2, "is_read": true});
    for (method, body) in [
        ("PATCH", &text),
        ("PATCH", &json!({"text": ""})),
        ("DELETE", &text),
    ] {
        assert_eq!(told(&trio.send(BOB, method, &path, body).await), DENIED);
    }
    let before = trio.get(ALICE, &path).await;
    for nothing in [json!({}), json!({"is_read": true, "id": 7})] {
        let same = trio.send(ALICE, "PATCH", &path, &nothing).await;
        assert_eq!(told(&same), (200, before.text()));
    }
    let changed = trio.send(ALICE, "PATCH", &path, &text).await;
    let words = before.text().replace(r#""text":"x""#, r#""text":"y""#);
    assert_eq!(told(&changed), (200, &*words));
    for (body, words) in [
        (json!({"text": null}), "This field may not be null."),
        (json!({"text": " "}), "This field may not be blank."),
        (json!({"text": {}}), "Not a valid string."),
        (
            json!({"text": "x".repeat(251)}),
            "Ensure this field has no more than 250 characters.",
        ),
    ] {
        let answer = trio.send(ALICE, "PATCH", &path, &body).await;
        assert_eq!(told(&answer), (400, &*format!(r#"{{"text":["{words}"]}}"#)));
    }
    assert_eq!(told(&trio.ask(ALICE, "DELETE", &path).await), (204, ""));
    assert_eq!(told(&trio.ask(ALICE, "DELETE", &path).await), NO_MESSAGE);
    assert_eq!(told(&trio.get(BOB, &path).await), NO_MESSAGE);
}

#[tokio::test]
async fn a_mark_is_of_one_message_and_of_everybody() {
    let trio = Trio::start().await;
    let id = trio.thread(ALICE, BOB).await;
    for text in ["a", "b", "c"] {
        trio.post(ALICE, &id, text).await;
    }
    let read = async |who| {
        let history = trio
            .get(who, &format!("/chat-api/threads/{id}/messages"))
            .await;
        let history = history.json();
        let read = history.as_array().unwrap().iter();
        read.map(|one| one["is_read"].as_bool().unwrap())
            .collect::<Vec<_>>()
    };
    for path in [
        "/chat-api/messages/2/mark-as-read/",
        "/chat-api/messages/2/mark-as-read",
    ] {
        let marked = trio.ask(BOB, "PATCH", path).await;
        assert_eq!(
            (marked.status.as_u16(), marked.json()["is_read"].clone()),
            (200, json!(true))
        );
        assert_eq!(marked.json()["id"], 2);
    }
    assert_eq!(read(ALICE).await, [false, true, false]);
    trio.ask(ALICE, "PATCH", "/chat-api/messages/3/mark-as-read/")
        .await;
    assert_eq!(read(BOB).await, [false, true, true], "its sender may too");
    assert_eq!(
        trio.get(BOB, "/chat-api/messages/2/").await.json()["is_read"],
        true
    );
}

#[tokio::test]
async fn a_mark_and_a_longer_text_of_another_api_are_shown() {
    let trio = Trio::start().await;
    let id = trio.thread(ALICE, BOB).await;
    let (chat, number) = (&trio.house.chat, ChatNumber(1));
    let access = access(&trio.house).await;
    let by = |user| access.by(Caller::User(UserNumber(user)));
    let text = "é".repeat(300);
    for _ in 0..3 {
        let post = Post {
            body: Body::parse(text.clone()).unwrap(),
            data: None,
            reply_to: None,
        };
        chat.post(by(1), number, post, None).await.unwrap();
    }
    let mark = Mark {
        delivered: None,
        read: Some(MessageNumber(2)),
    };
    chat.mark(by(2), number, mark).await.unwrap();
    chat.hide(by(2), number).await.unwrap();
    let history = trio
        .get(BOB, &format!("/chat-api/threads/{id}/messages/"))
        .await;
    let history = history.json();
    for (at, is_read) in [true, true, false].into_iter().enumerate() {
        assert_eq!(history[at]["text"], *text);
        assert_eq!(history[at]["is_read"], is_read);
    }
    let unread = trio.get(BOB, "/chat-api/messages/unread/").await.json();
    assert_eq!(
        (&unread["count"], &unread["results"][0]["id"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(
        trio.get(BOB, "/chat-api/threads/").await.json()[0]["id"],
        *id
    );
}

#[tokio::test]
async fn a_key_makes_a_post_happen_once() {
    let trio = Trio::start().await;
    let id = trio.thread(ALICE, BOB).await;
    let post = async |key: &str, text: &str| {
        let asked = trio
            .request(ALICE, "POST", PATH)
            .header("content-type", JSON);
        let body = json!({"thread": id, "text": text}).to_string();
        let asked = asked.header("idempotency-key", key).body(body);
        trio.house.send(asked).await
    };
    let (first, again) = (post("k", "a").await, post("k", "a").await);
    assert_eq!(told(&first), told(&again));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let own = format!("{PATH}{}/", first.json()["id"]);
    assert_eq!(trio.ask(ALICE, "DELETE", &own).await.status, 204);
    assert_eq!(told(&first), told(&post("k", "a").await));
    assert_eq!(post("k", "b").await.status, 422);
    assert_eq!(post("a b", "b").await.status, 400);
}
