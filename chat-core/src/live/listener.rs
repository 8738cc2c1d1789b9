use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::commit::Caller;
use crate::cursor::{Cursor, CursorError};
use crate::error::ChatError;
use crate::ids::{ChatNumber, UserNumber};
use crate::model::ChatKind;
use crate::port::Event;
use crate::service::Access;

use super::hub::{Come, Hub, Target};
use super::seat::{CatchUp, Seat};
use super::{Attendance, Batch, Bye, News};

/// Who wants to listen, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Ear {
    pub(crate) access: Access,
    pub(crate) address: Option<IpAddr>,
}

impl Ear {
    /// The application, or a user; when it is by a session, it is over when that is.
    #[must_use]
    pub const fn of(access: Access) -> Self {
        Self {
            access,
            address: None,
        }
    }

    /// From this address, of which its [network](network_of) counts.
    #[must_use]
    pub fn at(self, address: IpAddr) -> Self {
        Self {
            address: Some(network_of(address)),
            ..self
        }
    }
}

/// What one customer of a network has, which limits count: an IPv4 address, or the first 64 bits of an IPv6 address.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(network.into())
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// What is to be followed of the chats of a user that [`Listener::follow`] does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// None of them: other calls name more.
    Later,
    /// All of them, from now on; and what the user takes part in from now on.
    FromNow,
    /// The same, and each of them is told as [`News::Joined`]: the listener does not know them.
    AsJoined,
}

/// Whoever is connected. All calls may be made while another one waits; [`Listener::next`] by one at a time. It is gone when it is
/// dropped.
pub struct Listener {
    hub: Arc<Hub>,
    seat: Arc<Seat>,
    attendance: Option<Attendance>,
}

impl Listener {
    pub(super) fn new(hub: Arc<Hub>, seat: Arc<Seat>) -> Self {
        Self {
            hub,
            seat,
            attendance: None,
        }
    }

    /// From now on the user is there.
    pub(crate) fn attend(&mut self) {
        let who = self.seat.user().map(|user| (self.seat.application, user));
        self.attendance = who.map(|who| self.hub.presence.attend(who));
    }

    /// The next news, when there are any. After [`News::Bye`] there is nothing but that. Whoever stops waiting misses nothing.
    pub async fn next(&self) -> News {
        let taken = self.seat.next().await;
        self.hub.go_on(&taken.freed);
        taken.news
    }

    /// Returns when it is over, for one who waits for something else than news.
    pub async fn over(&self) -> Bye {
        self.seat.over().await
    }

    /// The user that listens, if it is one.
    #[must_use]
    pub fn user(&self) -> Option<UserNumber> {
        self.seat.user()
    }

    /// How far this listener was told of each chat that it follows, ascending by chat: what [`Listener::next`] has answered.
    #[must_use]
    pub fn heads(&self) -> Vec<Cursor> {
        let told = self.seat.told().into_iter();
        let cursor = |(chat, head)| self.hub.cursor(self.seat.public_id, chat, head);
        told.map(cursor).collect()
    }

    /// Follows these chats, each from a cursor or else from now on: what happened since is told first, then what happens. A chat that
    /// is followed already is told from the cursor again. [`News::CaughtUp`] comes when all that was missed was told, [`News::Reset`]
    /// for a cursor of another history or beyond the head, and [`News::Removed`] for a chat that is not there or not the user's.
    ///
    /// A user follows chats that it takes part in, the application any; in the name of a user, open ones too. `rest` is for users:
    /// the application has no chats of its own.
    ///
    /// # Errors
    /// [`ChatError::Cursor`] for one of another chat: nothing is followed then; else only those of any call, when some chats may be
    /// followed already.
    pub async fn follow(
        &self,
        chats: &[(ChatNumber, Option<Cursor>)],
        rest: Rest,
    ) -> Result<(), ChatError> {
        self.must_be_of_these(chats)?;
        let _following = self.seat.following.lock().await;
        self.begin_all(chats, rest).await
    }

    /// The same, as if nothing was followed before: what waits to be told is not told, but what these calls say is.
    ///
    /// # Errors
    /// As [`Listener::follow`].
    pub async fn follow_anew(
        &self,
        chats: &[(ChatNumber, Option<Cursor>)],
        rest: Rest,
    ) -> Result<(), ChatError> {
        self.must_be_of_these(chats)?;
        let _following = self.seat.following.lock().await;
        for chat in self.seat.chats() {
            self.hub.leave_room(&self.seat, chat);
        }
        self.seat.begin_again();
        self.begin_all(chats, rest).await
    }

    fn must_be_of_these(&self, chats: &[(ChatNumber, Option<Cursor>)]) -> Result<(), ChatError> {
        let is_other = |(chat, cursor): &(ChatNumber, Option<Cursor>)| {
            cursor.is_some_and(|cursor| {
                cursor.chat != *chat || cursor.application != self.seat.public_id
            })
        };
        match chats.iter().any(is_other) {
            true => Err(ChatError::Cursor(CursorError::OtherChat)),
            false => Ok(()),
        }
    }

