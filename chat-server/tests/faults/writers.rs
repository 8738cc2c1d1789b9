//! Who writes to both nodes in turn, under a key each, until every message is acknowledged.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::LOCATION;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::caller::{Caller, get, post};
use crate::scene::{CHATS, World};

/// A word that every message has.
pub(crate) const WORD: &str = "faultproof";

/// What a writer was told of one message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) chat: usize,
    pub(crate) number: u64,
}

pub(crate) fn body(writer: usize, at: usize) -> String {
    format!("{WORD} w{writer}m{at}")
}

/// What asks for a message of a writer in a chat.
pub(crate) fn message(
    world: &World,
    chat: usize,
    writer: usize,
    at: usize,
) -> Request<Full<Bytes>> {
    let body = json!({ "body": body(writer, at) });
    post(&world.messages(chat), &format!("w{writer}-{at}"), &body)
}

/// The number under which a message is acknowledged, sooner or later.
pub(crate) async fn say(
    world: &World,
    caller: &mut Caller<'_>,
    chat: usize,
    writer: usize,
    at: usize,
) -> Told {
    let request = || message(world, chat, writer, at);
    let node = (writer + at) % 2;
    let answer = caller.answer(node, request).await;
    let made: Value = serde_json::from_slice(answer.body()).expect("an answer");
    let number = match answer.status() {
        StatusCode::ACCEPTED => settled(caller, node, &answer).await,
        status => {
            assert_eq!(status, StatusCode::CREATED, "{made}");
            made["number"].clone()
        }
    };
    let number = number.as_u64().expect("a number");
    Told { chat, number }
}

/// The number of what waits in a queue while the Store takes nothing, once it is there.
async fn settled(caller: &mut Caller<'_>, node: usize, accepted: &Response<Bytes>) -> Value {
    const PACE: Duration = Duration::from_millis(100);
    let place = accepted.headers().get(LOCATION).expect("a place");
    let place = place.to_str().expect("a path");
    loop {
        let (status, operation) = caller.insist(node, || get(place)).await;
        assert_eq!(status, StatusCode::OK, "{operation}");
        if operation["state"] != "pending" {
            assert_eq!(operation["state"], "done", "{operation}");
            return operation["result"]["number"].clone();
        }
        tokio::time::sleep(PACE).await;
    }
}

/// Writes until the world is done with it; what it was told of each message in turn.
pub(crate) async fn write(world: Arc<World>, writer: usize) -> Vec<Told> {
    let mut caller = Caller::new(world.nodes.clone(), &world.posts);
    let mut told = Vec::new();
    while !world.is_done() {
        let at = told.len();
        told.push(say(&world, &mut caller, (writer + at) % CHATS, writer, at).await);
        world.acknowledged.send_modify(|each| each[writer] += 1);
    }
    told
}
