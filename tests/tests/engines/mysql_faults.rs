//! What the store on MySQL and MariaDB does when not all is well.

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_core::commit::{Batch, Command};
use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::ChatNumber;
use chat_core::kit::store::desk::{Desk, NOW, number, post};
use chat_core::port::{Committed, Store, Upkeep as _};
use chat_store_mysql::{MysqlConfig, MysqlStore};
use libtest_mimic::Trial;
use tokio::task::JoinSet;

use crate::engine::trial;
use crate::mysql::Database;
use tests::proxy::{Proxy, Way};

macro_rules! faults {
    ($engine:literal, $($case:ident,)*) => {
        vec![$(trial($engine, "faults", stringify!($case), $case($engine)),)*]
    };
}

pub(crate) fn trials() -> Vec<Trial> {
    macro_rules! cases {
        ($engine:literal) => {
            faults![
                $engine,
                a_commit_whose_answer_is_lost_stands,
                a_commit_that_did_not_arrive_is_written_once,
                what_cannot_be_proven_is_unknown,
                a_closed_way_is_unavailable_and_opens_again,
                a_silent_server_is_unavailable_in_bounded_time,
                what_a_node_that_was_cut_off_had_locked_is_free_soon,
                a_commit_that_was_cut_off_holds_up_no_other,
                nodes_that_start_at_once_bring_the_schema_up_to_date_once,
                two_nodes_number_one_chat_without_a_gap,
                a_database_of_a_newer_version_is_refused,
                a_database_of_something_else_is_refused_and_left_alone,
                a_url_that_cannot_be_used_is_refused_without_its_password,
            ]
        };
    }
    let mut trials = cases!("mysql");
    trials.extend(cases!("mariadb"));
    trials
}

/// A store behind a proxy, with a chat of two messages.
struct Scene {
    desk: Desk,
    chat: ChatNumber,
    proxy: Proxy,
    /// The same database on the straight way.
    straight: Arc<dyn Store>,
    _database: Database,
}

impl Scene {
    async fn set(engine: &str) -> Self {
        let database = Database::create(engine).await;
        let straight = MysqlStore::connect(database.config()).await.expect("open");
        let proxy = Proxy::to(database.address().to_owned()).await;
        // What is encrypted cannot be watched for COMMIT.
        let url = format!("{}?ssl-mode=DISABLED", database.url_at(proxy.address()));
        let mut config = MysqlConfig::new(url);
        config.acquire_timeout = Duration::from_secs(1);
        config.call_timeout = Duration::from_secs(2);
        config.proof_timeout = Duration::from_secs(2);
        let store: Arc<dyn Store> = Arc::new(MysqlStore::connect(config).await.expect("open"));
        let desk = Desk::open(&store).await;
        Self {
            chat: desk.chat_of(2).await,
            desk,
            proxy,
            straight: Arc::new(straight),
            _database: database,
        }
    }

    async fn post(&self, texts: &[&str]) -> Result<Committed, BackendError> {
        let ask = |text: &&str| self.desk.ask(post(self.chat, text));
        let batch = Batch {
            requests: texts.iter().map(ask).collect(),
            sinks: Vec::new(),
        };
        self.desk.store.commit(Arc::new(batch), NOW).await
    }

    /// The texts that are there, as one sees them who is not behind the proxy.
    async fn texts(&self) -> Vec<String> {
        let straight = Desk {
            store: self.straight.clone(),
            ..self.desk.clone()
        };
        let messages = straight.messages(self.chat).await;
        messages.into_iter().map(|one| one.body).collect()
    }
}

fn numbers(committed: &Committed) -> Vec<u64> {
    committed.outcomes.iter().filter_map(number).collect()
}

async fn a_commit_whose_answer_is_lost_stands(engine: &str) {
    let scene = Scene::set(engine).await;
    scene.proxy.set(Way::CutAfterCommit);
    let committed = scene.post(&["three", "four"]).await.expect("committed");
    assert_eq!(scene.proxy.cuts(), 1);
    assert_eq!(numbers(&committed), [3, 4]);
    assert_eq!(committed.moved.len(), 1);
    assert_eq!(scene.texts().await, ["1", "2", "three", "four"]);
}

async fn a_commit_that_did_not_arrive_is_written_once(engine: &str) {
    let scene = Scene::set(engine).await;
    scene.proxy.set(Way::CutBeforeCommit);
    let committed = scene.post(&["three", "four"]).await.expect("committed");
    assert_eq!(scene.proxy.cuts(), 1);
    assert_eq!(numbers(&committed), [3, 4]);
    assert_eq!(scene.texts().await, ["1", "2", "three", "four"]);
}

async fn what_cannot_be_proven_is_unknown(engine: &str) {
    let scene = Scene::set(engine).await;
    scene.proxy.set(Way::CutAfterCommitAndClose);
    let error = scene.post(&["three"]).await.expect_err("no proof");
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error:?}");
    assert_eq!(scene.texts().await, ["1", "2", "three"]);
    scene.proxy.set(Way::Open);
    let committed = scene.post(&["four"]).await.expect("committed");
    assert_eq!(numbers(&committed), [4]);
}

async fn a_closed_way_is_unavailable_and_opens_again(engine: &str) {
    let scene = Scene::set(engine).await;
    scene.proxy.set(Way::Closed);
    unavailable_in_time(&scene).await;
    scene.proxy.set(Way::Open);
    let committed = scene.post(&["three"]).await.expect("committed");
    assert_eq!(numbers(&committed), [3]);
    scene.desk.store.ready().await.expect("ready");
}

