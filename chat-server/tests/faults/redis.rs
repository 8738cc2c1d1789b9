//! What the nodes tell each other by dies.

use libtest_mimic::Trial;

use crate::engines::{empty, kill, start_again, trial, url};
use crate::scene::{Scene, outage, setups, times};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_redis_that_comes_back_empty_is_not_missed",
            &[],
            a_redis_that_comes_back_empty_is_not_missed(),
        ),
        trial(
            "a_redis_cluster_that_lacks_a_node_is_not_missed",
            &["redis_cluster"],
            a_redis_cluster_that_lacks_a_node_is_not_missed(),
        ),
    ]
}

async fn a_redis_that_comes_back_empty_is_not_missed() {
    let mut scene = Scene::straight().await;
    for _ in 0..times().div_ceil(3) {
        kill("redis7", "server");
        scene.lasts(outage() / 2).await;
        scene.goes_on().await;
        empty("redis7", "server");
        start_again("redis7").await;
        scene.recovers("Redis answers").await;
    }
    assert_eq!(scene.world.posts.refused(), 0, "nobody is refused");
    scene.ends("Redis killed and empty").await;
}

/// Without replicas nobody takes over what the node had.
async fn a_redis_cluster_that_lacks_a_node_is_not_missed() {
    let data = tempfile::tempdir().unwrap();
    let cluster = url("redis_cluster").expect("the engine is there");
    let setups = setups(data.path()).map(|mut setup| {
        setup.queue = format!("{cluster}?prefix=faults:");
        setup
    });
    let mut scene = Scene::start(setups, data).await;
    for role in ["a", "b", "c"].into_iter().take(times().div_ceil(2)) {
        kill("redis_cluster", role);
        scene.lasts(outage() / 2).await;
        scene.goes_on().await;
        start_again("redis_cluster").await;
        scene.recovers("the cluster answers").await;
    }
    assert_eq!(scene.world.posts.refused(), 0, "nobody is refused");
    scene.ends("a killed node of a Redis Cluster").await;
}
