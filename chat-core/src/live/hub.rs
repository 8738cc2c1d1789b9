//! All that is followed on this node, and by whom.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::cursor::Cursor;
use crate::error::{BackendError, ChatError};
use crate::ids::{ApplicationId, ChatId, ChatNumber, Epoch, Head, PublicId, UserNumber};
use crate::page::{Limit, Span};
use crate::port::{Event, Stores};
use crate::service::Watches;
use crate::sink::Announcer;

use super::room::{Coming, NEAR, Read, Room};
use super::seat::{CatchUp, Seat};
use super::seats::Seats;
use super::waits::Waits;
use super::{Bye, Ear, Joined, Listener, LiveLimits, Marked, News, Presences, Shared};

/// So many rooms read the Store at once.
const READS: usize = 16;
/// A page has room for all that somebody near may have missed.
pub(super) const PAGE: usize = 2 * NEAR as usize;
/// So long after the Store could not answer it is asked again.
const AGAIN: Duration = Duration::from_millis(500);
/// Of so many members each is looked up, of more all that take part.
const FEW: usize = 8;

/// What a node tells those who are connected to it.
pub(crate) struct Hub {
    pub(super) stores: Stores,
    pub(super) epoch: Epoch,
    pub(super) limits: LiveLimits,
    pub(super) announcer: Arc<Announcer>,
    pub(super) clock: Arc<dyn Clock>,
    pub(crate) presence: Arc<Presences>,
    watches: Arc<Watches>,
    reads: Semaphore,
    pub(super) seats: Seats,
    pub(crate) waits: Waits,
    rooms: Mutex<HashMap<ChatId, Arc<Room>>>,
    stopped: AtomicBool,
    /// Held by whoever looks for companions.
    pub(super) looking: Arc<tokio::sync::Mutex<()>>,
    /// How often a room read the Store.
    read: AtomicU64,
    /// When those who came to a chat could last be looked for.
    pub(super) newcomers_since: AtomicI64,
}

/// A chat to follow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) chat: ChatId,
    pub(super) number: ChatNumber,
    /// Its head, when whoever follows it was seen to have a right to.
    pub(super) head: Head,
    /// Who has to take part.
    pub(super) member: Option<UserNumber>,
}

/// How a listener comes to follow a chat.
#[derive(Debug)]
pub(super) enum Come {
    /// It is told that the user takes part.
    Joined(Arc<Joined>),
    /// It knows what there is.
    FromNow,
    /// It is told what it has missed.
    CatchingUp(Arc<CatchUp>),
    /// It is told that it has to begin anew, from here.
    Reset(Cursor, Arc<CatchUp>),
}

impl Hub {
    pub(crate) fn new(
        stores: Stores,
        announcer: Arc<Announcer>,
        clock: Arc<dyn Clock>,
        epoch: Epoch,
        limits: LiveLimits,
        watches: Arc<Watches>,
        presence: Arc<Presences>,
    ) -> Self {
        let newcomers_since = AtomicI64::new(clock.now().0);
        Self {
            stores,
            announcer,
            clock,
            epoch,
            limits,
            presence,
            watches,
            reads: Semaphore::new(READS),
            seats: Seats::default(),
            waits: Waits::default(),
            rooms: Mutex::default(),
            stopped: AtomicBool::new(false),
            looking: Arc::default(),
            read: AtomicU64::new(0),
            newcomers_since,
        }
    }

    /// A place for one more.
    pub(crate) fn seat(
        self: &Arc<Self>,
        of: (ApplicationId, PublicId),
        ear: &Ear,
    ) -> Result<Listener, ChatError> {
        let id = self.seats.next();
        let seat = Seat::new(id, of, ear, self.limits);
        let seat = Arc::new(seat);
        if !self.seats.take(&seat, self.limits) {
            return Err(ChatError::TooManyListeners);
        }
        if self.has_stopped() {
            seat.close(Bye::Stopping);
        }
        Ok(Listener::new(self.clone(), seat))
    }

