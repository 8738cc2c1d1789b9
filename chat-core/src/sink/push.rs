//! From the Store to users who are not connected. What is to be told stands in the Store, one row a chat, so a notifier that is down for
//! long is told of each chat's latest message, not of all that came meanwhile. Only those who seemed to be there are remembered here, for
//! a second look.

mod again;
mod later;
mod news;
mod round;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::commit::Sink;
use crate::error::{BackendError, ErrorKind};
use crate::ids::{ApplicationId, ChatId, Head, MessageNumber, PublicId};
use crate::live::Presences;
use crate::model::{ChatInfo, ChatKind, Member};
use crate::page::{Limit, Span};
use crate::port::{Dirty, Notification, Notifier, Stores};

use super::Followed;
use later::Later;
use news::{News, notice};
use round::{BATCH, Halfway, Progress, Round};

/// How long a message may wait when nobody announced it.
const SWEEP: Duration = Duration::from_secs(1);
/// How far apart passes begin while there is something to tell: in a busy chat one notification stands for many messages.
const PACE: Duration = Duration::from_millis(250);
/// How long to leave a notifier alone that failed: twice as long after each failure, up to the most.
const BACK_OFF: Duration = Duration::from_millis(500);
const BACK_OFF_MOST: Duration = Duration::from_secs(30);
/// A notifier that says nothing for so long has taken nothing.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest that a connection may be dead, or its node, until that is noticed; the time of grace comes on top of it.
const UNNOTICED: Duration = Duration::from_secs(100);
/// So many members of a chat are looked at together, and so often in one pass: then others have their turn.
const MEMBERS: Limit = Limit::new(BATCH).expect("a limit from 1 to 1,000");
const PAGES_OF_MEMBERS: usize = 20;
/// So many pages of messages are looked through for one that is not by the author of the latest. Only he would be told of it, and
/// whoever posts so much has seen what was there before.
const PAGES: usize = 20;

/// Follows the Store with notifications.
pub(crate) struct Pusher {
    stores: Stores,
    presence: Arc<Presences>,
    notifier: Arc<dyn Notifier>,
    wake: Arc<Notify>,
    /// For how long somebody who seemed to be there is looked at again.
    hold: Duration,
    later: Mutex<Later>,
    progress: Mutex<Progress>,
    told: AtomicU64,
    failure: Mutex<Option<Failure>>,
}

/// Why the last pass ended early.
struct Failure {
    error: BackendError,
    /// When the next one may begin, and how long that is after this one.
    until: Instant,
    back_off: Duration,
}

impl Pusher {
    /// One that looks when `wake` is notified, and every second. Users are taken to be there for a time of grace after they went.
    pub(crate) fn new(
        stores: Stores,
        presence: Arc<Presences>,
        notifier: Arc<dyn Notifier>,
        wake: Arc<Notify>,
        grace: Duration,
    ) -> Self {
        Self {
            stores,
            presence,
            notifier,
            wake,
            hold: UNNOTICED + grace,
            later: Mutex::default(),
            progress: Mutex::default(),
            told: AtomicU64::new(0),
            failure: Mutex::default(),
        }
    }

    /// How many notifications were taken since the start.
    pub(crate) fn told(&self) -> u64 {
        self.told.load(Ordering::Relaxed)
    }

    /// Why the last pass told nobody, if that failed.
    pub(crate) fn failure(&self) -> Option<BackendError> {
        let failure = self.last_failure();
        failure.as_ref().map(|failure| failure.error.clone())
    }

    fn later(&self) -> MutexGuard<'_, Later> {
        self.later.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last_failure(&self) -> MutexGuard<'_, Option<Failure>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows for so long; a pass that is begun is brought to its end.
    pub(crate) async fn run_for(&self, turn: Duration) {
        let end = Instant::now() + turn;
        while Instant::now() < end {
            let rest = self.last_failure().as_ref().map(|failure| failure.until);
            if let Some(until) = rest.filter(|until| *until > Instant::now()) {
                sleep_until(until.min(end)).await;
                continue;
            }
            let next = Instant::now() + PACE;
            match self.follow().await {
                Ok(Followed { more: true, .. }) => self.works(),
                Ok(Followed { chats: 0, .. }) => {
                    self.works();
                    // Either way it looks again: a notification only makes it sooner.
                    let latest = end.min(Instant::now() + SWEEP);
                    let _ = timeout_at(latest, self.wake.notified()).await;
                }
                Ok(_) => {
                    self.works();
                    sleep_until(next).await;
                }
                Err(error) => self.fails(error),
            }
        }
    }

