//! Encrypted lines and passwords: MySQL with the certificates that it made itself, Redis with a port for TLS, Elasticsearch behind
//! an end of TLS that asks for a password. Each takes the right ones, and says in time what is wrong with others, without the
//! password.

use std::error::Error;
use std::time::{Duration, Instant};

use chat_core::error::{BackendError, ErrorKind};
use chat_core::port::{Search, Upkeep};
use chat_queue_redis::Redis;
use chat_search_es::{EsConfig, EsSearch};
use chat_store_mysql::{MysqlConfig, MysqlStore};
use libtest_mimic::Trial;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tests::scratch::{Database, Indices};
use uuid::Uuid;

use self::authority::{Authority, is_installed};
use self::gate::Gate;
use crate::engine::{case, url};
use crate::redis::server::{self, Port, Server};

mod authority;
mod gate;

const PASSWORD: &str = "c0rrect";
const WRONG: &str = "wr0ng";
/// Whatever takes longer does not say so in time.
const BOUND: Duration = Duration::from_secs(20);

pub(crate) fn trials() -> Vec<Trial> {
    let runs = |engine| is_installed() && url(engine).is_some();
    vec![
        case(
            "tls::mysql".to_owned(),
            runs("mysql") && runs("mariadb"),
            mysql(),
        ),
        case(
            "tls::redis".to_owned(),
            is_installed() && server::is_installed(),
            redis(),
        ),
        case(
            "tls::elasticsearch".to_owned(),
            runs("elasticsearch"),
            elasticsearch(),
        ),
    ]
}

/// It says in time that it is not possible now, and tells no password.
async fn refused<T>(what: &str, opening: impl Future<Output = Result<T, BackendError>>) {
    let began = Instant::now();
    let Err(error) = opening.await else {
        panic!("{what}: it is taken");
    };
    assert!(began.elapsed() < BOUND, "{what}: {:?}", began.elapsed());
    let mut told = format!("{error:?}");
    let mut source: Option<&dyn Error> = Some(&error);
    while let Some(error) = source {
        told = format!("{told}\n{error}");
        source = error.source();
    }
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{what}: {told}");
    let tells = told.contains(PASSWORD) || told.contains(WRONG);
    assert!(!tells, "{what}: {told}");
}

async fn mysql() {
    let database = Database::create("mysql").await;
    let mut root = MySqlConnection::connect(&database.url())
        .await
        .expect("the engine answers");
    let folder: String = sqlx::query_scalar("SELECT @@datadir")
        .fetch_one(&mut root)
        .await
        .expect("where its certificates are");
    let (_, name) = database.url().rsplit_once('/').map(owned).expect("a name");
    let user = Uuid::new_v4().simple().to_string();
    let make = format!(
        "CREATE USER '{user}' IDENTIFIED BY '{PASSWORD}' REQUIRE SSL; GRANT ALL ON {name}.* TO '{user}'"
    );
    root.execute(AssertSqlSafe(make)).await.expect("a user");

    let (ours, other) = (format!("{folder}/ca.pem"), Authority::new());
    let verified = |ca: &str| format!("ssl-mode=VERIFY_CA&ssl-ca={ca}");
    let at = |password: &str, settings: &str| {
        let address = database.address();
        connected(format!(
            "mysql://{user}:{password}@{address}/{name}?{settings}"
        ))
    };
    let store = at(PASSWORD, &verified(&ours)).await.expect("a store");
    store.ready().await.expect("it answers");
    refused("wrong password", at(WRONG, &verified(&ours))).await;
    refused("wrong authority", at(PASSWORD, &verified(&other.ca()))).await;
    refused("without TLS", at(PASSWORD, "ssl-mode=DISABLED")).await;
    drop(store);
    let forget = AssertSqlSafe(format!("DROP USER '{user}'"));
    root.execute(forget).await.expect("the user is gone");

    let plain = Database::create("mariadb").await;
    let plain = format!("{}?ssl-mode=REQUIRED", plain.url());
    refused("a server without TLS", connected(plain)).await;
}

fn owned((before, after): (&str, &str)) -> (String, String) {
    (before.to_owned(), after.to_owned())
}

async fn connected(url: String) -> Result<MysqlStore, BackendError> {
    let mut config = MysqlConfig::new(url);
    config.connect_timeout = Duration::from_secs(2);
    MysqlStore::connect(config).await
}

async fn redis() {
    let (authority, other) = (Authority::new(), Authority::new());
    let encrypted = Port::hold();
    let port = encrypted.number();
    let user = format!(">{PASSWORD}");
    let server = Server::start(&[
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &authority.certificate(),
        "--tls-key-file",
        &authority.key(),
        "--tls-ca-cert-file",
        &authority.ca(),
        "--tls-auth-clients",
        "no",
        "--requirepass",
        PASSWORD,
        "--user",
        "ann",
        "on",
        &user,
        "~*",
        "&*",
        "+@all",
    ]);
    let ready = |scheme: &str, login: &str, port: u16, ca: &str| {
        // Whom to trust is no option of a line in the clear.
        let trusted = match scheme {
            "rediss" => format!("?ca={ca}"),
            _ => String::new(),
        };
        let url = format!("{scheme}://{login}@localhost:{port}/{trusted}");
        async move {
            let redis = Redis::new(url.parse().expect("a URL"))?;
            redis.ready().await
        }
    };
    let (ca, plain) = (authority.ca(), server.port());
    let logins = |password: &str| [format!("ann:{password}"), format!(":{password}")];
    server.says(&["PING"], "NOAUTH").await;
    for login in logins(PASSWORD) {
        for (scheme, port) in [("rediss", port), ("redis", plain)] {
            ready(scheme, &login, port, &ca).await.expect(scheme);
        }
        refused(
            "wrong authority",
            ready("rediss", &login, port, &other.ca()),
        )
        .await;
        refused("a port without TLS", ready("rediss", &login, plain, &ca)).await;
        refused("a port with TLS", ready("redis", &login, port, &ca)).await;
    }
    for login in logins(WRONG) {
        refused("wrong password", ready("rediss", &login, port, &ca)).await;
    }
    refused("no password", ready("rediss", "", port, &ca)).await;
}

async fn elasticsearch() {
    let (authority, other) = (Authority::new(), Authority::new());
    let indices = Indices::of("elasticsearch");
    let plain = indices.url();
    let (server, settings) = plain
        .trim_start_matches("http://")
        .split_once('/')
        .map(owned)
        .expect("a URL");
    let gate = Gate::before(server.clone(), &authority).await;
    let ready = |password: &str, address: String, ca: &str| {
        let url = format!("https://ann:{password}@{address}/{settings}&ca={ca}");
        async move {
            let config = EsConfig::parse(&url).expect("a URL");
            EsSearch::connect(&config).expect("settings").ready().await
        }
    };
    let ca = authority.ca();
    let secure = || format!("localhost:{}", gate.port());
    ready(PASSWORD, secure(), &ca).await.expect("it answers");
    refused("wrong password", ready(WRONG, secure(), &ca)).await;
    refused("wrong authority", ready(PASSWORD, secure(), &other.ca())).await;
    refused("a port without TLS", ready(PASSWORD, server, &ca)).await;
}
