//! Races: many writers at once.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::commit::{Batch, Outcome, Request, Sink};
use crate::error::ErrorKind;
use crate::ids::{ChatNumber, Head, Token};
use crate::kit::flaky::FlakyStore;
use crate::page::Limit;
use crate::port::Store;

use super::desk::{Desk, NOW, application, commit, delete, edit, head, is_done, number, post};

const WRITERS: u64 = 8;
const POSTS: u64 = 10_000;
/// How many posts are in a batch.
const BATCH: u64 = 50;

/// Runs a writer eight times at once and gathers what they return.
async fn at_once<T, F>(writer: impl Fn(u64) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut writers = JoinSet::new();
    for at in 0..WRITERS {
        writers.spawn(writer(at));
    }
    writers.join_all().await
}

/// Reads changes until it has seen so many messages; panics on a gap.
async fn read_without_a_gap(desk: Desk, chat: ChatNumber, messages: u64) {
    let id = desk.info(chat).await.id;
    let mut from = Head::START;
    while from.number.0 < messages {
        let page = desk.store.changes(id, from, Limit::MAX, None).await;
        let page = page.expect("changes").expect("the chat");
        for message in &page.messages {
            assert_eq!(message.number, from.number.next(), "a gap");
            from.number = message.number;
        }
        assert_eq!(page.next.number, from.number);
        tokio::task::yield_now().await;
    }
}

/// 10,000 posts of eight writers get 1 to 10,000; whoever sees n sees all below it.
pub async fn eight_writers_number_without_a_gap_while_a_reader_follows(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    let reader = tokio::spawn(read_without_a_gap(desk.clone(), chat, POSTS));
    let numbers = at_once(|writer| {
        let desk = desk.clone();
        async move {
            let mut numbers = Vec::new();
            for batch in 0..POSTS / WRITERS / BATCH {
                let text = format!("{writer}/{batch}");
                let posts = (0..BATCH).map(|_| post(chat, &text)).collect();
                let outcomes = desk.commit(posts).await;
                numbers.extend(outcomes.iter().filter_map(number));
            }
            assert!(numbers.is_sorted(), "a writer's own order stays");
            numbers
        }
    })
    .await;
    reader.await.expect("the reader saw no gap");
    let numbers: Vec<u64> = numbers.into_iter().flatten().collect();
    assert_eq!(numbers.len() as u64, POSTS, "nothing was refused");
    let numbers: BTreeSet<u64> = numbers.into_iter().collect();
    assert!(numbers.into_iter().eq(1..=POSTS));
    let info = desk.info(chat).await;
    assert_eq!((info.head, info.messages_count), (head(POSTS, 0), POSTS));
}

/// Of eight posts under one key at the same time there is one; all get its number.
pub async fn one_key_at_once_posts_once(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    for round in 0..20 {
        let key = format!("round-{round}");
        let outcomes = at_once(|_| {
            let (desk, key) = (desk.clone(), key.clone());
            async move {
                let ask = desk.ask_once(&key, post(chat, "once"));
                commit(&desk.store, vec![ask]).await.remove(0)
            }
        })
        .await;
        let first =
            |outcome: &&Outcome| matches!(outcome, Outcome::Done { replayed, .. } if !replayed);
        assert_eq!(outcomes.iter().filter(first).count(), 1, "{outcomes:?}");
        for outcome in &outcomes {
            assert_eq!(number(outcome), Some(round + 1));
        }
    }
    assert_eq!(desk.messages(chat).await.len(), 20);
}

/// Of eight applications that want one name at the same time one gets it.
pub async fn one_unique_name_at_once_is_taken_once(store: &Arc<dyn Store>) {
    for round in 0..10 {
        let outcomes = at_once(|_| {
            let ask = application(Token::random(), &format!("name-{round}"), true);
            let store = store.clone();
            async move { commit(&store, vec![ask]).await.remove(0) }
        })
        .await;
        let made = outcomes.iter().filter(|one| is_done(one)).count();
        assert_eq!(made, 1, "{outcomes:?}");
    }
}

/// Edits at the same time all take a change of their own; a deletion wins once.
pub async fn touches_at_once_take_changes_without_a_gap(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(10).await;
    let done = at_once(|writer| {
        let desk = desk.clone();
        async move {
            let mut done = 0;
            for number in 1..=10 {
                let outcomes = desk
                    .commit(vec![
                        edit(chat, number, &writer.to_string()),
                        delete(chat, 10),
                    ])
                    .await;
                done += outcomes.iter().filter(|one| is_done(one)).count() as u64;
            }
            done
        }
    })
    .await;
    let info = desk.info(chat).await;
    assert_eq!(info.head, head(10, done.iter().sum()));
    assert_eq!(info.messages_count, 9);
    let page = desk.changes(chat, head(10, 0), 20).await;
    let changes: BTreeSet<_> = page.messages.iter().map(|one| one.change).collect();
    assert_eq!(changes.len(), 10);
    assert_eq!(changes.last(), Some(&info.head.change));
}

/// Asks until it is answered, as a client does.
async fn until_answered(store: &dyn Store, request: Request) -> Outcome {
    let batch = Arc::new(Batch {
        requests: vec![request],
        sinks: vec![Sink::Index],
    });
    loop {
        match store.commit(batch.clone(), NOW).await {
            Ok(mut committed) => return committed.outcomes.remove(0),
            Err(error) => assert!(
                matches!(
                    error.kind(),
                    ErrorKind::Unavailable | ErrorKind::OutcomeUnknown
                ),
                "{error:?}"
            ),
        }
    }
}

/// Over a store that fails before and after commits, retries under a key post once each.
pub async fn retries_give_once_when_commits_fail(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    let flaky = Arc::new(FlakyStore::new(store.clone(), 42, 30));
    let numbers = at_once(|writer| {
        let (desk, flaky) = (desk.clone(), flaky.clone());
        async move {
            let mut numbers = Vec::new();
            for at in 0..25 {
                let text = format!("{writer}-{at}");
                let ask = desk.ask_once(&text, post(chat, &text));
                let outcome = until_answered(&*flaky, ask).await;
                numbers.push((number(&outcome).expect("posted"), text));
            }
            numbers
        }
    })
    .await;
    let mut numbers: Vec<_> = numbers.into_iter().flatten().collect();
    numbers.sort_unstable();
    let messages = desk.messages(chat).await.into_iter();
    let there: Vec<_> = messages.map(|one| (one.number.0, one.body)).collect();
    assert_eq!(
        numbers, there,
        "what was answered is there, and nothing else"
    );
    assert_eq!(there.len() as u64, WRITERS * 25);
}
