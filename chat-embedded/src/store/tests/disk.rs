use std::time::Duration;

use chat_core::error::ErrorKind;
use chat_core::ids::{ChatId, MessageNumber};
use chat_core::page::{Limit, Span};
use chat_core::port::{Chats, History as _, Upkeep as _};

use super::super::writer::Durability;
use super::*;

async fn let_grow_to(store: &SqliteStore, pages: i64) {
    let grow = move |conn: &rusqlite::Connection| {
        conn.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0))
    };
    let writer = store.writer("test").unwrap();
    writer
        .write("test", Durability::Relaxed, grow)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_writes_loses_nothing_and_goes_on_once_there_is_space() {
    let place = Place::new();
    let store = place.open();
    let id = with_chat(&store).await;
    let scope = Scope::Application(id);
    commit(&store, scope, posts(5)).await.unwrap();

    // A limit below what is there already is raised to that.
    let_grow_to(&store, 1).await;
    let big = vec![post(&"x".repeat(60_000)); 4];
    let error = commit(&store, scope, big.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let chat = Chats::get(&store, id, CHAT).await.unwrap().unwrap();
    assert_eq!(chat.head.number, MessageNumber(5));

    let_grow_to(&store, 1_000_000).await;
    let committed = commit(&store, scope, big).await.unwrap();
    assert_eq!(committed.moved[0].to.number, MessageNumber(9));
    store.ready().await.unwrap();
    assert!(store.check().await.unwrap().is_clean());
}

#[tokio::test]
async fn a_file_that_takes_no_writes_is_not_ready_until_it_does_again() {
    let place = Place::new();
    let store = place.open();
    let id = with_chat(&store).await;
    let writer = store.writer("test").unwrap();
    let impatient = |conn: &rusqlite::Connection| conn.busy_timeout(Duration::ZERO);
    writer
        .write("test", Durability::Relaxed, impatient)
        .await
        .unwrap();
    let raw = rusqlite::Connection::open(place.config().path).unwrap();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = commit(&store, Scope::Application(id), posts(1))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let error = store.ready().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    raw.execute_batch("ROLLBACK").unwrap();
    store.ready().await.unwrap();
    commit(&store, Scope::Application(id), posts(1))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_write_that_panics_leaves_nothing_and_the_next_one_works() {
    let place = Place::new();
    let store = place.open();
    let id = with_chat(&store).await;
    let writer = store.writer("test").unwrap();
    let panic = |conn: &rusqlite::Connection| -> rusqlite::Result<()> {
        conn.execute("UPDATE chats SET last_number = 7", [])?;
        panic!("on purpose")
    };
    let error = writer
        .write("test", Durability::Configured, panic)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    let committed = commit(&store, Scope::Application(id), posts(1))
        .await
        .unwrap();
    assert_eq!(committed.moved[0].to.number, MessageNumber(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_stays_short_while_all_write_and_read() {
    let place = Place::new();
    let mut config = place.config();
    config.checkpoint_pages = 100;
    let store = Arc::new(SqliteStore::open(config).unwrap());
    let id = with_chat(&store).await;
    let chat = Chats::get(&*store, id, CHAT).await.unwrap().unwrap();
    let readers: Vec<_> = (0..3)
        .map(|_| tokio::spawn(read_until_full(Arc::clone(&store), chat.id, 12_000)))
        .collect();
    let log = place.folder.path().join("chat.db-wal");
    let mut longest = 0;
    for _ in 0..1_000 {
        commit(&store, Scope::Application(id), posts(12))
            .await
            .unwrap();
        longest = longest.max(std::fs::metadata(&log).unwrap().len());
    }
    for reader in readers {
        reader.await.unwrap();
    }
    // Each commit writes some ten pages: never copied, they would be 40 MB.
    assert!(longest < 8 << 20, "{longest} bytes");
}

async fn read_until_full(store: Arc<SqliteStore>, chat: ChatId, full: u64) {
    let mut last = 0;
    while last < full {
        let page = store
            .page(
                chat,
                Span::Before(u64::MAX),
                MessageNumber::MAX,
                true,
                Limit::DEFAULT,
            )
            .await
            .unwrap();
        let now = page.items.last().map_or(0, |message| message.number.0);
        assert!(now >= last, "{now} after {last}");
        last = now;
    }
}
