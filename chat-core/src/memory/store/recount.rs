use std::ops::Bound;

use async_trait::async_trait;

use crate::commit::ApplicationState;
use crate::ids::{ApplicationId, ChatId, ChatNumber, MessageNumber};
use crate::page::Limit;
use crate::port::{ApplicationCount, ChatCount, Counted, Piece, Recount};

use super::{Chat, MemoryStore, Result, State};

const fn chat_count(id: ChatId, chat: &Chat) -> ChatCount {
    ChatCount {
        chat: id,
        head: chat.state.head,
        floor: chat.state.floor,
        live: chat.state.live,
    }
}

const fn application_count(id: ApplicationId, state: &ApplicationState) -> ApplicationCount {
    ApplicationCount {
        application: id,
        last: state.last_chat,
        live: state.live_chats,
    }
}

impl State {
    fn count(&self, piece: &Piece) -> u64 {
        let found = match piece.of {
            Counted::Messages(chat) => self.chats.get(&chat).map_or(0, |chat| {
                let numbers = MessageNumber(piece.from)..=MessageNumber(piece.to);
                let messages = chat.messages.range(numbers);
                messages.filter(|(_, one)| !one.is_deleted()).count()
            }),
            Counted::Chats(application) => {
                let from = (application, ChatNumber(piece.from));
                let ids = self
                    .numbers
                    .range(from..=(application, ChatNumber(piece.to)));
                let chats = ids.filter_map(|(_, id)| self.chats.get(id));
                chats.filter(|chat| chat.state.closed_at.is_none()).count()
            }
        };
        found as u64
    }
}

#[async_trait]
impl Recount for MemoryStore {
    async fn chat_counts(&self, after: ChatId, limit: Limit) -> Result<Vec<ChatCount>> {
        let state = self.state();
        let chats = state
            .chats
            .range((Bound::Excluded(after), Bound::Unbounded))
            .filter(|(_, chat)| state.is_live(chat));
        let counts = chats.map(|(id, chat)| chat_count(*id, chat));
        Ok(counts.take(limit.get()).collect())
    }

    async fn application_counts(
        &self,
        after: ApplicationId,
        limit: Limit,
    ) -> Result<Vec<ApplicationCount>> {
        let state = self.state();
        let open = state
            .applications
            .range((Bound::Excluded(after), Bound::Unbounded))
            .filter(|(_, application)| application.closed_at.is_none());
        let counts = open.map(|(id, application)| application_count(*id, application));
        Ok(counts.take(limit.get()).collect())
    }

    async fn count(&self, pieces: &[Piece]) -> Result<Vec<u64>> {
        let state = self.state();
        Ok(pieces.iter().map(|piece| state.count(piece)).collect())
    }

    async fn repair_chat(&self, seen: &ChatCount, live: u64) -> Result<bool> {
        let mut state = self.state();
        let Some(chat) = state.chats.get_mut(&seen.chat) else {
            return Ok(false);
        };
        let holds = seen.was_only_posted_to(&chat_count(seen.chat, chat));
        if holds {
            chat.state.live = chat.state.live + live - seen.live;
        }
        Ok(holds)
    }

    async fn repair_application(&self, application: ApplicationId) -> Result<bool> {
        let mut state = self.state();
        let all = Piece {
            of: Counted::Chats(application),
            from: 1,
            to: ChatNumber::MAX.0,
        };
        let live = state.count(&all);
        let Some(row) = state.applications.get_mut(&application) else {
            return Ok(false);
        };
        Ok(row.closed_at.is_none() && std::mem::replace(&mut row.live_chats, live) != live)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::kit::store::desk::Desk;
    use crate::port::Store;
    use crate::recount::recount;

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
        let drift = recount(&*memory).await.unwrap();
        assert_eq!((drift.chats, drift.applications), (1, 1));
        assert_eq!(desk.info(wrong).await.messages_count, 3);
        assert_eq!(desk.info(right).await.messages_count, 2);
        let found = store.by_token(desk.token.hash()).await.unwrap();
        assert_eq!(found.unwrap().chats_count, 2);
    }
}
