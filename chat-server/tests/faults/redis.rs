//! What the nodes tell each other by dies.

use libtest_mimic::Trial;

use crate::engines::{empty, kill, start_again, trial, url};
use crate::scene::{PREFIX, Scene, outage, setups, times};

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
        trial(
            "a_redis_cluster_whose_master_dies_fails_over",
            &["redis_replicated"],
            a_redis_cluster_whose_master_dies_fails_over(),
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

/// Nodes whose queue is in this cluster.
async fn on(engine: &str, environment: Vec<(&'static str, String)>) -> Scene {
    let data = tempfile::tempdir().unwrap();
    let cluster = url(engine).expect("the engine is there");
    let setups = setups(data.path()).map(|mut setup| {
        setup.queue = format!("{cluster}?prefix={PREFIX}");
        setup.environment.clone_from(&environment);
        setup
    });
    Scene::start(setups, data).await
}

/// A replica takes over what the master had, but for what had not come to it yet; writes wait in the queue all the while.
async fn a_redis_cluster_whose_master_dies_fails_over() {
    let mut scene = on(
        "redis_replicated",
        vec![("CHAT_WRITE", "queued".to_owned())],
    )
    .await;
    kill("redis_replicated", "a");
    scene.lasts(outage()).await;
    scene.recovers("a master died").await;
    start_again("redis_replicated").await;
    scene.recovers("it is there as a replica").await;
    assert_eq!(scene.world.posts.refused(), 0, "nobody is refused");
    scene.ends("a Redis Cluster that fails over").await;
}

/// Without replicas nobody takes over what the node had.
async fn a_redis_cluster_that_lacks_a_node_is_not_missed() {
    let mut scene = on("redis_cluster", Vec::new()).await;
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
