//! Many sockets of the real server over TCP: some never read, all are cut and come back.
//!
//! The small scale; `bench live back` does the same with 10,000 sockets.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../process/mod.rs"]
mod process;
mod socket;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use process::{Client, Server, run};
use serde_json::{Value, json};
use socket::{Socket, enter};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

/// Long enough for anything that comes at all.
const LONG: Duration = Duration::from_secs(120);
/// What a reader leaves in the network and in the queue before it is too slow is less than so many messages of this size.
const MOST_POSTS: usize = 600;
const BYTES: usize = 32 << 10;
/// So much more memory a hundred of them may take together: what waits is shared.
const MOST_BYTES: u64 = 96 << 20;

const READS: &str = "chat_live_reads_total ";

/// A server with the users of one application: all are in each of its groups.
struct House {
    server: Server,
    client: Client,
    application: String,
    tokens: Vec<String>,
    _data: tempfile::TempDir,
}

impl House {
    async fn new(users: usize, groups: usize) -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path(), &[]);
        let client = Client::connect(server.address).await.unwrap();
        let token = run(data.path(), &["application", "token", "--default"]).stdout;
        let token = String::from_utf8(token).unwrap();
        let mut house = Self {
            server,
            client,
            application: format!("/api/v1/applications/{}", token.trim()),
            tokens: Vec::new(),
            _data: data,
        };
        let mut members = Vec::new();
        for user in 0..users {
            let name = json!({ "username": format!("user{user}") });
            let number = house.make("users", &name).await["number"].clone();
            let opened = house.make("sessions", &json!({ "user": number })).await;
            house
                .tokens
                .push(opened["token"].as_str().unwrap().to_owned());
            members.push(number);
        }
        for _ in 0..groups {
            let group = json!({ "kind": "group", "members": members });
            house.make("chats", &group).await;
        }
        house
    }

    async fn make(&mut self, what: &str, body: &Value) -> Value {
        let path = format!("{}/{what}", self.application);
        let (status, made) = self.client.post(&path, body, None).await.unwrap();
        assert_eq!(status, 201, "{path}: {made}");
        made
    }

    async fn post(&mut self, group: usize, text: &str) {
        let path = format!("chats/{group}/messages");
        self.make(&path, &json!({ "body": text })).await;
    }

    /// So many sockets, taking turns among the users.
    async fn sockets(&self, many: usize) -> Vec<Socket> {
        let users = self.tokens.iter().cycle().take(many);
        join_all(users.map(|token| enter(self.server.address, token))).await
    }

    /// A figure of the server.
    async fn figure(&mut self, name: &str) -> u64 {
        let request = http::Request::get("/metrics").header("host", "localhost");
        let request = request.body(http_body_util::Full::default()).unwrap();
        let answer = self.client.send(request).await.unwrap();
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(name));
        value.map_or(0, |value| value.trim().parse().unwrap())
    }

    /// The server's anonymous memory, in bytes.
    fn memory(&self) -> u64 {
        let path = format!("/proc/{}/smaps_rollup", self.server.id());
        let told = std::fs::read_to_string(path).unwrap();
        let line = told
            .lines()
            .find_map(|line| line.strip_prefix("Anonymous:"));
        let kib = line.unwrap().trim().strip_suffix(" kB").unwrap();
        kib.trim().parse::<u64>().unwrap() << 10
    }
}

