//! The search kit on Elasticsearch, and what several nodes on one index must keep.

mod cases;
mod parity;

use std::sync::Arc;

use chat_core::port::Search;
use libtest_mimic::Trial;
use tests::scratch::Indices;

use crate::engine::{trial, trials};

const NEWEST: &str = "elasticsearch";
const BEFORE: &str = "elasticsearch8";

/// The versions that are held to all of it.
pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = trials!(NEWEST, search_kit, newest);
    trials.extend(trials!(BEFORE, search_kit, before));
    for engine in [NEWEST, BEFORE] {
        trials.extend([
            trial(
                engine,
                "cases",
                "nodes_that_start_together_make_one_index",
                cases::together(engine),
            ),
            trial(
                engine,
                "cases",
                "what_it_was_built_from_outlives_a_restart",
                cases::restart(engine),
            ),
            trial(
                engine,
                "cases",
                "an_index_that_was_removed_is_made_again",
                cases::removed(engine),
            ),
            trial(
                engine,
                "cases",
                "a_copy_of_another_node_is_thrown_away",
                cases::two_copies(engine),
            ),
            trial(
                engine,
                "cases",
                "an_index_that_is_lost_under_running_nodes_is_noticed_and_built_again",
                cases::lost(engine),
            ),
            trial(
                engine,
                "cases",
                "nothing_is_missing_after_swaps_of_another_node",
                cases::swaps_of_another_node(engine),
            ),
            trial(
                engine,
                "cases",
                "nothing_is_missing_while_two_nodes_rebuild",
                cases::rivals(engine),
            ),
            trial(
                engine,
                "parity",
                "it_finds_what_the_matcher_accepts",
                parity::matcher(engine),
            ),
            trial(
                engine,
                "parity",
                "it_finds_what_sqlite_finds",
                parity::sqlite(engine),
            ),
        ]);
    }
    trials
}

async fn newest() -> (Arc<dyn Search>, Indices) {
    fresh(NEWEST)
}

async fn before() -> (Arc<dyn Search>, Indices) {
    fresh(BEFORE)
}

/// An empty index, and what removes it.
fn fresh(engine: &str) -> (Arc<dyn Search>, Indices) {
    let indices = Indices::of(engine);
    (Arc::new(indices.open()), indices)
}
