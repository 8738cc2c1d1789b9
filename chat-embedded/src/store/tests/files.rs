use std::error::Error as _;

use chat_core::error::ErrorKind;
use chat_core::ids::{MessageNumber, OperationId};
use chat_core::page::{Limit, Span};
use chat_core::port::{Chats, Commit as _, History, Upkeep as _};

use super::*;
use crate::OpenError;

fn refusal(opened: Result<SqliteStore, BackendError>) -> String {
    let error = opened.map(drop).unwrap_err();
    error.source().expect("a sentence").to_string()
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let place = Place::new();
    let (id, epoch) = {
        let store = place.open();
        let id = with_chat(&store).await;
        commit(&store, Scope::Application(id), posts(3))
            .await
            .unwrap();
        (id, store.epoch().await.unwrap())
    };
    let store = place.open();
    assert_eq!(store.epoch().await.unwrap(), epoch);
    let chat = Chats::get(&store, id, CHAT).await.unwrap().unwrap();
    assert_eq!(
        (chat.head.number, chat.messages_count),
        (MessageNumber(3), 3)
    );
    let page = store
        .page(
            chat.id,
            Span::After(0),
            MessageNumber::MAX,
            true,
            Limit::MAX,
        )
        .await
        .unwrap();
    let bodies: Vec<_> = page.items.iter().map(|one| one.body.as_str()).collect();
    assert_eq!(bodies, ["message 0", "message 1", "message 2"]);
    let committed = commit(&store, Scope::Application(id), posts(1))
        .await
        .unwrap();
    assert_eq!(committed.moved[0].to.number, MessageNumber(4));
}

#[tokio::test]
async fn a_second_writer_is_told_who_the_first_one_is() {
    let place = Place::new();
    let first = place.open();
    let error = SqliteStore::open(place.config()).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let sentence = error.source().unwrap().to_string();
    let holder = format!("is in use by process {}", std::process::id());
    assert!(sentence.contains(&holder), "{sentence}");
    drop(first);
    place.open();
}

