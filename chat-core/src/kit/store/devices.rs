//! The keys that users give out for their devices.

use std::sync::Arc;

use super::desk::{Desk, NOW, is_done};
use crate::commit::{Caller, Command, MAX_DEVICES, Outcome, PutKey, Refusal};
use crate::ids::UserNumber;
use crate::port::Store;
use crate::text::{Device, PublicKey};

fn device(text: &str) -> Device {
    Device::parse(text).expect("a device")
}

/// A key for a device of a user.
pub(crate) fn put(user: UserNumber, device: &str, key: &str) -> Command {
    let put = PutKey {
        device: self::device(device),
        key: PublicKey::parse(key).expect("a key"),
    };
    Command::PutKey(user, put)
}

/// Takes the key of a device back.
fn drop_key(user: UserNumber, device: &str) -> Command {
    Command::DropKey(user, self::device(device))
}

/// Whose, of which device, which, and since how many seconds.
async fn keys(desk: &Desk, users: &[UserNumber]) -> Vec<(UserNumber, String, String, i64)> {
    let found = desk.store.device_keys(desk.application, users).await;
    let found = found.expect("device_keys").into_iter();
    let shown = found.map(|(user, one)| {
        let seconds = (one.created_at.0 - NOW.0) / 1_000_000;
        (user, one.device, one.key, seconds)
    });
    shown.collect()
}

fn of(user: UserNumber, device: &str, key: &str, at: i64) -> (UserNumber, String, String, i64) {
    (user, device.to_owned(), key.to_owned(), at)
}

/// A device has one key, the last one; the same again changes nothing; one that is not there cannot be taken back.
pub async fn keys_are_put_replaced_and_taken_back(store: &Arc<dyn Store>) {
    let (desk, other) = (Desk::open(store).await, Desk::open(store).await);
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    let namesake = other.user("alice").await;
    let both = [bob, alice, bob, UserNumber(9)];
    let longest = ("~".repeat(64), "A".repeat(4_096));
    desk.done(vec![
        put(bob, "phone", "Ym9i"),
        put(alice, "b", "AAAA"),
        put(alice, "B", "AAA="),
        put(alice, &longest.0, &longest.1),
    ])
    .await;
    let told = [
        of(alice, "B", "AAA=", 0),
        of(alice, "b", "AAAA", 0),
        of(alice, &longest.0, &longest.1, 0),
        of(bob, "phone", "Ym9i", 0),
    ];
    assert_eq!(keys(&desk, &both).await, told);
    assert_eq!(keys(&other, &[namesake]).await, []);
    let later = NOW.plus_seconds(9);
    let again = vec![put(alice, "B", "AAA="), put(alice, "b", "BBBB")];
    desk.done_at(again, later).await;
    desk.done(vec![drop_key(alice, &longest.0)]).await;
    let told = [of(alice, "B", "AAA=", 0), of(alice, "b", "BBBB", 9)];
    assert_eq!(keys(&desk, &[alice]).await, told);
    let asks = vec![
        drop_key(alice, "B"),
        drop_key(alice, "B"),
        put(alice, "B", "CCCC"),
        drop_key(bob, "other"),
    ];
    let outcomes = desk.commit(asks).await;
    let lost = Outcome::Refused(Refusal::DeviceNotFound);
    assert_eq!([&outcomes[1], &outcomes[3]], [&lost, &lost]);
    let told = [of(alice, "B", "CCCC", 0), of(alice, "b", "BBBB", 9)];
    assert_eq!(keys(&desk, &[alice]).await, told);
}

/// The application may for anybody, a user for itself alone.
pub async fn a_user_puts_keys_for_itself_alone(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    desk.done(vec![put(bob, "a", "AAAA")]).await;
    for caller in [Caller::User(alice), Caller::For(alice)] {
        let asks = vec![put(bob, "a", "BBBB"), drop_key(bob, "a")];
        let refused = Outcome::Refused(Refusal::NotAllowed);
        let outcomes = desk.by(caller, asks).await;
        assert_eq!(outcomes, [refused.clone(), refused]);
        desk.done_by(caller, vec![put(alice, "a", "AAAA"), drop_key(alice, "a")])
            .await;
    }
    let nobody = UserNumber(9);
    let lost = Outcome::Refused(Refusal::UserNotFound(nobody));
    assert_eq!(desk.commit(vec![put(nobody, "a", "AAAA")]).await, [lost]);
    assert_eq!(keys(&desk, &[alice, bob]).await, [of(bob, "a", "AAAA", 0)]);
}

/// Nothing is left of them when the user is deleted, by the same batch or a later one.
pub async fn keys_go_with_their_user(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    let carol = desk.user("carol").await;
    desk.done(vec![put(alice, "a", "AAAA"), put(carol, "c", "AAAA")])
        .await;
    let gone = Outcome::Refused(Refusal::UserNotFound(bob));
    let outcomes = desk
        .commit(vec![
            put(bob, "b", "AAAA"),
            Command::DeleteUser(bob),
            put(bob, "b", "AAAA"),
            put(alice, "b", "AAAA"),
            Command::DeleteUser(alice),
        ])
        .await;
    assert_eq!(outcomes[2], gone);
    let all = [alice, bob, carol];
    assert_eq!(keys(&desk, &all).await, [of(carol, "c", "AAAA", 0)]);
    desk.done(vec![Command::CloseApplication]).await;
    assert_eq!(keys(&desk, &all).await, []);
}

/// Of so many keys for new devices only as many are taken as there may be, in one batch and in many at once.
pub async fn keys_at_once_are_no_more_than_there_may_be(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let alice = desk.user("alice").await;
    let mut tasks = Vec::new();
    for batch in 0..4 {
        let desk = desk.clone();
        tasks.push(tokio::spawn(async move {
            let names = (0..8).map(|n| format!("{batch}-{n}"));
            let asks = names.map(|name| put(alice, &name, "AAAA"));
            desk.commit(asks.collect()).await
        }));
    }
    let mut done = 0;
    for task in tasks {
        for outcome in task.await.expect("a batch") {
            match outcome {
                outcome if is_done(&outcome) => done += 1,
                other => assert_eq!(other, Outcome::Refused(Refusal::TooManyDevices)),
            }
        }
    }
    assert_eq!(done, MAX_DEVICES);
    let found = keys(&desk, &[alice]).await;
    assert_eq!(found.len(), MAX_DEVICES);
    // Another key for a device is none for another device.
    desk.done(vec![put(alice, &found[0].1, "BBBB")]).await;
    desk.done(vec![
        drop_key(alice, &found[1].1),
        put(alice, "new", "AAAA"),
    ])
    .await;
    let refused = desk.commit(vec![put(alice, "newer", "AAAA")]).await;
    assert_eq!(refused, [Outcome::Refused(Refusal::TooManyDevices)]);
}
