//! What the store on MySQL and MariaDB keeps of people, and how it comes by it and lets go of it.

use std::sync::Arc;

use chat_core::clock::Timestamp;
use chat_core::commit::{AddMembers, Caller, ChangeUser, Command, NewPassword};
use chat_core::ids::{ApplicationId, ChatNumber, MessageNumber, SessionId, TokenHash, UserNumber};
use chat_core::kit::store::desk::{Desk, NOW, limit};
use chat_core::model::{Role, Session};
use chat_core::password::PasswordHash;
use chat_core::port::Store;
use chat_store_mysql::MysqlStore;
use libtest_mimic::Trial;
use uuid::Uuid;

use crate::engine::trial;
use crate::mysql::Database;

macro_rules! people {
    ($engine:literal, $($case:ident,)*) => {
        vec![$(trial($engine, "people", stringify!($case), $case($engine)),)*]
    };
}

pub(crate) fn trials() -> Vec<Trial> {
    macro_rules! cases {
        ($engine:literal) => {
            people![
                $engine,
                a_database_without_people_is_brought_up_to_date,
                a_login_that_was_late_is_open_nowhere,
                what_is_erased_takes_its_people_along,
                nobody_is_looked_for_once_every_chat_knows,
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

/// As the second version left it: an application with two chats, one of them deleted, and a message.
const SECOND: &str = concat!(
    "CREATE TABLE schema_versions (version BIGINT NOT NULL PRIMARY KEY, \
     at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP) ENGINE = InnoDB;",
    include_str!("../../../chat-store-mysql/migrations/0001.sql"),
    include_str!("../../../chat-store-mysql/migrations/0002.sql"),
    "INSERT INTO schema_versions (version) VALUES (1), (2);
     INSERT INTO meta (id, epoch) VALUES (1, 7);
     INSERT INTO applications VALUES (1, REPEAT('p', 16), REPEAT('t', 32), 'sealed', 'old', 0, \
         NULL, NULL, 2, 1, 10, 10, NULL);
     INSERT INTO chats VALUES (5, 1, 1, 'open', 'a', 1, 0, 0, 1, 1, 20, 30, NULL), \
         (6, 1, 2, 'open', 'a', 0, 1, 1, 1, 0, 40, 50, 50);
     INSERT INTO messages VALUES (5, 1, 'body', 'Author', NULL, NULL, NULL, 30, NULL, NULL, 0);"
);

async fn a_database_without_people_is_brought_up_to_date(engine: &str) {
    let database = Database::create(engine).await;
    database.change(SECOND).await;
    node(&database).await;
    // A crash between a step and its record: this step and those behind it are taken again.
    database
        .change("DELETE FROM schema_versions WHERE version >= 3")
        .await;
    let store = node(&database).await;
    let application = ApplicationId(1);
    let chat = chat_core::port::Chats::get(&*store, application, ChatNumber(1)).await;
    let chat = chat.expect("get").expect("the chat");
    assert_eq!(
        (chat.created_at, chat.updated_at),
        (Timestamp(20), Timestamp(30))
    );
    assert_eq!((chat.active_at, chat.members_count), (Timestamp(30), 0));
    assert_eq!(chat.direct, None);
    let message = chat_core::port::History::get(&*store, chat.id, MessageNumber(1)).await;
    let message = message.expect("get").expect("the message");
    assert_eq!((message.body.as_str(), message.sender), ("body", None));
    let nobody = store.users(application, &[UserNumber(1)]).await;
    assert_eq!(nobody.expect("users"), []);
}

fn random_hash() -> TokenHash {
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    TokenHash(hash)
}

fn session(application: ApplicationId, user: UserNumber) -> Session {
    Session {
        id: SessionId(Uuid::new_v4()),
        token: random_hash(),
        application,
        user,
        device: None,
        created_at: NOW,
        expires_at: NOW.plus_seconds(60),
    }
}

/// Whoever checked a password that is changed meanwhile is told so, or is logged out by that change.
async fn a_login_that_was_late_is_open_nowhere(engine: &str) {
    let database = Database::create(engine).await;
    let (one, two) = (node(&database).await, node(&database).await);
    let desk = Desk::open(&one).await;
    let alice = desk.user("alice").await;
    let mut opened = 0;
    for round in 1..=30 {
        let seen = one.users(desk.application, &[alice]).await.expect("users");
        let login = session(desk.application, alice);
        let hash = PasswordHash(round.to_string());
        let change = ChangeUser {
            password: Some(NewPassword::Chosen { hash, keep: None }),
            ..ChangeUser::default()
        };
        let changed = desk.done_at(
            vec![Command::ChangeUser(alice, change)],
            NOW.plus_seconds(round),
        );
        let ((), open) = tokio::join!(changed, two.open_session(&login, seen[0].updated_at));
        opened += u32::from(open.expect("open_session"));
        let left = one.session(login.token).await.expect("session");
        assert_eq!(left, None, "round {round}, {opened} opened");
    }
}

/// A group whose two members have read, and Alice is logged in.
async fn peopled(desk: &Desk) -> ChatNumber {
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    let chat = desk.group(&[alice]).await;
    let (users, role) = (vec![bob], Role::Member);
    desk.done(vec![Command::AddMembers(chat, AddMembers { users, role })])
        .await;
    for user in [alice, bob] {
        for text in ["1", "2", "3", "4"] {
            let post = chat_core::kit::store::desk::post(chat, text);
            desk.done_by(Caller::User(user), vec![post]).await;
        }
        let read = [2, 4].map(|number| Command::Read(chat, MessageNumber(number)));
        desk.done_by(Caller::User(user), read.into()).await;
    }
    let login = session(desk.application, alice);
    let open = desk.store.open_session(&login, NOW).await;
    assert!(open.expect("open_session"));
    chat
}

async fn what_is_erased_takes_its_people_along(engine: &str) {
    const OF_CHATS: &str = "SELECT (SELECT COUNT(*) FROM messages) + \
         (SELECT COUNT(*) FROM members) + (SELECT COUNT(*) FROM mark_ranges)";
    const OF_APPLICATIONS: &str =
        "SELECT (SELECT COUNT(*) FROM sessions) + (SELECT COUNT(*) FROM users)";
    let database = Database::create(engine).await;
    let store = node(&database).await;
    let (desk, other) = (Desk::open(&store).await, Desk::open(&store).await);
    let (first, second) = (peopled(&desk).await, desk.group(&[UserNumber(1)]).await);
    other.user("carol").await;
    assert_eq!(database.ask(OF_CHATS).await, 8 + 3 + 4);
    assert_eq!(database.ask(OF_APPLICATIONS).await, 1 + 3);
    desk.done(vec![Command::CloseChat(first)]).await;
    erase(&store).await;
    assert_eq!(database.ask(OF_CHATS).await, 1, "who is in the second chat");
    assert_eq!(database.ask(OF_APPLICATIONS).await, 1 + 3);
    assert!(desk.find(second).await.is_some());
    desk.done(vec![Command::CloseApplication]).await;
    erase(&store).await;
    assert_eq!(database.ask(OF_CHATS).await, 0);
    assert_eq!(database.ask(OF_APPLICATIONS).await, 1, "Carol is elsewhere");
    other.done(vec![Command::CloseApplication]).await;
    let forgotten = store.forget(Timestamp(0), limit(100)).await;
    assert_eq!(forgotten.expect("forget").rows, 1);
    assert_eq!(database.ask(OF_APPLICATIONS).await, 0);
}

async fn erase(store: &Arc<dyn Store>) {
    for chat in store.closed(limit(100)).await.expect("closed") {
        let mut steps = 0;
        while store.erase(chat, limit(3)).await.expect("erase").more {
            steps += 1;
            assert!(steps < 100, "it comes to no end");
        }
    }
}

async fn nobody_is_looked_for_once_every_chat_knows(engine: &str) {
    const LEAVING: &str = "SELECT COUNT(*) FROM users WHERE leaving = 1";
    let database = Database::create(engine).await;
    let store = node(&database).await;
    let desk = Desk::open(&store).await;
    let chat = peopled(&desk).await;
    let (alice, loner) = (UserNumber(1), desk.user("loner").await);
    desk.done(vec![Command::DeleteUser(loner)]).await;
    assert_eq!(database.ask(LEAVING).await, 0);
    desk.done(vec![Command::DeleteUser(alice)]).await;
    assert_eq!(database.ask(LEAVING).await, 1);
    let left = store
        .left_behind(None, limit(9))
        .await
        .expect("left_behind");
    assert_eq!(left, [(desk.application, chat, alice)]);
    desk.done(vec![Command::RemoveMember(chat, alice)]).await;
    assert_eq!(database.ask(LEAVING).await, 0);
}
