//! Who may read what, and who hears of it.

use super::users::{alice, user};
use super::*;
use crate::commit::{AddMembers, ChangeMember, Mark};
use crate::cursor::Cursor;
use crate::model::{ChatKind, Role};

/// Two users and a group that the first one owns.
struct Group {
    chat: Chat,
    access: Access,
    alice: UserNumber,
    bob: UserNumber,
    number: ChatNumber,
}

impl Group {
    async fn start() -> Self {
        let (chat, shop, _) = start().await;
        let access = Access::from(shop.token);
        let (alice, bob) = (alice(&chat, access).await, user(&chat, access, "bob").await);
        let owner = access.by(Caller::User(alice));
        let made = chat
            .make_chat(owner, NewChat::group(None, [bob]), None)
            .await;
        let number = made.unwrap().value.chat.number;
        Self {
            chat,
            access,
            alice,
            bob,
            number,
        }
    }

    fn by(&self, user: UserNumber) -> Access {
        self.access.by(Caller::User(user))
    }

    async fn open(&self, access: Access) -> Result<Reader, ChatError> {
        self.chat.chat(access, self.number).await
    }

    async fn post(&self, body: &str) {
        let by = self.by(self.alice);
        let posted = self.chat.post(by, self.number, post(body), None).await;
        posted.unwrap();
    }

    async fn remove(&self, user: UserNumber) {
        let by = self.by(self.alice);
        let removed = self.chat.remove_member(by, self.number, user).await;
        removed.unwrap();
    }

    async fn add(&self, user: UserNumber) {
        let add = AddMembers {
            users: vec![user],
            role: Role::Member,
        };
        let by = self.by(self.alice);
        let added = self.chat.add_members(by, self.number, add, None).await;
        added.unwrap();
    }
}

fn removed<T>(result: Result<T, ChatError>) -> bool {
    matches!(result, Err(ChatError::Removed))
}

fn bodies(feed: &Feed) -> Vec<&str> {
    let items = feed.items.iter();
    let bodies = items.filter_map(|item| match item {
        Item::Message(message) => Some(message.body.as_str()),
        _ => None,
    });
    bodies.collect()
}

#[tokio::test(start_paused = true)]
async fn a_removed_member_hears_nothing_after_the_removal_and_catches_up_when_re_added() {
    let group = Group::start().await;
    let reader = group.open(group.by(group.bob)).await.unwrap();
    let cursor: Cursor = reader.view().cursor;
    group.post("before").await;
    let reader_behind = group.open(group.by(group.bob)).await.unwrap();
    let waits = reader_behind.wait(None, Limit::DEFAULT, Duration::from_secs(60));
    let removing = async {
        group.remove(group.bob).await;
        group.post("after").await;
    };
    let (waited, ()) = tokio::join!(waits, removing);
    assert!(removed(waited));
    // Not even what it could have read before.
    assert!(removed(reader.changes(Some(cursor), Limit::DEFAULT).await));
    assert!(removed(
        reader.messages(Span::After(1), false, Limit::DEFAULT).await
    ));
    assert!(removed(
        reader.members(Span::After(0), Limit::DEFAULT).await
    ));
    assert!(removed(reader.message(MessageNumber(2)).await));
    assert!(removed(reader.search(&request("after", 1)).await));
    let again = group.open(group.by(group.bob)).await;
    assert!(matches!(again, Err(ChatError::NotAMember)));
    group.add(group.bob).await;
    let feed = reader.changes(Some(cursor), Limit::DEFAULT).await.unwrap();
    assert_eq!(bodies(&feed), ["before", "after"]);
    let items = &feed.items;
    assert!(
        items
            .iter()
            .any(|item| matches!(item, Item::Member(one) if one.user == group.bob))
    );
}

#[tokio::test]
async fn a_user_opens_his_chats_and_the_application_for_him_open_ones_too() {
    let group = Group::start().await;
    let (chat, access) = (&group.chat, group.access);
    let carol = user(chat, access, "carol").await;
    let open = ChatNumber(1);
    for (caller, number, may) in [
        (Caller::User(group.bob), group.number, true),
        (Caller::For(group.bob), group.number, true),
        (Caller::Application, group.number, true),
        (Caller::User(carol), group.number, false),
        (Caller::For(carol), group.number, false),
        (Caller::User(carol), open, false),
        (Caller::For(carol), open, true),
    ] {
        let found = chat.chat(access.by(caller), number).await;
        let refused = matches!(found, Err(ChatError::NotAMember));
        assert_eq!((found.is_ok(), refused), (may, !may), "{caller:?} {number}");
    }
    // Who posted in an open chat is not in it for that.
    let posted = chat.post(access.by(Caller::For(carol)), open, post("x"), None);
    posted.await.unwrap();
    assert!(
        chat.chat(access.by(Caller::User(carol)), open)
            .await
            .is_err()
    );
    chat.delete_user(access, carol).await.unwrap();
    let gone = chat.chat(access.by(Caller::For(carol)), open).await;
    assert!(matches!(gone, Err(ChatError::CallerNotFound)));
    let gone = chat.my_chats(access.by(Caller::User(carol)), None, Limit::DEFAULT);
    assert!(matches!(gone.await, Err(ChatError::CallerNotFound)));
}