    async fn begin_all(
        &self,
        chats: &[(ChatNumber, Option<Cursor>)],
        rest: Rest,
    ) -> Result<(), ChatError> {
        if self.seat.user().is_some() && rest != Rest::Later {
            self.seat.follow_all();
        }
        let mine = self.hub.memberships(&self.seat).await?;
        let done = Arc::new(CatchUp(self.seat.clone()));
        for (chat, cursor) in chats {
            let target = match mine.get(chat) {
                Some(target) => Some(*target),
                None => self.open(*chat).await?,
            };
            match target {
                Some(target) => self.begin(target, *cursor, &done),
                None => {
                    if let Some(chat) = self.seat.chat(*chat) {
                        self.hub.leave_room(&self.seat, chat);
                    }
                    // Who comes back goes on from there.
                    let own = cursor.filter(|cursor| cursor.epoch == self.hub.epoch);
                    self.seat.remove(*chat, own.map(|cursor| cursor.head));
                }
            }
        }
        if rest != Rest::Later {
            let named: HashSet<_> = chats.iter().map(|(chat, _)| *chat).collect();
            let others = mine.values().filter(|own| !named.contains(&own.number));
            for target in others.filter(|own| !self.seat.follows(own.number)) {
                match rest {
                    Rest::AsJoined => self.hub.join(&self.seat, *target).await?,
                    _ => self
                        .hub
                        .enter(&self.seat, *target, target.head, Come::FromNow),
                }
            }
        }
        Ok(())
    }

    /// Whether a direct chat that the user had left out of his list comes back to it with what this batch tells: a client that shows
    /// that list does not know the chat.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn brings_back(&self, batch: &Batch) -> Result<bool, ChatError> {
        let numbers = batch.from.head.number..batch.to.head.number;
        if batch.kind != ChatKind::Direct || numbers.is_empty() {
            return Ok(false);
        }
        let (Some(user), Some(chat)) = (self.seat.user(), self.seat.chat(batch.from.chat)) else {
            return Ok(false);
        };
        let member = self.hub.stores.members.member(chat, user).await?;
        let hidden = member.and_then(|member| member.hidden);
        Ok(hidden.is_some_and(|last| numbers.contains(&last)))
    }

    /// Tells the others in a chat that the user writes; said again within half a second, in whatever chat, it is not told. It may be
    /// lost.
    ///
    /// # Errors
    /// [`ChatError::NoCaller`] for the application; [`ChatError::NotAMember`] in a chat that is not followed.
    pub async fn typing(&self, chat: ChatNumber) -> Result<(), ChatError> {
        let user = self.seat.user().ok_or(ChatError::NoCaller)?;
        let chat = self.seat.chat(chat).ok_or(ChatError::NotAMember)?;
        if self.seat.may_type() {
            self.hub.announcer.tell(Event::Typing { chat, user });
        }
        Ok(())
    }

    /// Is told from now on whether these users are there, and of no others any more. Whom the application does not have nothing is
    /// told of. Who comes and goes is told when nothing else is left to tell, and soon; when a node was killed, within a minute.
    ///
    /// # Errors
    /// [`ChatError::TooManyWatched`]: the limit is [`LiveLimits::watched`](super::LiveLimits::watched).
    pub async fn watch(&self, users: &[UserNumber]) -> Result<(), ChatError> {
        let most = self.hub.limits.watched;
        if users.len() > most {
            return Err(ChatError::TooManyWatched(most));
        }
        let found = &self.hub.stores.users;
        let found = found.users(self.seat.application, users).await?;
        let found = found.into_iter().map(|user| user.number).collect();
        self.seat.watch_companions(false);
        self.hub.presence.watch(&self.seat, found);
        Ok(())
    }

    /// Is told from now on whether those are there with whom the user takes part in chats, and of no others: in the 50 that were active
    /// last, those of more than a hundred members not counted, and of [`LiveLimits::watched`](super::LiveLimits::watched) people at most.
    /// Who comes into a chat that is followed, or leaves it, is watched or let go of within a second or two. For the application nothing
    /// happens.
    pub fn watch_companions(&self) {
        self.seat.watch_companions(true);
    }

    fn begin(&self, target: Target, cursor: Option<Cursor>, done: &Arc<CatchUp>) {
        let is_known =
            |cursor: &Cursor| cursor.epoch == self.hub.epoch && target.head.covers(cursor.head);
        let done = done.clone();
        let (at, come) = match cursor {
            Some(cursor) if is_known(&cursor) => (cursor.head, Come::CatchingUp(done)),
            Some(_) => {
                let id = self.seat.public_id;
                let now = self.hub.cursor(id, target.number, target.head);
                (target.head, Come::Reset(now, done))
            }
            None => (target.head, Come::CatchingUp(done)),
        };
        self.hub.enter(&self.seat, target, at, come);
    }

    /// A chat that one need not take part in.
    async fn open(&self, chat: ChatNumber) -> Result<Option<Target>, ChatError> {
        if matches!(self.seat.caller, Caller::User(_)) {
            return Ok(None);
        }
        let chats = &self.hub.stores.chats;
        let found = chats.get(self.seat.application, chat).await?;
        let caller = self.seat.caller;
        let found = found.filter(|chat| caller.has_to_be_in(chat.kind).is_none());
        Ok(found.map(|chat| Target {
            chat: chat.id,
            number: chat.number,
            head: chat.head,
            member: None,
        }))
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seat, .. } = self;
        f.debug_struct("Listener")
            .field("seat", seat)
            .finish_non_exhaustive()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.seat.close(Bye::Stopping);
        self.hub.leave(&self.seat);
    }
}
