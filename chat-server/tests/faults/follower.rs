//! Who follows a chat by its cursor and sees every message once.

use std::sync::Arc;

use crate::caller::{Caller, get};
use crate::scene::World;

/// What one saw who followed a chat from its beginning: the texts by number.
pub(crate) struct Seen {
    pub(crate) texts: Vec<String>,
}

/// Follows from a cursor of when nothing was written until the head that the world tells in the end, at both nodes in turn.
pub(crate) async fn follow(world: Arc<World>, chat: usize, mut cursor: String) -> Seen {
    let mut caller = Caller::new(world.nodes.clone(), &world.pages);
    let path = world.chat(chat);
    let (mut texts, mut time, mut turn) = (Vec::new(), String::new(), 0);
    loop {
        if world.head(chat).is_some_and(|head| head <= texts.len()) {
            return Seen { texts };
        }
        let page = format!("{path}/changes?after={cursor}&limit=100&wait=1");
        let (status, page) = caller.insist(turn % 2, || get(&page)).await;
        assert_eq!(status, 200, "{page}");
        turn += 1;
        for item in page["items"].as_array().expect("items") {
            if item["kind"] != "message" {
                continue;
            }
            let next = texts.len() + 1;
            assert_eq!(item["number"], next, "chat {chat}: missed or seen twice");
            texts.push(item["body"].as_str().expect("a text").to_owned());
            let made = item["created_at"].as_str().expect("a time");
            assert!(time.as_str() <= made, "chat {chat}: {time}, then {made}");
            made.clone_into(&mut time);
        }
        page["next"]
            .as_str()
            .expect("a cursor")
            .clone_into(&mut cursor);
    }
}
