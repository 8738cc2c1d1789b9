//! Direct chats as one list of messages, by the integer ids that messages of the default application have.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use crate::error::ChatError;
use crate::ids::{ApplicationId, ChatId, ChatNumber, ChatUuid, MessageNumber, UserNumber};
use crate::model::{ChatKind, ChatView, Message};
use crate::page::{Limit, Page, Span};
use crate::port::{Stores, Thread};

use super::{Access, Chat, Reader};

/// How many chats are asked at once.
const AT_ONCE: usize = 8;
/// How many messages of one chat are looked at once, at most: from one on, twice as many each time.
const LOOK: usize = 128;

/// Which messages of direct chats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those that neither of the two has marked as read, whoever posted them.
    Unread,
}

/// A message of a direct chat.
#[derive(Debug, Clone)]
pub struct InThread {
    /// What the chat is called.
    pub chat: ChatUuid,
    /// The message.
    pub message: Message,
    /// Whether any of the two has marked it as read.
    pub is_read: bool,
}

/// A part of the messages of all direct chats of a user.
#[derive(Debug, Clone)]
pub struct ThreadMessages {
    /// They, ascending by integer id.
    pub items: Vec<InThread>,
    /// How many there are in all. Exact.
    pub count: u64,
}

impl Chat {
    /// A page of the direct chats of whoever asks, hidden or not, ascending by number above `after`.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::CallerNotFound`]; [`ChatError::NoCaller`] for the application.
    pub async fn threads(
        &self,
        access: Access,
        after: ChatNumber,
        limit: Limit,
    ) -> Result<Page<ChatView>, ChatError> {
        let user = access.caller.user().ok_or(ChatError::NoCaller)?;
        let application = self.acting(access).await?;
        let members = &self.inner.stores.members;
        let page = members.threads(application.id, user, after, limit).await?;
        let items = page.items.into_iter();
        let view = |thread: Thread| self.view(application.public_id, thread.chat);
        Ok(Page {
            items: items.map(view).collect(),
            more: page.more,
        })
    }

    /// The messages of all direct chats of whoever asks, from the one at `offset` on. The cost grows with how many chats these are and
    /// with `offset` and `limit`, not with how many messages there are.
    ///
    /// # Errors
    /// As [`Chat::threads`].
    pub async fn thread_messages(
        &self,
        access: Access,
        which: Which,
        offset: u64,
        limit: Limit,
    ) -> Result<ThreadMessages, ChatError> {
        let user = access.caller.user().ok_or(ChatError::NoCaller)?;
        let application = self.acting(access).await?.id;
        let threads = self.all_threads(application, user).await?;
        let of = |thread: &Thread| match which {
            Which::All => thread.chat.messages_count,
            Which::Unread => thread.unread,
        };
        let count = threads.iter().map(of).sum();
        if offset >= count {
            let items = Vec::new();
            return Ok(ThreadMessages { items, count });
        }
        let stores = &self.inner.stores;
        let mut lines: Vec<Line> = threads
            .into_iter()
            .filter(|thread| of(thread) > 0)
            .filter_map(|thread| Line::new(thread, which))
            .collect();
        let filling = lines.iter_mut().map(|line| line.fill(stores).boxed());
        let filling = stream::iter(filling.collect::<Vec<_>>());
        let firsts: Vec<_> = filling.buffered(AT_ONCE).try_collect().await?;
        let firsts = firsts.into_iter().enumerate();
        let mut first: BinaryHeap<_> = firsts
            .filter_map(|(at, id)| Some(Reverse((id?, at))))
            .collect();
        let (mut skipped, mut taken) = (0, Vec::with_capacity(limit.get()));
        while taken.len() < limit.get()
            && let Some(Reverse((_, at))) = first.pop()
        {
            let line = &mut lines[at];
            if let Some((_, number)) = line.waiting.pop_front() {
                if skipped < offset {
                    skipped += 1;
                } else {
                    taken.push((at, number));
                }
            }
            first.extend(line.fill(stores).await?.map(|id| Reverse((id, at))));
        }
        let items = self.shown(&lines, &taken).await?;
        Ok(ThreadMessages { items, count })
    }

