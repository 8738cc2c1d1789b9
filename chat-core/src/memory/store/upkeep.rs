use std::ops::Bound;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::commit::SourceHash;
use crate::ids::{ChatId, Epoch};
use crate::page::Limit;
use crate::port::{Progress, Upkeep};

use super::{MemoryStore, Result, State};

impl State {
    fn is_forgettable(&self, before: Timestamp) -> bool {
        let key = self.remembered.first().is_some_and(|(at, ..)| *at < before);
        key || self.recorded.first().is_some_and(|(at, _)| *at < before)
    }

    /// Forgets a key or an operation that was written before this time, if there is one.
    fn forget_one(&mut self, before: Timestamp) -> bool {
        if let Some((at, application, key)) = self.remembered.first().copied()
            && at < before
        {
            self.remembered.pop_first();
            self.requests.remove(&(application, key));
            return true;
        }
        if let Some((at, operation)) = self.recorded.first().copied()
            && at < before
        {
            self.recorded.pop_first();
            self.operations.remove(&operation);
            return true;
        }
        false
    }

    fn erase(&mut self, id: ChatId, limit: usize) -> Progress {
        let nothing = Progress {
            rows: 0,
            more: false,
        };
        let closed = self.chats.get(&id).is_some_and(|chat| !self.is_live(chat));
        let Some(chat) = self.chats.get_mut(&id).filter(|_| closed) else {
            return nothing;
        };
        let mut rows = 0;
        while rows < limit
            && let Some((_, message)) = chat.messages.pop_first()
        {
            chat.touches.remove(&message.change);
            rows += 1;
        }
        let more = rows == limit;
        if !more {
            self.numbers.remove(&(chat.application, chat.state.number));
            self.chats.remove(&id);
            rows += 1;
        }
        Progress {
            rows: rows as u64,
            more,
        }
    }
}

#[async_trait]
impl Upkeep for MemoryStore {
    async fn epoch(&self) -> Result<Epoch> {
        Ok(self.state().epoch)
    }

    async fn ready(&self) -> Result<()> {
        Ok(())
    }

    async fn imported(&self, source: SourceHash) -> Result<u64> {
        let state = self.state();
        Ok(state.imports.get(&source).copied().unwrap_or_default())
    }

    async fn next_chat(&self, after: ChatId) -> Result<Option<ChatId>> {
        let state = self.state();
        Ok(state
            .chats
            .range((Bound::Excluded(after), Bound::Unbounded))
            .find(|(_, chat)| state.is_live(chat))
            .map(|(id, _)| *id))
    }

    async fn closed(&self, limit: Limit) -> Result<Vec<ChatId>> {
        let state = self.state();
        Ok(state
            .chats
            .iter()
            .filter(|(_, chat)| !state.is_live(chat))
            .take(limit.get())
            .map(|(id, _)| *id)
            .collect())
    }

    async fn erase(&self, chat: ChatId, limit: Limit) -> Result<Progress> {
        Ok(self.state().erase(chat, limit.get()))
    }

    async fn forget(&self, before: Timestamp, limit: Limit) -> Result<Progress> {
        let mut state = self.state();
        let mut rows = 0;
        while rows < limit.get() as u64 {
            if !state.forget_one(before) {
                return Ok(Progress { rows, more: false });
            }
            rows += 1;
        }
        let more = state.is_forgettable(before);
        Ok(Progress { rows, more })
    }
}