#[tokio::test]
async fn members_and_marks_are_told_as_they_stand() {
    let group = Group::start().await;
    let (chat, mine) = (&group.chat, group.by(group.bob));
    group.post("one").await;
    group.post("two").await;
    let reader = group.open(group.by(group.alice)).await.unwrap();
    let cursor = reader.view().cursor;
    let mark = Mark {
        delivered: Some(MessageNumber(2)),
        read: Some(MessageNumber(1)),
    };
    let marked = chat.mark(mine, group.number, mark).await.unwrap();
    assert_eq!((marked.delivered.0, marked.read.0), (2, 1));
    let mute = ChangeMember {
        user: group.bob,
        role: None,
        muted: Some(true),
    };
    let muted = chat.change_member(mine, group.number, mute).await.unwrap();
    assert!(muted.muted);
    let feed = reader.changes(Some(cursor), Limit::DEFAULT).await.unwrap();
    // That he wants to be left alone is nobody else's affair.
    let [Item::Mark(mark)] = &feed.items[..] else {
        panic!("{:?}", feed.items);
    };
    assert_eq!((mark.user, mark.read), (group.bob, MessageNumber(1)));
    let nothing = reader.changes(Some(feed.next), Limit::DEFAULT).await;
    assert!(nothing.unwrap().items.is_empty());
    let own = chat.my_chat(mine, group.number).await.unwrap();
    assert_eq!((own.unread, own.chat.cursor), (1, feed.next));
    chat.mark_read(mine, group.number, MessageNumber(2))
        .await
        .unwrap();
    let own = chat.my_chats(mine, None, Limit::DEFAULT).await.unwrap();
    assert_eq!(own.items[0].unread, 0);
    chat.hide(mine, group.number).await.unwrap();
    let own = chat.my_chats(mine, None, Limit::DEFAULT).await.unwrap();
    assert!(own.items.is_empty());
    let nobody = chat.my_chats(group.access, None, Limit::DEFAULT).await;
    assert!(matches!(nobody, Err(ChatError::NoCaller)));
}

#[tokio::test]
async fn two_who_ask_at_once_get_one_direct_chat_and_a_replay_names_the_same() {
    let group = Group::start().await;
    let (chat, key) = (&group.chat, IdempotencyKey::parse("one").unwrap());
    let ask = |one, other| chat.make_chat(group.by(one), NewChat::direct([other]), Some(&key));
    let (one, other) = tokio::join!(ask(group.alice, group.bob), ask(group.bob, group.alice));
    let (one, other) = (one.unwrap().value, other.unwrap().value);
    assert_ne!(one.found, other.found);
    assert_eq!(one.chat, other.chat);
    assert_eq!(
        (one.chat.kind, one.chat.members_count),
        (ChatKind::Direct, 2)
    );
    let again = ask(group.alice, group.bob).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.value, one);
    let uuid = one.chat.direct.unwrap().uuid;
    let found = chat.chat_by_uuid(group.by(group.bob), uuid).await.unwrap();
    assert_eq!(found.unwrap().view(), one.chat);
    let carol = user(chat, group.access, "carol").await;
    let stranger = chat.chat_by_uuid(group.by(carol), uuid).await;
    assert!(matches!(stranger, Err(ChatError::NotAMember)));
    let name = Name::parse("elsewhere").unwrap();
    let elsewhere = chat.create_application(name, false, None).await.unwrap();
    let elsewhere = Access::from(elsewhere.value.token);
    assert!(chat.chat_by_uuid(elsewhere, uuid).await.unwrap().is_none());
    // A retry is answered as the first time, whatever became of the chat.
    let kept = IdempotencyKey::parse("two").unwrap();
    let ask = || chat.make_chat(group.by(carol), NewChat::direct([group.bob]), Some(&kept));
    let made = ask().await.unwrap().value;
    let closed = chat.delete_chat(group.by(carol), made.chat.number).await;
    closed.unwrap();
    assert_eq!(ask().await.unwrap().value, made);
    let alone = chat
        .make_chat(group.by(carol), NewChat::direct([carol]), None)
        .await;
    assert!(matches!(alone, Err(ChatError::WrongParticipants)));
}

#[tokio::test]
async fn a_search_finds_what_whoever_asks_may_read() {
    let group = Group::start().await;
    let (chat, access) = (&group.chat, group.access);
    let carol = user(chat, access, "carol").await;
    group.post("apple in the group").await;
    let open = chat.post(access, ChatNumber(1), post("apple in the open"), None);
    open.await.unwrap();
    indexed(chat).await;
    for (caller, finds) in [
        (Caller::Application, 2),
        (Caller::User(group.bob), 1),
        (Caller::For(group.bob), 2),
        (Caller::User(carol), 0),
        (Caller::For(carol), 1),
    ] {
        let found = chat.search(access.by(caller), &request("apple", 50)).await;
        assert_eq!(found.unwrap().items.len(), finds, "{caller:?}");
    }
}

#[tokio::test]
async fn a_chat_that_moves_while_all_are_told_comes_once() {
    for moved in 0..3 {
        let group = Group::start().await;
        let alice = group.by(group.alice);
        let mut numbers = vec![group.number];
        for _ in 0..2 {
            let new = NewChat::group(None, []);
            let made = group.chat.make_chat(alice, new, None).await;
            numbers.push(made.unwrap().value.chat.number);
        }
        let mut walk = group.chat.all_my_chats(alice, Limit::ONE);
        let mut told = Vec::new();
        loop {
            let (mine, more) = walk.next().await.unwrap();
            told.extend(mine.into_iter().map(|mine| mine.chat.number));
            if !more {
                break;
            }
            if told.len() == 1 {
                let posted = group.chat.post(alice, numbers[moved], post("up"), None);
                posted.await.unwrap();
            }
        }
        told.sort_unstable();
        assert_eq!(told, numbers);
    }
}
