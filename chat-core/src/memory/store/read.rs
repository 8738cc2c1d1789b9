use std::collections::BTreeSet;
use std::ops::{Bound, Range};

use async_trait::async_trait;

use crate::commit::ApplicationState;
use crate::ids::{ApplicationId, ChatId, ChatNumber, Head, MessageNumber, PublicId, TokenHash};
use crate::model::{Application, ChatInfo, Message};
use crate::page::{Limit, Page, Span};
use crate::port::{Applications, Changes, Chats, History};

use super::{Chat, MemoryStore, Result, State};

fn application(id: ApplicationId, state: &ApplicationState) -> Application {
    Application {
        id,
        public_id: state.public_id,
        token: state.token.clone(),
        name: state.name.clone(),
        is_default: state.is_default,
        last_chat: state.last_chat,
        chats_count: state.live_chats,
        created_at: state.created_at,
        updated_at: state.updated_at,
    }
}

impl State {
    fn application(&self, id: Option<&ApplicationId>) -> Option<Application> {
        let id = id.filter(|id| self.is_open(**id))?;
        Some(application(*id, self.applications.get(id)?))
    }

    fn chat_info(&self, id: ChatId) -> Option<ChatInfo> {
        let chat = self.live_chat(id)?;
        Some(chat.info(id))
    }

    fn chats(
        &self,
        application: ApplicationId,
        span: Span,
    ) -> impl DoubleEndedIterator<Item = ChatInfo> {
        let Range { start, end } = numbers(span, u64::MAX);
        self.numbers
            .range((application, ChatNumber(start))..(application, ChatNumber(end)))
            .filter_map(|(_, id)| self.chat_info(*id))
    }
}

impl Chat {
    fn info(&self, id: ChatId) -> ChatInfo {
        ChatInfo {
            id,
            application: self.application,
            number: self.state.number,
            kind: self.state.kind,
            name: self.state.name.clone(),
            head: self.state.head,
            own_change: self.state.own_change,
            floor: self.state.floor,
            messages_count: self.state.live,
            created_at: self.state.created_at,
            updated_at: self.state.last_at,
        }
    }

    fn changes(&self, id: ChatId, after: Head, limit: Limit) -> Changes {
        let chat = self.info(id);
        let posted = self
            .messages
            .range((Bound::Excluded(after.number), Bound::Unbounded));
        let posted: Vec<Message> = posted
            .map(|(_, message)| message.clone())
            .take(limit.get() + 1)
            .collect();
        let touched = self
            .touches
            .range((Bound::Excluded(after.change), Bound::Unbounded))
            .filter(|(_, number)| **number <= after.number)
            .filter_map(|(_, number)| self.messages.get(number).cloned())
            .take(limit.get() + 1 - posted.len())
            .collect();
        Changes::page(chat, after, posted, touched, limit)
    }
}

/// The numbers of a span, none of them beyond `through`.
fn numbers(span: Span, through: u64) -> Range<u64> {
    let beyond = through.saturating_add(1);
    match span {
        Span::After(after) => after.saturating_add(1).min(beyond)..beyond,
        Span::Before(before) => 0..beyond.min(before),
    }
}

/// One page of rows in ascending order, read from the end that the span names.
fn page<T>(rows: impl DoubleEndedIterator<Item = T>, span: Span, limit: Limit) -> Page<T> {
    let most = limit.one_more();
    let items = match span {
        Span::After(_) => rows.take(most).collect(),
        Span::Before(_) => rows.rev().take(most).collect(),
    };
    Page::cut(items, limit, span)
}

#[async_trait]
impl Applications for MemoryStore {
    async fn by_token(&self, token: TokenHash) -> Result<Option<Application>> {
        let state = self.state();
        Ok(state.application(state.tokens.get(&token)))
    }

    async fn by_id(&self, id: ApplicationId) -> Result<Option<Application>> {
        Ok(self.state().application(Some(&id)))
    }

    async fn by_public_id(&self, public_id: PublicId) -> Result<Option<Application>> {
        let state = self.state();
        Ok(state.application(state.public_ids.get(&public_id)))
    }

    async fn default_application(&self) -> Result<Option<Application>> {
        let state = self.state();
        Ok(state.application(state.default_application.as_ref()))
    }

    async fn list(&self, after: ApplicationId, limit: Limit) -> Result<Page<Application>> {
        let state = self.state();
        let listed = state
            .applications
            .range((Bound::Excluded(after), Bound::Unbounded))
            .filter(|(_, state)| state.closed_at.is_none() && !state.is_default)
            .map(|(id, state)| application(*id, state));
        Ok(page(listed, Span::After(0), limit))
    }
}

#[async_trait]
impl Chats for MemoryStore {
    async fn get(
        &self,
        application: ApplicationId,
        number: ChatNumber,
    ) -> Result<Option<ChatInfo>> {
        let state = self.state();
        let id = state.numbers.get(&(application, number));
        Ok(id.and_then(|id| state.chat_info(*id)))
    }

    async fn by_id(&self, chat: ChatId) -> Result<Option<ChatInfo>> {
        Ok(self.state().chat_info(chat))
    }

    async fn heads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, Head)>> {
        let chats: BTreeSet<_> = chats.iter().copied().collect();
        let state = self.state();
        let heads = chats.into_iter().filter_map(|id| {
            let chat = state.live_chat(id)?;
            Some((id, chat.state.head))
        });
        Ok(heads.collect())
    }

    async fn list(
        &self,
        application: ApplicationId,
        span: Span,
        limit: Limit,
    ) -> Result<Page<ChatInfo>> {
        let state = self.state();
        let chats = state.chats(application, span);
        Ok(page(chats, span, limit))
    }
}

#[async_trait]
impl History for MemoryStore {
    async fn get(&self, chat: ChatId, number: MessageNumber) -> Result<Option<Message>> {
        let state = self.state();
        let chat = state.live_chat(chat);
        Ok(chat.and_then(|chat| chat.messages.get(&number).cloned()))
    }

    async fn many(&self, chat: ChatId, numbers: &[MessageNumber]) -> Result<Vec<Message>> {
        let state = self.state();
        let Some(chat) = state.live_chat(chat) else {
            return Ok(Vec::new());
        };
        let numbers: BTreeSet<_> = numbers.iter().collect();
        Ok(numbers
            .into_iter()
            .filter_map(|number| chat.messages.get(number).cloned())
            .collect())
    }

    async fn page(
        &self,
        chat: ChatId,
        span: Span,
        through: MessageNumber,
        tombstones: bool,
        limit: Limit,
    ) -> Result<Page<Message>> {
        let state = self.state();
        let messages = state
            .live_chat(chat)
            .into_iter()
            .flat_map(|chat| {
                let Range { start, end } = numbers(span, through.0);
                chat.messages
                    .range(MessageNumber(start)..MessageNumber(end))
            })
            .map(|(_, message)| message)
            .filter(|message| tombstones || !message.is_deleted())
            .cloned();
        Ok(page(messages, span, limit))
    }

    async fn changes(&self, chat: ChatId, after: Head, limit: Limit) -> Result<Option<Changes>> {
        let state = self.state();
        Ok(state
            .live_chat(chat)
            .map(|found| found.changes(chat, after, limit)))
    }
}