    /// The message of a direct chat of whoever asks that has this integer id, and its chat; `None` when there is none.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`]; [`ChatError::Removed`] when whoever asks was removed meanwhile.
    pub async fn thread_message(
        &self,
        access: Access,
        id: u64,
    ) -> Result<Option<(Reader, InThread)>, ChatError> {
        let application = self.resolve(access).await?;
        let stores = &self.inner.stores;
        let Some((chat, number)) = stores.history.by_ext_id(id).await? else {
            return Ok(None);
        };
        let found = stores.chats.by_id(chat).await?;
        let own = found
            .filter(|chat| (chat.application, chat.kind) == (application.id, ChatKind::Direct));
        let Some(info) = own else {
            return Ok(None);
        };
        let reader = match self.opened(access, application.public_id, info).await {
            Err(ChatError::NotAMember) => return Ok(None),
            opened => opened?,
        };
        match reader.in_thread(number).await {
            Err(ChatError::MessageNotFound(_)) => Ok(None),
            message => Ok(Some((reader, message?))),
        }
    }

    async fn all_threads(
        &self,
        application: ApplicationId,
        user: UserNumber,
    ) -> Result<Vec<Thread>, ChatError> {
        let (mut all, mut after) = (Vec::new(), ChatNumber::ZERO);
        loop {
            let members = &self.inner.stores.members;
            let page = members
                .threads(application, user, after, Limit::MAX)
                .await?;
            after = page.items.last().map_or(after, |last| last.chat.number);
            all.extend(page.items);
            if !page.more {
                return Ok(all);
            }
        }
    }

    /// The messages that were taken, as they stand, in their order; without what was deleted meanwhile.
    async fn shown(
        &self,
        lines: &[Line],
        taken: &[(usize, MessageNumber)],
    ) -> Result<Vec<InThread>, ChatError> {
        let mut numbers: HashMap<usize, Vec<MessageNumber>> = HashMap::new();
        for (at, number) in taken {
            numbers.entry(*at).or_default().push(*number);
        }
        let stores = &self.inner.stores;
        let reading = numbers.into_iter().map(|(at, numbers)| {
            let read = async move {
                let found = lines[at].read(stores, &numbers).await?.into_iter();
                Ok::<_, ChatError>(found.map(|one| ((at, one.message.number), one)).collect())
            };
            read.boxed()
        });
        let reading = stream::iter(reading.collect::<Vec<_>>());
        let read: Vec<Vec<_>> = reading.buffered(AT_ONCE).try_collect().await?;
        let mut found: HashMap<_, _> = read.into_iter().flatten().collect();
        Ok(taken
            .iter()
            .filter_map(|place| found.remove(place))
            .collect())
    }
}

impl Reader {
    /// One message of a direct chat.
    ///
    /// # Errors
    /// As [`Reader::message`]; [`ChatError::WrongKind`] in a chat that is no direct one.
    pub async fn in_thread(&self, number: MessageNumber) -> Result<InThread, ChatError> {
        let message = self.message(number).await?;
        let shown = self.all_in_thread(vec![message]).await?.pop();
        shown.ok_or(ChatError::MessageNotFound(number))
    }

    /// A page of messages of a direct chat, ascending by number.
    ///
    /// # Errors
    /// As [`Reader::messages`]; [`ChatError::WrongKind`] in a chat that is no direct one.
    pub async fn thread(
        &self,
        after: MessageNumber,
        limit: Limit,
    ) -> Result<Page<InThread>, ChatError> {
        let page = self.messages(Span::After(after.0), false, limit).await?;
        Ok(Page {
            items: self.all_in_thread(page.items).await?,
            more: page.more,
        })
    }

