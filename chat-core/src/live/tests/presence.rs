//! Who is there, as those hear it who watch.

mod leases;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::*;
use crate::clock::Clock as _;
use crate::commit::AddMembers;
use crate::error::{BackendError, ChatError, ErrorKind};
use crate::ids::ApplicationId;
use crate::live::presence::{AGAIN, LEASE};
use crate::memory::{FixedClock, MemoryBus, MemoryPresence};
use crate::model::Role;
use crate::port::{Bus, Event, MockBus, MockUsers, Presence, Stores, Subscription, Users};
use crate::testing::{elapse, until};

const GRACE: Duration = Duration::from_secs(15);
/// How much later than it happens something is told, at most.
const SOON: Duration = Duration::from_secs(2);

/// What a node has of the others until it is cut off, as by a kill.
struct Line {
    presence: Arc<dyn Presence>,
    is_cut: AtomicBool,
}

impl Line {
    fn there(&self) -> Result<&dyn Presence, BackendError> {
        match self.is_cut.load(Ordering::Relaxed) {
            true => Err(BackendError::new(ErrorKind::Unavailable, "line", "cut")),
            false => Ok(&*self.presence),
        }
    }
}

#[async_trait]
impl Presence for Line {
    async fn touch(
        &self,
        who: &[String],
        place: Uuid,
        lease: Duration,
    ) -> Result<(), BackendError> {
        self.there()?.touch(who, place, lease).await
    }

    async fn leave(&self, who: &str, place: Uuid) -> Result<(), BackendError> {
        self.there()?.leave(who, place).await
    }

    async fn of(&self, who: &[String]) -> Result<Vec<bool>, BackendError> {
        self.there()?.of(who).await
    }
}

struct World {
    nodes: [Chat; 2],
    lines: [Arc<Line>; 2],
    clock: Arc<FixedClock>,
    access: Access,
    ann: UserNumber,
    bob: UserNumber,
}

impl World {
    async fn new() -> Self {
        Self::with(Arc::new(MemoryBus::new())).await
    }

    /// Two nodes, with two users of one application.
    async fn with(bus: Arc<dyn Bus>) -> Self {
        let (parts, clock) = (Parts::in_memory(), Arc::new(FixedClock::default()));
        let presence = Arc::new(MemoryPresence::new());
        let line = || {
            Arc::new(Line {
                presence: presence.clone(),
                is_cut: AtomicBool::new(false),
            })
        };
        let lines = [line(), line()];
        let node = async |line: &Arc<Line>| {
            let parts = Parts {
                stores: parts.stores.clone(),
                keyring: parts.keyring.clone(),
                bus: bus.clone(),
                presence: line.clone(),
                clock: clock.clone(),
                ..Parts::in_memory()
            };
            Chat::start(parts).await.unwrap()
        };
        let nodes = [node(&lines[0]).await, node(&lines[1]).await];
        let access = Access::from(shop(&nodes[0]).await.token);
        Self {
            ann: user(&nodes[0], access, "ann").await,
            bob: user(&nodes[0], access, "bob").await,
            nodes,
            lines,
            clock,
            access,
        }
    }

    async fn listen(&self, node: usize, user: UserNumber) -> Listener {
        let ear = Ear::of(by(self.access, user));
        self.nodes[node].listen(ear).await.unwrap()
    }

    /// Ann on the first node, who watches bob and has been told that he is not there.
    async fn ann(&self) -> Listener {
        let ann = self.listen(0, self.ann).await;
        ann.watch(&[self.bob]).await.unwrap();
        assert_eq!(sighted(&ann).await, (self.bob, false));
        ann
    }
}

/// What is told next is of somebody's presence.
async fn sighted(listener: &Listener) -> (UserNumber, bool) {
    match listener.next().await {
        News::Presence(sighting) => (sighting.user, sighting.online),
        other => panic!("{other:?}"),
    }
}

