//! Who searches all the time: it is told how far the index is, or properly that the search is away.

use std::sync::Arc;
use std::time::Duration;

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
            let current = answer.headers().get("x-indexed-through");
            assert!(current.is_some(), "{answer:?}");
        }
        turn += 1;
    }
}
