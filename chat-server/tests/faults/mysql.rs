//! The store dies, or its answers are lost.

use libtest_mimic::Trial;

use crate::engines::{kill, start_again, trial};
use crate::scene::{Scene, outage, times};
use tests::proxy::Way;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_killed_mysql_comes_back",
            &[],
            a_killed_mysql_comes_back(),
        ),
        trial(
            "commits_whose_answers_are_lost_stand",
            &[],
            commits_whose_answers_are_lost_stand(),
        ),
        trial(
            "a_mysql_that_dies_on_a_commit_comes_back",
            &[],
            a_mysql_that_dies_on_a_commit_comes_back(),
        ),
    ]
}

async fn a_killed_mysql_comes_back() {
    let mut scene = Scene::straight().await;
    for _ in 0..times().div_ceil(3) {
        kill("mysql", "server");
        scene.lasts(outage() / 2).await;
        start_again("mysql").await;
        scene.recovers("MySQL answers").await;
    }
    // Posts are refused, or wait for as long as it is away.
    let posts = &scene.world.posts;
    let waited = posts.longest() >= outage() / 2;
    assert!(posts.refused() > 0 || waited, "nobody noticed");
    assert_eq!(scene.world.posts.lost(), 0, "the nodes answer all the time");
    scene.ends("a killed MySQL").await;
}

async fn commits_whose_answers_are_lost_stand() {
    let (scene, ways) = Scene::through_proxies().await;
    for time in 0..times() * 10 {
        let store = &ways[time % 2].store;
        store.set(Way::CutAfterCommit);
        store.becomes(Way::Open).await;
    }
    scene.goes_on().await;
    let cuts = ways.iter().map(|ways| ways.store.cuts()).sum::<u32>() as usize;
    // Commits that are under way at once are cut at once.
    assert!(cuts >= times() * 10);
    assert_eq!(scene.world.posts.refused(), 0, "each is proven");
    scene.ends(&format!("{cuts} lost answers to COMMIT")).await;
}

/// The answer is lost, and who could tell what became of it is gone for a time.
async fn a_mysql_that_dies_on_a_commit_comes_back() {
    let (mut scene, ways) = Scene::through_proxies().await;
    for time in 0..times().div_ceil(2) {
        let store = &ways[time % 2].store;
        let cuts = store.cuts();
        store.set(Way::CutAfterCommitAndClose);
        store.becomes(Way::Closed).await;
        assert_eq!(store.cuts(), cuts + 1);
        kill("mysql", "server");
        scene.lasts(outage() / 4).await;
        start_again("mysql").await;
        store.set(Way::Open);
        scene.recovers("MySQL answers").await;
    }
    scene.ends("MySQL killed on lost answers to COMMIT").await;
}
