//! Kills the real server again and again: nothing that was acknowledged is lost, nothing is written twice.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod process;

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use process::{Client, Server, command, run};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

const CLIENTS: usize = 16;
const CHATS: usize = 4;
/// The longest life of a server, in milliseconds.
const LIFE: u64 = 250;
/// A word that every message has.
const WORD: &str = "crashproof";

/// What a client knows of one message.
#[derive(Debug, Clone, Copy)]
struct Acknowledged {
    chat: usize,
    number: u64,
}

struct World {
    token: String,
    address: watch::Receiver<SocketAddr>,
    done: AtomicBool,
    retries: AtomicU64,
}

impl World {
    fn messages(&self, chat: usize) -> String {
        format!(
            "/api/v1/applications/{}/chats/{}/messages",
            self.token,
            chat + 1
        )
    }
}

fn body(client: usize, at: usize) -> String {
    format!("{WORD} c{client}m{at}")
}

fn key(client: usize, at: usize) -> String {
    format!("client-{client}-{at}")
}

/// Asks until the answer is an acknowledgement: the same request under the same key.
async fn post(
    world: &World,
    connection: &mut Option<Client>,
    client: usize,
    at: usize,
) -> Acknowledged {
    let chat = (client + at) % CHATS;
    let mut address = world.address.clone();
    loop {
        if connection.is_none() {
            let now = *address.borrow_and_update();
            match Client::connect(now).await {
                Ok(made) => *connection = Some(made),
                Err(_) => {
                    // That server is dead; the next one says where it is.
                    address.changed().await.unwrap();
                    continue;
                }
            }
        }
        let sent = match connection {
            Some(open) => {
                let message = json!({ "body": body(client, at) });
                open.post(&world.messages(chat), &message, Some(&key(client, at)))
                    .await
            }
            None => continue,
        };
        match sent {
            Ok((status, answer)) => {
                assert_eq!(status, 201, "{answer}");
                let number = answer["number"].as_u64().unwrap();
                return Acknowledged { chat, number };
            }
            Err(_) => {
                world.retries.fetch_add(1, Ordering::Relaxed);
                *connection = None;
            }
        }
    }
}

async fn write(world: Arc<World>, client: usize) -> (usize, Vec<Acknowledged>) {
    let mut connection = None;
    let mut known = Vec::new();
    while !world.done.load(Ordering::Relaxed) {
        known.push(post(&world, &mut connection, client, known.len()).await);
    }
    (client, known)
}

/// Every message of a chat by its number; fails on a gap.
async fn history(world: &World, client: &mut Client, chat: usize) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let page = format!("{}?limit=200&after={}", world.messages(chat), all.len());
        let (status, page) = client.get(&page).await.unwrap();
        assert_eq!(status, 200, "{page}");
        let page = page.as_array().unwrap();
        for message in page {
            assert_eq!(
                message["number"],
                all.len() as u64 + 1,
                "a gap in chat {chat}"
            );
            all.push(message["body"].as_str().unwrap().to_owned());
        }
        if page.is_empty() {
            return all;
        }
    }
}

/// The numbers that the search finds in a chat, once the index is there.
async fn found(world: &World, client: &mut Client, chat: usize) -> usize {
    let mut before = String::new();
    let mut found = 0;
    loop {
        let path = format!(
            "{}/search?query={WORD}&limit=200{before}",
            world.messages(chat)
        );
        let (status, page) = client.get(&path).await.unwrap();
        assert_eq!(status, 200, "{page}");
        let page = page.as_array().unwrap();
        found += page.len();
        match page.last() {
            Some(last) => before = format!("&before={}", last["number"]),
            None => return found,
        }
    }
}

async fn prepare(server: &Server) -> String {
    let mut client = Client::connect(server.address).await.unwrap();
    let (status, made) = client
        .post("/api/v1/applications", &json!({ "name": "crash" }), None)
        .await
        .unwrap();
    assert_eq!(status, 201, "{made}");
    let token = made["token"].as_str().unwrap().to_owned();
    for _ in 0..CHATS {
        let chats = format!("/api/v1/applications/{token}/chats");
        let (status, made) = client.post(&chats, &json!({}), None).await.unwrap();
        assert_eq!(status, 201, "{made}");
    }
    token
}

async fn start(data: &Path) -> Server {
    let data = data.to_owned();
    tokio::task::spawn_blocking(move || Server::start(&data, &[]))
        .await
        .unwrap()
}

/// A length of time up to [`LIFE`]: the kernel's random bits, a generator of its own would add nothing.
fn some_time() -> Duration {
    Duration::from_micros(u64::from(uuid::Uuid::new_v4().as_fields().0) % (LIFE * 1_000))
}

