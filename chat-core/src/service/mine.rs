use std::collections::HashSet;

use futures_util::future::try_join;

use crate::error::ChatError;
use crate::ids::{ChatId, ChatNumber, PublicId};
use crate::model::{ChatView, Member, Message};
use crate::page::{Limit, Page, Span};
use crate::port::{Activity, OwnChat};

use super::{Access, Chat, Reader, Roll};

/// A chat, seen by one who takes part in it.
#[derive(Debug, Clone)]
pub struct MyChat {
    /// The chat.
    pub chat: ChatView,
    /// Its part in it.
    pub member: Member,
    /// The last message that is not deleted.
    pub latest: Option<Message>,
    /// How many messages it has not read: neither its own nor deleted. Counted up to [`MAX_UNREAD`](crate::port::MAX_UNREAD).
    pub unread: u64,
    /// Where it stands in the list.
    pub activity: Activity,
    /// Whether it is left out of the list until its next message.
    pub is_hidden: bool,
    /// Whether anybody has read messages apart from those before them.
    has_ranges: bool,
    reader: Reader,
}

impl MyChat {
    /// The chat, opened for whoever has it, as it was then.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Who takes part, and how far the last message came.
    ///
    /// # Errors
    /// As [`Reader::roll`].
    pub async fn roll(&self) -> Result<Roll, ChatError> {
        match self.has_ranges {
            true => self.reader.roll_of(&self.latest).await,
            false => self.reader.roll().await,
        }
    }

    /// A page of its messages without tombstones, ascending by number, and how far they and the last one came.
    ///
    /// # Errors
    /// As [`Reader::messages`] and [`Reader::roll`].
    pub async fn messages(
        &self,
        span: Span,
        limit: Limit,
    ) -> Result<(Page<Message>, Roll), ChatError> {
        let page = self.reader.messages(span, false, limit);
        if !self.has_ranges {
            return try_join(page, self.reader.roll()).await;
        }
        let page = page.await?;
        let shown = page.items.iter().chain(&self.latest);
        let roll = self.reader.roll_of(shown).await?;
        Ok((page, roll))
    }
}

impl Chat {
    /// A page of the chats that whoever asks takes part in and has not hidden, latest activity first, below `before` if given.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::CallerNotFound`]; [`ChatError::NoCaller`] for the application.
    pub async fn my_chats(
        &self,
        access: Access,
        before: Option<Activity>,
        limit: Limit,
    ) -> Result<Page<MyChat>, ChatError> {
        let user = access.caller.user().ok_or(ChatError::NoCaller)?;
        let application = self.acting(access).await?;
        let members = &self.inner.stores.members;
        let page = members
            .chats_of(application.id, user, before, limit)
            .await?;
        let items = page.items.into_iter();
        let mine = |own| self.mine(application.public_id, access, own);
        Ok(Page {
            items: items.map(mine).collect(),
            more: page.more,
        })
    }

    /// One chat as [`Chat::my_chats`] has it, hidden or not.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::ChatNotFound`]; [`ChatError::NotAMember`] when it is not a chat of whoever
    /// asks; [`ChatError::NoCaller`] for the application.
    pub async fn my_chat(&self, access: Access, chat: ChatNumber) -> Result<MyChat, ChatError> {
        let user = access.caller.user().ok_or(ChatError::NoCaller)?;
        let application = self.resolve(access).await?;
        let stores = &self.inner.stores;
        match stores.members.chat_of(application.id, user, chat).await? {
            Some(own) => Ok(self.mine(application.public_id, access, own)),
            None => match stores.chats.get(application.id, chat).await? {
                Some(_) => Err(ChatError::NotAMember),
                None => Err(ChatError::ChatNotFound(chat)),
            },
        }
    }

    /// A page of all chats that whoever asks takes part in, hidden or not, in no order that means anything: where each stands, for
    /// `after`, and its number.
    ///
    /// # Errors
    /// As [`Chat::my_chats`].
    pub async fn part_in(
        &self,
        access: Access,
        after: Option<ChatId>,
        limit: Limit,
    ) -> Result<Page<(ChatId, ChatNumber)>, ChatError> {
        let user = access.caller.user().ok_or(ChatError::NoCaller)?;
        let application = self.acting(access).await?.id;
        let members = &self.inner.stores.members;
        let after = after.unwrap_or(ChatId(0));
        let page = members.memberships(application, user, after, limit).await?;
        let items = page.items.iter().map(|one| (one.chat, one.number));
        Ok(Page {
            items: items.collect(),
            more: page.more,
        })
    }

    /// All chats that [`Chat::my_chats`] has, page by page, for as long as there are.
    #[must_use]
    pub fn all_my_chats(&self, access: Access, limit: Limit) -> AllMyChats {
        AllMyChats {
            chat: self.clone(),
            access,
            limit,
            before: None,
            top: None,
            down_to: None,
            told: HashSet::new(),
        }
    }

    fn mine(&self, application: PublicId, access: Access, own: OwnChat) -> MyChat {
        let (activity, is_hidden) = (own.activity(), own.is_hidden());
        let viewer = Some(own.member.user);
        let reader = Reader::new(self.clone(), application, own.chat, access, viewer);
        MyChat {
            chat: reader.view(),
            member: own.member,
            latest: own.latest,
            unread: own.unread,
            activity,
            is_hidden,
            has_ranges: own.has_ranges,
            reader,
        }
    }
}

/// A walk through all chats of somebody, latest activity first. A chat that moves up meanwhile comes once all the same: what is above
/// where the walk began is looked at again at its end. It remembers the number of each chat that it told.
pub struct AllMyChats {
    chat: Chat,
    access: Access,
    limit: Limit,
    before: Option<Activity>,
    /// Where this round began, and where it ends.
    top: Option<Activity>,
    down_to: Option<Activity>,
    told: HashSet<ChatNumber>,
}

impl AllMyChats {
    /// The next of them, and whether there may be more.
    ///
    /// # Errors
    /// As [`Chat::my_chats`].
    pub async fn next(&mut self) -> Result<(Vec<MyChat>, bool), ChatError> {
        let page = self.chat.my_chats(self.access, self.before, self.limit);
        let Page { mut items, more } = page.await?;
        let is_first = self.before.is_none();
        let found = items.len();
        items.retain(|mine| self.down_to.is_none_or(|end| mine.activity > end));
        let ends = !more || items.len() < found;
        if is_first {
            self.top = items.first().map(|first| first.activity);
        }
        self.before = items.last().map(|last| last.activity).or(self.before);
        items.retain(|mine| self.told.insert(mine.chat.number));
        if !ends {
            return Ok((items, true));
        }
        // A round of one page saw all at once: nothing can have moved past it.
        let more = !is_first;
        self.down_to = self.top.max(self.down_to);
        self.before = None;
        Ok((items, more))
    }
}
