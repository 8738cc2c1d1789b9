//! What holds over all doors of one server.

mod mounts;

use std::sync::Arc;
use std::time::Duration;

use ::uuid::Uuid;
use chat_core::memory::MemoryCounter;
use chat_core::port::Counter;
use chat_core::service::{Chat, NewUser};
use chat_core::text::Username;
use serde_json::{Value, json};

use super::applications::Options;
use super::attempts::Attempts;
use super::testing::queued::queued_chat;
use super::testing::{House, gate};
use super::{applications, conversations, rpc, threads, uuid};
use crate::http::body::BodyLimits;
use crate::http::door::Door;
use crate::http::testing::{Request, front, request};
use crate::live::Pace;

const BODY: BodyLimits = BodyLimits {
    bytes: 1024 * 1024,
    time: Duration::from_secs(5),
};

fn all(chat: &Chat, attempts: &Attempts) -> Vec<Door> {
    let options = Options {
        admin_key: None,
        apis: Vec::new(),
        attempts: attempts.clone(),
        origins: Vec::new(),
        pace: Pace::default(),
    };
    let to_talk = conversations::Options {
        attempts: attempts.clone(),
        origins: Vec::new(),
        pace: Pace::default(),
    };
    vec![
        applications::door(gate(chat), options, BODY),
        uuid::door(gate(chat), BODY),
        conversations::door(gate(chat), to_talk, BODY),
        threads::door(gate(chat), attempts.clone(), BODY),
        rpc::door(gate(chat), BODY),
    ]
}

fn attempts() -> Attempts {
    let counter: Arc<dyn Counter> = Arc::new(MemoryCounter::new());
    Attempts::new(&counter)
}

async fn house() -> House {
    let attempts = attempts();
    House::build(|chat| all(chat, &attempts)).await
}

/// What is answered to whoever says so who he is, with this status.
async fn ask(
    house: &House,
    who: &str,
    method: &str,
    path: &str,
    body: Value,
    status: u16,
) -> Value {
    let request = request(method, path).header("content-type", "application/json");
    let request = match who {
        "" => request,
        who => request.header("authorization", who),
    };
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let answer = house.send(request.body(body)).await;
    assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    answer.json()
}

/// These fields of each element, in order.
fn each<'a>(list: &'a Value, field: &str) -> Vec<&'a Value> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| &one[field]).collect()
}

const SAID: [&str; 4] = ["by conversations", "by threads", "by native", "by rpc"];

/// What lets alice in at the doors that have a login of their own.
struct Alice {
    login: Value,
    bearer: String,
    token: String,
}

impl Alice {
    /// She registers through one door, and is let in by the same password through another; the second user is bob, made through a third.
    async fn and_bob(house: &House) -> Self {
        let login = json!({"username": "alice", "password": "correct horse"});
        let made = ask(house, "", "POST", "/register", login.clone(), 201).await;
        assert_eq!(made["id"], 1);
        let bob = json!({"username": "bob"});
        let bob = ask(house, "", "POST", "/users/add", bob, 201).await;
        assert_eq!(bob["id"], 2);
        let entered = ask(house, "", "POST", "/login", login.clone(), 200).await;
        let bearer = format!("Bearer {}", entered["token"].as_str().unwrap());
        let entered = ask(house, "", "POST", "/chat-api/token/", login.clone(), 200).await;
        let token = format!("Token {}", entered["token"].as_str().unwrap());
        Self {
            login,
            bearer,
            token,
        }
    }
}

/// The token of the application that they all live in.
async fn home(house: &House) -> Uuid {
    let home = house.chat.default_application().await.unwrap();
    home.token.expose()
}

