//! The bot among the examples, against the real server.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../../examples/bot.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is a program of its own")]
mod bot;
mod process;

use process::{Client, Server};
use serde_json::json;

/// The texts of the messages of a chat, as soon as there are so many.
async fn said(client: &mut Client, chat: &str, many: usize) -> Vec<String> {
    let mut cursor = client.get(chat).await.unwrap().1["cursor"].clone();
    loop {
        let (_, messages) = client.get(&format!("{chat}/messages")).await.unwrap();
        let messages = messages.as_array().unwrap().iter();
        let texts = messages.map(|one| format!("{} {}", one["author"], one["body"]));
        let texts: Vec<String> = texts.collect();
        if texts.len() >= many {
            return texts;
        }
        let changes = format!("{chat}/changes?after={}&wait=20", cursor.as_str().unwrap());
        cursor = client.get(&changes).await.unwrap().1["next"].clone();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_says_again_what_is_said_and_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let mut client = Client::connect(server.address).await.unwrap();
    let root = "/api/v1/applications";
    let made = client.post(root, &json!({"name": "bots"}), None).await;
    let root = format!("{root}/{}", made.unwrap().1["token"].as_str().unwrap());
    let direct = json!({"kind": "direct", "members": [1, 2]});
    for (path, body) in [
        ("users", json!({"username": "ann"})),
        ("users", json!({"username": "echo"})),
        ("chats", direct),
    ] {
        let made = client.post(&format!("{root}/{path}"), &body, None).await;
        assert_eq!(made.unwrap().0, 201);
    }
    let chat = format!("{root}/chats/1");
    let begin = client.get(&chat).await.unwrap().1["cursor"].clone();

    let stream = format!("ws://{}{root}/stream", server.address);
    let start = || {
        let mut bot = bot::Bot::new(&stream, 2).standing_at(1, begin.as_str().unwrap());
        tokio::spawn(async move { bot.run().await.unwrap() })
    };
    let running = start();
    let messages = format!("{chat}/messages");
    let hello = json!({"body": "hello"});
    client.post(&messages, &hello, None).await.unwrap();
    let both = [r#"null "hello""#, r#"2 "hello""#];
    assert_eq!(said(&mut client, &chat, 2).await, both);

    // It forgets what it did, and is told everything again.
    running.abort();
    running.await.unwrap_err();
    let again = json!({"body": "still there?"});
    client.post(&messages, &again, None).await.unwrap();
    let running = start();
    let all = [
        both[0],
        both[1],
        r#"null "still there?""#,
        r#"2 "still there?""#,
    ];
    assert_eq!(said(&mut client, &chat, 4).await, all);
    running.abort();
}
