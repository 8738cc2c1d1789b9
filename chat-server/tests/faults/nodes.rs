//! Nodes that die and come back, and nodes whose clocks are wrong.

use std::env::consts::ARCH;
use std::path::Path;

use libtest_mimic::Trial;

use crate::caller::{Caller, Said, get};
use crate::engines::trial;
use crate::scene::{Scene, outage, times};

pub(crate) fn trials() -> Vec<Trial> {
    let clock = trial(
        "a_clock_that_is_wrong_turns_no_time_back",
        &[],
        a_clock_that_is_wrong_turns_no_time_back(),
    );
    vec![
        trial("a_killed_node_comes_back", &[], a_killed_node_comes_back()),
        match Path::new(&library()).exists() {
            true => clock,
            false => clock.with_ignored_flag(true),
        },
    ]
}

async fn a_killed_node_comes_back() {
    let mut scene = Scene::straight().await;
    for time in 0..times() {
        let node = time % 2;
        scene.nodes[node].kill();
        // Whoever asked it goes to the other.
        scene.recovers("a kill").await;
        scene.nodes[node].start_again().await;
        scene.goes_on().await;
    }
    assert_eq!(
        scene.world.posts.refused(),
        0,
        "the other node refuses nobody"
    );
    assert!(scene.world.posts.lost() > 0, "nobody noticed");
    scene.ends("a killed node").await;
}

/// What tells a process another time.
fn library() -> String {
    format!("/usr/lib/{ARCH}-linux-gnu/faketime/libfaketimeMT.so.1")
}

/// How a process finds the time of day elsewhere, and how long things take as they do.
fn clock(off: &str) -> Vec<(&'static str, String)> {
    vec![
        ("LD_PRELOAD", library()),
        ("FAKETIME", off.to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}

/// The followers see that no time is before the one of the message before.
async fn a_clock_that_is_wrong_turns_no_time_back() {
    let mut scene = Scene::straight().await;
    for off in ["+1h", "-1h"] {
        scene.nodes[1].start_with(clock(off)).await;
        let [right, wrong] = [hour(&scene, 0).await, hour(&scene, 1).await];
        assert_ne!(right, wrong, "the clock is not {off}");
        scene.lasts(outage() / 2).await;
        scene.recovers(&format!("a clock of {off}")).await;
    }
    assert_eq!(scene.world.posts.refused(), 0, "nobody is refused");
    scene.ends("a clock an hour off").await;
}

/// The hour of the day as a node has it.
async fn hour(scene: &Scene, node: usize) -> String {
    let mut caller = Caller::new(scene.world.nodes.clone(), &scene.world.pages);
    let Said::Answer(answer) = caller.ask(node, get("/healthz")).await else {
        panic!("it is alive");
    };
    // As in `Sat, 21 Nov 2026 09:57:30 GMT`.
    let date = answer.headers()["date"].to_str().unwrap();
    date[17..19].to_owned()
}
