//! Dense, once, counted right, and the same however commands are grouped.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::history::{APPLICATIONS, Step, history, law, run, store};
use crate::clock::Timestamp;
use crate::commit::{Command, Done, Outcome, Refusal, Request};
use crate::ids::{ApplicationId, ChatId, ChatNumber, ChatUuid, MessageNumber, UserNumber};
use crate::memory::MemoryStore;
use crate::model::{ChatInfo, Member, Message};
use crate::page::{Limit, Span};
use crate::port::{Applications, Chats, Drift, History, Members};
use crate::recount::recount;

/// Everything that can be seen in a store.
type Seen = BTreeMap<(ApplicationId, ChatNumber), (ChatInfo, Vec<Message>, Vec<Member>)>;

async fn see(store: &MemoryStore) -> Seen {
    let mut seen = Seen::new();
    for application in (1..=APPLICATIONS).map(ApplicationId) {
        let chats = Chats::list(store, application, Span::After(0), Limit::MAX).await;
        for mut chat in chats.unwrap().items {
            let page = store.page(
                chat.id,
                Span::After(0),
                MessageNumber::MAX,
                true,
                Limit::MAX,
            );
            let messages = page.await.unwrap().items;
            let mut members = Vec::new();
            for user in (1..=9).map(UserNumber) {
                members.extend(store.member(chat.id, user).await.unwrap());
            }
            // Uuids are made by whoever asks.
            if let Some(direct) = &mut chat.direct {
                direct.uuid = ChatUuid(uuid::Uuid::nil());
            }
            // Rows of one batch are written in another order than they are made.
            chat.id = ChatId(0);
            seen.insert((application, chat.number), (chat, messages, members));
        }
    }
    seen
}

fn first_time(outcome: &Outcome) -> Option<&Done> {
    match outcome {
        Outcome::Done {
            done,
            replayed: false,
        } => Some(done),
        _ => None,
    }
}

