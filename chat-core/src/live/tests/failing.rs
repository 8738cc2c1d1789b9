//! What listeners are told while the Store or the Bus fails, and what others cost them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use tokio::time::{Instant, timeout};

use super::*;
use crate::clock::Timestamp;
use crate::error::{BackendError, ErrorKind};
use crate::ids::{ApplicationId, SessionId, TokenHash};
use crate::memory::{FixedClock, MemoryBus};
use crate::model::Session;
use crate::page::Limit;
use crate::port::{
    Bus, Event, Members, MockChats, MockMembers, Opened, Progress, Sessions, Subscription,
};
use crate::testing::elapse;

/// Two nodes on one store that do not hear each other.
struct Pair {
    here: Chat,
    there: Chat,
    access: Access,
    clock: Arc<FixedClock>,
    /// Whether the other node is told nothing of who takes part in what.
    is_cut: Arc<AtomicBool>,
    /// How often it asked what a user takes part in.
    asked: Arc<AtomicUsize>,
    /// What it hears.
    bus: Arc<MemoryBus>,
}

impl Pair {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Parts)) -> Self {
        let (clock, bus) = (Arc::new(FixedClock::default()), Arc::new(MemoryBus::new()));
        let parts = Parts {
            clock: clock.clone(),
            ..Parts::in_memory()
        };
        let (is_cut, asked) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let mut other = Parts {
            stores: parts.stores.clone(),
            keyring: parts.keyring.clone(),
            clock: clock.clone(),
            bus: bus.clone(),
            // It asks for nothing of its own.
            recount_every: None,
            ..Parts::in_memory()
        };
        let members = parts.stores.members.clone();
        other.stores.members = Arc::new(counted(members, &is_cut, &asked));
        change(&mut other);
        let here = Chat::start(parts).await.unwrap();
        Self {
            there: Chat::start(other).await.unwrap(),
            access: Access::from(shop(&here).await.token),
            here,
            clock,
            is_cut,
            asked,
            bus,
        }
    }

    /// Somebody on the other node who follows whatever it takes part in.
    async fn follower(&self, access: Access) -> Listener {
        let listener = self.there.listen(Ear::of(access)).await.unwrap();
        listener.follow(&[], Rest::AsJoined).await.unwrap();
        assert!(matches!(listener.next().await, News::CaughtUp));
        listener
    }
}

/// Passes on what is asked, and counts it, unless it is cut off.
fn counted(
    inner: Arc<dyn Members>,
    is_cut: &Arc<AtomicBool>,
    asked: &Arc<AtomicUsize>,
) -> MockMembers {
    let mut members = MockMembers::new();
    let (from, is_cut) = (inner.clone(), is_cut.clone());
    members.expect_newcomers().returning(move |after, limit| {
        if is_cut.load(Ordering::Relaxed) {
            return Err(BackendError::new(ErrorKind::Unavailable, "mock", "cut"));
        }
        from.newcomers(after, limit).now_or_never().unwrap()
    });
    let (from, asked) = (inner.clone(), asked.clone());
    members
        .expect_memberships()
        .returning(move |application, user, after, limit| {
            asked.fetch_add(1, Ordering::Relaxed);
            let found = from.memberships(application, user, after, limit);
            found.now_or_never().unwrap()
        });
    members
        .expect_member()
        .returning(move |chat, user| inner.member(chat, user).now_or_never().unwrap());
    members
}

