use uuid::Uuid;

use super::super::seat::Seat;
use super::*;
use crate::ids::{ApplicationId, Head, PublicId};

#[tokio::test(start_paused = true)]
async fn what_was_missed_comes_first_and_then_what_happens() {
    let chat = Chat::start(Parts::in_memory()).await.unwrap();
    let access = Access::from(shop(&chat).await.token);
    let room = chat.create_chat(access, None, None).await.unwrap().value;
    post(&chat, access, room.number, "one").await;
    let listener = chat.listen(Ear::of(access)).await.unwrap();
    let from = [(room.number, Some(room.cursor))];
    listener.follow(&from, Rest::Later).await.unwrap();
    assert_eq!(posted(&listener).await, [1]);
    assert!(matches!(listener.next().await, News::CaughtUp));
    post(&chat, access, room.number, "two").await;
    assert_eq!(posted(&listener).await, [2]);
    assert_eq!(listener.heads()[0].head.number.0, 2);
    drop(listener);
    assert_eq!(chat.listeners(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_removed_member_is_told_so_and_nothing_else() {
    let chat = Chat::start(Parts::in_memory()).await.unwrap();
    let access = Access::from(shop(&chat).await.token);
    let (ann, bob) = (
        user(&chat, access, "ann").await,
        user(&chat, access, "bob").await,
    );
    let room = group(&chat, access, &[ann, bob]).await;
    let listeners = [
        chat.listen(Ear::of(by(access, ann))).await.unwrap(),
        chat.listen(Ear::of(by(access, bob))).await.unwrap(),
    ];
    for listener in &listeners {
        listener.follow(&[], Rest::FromNow).await.unwrap();
        assert!(matches!(listener.next().await, News::CaughtUp));
    }
    post(&chat, access, room.number, "both").await;
    for listener in &listeners {
        assert_eq!(posted(listener).await, [1]);
    }
    chat.remove_member(access, room.number, bob).await.unwrap();
    let [ann, bob] = listeners;
    assert!(matches!(bob.next().await, News::Removed(chat) if chat == room.number));
    assert!(posted(&ann).await.is_empty());
    post(&chat, access, room.number, "ann alone").await;
    assert_eq!(posted(&ann).await, [2]);
    let nothing = tokio::time::timeout(Duration::from_secs(60), bob.next());
    assert!(nothing.await.is_err());
}

#[test]
fn an_ipv6_network_counts_as_one_address() {
    let of = |text: &str| network_of(text.parse().unwrap());
    assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
}

#[test]
fn a_seat_knows_where_it_had_come_to_in_the_chats_that_it_lost_last() {
    let of = (ApplicationId(1), PublicId(Uuid::nil()));
    let ear = Ear::of(Access::from(of.0));
    let seat = Seat::new(1, of, &ear, LiveLimits::default());
    let at = Head::START;
    for chat in 1..=101 {
        seat.remove(ChatNumber(chat), Some(at));
    }
    let known = |chat| seat.left_at(ChatNumber(chat));
    assert_eq!((known(1), known(2), known(101)), (None, Some(at), Some(at)));
}