#[tokio::test]
async fn one_person_is_the_same_through_five_doors() {
    let house = house().await;
    let house = &house;
    let Alice {
        login,
        bearer,
        token,
    } = Alice::and_bob(house).await;
    let able = ask(house, "", "GET", "/api/v1/capabilities", Value::Null, 200).await;
    let public = able["default_application"].as_str().unwrap();
    let native = format!("/api/v1/applications/{public}");
    let sessions = format!("{native}/sessions");
    let entered = ask(house, "", "POST", &sessions, login, 201).await;
    let session = format!("Bearer {}", entered["token"].as_str().unwrap());
    for (who, path) in [
        (&bearer, "/users/2".to_owned()),
        (&session, format!("{native}/users/2")),
    ] {
        let seen = ask(house, who, "GET", &path, Value::Null, 200).await;
        assert_eq!(seen["username"], "bob", "{path}");
    }
    // What one door gives opens the other that takes sessions.
    let me = ask(
        house,
        &bearer,
        "GET",
        &format!("{native}/me"),
        Value::Null,
        200,
    )
    .await;
    assert_eq!(
        (&me["number"], &me["username"]),
        (&1.into(), &"alice".into())
    );

    // One direct chat, whichever door it is asked for through; and one message through each.
    let begin = json!({"participants": [2]});
    let conversation =
        ask(house, &bearer, "POST", "/conversations", begin, 201).await["id"].clone();
    let say = format!("/conversations/{conversation}/message");
    ask(
        house,
        &bearer,
        "POST",
        &say,
        json!({"content": SAID[0]}),
        201,
    )
    .await;
    let thread = json!({"participant": 2});
    let thread = ask(house, &token, "POST", "/chat-api/threads/", thread, 201).await["id"].clone();
    let post = json!({"thread": thread, "text": SAID[1]});
    ask(house, &token, "POST", "/chat-api/messages/", post, 201).await;
    let direct = json!({"kind": "direct", "members": [2]});
    let chats = format!("{native}/chats");
    let number = ask(house, &session, "POST", &chats, direct, 200).await["number"].clone();
    assert_eq!(number, conversation);
    let messages = format!("{chats}/{number}/messages");
    ask(
        house,
        &session,
        "POST",
        &messages,
        json!({"body": SAID[2]}),
        201,
    )
    .await;
    let add = json!({"chat": conversation, "author": 2, "text": SAID[3]});
    ask(house, "", "POST", "/messages/add", add, 201).await;

    // All is read through each of them.
    let path = format!("/conversations/{conversation}");
    let seen = ask(house, &bearer, "GET", &path, Value::Null, 200).await;
    assert_eq!(each(&seen["messages"], "content"), SAID);
    assert_eq!(each(&seen["messages"], "senderId"), [1, 1, 1, 2]);
    let id = thread.as_str().unwrap();
    let path = format!("/chat-api/threads/{id}/messages/");
    let seen = ask(house, &token, "GET", &path, Value::Null, 200).await;
    assert_eq!(each(&seen, "text"), SAID);
    assert_eq!(each(&seen, "sender"), [1, 1, 1, 2]);
    let seen = ask(house, &session, "GET", &messages, Value::Null, 200).await;
    assert_eq!(each(&seen, "body"), SAID);
    assert_eq!(each(&seen, "author"), [1, 1, 1, 2]);
    let get = json!({"chat": conversation});
    let seen = ask(house, "", "POST", "/messages/get", get, 200).await;
    assert_eq!(each(&seen, "text"), SAID);

    // The uuid door knows the application by its token, and takes from it what the others have.
    let home = home(house).await;
    let said = json!({"message": {"message": "by uuid"}});
    let path = format!("/applications/{home}/chats/{number}/messages");
    ask(house, "", "POST", &path, said, 200).await;
    let path = format!("/messages/{home}/{number}");
    let seen = ask(house, "", "GET", &path, Value::Null, 200).await;
    let all: Vec<&str> = SAID.into_iter().chain(["by uuid"]).collect();
    assert_eq!(each(&seen["messages"], "message"), all);
    let seen = ask(house, &session, "GET", &messages, Value::Null, 200).await;
    assert_eq!(each(&seen, "body"), all);
}

