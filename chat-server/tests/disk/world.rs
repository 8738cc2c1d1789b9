//! A server that is written to until it refuses, and what must hold of it then.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::process::{Client, Server, run};

const CLIENTS: usize = 4;
const CHATS: usize = 2;
const APPLICATIONS: &str = "/api/v1/applications";
const PROBLEM: &str = "application/problem+json";
/// How long it may take until the server has noticed that there is space.
const SOON: Duration = Duration::from_secs(30);

/// An application with chats, and who writes to it.
pub(super) struct World {
    pub(super) server: Server,
    token: String,
}

/// What a client was told: the number of each of its messages in turn.
pub(super) struct Writer {
    at: usize,
    /// What makes a message long.
    padding: &'static str,
    repeat: usize,
    acknowledged: Vec<u64>,
}

impl Writer {
    /// One whose messages the index holds as well.
    pub(super) fn of_words(at: usize) -> Self {
        Self::new(at, "lorem ", 600)
    }

    /// One whose messages are the store's alone.
    pub(super) fn of_blanks(at: usize) -> Self {
        Self::new(at, " ", 60_000)
    }

    fn new(at: usize, padding: &'static str, repeat: usize) -> Self {
        let acknowledged = Vec::new();
        Self {
            at,
            padding,
            repeat,
            acknowledged,
        }
    }

    fn chat(&self) -> usize {
        self.at % CHATS + 1
    }

    fn key(&self) -> String {
        format!("writer-{}-{}", self.at, self.acknowledged.len())
    }

    fn text(&self, nth: usize) -> String {
        let padding = self.padding.repeat(self.repeat);
        format!("durable w{}n{nth} {padding}", self.at)
    }
}

impl World {
    pub(super) async fn start(data: &Path) -> Self {
        let server = Server::start(data, &[]);
        let mut client = Client::connect(server.address).await.unwrap();
        let name = json!({ "name": "disk" });
        let (_, made) = client.post(APPLICATIONS, &name, None).await.unwrap();
        let token = made["token"].as_str().unwrap().to_owned();
        let chats = format!("{APPLICATIONS}/{token}/chats");
        for _ in 0..CHATS {
            let (status, _) = client.post(&chats, &json!({}), None).await.unwrap();
            assert_eq!(status, 201);
        }
        Self { server, token }
    }

    pub(super) async fn client(&self) -> Client {
        Client::connect(self.server.address).await.unwrap()
    }

    fn messages(&self, chat: usize) -> String {
        format!("{APPLICATIONS}/{}/chats/{chat}/messages", self.token)
    }

    /// Posts what the writer has to say next; `false` when it is refused for want of storage.
    pub(super) async fn post(&self, client: &mut Client, writer: &mut Writer) -> bool {
        let text = writer.text(writer.acknowledged.len());
        let request = Request::post(self.messages(writer.chat()))
            .header("idempotency-key", writer.key())
            .header("content-type", "application/json")
            .header("accept", PROBLEM)
            .header("host", "localhost");
        let body = json!({ "body": text }).to_string();
        let answer = client
            .send(request.body(Full::from(Bytes::from(body))).unwrap())
            .await
            .unwrap();
        if answer.status() != 201 {
            is_refused(&answer);
            return false;
        }
        let made: Value = serde_json::from_slice(answer.body()).unwrap();
        writer.acknowledged.push(made["number"].as_u64().unwrap());
        true
    }

    /// Everything that was acknowledged is there once, at its number, and there is nothing else.
    pub(super) async fn is_whole(&self, writers: &[Writer]) {
        let mut client = self.client().await;
        for chat in 1..=CHATS {
            let (status, all) = client.get(&self.messages(chat)).await.unwrap();
            assert_eq!(status, 200, "{all}");
            let all = all.as_array().unwrap();
            let mine = || writers.iter().filter(|writer| writer.chat() == chat);
            let written: usize = mine().map(|writer| writer.acknowledged.len()).sum();
            assert_eq!(all.len(), written);
            for (number, found) in (1_u64..).zip(all) {
                assert_eq!(found["number"], number, "a gap in chat {chat}");
            }
            for writer in mine() {
                for (nth, number) in writer.acknowledged.iter().enumerate() {
                    assert_eq!(all[*number as usize - 1]["body"], writer.text(nth));
                }
            }
        }
    }

    /// No write goes through, on any path, and the server says so.
    async fn writes_nothing(&self, client: &mut Client) {
        let chat = format!("{APPLICATIONS}/{}/chats/1", self.token);
        let one = format!("{}/1", self.messages(1));
        let name = json!({ "name": "another" }).to_string();
        let body = json!({ "body": "another" }).to_string();
        for (method, path, body) in [
            ("POST", APPLICATIONS, &*name),
            ("PUT", &chat[..chat.len() - 8], &name),
            ("POST", &chat[..chat.len() - 2], "{}"),
            ("POST", &self.messages(2), &body),
            ("PATCH", &one, &body),
            ("DELETE", &one, ""),
            ("DELETE", &chat, ""),
        ] {
            let request = Request::builder().method(method).uri(path);
            let request = request
                .header("content-type", "application/json")
                .header("accept", PROBLEM)
                .header("host", "localhost");
            let body = Full::from(Bytes::from(body.to_owned()));
            let answer = client.send(request.body(body).unwrap()).await.unwrap();
            assert_eq!(answer.status(), 503, "{method} {path}: {answer:?}");
            is_refused(&answer);
        }
        let path = format!("/applications/{}/chats/1/messages", self.token);
        let message = json!({ "message": { "message": "another" } });
        let (status, told) = client.post(&path, &message, None).await.unwrap();
        assert_eq!(status, 503, "{told}");
    }

