//! One listener, as the hub knows it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::commit::Caller;
use crate::ids::{ApplicationId, ChatId, ChatNumber, Head, PublicId, TokenHash, UserNumber};

use super::queue::Queue;
use super::{Batch, Bye, Ear, LiveLimits, News, Shared, Sighting};

/// Of so many chats that the user was removed from last a listener remembers how far it had come.
const REMEMBERED: usize = 100;

/// So often it is told that a user writes.
const TYPES_AGAIN: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Seat {
    pub(super) id: u64,
    pub(super) application: ApplicationId,
    pub(super) public_id: PublicId,
    pub(super) caller: Caller,
    pub(super) session: Option<TokenHash>,
    pub(super) address: Option<IpAddr>,
    limits: LiveLimits,
    state: Mutex<State>,
    /// One at a time says which chats are followed.
    pub(super) following: tokio::sync::Mutex<()>,
    /// One at a time looks after it.
    pub(super) looking: tokio::sync::Mutex<()>,
    /// Whether somebody is about to.
    is_looked_after: AtomicBool,
    news: Notify,
    over: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    places: HashMap<ChatNumber, Place>,
    /// Chats that go on here once there is room in the queue.
    parked: Vec<ChatId>,
    /// Where it had come to in chats that the user was removed from.
    left: VecDeque<(ChatNumber, Head)>,
    /// Whether it follows whatever the user takes part in.
    follows_all: bool,
    /// When it was last told that the user writes.
    typed: Option<Instant>,
    /// Who is watched.
    watches: HashSet<UserNumber>,
    /// What is to be told of them.
    sighted: BTreeMap<UserNumber, Arc<Shared<Sighting>>>,
    companions: Companions,
    bye: Option<Bye>,
}

/// Whether those are watched with whom the user takes part in chats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Companions {
    #[default]
    No,
    Watched,
    /// They may be others than those who are watched.
    Stale,
}

/// A chat that is followed.
#[derive(Debug, Clone, Copy)]
struct Place {
    chat: ChatId,
    /// What the listener has been told, once it knows the chat.
    told: Option<Head>,
}

/// What came of a wait for news.
pub(super) struct Taken {
    pub(super) news: News,
    /// Chats that may go on.
    pub(super) freed: Vec<ChatId>,
}

impl Seat {
    pub(super) fn new(
        id: u64,
        (application, public_id): (ApplicationId, PublicId),
        ear: &Ear,
        limits: LiveLimits,
    ) -> Self {
        Self {
            id,
            application,
            public_id,
            caller: ear.access.caller(),
            session: ear.access.session,
            address: ear.address,
            limits,
            state: Mutex::default(),
            following: tokio::sync::Mutex::default(),
            looking: tokio::sync::Mutex::default(),
            is_looked_after: AtomicBool::new(false),
            news: Notify::new(),
            over: Notify::new(),
        }
    }

    pub(super) fn user(&self) -> Option<UserNumber> {
        self.caller.user()
    }

    /// The next news.
    pub(super) async fn next(&self) -> Taken {
        loop {
            if let Some(taken) = self.take() {
                return taken;
            }
            self.news.notified().await;
        }
    }

    fn take(&self) -> Option<Taken> {
        let mut state = self.state();
        if let Some(bye) = state.bye {
            let (news, freed) = (News::Bye(bye), Vec::new());
            return Some(Taken { news, freed });
        }
        let Some(news) = state.queue.pop() else {
            let (_, sighted) = state.sighted.pop_first()?;
            let (news, freed) = (News::Presence(sighted), Vec::new());
            return Some(Taken { news, freed });
        };
        let told = match &news {
            News::Batch(batch) => Some(batch.to),
            News::Joined(joined) => Some(joined.from),
            News::Reset(now) => Some(*now),
            _ => None,
        };
        if let Some(told) = told
            && let Some(place) = state.places.get_mut(&told.chat)
        {
            place.told = Some(told.head);
        }
        let freed = match state.queue.has_room(self.limits) {
            true => std::mem::take(&mut state.parked),
            false => Vec::new(),
        };
        Some(Taken { news, freed })
    }

    /// Returns when it is over, why.
    pub(super) async fn over(&self) -> Bye {
        loop {
            let over = self.over.notified();
            if let Some(bye) = self.state().bye {
                return bye;
            }
            over.await;
        }
    }

    /// Puts a batch in the queue; `false` when it is over for this listener.
    pub(super) fn tell(&self, batch: &Arc<Shared<Batch>>, bytes: usize) -> bool {
        if batch.moves_people() {
            self.loses_sight();
        }
        self.push(News::Batch(batch.clone()), bytes)
    }

    /// Puts something in the queue; `false` when it is over for this listener.
    pub(super) fn push(&self, news: News, bytes: usize) -> bool {
        let mut state = self.state();
        if state.bye.is_some() {
            return false;
        }
        let fits = state.queue.push(news, bytes, self.limits);
        if !fits {
            state.end(Bye::Slow);
            self.over.notify_waiters();
        }
        drop(state);
        self.news.notify_one();
        fits
    }

    /// Puts something in the queue that may as well be lost.
    pub(super) fn push_light(&self, news: News) {
        self.state().queue.push_light(news, self.limits);
        self.news.notify_one();
    }

    /// Whether somebody is there is told when nothing else is left to tell.
    pub(super) fn sight(&self, sighting: Arc<Shared<Sighting>>) {
        let mut state = self.state();
        if state.bye.is_none() {
            state.sighted.insert(sighting.user, sighting);
        }
        drop(state);
        self.news.notify_one();
    }

