//! A chat that somebody here follows.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::cursor::Cursor;
use crate::ids::{ChatId, Head, UserNumber};
use crate::port::Changes;

use super::batch::{distance, furthest, nearest};
use super::seat::{CatchUp, Seat};
use super::tail::Tail;
use super::{Batch, News, Shared, Typing};

/// Whoever is not further behind than this comes in with the next read of the room.
pub(super) const NEAR: u64 = 128;
/// What it costs to tell one listener, and as much again for everything else.
const TELLING: Duration = Duration::from_micros(40);
/// Longer than this nobody waits to be told.
const LONGEST_REST: Duration = Duration::from_millis(100);
/// A shorter rest is none.
const SHORTEST_REST: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(super) struct Room {
    pub(super) id: ChatId,
    state: Mutex<State>,
    /// Keeps the chat among those that are looked at.
    _watch: watch::Receiver<()>,
}

#[derive(Debug)]
struct State {
    /// All who are in have been told what happened up to here, and nothing beyond.
    head: Cursor,
    inside: HashMap<u64, Inside>,
    coming: HashMap<u64, Coming>,
    tail: Tail,
    /// The Store may have more than the room.
    is_behind: bool,
    /// Somebody sees to the room.
    is_seen_to: bool,
    /// Whether those far behind are next.
    far_next: bool,
    is_gone: bool,
}

#[derive(Debug)]
struct Inside {
    seat: Arc<Seat>,
    /// Who has to take part to be told.
    member: Option<UserNumber>,
}

/// Somebody who follows the chat from a head on and is not told yet what happened since.
#[derive(Debug)]
pub(super) struct Coming {
    pub(super) seat: Arc<Seat>,
    /// Who has to take part to be told.
    pub(super) member: Option<UserNumber>,
    /// It was told what happened up to here.
    pub(super) at: Head,
    /// Where the chat stood when the member was seen to take part.
    pub(super) since: Head,
    /// Let go once it is in.
    pub(super) _done: Option<Arc<CatchUp>>,
    /// The read that is under way is for it as well.
    pub(super) is_read_for: bool,
}

/// What to ask the Store for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    pub(super) from: Head,
    /// For those who are far behind.
    is_far: bool,
}

impl Room {
    /// An empty room at this head. `is_behind` if the Store may have more already.
    pub(super) fn new(
        id: ChatId,
        head: Cursor,
        watch: watch::Receiver<()>,
        is_behind: bool,
    ) -> Self {
        let state = State {
            head,
            inside: HashMap::new(),
            coming: HashMap::new(),
            tail: Tail::default(),
            is_behind,
            is_seen_to: false,
            far_next: false,
            is_gone: false,
        };
        Self {
            id,
            state: Mutex::new(state),
            _watch: watch,
        }
    }

    /// Lets somebody in, now or soon; whether somebody has to see to the room for that.
    #[must_use]
    pub(super) fn enter(&self, coming: Coming) -> bool {
        let mut state = self.state();
        state.forget(coming.seat.id);
        state.is_behind |= !state.head.head.covers(coming.since);
        state.coming.insert(coming.seat.id, coming);
        state.is_called()
    }

    /// Lets somebody out; whether nobody is left.
    pub(super) fn leave(&self, seat: u64) -> bool {
        let mut state = self.state();
        state.forget(seat);
        state.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state().is_empty()
    }

    /// The chat may have moved, up to `to` if that is known; whether somebody has to see to the room.
    #[must_use]
    pub(super) fn wake(&self, to: Option<Head>) -> bool {
        let mut state = self.state();
        state.is_behind |= to.is_none_or(|to| !state.head.head.covers(to));
        state.is_called()
    }

    /// Forgets what nobody came back for.
    pub(super) fn age(&self) {
        self.state().tail.age();
    }

    /// What to read next for those who are here; `None` when there is nothing to do, and nobody sees to the room any more.
    pub(super) fn plan(&self) -> Option<Read> {
        let mut state = self.state();
        let planned = state.plan(self.id);
        state.is_seen_to = planned.is_some();
        planned
    }

