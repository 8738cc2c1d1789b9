//! One long list, read slowly while posts go on: it is whole, and the log of the database starts again meanwhile.
//!
//! The small scale; `bench bounded` does the same with a million messages and measures memory.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod process;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use process::{Client, Server, run};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MESSAGES: u64 = 100_000;
/// The log is copied into the database from 16,000 pages of 4 KiB on, and may reach twice that until readers let it
/// start again; a commit more is in it before anybody looks.
const MOST_LOG_BYTES: u64 = 2 * 16_000 * 4_096 + (16 << 20);
fn body(number: u64) -> String {
    format!("message {number} of a long list that is read slowly")
}

/// A data directory with one long chat; the application's token.
fn filled(data: &Path, file: &Path) -> String {
    let mut lines = fs::File::create(file).unwrap();
    let all: String = (1..=MESSAGES)
        .map(|number| json!({ "chat": "long", "body": body(number) }).to_string() + "\n")
        .collect();
    lines.write_all(all.as_bytes()).unwrap();
    let good = |arguments: &[&str]| {
        let output = run(data, arguments);
        let told = String::from_utf8(output.stdout).unwrap();
        let failed = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{told}{failed}");
        told
    };
    good(&["import", "--no-index", file.to_str().unwrap()]);
    let list = good(&["application", "list"]);
    let public_id = list.split_whitespace().next().unwrap();
    let token = good(&["application", "token", public_id]);
    token.trim().to_owned()
}

/// How often the log has started again from its beginning: SQLite counts it in the log's head.
fn beginnings(log: &Path) -> u32 {
    let mut head = [0; 16];
    let mut log = fs::File::open(log).unwrap();
    log.read_exact(&mut head).unwrap();
    u32::from_be_bytes([head[12], head[13], head[14], head[15]])
}

/// A list under way.
struct List {
    stream: TcpStream,
    taken: Vec<u8>,
}

impl List {
    async fn begin(server: &Server, path: &str) -> Self {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let taken = Vec::new();
        Self { stream, taken }
    }

    /// Takes a little more.
    async fn sip(&mut self) {
        let mut piece = [0; 256];
        let count = self.stream.read(&mut piece).await.unwrap();
        assert_ne!(count, 0, "the list ended early");
        self.taken.extend_from_slice(&piece[..count]);
    }

    /// Takes the rest; the chunks as one text, and whether they came to their end.
    async fn drain(mut self) -> (String, bool) {
        // What breaks off may be reset.
        let _ = self.stream.read_to_end(&mut self.taken).await;
        let text = String::from_utf8(self.taken).unwrap();
        let (head, mut rest) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 200") && head.contains("chunked"),
            "{head}"
        );
        let mut whole = String::new();
        while let Some((size, after)) = rest.split_once("\r\n") {
            let size = usize::from_str_radix(size, 16).unwrap();
            if size == 0 {
                return (whole, true);
            }
            let Some(chunk) = after.get(..size) else {
                break;
            };
            whole.push_str(chunk);
            rest = after.get(size + 2..).unwrap_or_default();
        }
        (whole, false)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_is_read_slowly_and_whole_while_the_log_stays_short() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let token = filled(&data, &folder.path().join("long.jsonl"));
    let server = Server::start(&data, &["--write-timeout", "10m"]);
    let messages = format!("/api/v1/applications/{token}/chats/1/messages");
    let mut list = List::begin(&server, &messages).await;
    list.sip().await;

    let log = data.join("chat.db-wal");
    let post = json!({ "body": "x", "data": { "padding": "x".repeat(4_000) } });
    let mut client = Client::connect(server.address).await.unwrap();
    assert_eq!(client.post(&messages, &post, None).await.unwrap().0, 201);
    let before = beginnings(&log);
    // Without a beginning it would grow with every post.
    while beginnings(&log) < before + 2 {
        assert_eq!(client.post(&messages, &post, None).await.unwrap().0, 201);
        let length = fs::metadata(&log).unwrap().len();
        assert!(length <= MOST_LOG_BYTES, "the log grew to {length} bytes");
        list.sip().await;
    }

    let (text, ended) = list.drain().await;
    assert!(ended, "the list broke off");
    let found: Vec<Value> = serde_json::from_str(&text).unwrap();
    // It ends at the head that the chat had when the list began.
    assert_eq!(found.len() as u64, MESSAGES);
    for (number, message) in (1..).zip(&found) {
        assert_eq!(message["number"], number);
        assert_eq!(message["body"], body(number));
    }
    assert!(server.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_whose_chat_is_deleted_is_never_closed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let token = filled(&data, &folder.path().join("long.jsonl"));
    let server = Server::start(&data, &["--write-timeout", "10m"]);
    let chat = format!("/api/v1/applications/{token}/chats/1");
    let mut lists = Vec::new();
    for path in [format!("{chat}/messages"), format!("/messages/{token}/1")] {
        let mut list = List::begin(&server, &path).await;
        list.sip().await;
        lists.push(list);
    }
    let mut client = Client::connect(server.address).await.unwrap();
    let delete = http::Request::delete(&chat).header("host", "localhost");
    let deleted = client.send(delete.body(Default::default()).unwrap()).await;
    assert_eq!(deleted.unwrap().status(), 204);
    for list in lists {
        let (text, ended) = list.drain().await;
        assert!(!ended && !text.ends_with(']'), "half a list looks whole");
    }
    assert!(server.stop());
}
