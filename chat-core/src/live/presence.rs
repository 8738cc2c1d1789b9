//! Who is there: leases for those who are connected here, and a look now and then at those whom somebody here watches. It has a task
//! of its own, so that nothing ever waits for it.

mod leases;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior};
use uuid::Uuid;

use crate::clock::Clock;
use crate::error::BackendError;
use crate::ids::{ApplicationId, UserNumber};
use crate::port::{Bus, Presence, Stores};

use super::attendance::Here;
use super::seat::Seat;
use super::{Attendance, Shared, Sighting};

/// So long a node's word that somebody is there holds: who was on a node that is killed is gone after that.
pub(super) const LEASE: Duration = Duration::from_secs(45);
/// So often it is given again, and so often those who watch somebody ask even when no event tells them to.
pub(super) const AGAIN: Duration = Duration::from_secs(15);
/// How often it is looked what is due.
const LOOK: Duration = Duration::from_secs(1);
/// What happens within so long is seen to together.
const TOGETHER: Duration = Duration::from_millis(50);
/// So many people are seen to in one look.
const AT_ONCE: usize = 1_000;

/// So long after nobody could tell, those who ask are answered from what this node knows: a backend that is frozen holds up one of
/// them now and then, and not each.
const PAUSE: Duration = Duration::from_secs(2);

/// Whom it is about.
pub(super) type Who = (ApplicationId, UserNumber);

/// Who is there, as far as this node has to say or to know.
pub(crate) struct Presences {
    port: Arc<dyn Presence>,
    stores: Stores,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    /// The place of all who are connected here.
    node: Uuid,
    grace: Duration,
    state: Mutex<State>,
    look: Notify,
    has_failed: AtomicBool,
}

#[derive(Default)]
struct State {
    here: HashMap<Who, Here>,
    watched: HashMap<Who, Watched>,
    /// Until when nobody else is asked.
    pause: Option<Instant>,
}

/// Somebody whom listeners here watch.
struct Watched {
    by: HashMap<u64, Arc<Seat>>,
    /// What they were told.
    known: Option<Arc<Shared<Sighting>>>,
    /// When to ask.
    due: Instant,
}

impl Presences {
    pub(crate) fn new(
        port: Arc<dyn Presence>,
        stores: Stores,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        grace: Duration,
    ) -> Self {
        Self {
            port,
            stores,
            bus,
            clock,
            node: Uuid::new_v4(),
            grace,
            state: Mutex::default(),
            look: Notify::new(),
            has_failed: AtomicBool::new(false),
        }
    }

    /// Somebody is there for as long as what is answered is kept, and for the time of grace.
    pub(crate) fn attend(self: &Arc<Self>, who: Who) -> Attendance {
        let now = Instant::now();
        let mut state = self.state();
        state
            .here
            .entry(who)
            .or_insert_with(|| Here::new(now))
            .come();
        drop(state);
        self.look.notify_one();
        Attendance::new(self.clone(), who)
    }

    pub(super) fn leave(&self, who: Who) {
        if let Some(here) = self.state().here.get_mut(&who) {
            here.leave();
        }
        self.look.notify_one();
    }

    /// From now on this listener is told of these users, and of no others.
    pub(super) fn watch(&self, seat: &Arc<Seat>, users: HashSet<UserNumber>) {
        let mut state = self.state();
        state.let_go(seat);
        seat.watches(users.clone());
        state.watch(seat, &users);
        drop(state);
        self.look.notify_one();
    }

    /// The same, but of whom it watched before it is not told again. One that is gone meanwhile watches nobody.
    pub(super) fn go_on_watching(&self, seat: &Arc<Seat>, users: &HashSet<UserNumber>) {
        let mut state = self.state();
        if !seat.wants_companions() {
            return;
        }
        let before = seat.watches(users.clone());
        for user in before.difference(users) {
            state.forget(seat, *user);
        }
        state.watch(seat, users.difference(&before));
        drop(state);
        self.look.notify_one();
    }

    /// A listener is gone.
    pub(super) fn let_go(&self, seat: &Seat) {
        self.state().let_go(seat);
    }

    /// Somebody may have come or gone.
    pub(super) fn hear(&self, who: Who) {
        if let Some(watched) = self.state().watched.get_mut(&who) {
            watched.due = Instant::now();
            self.look.notify_one();
        }
    }

    /// Whether these are there now. When nobody can tell, those are who are connected to this node.
    pub(crate) async fn of(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
    ) -> Result<Vec<Sighting>, BackendError> {
        let who: Vec<Who> = users.iter().map(|user| (application, *user)).collect();
        let there = self.asked(&who).await;
        let there = there.unwrap_or_else(|| self.are_here(&who));
        let seen = self.stores.users.last_seen(application, users).await?;
        let seen: HashMap<_, _> = seen.into_iter().collect();
        let sighting = |(user, online): (&UserNumber, bool)| Sighting {
            user: *user,
            online,
            last_seen_at: seen.get(user).copied(),
        };
        Ok(users.iter().zip(there).map(sighting).collect())
    }

