//! Who searches all the time: it is told how far the index is, or properly that the search is away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Response;

use tokio::time::{MissedTickBehavior, interval};

use crate::caller::{Caller, Said, get};
use crate::scene::{CHATS, World};
use crate::writers::WORD;

/// So often.
const PACE: Duration = Duration::from_millis(250);

/// Searches at both nodes in turn until nothing more is written.
pub(crate) async fn seek(world: Arc<World>) {
    let mut caller = Caller::new(world.nodes.clone(), &world.searches);
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut turn = 0;
    while !world.is_done() {
        pace.tick().await;
        let path = format!(
            "{}/search?query={WORD}&limit=1",
            world.messages(turn % CHATS)
        );
        if let Said::Answer(answer) = caller.ask(turn / CHATS % 2, get(&path)).await {
            assert_eq!(answer.status(), 200, "{answer:?}");
            through(&answer);
        }
        turn += 1;
    }
}

/// Up to which number the index is current, as an answer says.
fn through(answer: &Response<Bytes>) -> u64 {
    let through = answer.headers().get("x-indexed-through");
    let through = through.and_then(|number| number.to_str().ok()?.parse().ok());
    through.unwrap_or_else(|| panic!("how far the index is: {answer:?}"))
}

/// Waits until the index says that it is current up to this number of a chat.
pub(crate) async fn follows(
    caller: &mut Caller<'_>,
    messages: &str,
    word: &str,
    head: u64,
    end: Instant,
) {
    let path = format!("{messages}/search?query={word}&limit=1");
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for turn in 0.. {
        pace.tick().await;
        let answer = caller.answer(turn % 2, || get(&path)).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        let through = through(&answer);
        if through >= head {
            return;
        }
        assert!(Instant::now() < end, "{path}: {through} of {head}");
    }
}

/// The numbers that the search finds in a chat, newest first, at both nodes in turn.
pub(crate) async fn hits(caller: &mut Caller<'_>, messages: &str, word: &str) -> Vec<u64> {
    let (mut before, mut found) = (String::new(), Vec::new());
    for turn in 0.. {
        let path = format!("{messages}/search?query={word}&limit=1000{before}");
        let (status, page) = caller.insist(turn % 2, || get(&path)).await;
        assert_eq!(status, 200, "{page}");
        let page = page.as_array().expect("hits");
        found.extend(page.iter().filter_map(|hit| hit["number"].as_u64()));
        match page.last() {
            Some(last) => before = format!("&before={}", last["number"]),
            None => break,
        }
    }
    found
}
