use chat_core::ids::{Head, MessageNumber};
use chat_core::page::Limit;
use chat_core::port::{Chats, Drift, Outbox as _, Upkeep as _};
use chat_core::recount::recount;

use super::*;

#[tokio::test]
async fn check_finds_what_breaks_a_law() {
    let place = Place::new();
    let id = {
        let store = place.open();
        let id = with_chat(&store).await;
        let scope = Scope::Application(id);
        commit(&store, scope, posts(9)).await.unwrap();
        let delete = Command::Delete(CHAT, MessageNumber(2));
        commit(&store, scope, vec![delete]).await.unwrap();
        let report = store.check().await.unwrap();
        assert_eq!(report.findings, Vec::<String>::new());
        assert_eq!((report.chats, report.messages), (1, 9));
        id
    };
    let raw = || {
        let raw = rusqlite::Connection::open(place.config().path).unwrap();
        raw.pragma_update(None, "foreign_keys", false).unwrap();
        raw
    };
    for (fault, cure, law) in [
        (
            "UPDATE messages SET number = 12 WHERE number = 9",
            "UPDATE messages SET number = 9 WHERE number = 12",
            "it has 9 messages from 1 to 12, but its floor is 1 and its last number 9",
        ),
        (
            "UPDATE chats SET live = 9",
            "UPDATE chats SET live = 8",
            "its count of messages is 9, but 8 exist",
        ),
        (
            "UPDATE chats SET last_change = 0",
            "UPDATE chats SET last_change = 1",
            "its last change is 0, but 1 was taken",
        ),
        (
            "UPDATE messages SET change = 5 WHERE number = 3",
            "UPDATE messages SET change = 0 WHERE number = 3",
            "message 3: its change 5 is not noted",
        ),
        (
            "UPDATE messages SET body = 'back' WHERE number = 2",
            "UPDATE messages SET body = '' WHERE number = 2",
            "message 2: it is deleted, but its text is there",
        ),
        (
            "UPDATE applications SET live_chats = 4",
            "UPDATE applications SET live_chats = 1",
            "it counts 4 chats up to number 1, but has 1 up to 1",
        ),
        (
            "INSERT INTO touches VALUES (77, 1, 1)",
            "DELETE FROM touches WHERE chat = 77",
            "the row of chats that it names is not there",
        ),
        (
            "UPDATE dirty SET to_number = 10",
            "UPDATE dirty SET to_number = 9",
            "has to follow to 10/1, but the chat ends at 9/1",
        ),
    ] {
        raw().execute(fault, []).unwrap();
        let store = SqliteStore::open_read_only(place.config()).unwrap();
        let found = store.check().await.unwrap().findings;
        assert!(
            found.iter().any(|one| one.contains(law)),
            "{law}: {found:?}"
        );
        drop(store);
        raw().execute(cure, []).unwrap();
    }
    let store = place.open();
    assert!(store.check().await.unwrap().is_clean());
    assert!(Chats::get(&store, id, CHAT).await.unwrap().is_some());
}

#[tokio::test]
async fn recounting_repairs_what_is_wrong_and_says_so() {
    let place = Place::new();
    let store = place.open();
    let id = with_chat(&store).await;
    let scope = Scope::Application(id);
    commit(&store, scope, posts(5)).await.unwrap();
    assert_eq!(recount(&store).await.unwrap(), Drift::default());

    let spoil = |conn: &rusqlite::Connection| {
        conn.execute("UPDATE chats SET live = 70", [])?;
        conn.execute("UPDATE applications SET live_chats = 0", [])
    };
    let writer = store.writer("test").unwrap();
    let durability = super::super::writer::Durability::Relaxed;
    writer.write("test", durability, spoil).await.unwrap();
    let (one, two) = tokio::join!(recount(&store), recount(&store));
    let (one, two) = (one.unwrap(), two.unwrap());
    let drift = (one.chats + two.chats, one.applications + two.applications);
    assert_eq!(drift, (1, 1));
    assert_eq!(recount(&store).await.unwrap(), Drift::default());
    let chat = Chats::get(&store, id, CHAT).await.unwrap().unwrap();
    assert_eq!(chat.messages_count, 5);
    assert!(store.check().await.unwrap().is_clean());
}

#[tokio::test]
async fn a_deleted_application_goes_piece_by_piece_until_nothing_is_left() {
    let place = Place::new();
    let store = place.open();
    let id = with_chat(&store).await;
    let scope = Scope::Application(id);
    commit(&store, scope, posts(25)).await.unwrap();
    let closing = vec![
        Command::Delete(CHAT, MessageNumber(3)),
        Command::CloseApplication,
    ];
    commit(&store, scope, closing).await.unwrap();

    let closed = store.closed(Limit::MAX).await.unwrap();
    assert_eq!(closed.len(), 1);
    let limit = Limit::new(10).unwrap();
    let mut pieces = Vec::new();
    loop {
        let progress = store.erase(closed[0], limit).await.unwrap();
        pieces.push(progress.rows);
        if !progress.more {
            break;
        }
    }
    assert_eq!(pieces, [10, 10, 7]);
    assert!(store.closed(Limit::MAX).await.unwrap().is_empty());
    let left = |conn: &rusqlite::Connection| {
        conn.query_row(
            "SELECT (SELECT count(*) FROM applications) + (SELECT count(*) FROM chats) \
                  + (SELECT count(*) FROM messages) + (SELECT count(*) FROM touches)",
            [],
            |row| row.get::<_, i64>(0),
        )
    };
    assert_eq!(store.readers.read("test", left).await.unwrap(), 0);
    assert!(store.check().await.unwrap().is_clean());
    // Row ids are not used twice: what is derived from the old chat cannot become the new one's.
    let again = with_chat(&store).await;
    let chat = Chats::get(&store, again, CHAT).await.unwrap().unwrap();
    assert!(chat.id > closed[0] && again > id);
}

#[tokio::test]
async fn a_sink_that_is_behind_keeps_its_row_and_takes_its_turn() {
    let place = Place::new();
    let store = place.open();
    let (one, two) = (with_chat(&store).await, with_chat(&store).await);
    commit(&store, Scope::Application(one), posts(2))
        .await
        .unwrap();
    commit(&store, Scope::Application(two), posts(1))
        .await
        .unwrap();
    let waiting = store.dirty(Sink::Index, Limit::MAX).await.unwrap();
    assert_eq!(
        waiting
            .iter()
            .map(|row| row.application)
            .collect::<Vec<_>>(),
        [one, two]
    );
    assert_eq!(waiting[0].from, Head::START);

    commit(&store, Scope::Application(one), posts(1))
        .await
        .unwrap();
    store.settle(Sink::Index, &waiting[..1]).await.unwrap();
    let rest = store.dirty(Sink::Index, Limit::MAX).await.unwrap();
    assert_eq!(
        rest.iter().map(|row| row.application).collect::<Vec<_>>(),
        [two, one]
    );
    assert_eq!(
        (rest[1].from, rest[1].to.number),
        (waiting[0].to, MessageNumber(3))
    );

    store.settle(Sink::Index, &rest).await.unwrap();
    assert!(
        store
            .dirty(Sink::Index, Limit::MAX)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store.pending(Sink::Index, rest[1].chat).await.unwrap(),
        None
    );
}
