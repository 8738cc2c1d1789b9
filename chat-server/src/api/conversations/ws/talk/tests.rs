use std::net::Ipv4Addr;

use chat_core::commit::{Caller, Edit, Post};
use chat_core::ids::MessageNumber;
use chat_core::service::{Access, NewChat, NewUser};
use chat_core::text::{Body, Name, Username};
use serde_json::Value;

use super::*;
use crate::api::conversations::tests::options;
use crate::api::testing::{chat, gate};
use crate::http::testing::head;

fn said(text: &str) -> Post {
    Post {
        body: Body::parse(text).unwrap(),
        data: None,
        reply_to: None,
    }
}

#[tokio::test]
async fn what_happened_before_a_removal_is_told_after_it_too() {
    let chat = chat().await;
    let application = chat.default_application_id().await.unwrap();
    let access = Access::from(application);
    let bob = NewUser::named(Username::parse("bob").unwrap());
    let bob = chat.create_user(access, bob, None).await;
    let bob = bob.unwrap().value.number;
    let group = NewChat::group(None, [bob]);
    let group = chat.make_chat(access, group, None).await.unwrap();
    let group = group.value.chat.number;
    chat.post(access, group, said("one"), None).await.unwrap();
    let stood = chat.chat(access, group).await.unwrap().view().cursor;

    // An older message, a new one and the conversation itself, each of which takes something from the store to tell.
    let edit = Edit {
        number: MessageNumber(1),
        body: Some(Body::parse("One").unwrap()),
        data: None,
    };
    chat.edit(access, group, edit).await.unwrap();
    chat.post(access, group, said("two"), None).await.unwrap();
    let name = Name::parse("friends").unwrap();
    chat.rename_chat(access, group, Some(name)).await.unwrap();
    let (by_bob, nearby) = (access.by(Caller::User(bob)), Ipv4Addr::LOCALHOST.into());
    let guest = Guest::come(&chat, application, by_bob, nearby).await;
    let guest = Arc::new(guest.unwrap());
    let missed = [(group, Some(stood))];
    guest.listener.follow(&missed, Rest::Later).await.unwrap();
    let news = guest.listener.next().await;
    assert!(matches!(news, News::Batch(_)), "{news:?}");

    chat.remove_member(access, group, bob).await.unwrap();
    let shared = Arc::new(Shared {
        gate: gate(&chat),
        options: options(),
    });
    let speaks = Guest::come(&chat, application, by_bob, nearby).await;
    let mut talker = Talker::new(&shared, &head("GET", "/ws"), speaks.unwrap());
    let told = talker.told(news, &guest).await;
    let frames = told.frames.iter();
    let frames = frames.map(|frame| serde_json::from_str::<Value>(frame).unwrap());
    let frames: Vec<Value> = frames.collect();
    let contents = frames.iter().map(|frame| &frame["message"]["content"]);
    assert_eq!(contents.collect::<Vec<_>>(), ["two", "One"], "{frames:?}");
    assert_eq!(told.over, None);
    assert!(matches!(guest.listener.next().await, News::CaughtUp));
    assert!(matches!(guest.listener.next().await, News::Removed(_)));
}