/// The numbers that were given out, by what they number.
fn given(told: &[(Request, Outcome)]) -> BTreeMap<String, Vec<u64>> {
    let mut given: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (request, outcome) in told {
        match (first_time(outcome), &request.command) {
            (Some(Done::Posted { number, .. }), Command::Post(chat, _)) => {
                let messages = format!("{:?} {chat}", request.scope);
                given.entry(messages).or_default().push(number.0);
            }
            (Some(Done::ChatCreated { number, .. }), _) => {
                let chats = format!("{:?}", request.scope);
                given.entry(chats).or_default().push(number.0);
            }
            _ => {}
        }
    }
    given
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn numbers_are_dense_and_ascend_as_they_are_given(steps in history()) {
        law(async {
            let store = store().await;
            let told = run(&store, &steps).await;
            for (what, numbers) in given(&told) {
                prop_assert!(numbers.windows(2).all(|two| two[0] < two[1]), "{} {:?}", what, numbers);
            }
            for (chat, messages, members) in see(&store).await.values() {
                let numbers: Vec<u64> = messages.iter().map(|one| one.number.0).collect();
                let dense: Vec<u64> = (1..=chat.head.number.0).collect();
                prop_assert_eq!(numbers, dense);
                let mut changes: Vec<u64> = messages.iter().map(|one| one.change.0).filter(|at| *at > 0).collect();
                let touches = members.iter().flat_map(|one| [one.own_change.0, one.mark_change.0]);
                changes.extend(touches.chain([chat.own_change.0]).filter(|at| *at > 0));
                changes.sort_unstable();
                prop_assert!(changes.windows(2).all(|two| two[0] < two[1]), "{:?}", changes);
                prop_assert_eq!(changes.last().copied().unwrap_or(0), chat.head.change.0);
            }
            Ok(())
        })?;
    }

    #[test]
    fn every_number_in_a_chat_was_given_once(steps in history()) {
        law(async {
            let store = store().await;
            let told = run(&store, &steps).await;
            let mut posted: HashMap<(String, u64), u64> = HashMap::new();
            for (request, outcome) in &told {
                let scope = format!("{:?}", request.scope);
                match (first_time(outcome), &request.command) {
                    (Some(Done::Posted { .. }), Command::Post(chat, _)) => {
                        *posted.entry((scope, chat.0)).or_default() += 1;
                    }
                    (Some(Done::Imported { .. }), Command::Import(import)) => {
                        for (chat, _) in &import.messages {
                            *posted.entry((scope.clone(), chat.0)).or_default() += 1;
                        }
                    }
                    _ => {}
                }
            }
            for ((application, number), (chat, ..)) in see(&store).await {
                let scope = format!("{:?}", crate::commit::Scope::Application(application));
                // The first chat starts with two.
                let before = if number.0 == 1 { 2 } else { 0 };
                let told = posted.get(&(scope, number.0)).copied().unwrap_or_default();
                prop_assert_eq!(chat.head.number.0, before + told);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_key_gives_one_success_and_the_same_answer_ever_after(steps in history()) {
        law(async {
            let told = run(&*store().await, &steps).await;
            let mut answers: HashMap<_, (Done, _)> = HashMap::new();
            for (request, outcome) in told {
                let Some(key) = request.key else {
                    let replayed = matches!(outcome, Outcome::Done { replayed: true, .. });
                    prop_assert!(!replayed, "a replay without a key");
                    continue;
                };
                let gone = outcome == Outcome::Refused(Refusal::ApplicationNotFound);
                match answers.get(&(request.scope, key.hash)) {
                    _ if gone => {}
                    Some((done, fingerprint)) if *fingerprint == key.fingerprint => {
                        let again = Outcome::Done { done: done.clone(), replayed: true };
                        prop_assert_eq!(outcome, again);
                    }
                    Some(_) => prop_assert_eq!(outcome, Outcome::Refused(Refusal::KeyReused)),
                    None => if let Outcome::Done { done, replayed } = outcome {
                        prop_assert!(!replayed);
                        answers.insert((request.scope, key.hash), (done, key.fingerprint));
                    }
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn counts_are_what_they_count_and_times_do_not_decrease(steps in history()) {
        law(async {
            let store = store().await;
            run(&store, &steps).await;
            let seen = see(&store).await;
            for (chat, messages, members) in seen.values() {
                let there = members.iter().filter(|one| one.is_there()).count() as u64;
                prop_assert_eq!(chat.members_count, there);
                let live = messages.iter().filter(|one| !one.is_deleted()).count() as u64;
                prop_assert_eq!(chat.messages_count, live);
                let posted = messages.iter().filter(|one| one.author_name.is_none());
                let times: Vec<_> = posted.map(|one| one.created_at).collect();
                prop_assert!(times.is_sorted(), "{:?}", times);
                let last = times.last().copied().unwrap_or(Timestamp(0));
                prop_assert!(chat.updated_at >= last);
            }
            for application in (1..=APPLICATIONS).map(ApplicationId) {
                if let Some(found) = Applications::by_id(&*store, application).await.unwrap() {
                    let chats = seen.keys().filter(|(of, _)| *of == application).count();
                    prop_assert_eq!(found.chats_count, chats as u64);
                }
            }
            let drift = recount(&*store).await.unwrap();
            prop_assert_eq!(drift, Drift::default());
            Ok(())
        })?;
    }

    #[test]
    fn a_refused_or_replayed_command_changes_nothing(steps in history()) {
        law(async {
            let store = store().await;
            for step in steps {
                for request in step.requests {
                    let before = see(&store).await;
                    let told = run(&store, &[Step { requests: vec![request], now: step.now }]).await;
                    if first_time(&told[0].1).is_none() {
                        prop_assert_eq!(see(&store).await, before);
                    }
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn grouping_into_batches_does_not_matter(steps in history()) {
        law(async {
            let (together, apart, alone) = (store().await, store().await, store().await);
            let told = run(&together, &steps).await;
            let halves: Vec<Step> = steps.iter().flat_map(|step| {
                let (left, right) = step.requests.split_at(step.requests.len() / 2);
                [left, right].map(|part| Step { requests: part.to_vec(), now: step.now })
            }).collect();
            let ones: Vec<Step> = steps.iter().flat_map(|step| {
                step.requests.iter().map(|one| Step { requests: vec![one.clone()], now: step.now })
            }).collect();
            for (store, steps) in [(&apart, &halves), (&alone, &ones)] {
                let others = run(store, steps).await;
                prop_assert_eq!(told.len(), others.len());
                for ((_, one), (_, other)) in told.iter().zip(&others) {
                    prop_assert_eq!(without_ids(one), without_ids(other));
                }
                prop_assert_eq!(see(&together).await, see(store).await);
            }
            Ok(())
        })?;
    }
}

/// An outcome without the public id, which differs from store to store.
fn without_ids(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done {
            done: Done::ChatCreated { number, at, .. },
            replayed,
        } => format!("chat {number} at {at:?} {replayed}"),
        other => format!("{other:?}"),
    }
}