#[tokio::test]
async fn a_thread_that_is_deleted_is_gone_from_every_door() {
    let house = house().await;
    let house = &house;
    let Alice { bearer, token, .. } = Alice::and_bob(house).await;
    let begin = json!({"participants": [2]});
    let made = ask(house, &bearer, "POST", "/conversations", begin, 201).await["id"].clone();
    let threads = ask(house, &token, "GET", "/chat-api/threads/", Value::Null, 200).await;
    let thread = threads[0]["id"].as_str().unwrap();
    let gone = request("DELETE", &format!("/chat-api/threads/{thread}/"));
    let gone = house.send(gone.header("authorization", &token)).await;
    assert_eq!(gone.status, 204);
    let conversation = format!("/conversations/{made}");
    ask(house, &bearer, "GET", &conversation, Value::Null, 404).await;
    let get = json!({"chat": made});
    ask(house, "", "POST", "/messages/get", get, 404).await;
    let home = home(house).await;
    for path in [
        format!("/api/v1/applications/{home}/chats/{made}"),
        format!("/messages/{home}/{made}"),
    ] {
        ask(house, "", "GET", &path, Value::Null, 404).await;
    }
}

#[tokio::test]
async fn what_waits_in_a_queue_is_told_with_its_place_through_every_door() {
    let chat = queued_chat(true).await;
    let doors = all(&chat.without_waiting(), &attempts());
    let house = House::on_doubles(chat.clone(), front(doors));
    let home = chat.default_application().await.unwrap();
    let access = chat.default_application_id().await.unwrap().into();
    let named = |name| NewUser::named(Username::parse(name).unwrap());
    let alice = chat.create_user(access, named("alice"), None).await;
    let alice = alice.unwrap().value.number;
    chat.create_user(access, named("bob"), None).await.unwrap();
    let session = chat.mint_session(access, alice, None).await.unwrap();
    let bearer = format!("Bearer {}", session.token.expose());
    let lasting = chat.lasting_token(access, alice, None).await.unwrap();
    let token = format!("Token {}", lasting.expose());
    let (public, secret) = (home.public_id, home.token.expose());
    let native =
        |application: &dyn std::fmt::Display| format!("/api/v1/applications/{application}");
    for (who, path, body, application) in [
        (
            &*bearer,
            "/conversations".to_owned(),
            json!({"participants": [2]}),
            native(&public),
        ),
        (
            &*token,
            "/chat-api/threads/".into(),
            json!({"participant": 2}),
            native(&public),
        ),
        (
            "",
            "/users/add".into(),
            json!({"username": "carol"}),
            native(&public),
        ),
        (
            "",
            format!("/applications/{secret}/chats"),
            Value::Null,
            native(&secret),
        ),
        (
            &*bearer,
            format!("{}/chats", native(&public)),
            json!({"kind": "group", "members": [2]}),
            native(&public),
        ),
    ] {
        let asked = request("POST", &path)
            .header("authorization", who)
            .header("content-type", "application/json");
        let answer = house.send(asked.body(body.to_string())).await;
        assert_eq!(answer.status, 202, "{path}: {}", answer.text());
        let place = answer.header("location").unwrap();
        let (before, id) = place.rsplit_once('/').unwrap();
        assert_eq!(before, format!("{application}/operations"), "{path}");
        assert!(answer.text().contains(id), "{path}: {}", answer.text());
        let who = match application == native(&secret) {
            true => "",
            false => &*bearer,
        };
        let told = ask(&house, who, "GET", place, Value::Null, 200).await;
        assert_eq!(told["id"], id, "{path}");
        let status = if who.is_empty() { 200 } else { 404 };
        ask(&house, "", "GET", place, Value::Null, status).await;
    }
}

#[tokio::test]
async fn a_page_of_another_site_is_refused_in_the_words_of_each_door() {
    let chat = super::testing::chat().await;
    let near = front(all(&chat, &attempts())).nearby();
    for (path, field) in [
        ("/api/v1/applications", "error"),
        ("/api/v1/capabilities", "detail"),
        ("/applications", "errors"),
        ("/conversations", "error"),
        ("/chat-api/threads/", "detail"),
        ("/chats/add", "detail"),
        ("/nowhere", "detail"),
    ] {
        let by_name = request("GET", path);
        let by_origin =
            Request::to("localhost", "POST", path).header("origin", "http://evil.example");
        for asked in [by_name, by_origin] {
            let answer = asked.send(&near).await;
            assert_eq!(answer.status, 403, "{path}: {}", answer.text());
            let told = answer.json();
            let why = told[field].as_str().unwrap_or_default();
            assert!(why.contains("allow_origin"), "{path}: {told}");
        }
    }
}