    /// How long what happens gathers here before it is told, once something was told: with many listeners each telling takes
    /// processors from those who post, so that posts are told together that come one soon after another.
    pub(super) fn rest(&self) -> Option<Duration> {
        let state = self.state();
        let listeners = u32::try_from(state.inside.len()).unwrap_or(u32::MAX);
        let rest = TELLING.saturating_mul(listeners).min(LONGEST_REST);
        (rest >= SHORTEST_REST).then_some(rest)
    }

    /// Nothing was read.
    pub(super) fn failed(&self) {
        self.state().is_behind = true;
    }

    /// Of whom it must be known whether they still take part before a page is told that is not the last one: messages come before
    /// the removals that they were posted after.
    pub(super) fn members(&self) -> HashSet<UserNumber> {
        let state = self.state();
        let inside = state.inside.values().filter_map(|inside| inside.member);
        let coming = state.coming.values().filter(|coming| coming.is_read_for);
        inside
            .chain(coming.filter_map(|coming| coming.member))
            .collect()
    }

    /// Tells what was read. `gone`: those who do not take part any more, when the page is not the last one.
    pub(super) fn tell(&self, read: Read, changes: Changes, gone: &HashSet<UserNumber>) {
        self.state().tell(read, changes, gone);
    }

    /// The chat does not exist any more.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_gone = true;
        let chat = state.head.chat;
        for (_, inside) in std::mem::take(&mut state.inside) {
            inside.seat.remove(chat, None);
        }
        for (_, coming) in std::mem::take(&mut state.coming) {
            coming.seat.remove(chat, None);
        }
    }

    /// Tells all others who are in that somebody writes.
    pub(super) fn tell_typing(&self, user: UserNumber) {
        let state = self.state();
        let chat = state.head.chat;
        let typing = Arc::new(Shared::new(Typing { chat, user }));
        let others = state.inside.values().map(|inside| &inside.seat);
        for seat in others.filter(|seat| seat.user() != Some(user)) {
            seat.push_light(News::Typing(typing.clone()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_empty(&self) -> bool {
        self.inside.is_empty() && self.coming.is_empty()
    }

    fn forget(&mut self, seat: u64) {
        self.inside.remove(&seat);
        self.coming.remove(&seat);
    }

    /// Whether somebody has to come and see to the room.
    fn is_called(&mut self) -> bool {
        let called = !self.is_seen_to && (self.is_behind || !self.coming.is_empty());
        self.is_seen_to |= called;
        called
    }

    fn plan(&mut self, chat: ChatId) -> Option<Read> {
        if self.is_gone {
            return None;
        }
        self.let_in(chat);
        if self.is_empty() {
            return None;
        }
        let head = self.head.head;
        let (mut near, mut far) = (None::<Head>, None::<Head>);
        for coming in self.coming.values() {
            if coming.seat.has_room(chat) {
                let is_near = distance(head, coming.at) <= NEAR;
                let side = if is_near { &mut near } else { &mut far };
                // Those who are far behind come nearer one after the other, together with whoever is as far.
                *side = Some(match *side {
                    Some(at) if is_near => nearest(at, coming.at),
                    Some(at) => at,
                    None => coming.at,
                });
            }
        }
        let is_near_wanted = self.is_behind || near.is_some();
        let (from, is_far) = match far {
            Some(far) if self.far_next || !is_near_wanted => (far, true),
            _ if is_near_wanted => (near.map_or(head, |near| nearest(near, head)), false),
            _ => return None,
        };
        self.far_next = far.is_some() && !is_far;
        self.is_behind &= is_far;
        for coming in self.coming.values_mut() {
            let with_it = distance(coming.at, from) <= NEAR || distance(head, coming.at) <= NEAR;
            coming.is_read_for = with_it && coming.at.covers(from) && coming.seat.has_room(chat);
        }
        Some(Read { from, is_far })
    }

    /// Lets in those for whom nothing has to be read.
    fn let_in(&mut self, chat: ChatId) {
        let coming = std::mem::take(&mut self.coming);
        for (id, mut one) in coming {
            let is_known = self.head.head.covers(one.since)
                && (one.at == self.head.head || self.tail.reaches(one.at));
            if !is_known || !one.seat.has_room(chat) {
                self.coming.insert(id, one);
                continue;
            }
            let left = one.at != self.head.head
                && one
                    .member
                    .is_some_and(|user| self.tail.says(user) == Some(false));
            if left {
                one.seat.remove(self.head.chat, Some(one.at));
                continue;
            }
            if one.at != self.head.head {
                for (batch, bytes) in self.tail.after(one.at) {
                    one.seat.tell(&batch, bytes);
                }
                one.at = self.head.head;
            }
            self.seat(one);
        }
    }

    /// It was told what everybody here was.
    fn seat(&mut self, coming: Coming) {
        let Coming { seat, member, .. } = coming;
        self.inside.insert(seat.id, Inside { seat, member });
    }

    fn tell(&mut self, read: Read, changes: Changes, gone: &HashSet<UserNumber>) {
        let is_last = !changes.more;
        self.is_behind |= !is_last && !read.is_far;
        let from = Cursor {
            head: read.from,
            ..self.head
        };
        let base = Batch::new(from, changes);
        let bytes = base.bytes();
        let base = Arc::new(Shared::new(base));
        let mut gone = gone.clone();
        if is_last {
            gone.extend(base.left());
        }
        self.tell_inside(&base, bytes, &gone);
        let has_coming = self.tell_coming(&base, bytes, is_last, &gone);
        match (is_last, has_coming) {
            (false, _) => self.tail = Tail::default(),
            (true, true) => self.tail.begin(base, bytes),
            (true, false) => {}
        }
    }

    /// Tells those who are in what is new to them.
    fn tell_inside(&mut self, base: &Arc<Shared<Batch>>, bytes: usize, gone: &HashSet<UserNumber>) {
        let before = self.head.head;
        let head = furthest(before, base.to.head);
        if head == before {
            return;
        }
        let (batch, bytes) = part(base, bytes, before);
        let chat = self.head.chat;
        self.inside.retain(|_, inside| {
            if inside.member.is_some_and(|user| gone.contains(&user)) {
                inside.seat.remove(chat, Some(before));
                return false;
            }
            inside.seat.tell(&batch, bytes)
        });
        self.head.head = head;
        self.tail.go_on(&batch, bytes);
    }

    /// Tells those who are coming, and lets in those who have got there; whether the read was for any.
    fn tell_coming(
        &mut self,
        base: &Arc<Shared<Batch>>,
        bytes: usize,
        is_last: bool,
        gone: &HashSet<UserNumber>,
    ) -> bool {
        let mut parts: HashMap<Head, (Arc<Shared<Batch>>, usize)> = HashMap::new();
        let mut any = false;
        for (id, mut one) in std::mem::take(&mut self.coming) {
            if !std::mem::take(&mut one.is_read_for) {
                self.coming.insert(id, one);
                continue;
            }
            any = true;
            if one.member.is_some_and(|user| gone.contains(&user)) {
                one.seat.remove(self.head.chat, Some(one.at));
                continue;
            }
            let to = furthest(one.at, base.to.head);
            if to != one.at {
                let told = parts.entry(one.at);
                let (batch, bytes) = told.or_insert_with(|| part(base, bytes, one.at));
                if !one.seat.tell(batch, *bytes) {
                    continue;
                }
                one.at = to;
            }
            if is_last && one.at == self.head.head {
                self.seat(one);
            } else {
                self.coming.insert(id, one);
            }
        }
        any
    }
}

/// What of a batch is new to those who have come to `at`.
fn part(base: &Arc<Shared<Batch>>, bytes: usize, at: Head) -> (Arc<Shared<Batch>>, usize) {
    if base.from.head == at {
        return (base.clone(), bytes);
    }
    let part = base.after(at);
    let bytes = part.bytes();
    (Arc::new(Shared::new(part)), bytes)
}
