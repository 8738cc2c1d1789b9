//! One question to an index.

use chat_core::ids::{ChatId, MessageNumber};
use chat_core::port::{Hit, Order, SearchQuery, SearchScope};
use chat_core::terms::{Clause, Phrase};
use elasticsearch::http::Method;
use serde_json::{Value, json};

use chat_core::error::BackendError;

use crate::client::{Ask, Operation};
use crate::error::unexpected;

/// An answer that a part of the index is missing from is none.
pub(crate) const WHOLE: &[(&str, &str)] = &[("allow_partial_search_results", "false")];

/// The hits of a query that is not empty.
pub(crate) async fn find(
    op: Operation<'_>,
    alias: &str,
    asked: &SearchQuery,
) -> Result<Vec<Hit>, BackendError> {
    let application = match asked.scope {
        SearchScope::Chat(application, _) | SearchScope::Application(application) => application,
    };
    let path = format!("/{alias}/_search");
    let routing = application.to_string();
    let parameters = [WHOLE[0], ("routing", &routing)];
    let body = body(asked);
    let ask = Ask::new(Method::Post, &path).with(&parameters).json(&body);
    let answer = op.ask(ask).await?;
    let hits = answer["hits"]["hits"].as_array();
    let hits = hits.ok_or_else(|| unexpected(op.name, "an answer without hits"))?;
    hits.iter()
        .map(|found| hit(found).ok_or_else(|| unexpected(op.name, "a hit without a place")))
        .collect()
}

/// A hit is its document's id and the last of what it was sorted by.
fn hit(found: &Value) -> Option<Hit> {
    let (chat, number) = found["_id"].as_str()?.split_once('-')?;
    Some(Hit {
        chat: ChatId(chat.parse().ok()?),
        number: MessageNumber(number.parse().ok()?),
        position: found["sort"].as_array()?.last()?.as_u64()?,
    })
}

fn body(asked: &SearchQuery) -> Value {
    let (scope, place) = match asked.scope {
        SearchScope::Chat(application, chat) => (
            vec![
                term("chat", &chat.to_string()),
                term("application", &application.to_string()),
            ],
            "number",
        ),
        SearchScope::Application(application) => (
            vec![term("application", &application.to_string())],
            "position",
        ),
    };
    let clauses: Vec<Value> = asked.query.clauses().iter().map(clause).collect();
    let (query, sort) = match asked.order {
        Order::Relevance => (
            json!({"bool": {"filter": scope, "must": clauses}}),
            json!([{"_score": "desc"}, {place: "desc"}]),
        ),
        Order::Newest => (filter(scope, clauses), json!([{place: "desc"}])),
        Order::Oldest => (filter(scope, clauses), json!([{place: "asc"}])),
    };
    let mut body = json!({
        "size": asked.limit.get(),
        "_source": false,
        "track_total_hits": false,
        "query": query,
        "sort": sort,
    });
    if let (Some(after), Order::Newest | Order::Oldest) = (asked.after, asked.order) {
        // A position beyond all is as good as the last one.
        body["search_after"] = json!([i64::try_from(after).unwrap_or(i64::MAX)]);
    }
    body
}

fn filter(mut scope: Vec<Value>, clauses: Vec<Value>) -> Value {
    scope.extend(clauses);
    json!({"bool": {"filter": scope}})
}

fn clause(Clause { any }: &Clause) -> Value {
    match any.as_slice() {
        [only] => phrase(only),
        several => {
            let several: Vec<Value> = several.iter().map(phrase).collect();
            json!({"bool": {"should": several, "minimum_should_match": 1}})
        }
    }
}

fn phrase(phrase: &Phrase) -> Value {
    let row = phrase.as_str();
    match phrase.terms().nth(1) {
        Some(_) => json!({"match_phrase": {"terms": row}}),
        None => term("terms", row),
    }
}

fn term(field: &str, value: &str) -> Value {
    json!({"term": {field: value}})
}