async fn joined(listener: &Listener) -> ChatNumber {
    let next = timeout(Duration::from_secs(3), listener.next()).await;
    match next {
        Ok(News::Joined(joined)) => joined.chat.number,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_added_while_a_node_could_not_ask_hears_of_it_afterwards() {
    let pair = Pair::new().await;
    let ann = user(&pair.here, pair.access, "ann").await;
    let listener = pair.follower(by(pair.access, ann)).await;
    elapse(Duration::from_secs(2)).await;
    pair.is_cut.store(true, Ordering::Relaxed);
    let room = group(&pair.here, pair.access, &[ann]).await;
    pair.clock.advance(60);
    elapse(Duration::from_secs(60)).await;
    pair.is_cut.store(false, Ordering::Relaxed);
    assert_eq!(joined(&listener).await, room.number);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_joins_costs_the_others_nothing() {
    let pair = Pair::new().await;
    let name = Name::parse("quiet").unwrap();
    let quiet = pair.here.create_application(name, true, None).await;
    let quiet = Access::from(quiet.unwrap().value.token);
    let bystander = user(&pair.here, quiet, "bystander").await;
    let _bystander = pair.follower(by(quiet, bystander)).await;
    let bob = user(&pair.here, pair.access, "bob").await;
    let listener = pair.follower(by(pair.access, bob)).await;
    let mut crowd = Vec::new();
    for n in 0..100 {
        crowd.push(user(&pair.here, pair.access, &format!("u{n}")).await);
    }
    for _ in 0..11 {
        group(&pair.here, pair.access, &crowd).await;
    }
    let asked = pair.asked.load(Ordering::Relaxed);
    let room = group(&pair.here, pair.access, &[bob]).await;
    assert_eq!(joined(&listener).await, room.number);
    elapse(Duration::from_secs(5)).await;
    // Once, for the one who is new somewhere.
    assert_eq!(pair.asked.load(Ordering::Relaxed), asked + 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_said_of_a_user_many_times_is_looked_at_once() {
    let pair = Pair::new().await;
    let ann = user(&pair.here, pair.access, "ann").await;
    let _listener = pair.follower(by(pair.access, ann)).await;
    let asked = pair.asked.load(Ordering::Relaxed);
    let application = pair.here.application_id(pair.access).await.unwrap();
    let user = ann;
    let said = [Event::Person { application, user }; 50];
    pair.bus.publish(&said).await.unwrap();
    elapse(Duration::from_secs(1)).await;
    assert_eq!(pair.asked.load(Ordering::Relaxed), asked + 1);
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_is_not_ones_own_any_more_is_removed_once() {
    let pair = Pair::new().await;
    let ann = user(&pair.here, pair.access, "ann").await;
    let room = group(&pair.here, pair.access, &[ann]).await;
    let listener = pair.there.listen(Ear::of(by(pair.access, ann))).await;
    let listener = listener.unwrap();
    listener.follow(&[], Rest::FromNow).await.unwrap();
    assert!(matches!(listener.next().await, News::CaughtUp));
    let removed = pair.here.remove_member(pair.access, room.number, ann);
    removed.await.unwrap();
    // Before the other node has heard of it.
    let asked = [(room.number, None)];
    listener.follow(&asked, Rest::Later).await.unwrap();
    elapse(Duration::from_secs(3)).await;
    let heard: Vec<_> = std::iter::from_fn(|| listener.next().now_or_never()).collect();
    let removed = heard.iter().filter(|news| matches!(news, News::Removed(_)));
    assert_eq!(removed.count(), 1, "{heard:?}");
}

/// Never says which logins stand.
struct Slow(Arc<dyn Sessions>);

#[async_trait]
impl Sessions for Slow {
    async fn open_session(
        &self,
        session: &Session,
        unchanged_since: Timestamp,
    ) -> Result<bool, BackendError> {
        self.0.open_session(session, unchanged_since).await
    }

    async fn session(&self, token: TokenHash) -> Result<Option<Session>, BackendError> {
        self.0.session(token).await
    }

    async fn valid_sessions(
        &self,
        _: &[TokenHash],
        _: Timestamp,
    ) -> Result<Vec<TokenHash>, BackendError> {
        std::future::pending().await
    }

    async fn sessions(
        &self,
        application: ApplicationId,
        user: UserNumber,
        before: Option<Opened>,
        limit: Limit,
    ) -> Result<Vec<Session>, BackendError> {
        self.0.sessions(application, user, before, limit).await
    }

    async fn end_session(
        &self,
        application: ApplicationId,
        user: UserNumber,
        id: SessionId,
    ) -> Result<bool, BackendError> {
        self.0.end_session(application, user, id).await
    }

    async fn prune_sessions(
        &self,
        before: Timestamp,
        limit: Limit,
    ) -> Result<Progress, BackendError> {
        self.0.prune_sessions(before, limit).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_look_at_logins_holds_up_no_message() {
    let slow =
        |parts: &mut Parts| parts.stores.sessions = Arc::new(Slow(parts.stores.sessions.clone()));
    let pair = Pair::with(slow).await;
    let ann = user(&pair.here, pair.access, "ann").await;
    let room = group(&pair.here, pair.access, &[ann]).await;
    let login = pair.here.mint_session(pair.access, ann, None).await;
    let login = pair.here.authenticate(&login.unwrap().token).await.unwrap();
    let listener = pair.there.listen(Ear::of(login.access())).await.unwrap();
    listener.follow(&[], Rest::FromNow).await.unwrap();
    assert!(matches!(listener.next().await, News::CaughtUp));
    elapse(Duration::from_secs(5)).await;
    post(&pair.here, pair.access, room.number, "hello").await;
    let told = timeout(Duration::from_secs(2), posted(&listener)).await;
    assert_eq!(told.unwrap(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_gaps_is_a_look_now_and_then() {
    let looks = Arc::<AtomicUsize>::default();
    let count = looks.clone();
    let pair = Pair::with(move |parts| {
        let (mut chats, inner) = (MockChats::new(), parts.stores.chats.clone());
        let from = inner.clone();
        chats.expect_heads().returning(move |chats| {
            count.fetch_add(1, Ordering::Relaxed);
            from.heads(chats).now_or_never().unwrap()
        });
        chats.expect_get().returning(move |application, chat| {
            inner.get(application, chat).now_or_never().unwrap()
        });
        parts.stores.chats = Arc::new(chats);
    })
    .await;
    let room = pair.here.create_chat(pair.access, None, None).await;
    let listener = pair.there.listen(Ear::of(pair.access)).await.unwrap();
    let follow = [(room.unwrap().value.number, None)];
    listener.follow(&follow, Rest::Later).await.unwrap();
    elapse(Duration::from_secs(2)).await;
    let before = looks.load(Ordering::Relaxed);
    for _ in 0..1_000 {
        pair.bus.publish(&[Event::Gap]).await.unwrap();
        elapse(Duration::from_millis(1)).await;
    }
    let looks = looks.load(Ordering::Relaxed) - before;
    assert!((5..=15).contains(&looks), "{looks}");
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_while_events_are_lost_costs_no_more_reads() {
    let pair = Pair::new().await;
    let room = pair.here.create_chat(pair.access, None, None).await;
    let room = room.unwrap().value;
    for _ in 0..20 {
        post(&pair.here, pair.access, room.number, "missed").await;
    }
    let from = [(room.number, Some(room.cursor))];
    let mut back = Vec::new();
    for _ in 0..2 {
        let listener = pair.there.listen(Ear::of(pair.access)).await.unwrap();
        listener.follow(&from, Rest::Later).await.unwrap();
        assert_eq!(posted(&listener).await.len(), 20);
        back.push(listener);
        for _ in 0..10 {
            pair.bus.publish(&[Event::Gap]).await.unwrap();
            elapse(Duration::from_millis(150)).await;
        }
    }
    assert_eq!(pair.there.live_reads(), 1);
}

/// A bus that takes nothing and does not say so.
struct Frozen(MemoryBus);

#[async_trait]
impl Bus for Frozen {
    async fn publish(&self, _: &[Event]) -> Result<(), BackendError> {
        std::future::pending().await
    }

    async fn subscribe(&self) -> Result<Subscription, BackendError> {
        self.0.subscribe().await
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_bus_that_is_frozen() {
    let parts = Parts {
        bus: Arc::new(Frozen(MemoryBus::new())),
        ..Parts::in_memory()
    };
    let chat = Chat::start(parts).await.unwrap();
    let access = Access::from(shop(&chat).await.token);
    let ann = user(&chat, access, "ann").await;
    let room = group(&chat, access, &[ann]).await;
    let login = chat.mint_session(access, ann, None).await.unwrap();
    let login = chat.authenticate(&login.token).await.unwrap();
    let listener = chat.listen(Ear::of(login.access())).await.unwrap();
    listener.follow(&[], Rest::FromNow).await.unwrap();
    let began = Instant::now();
    let all = async {
        listener.typing(room.number).await.unwrap();
        chat.logout(&login).await.unwrap();
        chat.end_sessions(access, ann).await.unwrap();
        chat.delete_application(access).await.unwrap();
    };
    timeout(Duration::from_secs(10), all)
        .await
        .expect("nobody waits");
    assert!(began.elapsed() < Duration::from_millis(100));
}
