//! Idempotency keys: once, and the same answer again.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::commit::{Command, Outcome, Refusal, Scope};
use crate::ids::{ChatNumber, Token};
use crate::port::Store;

use super::desk::{
    Desk, NOW, application, commit, commit_at, create_chat, edit, is_done, key, limit, number, post,
};

fn replay(outcome: &Outcome) -> Outcome {
    match outcome.clone() {
        Outcome::Done { done, .. } => Outcome::Done {
            done,
            replayed: true,
        },
        refused @ Outcome::Refused(_) => refused,
    }
}

/// A retry gets the first answer, its time included, and changes nothing.
pub async fn a_key_replays_the_first_answer(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    let ask = || {
        vec![
            desk.ask_once("create", create_chat(Some("kept"))),
            desk.ask_once("post", post(chat, "once")),
            desk.ask_once("edit", edit(chat, 1, "edited")),
            desk.ask_once("close", Command::CloseChat(ChatNumber(2))),
        ]
    };
    let first = commit(store, ask()).await;
    assert!(first.iter().all(is_done), "{first:?}");
    let before = desk.info(chat).await;
    let again = commit_at(store, ask(), NOW.plus_seconds(60)).await;
    let replayed: Vec<Outcome> = first.iter().map(replay).collect();
    assert_eq!(again.outcomes, replayed);
    assert!(again.moved.is_empty());
    assert_eq!(desk.info(chat).await, before);
}

/// The first of a batch is remembered for the others.
pub async fn a_key_replays_within_one_batch(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    let ask = || desk.ask_once("key", post(chat, "once"));
    let outcomes = commit(
        store,
        vec![ask(), desk.ask(post(chat, "between")), ask(), ask()],
    )
    .await;
    let numbers: Vec<_> = outcomes.iter().filter_map(number).collect();
    assert_eq!(numbers, [1, 2, 1, 1]);
    assert_eq!(outcomes[2], replay(&outcomes[0]));
    assert_eq!(desk.messages(chat).await.len(), 2);
}

/// A key that was used is refused for another request, which changes nothing.
pub async fn a_key_stands_for_one_request(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    let refused = Outcome::Refused(Refusal::KeyReused);
    let ask = |text| desk.ask_once("key", post(chat, text));
    let outcomes = commit(store, vec![ask("one"), ask("two")]).await;
    assert!(is_done(&outcomes[0]));
    assert_eq!(outcomes[1], refused);
    assert_eq!(commit(store, vec![ask("three")]).await, [refused]);
    assert_eq!(desk.messages(chat).await.len(), 1);
    assert_eq!(
        commit(store, vec![ask("one")]).await,
        [replay(&outcomes[0])]
    );
}

/// A key means something else in another chat, for another kind of command, and elsewhere.
pub async fn a_key_is_free_in_another_chat_kind_and_application(store: &Arc<dyn Store>) {
    let (left, right) = (Desk::open(store).await, Desk::open(store).await);
    let (one, two) = (left.chat().await, left.chat().await);
    right.chat().await;
    let outcomes = commit(
        store,
        vec![
            left.ask_once("key", post(one, "text")),
            left.ask_once("key", post(two, "text")),
            left.ask_once("key", edit(one, 1, "text")),
            left.ask_once("key", create_chat(None)),
            right.ask_once("key", post(one, "text")),
            right.ask_once("key", create_chat(None)),
        ],
    )
    .await;
    for outcome in &outcomes {
        assert!(
            matches!(outcome, Outcome::Done { replayed, .. } if !replayed),
            "{outcomes:?}"
        );
    }
    assert_eq!(right.messages(one).await.len(), 1);
}

/// Only successes are remembered: what was refused may succeed later under the same key.
pub async fn a_refused_command_is_not_remembered(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = ChatNumber(1);
    let ask = || vec![desk.ask_once("key", post(chat, "text"))];
    let refused = [Outcome::Refused(Refusal::ChatNotFound(chat))];
    assert_eq!(commit(store, ask()).await, refused);
    assert_eq!(desk.chat().await, chat);
    assert_eq!(number(&commit(store, ask()).await[0]), Some(1));
    assert_eq!(number(&commit(store, ask()).await[0]), Some(1));
    desk.done(vec![Command::CloseChat(chat)]).await;
    let replayed = commit(store, ask()).await;
    assert_eq!(number(&replayed[0]), Some(1), "a success stays one");
}

/// What was done under a key stays done when the application is deleted, the deletion itself too,
/// and when it is erased.
pub async fn a_key_outlives_its_application(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    let id = desk.info(chat).await.id;
    let ask = || {
        let close = desk.ask_once("close", Command::CloseApplication);
        let mut by_token = close.clone();
        by_token.scope = Scope::Token(desk.token.hash());
        vec![desk.ask_once("post", post(chat, "once")), close, by_token]
    };
    let first = commit(store, ask()).await;
    assert!(first.iter().all(is_done), "{first:?}");
    let replayed: Vec<Outcome> = first.iter().map(replay).collect();
    assert_eq!(replayed[2], first[2]);
    assert_eq!(commit(store, ask()).await, replayed);
    while store.erase(id, limit(100)).await.expect("erase").more {}
    assert_eq!(commit(store, ask()).await, replayed);
    let refused = Outcome::Refused(Refusal::ApplicationNotFound);
    let others = vec![
        desk.ask(Command::CloseApplication),
        desk.ask_once("post", post(chat, "another")),
        desk.ask_once("new", post(chat, "once")),
    ];
    let others_refused = [refused.clone(), refused.clone(), refused.clone()];
    assert_eq!(commit(store, others).await, others_refused);
    let all = NOW.plus_seconds(1);
    while store.forget(all, limit(1)).await.expect("forget").more {}
    assert_eq!(commit(store, ask()).await, others_refused);
}

/// A retried creation answers with the token of the first one.
pub async fn a_key_makes_one_application(store: &Arc<dyn Store>) {
    let ask = |token| {
        let mut request = application(token, "once", true);
        request.key = Some(key("key", &request.command));
        vec![request]
    };
    let (first, second) = (Token::random(), Token::random());
    let made = commit(store, ask(first)).await;
    assert!(is_done(&made[0]), "{made:?}");
    assert_eq!(commit(store, ask(second)).await, [replay(&made[0])]);
    let found = store.by_token(first.hash()).await.expect("by_token");
    assert!(found.is_some());
    let found = store.by_token(second.hash()).await.expect("by_token");
    assert_eq!(found, None);
}

/// Keys are kept until a time, then go in bounded steps, the others stay.
pub async fn keys_are_forgotten_bit_by_bit(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    for at in 0..5_i64 {
        let ask = desk.ask_once(&format!("key-{at}"), post(chat, "text"));
        commit_at(store, vec![ask], NOW.plus_seconds(at)).await;
    }
    let before = NOW.plus_seconds(3);
    let mut gone = 0;
    loop {
        let step = store.forget(before, limit(2)).await.expect("forget");
        assert!(step.rows <= 2);
        gone += step.rows;
        if !step.more {
            break;
        }
    }
    assert_eq!(gone, 3);
    let nothing = store.forget(Timestamp(0), limit(2)).await.expect("forget");
    assert_eq!((nothing.rows, nothing.more), (0, false));
    for (at, expected) in [(0, 6), (2, 7), (3, 4), (4, 5)] {
        let ask = desk.ask_once(&format!("key-{at}"), post(chat, "text"));
        let outcomes = commit(store, vec![ask]).await;
        assert_eq!(number(&outcomes[0]), Some(expected), "key {at}");
    }
}
