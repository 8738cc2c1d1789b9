//! The way between a node and what it needs is cut.

use std::time::Duration;

use libtest_mimic::Trial;

use crate::engines::trial;
use crate::proxy::{Proxy, Way};
use crate::scene::{Scene, Ways, outage};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_node_cut_off_from_elasticsearch_writes",
            &[],
            cut_off(|ways| &ways.search, "Elasticsearch"),
        ),
        trial(
            "a_node_cut_off_from_redis_writes",
            &[],
            cut_off(|ways| &ways.queue, "Redis"),
        ),
        trial(
            "what_the_network_held_arrives_late",
            &[],
            what_the_network_held_arrives_late(),
        ),
    ]
}

/// One node loses a service that it can do without, then both do.
async fn cut_off(way: impl Fn(&Ways) -> &Proxy, service: &str) {
    let (mut scene, ways) = Scene::through_proxies().await;
    for cut in [&ways[..1], &ways[..]] {
        cut.iter().for_each(|ways| way(ways).set(Way::Silent));
        scene.lasts(outage()).await;
        scene.goes_on().await;
        cut.iter().for_each(|ways| way(ways).set(Way::Open));
        scene
            .recovers(&format!("the way to {service} is open"))
            .await;
    }
    assert_eq!(scene.world.posts.refused(), 0, "posting goes on");
    assert_eq!(scene.world.pages.refused(), 0, "reading goes on");
    scene.ends(&format!("nodes cut off from {service}")).await;
}

/// Also COMMITs of whoever has given up on them by then.
async fn what_the_network_held_arrives_late() {
    let (mut scene, ways) = Scene::through_proxies().await;
    ways[0].store.set(Way::Held);
    // Longer than a node waits for an answer.
    scene.lasts(outage() + Duration::from_secs(8)).await;
    ways[0].store.set(Way::Open);
    scene.recovers("all arrives").await;
    scene.ends("what was sent arrives late").await;
}
