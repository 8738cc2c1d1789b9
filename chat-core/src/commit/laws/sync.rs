//! Prefix and sync: a reader who cuts in anywhere, at any page size, misses nothing.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::history::{APPLICATIONS, block_on, commit, history, law, run, store};
use crate::commit::{Command, Request, Scope};
use crate::ids::{ApplicationId, ChatId, Head, MessageNumber, UserNumber};
use crate::kit::store::desk;
use crate::memory::MemoryStore;
use crate::model::{ChatInfo, Member, Message};
use crate::page::{Limit, Span};
use crate::port::{Chats, History, Members};

/// What a reader holds of a chat.
#[derive(Debug, Clone)]
struct Reader {
    chat: ChatId,
    name: Option<String>,
    messages: BTreeMap<MessageNumber, Message>,
    /// Those who are there; `None` for a reader who did not ask for them first.
    members: Option<BTreeMap<UserNumber, Member>>,
    from: Head,
}

impl Reader {
    /// A reader who knows the chat from a list, and none of its messages.
    fn new(chat: &ChatInfo) -> Self {
        Self {
            chat: chat.id,
            name: chat.name.clone(),
            messages: BTreeMap::new(),
            members: None,
            from: Head::START,
        }
    }

    /// Takes the head first, then the rows up to it.
    async fn snapshot(store: &MemoryStore, chat: &ChatInfo) -> Self {
        let page = store.page(chat.id, Span::After(0), chat.head.number, true, Limit::MAX);
        let rows = page.await.unwrap().items.into_iter();
        let members = Members::members(store, chat.id, Span::After(0), Limit::MAX).await;
        let members = members.unwrap().items.into_iter();
        Self {
            members: Some(members.map(|one| (one.user, shown(one))).collect()),
            messages: rows.map(|one| (one.number, one)).collect(),
            from: chat.head,
            ..Self::new(chat)
        }
    }

    /// Reads one page; whether more is there. `None` when the chat is gone.
    async fn read(&mut self, store: &MemoryStore, size: usize) -> Option<bool> {
        let limit = Limit::new(size).unwrap();
        let page = store.changes(self.chat, self.from, limit, None);
        let page = page.await.unwrap()?;
        assert!(page.messages.len() + page.members.len() <= size);
        assert!(page.next.covers(self.from) && page.chat.head.covers(page.next));
        if page.chat_touched {
            self.name.clone_from(&page.chat.name);
        }
        for member in page.members {
            if member.gone {
                let own = self.messages.values_mut();
                own.filter(|one| one.sender == Some(member.user))
                    .for_each(|one| one.sender = None);
            }
            let Some(members) = &mut self.members else {
                continue;
            };
            match member.is_there() {
                true => members.insert(member.user, shown(member)),
                false => members.remove(&member.user),
            };
        }
        let rows = page.messages.into_iter();
        self.messages.extend(rows.map(|one| (one.number, one)));
        self.from = page.next;
        let dense =
            (1..=self.from.number.0).all(|at| self.messages.contains_key(&MessageNumber(at)));
        assert!(dense, "whoever stands at n has everything to n");
        Some(page.more)
    }

    /// Reads to the end.
    async fn follow(mut self, store: &MemoryStore, size: usize) -> Option<Self> {
        while self.read(store, size).await? {}
        Some(self)
    }
}

/// What others see of a member: whether the chat is hidden is its own affair.
fn shown(member: Member) -> Member {
    Member {
        hidden: None,
        ..member
    }
}

async fn chats(store: &MemoryStore) -> Vec<ChatInfo> {
    let mut chats = Vec::new();
    for application in (1..=APPLICATIONS).map(ApplicationId) {
        let page = Chats::list(store, application, Span::After(0), Limit::MAX).await;
        chats.extend(page.unwrap().items);
    }
    chats
}

