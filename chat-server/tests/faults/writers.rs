//! Who writes to both nodes in turn, under a key each, until every message is acknowledged.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::json;

use crate::caller::{Caller, post};
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
    loop {
        let (status, answer) = caller.insist((writer + at) % 2, request).await;
        // It waits in the queue; whoever asks again under its key waits for what becomes of it.
        if status == StatusCode::ACCEPTED {
            continue;
        }
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        let number = answer["number"].as_u64().expect("a number");
        return Told { chat, number };
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
