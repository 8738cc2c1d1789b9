//! What becomes of listeners when their users do something elsewhere: log out, go, join a chat.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::clock::Timestamp;
use crate::error::{BackendError, ChatError};
use crate::ids::{ChatId, ChatNumber, UserNumber};
use crate::page::Limit;
use crate::port::Membership;
use crate::service::view;

use super::hub::{Come, Hub, Target};
use super::seat::Seat;
use super::seats::Person;
use super::{Bye, Joined};

/// Whoever came to a chat is looked for so long, in seconds: no commit takes longer, and no clocks differ by more.
const WINDOW: i64 = 10;
/// So many are looked for in one question.
const MANY: usize = 500;

impl Hub {
    /// A user may be logged in, or take part in chats, otherwise than before.
    pub(super) fn look_after(self: &Arc<Self>, person: Person) {
        let mut seats = self.seats.of(person);
        seats.retain(|seat| seat.calls());
        if seats.is_empty() {
            return;
        }
        let hub = self.clone();
        tokio::spawn(async move {
            for seat in seats {
                let _looking = seat.looking.lock().await;
                seat.is_seen_to();
                if let Err(error) = hub.look_at(&seat).await {
                    tracing::debug!(?error, "a listener is looked after a little later");
                }
            }
        });
    }

    /// Ends a listener whose login is over, and lets it follow chats that the user takes part in since a moment ago.
    async fn look_at(self: &Arc<Self>, seat: &Arc<Seat>) -> Result<(), ChatError> {
        if let Some(token) = seat.session {
            if self.stores.sessions.session(token).await?.is_none() {
                seat.close(Bye::SignedOut);
            }
        } else if let Some(user) = seat.user() {
            let users = &self.stores.users;
            if users.users(seat.application, &[user]).await?.is_empty() {
                seat.close(Bye::SignedOut);
            }
        }
        if seat.follows_all() {
            let _following = seat.following.lock().await;
            for target in self.memberships(seat).await?.into_values() {
                if !seat.follows(target.number) {
                    self.join(seat, target).await?;
                }
            }
        }
        Ok(())
    }

    /// Looks for what no event told of: a few questions for all who are connected.
    pub(super) async fn look_at_people(self: &Arc<Self>) {
        let seats = self.seats.all();
        let ends = async {
            if let Err(error) = self.look_for_ends(&seats).await {
                tracing::debug!(?error, "logins that ended are looked for a little later");
            }
        };
        let newcomers = async {
            let now = self.clock.now();
            if !seats.iter().any(|seat| seat.follows_all()) {
                // Whoever follows all from now on finds out what that is.
                self.looked_at_newcomers(now);
            } else if let Err(error) = self.look_for_newcomers(now).await {
                tracing::debug!(?error, "who joined a chat is looked for a little later");
            }
        };
        tokio::join!(ends, newcomers);
    }

    async fn look_for_ends(&self, seats: &[Arc<Seat>]) -> Result<(), BackendError> {
        let now = self.clock.now();
        let by_session = seats.iter().filter_map(|seat| Some((seat.session?, seat)));
        let by_session: Vec<_> = by_session.collect();
        let mut tokens = self.waits.sessions();
        tokens.extend(by_session.iter().map(|(token, _)| *token));
        for part in tokens.chunks(MANY) {
            let mut over: HashSet<_> = part.iter().copied().collect();
            for standing in self.stores.sessions.valid_sessions(part, now).await? {
                over.remove(&standing);
            }
            self.waits.end(&over);
            let closed = by_session.iter().filter(|(token, _)| over.contains(token));
            closed.for_each(|(_, seat)| seat.close(Bye::SignedOut));
        }
        let others = seats.iter().filter(|seat| seat.session.is_none());
        let (mut users, mut applications) = (HashMap::<_, Vec<_>>::new(), HashMap::new());
        for seat in others {
            match seat.user() {
                Some(user) => users
                    .entry(seat.application)
                    .or_default()
                    .push((user, seat)),
                None => {
                    let own: &mut Vec<_> = applications.entry(seat.application).or_default();
                    own.push(seat);
                }
            }
        }
        for (application, own) in users {
            for part in own.chunks(MANY) {
                let numbers: Vec<_> = part.iter().map(|(user, _)| *user).collect();
                let found = self.stores.users.users(application, &numbers).await?;
                let found: HashSet<_> = found.iter().map(|user| user.number).collect();
                let gone = part.iter().filter(|(user, _)| !found.contains(user));
                gone.for_each(|(_, seat)| seat.close(Bye::SignedOut));
            }
        }
        for (application, own) in applications {
            if self.stores.applications.by_id(application).await?.is_none() {
                own.iter().for_each(|seat| seat.close(Bye::Closed));
            }
        }
        Ok(())
    }

    /// Looks for those who came to a chat since the last time that could be done, or that one of them was not told yet.
    async fn look_for_newcomers(self: &Arc<Self>, now: Timestamp) -> Result<(), BackendError> {
        let last = self.newcomers_since.load(Ordering::Relaxed);
        let since = Timestamp(last.min(now.0)).plus_seconds(-WINDOW);
        let members = &self.stores.members;
        let (mut after, mut seen_to) = ((since, ChatId(0), UserNumber(0)), now);
        loop {
            let page = members.newcomers(after, Limit::MAX).await?;
            for newcomer in page.items {
                after = newcomer.place();
                let person = (newcomer.application, Some(newcomer.user));
                let own = self.seats.of(person);
                let mut own = own.iter();
                if own.any(|seat| seat.follows_all() && !seat.follows(newcomer.number)) {
                    seen_to = seen_to.min(newcomer.joined_at);
                    self.look_after(person);
                }
            }
            if !page.more {
                self.looked_at_newcomers(seen_to);
                return Ok(());
            }
        }
    }

    fn looked_at_newcomers(&self, now: Timestamp) {
        self.newcomers_since.store(now.0, Ordering::Relaxed);
    }

    /// What the user of a seat takes part in.
    pub(super) async fn memberships(
        &self,
        seat: &Seat,
    ) -> Result<HashMap<ChatNumber, Target>, ChatError> {
        let mut mine = HashMap::new();
        let Some(user) = seat.user() else {
            return Ok(mine);
        };
        let (members, mut after) = (&self.stores.members, ChatId(0));
        loop {
            let page = members
                .memberships(seat.application, user, after, Limit::MAX)
                .await?;
            for Membership { chat, number, head } in page.items {
                after = chat;
                let target = Target {
                    chat,
                    number,
                    head,
                    member: Some(user),
                };
                mine.insert(number, target);
            }
            if !page.more {
                return Ok(mine);
            }
        }
    }

    /// Tells a listener of a chat that the user takes part in, and lets it follow that: from where it had come to, if it did before.
    pub(super) async fn join(
        self: &Arc<Self>,
        seat: &Arc<Seat>,
        target: Target,
    ) -> Result<(), ChatError> {
        let Some(info) = self.stores.chats.by_id(target.chat).await? else {
            return Ok(());
        };
        let known = seat.left_at(target.number);
        let at = known.filter(|known| target.head.covers(*known));
        let at = at.unwrap_or(target.head);
        let cursor = |head| self.cursor(seat.public_id, target.number, head);
        let joined = Joined {
            chat: view(info, cursor(target.head)),
            from: cursor(at),
        };
        self.enter(seat, target, at, Come::Joined(Arc::new(joined)));
        Ok(())
    }
}
