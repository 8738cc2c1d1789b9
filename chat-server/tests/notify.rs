//! Users who are not connected are told through the real server, by signed requests to a receiver of their own.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod process;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use process::{Client, Server};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use warp::Filter;

const KEY: &[u8] = b"a key of exactly 32 bytes, here.";
/// Long enough for anything that comes at all.
const LONG: Duration = Duration::from_secs(30);

/// A server that notifies a place where nobody listens yet, and three users who are in one group.
struct Scene {
    server: Server,
    _folder: tempfile::TempDir,
    place: TcpSocket,
    client: Client,
    tokens: Vec<String>,
}

/// What arrives where users are told.
struct Receiver(mpsc::UnboundedReceiver<(HeaderMap, Bytes)>);

impl Scene {
    async fn open() -> Self {
        let place = TcpSocket::new_v4().unwrap();
        place.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}/hook", place.local_addr().unwrap());
        let secret = format!("whsec_{}", STANDARD.encode(KEY));
        let folder = tempfile::tempdir().unwrap();
        let settings = ["--notify", &url, "--notify-secret", &secret];
        let server = Server::start(folder.path(), &settings);
        assert!(server.welcome.contains(&format!("notifies    {url}\n")));
        assert!(!server.welcome.contains(&secret));
        let client = Client::connect(server.address).await.unwrap();
        let mut scene = Self {
            server,
            _folder: folder,
            place,
            client,
            tokens: Vec::new(),
        };
        for name in ["alice", "bob", "carol"] {
            let who = json!({"username": name, "password": "secret words"});
            let (status, _) = scene.client.post("/register", &who, None).await.unwrap();
            assert_eq!(status, StatusCode::CREATED);
            let (_, login) = scene.client.post("/login", &who, None).await.unwrap();
            scene
                .tokens
                .push(login["token"].as_str().unwrap().to_owned());
        }
        let group = json!({"participants": [1, 2], "name": "all"});
        scene.post(3, "/conversations", &group).await;
        scene
    }

    /// Asks as this user, who gets it.
    async fn post(&mut self, user: usize, path: &str, body: &Value) {
        let request = Request::post(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", self.tokens[user - 1]))
            .body(Full::from(Bytes::from(body.to_string())));
        let answer = self.client.send(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED, "{path}");
    }

    async fn say(&mut self, user: usize, text: &str) {
        let message = json!({"content": text});
        self.post(user, "/conversations/1/messages", &message).await;
    }

    /// Waits until the server says so of what notifies, and of itself.
    async fn ready(&mut self, notify: &str, status: &str) {
        let looking = async {
            let mut looks = tokio::time::interval(Duration::from_millis(50));
            loop {
                looks.tick().await;
                let (_, ready) = self.client.get("/readyz").await.unwrap();
                let backends = ready["backends"].as_array().unwrap();
                let own = backends.iter().find(|one| one["role"] == "notify");
                if own.unwrap()["state"] == notify && ready["status"] == status {
                    return;
                }
            }
        };
        let told = tokio::time::timeout(LONG, looking).await;
        told.expect("the state of what notifies is told");
    }
}

impl Receiver {
    /// Listens from now on.
    fn listen(place: TcpSocket) -> Self {
        let (arrived, receiver) = mpsc::unbounded_channel();
        let taking = warp::post()
            .and(warp::path!("hook"))
            .and(warp::header::headers_cloned())
            .and(warp::body::bytes())
            .map(move |headers, body| {
                arrived.send((headers, body)).unwrap();
                StatusCode::NO_CONTENT
            });
        let listener: TcpListener = place.listen(16).unwrap();
        tokio::spawn(warp::serve(taking).incoming(listener).run());
        Self(receiver)
    }

    /// Who is told of which message by whom in what arrives next, which is signed.
    async fn next(&mut self) -> Vec<(u64, u64, u64)> {
        let next = tokio::time::timeout(LONG, self.0.recv()).await;
        let (headers, body) = next.expect("something arrives").unwrap();
        let header = |name: &str| headers[name].to_str().unwrap();
        let signed = [
            header("webhook-id").as_bytes(),
            header("webhook-timestamp").as_bytes(),
            &body,
        ];
        let signature = format!("v1,{}", STANDARD.encode(hmac(&signed.join(&b'.'))));
        assert_eq!(header("webhook-signature"), signature);
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(!text.contains("hidden words"), "{text}");
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(event["type"], "message.unread");
        let rows = event["data"]["notifications"].as_array().unwrap().iter();
        let number = |row: &Value, name: &str| row[name].as_u64().unwrap();
        rows.map(|row| {
            assert_eq!(number(row, "chat"), 1);
            let (user, message) = (number(row, "user"), number(row, "message"));
            (user, message, number(row, "author"))
        })
        .collect()
    }
}

/// HMAC-SHA256 as RFC 2104 has it.
fn hmac(text: &[u8]) -> Vec<u8> {
    let pad = |with: u8| -> Vec<u8> {
        let mut key = KEY.to_vec();
        key.resize(64, 0);
        key.iter().map(|byte| byte ^ with).collect()
    };
    let inner = Sha256::digest([&pad(0x36), text].concat());
    Sha256::digest([&pad(0x5c)[..], &inner].concat()).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_connected_is_told_and_whoever_is_connected_is_not() {
    let mut scene = Scene::open().await;
    let address = scene.server.address;
    let url = format!("ws://{address}/ws?token={}", scene.tokens[0]);
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut alice, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    // She is there as soon as she is greeted.
    let greeting = alice.next().await.unwrap().unwrap();
    assert!(
        matches!(&greeting, Message::Text(text) if text.contains("ready")),
        "{greeting}"
    );

    scene.say(3, "hidden words").await;
    scene.ready("down", "degraded").await;
    scene.say(3, "hidden words").await;
    let place = std::mem::replace(&mut scene.place, TcpSocket::new_v4().unwrap());
    let mut receiver = Receiver::listen(place);
    assert_eq!(receiver.next().await, [(2, 2, 3)]);
    scene.ready("up", "ready").await;

    scene.say(2, "hidden words").await;
    assert_eq!(receiver.next().await, [(3, 3, 2)]);
    scene.say(1, "hidden words").await;
    assert_eq!(receiver.next().await, [(2, 4, 1), (3, 4, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_told_before_a_crash_is_told_after_it() {
    let mut scene = Scene::open().await;
    scene.say(3, "hidden words").await;
    scene.server.kill();
    let url = format!("http://{}/hook", scene.place.local_addr().unwrap());
    let mut receiver = Receiver::listen(scene.place);
    let secret = format!("whsec_{}", STANDARD.encode(KEY));
    let settings = ["--notify", &url, "--notify-secret", &secret];
    let _server = Server::start(scene._folder.path(), &settings);
    assert_eq!(receiver.next().await, [(1, 1, 3), (2, 1, 3)]);
}
