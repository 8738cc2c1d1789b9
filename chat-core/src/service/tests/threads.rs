//! Direct chats as one list.

use super::users::{alice, user};
use super::*;
use crate::commit::Mark;

async fn ids(
    chat: &Chat,
    access: Access,
    which: Which,
    offset: u64,
    limit: usize,
) -> (Vec<u64>, u64) {
    let limit = Limit::new(limit).unwrap();
    let found = chat.thread_messages(access, which, offset, limit).await;
    let found = found.unwrap();
    let ids = found.items.iter().map(|one| one.message.ext_id.unwrap());
    (ids.collect(), found.count)
}

#[tokio::test]
async fn threads_are_one_list_by_integer_id_however_it_is_cut() {
    let chat = Chat::start(Parts::in_memory()).await.unwrap();
    let access = Access::from(chat.default_application().await.unwrap().token);
    let alice = alice(&chat, access).await;
    let mine = access.by(Caller::User(alice));
    let mut threads = Vec::new();
    for name in ["bob", "carol", "dave"] {
        let other = user(&chat, access, name).await;
        let made = chat.make_chat(mine, NewChat::direct([other]), None).await;
        threads.push((
            made.unwrap().value.chat.number,
            access.by(Caller::User(other)),
        ));
    }
    let group = chat.make_chat(mine, NewChat::group(None, []), None).await;
    threads.push((group.unwrap().value.chat.number, mine));
    let (mut all, mut unread) = (Vec::new(), Vec::new());
    for id in 1..=300 {
        let at = (id * id / 7) % 4;
        let (number, other) = threads[at as usize];
        let message = chat
            .post(mine, number, post("x"), None)
            .await
            .unwrap()
            .value;
        if at == 3 {
            continue;
        }
        match id % 5 {
            0 => chat.delete(mine, number, message.number).await.unwrap(),
            1 => chat.mark_read(other, number, message.number).await.unwrap(),
            _ => unread.push(id),
        }
        all.extend((id % 5 != 0).then_some(id));
    }
    for (which, expected) in [(Which::All, &all), (Which::Unread, &unread)] {
        let count = expected.len();
        for (offset, limit) in [
            (0, 250),
            (0, 1),
            (1, 7),
            (99, 40),
            (count - 1, 9),
            (count, 9),
        ] {
            let cut: Vec<u64> = expected.iter().skip(offset).take(limit).copied().collect();
            let found = ids(&chat, mine, which, offset as u64, limit).await;
            assert_eq!(found, (cut, count as u64), "{which:?} {offset} {limit}");
        }
    }
    let (number, bob) = threads[0];
    let head = chat.chat(bob, number).await.unwrap().head().number;
    let mark = Mark {
        delivered: None,
        read: Some(head),
    };
    chat.mark(bob, number, mark).await.unwrap();
    assert_eq!(ids(&chat, bob, Which::Unread, 0, 9).await, (vec![], 0));
    assert!(chat.thread_message(bob, all[0]).await.is_ok());
}

#[tokio::test]
async fn a_message_is_found_by_those_of_its_thread_alone() {
    let chat = Chat::start(Parts::in_memory()).await.unwrap();
    let access = Access::from(chat.default_application().await.unwrap().token);
    let alice = alice(&chat, access).await;
    let (bob, carol) = (
        user(&chat, access, "bob").await,
        user(&chat, access, "carol").await,
    );
    let by = |user| access.by(Caller::User(user));
    let made = chat
        .make_chat(by(alice), NewChat::direct([bob]), None)
        .await;
    let number = made.unwrap().value.chat.number;
    chat.post(by(alice), number, post("x"), None).await.unwrap();
    let found = async |user, id| {
        let found = chat.thread_message(by(user), id).await.unwrap();
        found.map(|(_, found)| found.is_read)
    };
    assert_eq!(found(bob, 1).await, Some(false));
    assert_eq!((found(carol, 1).await, found(bob, 2).await), (None, None));
    chat.mark_read(by(bob), number, MessageNumber(1))
        .await
        .unwrap();
    assert_eq!(found(alice, 1).await, Some(true));
    chat.delete_user(access, bob).await.unwrap();
    assert_eq!(
        found(alice, 1).await,
        Some(true),
        "one who left has read it"
    );
    chat.delete(by(alice), number, MessageNumber(1))
        .await
        .unwrap();
    assert_eq!(found(alice, 1).await, None);
}
