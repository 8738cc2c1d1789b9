use std::collections::BTreeSet;
use std::ops::{Bound, Range};

use async_trait::async_trait;

use crate::commit::ApplicationState;
use crate::ids::{
    ApplicationId, ChatId, ChatNumber, ChatUuid, Head, MessageNumber, PublicId, TokenHash,
    UserNumber,
};
use crate::model::{Application, ChatInfo, Message};
use crate::page::{Limit, Page, Span};
use crate::port::{Applications, ChangedRows, Changes, Chats, History};

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

    pub(super) fn chat_info(&self, id: ChatId) -> Option<ChatInfo> {
        let chat = self.live_chat(id)?;
        Some(chat.info(id))
    }

    /// A message as it is shown: a deleted user is no sender.
    pub(super) fn shown(&self, application: ApplicationId, message: &Message) -> Message {
        let sender = message.sender;
        Message {
            sender: sender.filter(|user| self.user(application, *user).is_some()),
            ..message.clone()
        }
    }

    fn changes(
        &self,
        id: ChatId,
        after: Head,
        limit: Limit,
        viewer: Option<UserNumber>,
    ) -> Option<Changes> {
        let chat = self.live_chat(id)?;
        let show = |message: &Message| self.shown(chat.application, message);
        let posted = chat
            .messages
            .range((Bound::Excluded(after.number), Bound::Unbounded));
        let posted: Vec<Message> = posted
            .map(|(_, message)| show(message))
            .take(limit.one_more())
            .collect();
        let room = limit.one_more() - posted.len();
        let beyond = (Bound::Excluded(after.change), Bound::Unbounded);
        let touched = chat
            .touches
            .range(beyond)
            .filter(|(_, number)| **number <= after.number)
            .filter_map(|(_, number)| chat.messages.get(number).map(show));
        let members = chat.member_touches.range(beyond);
        let members = members.filter_map(|(_, user)| chat.members.get(user).cloned());
        let found = ChangedRows {
            chat: self.chat_info(id)?,
            viewer: viewer.and_then(|user| chat.members.get(&user).cloned()),
            touched: touched.take(room).collect(),
            members: members.take(room).collect(),
            posted,
        };
        Some(Changes::page(found, after, limit))
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
            direct: self.state.direct,
            members_count: self.state.members,
            head: self.state.head,
            own_change: self.state.own_change,
            floor: self.state.floor,
            messages_count: self.state.live,
            created_at: self.state.created_at,
            updated_at: self.state.last_at,
            active_at: self.state.active_at,
        }
    }
}

/// The numbers of a span, none of them beyond `through`.
pub(super) fn numbers(span: Span, through: u64) -> Range<u64> {
    let beyond = through.saturating_add(1);
    match span {
        Span::After(after) => after.saturating_add(1).min(beyond)..beyond,
        Span::Before(before) => 0..beyond.min(before),
    }
}

/// One page of rows in ascending order, read from the end that the span names.
pub(super) fn page<T>(
    rows: impl DoubleEndedIterator<Item = T>,
    span: Span,
    limit: Limit,
) -> Page<T> {
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

    async fn by_uuid(&self, uuid: ChatUuid) -> Result<Option<ChatInfo>> {
        let state = self.state();
        let id = state.uuids.get(&uuid);
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
        let found = self.many(chat, &[number]).await?;
        Ok(found.into_iter().next())
    }

    async fn many(&self, chat: ChatId, numbers: &[MessageNumber]) -> Result<Vec<Message>> {
        let state = self.state();
        let Some(chat) = state.live_chat(chat) else {
            return Ok(Vec::new());
        };
        let numbers: BTreeSet<_> = numbers.iter().collect();
        let found = numbers
            .into_iter()
            .filter_map(|number| chat.messages.get(number));
        Ok(found
            .map(|message| state.shown(chat.application, message))
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
        let Some(chat) = state.live_chat(chat) else {
            return Ok(page(std::iter::empty(), span, limit));
        };
        let Range { start, end } = numbers(span, through.0);
        let messages = chat
            .messages
            .range(MessageNumber(start)..MessageNumber(end))
            .map(|(_, message)| message)
            .filter(|message| tombstones || !message.is_deleted())
            .map(|message| state.shown(chat.application, message));
        Ok(page(messages, span, limit))
    }

    async fn changes(
        &self,
        chat: ChatId,
        after: Head,
        limit: Limit,
        viewer: Option<UserNumber>,
    ) -> Result<Option<Changes>> {
        Ok(self.state().changes(chat, after, limit, viewer))
    }

    async fn by_ext_id(&self, id: u64) -> Result<Option<(ChatId, MessageNumber)>> {
        let state = self.state();
        let found = state.ext_ids.get(&id);
        Ok(found
            .filter(|(chat, _)| state.live_chat(*chat).is_some())
            .copied())
    }
}
