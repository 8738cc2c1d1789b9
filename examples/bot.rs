//! A bot: it says again whatever is said in its chats, live, and goes on where it was when its socket breaks.
//!
//! `cargo run -p examples --example bot -- ws://127.0.0.1:3000/api/v1/applications/TOKEN/stream USER`

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long it waits for a server that did not say how long to.
const PAUSE: Duration = Duration::from_secs(1);

/// A bot that is a user of an application.
pub struct Bot {
    url: String,
    user: u64,
    /// How far each chat was seen.
    cursors: BTreeMap<String, String>,
}

impl Bot {
    /// One that asks this URL as this user.
    pub fn new(url: &str, user: u64) -> Self {
        Self {
            url: url.to_owned(),
            user,
            cursors: BTreeMap::new(),
        }
    }

    /// It has seen this chat up to this cursor.
    pub fn standing_at(mut self, chat: u64, cursor: &str) -> Self {
        self.cursors.insert(chat.to_string(), cursor.to_owned());
        self
    }

    /// Echoes until it is told not to come back.
    ///
    /// # Errors
    /// Why the server does not let it in.
    pub async fn run(&mut self) -> Result<(), Error> {
        loop {
            let pause = match self.talk().await {
                Ok(Some(pause)) => pause,
                Ok(None) => return Ok(()),
                Err(error @ (Error::Http(_) | Error::Url(_) | Error::HttpFormat(_))) => {
                    return Err(error);
                }
                // The server, or the way to it, is away for a while.
                Err(_) => PAUSE,
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// One socket, from its opening to its end: how long to wait before the next one, if there is to be one.
    async fn talk(&mut self) -> Result<Option<Duration>, Error> {
        let mut request = self.url.as_str().into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("as-user", self.user.into());
        let (mut socket, _) = connect_async(request).await?;
        let mut pause = PAUSE;
        while let Some(Ok(message)) = socket.next().await {
            let Message::Text(text) = message else {
                continue;
            };
            let frame: Value = serde_json::from_str(&text).unwrap_or_default();
            match frame["type"].as_str() {
                Some("ready") => {
                    pause = after(&frame);
                    let sync = json!({"type": "sync", "cursors": self.cursors});
                    say(&mut socket, &sync).await?;
                }
                Some("new") => self.meet(&frame["chats"]),
                Some("changes") => self.echo(&mut socket, &frame).await?,
                Some("reset") => self.stand(&frame["chat"], &frame["head"]),
                Some("removed") => {
                    self.cursors.remove(&frame["chat"].to_string());
                }
                Some("bye") => return Ok((frame["resume"] == true).then(|| after(&frame))),
                _ => {}
            }
        }
        Ok(Some(pause))
    }

    /// Chats that it did not know: what was said in them before is not for it.
    fn meet(&mut self, chats: &Value) {
        for chat in chats.as_array().into_iter().flatten() {
            self.stand(&chat["number"], &chat["cursor"]);
        }
    }

    fn stand(&mut self, chat: &Value, cursor: &Value) {
        let cursor = cursor.as_str().unwrap_or_default();
        self.cursors.insert(chat.to_string(), cursor.to_owned());
    }

    /// Says again what others said. The key makes it once, also if the same is told anew after a broken socket.
    async fn echo(&mut self, socket: &mut Socket, changes: &Value) -> Result<(), Error> {
        let chat = &changes["chat"];
        for item in changes["items"].as_array().into_iter().flatten() {
            let is_echo = item["author"] == self.user;
            if item["kind"] != "message" || is_echo || item["deleted_at"].is_string() {
                continue;
            }
            let number = &item["number"];
            let post = json!({
                "type": "post", "chat": chat, "body": item["body"], "reply_to": number,
                "key": format!("echo-{chat}-{number}"),
            });
            say(socket, &post).await?;
        }
        self.stand(chat, &changes["to"]);
        Ok(())
    }
}

async fn say(socket: &mut Socket, frame: &Value) -> Result<(), Error> {
    socket.send(Message::text(frame.to_string())).await
}

fn after(frame: &Value) -> Duration {
    Duration::from_millis(frame["retry_ms"].as_u64().unwrap_or(1000))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(user)) = (arguments.next(), arguments.next()) else {
        return Err("usage: bot URL-OF-THE-STREAM USER-NUMBER".into());
    };
    Ok(Bot::new(&url, user.parse()?).run().await?)
}