async fn a_silent_server_is_unavailable_in_bounded_time(engine: &str) {
    let scene = Scene::set(engine).await;
    scene.proxy.set(Way::Silent);
    unavailable_in_time(&scene).await;
    scene.proxy.set(Way::Open);
    let committed = scene.post(&["three"]).await.expect("committed");
    assert_eq!(numbers(&committed), [3]);
    assert_eq!(scene.texts().await, ["1", "2", "three"]);
}

/// The server is not told that the other end is gone.
async fn what_a_node_that_was_cut_off_had_locked_is_free_soon(engine: &str) {
    const SOON: Duration = Duration::from_secs(8);
    let scene = Scene::set(engine).await;
    scene.proxy.set(Way::SilentOnCommit);
    let (lost, ()) = tokio::join!(scene.post(&["lost"]), async {
        scene.proxy.becomes(Way::Silent).await;
        let begun = Instant::now();
        let batch = Batch {
            requests: vec![scene.desk.ask(post(scene.chat, "three"))],
            sinks: Vec::new(),
        };
        let committed = scene.straight.commit(Arc::new(batch), NOW).await;
        assert_eq!(numbers(&committed.expect("committed")), [3]);
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    });
    let error = lost.expect_err("nobody can tell");
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error:?}");
    assert_eq!(scene.texts().await, ["1", "2", "three"]);
}

/// What it holds locked at the server is what no other commit of this node needs.
async fn a_commit_that_was_cut_off_holds_up_no_other(engine: &str) {
    let scene = Scene::set(engine).await;
    let elsewhere = scene.desk.chat().await;
    scene.proxy.set(Way::SilentOnCommit);
    let error = scene.post(&["lost"]).await.expect_err("nobody can tell");
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error:?}");
    scene.proxy.set(Way::Open);
    scene.desk.done(vec![post(elsewhere, "one")]).await;
    assert_eq!(scene.desk.messages(elsewhere).await.len(), 1);
}

/// Reading, writing and asking whether it is ready are answered, and with what an operator expects.
async fn unavailable_in_time(scene: &Scene) {
    const LIMIT: Duration = Duration::from_secs(8);
    let begun = Instant::now();
    let error = scene.post(&["lost"]).await.expect_err("no server");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
    let begun = Instant::now();
    let read = scene.desk.store.by_token(scene.desk.token.hash()).await;
    assert_eq!(read.expect_err("no server").kind(), ErrorKind::Unavailable);
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
}

async fn nodes_that_start_at_once_bring_the_schema_up_to_date_once(engine: &str) {
    let database = Database::create(engine).await;
    let mut nodes = JoinSet::new();
    for _ in 0..6 {
        nodes.spawn(MysqlStore::connect(database.config()));
    }
    let mut epochs = Vec::new();
    for store in nodes.join_all().await {
        epochs.push(store.expect("open").epoch().await.expect("epoch"));
    }
    epochs.dedup();
    assert_eq!(epochs.len(), 1, "all tell one history");
    let steps = "SELECT COUNT(*) = MAX(version) AND COUNT(*) > 0 FROM schema_versions";
    assert_eq!(database.ask(steps).await, 1);
}

async fn two_nodes_number_one_chat_without_a_gap(engine: &str) {
    let database = Database::create(engine).await;
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..2 {
        let store = MysqlStore::connect(database.config()).await.expect("open");
        stores.push(Arc::new(store));
    }
    let desk = Desk::open(&stores[0]).await;
    let chat = desk.chat().await;
    let mut writers = JoinSet::new();
    for at in 0..8 {
        let store = stores[at % 2].clone();
        let desk = Desk {
            store,
            ..desk.clone()
        };
        writers.spawn(async move {
            for _ in 0..25 {
                let posts: Vec<Command> = (0..3).map(|_| post(chat, "text")).collect();
                desk.done(posts).await;
            }
        });
    }
    writers.join_all().await;
    let messages = desk.messages(chat).await;
    let numbers: Vec<u64> = messages.into_iter().map(|one| one.number.0).collect();
    assert_eq!(numbers, (1..=600).collect::<Vec<_>>());
}

async fn refusal(config: MysqlConfig) -> String {
    let error = MysqlStore::connect(config).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
    error.source().expect("why").to_string()
}

async fn a_database_of_a_newer_version_is_refused(engine: &str) {
    let database = Database::create(engine).await;
    drop(MysqlStore::connect(database.config()).await.expect("open"));
    database
        .change("INSERT INTO schema_versions (version) VALUES (99)")
        .await;
    let said = refusal(database.config()).await;
    assert!(said.contains("its schema is 99"), "{said}");
}

async fn a_database_of_something_else_is_refused_and_left_alone(engine: &str) {
    let database = Database::create(engine).await;
    database.change("CREATE TABLE messages (id INT)").await;
    let said = refusal(database.config()).await;
    assert!(said.contains("not a chat database"), "{said}");
    let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()";
    assert_eq!(database.ask(tables).await, 1);
}

async fn a_url_that_cannot_be_used_is_refused_without_its_password(_: &str) {
    for url in [
        "mysql://chat:s3cret@127.0.0.1",
        "sqlite:s3cret",
        "mysql://chat:s3cret@127.0.0.1:port/chat",
        "mysql://chat:x@127.0.0.1/chat?ssl-mode=s3cret",
    ] {
        let config = MysqlConfig::new(url);
        assert!(!format!("{config:?}").contains("s3cret"));
        let said = refusal(config).await;
        assert!(said.contains("URL") && !said.contains("s3cret"), "{said}");
    }
}
