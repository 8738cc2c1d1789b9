//! Two servers on one store are written to while something fails: nothing that was acknowledged is lost, doubled or renumbered,
//! who follows misses nothing, every answer comes in bounded time, and all recovers by itself.
//!
//! The faults happen one after the other to one installation on engines of its own, which `scripts/faults` starts; a fault whose
//! engines do not run shows as ignored. With `CHAT_FAULTS_LONG` set to anything each lasts about a minute.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod backlog;
mod caller;
mod elasticsearch;
mod engines;
mod follower;
mod laws;
mod mysql;
mod network;
mod node;
mod nodes;
#[path = "../process/mod.rs"]
mod process;
mod queue;
mod redis;
mod scene;
mod seeker;
mod writers;

use libtest_mimic::Arguments;

fn main() {
    let mut arguments = Arguments::from_args();
    // They share what they break.
    arguments.test_threads = Some(1);
    let mut trials = nodes::trials();
    trials.extend(mysql::trials());
    trials.extend(redis::trials());
    trials.extend(elasticsearch::trials());
    trials.extend(backlog::trials());
    trials.extend(network::trials());
    trials.extend(queue::trials());
    libtest_mimic::run(&arguments, trials).exit();
}
