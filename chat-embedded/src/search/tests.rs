use std::sync::Arc;

use chat_core::ids::Epoch;
use chat_core::kit::search::{agrees_with_the_matcher, found, posted};
use chat_core::kit::texts;
use chat_core::port::Search;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;

use super::SqliteSearch;
use crate::SearchConfig;

const EPOCH: Epoch = Epoch(u64::MAX);

fn open(folder: &TempDir) -> Arc<SqliteSearch> {
    let config = SearchConfig::new(folder.path().join("search.db"));
    Arc::new(SqliteSearch::open(config).expect("an index"))
}

fn fresh() -> (Arc<SqliteSearch>, TempDir) {
    let folder = TempDir::new().expect("a folder");
    (open(&folder), folder)
}

/// Where it finds tea.
async fn tea(search: &Arc<SqliteSearch>) -> Vec<u64> {
    let search: Arc<dyn Search> = search.clone();
    found(&search, 1, "tea").await
}

/// What a crash leaves: the files as they are.
fn crashed(folder: &TempDir) -> TempDir {
    let crashed = TempDir::new().unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), crashed.path().join(file.file_name())).unwrap();
    }
    crashed
}

mod kit {
    use super::*;

    async fn fresh() -> (Arc<dyn Search>, TempDir) {
        let (search, folder) = super::fresh();
        (search, folder)
    }

    chat_core::search_kit!(fresh);
}

#[test]
fn the_index_finds_what_matches() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (search, _folder) = fresh();
    let search: Arc<dyn Search> = search;
    let chat = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config::default());
    let outcome = runner.run(&texts::corpus(), |(bodies, queries)| {
        chat.set(chat.get() + 1);
        runtime.block_on(agrees_with_the_matcher(
            &search,
            chat.get(),
            &bodies,
            &queries,
        ));
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn what_was_put_is_there_after_a_restart() {
    let (search, folder) = fresh();
    search.put(&[posted(1, 1, "tea")]).await.unwrap();
    Arc::into_inner(search).unwrap().close().await.unwrap();
    let search = open(&folder);
    assert_eq!(search.built_from().await.unwrap(), None);
    assert_eq!(tea(&search).await, [1]);
}

#[tokio::test]
async fn a_copy_that_was_cut_short_is_forgotten() {
    let (search, folder) = fresh();
    search.put(&[posted(1, 1, "tea")]).await.unwrap();
    search.rebuild().await.unwrap();
    search.refill(&[posted(1, 1, "coffee")]).await.unwrap();
    let crashed = crashed(&folder);
    let copy = crashed.path().join("search.db.copy");
    assert!(copy.exists());
    let search = open(&crashed);
    assert!(!copy.exists());
    assert_eq!(tea(&search).await, [1]);
}

#[tokio::test]
async fn a_file_that_is_no_index_is_replaced() {
    let folder = TempDir::new().unwrap();
    std::fs::write(
        folder.path().join("search.db"),
        "this is no database, and longer than a header".repeat(99),
    )
    .unwrap();
    let search = open(&folder);
    assert_eq!(search.built_from().await.unwrap(), None);
    search.put(&[posted(1, 1, "tea")]).await.unwrap();
    assert_eq!(tea(&search).await, [1]);
}

#[tokio::test]
async fn an_index_of_another_version_is_replaced() {
    let (search, folder) = fresh();
    search.rebuild().await.unwrap();
    search.refill(&[posted(1, 1, "tea")]).await.unwrap();
    search.swap(EPOCH).await.unwrap();
    Arc::into_inner(search).unwrap().close().await.unwrap();
    let db = rusqlite::Connection::open(folder.path().join("search.db")).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    db.close().unwrap();
    let search = open(&folder);
    assert_eq!(search.built_from().await.unwrap(), None);
    assert!(tea(&search).await.is_empty());
}

#[tokio::test]
async fn questions_are_answered_while_a_copy_takes_the_place() {
    let (search, _folder) = fresh();
    let documents: Vec<_> = (1..=500).map(|number| posted(1, number, "tea")).collect();
    search.put(&documents).await.unwrap();
    let asking = async {
        for _ in 0..100 {
            assert_eq!(tea(&search).await.len(), 500);
        }
    };
    let swapping = async {
        for _ in 0..5 {
            search.rebuild().await.unwrap();
            search.refill(&documents).await.unwrap();
            search.swap(EPOCH).await.unwrap();
        }
    };
    tokio::join!(asking, swapping);
}

#[tokio::test]
async fn what_is_put_while_a_copy_is_filled_leaves_its_chats_in_order() {
    let (search, folder) = fresh();
    let all: Vec<_> = (1..=90).map(|number| posted(1, number, "tea")).collect();
    search.rebuild().await.unwrap();
    search.refill(&all[..30]).await.unwrap();
    search.put(&all[60..]).await.unwrap();
    search.put(&[posted(2, 7, "tea")]).await.unwrap();
    search.refill(&all[30..]).await.unwrap();
    search.put(&[posted(1, 91, "tea")]).await.unwrap();
    search.swap(EPOCH).await.unwrap();
    assert_eq!(tea(&search).await.len(), 91);
    let db = rusqlite::Connection::open(folder.path().join("search.db")).unwrap();
    let count = |sql| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM docs"), 92);
    assert_eq!(count("SELECT count(*) FROM unordered"), 0);
    assert_eq!(
        count("SELECT count(*) FROM sqlite_schema WHERE name = 'waiting'"),
        0
    );
}

#[tokio::test]
async fn what_an_index_was_built_from_is_known_after_a_crash() {
    let (search, folder) = fresh();
    search.rebuild().await.unwrap();
    search.refill(&[posted(1, 1, "tea")]).await.unwrap();
    let half_built = crashed(&folder);
    assert_eq!(open(&half_built).built_from().await.unwrap(), None);
    search.swap(EPOCH).await.unwrap();
    let whole = crashed(&folder);
    assert_eq!(open(&whole).built_from().await.unwrap(), Some(EPOCH));
}
