//! Requests to every documented operation, in any order, with anything in them.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test fails by panicking, and only tests see this"
)]

use std::fmt::Write as _;
use std::sync::LazyLock;

use bytes::Bytes;
use chat_core::{Chat, Parts};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::house::{REQUEST_ID, doors};

/// An application that is nowhere.
const NOBODY: &str = "2b1f8a52-3c5e-4a8e-9f53-0a6b1f8f2f11";

/// What a door documents.
#[derive(Debug, Clone)]
pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    /// The parameters of the query.
    query: Vec<String>,
}

/// Every operation that a door documents.
pub fn operations() -> &'static [Operation] {
    static ALL: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let chat = runtime.block_on(Chat::start(Parts::in_memory())).unwrap();
        let doors = doors(&chat, false);
        let documents = doors.map(|door| serde_json::to_value(door.document()).unwrap());
        documents.iter().flat_map(documented).collect()
    });
    &ALL
}

fn documented(document: &Value) -> Vec<Operation> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let parameters = operation["parameters"].as_array();
            let in_query = parameters.into_iter().flatten();
            found.push(Operation {
                id: text(&operation["operationId"]),
                method: method.to_uppercase(),
                path: path.clone(),
                query: in_query
                    .filter(|parameter| parameter["in"] == "query")
                    .map(|parameter| text(&parameter["name"]))
                    .collect(),
            });
        }
    }
    found
}

/// What a house gave out that requests can name.
pub struct Places {
    pub token: String,
    pub own_cursor: String,
    pub foreign_cursors: Vec<String>,
}

/// An operation that nobody asked for.
const NO_OPERATION: &str = "9d1ad7ac-7b87-4d32-8aa9-6d0a0b6f7a11";

/// Who asks.
#[derive(Debug, Clone)]
pub enum Caller {
    /// With the token of another application.
    Stranger,
    /// With the token of none.
    Nobody,
    /// With what the owner shows in public.
    PublicId,
    /// With the owner's token but for its last digit.
    Close,
    /// With the owner's token cut short.
    Cut,
    /// With what is no token.
    Malformed(String),
}

impl Caller {
    /// What stands in the application's place here, and in the house without the owner.
    pub fn names(
        &self,
        token: &str,
        public_id: &str,
        here: &Places,
        there: &Places,
    ) -> (String, String) {
        let cut = &token[..token.len() - 1];
        let name = match self {
            Self::Stranger => return (here.token.clone(), there.token.clone()),
            Self::Nobody => NOBODY.to_owned(),
            Self::PublicId => public_id.to_owned(),
            Self::Close if token.ends_with('0') => format!("{cut}1"),
            Self::Close => format!("{cut}0"),
            Self::Cut => cut.to_owned(),
            Self::Malformed(text) => escaped(text),
        };
        (name, NOBODY.to_owned())
    }
}

/// A value in a query.
#[derive(Debug, Clone)]
enum Word {
    Text(String),
    OwnCursor,
    ForeignCursor(usize),
}

/// One request that everybody makes.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub operation: Operation,
    chat: String,
    message: String,
    query: Vec<Option<Word>>,
    key: Option<&'static str>,
    accept: Option<&'static str>,
    kind: Option<&'static str>,
    body: Vec<u8>,
    malformed: Caller,
}

impl Attempt {
    pub fn is_native(&self) -> bool {
        self.operation.path.starts_with("/api/v1/")
    }

    /// Who makes it.
    pub fn callers(&self) -> Vec<Caller> {
        if !self.operation.path.contains('{') {
            return vec![Caller::Stranger];
        }
        let fixed = [
            Caller::Stranger,
            Caller::Nobody,
            Caller::PublicId,
            Caller::Close,
            Caller::Cut,
        ];
        // Whoever is to log in, or to say so on a socket, knocks with the public id: there is an answer to that where the
        // application is.
        let knocks = matches!(self.operation.id.as_str(), "create_session" | "open_stream");
        fixed
            .into_iter()
            .filter(|caller| !(knocks && matches!(caller, Caller::PublicId)))
            .chain([self.malformed.clone()])
            .collect()
    }

