//! How often the store on MySQL and MariaDB waits for the server to answer: for a batch, not for each message.

use std::sync::Arc;

use chat_core::commit::{Batch, Caller, Request, Scope, Sink};
use chat_core::ids::{ChatNumber, Head, UserNumber};
use chat_core::kit::store::desk::{Desk, NOW, create_chat, create_user, is_done, key, post};
use chat_core::page::{Limit, Span};
use chat_core::port::Store;
use chat_store_mysql::{MysqlConfig, MysqlStore};
use libtest_mimic::Trial;

use crate::engine::trial;
use crate::mysql::Database;
use tests::proxy::Proxy;

/// The pool looks after the connection once it is given back. It may come to it late, and once more before the next use of one that
/// was idle for a while; so what counts is the least of some rounds.
const LOOKS: u32 = 1;
/// What is locked and read; what is written; COMMIT.
const BATCH: u32 = 3;
const USERS: u64 = 48;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for engine in ["mysql", "mariadb"] {
        let case = few_trips(engine);
        trials.push(trial(
            engine,
            "trips",
            "a_batch_takes_few_round_trips",
            case,
        ));
    }
    trials
}

async fn few_trips(engine: &str) {
    let database = Database::create(engine).await;
    let proxy = Proxy::to(database.address().to_owned()).await;
    let url = database.url_at(proxy.address());
    let mut config = MysqlConfig::new(format!("{url}?ssl-mode=DISABLED"));
    config.connections = 1;
    let store: Arc<dyn Store> = Arc::new(MysqlStore::connect(config).await.expect("open"));
    let desk = Desk::open(&store).await;
    desk.done((0..8).map(|_| create_chat(None)).collect()).await;
    let names = (1..=USERS).map(|at| create_user(&at.to_string()));
    desk.done(names.collect()).await;

    for (posts, chats, keyed, users) in [
        (1, 1, false, 0),
        (64, 1, false, 0),
        (64, 8, false, 0),
        // Keys are looked for and remembered.
        (64, 1, true, 0),
        (64, 8, true, 0),
        // More than one statement carries this many messages.
        (1_024, 8, false, 0),
        // Users and members are looked for, and members made.
        (1, 1, false, 1),
        (64, 8, true, USERS),
    ] {
        let mut least = u32::MAX;
        for round in 0..3 {
            let batch = batch(&desk, round, posts, (chats, users), keyed);
            proxy.trips();
            let committed = store.commit(Arc::new(batch), NOW).await.expect("committed");
            assert!(committed.outcomes.iter().all(is_done));
            least = least.min(proxy.trips());
        }
        assert!(least <= BATCH + LOOKS, "{posts} posts to {chats}: {least}");
    }

    let chat = desk.info(ChatNumber(1)).await.id;
    let mut least = u32::MAX;
    for _ in 0..5 {
        proxy.trips();
        let through = desk.info(ChatNumber(1)).await.head.number;
        let page = store.page(chat, Span::After(0), through, true, Limit::DEFAULT);
        assert_eq!(page.await.expect("a page").items.len(), 50);
        let changes = store.changes(chat, Head::START, Limit::DEFAULT, Some(UserNumber(1)));
        changes.await.expect("changes");
        least = least.min(proxy.trips());
    }
    // The chat, the page, the changes.
    assert!(least <= 3 + 3 * LOOKS, "{least}");
}

/// Posts to so many chats, each by one of so many users in turn.
fn batch(
    desk: &Desk,
    round: usize,
    posts: usize,
    (chats, users): (u64, u64),
    keyed: bool,
) -> Batch {
    let ask = |at: usize| {
        let chat = ChatNumber(at as u64 % chats + 1);
        let command = post(chat, "a message of usual length, as people write them");
        let key = keyed.then(|| key(&format!("{posts}-{chats}-{round}-{at}"), &command));
        let user = (at as u64).checked_rem(users);
        Request {
            caller: user.map_or(Caller::Application, |at| Caller::For(UserNumber(at + 1))),
            scope: Scope::Token(desk.token.hash()),
            key,
            ..desk.ask(command)
        }
    };
    Batch {
        requests: (0..posts).map(ask).collect(),
        sinks: vec![Sink::Index],
    }
}
