//! A dump of Django through the real binary: who could log in there logs in here, through each API.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../process/mod.rs"]
mod process;

use std::fs;
use std::path::Path;
use std::process::Output;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use process::{Client, Server, run};
use serde_json::{Value, json};

const DUMP: &str = include_str!("dump.json");
const PASSWORD: &str = "pässwörd 🐎";
const BOBS_PASSWORD: &str = "1234";
const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";
const TALK: &str = "7b0a3c52-58d6-4a51-9c55-0d3b4c1e2f01";
const ALONE: &str = "7b0a3c52-58d6-4a51-9c55-0d3b4c1e2f03";

fn both(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    String::from_utf8([out.as_slice(), err].concat()).unwrap()
}

/// Imports a dump from a file with this name; whether that went well, and what was said.
fn import(dir: &Path, dump: &str, more: &[&str]) -> (bool, String) {
    let file = dir.join("dump.json");
    fs::write(&file, dump).unwrap();
    let import = ["import", "--format", "django", file.to_str().unwrap()];
    let output = run(&dir.join("data"), &[&import[..], more].concat());
    (output.status.success(), both(&output))
}

async fn get(client: &mut Client, path: &str, authorization: &str) -> Value {
    let request = Request::get(path).header("host", "localhost");
    let request = request.header("authorization", authorization);
    let answer = client
        .send(request.body(Full::<Bytes>::default()).unwrap())
        .await
        .unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    serde_json::from_slice(answer.body()).unwrap()
}

/// The second login is checked against what the first one left.
async fn through_conversations(client: &mut Client) {
    for _ in 0..2 {
        let login = json!({"username": "zoË", "password": PASSWORD});
        let (status, answer) = client.post("/login", &login, None).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["user"]["id"], 1);
        let bearer = format!("Bearer {}", answer["token"].as_str().unwrap());
        let chats = get(client, "/conversations", &bearer).await;
        assert_eq!(chats.as_array().unwrap().len(), 2, "{chats}");
    }
}

/// Who has left no account there takes no part here.
async fn through_threads(client: &mut Client) {
    let login = json!({"username": "Zoë", "password": PASSWORD});
    let given = client.post("/chat-api/token/", &login, None).await.unwrap();
    assert_eq!(given, (http::StatusCode::OK, json!({"token": TOKEN})));
    let token = format!("Token {TOKEN}");
    let threads = get(client, "/chat-api/threads/", &token).await;
    let both = json!([{"id": TALK, "participants": [1, 2]}, {"id": ALONE, "participants": [1]}]);
    assert_eq!(threads, both);
    let page = get(client, "/chat-api/messages/", &token).await;
    let said = [
        (1, TALK, "Привет 👋🏽 \"Zoë\"", 3, true),
        (2, TALK, "naïve 日本語\nsecond line", 4, true),
        (1, TALK, "still here?", 7, false),
        (2, TALK, "yes", 9, true),
        (1, ALONE, "anybody?", 11, true),
    ];
    let said = said.map(|(sender, thread, text, second, is_read)| {
        let created = format!("2023-04-01T12:00:{second:02}.250000Z");
        json!({"sender": sender, "thread": thread, "text": text, "created": created, "is_read": is_read})
    });
    let mut found = page["results"].as_array().unwrap().clone();
    for message in &mut found {
        let id = message.as_object_mut().unwrap().remove("id");
        assert!(id.unwrap().is_u64());
    }
    assert_eq!(found, said);
}

/// What was not read there is unread here.
async fn through_native(client: &mut Client) {
    let (_, told) = client.get("/api/v1/capabilities").await.unwrap();
    let home = told["default_application"].as_str().unwrap();
    let home = format!("/api/v1/applications/{home}");
    for (username, password, number, unread) in [
        ("BOB", BOBS_PASSWORD, 2, vec![1]),
        ("Zoë", PASSWORD, 1, vec![0, 0]),
    ] {
        let login = json!({"username": username, "password": password});
        let path = format!("{home}/sessions");
        let (status, session) = client.post(&path, &login, None).await.unwrap();
        assert_eq!(status, 201, "{session}");
        assert_eq!(session["user"]["number"], number);
        let bearer = format!("Bearer {}", session["token"].as_str().unwrap());
        let chats = get(client, &format!("{home}/me/chats"), &bearer).await;
        let found = chats.as_array().unwrap().iter();
        let found: Vec<_> = found.map(|chat| chat["unread"].clone()).collect();
        assert_eq!(found, unread, "{chats}");
    }
}