    /// Watches these and no others; answers who was watched before.
    pub(super) fn watches(&self, users: HashSet<UserNumber>) -> HashSet<UserNumber> {
        let mut state = self.state();
        state.sighted.retain(|user, _| users.contains(user));
        std::mem::replace(&mut state.watches, users)
    }

    /// From now on those are watched with whom the user takes part in chats, or else whoever is named.
    pub(super) fn watch_companions(&self, wants: bool) {
        self.state().companions = match wants {
            true => Companions::Stale,
            false => Companions::No,
        };
    }

    /// Whether those are to be watched with whom the user takes part in chats.
    pub(super) fn wants_companions(&self) -> bool {
        let state = self.state();
        state.bye.is_none() && state.companions != Companions::No
    }

    /// They may be others by now.
    pub(super) fn loses_sight(&self) {
        self.state().loses_sight();
    }

    /// Whether they may be others by now; whoever asks finds out.
    pub(super) fn looks_for_companions(&self) -> bool {
        let mut state = self.state();
        let is_stale = state.bye.is_none() && state.companions == Companions::Stale;
        if is_stale {
            state.companions = Companions::Watched;
        }
        is_stale
    }

    /// It is over.
    pub(super) fn close(&self, bye: Bye) {
        let mut state = self.state();
        if state.bye.is_none() {
            state.end(bye);
        }
        drop(state);
        self.over.notify_waiters();
        self.news.notify_one();
    }

    /// Follows a chat, of which the listener has been told so much, if it knows it; `false` when it is over.
    pub(super) fn settle_in(&self, chat: ChatId, number: ChatNumber, told: Option<Head>) -> bool {
        let mut state = self.state();
        if state.bye.is_some() {
            return false;
        }
        state.left.retain(|(left, _)| *left != number);
        state.places.insert(number, Place { chat, told });
        state.loses_sight();
        true
    }

    /// The user was removed from a chat, or it is gone: nothing more of it is told.
    pub(super) fn remove(&self, chat: ChatNumber, at: Option<Head>) {
        {
            let mut state = self.state();
            state.places.remove(&chat);
            state.loses_sight();
            state.left.retain(|(left, _)| *left != chat);
            state.left.extend(at.map(|at| (chat, at)));
            if state.left.len() > REMEMBERED {
                state.left.pop_front();
            }
        }
        self.push(News::Removed(chat), 0);
    }

    pub(super) fn follows(&self, chat: ChatNumber) -> bool {
        self.state().places.contains_key(&chat)
    }

    /// Where it had come to in a chat that the user was removed from.
    pub(super) fn left_at(&self, chat: ChatNumber) -> Option<Head> {
        let state = self.state();
        let found = state.left.iter().find(|(left, _)| *left == chat);
        found.map(|(_, at)| *at)
    }

    pub(super) fn follow_all(&self) {
        self.state().follows_all = true;
    }

    pub(super) fn follows_all(&self) -> bool {
        let state = self.state();
        state.follows_all && state.bye.is_none()
    }

    /// Which chat this is, if it is followed.
    pub(super) fn chat(&self, number: ChatNumber) -> Option<ChatId> {
        self.state().places.get(&number).map(|place| place.chat)
    }

    /// Whether it is time to tell again that the user writes.
    pub(super) fn may_type(&self) -> bool {
        let now = Instant::now();
        let mut state = self.state();
        let is_early = state.typed.is_some_and(|last| now - last < TYPES_AGAIN);
        if !is_early {
            state.typed = Some(now);
        }
        !is_early
    }

    /// Whether it is to be looked after and nobody is about to do that.
    pub(super) fn calls(&self) -> bool {
        !self.is_looked_after.swap(true, Ordering::AcqRel)
    }

    /// It is looked after now: what happens from here on calls again.
    pub(super) fn is_seen_to(&self) {
        self.is_looked_after.store(false, Ordering::Release);
    }

    /// Forgets what it follows and what waits of that; who has taken nothing of it is not slow.
    pub(super) fn begin_again(&self) {
        let mut state = self.state();
        state.queue.clear();
        state.places = HashMap::new();
        state.parked = Vec::new();
        state.left = VecDeque::new();
        state.follows_all = false;
        if state.bye == Some(Bye::Slow) {
            state.bye = None;
        }
    }

    /// The chats that it follows.
    pub(super) fn chats(&self) -> Vec<ChatId> {
        let state = self.state();
        state.places.values().map(|place| place.chat).collect()
    }

    /// What it was told of each chat, ascending by number.
    pub(super) fn told(&self) -> Vec<(ChatNumber, Head)> {
        let state = self.state();
        let places = state.places.iter();
        let told = places.filter_map(|(chat, place)| Some((*chat, place.told?)));
        let mut told: Vec<_> = told.collect();
        told.sort_unstable_by_key(|(chat, _)| *chat);
        told
    }

    /// Whether more may be put in the queue than what happens now. If not, [`Taken::freed`] names this chat once it may.
    pub(super) fn has_room(&self, chat: ChatId) -> bool {
        let mut state = self.state();
        let has_room = state.queue.has_room(self.limits) || state.bye.is_some();
        if !has_room && !state.parked.contains(&chat) {
            state.parked.push(chat);
        }
        has_room
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn loses_sight(&mut self) {
        if self.companions == Companions::Watched {
            self.companions = Companions::Stale;
        }
    }

    fn end(&mut self, bye: Bye) {
        self.bye = Some(bye);
        self.queue.clear();
        self.sighted = BTreeMap::new();
        self.parked = Vec::new();
    }
}

/// All that was missed was told, once nobody holds it any more.
#[derive(Debug)]
pub(super) struct CatchUp(pub(super) Arc<Seat>);

impl Drop for CatchUp {
    fn drop(&mut self) {
        self.0.push(News::CaughtUp, 0);
    }
}
