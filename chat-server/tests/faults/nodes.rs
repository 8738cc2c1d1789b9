//! Nodes that die and come back.

use libtest_mimic::Trial;

use crate::engines::trial;
use crate::scene::{Scene, times};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(
        "a_killed_node_comes_back",
        &[],
        a_killed_node_comes_back(),
    )]
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
