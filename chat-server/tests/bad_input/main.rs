//! Bad input on real sockets, at both doors of the real binary: a clear 4xx that names the fault, or a clean close where
//! HTTP leaves no other way; never a 5xx, never a hang.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod bodies;
mod framing;
mod heads;
mod paths;
#[path = "../process/mod.rs"]
mod process;

use std::time::Duration;

use process::{Client, Server};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Long enough for any answer, short enough to notice that none comes.
const LONG: Duration = Duration::from_secs(20);
const MIB: usize = 1024 * 1024;

/// A server with an application that has one chat of one message.
struct World {
    server: Server,
    _folder: TempDir,
    token: String,
}

/// An answer as it came over the wire.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn read(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head
            .strip_prefix("HTTP/1.1 ")
            .or(head.strip_prefix("HTTP/1.0 "));
        Some(Self {
            status: status?.get(..3)?.parse().ok()?,
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        })
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Refused with this status, in words that hold this one.
    #[track_caller]
    fn is_refused(&self, what: &str, status: u16, word: &str) {
        assert_eq!(self.status, status, "{what}: {self:?}");
        self.json();
        assert!(self.body.contains(word), "{what}: {self:?}");
    }
}

impl World {
    /// One that is patient for so long with what does not come.
    async fn start(patience: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["--header-timeout", patience, "--body-timeout", patience];
        let server = Server::start(folder.path(), &arguments);
        let mut client = Client::connect(server.address).await.unwrap();
        let name = json!({ "name": "bad input" });
        let (_, made) = client
            .post("/api/v1/applications", &name, None)
            .await
            .unwrap();
        let world = Self {
            server,
            _folder: folder,
            token: made["token"].as_str().unwrap().to_owned(),
        };
        let chats = format!("{}/chats", world.application());
        client.post(&chats, &json!({}), None).await.unwrap();
        world.is_well().await;
        world
    }

    fn application(&self) -> String {
        format!("/api/v1/applications/{}", self.token)
    }

    fn messages(&self) -> String {
        format!("{}/chats/1/messages", self.application())
    }

    fn uuid_messages(&self) -> String {
        format!("/applications/{}/chats/1/messages", self.token)
    }

    /// Sends these bytes on a connection of their own and reads until the server closes it.
    async fn say(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.server.address).await.unwrap();
        let (mut reading, mut writing) = stream.split();
        let mut answer = Vec::new();
        let talk = async {
            // The server may answer and close before it has everything.
            let (_, _) = tokio::join!(writing.write_all(bytes), reading.read_to_end(&mut answer));
        };
        let heard = tokio::time::timeout(LONG, talk).await;
        heard.unwrap_or_else(|_| panic!("hangs: {}", start_of(bytes)));
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The same for what is answered.
    async fn ask(&self, bytes: &[u8]) -> Answer {
        let text = self.say(bytes).await;
        Answer::read(&text).unwrap_or_else(|| panic!("{} is answered {text:?}", start_of(bytes)))
    }

    /// The answer to a request with this body.
    async fn send(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> Answer {
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
        );
        self.ask(&[head.as_bytes(), body].concat()).await
    }

    async fn post_json(&self, target: &str, body: &[u8]) -> Answer {
        self.send("POST", target, "content-type: application/json\r\n", body)
            .await
    }

    async fn get(&self, target: &str) -> Answer {
        self.send("GET", target, "", b"").await
    }

    /// It serves as before, and blamed itself for nothing.
    async fn is_well(&self) {
        assert_eq!(self.get("/healthz").await.status, 200);
        let posted = self
            .post_json(&self.messages(), br#"{"body":"well"}"#)
            .await;
        assert_eq!(posted.status, 201, "{posted:?}");
        let number = &posted.json()["number"];
        let read = self.get(&format!("{}/{number}", self.messages())).await;
        assert_eq!(read.json()["body"], "well");
        let figures = self.get("/metrics").await;
        let faults = |line: &&str| line.contains("status=\"5");
        assert_eq!(figures.body.lines().find(faults), None);
    }
}

fn start_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned()
}