    /// Another node tells users: what this one remembers may be told there by now, and whether it works is not for this one to say.
    pub(crate) fn rest(&self) {
        *self.later() = Later::default();
        *self.progress() = Progress::default();
        *self.last_failure() = None;
    }

    fn works(&self) {
        if self.last_failure().take().is_some() {
            tracing::info!("users who are not connected are told again");
        }
    }

    fn fails(&self, error: BackendError) {
        let mut failure = self.last_failure();
        let back_off = match &*failure {
            Some(before) => BACK_OFF_MOST.min(before.back_off * 2),
            None => {
                tracing::warn!(?error, "users who are not connected are told later");
                BACK_OFF
            }
        };
        *failure = Some(Failure {
            error,
            until: Instant::now() + back_off,
            back_off,
        });
    }

    /// Takes one piece of what is dirty.
    ///
    /// # Errors
    /// What the Store or the notifier could not do; the rows that are not wholly told stay dirty.
    pub(crate) async fn follow(&self) -> Result<Followed, BackendError> {
        let limit = Limit::DEFAULT;
        let rows = self.stores.outbox.dirty(Sink::Push, limit).await?;
        let (chats, more) = (rows.len(), rows.len() == limit.get());
        let told = self.tell_all(rows).await;
        // Whatever was not taken, others are not kept waiting.
        let looked = self.look_again().await;
        told?;
        let more = more || looked?;
        Ok(Followed { chats, more })
    }

    /// Tells what is new in these chats. After a failure each is told by itself, those of which something was not taken last: nobody
    /// waits for them.
    async fn tell_all(&self, mut rows: Vec<Dirty>) -> Result<(), BackendError> {
        let failed = {
            let mut progress = self.progress();
            progress.forget_all_but(&rows);
            progress.failed.clone()
        };
        rows.sort_by_key(|row| failed.iter().position(|chat| *chat == row.chat));
        let is_careful = self.is_careful();
        let mut round = Round::default();
        for row in rows {
            let told = async {
                if let Some(to) = self.take(row, &mut round).await? {
                    round.settle(Dirty { to, ..row });
                }
                match is_careful {
                    true => self.tell(&mut round).await,
                    false => Ok(()),
                }
            };
            if let Err(error) = told.await {
                // What was told in between may be of a chat before it.
                self.progress().fails(round.first().unwrap_or(row.chat));
                return Err(error);
            }
        }
        if let Err(error) = self.tell(&mut round).await {
            round
                .first()
                .into_iter()
                .for_each(|chat| self.progress().fails(chat));
            return Err(error);
        }
        self.progress().failed.clear();
        Ok(())
    }

    /// Whether something was not taken the last time: who knows which.
    fn is_careful(&self) -> bool {
        !self.progress().failed.is_empty() || self.last_failure().is_some()
    }