    /// How many are connected.
    pub(crate) fn len(&self) -> usize {
        self.seats.len()
    }

    /// How often the Store was read to tell listeners.
    pub(crate) fn reads(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// It is over for everybody.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.seats
            .all()
            .iter()
            .for_each(|seat| seat.close(Bye::Stopping));
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// What the bus tells.
    pub(crate) fn hear(self: &Arc<Self>, event: Event) {
        match event {
            Event::Moved { chat, to, .. } => self.wake(chat, Some(to)),
            Event::Closed(application) => {
                for seat in self.seats.of_application(application) {
                    seat.close(Bye::Closed);
                }
            }
            Event::Person { application, user } => {
                self.waits.wake((application, user));
                self.look_after((application, Some(user)));
            }
            Event::Typing { chat, user } => {
                if let Some(room) = self.room(chat) {
                    room.tell_typing(user);
                }
            }
            Event::Marked {
                application,
                chat,
                user,
                delivered,
                read,
            } => {
                let (own, mark) = (
                    self.seats.of((application, Some(user))),
                    Marked {
                        chat,
                        delivered,
                        read,
                    },
                );
                let mark = Arc::new(Shared::new(mark));
                let following = own.iter().filter(|seat| seat.follows(chat));
                following.for_each(|seat| seat.push_light(News::Marked(mark.clone())));
            }
            Event::Presence { application, user } => self.presence.hear((application, user)),
            Event::Settled(_) | Event::Gap => {}
        }
    }

    /// A chat may have moved, or be gone.
    pub(crate) fn wake(self: &Arc<Self>, chat: ChatId, to: Option<Head>) {
        let room = self.rooms().get(&chat).cloned();
        if let Some(room) = room
            && room.wake(to)
        {
            self.see_to(room);
        }
    }

    /// Some seats have room again for what they are behind in these chats.
    pub(super) fn go_on(self: &Arc<Self>, chats: &[ChatId]) {
        for chat in chats {
            self.wake(*chat, Some(Head::START));
        }
    }

    /// A second has passed, or something may have been missed.
    pub(crate) async fn look(self: &Arc<Self>) {
        let rooms: Vec<_> = self.rooms().values().cloned().collect();
        rooms.iter().for_each(|room| room.age());
        self.look_for_companions();
        self.look_at_people().await;
    }

    pub(super) fn cursor(&self, application: PublicId, chat: ChatNumber, head: Head) -> Cursor {
        Cursor {
            epoch: self.epoch,
            application,
            chat,
            head,
        }
    }

    /// Lets a listener follow a chat, from a head on that the chat has had.
    pub(super) fn enter(self: &Arc<Self>, seat: &Arc<Seat>, target: Target, at: Head, come: Come) {
        let Target {
            chat,
            number,
            head,
            member,
        } = target;
        let mut rooms = self.rooms();
        let (news, done) = match come {
            Come::Joined(joined) => (Some(News::Joined(joined)), None),
            Come::FromNow => (None, None),
            Come::CatchingUp(done) => (None, Some(done)),
            Come::Reset(now, done) => (Some(News::Reset(now)), Some(done)),
        };
        // Until it is told that, it stands nowhere.
        let told = news.is_none().then_some(at);
        if !seat.settle_in(chat, number, told) {
            return;
        }
        if let Some(news) = news {
            seat.push(news, 0);
        }
        let room = rooms.entry(chat).or_insert_with(|| {
            let (watch, known) = self.watches.follow(seat.application, chat, head);
            let cursor = self.cursor(seat.public_id, number, head);
            let is_behind = !head.covers(known);
            let room = Room::new(chat, cursor, watch, is_behind);
            Arc::new(room)
        });
        let coming = Coming {
            seat: seat.clone(),
            member,
            at,
            since: head,
            _done: done,
            is_read_for: false,
        };
        if room.enter(coming) {
            self.see_to(room.clone());
        }
    }

    /// A listener is gone.
    pub(super) fn leave(&self, seat: &Seat) {
        self.seats.leave(seat);
        self.presence.let_go(seat);
        for chat in seat.chats() {
            self.leave_room(seat, chat);
        }
    }

    /// A listener follows a chat no more.
    pub(super) fn leave_room(&self, seat: &Seat, chat: ChatId) {
        let mut rooms = self.rooms();
        if rooms.get(&chat).is_some_and(|room| room.leave(seat.id)) {
            rooms.remove(&chat);
        }
    }

    /// Sees to a room for as long as there is something to do.
    fn see_to(self: &Arc<Self>, room: Arc<Room>) {
        let hub = self.clone();
        tokio::spawn(async move {
            let mut failed = false;
            while let Some(read) = room.plan() {
                match hub.read(&room, read).await {
                    Ok(is_last) => {
                        failed = false;
                        if let Some(rest) = room.rest().filter(|_| is_last) {
                            tokio::time::sleep(rest).await;
                        }
                    }
                    Err(error) => {
                        room.failed();
                        if hub.has_stopped() {
                            return;
                        }
                        if !std::mem::replace(&mut failed, true) {
                            tracing::warn!(?error, "listeners of a chat wait for the store");
                        }
                        tokio::time::sleep(AGAIN).await;
                    }
                }
            }
            hub.tidy(&room);
        });
    }

    /// Reads for a room and tells it; whether that was all there is.
    async fn read(&self, room: &Arc<Room>, read: Read) -> Result<bool, BackendError> {
        // It is never closed.
        let _permit = self.reads.acquire().await;
        let limit = Limit::new(PAGE).unwrap_or(Limit::DEFAULT);
        let history = &self.stores.history;
        self.read.fetch_add(1, Ordering::Relaxed);
        let Some(changes) = history.changes(room.id, read.from, limit, None).await? else {
            self.forget(room);
            room.close();
            return Ok(true);
        };
        let is_last = !changes.more;
        let gone = match changes.more {
            true => self.gone(room).await?,
            false => HashSet::new(),
        };
        room.tell(read, changes, &gone);
        Ok(is_last)
    }

    /// Those of the members whom the room tells who do not take part any more.
    async fn gone(&self, room: &Room) -> Result<HashSet<UserNumber>, BackendError> {
        let mut told = room.members();
        let members = &self.stores.members;
        if told.len() <= FEW {
            let mut gone = HashSet::new();
            for user in told {
                let found = members.member(room.id, user).await?;
                if !found.is_some_and(|member| member.is_there()) {
                    gone.insert(user);
                }
            }
            return Ok(gone);
        }
        let mut after = 0;
        loop {
            let page = members
                .members(room.id, Span::After(after), Limit::MAX)
                .await?;
            for member in &page.items {
                told.remove(&member.user);
                after = member.user.0;
            }
            if !page.more {
                return Ok(told);
            }
        }
    }

    /// Forgets a room where nobody is.
    fn tidy(&self, room: &Arc<Room>) {
        let mut rooms = self.rooms();
        if is_known(&rooms, room) && room.is_empty() {
            rooms.remove(&room.id);
        }
    }

    /// Forgets a room; another one of the same chat stays.
    fn forget(&self, room: &Arc<Room>) {
        let mut rooms = self.rooms();
        if is_known(&rooms, room) {
            rooms.remove(&room.id);
        }
    }

    fn room(&self, chat: ChatId) -> Option<Arc<Room>> {
        self.rooms().get(&chat).cloned()
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<ChatId, Arc<Room>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_known(rooms: &HashMap<ChatId, Arc<Room>>, room: &Arc<Room>) -> bool {
    let known = rooms.get(&room.id);
    known.is_some_and(|known| Arc::ptr_eq(known, room))
}
