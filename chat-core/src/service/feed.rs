use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;

use crate::cursor::{Cursor, CursorError};
use crate::error::ChatError;
use crate::ids::{Change, Head, MessageNumber, UserNumber};
use crate::live::Attendance;
use crate::model::{ChatInfo, ChatView, Member, Message};
use crate::page::Limit;
use crate::port::Changes;

use super::Reader;

/// What happened in a chat after a cursor.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Everything that was touched since, each thing once, as it stands now.
    pub items: Vec<Item>,
    /// Ask for changes after this cursor to go on.
    pub next: Cursor,
    /// The cursor of the chat as it stands now.
    pub head: Cursor,
    /// Whether there is more to read already.
    pub more: bool,
}

/// Something that was touched, as it stands.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Item {
    /// A message, or its tombstone.
    Message(Message),
    /// The chat itself.
    Chat(ChatView),
    /// Somebody who came, was changed, left, or is [`gone`](Member::gone).
    Member(Member),
    /// What a member has received and read.
    Mark(Member),
}

impl Reader {
    /// What happened after this cursor; without one, an empty feed to go on from.
    ///
    /// # Errors
    /// [`ChatError::Cursor`] when it belongs to another chat; [`ChatError::CursorReset`] when it is
    /// of another epoch or beyond the head; [`ChatError::ChatNotFound`] when the chat was deleted
    /// meanwhile; [`ChatError::Removed`] when who reads takes part no more, whatever the cursor: who comes back goes on with it.
    pub async fn changes(&self, after: Option<Cursor>, limit: Limit) -> Result<Feed, ChatError> {
        let after = match after {
            Some(cursor) => self.check(cursor)?,
            None => self.info.head,
        };
        let history = &self.service.inner.stores.history;
        let found = history
            .changes(self.info.id, after, limit, self.viewer)
            .await?;
        let changes = found.ok_or(ChatError::ChatNotFound(self.info.number))?;
        let is_there = |viewer: Option<&Member>| viewer.is_some_and(Member::is_there);
        if self.viewer.is_some() && !is_there(changes.viewer.as_ref()) {
            return Err(ChatError::Removed);
        }
        if !changes.chat.head.covers(after) {
            return Err(ChatError::CursorReset);
        }
        let cursor = |head| {
            self.service
                .cursor(self.application, self.info.number, head)
        };
        let (next, head) = (cursor(changes.next), cursor(changes.chat.head));
        let more = changes.more;
        let view = |chat| self.service.view(self.application, chat);
        Ok(Feed {
            items: items(changes, self.viewer, view),
            next,
            head,
            more,
        })
    }

    /// As [`Reader::changes`], but waits up to `patience` until something has happened.
    ///
    /// # Errors
    /// As [`Reader::changes`], and [`ChatError::NotLoggedIn`] when the session of whoever reads ends meanwhile.
    pub async fn wait(
        &self,
        after: Option<Cursor>,
        limit: Limit,
        patience: Duration,
    ) -> Result<Feed, ChatError> {
        let deadline = tokio::time::Instant::now() + patience;
        let mut after = after;
        let mut watch = self.watch();
        loop {
            let feed = self.changes(after, limit).await;
            // The session may have ended before what was read was posted.
            self.service.still_logged_in(self.access).await?;
            let feed = feed?;
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            if !feed.items.is_empty() || left.is_zero() {
                return Ok(feed);
            }
            after = Some(feed.next);
            watch.moved(left).await;
        }
    }

    /// Watches for the chat to move, and for the session of whoever reads to end, from now on. A member who does is there meanwhile.
    #[must_use]
    pub fn watch(&self) -> Watch {
        let (info, access) = (&self.info, self.access);
        let inner = &self.service.inner;
        let hub = &inner.live.0;
        let attend = |user| hub.presence.attend((info.application, user));
        let session = access.caller.user().zip(access.session);
        let waits = |(user, session)| hub.waits.watch((info.application, user), session);
        Watch {
            moved: inner.watches.watch(info.application, info.id, info.head),
            ended: session.map(waits),
            _attendance: self.viewer.map(attend),
        }
    }

    fn check(&self, cursor: Cursor) -> Result<Head, ChatError> {
        if cursor.application != self.application || cursor.chat != self.info.number {
            return Err(ChatError::Cursor(CursorError::OtherChat));
        }
        if cursor.epoch != self.service.inner.epoch {
            return Err(ChatError::CursorReset);
        }
        Ok(cursor.head)
    }
}

/// What a page tells. A member is found by the later of its two changes, and a cut between them would lose the earlier one, so each
/// member on a page is told with its marks, whichever of the two brought it there.
pub(crate) fn items(
    changes: Changes,
    viewer: Option<UserNumber>,
    view: impl FnOnce(ChatInfo) -> ChatView,
) -> Vec<Item> {
    let tells_marks = changes.chat.tells_marks();
    let mut items: Vec<Item> = changes.messages.into_iter().map(Item::Message).collect();
    for member in changes.members {
        let may_hear = tells_marks || viewer == Some(member.user);
        let mark = may_hear && member.is_there() && member.delivered > MessageNumber::ZERO;
        let mark = mark.then(|| Item::Mark(member.clone()));
        // Who was there from the start is in any snapshot.
        if member.own_change > Change::ZERO {
            items.push(Item::Member(member));
        }
        items.extend(mark);
    }
    if changes.chat_touched {
        items.push(Item::Chat(view(changes.chat)));
    }
    items
}

/// Tells when a chat moves, or the session ends in which it is read.
pub struct Watch {
    moved: watch::Receiver<()>,
    ended: Option<watch::Receiver<()>>,
    /// Who reads is there.
    _attendance: Option<Attendance>,
}

impl Watch {
    /// Returns when the chat may have moved or the session may be over, after `patience` at the latest; when no event told of it,
    /// up to a second late. Look with [`Reader::changes`], then ask [`Chat::still_logged_in`](super::Chat::still_logged_in).
    pub async fn moved(&mut self, patience: Duration) {
        let ended = async {
            match &mut self.ended {
                Some(ended) => ended.changed().await,
                None => pending().await,
            }
        };
        // Whatever it was: the caller looks.
        tokio::select! {
            _ = self.moved.changed() => {}
            _ = ended => {}
            () = tokio::time::sleep(patience) => {}
        }
    }
}
