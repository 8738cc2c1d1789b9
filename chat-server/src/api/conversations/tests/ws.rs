//! The socket, on real ones.

mod any;
mod ends;
mod frames;
mod handshake;
mod presence;
mod resume;

use chat_core::live::LiveLimits;
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::*;
use crate::api::testing::sockets::{Client, LONG, Open};

async fn open() -> Open {
    open_with(patient()).await
}

/// Whoever comes may take its time to say where it stood.
fn patient() -> Options {
    let pace = Pace {
        first_word: LONG,
        ..Pace::default()
    };
    Options { pace, ..options() }
}

async fn open_with(options: Options) -> Open {
    let house = House::build(|chat| vec![door(gate(chat), options.clone(), BODY)]).await;
    let door = door(gate(&house.chat), options, BODY);
    Open::at(house, vec![door])
}

/// In memory, with these limits.
async fn open_within(live: LiveLimits) -> Open {
    Open::within(live, |chat| door(gate(chat), patient(), BODY)).await
}

impl Person<'_> {
    /// On a socket, and told so.
    async fn connect(&self, open: &Open) -> Client {
        let (mut client, _) = open
            .knock(&format!("/ws?token={}", self.token), &[])
            .await
            .unwrap();
        assert_eq!(
            client.message().await,
            Message::text(r#"{"type":"ready","heartbeat":25}"#)
        );
        client.1 = &["heads", "presence"];
        client
    }

    /// The same, without a wait for where it stood.
    async fn listen(&self, open: &Open) -> Client {
        let mut client = self.connect(open).await;
        client.hears_nothing().await;
        client
    }

    /// The same, from these cursors on.
    async fn resume(&self, open: &Open, after: Value) -> Client {
        let mut client = self.connect(open).await;
        client.say(json!({"type": "resume", "after": after})).await;
        client
    }

    /// The message as it is read.
    async fn message(&self, conversation: u64, id: u64) -> Value {
        self.get(&format!("/conversations/{conversation}/message/{id}"))
            .await
    }
}

impl Client {
    /// Nothing was told but the answer to this.
    async fn hears_nothing(&mut self) {
        self.say(json!({"type": "ping"})).await;
        assert_eq!(self.hear().await, json!({"type": "pong"}));
    }

    /// The next message: its text and the cursor.
    async fn text(&mut self) -> (String, Value) {
        let mut told = self.expect("message").await;
        let text = told["message"]["content"].as_str().unwrap().to_owned();
        (text, told["cursor"].take())
    }
}
