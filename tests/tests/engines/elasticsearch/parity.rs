//! Generated texts and queries: every backend finds the same.

use std::cell::Cell;
use std::sync::Arc;

use chat_core::ids::{ApplicationId, ChatId};
use chat_core::kit::search::{agrees_with_the_matcher, posted};
use chat_core::kit::texts;
use chat_core::page::Limit;
use chat_core::port::{Document, Order, Search, SearchQuery, SearchScope};
use chat_core::terms::Query;
use chat_embedded::{SearchConfig, SqliteSearch};
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::fresh;

/// How many corpora are tried.
const CORPORA: u32 = 64;

pub(crate) async fn matcher(engine: &'static str) {
    let (search, _indices) = fresh(engine);
    each_corpus(|chat, bodies, queries| {
        let agrees = agrees_with_the_matcher(&search, chat, bodies, queries);
        Handle::current().block_on(agrees);
    });
}

pub(crate) async fn sqlite(engine: &'static str) {
    let folder = TempDir::new().expect("a folder");
    let config = SearchConfig::new(folder.path().join("search.db"));
    let embedded: Arc<dyn Search> = Arc::new(SqliteSearch::open(config).expect("an index"));
    let (cluster, _indices) = fresh(engine);
    each_corpus(|application, bodies, queries| {
        Handle::current().block_on(async {
            let application = ApplicationId(application);
            let documents = two_chats(application, bodies);
            for search in [&embedded, &cluster] {
                search.put(&documents).await.expect("put");
                search.refresh().await.expect("refresh");
            }
            for query in queries {
                for scope in [
                    SearchScope::Chat(application, documents[0].chat),
                    SearchScope::Application(application),
                ] {
                    for order in [Order::Newest, Order::Oldest] {
                        let left = places(&embedded, scope, order, query).await;
                        let right = places(&cluster, scope, order, query).await;
                        assert_eq!(
                            left, right,
                            "{query:?} in {scope:?}, {order:?}, over {bodies:?}"
                        );
                    }
                }
            }
        });
    });
}

/// Texts by turns in two chats of an application.
fn two_chats(application: ApplicationId, bodies: &[String]) -> Vec<Document> {
    let chat = |turn: u64| application.0 * 2 + i64::from(turn.is_multiple_of(2));
    (1..)
        .zip(bodies)
        .map(|(turn, body)| Document {
            application,
            ..posted(chat(turn), turn, body)
        })
        .collect()
}

/// Where a query finds something, in order, two at a time.
async fn places(
    search: &Arc<dyn Search>,
    scope: SearchScope,
    order: Order,
    query: &str,
) -> Vec<(ChatId, u64)> {
    let mut places = Vec::new();
    let mut after = None;
    loop {
        let asked = SearchQuery {
            scope,
            query: Arc::new(Query::parse(query)),
            order,
            after,
            limit: Limit::new(2).expect("a limit"),
        };
        let hits = search.query(&asked).await.expect("query");
        places.extend(hits.iter().map(|hit| (hit.chat, hit.number.0)));
        match hits.last() {
            Some(hit) => after = Some(hit.position),
            None => return places,
        }
    }
}

/// Runs a check with each corpus and a number of its own.
fn each_corpus(check: impl Fn(i64, &[String], &[String])) {
    let number = Cell::new(0);
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(CORPORA)
    });
    let outcome = runner.run(&texts::corpus(), |(bodies, queries)| {
        number.set(number.get() + 1);
        block_in_place(|| check(number.get(), &bodies, &queries));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
