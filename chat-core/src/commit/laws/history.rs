//! Generated histories: commands of many callers, with keys, retries, nonsense and a bad clock.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::clock::Timestamp;
use crate::commit::{
    Batch, Command, Import, Imported, Key, Outcome, Request, Scope, Sink, SourceHash,
};
use crate::ids::{ApplicationId, ChatNumber, MessageNumber, Token};
use crate::kit::store::desk;
use crate::memory::MemoryStore;
use crate::port::{Commit, Committed};
use crate::text::{Body, IdempotencyKey};

/// How many applications a history starts with; their rows are 1, 2, …
pub(super) const APPLICATIONS: i64 = 2;

/// What is committed together, at what time.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) requests: Vec<Request>,
    pub(super) now: Timestamp,
}

/// One thing a caller wants. Small ranges, so that wishes meet, and some are nonsense.
fn command() -> impl Strategy<Value = Command> {
    let chat = || prop_oneof![3 => Just(1_u64), 2 => Just(2), 1 => Just(3)].prop_map(ChatNumber);
    let text = || prop::sample::select(vec!["a", "b", "ä 🎈"]);
    let number = 1..=8_u64;
    prop_oneof![
        16 => (chat(), text()).prop_map(|(chat, text)| desk::post(chat, text)),
        3 => (chat(), number.clone(), text()).prop_map(|(chat, number, text)| desk::edit(chat, number, text)),
        2 => (chat(), number.clone()).prop_map(|(chat, number)| desk::delete(chat, number)),
        2 => (chat(), number, text()).prop_map(|(chat, to, text)| desk::reply(chat, to, text)),
        2 => prop::option::of(text()).prop_map(desk::create_chat),
        1 => (chat(), prop::option::of(text())).prop_map(|(chat, text)| {
            Command::RenameChat(chat, text.map(desk::name))
        }),
        1 => import(chat(), text()),
        1 => text().prop_map(|text| Command::RenameApplication(desk::name(text))),
        1 => chat().prop_map(Command::CloseChat),
    ]
}

fn import(
    chat: impl Strategy<Value = ChatNumber>,
    text: impl Strategy<Value = &'static str>,
) -> impl Strategy<Value = Command> {
    let line = (chat, prop::option::of(text), prop::option::of(1..=8_u64));
    (0..=4_u64, vec(line, 0..4)).prop_map(|(from, lines)| {
        let messages: Vec<_> = lines
            .into_iter()
            .map(|(chat, text, reply_to)| {
                let one = Imported {
                    body: text.map(|text| Body::parse(text).unwrap()),
                    author_name: Some(desk::name("someone")),
                    data: None,
                    reply_to: reply_to.map(MessageNumber),
                    created_at: Some(Timestamp(5)),
                    edited_at: None,
                    deleted_at: None,
                };
                (chat, one)
            })
            .collect();
        Command::Import(Import {
            source: SourceHash([0; 32]),
            from,
            to: from + messages.len() as u64,
            messages,
        })
    })
}

/// A command somewhere, now and then under one of few keys: some are retries, some are misused.
fn request() -> impl Strategy<Value = Request> {
    let row = prop_oneof![
        20 => 1..=APPLICATIONS,
        1 => Just(APPLICATIONS + 1),
    ];
    let scope = row.prop_map(|row| Scope::Application(ApplicationId(row)));
    let closing = prop_oneof![
        200 => command(),
        1 => Just(Command::CloseApplication),
    ];
    (scope, closing, prop::option::weighted(0.3, 0..6_u8)).prop_map(|(scope, command, key)| {
        let key = key.map(|key| {
            let key = IdempotencyKey::parse(format!("key-{key}")).unwrap();
            Key::of(&key, &command)
        });
        Request {
            scope,
            command,
            key,
            operation: None,
        }
    })
}

/// Batches as they form: of any size, some requests sent again later, the clock going back too.
pub(super) fn history() -> impl Strategy<Value = Vec<Step>> {
    let step = (vec(request(), 1..12), -20..40_i64);
    (
        vec(step, 1..12),
        vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
            0..8,
        ),
    )
        .prop_map(|(steps, retries)| {
            let mut now = desk::NOW;
            let mut steps: Vec<Step> = steps
                .into_iter()
                .map(|(requests, seconds)| {
                    now = now.plus_seconds(seconds);
                    Step { requests, now }
                })
                .collect();
            for (from, to) in retries {
                let again = from.get(&steps).requests[0].clone();
                let to = to.index(steps.len());
                steps[to].requests.push(again);
            }
            steps
        })
}

/// A store with the applications of a history, each with one chat of two messages.
pub(super) async fn store() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    for _ in 0..APPLICATIONS {
        let made = desk::application(Token::random(), "home", false);
        commit(&store, vec![made], desk::NOW).await;
    }
    for application in 1..=APPLICATIONS {
        let chat = ChatNumber(1);
        let commands = [
            desk::create_chat(None),
            desk::post(chat, "1"),
            desk::post(chat, "2"),
        ];
        let scope = Scope::Application(ApplicationId(application));
        let requests = commands.map(|command| Request {
            scope,
            command,
            key: None,
            operation: None,
        });
        let committed = commit(&store, requests.into(), desk::NOW).await;
        assert!(committed.outcomes.iter().all(desk::is_done));
    }
    store
}

pub(super) async fn commit(
    store: &MemoryStore,
    requests: Vec<Request>,
    now: Timestamp,
) -> Committed {
    let sinks = vec![Sink::Index];
    let batch = Arc::new(Batch { requests, sinks });
    store.commit(batch, now).await.unwrap()
}

/// Commits a history and says what became of each request.
pub(super) async fn run(store: &MemoryStore, steps: &[Step]) -> Vec<(Request, Outcome)> {
    let mut told = Vec::new();
    for step in steps {
        let committed = commit(store, step.requests.clone(), step.now).await;
        told.extend(step.requests.iter().cloned().zip(committed.outcomes));
    }
    told
}

/// Runs async code of a property.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// Runs a property.
pub(super) fn law(
    property: impl Future<Output = Result<(), TestCaseError>>,
) -> Result<(), TestCaseError> {
    block_on(property)
}