    /// Finds out who is to be told of what is new in one chat, and answers up to where that was; `None` when it has more members than
    /// are looked at in one pass.
    async fn take(&self, row: Dirty, round: &mut Round) -> Result<Option<Head>, BackendError> {
        // The head first, then rows up to it.
        let Some(chat) = self.stores.chats.by_id(row.chat).await? else {
            return Ok(Some(row.to));
        };
        let begun = self.progress().halfway.get(&row.chat).copied();
        let Halfway { head, mut after } = begun.unwrap_or(Halfway {
            head: chat.head,
            after: 0,
        });
        if chat.kind == ChatKind::Open || head.number <= row.from.number {
            return Ok(Some(head));
        }
        let news = self.news(&chat, row.from.number, head.number).await?;
        let application = self.public_id(row.application, round).await?;
        let Some(application) = application.filter(|_| !news.is_empty()) else {
            return Ok(Some(head));
        };
        for _ in 0..PAGES_OF_MEMBERS {
            let span = Span::After(after);
            let page = self.stores.members.members(chat.id, span, MEMBERS).await?;
            after = page.items.last().map_or(after, |member| member.user.0);
            let concerned = page.items.into_iter().filter_map(|member| {
                let fresh = notice(&member, &news, None)?;
                let notification = Notification {
                    application,
                    user: member.user,
                    chat: chat.number,
                    message: fresh.number,
                    author: fresh.author,
                    at: fresh.at,
                };
                Some((member, notification))
            });
            self.sort(&chat, &news, concerned.collect(), round).await;
            if !page.more {
                return Ok(Some(head));
            }
            if round.is_full() {
                self.tell(round).await?;
                self.went(row.chat, Halfway { head, after });
            }
        }
        self.tell(round).await?;
        self.went(row.chat, Halfway { head, after });
        Ok(None)
    }

    /// These of a chat's members are told: the next pass goes on behind them.
    fn went(&self, chat: ChatId, halfway: Halfway) {
        self.progress().halfway.insert(chat, halfway);
    }

    /// Has those told who are not there, and remembers the others.
    async fn sort(
        &self,
        chat: &ChatInfo,
        news: &News,
        concerned: Vec<(Member, Notification)>,
        round: &mut Round,
    ) {
        let users: Vec<_> = concerned.iter().map(|(member, _)| member.user).collect();
        let there = self.presence.are_known(chat.application, &users).await;
        let mut later = self.later();
        for ((member, notification), is_there) in concerned.into_iter().zip(there) {
            if notice(&member, news, is_there).is_some() {
                later.forget((chat.id, member.user));
                round.tell(notification);
            } else {
                later.note(chat.application, chat.id, notification, self.hold);
            }
        }
    }

    /// What was posted in a chat after one message, up to another one.
    async fn news(
        &self,
        chat: &ChatInfo,
        after: MessageNumber,
        through: MessageNumber,
    ) -> Result<News, BackendError> {
        let mut news = News::default();
        let mut before = u64::MAX;
        for _ in 0..PAGES {
            let span = Span::Before(before);
            let history = &self.stores.history;
            let page = history.page(chat.id, span, through, false, Limit::DEFAULT);
            let page = page.await?;
            let new = page.items.iter().rev();
            for message in new.take_while(|message| message.number > after) {
                if news.take(message) {
                    return Ok(news);
                }
            }
            match page.items.first() {
                Some(first) if page.more && first.number > after => before = first.number.0,
                _ => break,
            }
        }
        Ok(news)
    }

    async fn public_id(
        &self,
        application: ApplicationId,
        round: &mut Round,
    ) -> Result<Option<PublicId>, BackendError> {
        if let Some(known) = round.applications.get(&application) {
            return Ok(*known);
        }
        let found = self.stores.applications.by_id(application).await?;
        let found = found.map(|application| application.public_id);
        round.applications.insert(application, found);
        Ok(found)
    }

    /// Tells what waits, and settles the rows that are read as everything of them is told.
    async fn tell(&self, round: &mut Round) -> Result<(), BackendError> {
        while !round.is_empty() {
            let part = round.part();
            let count = part.len();
            if count > 0 {
                self.notify(part).await?;
            }
            let done = round.told(count);
            if !done.is_empty() {
                self.stores.outbox.settle(Sink::Push, &done).await?;
                let is_told = |chat: &ChatId| done.iter().any(|row| row.chat == *chat);
                self.progress().halfway.retain(|chat, _| !is_told(chat));
            }
        }
        Ok(())
    }

    async fn notify(&self, part: &[Notification]) -> Result<(), BackendError> {
        let taken = timeout(PATIENCE, self.notifier.notify(part)).await;
        taken.unwrap_or_else(|late| {
            let error = BackendError::new(ErrorKind::Unavailable, "notifier", "notify");
            Err(error.with_source(late))
        })?;
        self.told.fetch_add(part.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}