#[tokio::test]
async fn who_could_log_in_there_logs_in_here_and_finds_what_was_said() {
    let dir = tempfile::tempdir().unwrap();
    let (good, text) = import(dir.path(), DUMP, &[]);
    assert!(good, "{text}");
    let told = "3 new users, 1 token, 2 new threads and 5 messages imported into default";
    assert!(text.contains(told), "{text}");
    assert!(
        text.contains("1 thread joined another of the same two"),
        "{text}"
    );
    let (good, text) = import(dir.path(), DUMP, &[]);
    let none = "0 new users, 1 token, 0 new threads and 0 messages";
    assert!(good && text.contains(none), "{text}");

    let server = Server::start(&dir.path().join("data"), &[]);
    let mut client = Client::connect(server.address).await.unwrap();
    through_conversations(&mut client).await;
    through_threads(&mut client).await;
    through_native(&mut client).await;
    for (username, password) in [("zoë", BOBS_PASSWORD), ("gone", "letmein")] {
        let login = json!({"username": username, "password": password});
        let (status, _) = client.post("/login", &login, None).await.unwrap();
        assert_eq!(status, 401, "{username}");
    }
    drop(client);
    assert!(server.stop());
    let told = both(&run(&dir.path().join("data"), &["check"]));
    assert!(told.contains("0 findings"), "{told}");
}

#[test]
fn nothing_is_written_before_all_of_it_was_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = [
        (
            r#""sender": 1"#,
            r#""sender": 8"#,
            "object 1 (chat_api.message 3): sender names user 8",
        ),
        (
            r#""email": "zoe@example.org""#,
            r#""email": "zoe""#,
            "object 11 (auth.user 1): email is invalid",
        ),
        (
            r#""pk": 9"#,
            r#""pk": 6"#,
            "object 4 (chat_api.message 6): pk comes after 7",
        ),
        (
            "pbkdf2_sha256$1000$seasalt",
            "bcrypt$$2b$12",
            "password is kept as \"bcrypt\"",
        ),
        (
            "]\n    }\n  }\n]",
            "]\n    }\n  ",
            "is no dump of Django in JSON",
        ),
    ];
    for (right, wrong, told) in wrong {
        assert!(DUMP.contains(right), "{right}");
        let (good, text) = import(dir.path(), &DUMP.replacen(right, wrong, 1), &[]);
        assert!(!good && text.contains(told), "{text}");
    }
    let blank = DUMP.replacen(r#""text": "yes""#, r#""text": " ""#, 1);
    let (good, text) = import(dir.path(), &blank, &["--bad-lines", "skip"]);
    for told in [
        "3 new users",
        "and 4 messages",
        "object 4 (chat_api.message 9): text can't be blank: skipped",
        "1 bad object skipped",
    ] {
        assert!(good && text.contains(told), "{text}");
    }
}

/// What was refused midway is corrected, and what has grown since goes on behind the last message.
#[test]
fn a_corrected_dump_and_a_later_one_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let taken = DUMP.replacen(r#""username": "gone""#, r#""username": "BOB""#, 1);
    let (good, text) = import(dir.path(), &taken, &[]);
    assert!(
        !good && text.contains("(auth.user 5): username is taken"),
        "{text}"
    );
    let (good, text) = import(dir.path(), &taken, &["--bad-lines", "skip"]);
    assert!(
        good && text.contains("and 5 messages") && text.contains("1 bad object skipped"),
        "{text}"
    );
    let more = r#"[{"model": "chat_api.message", "pk": 12, "fields": {"sender": 5,
        "thread": "7b0a3c52-58d6-4a51-9c55-0d3b4c1e2f01", "text": "late", "is_read": false}},"#;
    let (good, text) = import(dir.path(), &DUMP.replacen('[', more, 1), &[]);
    assert!(!good && text.contains("pk comes after 12"), "{text}");
    let tail = format!(",{}]", more.trim_start_matches('[').trim_end_matches(','));
    let (body, _) = DUMP.rsplit_once(']').unwrap();
    let (good, text) = import(dir.path(), &format!("{body}{tail}"), &[]);
    assert!(
        good && text.contains("1 new user, 1 token, 0 new threads and 1 message "),
        "{text}"
    );
}