    /// Writes until nothing goes through any more: a log that was cut off holds a little yet, and begins again for as long as what it
    /// holds finds room in the database.
    pub(super) async fn is_exhausted(&self, client: &mut Client, writers: &mut [Writer]) {
        let exhausted = async {
            while client.get("/readyz").await.unwrap().0 != 503 {
                for writer in &mut *writers {
                    self.post(client, writer).await;
                }
            }
        };
        tokio::time::timeout(SOON, exhausted)
            .await
            .expect("is noticed");
    }

    /// Reading goes on, in every form.
    pub(super) async fn reads(&self, client: &mut Client) {
        let application = format!("{APPLICATIONS}/{}", self.token);
        for path in [
            "/healthz",
            &application,
            &format!("{application}/chats"),
            &format!("{}/1", self.messages(1)),
            &format!("{}?limit=2", self.messages(1)),
            &format!("{}/search?query=nothing", self.messages(1)),
            &format!("{application}/chats/1/changes"),
            &format!("/messages/{}/1", self.token),
        ] {
            let (status, told) = client.get(path).await.unwrap();
            assert_eq!(status, 200, "{path}: {told}");
        }
    }

    /// Waits until a post goes through again: the server is to notice by itself.
    pub(super) async fn goes_on(&self, writers: &mut [Writer]) {
        let mut client = self.client().await;
        for writer in writers {
            let again = async { while !self.post(&mut client, writer).await {} };
            tokio::time::timeout(SOON, again).await.expect("goes on");
        }
        let (status, told) = client.get("/readyz").await.unwrap();
        assert_eq!((status.as_u16(), &told["status"]), (200, &json!("ready")));
    }

    /// Waits until the search finds the last message of each writer.
    pub(super) async fn is_followed(&self, writers: &[Writer]) {
        let mut client = self.client().await;
        for writer in writers {
            let last = writer.acknowledged.len() - 1;
            let search = format!("search?query=w{}n{last}&limit=1", writer.at);
            let path = format!("{}/{search}", self.messages(writer.chat()));
            let found = async { while client.get(&path).await.unwrap().1 == json!([]) {} };
            tokio::time::timeout(SOON, found).await.expect("catches up");
        }
    }

    /// Waits for the search, which then finds every message.
    pub(super) async fn is_found(&self, writers: &[Writer]) {
        self.is_followed(writers).await;
        let mut client = self.client().await;
        for chat in 1..=CHATS {
            let mine = writers.iter().filter(|writer| writer.chat() == chat);
            let written: usize = mine.map(|writer| writer.acknowledged.len()).sum();
            assert_eq!(self.found(&mut client, chat).await, written);
        }
    }

    /// Nothing more is written, nothing is lost, and what is there is read.
    pub(super) async fn takes_nothing(&self, writers: &mut [Writer]) {
        let mut client = self.client().await;
        for writer in &mut *writers {
            assert!(!self.post(&mut client, writer).await, "it was written");
        }
        self.is_whole(writers).await;
        self.writes_nothing(&mut client).await;
        self.reads(&mut client).await;
    }

    /// All is as before: writing goes on by itself, nothing was lost, and the search finds everything.
    pub(super) async fn recovers(&self, writers: &mut [Writer]) {
        self.goes_on(writers).await;
        self.is_whole(writers).await;
        self.is_found(writers).await;
    }

    /// The server stops, and its files are in order.
    pub(super) fn ends_well(self, data: &Path) {
        assert!(self.server.stop());
        is_clean(data);
    }

    async fn found(&self, client: &mut Client, chat: usize) -> usize {
        let (mut found, mut before) = (0, String::new());
        loop {
            let search = format!("search?query=durable&limit=100{before}");
            let path = format!("{}/{search}", self.messages(chat));
            let (status, page) = client.get(&path).await.unwrap();
            assert_eq!(status, 200, "{page}");
            let page = page.as_array().unwrap();
            found += page.len();
            let Some(last) = page.last() else {
                return found;
            };
            before = format!("&before={}", last["number"]);
        }
    }
}

/// The answer of a server that cannot write just now.
fn is_refused(answer: &Response<Bytes>) {
    assert_eq!(answer.status(), 503, "{answer:?}");
    let header = |name| answer.headers()[name].to_str().unwrap();
    assert!(header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(header("content-type"), PROBLEM);
    let problem: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(problem["code"], "unavailable", "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("storage"), "{detail}");
}

/// Writers who have said nothing yet.
pub(super) fn writers_of_words() -> Vec<Writer> {
    (0..CLIENTS).map(Writer::of_words).collect()
}

/// All write until each was refused.
pub(super) async fn write_until_refused(world: &World, writer: fn(usize) -> Writer) -> Vec<Writer> {
    let write = |at| async move {
        let mut client = world.client().await;
        let mut writer = writer(at);
        while world.post(&mut client, &mut writer).await {}
        writer
    };
    futures_util::future::join_all((0..CLIENTS).map(write)).await
}

pub(super) fn is_clean(data: &Path) {
    let checked = run(data, &["check"]);
    let told = String::from_utf8(checked.stdout).unwrap();
    assert!(
        checked.status.success() && told.contains(": 0 findings"),
        "{told}"
    );
}
