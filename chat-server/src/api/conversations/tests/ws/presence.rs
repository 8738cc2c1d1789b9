use super::*;
use crate::api::testing::sockets::HEARTBEATS;

/// Who leaves is gone at once, or after this time.
async fn open_for(grace: Duration) -> Open {
    open_within(LiveLimits {
        grace,
        ..LiveLimits::default()
    })
    .await
}

impl Person<'_> {
    /// On a socket, and told who is there.
    async fn looks(&self, open: &Open) -> Client {
        let mut client = self.listen(open).await;
        client.1 = HEARTBEATS;
        client
    }
}

fn told(user: u64, presence: &str) -> Value {
    json!({"type": "presence", "userId": user, "presence": presence})
}

#[tokio::test]
async fn those_who_share_a_conversation_are_told_of_as_they_come_and_go() {
    let open = open_for(Duration::from_millis(300)).await;
    let [alice, bob, _carol] = three(&open.house).await;
    alice.begin(json!({"participants": [2]})).await;
    let mut at_alice = alice.looks(&open).await;
    assert_eq!(at_alice.hear().await, told(2, "offline"));
    let at_bob = bob.connect(&open).await;
    assert_eq!(at_alice.hear().await, told(2, "online"));
    drop(at_bob);
    assert_eq!(at_alice.hear().await, told(2, "offline"));
    at_alice.hears_nothing().await;
}

#[tokio::test]
async fn strangers_are_not_told_of_until_a_conversation_is_shared() {
    let open = open_for(Duration::ZERO).await;
    let [alice, bob, carol] = three(&open.house).await;
    let group = alice.begin(json!({"participants": [2], "name": "g"})).await;
    let mut at_alice = alice.looks(&open).await;
    assert_eq!(at_alice.hear().await, told(2, "offline"));
    let at_carol = carol.connect(&open).await;
    let _bob = bob.connect(&open).await;
    // What is told of Bob would have been told of Carol as well.
    assert_eq!(at_alice.hear().await, told(2, "online"));
    at_alice.hears_nothing().await;
    // A conversation that begins while the socket is open.
    alice.begin(json!({"participants": [3]})).await;
    at_alice.expect("conversation").await;
    assert_eq!(at_alice.hear().await, told(3, "online"));
    drop(at_carol);
    assert_eq!(at_alice.hear().await, told(3, "offline"));
    // Somebody who comes into one that was there.
    let dave = person(&open.house, "dave").await;
    let _at_dave = dave.connect(&open).await;
    let path = format!("/conversations/{group}/participants");
    let body = json!({"userId": dave.id});
    alice.done("POST", &path, body, 201).await;
    at_alice.expect("conversation").await;
    assert_eq!(at_alice.hear().await, told(dave.id, "online"));
}

#[tokio::test]
async fn who_left_is_a_stranger_again() {
    let open = open_for(Duration::ZERO).await;
    let [alice, bob, carol] = three(&open.house).await;
    let group = alice
        .begin(json!({"participants": [2, 3], "name": "g"}))
        .await;
    let mut at_alice = alice.looks(&open).await;
    for user in [2, 3] {
        assert_eq!(at_alice.hear().await, told(user, "offline"));
    }
    let path = format!("/conversations/{group}/participants/2");
    alice.done("DELETE", &path, json!(null), 204).await;
    at_alice.expect("conversation").await;
    // Whoever is told of Dave was looked at again since Bob left.
    let dave = person(&open.house, "dave").await;
    let path = format!("/conversations/{group}/participants");
    let body = json!({"userId": dave.id});
    alice.done("POST", &path, body, 201).await;
    at_alice.expect("conversation").await;
    assert_eq!(at_alice.hear().await, told(dave.id, "offline"));
    let (_bob, _carol) = (bob.connect(&open).await, carol.connect(&open).await);
    assert_eq!(at_alice.hear().await, told(3, "online"));
    at_alice.hears_nothing().await;
}

#[tokio::test]
async fn a_resumed_socket_is_told_who_is_there() {
    let open = open_for(Duration::ZERO).await;
    let [alice, bob, _] = three(&open.house).await;
    alice.begin(json!({"participants": [2]})).await;
    let _bob = bob.connect(&open).await;
    let mut at_alice = alice.resume(&open, json!({})).await;
    at_alice.1 = HEARTBEATS;
    at_alice.expect("conversation").await;
    at_alice.expect("caught_up").await;
    assert_eq!(at_alice.hear().await, told(2, "online"));
}