#[tokio::test]
async fn a_reader_beside_the_writer_sees_what_is_committed_and_writes_nothing() {
    let place = Place::new();
    let store = place.open();
    let id = with_chat(&store).await;
    let beside = SqliteStore::open_read_only(place.config()).unwrap();
    commit(&store, Scope::Application(id), posts(2))
        .await
        .unwrap();
    let chat = Chats::get(&beside, id, CHAT).await.unwrap().unwrap();
    assert_eq!(chat.messages_count, 2);
    let error = commit(&beside, Scope::Application(id), posts(1))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        beside.ready().await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_with_both_versions() {
    let place = Place::new();
    drop(place.open());
    let raw = rusqlite::Connection::open(place.config().path).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    for opened in [
        SqliteStore::open(place.config()),
        SqliteStore::open_read_only(place.config()),
    ] {
        let sentence = refusal(opened);
        assert!(sentence.contains("its schema is 99"), "{sentence}");
        assert!(sentence.contains("knows up to 5"), "{sentence}");
    }
}

#[tokio::test]
async fn a_file_of_an_older_version_is_brought_up_to_date() {
    let place = Place::new();
    let raw = rusqlite::Connection::open(place.config().path).unwrap();
    raw.execute_batch(include_str!("../../../migrations/0001.sql"))
        .unwrap();
    raw.execute_batch(OF_THE_FIRST_VERSION).unwrap();
    // "chat" in ASCII.
    raw.pragma_update(None, "application_id", 0x6368_6174)
        .unwrap();
    raw.pragma_update(None, "user_version", 1).unwrap();
    drop(raw);
    let sentence = refusal(SqliteStore::open_read_only(place.config()));
    assert!(sentence.contains("its schema is 1"), "{sentence}");
    let store = place.open();
    let none = store.operations(&[OperationId::random()]).await.unwrap();
    assert_eq!(none, []);
    let chat = Chats::get(&store, ApplicationId(1), CHAT).await.unwrap();
    let chat = chat.unwrap();
    assert_eq!(
        (chat.active_at, chat.updated_at),
        (Timestamp(9), Timestamp(9))
    );
    assert_eq!((chat.direct, chat.members_count), (None, 0));
    let message = History::get(&store, chat.id, MessageNumber(1)).await;
    let message = message.unwrap().unwrap();
    assert_eq!((message.body.as_str(), message.sender), ("text", None));
    let committed = commit(&store, Scope::Application(ApplicationId(1)), posts(1)).await;
    assert_eq!(committed.unwrap().moved[0].to.number, MessageNumber(2));
    let report = store.check().await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}

const OF_THE_FIRST_VERSION: &str = "
    INSERT INTO applications (public_id, token_hash, token, name, wants_unique, is_default,
        last_chat, live_chats, created_at, updated_at)
    VALUES (zeroblob(16), zeroblob(32), x'01', 'old', 0, 0, 1, 1, 7, 7);
    INSERT INTO chats (application, number, kind, last_number, last_change, own_change, floor,
        live, created_at, last_at)
    VALUES (1, 1, 'open', 1, 0, 0, 1, 1, 8, 9);
    INSERT INTO messages (chat, number, body, created_at, change) VALUES (1, 1, 'text', 9, 0);";

#[tokio::test]
async fn a_file_of_something_else_is_refused_and_left_alone() {
    let place = Place::new();
    let path = place.config().path;
    std::fs::write(&path, "a letter, and not a short one".repeat(100)).unwrap();
    assert!(refusal(SqliteStore::open(place.config())).contains("is not a chat database"));
    std::fs::remove_file(&path).unwrap();

    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(raw);
    let error = SqliteStore::open(place.config()).map(drop).unwrap_err();
    let error = error.source().unwrap().downcast_ref::<OpenError>();
    assert!(
        matches!(error, Some(OpenError::NotOurs { .. })),
        "{error:?}"
    );
    let raw = rusqlite::Connection::open(&path).unwrap();
    let tables = "SELECT count(*) FROM sqlite_schema";
    assert_eq!(raw.query_row(tables, [], |row| row.get(0)), Ok(1));
}

#[tokio::test]
async fn a_backup_is_whole_and_tells_another_history() {
    let place = Place::new();
    let store = place.open();
    let id = with_chat(&store).await;
    commit(&store, Scope::Application(id), posts(10))
        .await
        .unwrap();
    let epoch = store.epoch().await.unwrap();

    let beside = SqliteStore::open_read_only(place.config()).unwrap();
    for (name, from) in [("one.db", &store), ("two.db", &beside)] {
        let copy = place.folder.path().join(name);
        from.backup(&copy).await.unwrap();
        let again = from.backup(&copy).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);

        let opened = SqliteStore::open(StoreConfig::new(&copy)).unwrap();
        let new = opened.epoch().await.unwrap();
        assert_ne!(new, epoch);
        assert!(opened.check().await.unwrap().is_clean());
        let chat = Chats::get(&opened, id, CHAT).await.unwrap().unwrap();
        assert_eq!(chat.head.number, MessageNumber(10));
        drop(opened);
        let opened = SqliteStore::open(StoreConfig::new(&copy)).unwrap();
        assert_eq!(opened.epoch().await.unwrap(), new);
    }
    assert_eq!(store.epoch().await.unwrap(), epoch);
    drop((store, beside));
    assert_eq!(place.open().epoch().await.unwrap(), epoch);
}

#[tokio::test]
async fn a_new_epoch_begins_when_nobody_has_the_file() {
    let place = Place::new();
    let store = place.open();
    let epoch = store.epoch().await.unwrap();
    let refused = SqliteStore::renew_epoch(place.config()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    drop(store);
    SqliteStore::renew_epoch(place.config()).unwrap();
    let new = place.open().epoch().await.unwrap();
    assert_ne!(new, epoch);
    assert_eq!(place.open().epoch().await.unwrap(), new);
}

#[tokio::test]
async fn what_a_killed_backup_left_is_in_nobodys_way() {
    let place = Place::new();
    let store = place.open();
    let copy = place.folder.path().join("copy.db");
    let left = place.folder.path().join("copy.db.partial");
    std::fs::write(&left, "half a file").unwrap();
    store.backup(&copy).await.unwrap();
    assert!(!left.exists());
    assert!(SqliteStore::open(StoreConfig::new(&copy)).is_ok());
}
