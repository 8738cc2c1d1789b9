//! The way between a node and what it needs is cut.

use std::time::Duration;

use libtest_mimic::Trial;

use crate::engines::trial;
use crate::scene::{Scene, Ways, outage};
use tests::proxy::{Proxy, Way};

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
            "nodes_cut_off_from_mysql_answer_in_time",
            &[],
            nodes_cut_off_from_mysql_answer_in_time(),
        ),
        trial(
            "posts_pass_while_every_service_is_slow",
            &[],
            posts_pass_while_every_service_is_slow(),
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

/// Connections stay open on both sides, and nothing arrives: first one node cannot reach the store, then neither can.
async fn nodes_cut_off_from_mysql_answer_in_time() {
    // How long a write waits for its commit, and a little for the rest.
    const LONGEST: Duration = Duration::from_secs(12);
    let (mut scene, ways) = Scene::through_proxies().await;
    ways[0].store.set(Way::Silent);
    scene.lasts(outage()).await;
    // What the one had locked is free for the other.
    scene.moves().await;
    ways[1].store.set(Way::Silent);
    scene.lasts(outage() / 2).await;
    ways.iter().for_each(|ways| ways.store.set(Way::Open));
    scene.recovers("the ways to MySQL are open").await;
    let posts = &scene.world.posts;
    assert!(posts.refused() > 0, "nobody noticed");
    assert_eq!(posts.lost(), 0, "the nodes answer all the time");
    assert!(posts.longest() < LONGEST, "{:?}", posts.longest());
    scene.ends("nodes cut off from MySQL").await;
}

/// Each answer of each service comes half a second late.
async fn posts_pass_while_every_service_is_slow() {
    const LATE: Way = Way::Slow(Duration::from_millis(500));
    let (mut scene, ways) = Scene::through_proxies().await;
    let set = |way| {
        for Ways {
            store,
            search,
            queue,
        } in &ways
        {
            for proxy in [store, search, queue] {
                proxy.set(way);
            }
        }
    };
    set(LATE);
    scene.lasts(outage()).await;
    scene.moves().await;
    assert_eq!(scene.world.posts.refused(), 0, "posts pass");
    set(Way::Open);
    scene.recovers("the services are fast").await;
    scene.ends("every service slow").await;
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