    async fn all_in_thread(&self, messages: Vec<Message>) -> Result<Vec<InThread>, ChatError> {
        let info = &self.info;
        let direct = info.direct.ok_or(ChatError::WrongKind(info.kind))?;
        let members = &self.service.inner.stores.members;
        let mut read = MessageNumber::ZERO;
        for user in [direct.pair.low, direct.pair.high] {
            // One who left has read what it has read.
            let found = members.member(info.id, user).await?;
            read = read.max(found.map_or(read, |member| member.read));
        }
        let marks = Marks {
            chat: info.id,
            uuid: direct.uuid,
            read,
        };
        marks.shown(&self.service.inner.stores, messages).await
    }
}

/// What tells whether a message was read.
#[derive(Clone, Copy)]
struct Marks {
    chat: ChatId,
    uuid: ChatUuid,
    /// Somebody has read everything up to this message.
    read: MessageNumber,
}

impl Marks {
    /// The messages, ascending by number, with what tells whether each was read.
    async fn shown(
        &self,
        stores: &Stores,
        messages: Vec<Message>,
    ) -> Result<Vec<InThread>, ChatError> {
        let apart = match (messages.first(), messages.last()) {
            (Some(first), Some(last)) if last.number > self.read => {
                let members = &stores.members;
                members.ranges(self.chat, first.number, last.number).await?
            }
            _ => Vec::new(),
        };
        let shown = messages.into_iter().map(|message| {
            let number = message.number;
            let mut apart = apart.iter();
            InThread {
                chat: self.uuid,
                is_read: number <= self.read
                    || apart.any(|(_, low, high)| (*low..=*high).contains(&number)),
                message,
            }
        });
        Ok(shown.collect())
    }
}

/// What is still to come of one direct chat.
struct Line {
    marks: Marks,
    which: Which,
    /// The last message there is, and the last one that was looked at.
    through: MessageNumber,
    after: MessageNumber,
    look: usize,
    /// The integer ids and numbers of those that were looked at.
    waiting: VecDeque<(u64, MessageNumber)>,
}

impl Line {
    fn new(thread: Thread, which: Which) -> Option<Self> {
        let Thread { chat, read, .. } = thread;
        Some(Self {
            marks: Marks {
                chat: chat.id,
                uuid: chat.direct?.uuid,
                read,
            },
            which,
            through: chat.head.number,
            after: match which {
                Which::All => MessageNumber::ZERO,
                Which::Unread => read,
            },
            look: 1,
            waiting: VecDeque::new(),
        })
    }

    /// The integer id of the next message, after looking for more if none waits; `None` at the end. They rise with the numbers.
    async fn fill(&mut self, stores: &Stores) -> Result<Option<u64>, ChatError> {
        while self.waiting.is_empty() && self.after < self.through {
            let limit = Limit::new(self.look).unwrap_or(Limit::ONE);
            self.look = (self.look * 2).min(LOOK);
            let span = Span::After(self.after.0);
            let history = &stores.history;
            let page = history
                .page(self.marks.chat, span, self.through, false, limit)
                .await?;
            self.after = match page.items.last() {
                Some(last) if page.more => last.number,
                _ => self.through,
            };
            let found = self.marks.shown(stores, page.items).await?;
            let wanted = found
                .into_iter()
                .filter(|one| self.which == Which::All || !one.is_read);
            let places = wanted.filter_map(|one| Some((one.message.ext_id?, one.message.number)));
            self.waiting.extend(places);
        }
        Ok(self.waiting.front().map(|(id, _)| *id))
    }

    async fn read(
        &self,
        stores: &Stores,
        numbers: &[MessageNumber],
    ) -> Result<Vec<InThread>, ChatError> {
        let mut found = stores.history.many(self.marks.chat, numbers).await?;
        found.retain(|message| !message.is_deleted());
        self.marks.shown(stores, found).await
    }
}