/// Deleted users are let go of, as upkeep does.
async fn tidy(store: &MemoryStore) {
    loop {
        let left = store.left_behind(Limit::MAX).await.unwrap();
        if left.is_empty() {
            break;
        }
        let requests = left.into_iter().map(|(application, chat, user)| {
            let scope = Scope::Application(application);
            Request::new(scope, Command::RemoveMember(chat, user))
        });
        let told = commit(store, requests.collect(), desk::NOW).await.outcomes;
        assert!(told.iter().all(desk::is_done), "{told:?}");
    }
}

/// What a reader ends with is what is there.
async fn agrees(store: &MemoryStore, reader: Reader) -> Result<(), TestCaseError> {
    let Some(chat) = Chats::by_id(store, reader.chat).await.unwrap() else {
        return Ok(());
    };
    let fresh = Reader::snapshot(store, &chat).await;
    prop_assert_eq!(reader.messages, fresh.messages);
    prop_assert_eq!(reader.name, chat.name);
    if reader.members.is_some() {
        prop_assert_eq!(reader.members, fresh.members);
    }
    prop_assert_eq!(reader.from, chat.head);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_snapshot_and_the_changes_after_it_make_a_fresh_snapshot(steps in history()) {
        law(async {
            let store = store().await;
            let mut readers: Vec<Reader> = Vec::new();
            for step in &steps {
                for chat in chats(&store).await {
                    readers.push(Reader::snapshot(&store, &chat).await);
                }
                commit(&store, step.requests.clone(), step.now).await;
            }
            tidy(&store).await;
            for reader in readers {
                for size in [1, 2, 3, 5, 8, 13, 1_000] {
                    if let Some(reader) = reader.clone().follow(&store, size).await {
                        agrees(&store, reader).await?;
                    }
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn any_page_size_leads_from_the_start_to_the_same_end(steps in history()) {
        law(async {
            let store = store().await;
            run(&store, &steps).await;
            for chat in chats(&store).await {
                let rows = chat.head.number.0 as usize;
                for size in 1..=rows + 1 {
                    let reader = Reader::new(&chat).follow(&store, size).await.unwrap();
                    agrees(&store, reader).await?;
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_reader_among_the_writers_misses_nothing(steps in history(), size in 1..6_usize) {
        law(async {
            let store = store().await;
            let mut readers: BTreeMap<ChatId, Reader> = BTreeMap::new();
            for step in &steps {
                commit(&store, step.requests.clone(), step.now).await;
                for chat in chats(&store).await {
                    let reader = readers.entry(chat.id).or_insert_with(|| Reader::new(&chat));
                    // One page at a time: rows move up while they are read.
                    reader.read(&store, size).await;
                }
            }
            tidy(&store).await;
            for reader in readers.into_values() {
                if let Some(reader) = reader.follow(&store, size).await {
                    agrees(&store, reader).await?;
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn history_pages_of_any_size_are_the_whole_history(steps in history()) {
        law(async {
            let store = store().await;
            run(&store, &steps).await;
            for chat in chats(&store).await {
                for size in 1..=chat.head.number.0 as usize + 1 {
                    let mut numbers: Vec<u64> = Vec::new();
                    loop {
                        let span = Span::After(numbers.last().copied().unwrap_or(0));
                        let limit = Limit::new(size).unwrap();
                        let page = store.page(chat.id, span, chat.head.number, true, limit).await.unwrap();
                        numbers.extend(page.items.iter().map(|one| one.number.0));
                        if !page.more {
                            break;
                        }
                    }
                    prop_assert!(numbers.into_iter().eq(1..=chat.head.number.0), "{}", size);
                }
            }
            Ok(())
        })?;
    }
}

#[test]
fn generated_histories_do_much_and_are_refused_some() {
    // Were all commands refused, every law would hold for nothing.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut done, mut all) = (0, 0);
    for _ in 0..64 {
        let steps = history().new_tree(&mut runner).unwrap().current();
        let told = block_on(async { run(&*store().await, &steps).await });
        all += told.len();
        done += told
            .iter()
            .filter(|(_, one)| crate::kit::store::desk::is_done(one))
            .count();
    }
    assert!(done * 4 > all, "{done} of {all} done");
    assert!(done < all, "some are refused");
}