fn kills() -> usize {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long to test is no setting of the server"
    )]
    let kills = std::env::var("CHAT_KILLS");
    kills.map_or(100, |kills| kills.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_and_doubles_nothing() {
    let (kills, started) = (kills(), Instant::now());
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(dir.path()).await;
    let (tell, address) = watch::channel(server.address);
    let world = Arc::new(World {
        token: prepare(&server).await,
        address,
        done: AtomicBool::new(false),
        retries: AtomicU64::new(0),
    });
    let mut writers: JoinSet<_> = (0..CLIENTS)
        .map(|client| write(Arc::clone(&world), client))
        .collect();
    for _ in 0..kills {
        let ended = timeout(some_time(), writers.join_next()).await;
        assert!(ended.is_err(), "a writer gave up: {ended:?}");
        server.kill();
        server = start(dir.path()).await;
        tell.send(server.address).unwrap();
    }
    world.done.store(true, Ordering::Relaxed);
    let mut known = writers.join_all().await;
    known.sort_by_key(|(client, _)| *client);
    let known: Vec<_> = known.into_iter().map(|(_, known)| known).collect();
    let messages = verify(&world, &server, &known).await;
    assert!(server.stop(), "it did not stop well");
    let checked = run(dir.path(), &["check"]);
    let report = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{report}");
    println!(
        "{kills} kills, {messages} messages from {CLIENTS} clients, {} retries in {:.0} s: \
         0 lost, 0 doubled, 0 gaps, 0 renumbered, all found; check: {}",
        world.retries.load(Ordering::Relaxed),
        started.elapsed().as_secs_f64(),
        report.trim()
    );
}

async fn verify(world: &World, server: &Server, known: &[Vec<Acknowledged>]) -> usize {
    let mut connection = Client::connect(server.address).await.unwrap();
    let mut total = 0;
    let mut stored: Vec<HashMap<String, u64>> = Vec::new();
    for chat in 0..CHATS {
        let bodies = history(world, &mut connection, chat).await;
        total += bodies.len();
        let numbers: HashMap<String, u64> = (1..)
            .zip(&bodies)
            .map(|(at, body)| (body.clone(), at))
            .collect();
        assert_eq!(numbers.len(), bodies.len(), "doubled in chat {chat}");
        stored.push(numbers);
    }
    let acknowledged: usize = known.iter().map(Vec::len).sum();
    assert_eq!(total, acknowledged, "as many as were acknowledged");
    for (client, known) in known.iter().enumerate() {
        for (at, one) in known.iter().enumerate() {
            let number = stored[one.chat].get(&body(client, at));
            assert_eq!(
                number,
                Some(&one.number),
                "lost or renumbered: client {client}, {at}"
            );
        }
        // The keys are remembered too.
        let mut again = None;
        for (at, one) in known.iter().enumerate().rev().take(20) {
            let answer = post(world, &mut again, client, at).await;
            assert_eq!(
                answer.number, one.number,
                "another answer under the same key"
            );
        }
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    for (chat, stored) in stored.iter().enumerate() {
        while found(world, &mut connection, chat).await < stored.len() {
            assert!(
                Instant::now() < deadline,
                "the index of chat {chat} stays behind"
            );
        }
    }
    let (_, chats) = connection
        .get(&format!("/api/v1/applications/{}/chats", world.token))
        .await
        .unwrap();
    let counted: u64 = chats
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|chat| chat["messages_count"].as_u64())
        .sum();
    assert_eq!(counted, total as u64);
    let nothing: Value = json!([]);
    assert_ne!(chats, nothing);
    total
}

#[tokio::test]
async fn an_import_and_a_reindex_that_are_killed_go_on() {
    const LINES: usize = 30_000;
    const KILLS: usize = 15;
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("long.jsonl"));
    let line = |at| format!("{{\"chat\":\"c{}\",\"body\":\"{WORD} {at}\"}}\n", at % 100);
    fs::write(&file, (0..LINES).map(line).collect::<String>()).unwrap();
    let import = ["import", file.to_str().unwrap()];
    for arguments in [&import[..], &["reindex"]] {
        for _ in 0..KILLS {
            let mut child = tokio::process::Command::from(command(&data))
                .args(arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            // It ends by itself when it has nothing left to do.
            if timeout(some_time(), child.wait()).await.is_err() {
                child.kill().await.unwrap();
            }
        }
        let done = run(&data, arguments);
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
    let checked = String::from_utf8(run(&data, &["check"]).stdout).unwrap();
    assert!(
        checked.contains(&format!("100 chats, {LINES} messages: 0 findings")),
        "{checked}"
    );
    let list = String::from_utf8(run(&data, &["application", "list"]).stdout).unwrap();
    let public_id = list
        .lines()
        .last()
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    let token = run(&data, &["application", "token", public_id]).stdout;
    let token = String::from_utf8(token).unwrap().trim().to_owned();
    let exported = run(&data, &["export", "--application", &token]).stdout;
    let mut numbers: Vec<usize> = String::from_utf8(exported)
        .unwrap()
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let (_, number) = line["body"].as_str().unwrap().split_once(' ').unwrap();
            number.parse().unwrap()
        })
        .collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..LINES), "lost or doubled");
    let server = Server::start(&data, &[]);
    let (_, address) = watch::channel(server.address);
    let world = World {
        token,
        address,
        done: AtomicBool::new(true),
        retries: AtomicU64::new(0),
    };
    let mut client = Client::connect(server.address).await.unwrap();
    for chat in 0..100 {
        assert_eq!(
            found(&world, &mut client, chat).await,
            LINES / 100,
            "chat {chat}"
        );
    }
}