    /// Whether these are there now, as far as it is known: those who are connected to this node are, and of the others the port may
    /// be unable to tell.
    pub(crate) async fn are_known(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
    ) -> Vec<Option<bool>> {
        let who: Vec<Who> = users.iter().map(|user| (application, *user)).collect();
        let told = self.asked(&who).await;
        let state = self.state();
        let known = |(place, who)| match state.here.contains_key(who) {
            true => Some(true),
            false => told.as_ref().and_then(|told| told.get(place).copied()),
        };
        who.iter().enumerate().map(known).collect()
    }

    /// Whether these are there now; `None` when nobody can tell, or could a moment ago.
    async fn asked(&self, who: &[Who]) -> Option<Vec<bool>> {
        if self.is_pausing() {
            return None;
        }
        let there = self.are_there(who).await;
        let there = there.inspect_err(|error| {
            self.failed(error);
            self.state().pause = Some(Instant::now() + PAUSE);
        });
        there.ok()
    }

    /// Sees to whatever is due, for as long as it is polled.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                () = self.look.notified() => tokio::time::sleep(TOGETHER).await,
            }
            match self.see_to().await {
                Ok(()) => self.has_failed.store(false, Ordering::Relaxed),
                Err(error) => self.failed(&error),
            }
        }
    }

    fn failed(&self, error: &BackendError) {
        if !self.has_failed.swap(true, Ordering::Relaxed) {
            tracing::warn!(?error, "who is there is told later");
        }
    }

    async fn see_to(&self) -> Result<(), BackendError> {
        let told = self.tell().await;
        // Those who watch are told what can be known, whatever became of the rest.
        let asked = self.ask().await;
        told.and(asked)
    }

    /// Tells those who watch what is new.
    async fn ask(&self) -> Result<(), BackendError> {
        let now = Instant::now();
        let due: Vec<Who> = {
            let state = self.state();
            let due = state.watched.iter().filter(|(_, one)| one.due <= now);
            due.map(|(who, _)| *who).take(AT_ONCE).collect()
        };
        let left_out = due.len() == AT_ONCE;
        if due.is_empty() {
            return Ok(());
        }
        let there = self.are_there(&due).await?;
        let mut moved: HashMap<Who, bool> = HashMap::new();
        {
            let mut state = self.state();
            for (who, online) in due.iter().zip(there) {
                let Some(watched) = state.watched.get_mut(who) else {
                    continue;
                };
                let known = watched.known.as_deref();
                if known.is_none_or(|known| known.online != online) {
                    moved.insert(*who, online);
                } else if watched.due <= now {
                    watched.due = now + AGAIN;
                }
            }
        }
        for (application, users) in by_application(moved.keys().copied()) {
            let seen = self.stores.users.last_seen(application, &users).await?;
            let seen: HashMap<_, _> = seen.into_iter().collect();
            let mut state = self.state();
            for user in users {
                let who = (application, user);
                if let Some(watched) = state.watched.get_mut(&who) {
                    watched.tell(Sighting {
                        user,
                        online: moved[&who],
                        last_seen_at: seen.get(&user).copied(),
                    });
                    if watched.due <= now {
                        watched.due = now + AGAIN;
                    }
                }
            }
        }
        if left_out {
            self.look.notify_one();
        }
        Ok(())
    }

    fn is_pausing(&self) -> bool {
        let pause = self.state().pause;
        pause.is_some_and(|end| Instant::now() < end)
    }

    fn are_here(&self, who: &[Who]) -> Vec<bool> {
        let state = self.state();
        who.iter().map(|who| state.here.contains_key(who)).collect()
    }

    async fn are_there(&self, who: &[Who]) -> Result<Vec<bool>, BackendError> {
        match who.is_empty() {
            true => Ok(Vec::new()),
            false => self.port.of(&names(who)).await,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn watch<'u>(&mut self, seat: &Arc<Seat>, users: impl IntoIterator<Item = &'u UserNumber>) {
        let now = Instant::now();
        for user in users {
            let watched = self.watched.entry((seat.application, *user));
            let watched = watched.or_insert_with(|| Watched {
                by: HashMap::new(),
                known: None,
                due: now,
            });
            watched.by.insert(seat.id, seat.clone());
            if let Some(known) = &watched.known {
                seat.sight(known.clone());
            }
        }
    }

    fn let_go(&mut self, seat: &Seat) {
        for user in seat.watches(HashSet::new()) {
            self.forget(seat, user);
        }
    }

    fn forget(&mut self, seat: &Seat, user: UserNumber) {
        let who = (seat.application, user);
        if let Some(watched) = self.watched.get_mut(&who) {
            watched.by.remove(&seat.id);
            if watched.by.is_empty() {
                self.watched.remove(&who);
            }
        }
    }
}

impl Watched {
    fn tell(&mut self, sighting: Sighting) {
        let sighting = Arc::new(Shared::new(sighting));
        for seat in self.by.values() {
            seat.sight(sighting.clone());
        }
        self.known = Some(sighting);
    }
}

/// What they are called where nodes tell each other of them.
fn names(who: &[Who]) -> Vec<String> {
    let names = who
        .iter()
        .map(|(application, user)| format!("{}-{}", application.0, user.0));
    names.collect()
}

fn by_application(who: impl IntoIterator<Item = Who>) -> HashMap<ApplicationId, Vec<UserNumber>> {
    let mut sorted: HashMap<_, Vec<_>> = HashMap::new();
    for (application, user) in who {
        sorted.entry(application).or_default().push(user);
    }
    sorted
}
