use std::ops::Bound;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::commit::SourceHash;
use crate::ids::{ChatId, Epoch};
use crate::page::Limit;
use crate::port::{Drift, Progress, Upkeep};

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

    /// Recounts the messages of a chat; 1 when the count was wrong.
    fn recount_chat(&mut self, id: ChatId) -> u64 {
        let Some(chat) = self.chats.get_mut(&id) else {
            return 0;
        };
        let live = chat.messages.values().filter(|one| !one.is_deleted());
        let live = live.count() as u64;
        u64::from(std::mem::replace(&mut chat.state.live, live) != live)
    }

    /// Recounts the chats of open applications; how many counts were wrong.
    fn recount_applications(&mut self) -> u64 {
        let mut wrong = 0;
        let open = self
            .applications
            .iter_mut()
            .filter(|(_, application)| application.closed_at.is_none());
        for (id, application) in open {
            let live = self
                .chats
                .values()
                .filter(|chat| chat.application == *id && chat.state.closed_at.is_none());
            let live = live.count() as u64;
            wrong += u64::from(std::mem::replace(&mut application.live_chats, live) != live);
        }
        wrong
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

    async fn recount(&self, after: ChatId, limit: Limit) -> Result<(Drift, Option<ChatId>)> {
        let mut state = self.state();
        let part: Vec<ChatId> = state
            .chats
            .range((Bound::Excluded(after), Bound::Unbounded))
            .take(limit.get() + 1)
            .map(|(id, _)| *id)
            .collect();
        let more = part.len() > limit.get();
        let part = &part[..part.len().min(limit.get())];
        let mut drift = Drift::default();
        for chat in part {
            drift.chats += state.recount_chat(*chat);
        }
        if !more {
            drift.applications = state.recount_applications();
        }
        Ok((drift, part.last().copied().filter(|_| more)))
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::kit::store::desk::Desk;
    use crate::port::Store;

    #[tokio::test]
    async fn a_recount_repairs_what_is_wrong_and_says_how_much() {
        let memory = Arc::new(MemoryStore::new());
        let store: Arc<dyn Store> = memory.clone();
        let desk = Desk::open(&store).await;
        let (wrong, right) = (desk.chat_of(3).await, desk.chat_of(2).await);
        let id = desk.info(wrong).await.id;
        {
            let mut state = memory.state();
            state.chats.get_mut(&id).unwrap().state.live = 9;
            let row = state.applications.get_mut(&desk.application).unwrap();
            row.live_chats = 7;
        }
        let (drift, next) = store.recount(ChatId(0), Limit::MAX).await.unwrap();
        assert_eq!((drift.chats, drift.applications, next), (1, 1, None));
        assert_eq!(desk.info(wrong).await.messages_count, 3);
        assert_eq!(desk.info(right).await.messages_count, 2);
        let found = store.by_token(desk.token.hash()).await.unwrap();
        assert_eq!(found.unwrap().chats_count, 2);
    }
}