    pub fn request(&self, caller: &str, places: &Places) -> http::Request<Bytes> {
        let mut uri = String::new();
        for segment in self.operation.path.split('/').skip(1) {
            uri.push('/');
            uri.push_str(match segment {
                "{app}" | "{uuid}" => caller,
                "{chat}" | "{n}" => &self.chat,
                "{message}" | "{user}" => &self.message,
                "{operation}" | "{session}" => NO_OPERATION,
                literal => {
                    assert!(!literal.starts_with('{'), "what stands in {literal}?");
                    literal
                }
            });
        }
        let mut mark = '?';
        let names = self.operation.query.iter().map(String::as_str);
        for (name, word) in names.chain(["unknown"]).zip(&self.query) {
            let value = match word {
                None => continue,
                Some(Word::Text(text)) => escaped(text),
                Some(Word::OwnCursor) => places.own_cursor.clone(),
                Some(Word::ForeignCursor(at)) => {
                    let cursors = &places.foreign_cursors;
                    cursors[at % cursors.len()].clone()
                }
            };
            write!(uri, "{mark}{name}={value}").unwrap();
            mark = '&';
        }
        let mut request = http::Request::builder()
            .method(self.operation.method.as_str())
            .uri(uri)
            .header("host", "test")
            .header("x-request-id", REQUEST_ID);
        for (name, value) in [
            ("idempotency-key", self.key),
            ("accept", self.accept),
            ("content-type", self.kind),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        request.body(self.body.clone().into()).unwrap()
    }
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn text() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "kestrel",
        "\"flies at midnight\"",
        "tower",
        "",
        " ",
        "東京 ünïcode",
        crate::KNOWN,
    ];
    prop_oneof![
        3 => select(KNOWN).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
    ]
}

fn number() -> impl Strategy<Value = String> {
    const ODD: &[&str] = &[
        "0",
        "007",
        "+1",
        "x",
        "%00",
        "%ff",
        "18446744073709551615",
        "18446744073709551616",
    ];
    prop_oneof![
        5 => (1..6_u8).prop_map(|number| number.to_string()),
        1 => select(ODD).prop_map(str::to_owned),
    ]
}

/// A value for a parameter, more often one that it takes.
fn word(name: &str) -> BoxedStrategy<Word> {
    const ODD: &[&str] = &["1000", "1001", "-1", "newest"];
    let known = match name {
        "query" | "message" => Just("kestrel".to_owned()).boxed(),
        "sort" => Just("relevance".to_owned()).boxed(),
        _ => (0..6_u8).prop_map(|number| number.to_string()).boxed(),
    };
    prop_oneof![
        6 => known.prop_map(Word::Text),
        2 => text().prop_map(Word::Text),
        1 => select(ODD).prop_map(|text| Word::Text(text.to_owned())),
        2 => Just(Word::OwnCursor),
        2 => (0..4_usize).prop_map(Word::ForeignCursor),
    ]
    .boxed()
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    const KEYS: &[&str] = &["name", "body", "message", "application", "data", "reply_to"];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((select(KEYS), inner), 0..3).prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let good = (text(), 1..6_u8, 0..14_u8).prop_map(|(text, number, form)| match form {
        0 => json!({ "name": text }),
        1 => json!({"application": {"name": text}}),
        2 => json!({"message": {"body": text}}),
        3 => json!({"message": {"message": text}}),
        4 => json!({"body": text, "reply_to": number}),
        5 => json!({"data": {"any": text}}),
        6 => json!({ "message": text }),
        7 => json!({ "name": null }),
        8 => json!({ "username": text }),
        9 => json!({ "members": [number] }),
        10 => json!({"kind": "group", "members": [number]}),
        11 => json!({ "role": "reader" }),
        12 => json!({ "read": number }),
        _ => json!({ "body": text }),
    });
    let bytes = |value: Value| value.to_string().into_bytes();
    prop_oneof![
        6 => good.prop_map(bytes),
        2 => any_json().prop_map(bytes),
        1 => vec(any::<u8>(), 0..40),
        1 => text().prop_map(|text| format!("name={0}&body={0}", escaped(&text)).into_bytes()),
        1 => Just(Vec::new()),
    ]
}

fn malformed() -> impl Strategy<Value = Caller> {
    const ODD: &[&str] = &["kestrel & sons", "1", "%", "..", "a/b", "null", "*"];
    prop_oneof![select(ODD).prop_map(str::to_owned), "\\PC{1,40}"].prop_map(Caller::Malformed)
}

fn attempt(operation: Operation) -> impl Strategy<Value = Attempt> {
    let known = operation.query.iter().map(|name| option::of(word(name)));
    let query = (
        known.collect::<Vec<_>>(),
        option::weighted(0.1, word("unknown")),
    );
    let headers = (
        option::of(select(&[crate::KEY, "k-2", "not a key"][..])),
        option::weighted(
            0.3,
            select(["application/problem+json", "text/event-stream", "*/*"].as_slice()),
        ),
        option::of(select(
            [
                "application/json",
                "application/x-www-form-urlencoded",
                "text/plain",
            ]
            .as_slice(),
        )),
    );
    (number(), number(), query, headers, body(), malformed()).prop_map(
        move |(chat, message, (mut query, unknown), (key, accept, kind), body, malformed)| {
            query.push(unknown);
            Attempt {
                operation: operation.clone(),
                chat,
                message,
                query,
                key,
                accept,
                kind,
                body,
                malformed,
            }
        },
    )
}

/// Every operation, twice, in any order.
pub fn script() -> impl Strategy<Value = Vec<Attempt>> {
    let twice = operations().iter().chain(operations()).cloned();
    Just(twice.collect::<Vec<_>>())
        .prop_shuffle()
        .prop_flat_map(|operations| operations.into_iter().map(attempt).collect::<Vec<_>>())
}