async fn hears_nothing(listener: &Listener, during: Duration) {
    let heard = timeout(during, listener.next()).await;
    assert!(heard.is_err(), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn who_comes_and_goes_is_seen_from_another_node() {
    let world = World::new().await;
    let ann = world.ann().await;
    let start = Instant::now();
    let bob = world.listen(1, world.bob).await;
    assert_eq!(sighted(&ann).await, (world.bob, true));
    assert!(start.elapsed() < SOON);
    hears_nothing(&ann, 3 * LEASE).await;
    // Who comes back in time, even to another node, never left.
    drop(bob);
    hears_nothing(&ann, GRACE - SOON).await;
    let bob = world.listen(0, world.bob).await;
    hears_nothing(&ann, 3 * LEASE).await;
    let left = Instant::now();
    drop(bob);
    assert_eq!(sighted(&ann).await, (world.bob, false));
    assert!(left.elapsed() >= GRACE && left.elapsed() < GRACE + SOON);
}

#[tokio::test(start_paused = true)]
async fn who_has_two_connections_is_there_until_both_are_gone() {
    let world = World::new().await;
    let ann = world.ann().await;
    let phone = world.listen(0, world.bob).await;
    let desk = world.listen(1, world.bob).await;
    assert_eq!(sighted(&ann).await, (world.bob, true));
    drop(phone);
    hears_nothing(&ann, 3 * LEASE).await;
    drop(desk);
    assert_eq!(sighted(&ann).await, (world.bob, false));
}

#[tokio::test(start_paused = true)]
async fn the_people_of_a_killed_node_are_gone_with_their_leases() {
    let world = World::new().await;
    let ann = world.ann().await;
    let _bob = world.listen(1, world.bob).await;
    assert_eq!(sighted(&ann).await, (world.bob, true));
    world.lines[1].is_cut.store(true, Ordering::Relaxed);
    let killed = Instant::now();
    assert_eq!(sighted(&ann).await, (world.bob, false));
    assert!(killed.elapsed() <= LEASE + AGAIN + SOON);
}

#[tokio::test(start_paused = true)]
async fn what_the_bus_loses_is_seen_a_little_later() {
    let mut deaf = MockBus::new();
    deaf.expect_publish().returning(|_| Ok(()));
    deaf.expect_subscribe().returning(|| {
        let (bus, events) = tokio::sync::broadcast::channel::<Event>(1);
        // It stays open, and nothing ever comes.
        std::mem::forget(bus);
        Ok(Subscription(events))
    });
    let world = World::with(Arc::new(deaf)).await;
    let ann = world.ann().await;
    let start = Instant::now();
    let _bob = world.listen(1, world.bob).await;
    assert_eq!(sighted(&ann).await, (world.bob, true));
    assert!(start.elapsed() <= AGAIN + SOON);
}

#[tokio::test(start_paused = true)]
async fn messages_go_on_while_nobody_can_tell_who_is_there() {
    let world = World::new().await;
    let room = group(&world.nodes[0], world.access, &[world.ann, world.bob]).await;
    let ann = world.ann().await;
    ann.follow(&[], Rest::FromNow).await.unwrap();
    assert!(matches!(ann.next().await, News::CaughtUp));
    for line in &world.lines {
        line.is_cut.store(true, Ordering::Relaxed);
    }
    let bob = world.listen(0, world.bob).await;
    post(&world.nodes[1], world.access, room.number, "hello").await;
    assert_eq!(posted(&ann).await, [1]);
    hears_nothing(&ann, 3 * LEASE).await;
    // Each node knows of its own people.
    let both = [world.ann, world.bob];
    for (node, expected) in [(0, [true, true]), (1, [false, false])] {
        let known = world.nodes[node].presence(world.access, &both).await;
        let known: Vec<_> = known.unwrap().iter().map(|one| one.online).collect();
        assert_eq!(known, expected);
    }
    for line in &world.lines {
        line.is_cut.store(false, Ordering::Relaxed);
    }
    assert_eq!(sighted(&ann).await, (world.bob, true));
    // Whoever asks is answered from here for a little longer: what is frozen is not waited for each time.
    let knows = async || {
        let known = world.nodes[1].presence(world.access, &both[1..]).await;
        known.unwrap()[0].online
    };
    tokio::time::sleep(LEASE).await;
    assert!(knows().await);
    world.lines[1].is_cut.store(true, Ordering::Relaxed);
    assert!(!knows().await);
    world.lines[1].is_cut.store(false, Ordering::Relaxed);
    assert!(!knows().await);
    tokio::time::sleep(SOON).await;
    assert!(knows().await);
    drop(bob);
    assert_eq!(sighted(&ann).await, (world.bob, false));
}

#[tokio::test(start_paused = true)]
async fn presence_comes_behind_messages_and_only_the_latest_of_it() {
    let world = World::new().await;
    let room = group(&world.nodes[0], world.access, &[world.ann, world.bob]).await;
    let ann = world.ann().await;
    ann.follow(&[], Rest::FromNow).await.unwrap();
    assert!(matches!(ann.next().await, News::CaughtUp));
    // A second one of hers takes what the first one leaves.
    let takes = world.ann().await;
    let bob = world.listen(1, world.bob).await;
    assert_eq!(sighted(&takes).await, (world.bob, true));
    drop(bob);
    assert_eq!(sighted(&takes).await, (world.bob, false));
    let bob = world.listen(1, world.bob).await;
    assert_eq!(sighted(&takes).await, (world.bob, true));
    post(
        &world.nodes[1],
        by(world.access, world.bob),
        room.number,
        "one",
    )
    .await;
    elapse(SOON).await;
    // She takes nothing all that time.
    assert_eq!(posted(&ann).await, [1]);
    assert_eq!(sighted(&ann).await, (world.bob, true));
    hears_nothing(&ann, LEASE).await;
    drop(bob);
}

#[tokio::test(start_paused = true)]
async fn only_people_of_the_same_application_are_watched_and_not_too_many() {
    let world = World::new().await;
    let other = Access::from({
        let name = Name::parse("other").unwrap();
        let made = world.nodes[0].create_application(name, true, None).await;
        made.unwrap().value.token
    });
    for name in ["eve", "mallory", "trent"] {
        user(&world.nodes[0], other, name).await;
    }
    let trent = Ear::of(by(other, UserNumber(3)));
    let _trent = world.nodes[0].listen(trent).await.unwrap();
    let ann = world.ann().await;
    // The third user is one of the other application alone.
    let watched = [UserNumber(3), UserNumber(9), world.ann];
    ann.watch(&watched).await.unwrap();
    assert_eq!(sighted(&ann).await, (world.ann, true));
    let _bob = world.listen(0, world.bob).await;
    hears_nothing(&ann, 3 * LEASE).await;
    let many: Vec<_> = (1..=201).map(UserNumber).collect();
    let refused = ann.watch(&many).await;
    assert!(matches!(refused, Err(ChatError::TooManyWatched(200))));
    ann.watch(&many[..200]).await.unwrap();
    let told = [sighted(&ann).await, sighted(&ann).await];
    assert_eq!(told, [(world.ann, true), (world.bob, true)]);
    ann.watch(&[]).await.unwrap();
    hears_nothing(&ann, 3 * LEASE).await;
}

#[tokio::test(start_paused = true)]
async fn companions_are_watched_as_they_come_and_strangers_are_not() {
    let world = World::new().await;
    let node = &world.nodes[0];
    let eve = user(node, world.access, "eve").await;
    let ann = world.listen(0, world.ann).await;
    ann.follow(&[], Rest::FromNow).await.unwrap();
    assert!(matches!(ann.next().await, News::CaughtUp));
    ann.watch_companions();
    let (at_bob, at_eve) = (world.listen(1, world.bob).await, world.listen(1, eve).await);
    hears_nothing(&ann, 2 * LEASE).await;
    let room = group(node, world.access, &[world.ann, world.bob]).await;
    assert!(matches!(ann.next().await, News::Joined(_)));
    assert_eq!(sighted(&ann).await, (world.bob, true));
    // Who comes is told of, who was known is not told of again, and who left is not told of any more.
    let add = AddMembers {
        users: vec![eve],
        role: Role::Member,
    };
    let added = node.add_members(world.access, room.number, add, None);
    added.await.unwrap();
    assert!(posted(&ann).await.is_empty());
    assert_eq!(sighted(&ann).await, (eve, true));
    hears_nothing(&ann, LEASE).await;
    let removed = node.remove_member(world.access, room.number, world.bob);
    removed.await.unwrap();
    assert!(posted(&ann).await.is_empty());
    hears_nothing(&ann, SOON).await;
    drop((at_bob, at_eve));
    assert_eq!(sighted(&ann).await, (eve, false));
    hears_nothing(&ann, LEASE).await;
    // Whoever names somebody watches nobody else.
    ann.watch(&[world.bob]).await.unwrap();
    assert_eq!(sighted(&ann).await, (world.bob, false));
    let _eve = world.listen(1, eve).await;
    hears_nothing(&ann, LEASE).await;
}

#[tokio::test(start_paused = true)]
async fn in_a_large_chat_nobody_is_a_companion() {
    let world = World::new().await;
    let node = &world.nodes[0];
    let mut users = vec![world.ann];
    for n in 0..100 {
        users.push(user(node, world.access, &format!("u{n}")).await);
    }
    let room = group(node, world.access, &users).await;
    let ann = world.listen(0, world.ann).await;
    ann.follow(&[], Rest::FromNow).await.unwrap();
    assert!(matches!(ann.next().await, News::CaughtUp));
    ann.watch_companions();
    let _other = world.listen(1, users[1]).await;
    hears_nothing(&ann, 2 * LEASE).await;
    let removed = node.remove_member(world.access, room.number, users[100]);
    removed.await.unwrap();
    assert!(posted(&ann).await.is_empty());
    let told = async { [sighted(&ann).await, sighted(&ann).await] };
    assert_eq!(told.await, [(users[1], true), (users[2], false)]);
}
