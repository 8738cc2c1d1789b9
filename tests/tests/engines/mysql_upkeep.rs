//! How the store on MySQL and MariaDB is looked after, by several nodes at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_core::commit::Command;
use chat_core::error::ErrorKind;
use chat_core::ids::Token;
use chat_core::kit::store::desk::{Desk, commit, delete, edit, is_done, limit, new_application};
use chat_core::port::{Drift, Store};
use chat_core::recount::recount;
use chat_store_mysql::MysqlStore;
use libtest_mimic::Trial;

use crate::engine::trial;
use crate::mysql::Database;

macro_rules! upkeep {
    ($engine:literal, $($case:ident,)*) => {
        vec![$(trial($engine, "upkeep", stringify!($case), $case($engine)),)*]
    };
}

pub(crate) fn trials() -> Vec<Trial> {
    macro_rules! cases {
        ($engine:literal) => {
            upkeep![
                $engine,
                nodes_that_recount_at_once_repair_once,
                nodes_that_erase_one_chat_leave_nothing_of_it,
                a_statement_that_takes_too_long_ends_at_the_server,
            ]
        };
    }
    let mut trials = cases!("mysql");
    trials.extend(cases!("mariadb"));
    trials
}

async fn node(database: &Database) -> Arc<dyn Store> {
    let store = MysqlStore::connect(database.config()).await;
    Arc::new(store.expect("open"))
}

async fn nodes_that_recount_at_once_repair_once(engine: &str) {
    let database = Database::create(engine).await;
    let (one, two) = (node(&database).await, node(&database).await);
    let desk = Desk::open(&one).await;
    desk.chat_of(5).await;
    let closed = desk.chat_of(2).await;
    desk.done(vec![Command::CloseChat(closed)]).await;
    for _ in 0..8 {
        database
            .change("UPDATE applications SET live_chats = 7")
            .await;
        database.change("UPDATE chats SET live = 70").await;
        let (one, two) = tokio::join!(recount(&*one), recount(&*two));
        let (one, two) = (one.expect("recount"), two.expect("recount"));
        let repaired = (one.chats + two.chats, one.applications + two.applications);
        assert_eq!(repaired, (1, 1), "{one:?} {two:?}");
    }
    assert_eq!(recount(&*one).await.expect("recount"), Drift::default());
    let counts = "SELECT live_chats * 100 + (SELECT CAST(SUM(live) AS SIGNED) FROM chats WHERE closed_at IS NULL) \
                  FROM applications";
    assert_eq!(database.ask(counts).await, 105);
}

async fn nodes_that_erase_one_chat_leave_nothing_of_it(engine: &str) {
    let database = Database::create(engine).await;
    let (one, two) = (node(&database).await, node(&database).await);
    let token = Token::random();
    let made = commit(&one, vec![new_application(token, "default", false, true)]).await;
    assert!(made.iter().all(is_done), "{made:?}");
    let desk = Desk::of(&one, token).await;
    let chat = desk.chat_of(300).await;
    let id = desk.info(chat).await.id;
    desk.done(vec![
        edit(chat, 7, "x"),
        delete(chat, 200),
        Command::CloseChat(chat),
    ])
    .await;
    let all = "SELECT (SELECT COUNT(*) FROM messages) + (SELECT COUNT(*) FROM message_ids)";
    assert_eq!(database.ask(all).await, 600);
    let erase = |store: Arc<dyn Store>| async move {
        while store.erase(id, limit(7)).await.expect("erase").more {}
    };
    tokio::join!(erase(one.clone()), erase(two.clone()));
    let left = "SELECT (SELECT COUNT(*) FROM chats) + (SELECT COUNT(*) FROM messages) \
                + (SELECT COUNT(*) FROM message_ids) + (SELECT COUNT(*) FROM touches)";
    assert_eq!(database.ask(left).await, 0);
}

/// The server would go on with it for half a minute, though nobody waits any more.
async fn a_statement_that_takes_too_long_ends_at_the_server(engine: &str) {
    const LIMIT: Duration = Duration::from_secs(1);
    let database = Database::create(engine).await;
    let mut config = database.config();
    config.call_timeout = LIMIT;
    let store: Arc<dyn Store> = Arc::new(MysqlStore::connect(config).await.expect("open"));
    let desk = Desk::open(&store).await;
    database.change("RENAME TABLE applications TO kept").await;
    database
        .change("CREATE VIEW applications AS SELECT * FROM kept WHERE SLEEP(30) = 0")
        .await;
    let begun = Instant::now();
    // MySQL may take a SLEEP that it interrupts for a value, and then finds nothing.
    if let Err(error) = store.by_token(desk.token.hash()).await {
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    }
    let running = "SELECT COUNT(*) FROM information_schema.processlist \
                   WHERE db = DATABASE() AND command <> 'Sleep' AND id <> CONNECTION_ID()";
    while database.ask(running).await > 0 {
        assert!(begun.elapsed() < 3 * LIMIT, "it is still running");
    }
}
