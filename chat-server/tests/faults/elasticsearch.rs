//! The search dies.

use libtest_mimic::Trial;

use crate::engines::{kill, start_again, trial};
use crate::scene::{Scene, is_long, outage};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(
        "an_elasticsearch_that_was_away_catches_up",
        &[],
        an_elasticsearch_that_was_away_catches_up(),
    )]
}

async fn an_elasticsearch_that_was_away_catches_up() {
    let mut scene = Scene::straight().await;
    kill("elasticsearch", "node");
    // Its start takes as long again.
    scene
        .lasts(if is_long() { outage() } else { outage() / 3 })
        .await;
    scene.goes_on().await;
    assert!(scene.world.searches.refused() > 0, "nobody noticed");
    start_again("elasticsearch").await;
    scene.searches_again("Elasticsearch answers").await;
    assert_eq!(scene.world.posts.refused(), 0, "posting goes on");
    assert_eq!(scene.world.pages.refused(), 0, "reading goes on");
    scene.ends("a killed Elasticsearch").await;
}
