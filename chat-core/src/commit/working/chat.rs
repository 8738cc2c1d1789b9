//! A chat while a batch is decided: the only place where numbers, changes and times are taken.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Timestamp;
use crate::commit::{Caller, ChatFacts, ChatState, ChatWrite, Edit, Imported, Post, Refusal};
use crate::ids::{Change, Head, MessageNumber, UserNumber};
use crate::model::{Member, Message};

/// Only a message that has a number can be answered.
pub(in crate::commit) fn reply_exists(
    reply_to: Option<MessageNumber>,
    last: MessageNumber,
) -> Result<(), Refusal> {
    match reply_to {
        Some(number) if number == MessageNumber::ZERO || number > last => {
            Err(Refusal::ReplyNotFound(number))
        }
        _ => Ok(()),
    }
}

#[derive(Debug)]
pub(in crate::commit) struct WorkingChat {
    pub(in crate::commit) state: ChatState,
    before: Option<ChatState>,
    loaded: BTreeMap<MessageNumber, Message>,
    posted: Vec<Message>,
    touched: BTreeMap<MessageNumber, Message>,
    pub(super) members: BTreeMap<UserNumber, Member>,
    /// Those of the members that are written.
    pub(super) written: BTreeSet<UserNumber>,
    pub(super) ranges: BTreeMap<(UserNumber, MessageNumber), MessageNumber>,
    pub(super) written_ranges: BTreeMap<(UserNumber, MessageNumber), Option<MessageNumber>>,
}

impl WorkingChat {
    pub(in crate::commit) fn new(state: ChatState) -> Self {
        Self {
            state,
            before: None,
            loaded: BTreeMap::new(),
            posted: Vec::new(),
            touched: BTreeMap::new(),
            members: BTreeMap::new(),
            written: BTreeSet::new(),
            ranges: BTreeMap::new(),
            written_ranges: BTreeMap::new(),
        }
    }

    pub(in crate::commit) fn loaded(facts: ChatFacts) -> Self {
        Self {
            before: Some(facts.state.clone()),
            loaded: facts.messages,
            members: facts.members,
            ranges: facts.ranges,
            ..Self::new(facts.state)
        }
    }

    /// Times that the server makes never decrease within a chat.
    pub(super) fn time(&mut self, now: Timestamp) -> Timestamp {
        self.state.last_at = self.state.last_at.max(now);
        self.state.last_at
    }

    pub(super) fn next_change(&mut self) -> Change {
        self.state.head.change = self.state.head.change.next();
        self.state.head.change
    }

    pub(in crate::commit) fn post(
        &mut self,
        post: &Post,
        caller: Caller,
        now: Timestamp,
    ) -> Result<(MessageNumber, Timestamp), Refusal> {
        reply_exists(post.reply_to, self.state.head.number)?;
        let at = self.time(now);
        self.state.active_at = at;
        if let Some(user) = caller.user() {
            self.note(user, at);
        }
        let number = self.append(Message {
            number: MessageNumber::ZERO,
            body: post.body.as_str().to_owned(),
            sender: caller.user(),
            author_name: None,
            data: post.data.as_ref().map(|data| data.as_str().to_owned()),
            reply_to: post.reply_to,
            ext_id: None,
            created_at: at,
            edited_at: None,
            deleted_at: None,
            change: Change::ZERO,
        });
        Ok((number, at))
    }