/// A message: its conversation, its number, and the cursor behind it.
fn message(frame: &Value) -> Option<(u64, u64, String)> {
    let message = (frame["type"] == "message").then(|| &frame["message"])?;
    let chat = message["conversationId"].as_u64().unwrap();
    let cursor = frame["cursor"].as_str().unwrap().to_owned();
    Some((chat, message["number"].as_u64().unwrap(), cursor))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_never_read_are_told_to_come_again_and_take_nothing_from_the_others() {
    const EACH: usize = 100;
    let mut house = House::new(10, 1).await;
    let slow = house.sockets(EACH).await;
    let quick = house.sockets(EACH).await;
    let before = house.memory();
    let (more, stop) = tokio::sync::watch::channel(u64::MAX);
    let readers = quick.into_iter().map(|mut socket| {
        let mut last = stop.clone();
        tokio::spawn(async move {
            let mut told = 0;
            loop {
                let frame = tokio::select! {
                    frame = socket.hear() => frame,
                    _ = last.wait_for(|last| *last <= told) => return told,
                };
                if let Some((_, number, _)) = message(&frame) {
                    assert_eq!(number, told + 1, "each gets all, in order");
                    told = number;
                }
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    let text = "x".repeat(BYTES);
    let closed = r#"chat_live_sockets_closed_total{code="slow"} "#;
    let (mut posted, mut most) = (0, 0);
    while house.figure(closed).await < EACH as u64 {
        house.post(1, &text).await;
        posted += 1;
        most = most.max(house.memory());
        assert!(posted < MOST_POSTS, "a reader that takes nothing is kept");
    }
    more.send(posted as u64).unwrap();
    // Whoever begins to read while it is told that it is over hears why.
    let ends = slow.into_iter().map(|mut socket| async move {
        loop {
            match socket.0.next().await {
                Some(Ok(Message::Close(close))) => return close.map(|close| close.code.into()),
                Some(Ok(_)) => {}
                _ => return None,
            }
        }
    });
    let ends: Vec<Option<u16>> = timeout(LONG, join_all(ends)).await.unwrap();
    let told: Vec<u16> = ends.into_iter().flatten().collect();
    assert!(!told.is_empty());
    assert!(told.iter().all(|code| *code == 1013), "{told:?}");
    for reader in readers {
        assert_eq!(timeout(LONG, reader).await.unwrap().unwrap(), posted as u64);
    }
    let grown = most.saturating_sub(before);
    assert!(grown < MOST_BYTES, "{grown} bytes more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_are_cut_come_back_and_miss_nothing_at_one_read_a_chat() {
    const USERS: usize = 20;
    const SOCKETS: usize = 200;
    const GROUPS: usize = 4;
    const MISSED: u64 = 5;
    let mut house = House::new(USERS, GROUPS).await;
    let mut sockets = house.sockets(SOCKETS).await;
    for group in 1..=GROUPS {
        house.post(group, "before").await;
    }
    let mut cursors = BTreeMap::new();
    for socket in &mut sockets {
        for _ in 0..GROUPS {
            let frame = socket.hear().await;
            let (chat, number, cursor) = message(&frame).unwrap();
            assert_eq!(number, 1);
            cursors.insert(chat, cursor);
        }
    }
    drop(sockets);
    while house.figure("chat_live_sockets ").await > 0 {
        tokio::task::yield_now().await;
    }
    for group in 1..=GROUPS {
        for _ in 0..MISSED {
            house.post(group, "missed").await;
        }
    }
    let known = house.figure(READS).await;
    let address = house.server.address;
    let back = house.tokens.iter().cycle().take(SOCKETS).map(|token| {
        let resume = json!({ "type": "resume", "after": cursors });
        async move {
            let mut socket = socket::open(address, token).await;
            socket.say(&resume).await;
            let mut told: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
            loop {
                let frame = socket.hear().await;
                match message(&frame) {
                    Some((chat, number, _)) => told.entry(chat).or_default().push(number),
                    None if frame["type"] == "caught_up" => return (socket, told),
                    None => assert!(frame["type"] == "ready" || frame["type"] == "heads"),
                }
            }
        }
    });
    let back = timeout(LONG, join_all(back)).await.unwrap();
    let missed: Vec<u64> = (2..2 + MISSED).collect();
    for (_, told) in &back {
        assert_eq!(told.len(), GROUPS);
        assert!(told.values().all(|numbers| *numbers == missed), "{told:?}");
    }
    let reads = house.figure(READS).await - known;
    assert!(reads > 0, "they are counted");
    assert!(reads <= GROUPS as u64, "{reads} reads for {GROUPS} groups");
}
