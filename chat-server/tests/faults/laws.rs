//! What must hold of everything that was written.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::caller::{Caller, get};
use crate::scene::{CHATS, World};
use crate::seeker::{follows, hits};
use crate::writers::{Told, WORD, body, say};

/// How long the index may stay behind once all is written.
const FOLLOWED: Duration = Duration::from_secs(40);

/// Each message is there once, at the number that was told, on both nodes; there is nothing else; and each key still has its
/// answer. The texts of each chat by number.
pub(crate) async fn whole(world: &World, told: &[Vec<Told>]) -> Vec<Vec<String>> {
    let mut caller = Caller::new(world.nodes.clone(), &world.pages);
    let mut stored = Vec::new();
    let mut numbers = Vec::new();
    for chat in 0..CHATS {
        let [one, other] = [
            history(world, &mut caller, 0, chat).await,
            history(world, &mut caller, 1, chat).await,
        ];
        assert!(one == other, "the nodes tell chat {chat} differently");
        let by_text: HashMap<String, u64> = (1..)
            .zip(&one)
            .map(|(at, text)| (text.clone(), at))
            .collect();
        assert_eq!(by_text.len(), one.len(), "doubled in chat {chat}");
        numbers.push(by_text);
        stored.push(one);
    }
    let acknowledged: usize = told.iter().map(Vec::len).sum();
    let total: usize = stored.iter().map(Vec::len).sum();
    assert_eq!(total, acknowledged, "as many as were acknowledged");
    let mut again = Caller::new(world.nodes.clone(), &world.pages);
    for (writer, told) in told.iter().enumerate() {
        for (at, one) in told.iter().enumerate() {
            let number = numbers[one.chat].get(&body(writer, at));
            assert_eq!(
                number,
                Some(&one.number),
                "lost or renumbered: {writer}, {at}"
            );
        }
        for (at, one) in told.iter().enumerate().rev().take(10) {
            let answer = say(world, &mut again, one.chat, writer, at).await;
            assert_eq!(
                answer.number, one.number,
                "another answer under the same key"
            );
        }
    }
    counted(world, &mut caller, &stored).await;
    stored
}

/// Every text of a chat by its number; fails on a gap.
async fn history(world: &World, caller: &mut Caller<'_>, node: usize, chat: usize) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let path = format!("{}?limit=500&after={}", world.messages(chat), all.len());
        let (status, page) = caller.insist(node, || get(&path)).await;
        assert_eq!(status, 200, "{page}");
        let page = page.as_array().expect("a page");
        for message in page {
            assert_eq!(message["number"], all.len() + 1, "a gap in chat {chat}");
            all.push(message["body"].as_str().expect("a text").to_owned());
        }
        if page.is_empty() {
            return all;
        }
    }
}

/// The chats count what they have.
async fn counted(world: &World, caller: &mut Caller<'_>, stored: &[Vec<String>]) {
    for (chat, stored) in stored.iter().enumerate() {
        let (status, about) = caller.insist(1, || get(&world.chat(chat))).await;
        assert_eq!(status, 200, "{about}");
        assert_eq!(about["messages_count"], stored.len());
    }
}

/// The search finds everything, as soon as the index says so.
pub(crate) async fn found(world: &World, stored: &[Vec<String>]) {
    let mut caller = Caller::new(world.nodes.clone(), &world.searches);
    let end = Instant::now() + FOLLOWED;
    for (chat, stored) in stored.iter().enumerate() {
        let messages = world.messages(chat);
        let head = stored.len() as u64;
        follows(&mut caller, &messages, WORD, head, end).await;
        let hits = hits(&mut caller, &messages, WORD).await;
        assert!(hits.into_iter().rev().eq(1..=head), "chat {chat}");
    }
}