    /// Takes a message over as it stands in a file; the caller has checked what it names, and says who its sender is by now.
    pub(in crate::commit) fn import(
        &mut self,
        one: &Imported,
        sender: Option<UserNumber>,
        now: Timestamp,
    ) -> MessageNumber {
        let at = self.time(now);
        let posted_at = one.created_at.unwrap_or(at).min(at);
        self.state.active_at = self.state.active_at.max(posted_at);
        if let Some(user) = sender {
            self.note(user, at);
        }
        let (deleted_at, change) = match one.body {
            Some(_) => (None, Change::ZERO),
            // It was posted and deleted.
            None => (Some(one.deleted_at.unwrap_or(at)), self.next_change()),
        };
        self.append(Message {
            number: MessageNumber::ZERO,
            body: one
                .body
                .as_ref()
                .map(|body| body.as_str().to_owned())
                .unwrap_or_default(),
            sender,
            author_name: one
                .author_name
                .as_ref()
                .map(|name| name.as_str().to_owned()),
            data: one.data.as_ref().map(|data| data.as_str().to_owned()),
            reply_to: one.reply_to,
            ext_id: None,
            created_at: one.created_at.unwrap_or(at),
            edited_at: one.edited_at,
            deleted_at,
            change,
        })
    }

    fn append(&mut self, mut message: Message) -> MessageNumber {
        let number = self.state.head.number.next();
        message.number = number;
        self.state.head.number = number;
        self.state.live += u64::from(!message.is_deleted());
        self.posted.push(message);
        number
    }

    pub(in crate::commit) fn edit(
        &mut self,
        edit: &Edit,
        caller: Caller,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let (at, change) = (self.state.last_at.max(now), self.state.head.change.next());
        let sender = self.find(edit.number)?.sender;
        self.permits_changing(sender, caller, false)?;
        let message = self.find(edit.number)?;
        if let Some(body) = &edit.body {
            message.body = body.as_str().to_owned();
        }
        if let Some(data) = &edit.data {
            message.data = data.as_ref().map(|data| data.as_str().to_owned());
        }
        message.edited_at = Some(at);
        message.change = change;
        self.touched_at(at);
        Ok(())
    }

    pub(in crate::commit) fn delete(
        &mut self,
        number: MessageNumber,
        caller: Caller,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let (at, change) = (self.state.last_at.max(now), self.state.head.change.next());
        let sender = self.find(number)?.sender;
        self.permits_changing(sender, caller, true)?;
        let message = self.find(number)?;
        message.body.clear();
        message.data = None;
        message.deleted_at = Some(at);
        message.change = change;
        self.state.live -= 1;
        self.touched_at(at);
        Ok(())
    }

    fn touched_at(&mut self, at: Timestamp) {
        self.next_change();
        self.time(at);
    }

    /// Something of the chat itself changes: its name, or that it exists.
    pub(in crate::commit) fn touch_itself(&mut self, now: Timestamp) -> Timestamp {
        self.state.own_change = self.next_change();
        self.time(now)
    }

    /// A message that exists, to be written over.
    fn find(&mut self, number: MessageNumber) -> Result<&mut Message, Refusal> {
        let gone = Refusal::MessageNotFound(number);
        if let Some(loaded) = self.loaded.remove(&number) {
            self.touched.insert(number, loaded);
        }
        let found = match self.touched.get_mut(&number) {
            Some(touched) => Some(touched),
            None => {
                let first = self
                    .posted
                    .first()
                    .map_or(number.next(), |first| first.number);
                let at = number
                    .0
                    .checked_sub(first.0)
                    .and_then(|at| usize::try_from(at).ok());
                at.and_then(|at| self.posted.get_mut(at))
            }
        };
        found.filter(|message| !message.is_deleted()).ok_or(gone)
    }

    /// What is to be written, if anything is.
    pub(in crate::commit) fn into_write(mut self) -> Option<ChatWrite> {
        let before = self.before.as_ref();
        let silent = self.written.is_empty() && self.written_ranges.is_empty();
        if before == Some(&self.state) && silent {
            return None;
        }
        let seen = before.map_or(Change::ZERO, |before| before.head.change);
        self.touched.retain(|_, message| message.change > seen);
        Some(ChatWrite {
            before: before.map_or(Head::START, |before| before.head),
            row: self.state,
            posted: self.posted,
            touched: self.touched.into_values().collect(),
            members: self
                .members
                .into_values()
                .filter(|member| self.written.contains(&member.user))
                .collect(),
            ranges: self.written_ranges,
        })
    }
}
