//! Prefix and sync: a reader who cuts in anywhere, at any page size, misses nothing.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use uuid::Uuid;

use super::history::{
    APPLICATIONS, Step, block_on, commit, group_history, history, law, run, store,
};
use crate::clock::Timestamp;
use crate::commit::{Command, Request, Scope};
use crate::cursor::Cursor;
use crate::ids::{ApplicationId, ChatId, Epoch, Head, MessageNumber, PublicId, UserNumber};
use crate::kit::store::desk;
use crate::memory::MemoryStore;
use crate::model::{ChatInfo, ChatView, Member, Message, Role};
use crate::page::{Limit, Span};
use crate::port::{Chats, History, Members};
use crate::service::{Item, items};

/// What a reader holds of a chat, made from what it is shown alone.
#[derive(Debug, Clone)]
struct Reader {
    chat: ChatId,
    name: Option<String>,
    messages: BTreeMap<MessageNumber, Message>,
    /// Those who are there; `None` for a reader who did not ask for them first.
    members: Option<BTreeMap<UserNumber, Seen>>,
    from: Head,
}

/// What others see of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    role: Role,
    joined_at: Timestamp,
    /// What it has received and read.
    marks: (MessageNumber, MessageNumber),
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
            members: Some(members.map(|one| (one.user, seen(&one))).collect()),
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
        let (next, more) = (page.next, page.more);
        for item in items(page, None, view) {
            self.take(item);
        }
        self.from = next;
        let dense =
            (1..=self.from.number.0).all(|at| self.messages.contains_key(&MessageNumber(at)));
        assert!(dense, "whoever stands at n has everything to n");
        Some(more)
    }

    fn take(&mut self, item: Item) {
        match (item, &mut self.members) {
            (Item::Message(message), _) => {
                self.messages.insert(message.number, message);
            }
            (Item::Chat(chat), _) => self.name = chat.name,
            (Item::Mark(member), Some(members)) => {
                let known = members.get_mut(&member.user);
                known.expect("a mark of one who is known").marks = marks(&member);
            }
            (Item::Member(member), members) => {
                if member.gone {
                    let own = self.messages.values_mut();
                    own.filter(|one| one.sender == Some(member.user))
                        .for_each(|one| one.sender = None);
                }
                let Some(members) = members else { return };
                let before = members.remove(&member.user);
                if member.is_there() {
                    let marks = before.map_or_else(Default::default, |before| before.marks);
                    members.insert(
                        member.user,
                        Seen {
                            marks,
                            ..seen(&member)
                        },
                    );
                }
            }
            (Item::Mark(_), None) => {}
        }
    }

    /// Reads to the end.
    async fn follow(mut self, store: &MemoryStore, size: usize) -> Option<Self> {
        while self.read(store, size).await? {}
        Some(self)
    }
}

fn seen(member: &Member) -> Seen {
    Seen {
        role: member.role,
        joined_at: member.joined_at,
        marks: marks(member),
    }
}

const fn marks(member: &Member) -> (MessageNumber, MessageNumber) {
    (member.delivered, member.read)
}

/// A chat as its readers are shown it.
fn view(chat: ChatInfo) -> ChatView {
    let cursor = Cursor {
        epoch: Epoch::random(),
        application: PublicId(Uuid::nil()),
        chat: chat.number,
        head: chat.head,
    };
    ChatView {
        number: chat.number,
        kind: chat.kind,
        name: chat.name,
        direct: chat.direct,
        members_count: chat.members_count,
        messages_count: chat.messages_count,
        created_at: chat.created_at,
        updated_at: chat.updated_at,
        cursor,
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
        let left = store.left_behind(None, Limit::MAX).await.unwrap();
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

/// Whoever took a snapshot at any time and followed the changes since, at any page size, has what is there.
async fn snapshots_meet_changes(steps: &[Step]) -> Result<(), TestCaseError> {
    let store = store().await;
    let mut readers: Vec<Reader> = Vec::new();
    for step in steps {
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
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_snapshot_and_the_changes_after_it_make_a_fresh_snapshot(steps in history()) {
        law(snapshots_meet_changes(&steps))?;
    }

    #[test]
    fn nothing_of_a_member_is_lost_in_a_cut(steps in group_history()) {
        law(snapshots_meet_changes(&steps))?;
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
