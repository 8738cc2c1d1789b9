//! The stream, on real sockets.

mod any;
mod ends;
mod frames;
mod handshake;
mod presence;
mod talk;

use chat_core::live::LiveLimits;
use futures_util::SinkExt;
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::*;
use crate::api::testing::sockets::{Client, LONG, Open};

async fn open() -> Open {
    open_with(options()).await
}

async fn open_with(options: Options) -> Open {
    let house = house_with(options.clone()).await;
    let door = door(gate(&house.chat), options, BODY);
    Open::at(house, vec![door])
}

/// In memory, with these limits.
async fn open_within(live: LiveLimits) -> Open {
    Open::within(live, |chat| door(gate(chat), options(), BODY)).await
}

impl Open {
    async fn ask(
        &self,
        application: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, Error> {
        let asked = self.knock(&format!("{application}/stream"), headers).await;
        asked.map(|(client, _)| client)
    }

    /// Somebody who is known and was told so.
    async fn enter(&self, application: &str, session: &str) -> Client {
        let bearer = format!("Bearer {session}");
        let client = self.ask(application, &[("authorization", &bearer)]).await;
        let mut client = client.unwrap();
        client.expect("ready").await;
        client
    }

    /// The same, who knows no chats, and was told of all that it has.
    async fn follow(&self, application: &str, session: &str) -> Client {
        let mut client = self.enter(application, session).await;
        client.say(json!({"type": "sync", "cursors": {}})).await;
        while client.hear().await["type"] != "caught_up" {}
        client
    }
}

impl Client {
    /// Nothing was told but the answer to this.
    async fn is_quiet(&mut self) {
        self.say(json!({"type": "ping", "id": "quiet"})).await;
        assert_eq!(self.expect("pong").await["id"], "quiet");
    }

    /// The goodbye: its code, whether to come back, and the code of the close.
    async fn bye(&mut self) -> (String, bool, u16) {
        let bye = self.expect("bye").await;
        assert!(bye["retry_ms"].as_u64().unwrap() >= 100, "{bye}");
        let (close, reason) = self.close().await;
        assert_eq!(reason, bye["code"]);
        (reason, bye["resume"].as_bool().unwrap(), close)
    }
}

/// What [`Client::bye`] hears.
fn gone(code: &str, resume: bool, close: u16) -> (String, bool, u16) {
    (code.to_owned(), resume, close)
}

/// The public id in the place of the token.
async fn public(house: &House, application: &str) -> String {
    let shown = house.get(application).await.json();
    format!("{ROOT}/{}", shown["public_id"].as_str().unwrap())
}

/// The texts of the messages that a frame tells.
fn texts(changes: &Value) -> Vec<&str> {
    let items = changes["items"].as_array().unwrap().iter();
    let messages = items.filter(|item| item["kind"] == "message");
    messages
        .map(|item| item["body"].as_str().unwrap())
        .collect()
}
