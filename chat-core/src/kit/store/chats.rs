//! Chats: numbered in their application, hidden once closed.

use std::sync::Arc;

use crate::commit::{Command, Outcome, Refusal};
use crate::ids::{Change, ChatId, ChatNumber};
use crate::page::{Limit, Span};
use crate::port::{Chats, Store};

use super::desk::{Desk, create_chat, delete, edit, head, limit, name, post};

/// Each application counts its chats from 1.
pub async fn chats_are_numbered_in_their_application(store: &Arc<dyn Store>) {
    let (left, right) = (Desk::open(store).await, Desk::open(store).await);
    assert_eq!(left.chat().await, ChatNumber(1));
    assert_eq!(right.chat().await, ChatNumber(1));
    assert_eq!(left.chat().await, ChatNumber(2));
    left.done(vec![create_chat(Some("Küche")), create_chat(None)])
        .await;
    let named = left.info(ChatNumber(3)).await;
    assert_eq!(named.name.as_deref(), Some("Küche"));
    assert_eq!((named.head, named.floor.0), (head(0, 0), 1));
    assert_eq!(left.info(ChatNumber(4)).await.name, None);
    let found = store.by_token(left.token.hash()).await.expect("by_token");
    assert_eq!(found.expect("found").chats_count, 4);
}

/// A chat is there for the commands behind the one that makes it, in the same batch too.
pub async fn a_chat_made_in_a_batch_takes_posts_in_it(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (first, second) = (ChatNumber(1), ChatNumber(2));
    let outcomes = desk
        .commit(vec![
            post(first, "too early"),
            create_chat(None),
            post(first, "one"),
            create_chat(None),
            post(second, "other"),
            post(first, "two"),
        ])
        .await;
    assert_eq!(outcomes[0], Outcome::Refused(Refusal::ChatNotFound(first)));
    let bodies = |messages: Vec<crate::model::Message>| {
        messages.into_iter().map(|one| one.body).collect::<Vec<_>>()
    };
    assert_eq!(bodies(desk.messages(first).await), ["one", "two"]);
    assert_eq!(bodies(desk.messages(second).await), ["other"]);
    assert_eq!(desk.info(first).await.messages_count, 2);
}

/// Chats are listed once each, by number, in both directions, closed ones left out.
pub async fn chats_come_page_by_page(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    for _ in 0..9 {
        desk.chat().await;
    }
    desk.done(vec![
        Command::CloseChat(ChatNumber(1)),
        Command::CloseChat(ChatNumber(4)),
        Command::CloseChat(ChatNumber(9)),
    ])
    .await;
    for size in 1..=7 {
        let (mut up, mut down): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
        for (listed, forward) in [(&mut up, true), (&mut down, false)] {
            loop {
                let span = if forward {
                    Span::After(listed.last().copied().unwrap_or(0))
                } else {
                    Span::Before(listed.first().copied().unwrap_or(u64::MAX))
                };
                let page = Chats::list(&**store, desk.application, span, limit(size)).await;
                let page = page.expect("list");
                let at = if forward { listed.len() } else { 0 };
                listed.splice(at..at, page.items.iter().map(|chat| chat.number.0));
                if !page.more {
                    break;
                }
            }
            assert_eq!(*listed, [2, 3, 5, 6, 7, 8], "pages of {size}");
        }
    }
}

/// A closed chat is in no answer, takes no command, and its number is not given again.
pub async fn a_closed_chat_is_hidden_and_takes_nothing(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(2).await;
    let id = desk.info(chat).await.id;
    let refused = Outcome::Refused(Refusal::ChatNotFound(chat));
    let outcomes = desk
        .commit(vec![Command::CloseChat(chat), post(chat, "late")])
        .await;
    assert_eq!(outcomes[1], refused);
    let late = vec![
        post(chat, "late"),
        edit(chat, 1, "late"),
        delete(chat, 1),
        Command::RenameChat(chat, None),
        Command::CloseChat(chat),
    ];
    assert_eq!(desk.commit(late).await, vec![refused; 5]);
    assert_eq!(desk.find(chat).await, None);
    assert_eq!(Chats::by_id(&**store, id).await.expect("by_id"), None);
    let listed = Chats::list(&**store, desk.application, Span::After(0), Limit::MAX).await;
    assert!(listed.expect("list").items.is_empty());
    let found = store.by_token(desk.token.hash()).await.expect("by_token");
    assert_eq!(found.expect("found").chats_count, 0);
    assert_eq!(desk.chat().await, ChatNumber(2));
}

/// Heads come each once, however many are asked for and whether they are there; those of closed chats are left out.
pub async fn heads_are_those_of_chats_that_are_there(store: &Arc<dyn Store>) {
    let (desk, other) = (Desk::open(store).await, Desk::open(store).await);
    let [quiet, touched, closed] = [0, 3, 1].map(async |posts| desk.chat_of(posts).await);
    let (quiet, touched, closed) = (quiet.await, touched.await, closed.await);
    let elsewhere = other.chat_of(2).await;
    desk.done(vec![edit(touched, 1, "other"), delete(touched, 2)])
        .await;
    let id = async |desk: &Desk, chat| desk.info(chat).await.id;
    let ids = [
        id(&desk, quiet).await,
        id(&desk, touched).await,
        id(&desk, closed).await,
        id(&other, elsewhere).await,
    ];
    desk.done(vec![Command::CloseChat(closed)]).await;
    let nowhere = (0..1_100).map(|at| ChatId(i64::MAX - at));
    let asked: Vec<_> = ids.into_iter().chain(nowhere).chain(ids).collect();
    let heads = async || {
        let mut heads = store.heads(&asked).await.expect("heads");
        heads.sort_unstable_by_key(|(chat, _)| *chat);
        heads
    };
    let all = [
        (ids[0], head(0, 0)),
        (ids[1], head(3, 2)),
        (ids[3], head(2, 0)),
    ];
    assert_eq!(heads().await, all);
    other.done(vec![Command::CloseApplication]).await;
    assert_eq!(heads().await, all[..2]);
    assert_eq!(store.heads(&[]).await.expect("heads"), []);
}

/// A rename is a change that readers see, and moves no number.
pub async fn a_rename_is_a_change_of_the_chat(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(2).await;
    desk.done(vec![Command::RenameChat(chat, Some(name("Neu")))])
        .await;
    let info = desk.info(chat).await;
    assert_eq!(info.name.as_deref(), Some("Neu"));
    assert_eq!((info.head, info.own_change), (head(2, 1), Change(1)));
    desk.done(vec![edit(chat, 1, "x"), Command::RenameChat(chat, None)])
        .await;
    let info = desk.info(chat).await;
    assert_eq!(info.name, None);
    assert_eq!((info.head, info.own_change), (head(2, 3), Change(3)));
}

/// A number leads to another chat in another application, or to none.
pub async fn a_chat_belongs_to_one_application(store: &Arc<dyn Store>) {
    let (left, right) = (Desk::open(store).await, Desk::open(store).await);
    let chat = left.chat_of(3).await;
    assert_eq!(right.find(chat).await, None);
    let refused = [Outcome::Refused(Refusal::ChatNotFound(chat))];
    assert_eq!(right.commit(vec![post(chat, "hello")]).await, refused);
    assert_eq!(right.chat().await, chat);
    right.done(vec![post(chat, "mine")]).await;
    assert_eq!(right.messages(chat).await.len(), 1);
    assert_eq!(left.info(chat).await.messages_count, 3);
    let by_id = Chats::by_id(&**store, left.info(chat).await.id).await;
    assert_eq!(by_id.expect("by_id"), Some(left.info(chat).await));
}
