//! From hits to messages: the index says where, the Store says whether.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::commit::Caller;
use crate::error::ChatError;
use crate::ids::{ApplicationId, ChatId, ChatNumber, MessageNumber};
use crate::model::{ChatInfo, Message};
use crate::port::{Hit, Order, SearchQuery, SearchScope};

use super::{Chat, SearchRequest};

/// How many hits are re-read and re-checked for one page, at most.
const BUDGET: usize = 5_000;

type Matches = Vec<(ChatNumber, Message)>;

/// The hits of one request.
pub(super) struct Hits<'a> {
    service: &'a Chat,
    application: ApplicationId,
    scope: SearchScope,
    caller: Caller,
    /// The chats that hits were in; `None` for one where nothing may be found.
    chats: BTreeMap<ChatId, Option<ChatNumber>>,
}

impl<'a> Hits<'a> {
    /// In all chats that whoever asks may read.
    pub(super) fn anywhere(service: &'a Chat, application: ApplicationId, caller: Caller) -> Self {
        let scope = SearchScope::Application(application);
        Self::new(service, application, scope, caller)
    }

    fn new(
        service: &'a Chat,
        application: ApplicationId,
        scope: SearchScope,
        caller: Caller,
    ) -> Self {
        Self {
            service,
            application,
            scope,
            caller,
            chats: BTreeMap::new(),
        }
    }

    /// In a chat that was opened.
    pub(super) fn in_chat(service: &'a Chat, chat: &ChatInfo) -> Self {
        let scope = SearchScope::Chat(chat.application, chat.id);
        let mut hits = Self::new(service, chat.application, scope, Caller::Application);
        hits.chats.insert(chat.id, Some(chat.number));
        hits
    }

    /// One page of messages that exist and match, and where the next one begins.
    pub(super) async fn page(
        mut self,
        request: &SearchRequest,
    ) -> Result<(Matches, Option<u64>), ChatError> {
        let mut items = Vec::new();
        if request.query.is_empty() {
            return Ok((items, None));
        }
        let mut after = request.after;
        let mut last = None;
        let mut checked = 0;
        while checked < BUDGET {
            let hits = self.find(request, after).await?;
            let full_page = hits.len() == request.limit.get();
            checked += hits.len();
            let more = full_page && request.order != Order::Relevance;
            after = hits.last().map(|hit| hit.position);
            for (position, matching) in self.matching(request, &hits).await? {
                if items.len() == request.limit.get() {
                    return Ok((items, last));
                }
                items.push(matching);
                last = Some(position);
            }
            if !more {
                return Ok((items, None));
            }
            if items.len() == request.limit.get() {
                break;
            }
        }
        Ok((items, after))
    }

    async fn find(
        &self,
        request: &SearchRequest,
        after: Option<u64>,
    ) -> Result<Vec<Hit>, ChatError> {
        let query = SearchQuery {
            scope: self.scope,
            query: request.query.clone(),
            order: request.order,
            after,
            limit: request.limit,
        };
        let found = self.service.inner.search.query(&query).await;
        found.map_err(ChatError::of_search)
    }

    /// The hits' messages in the hits' order, without those that are gone or match no more.
    async fn matching(
        &mut self,
        request: &SearchRequest,
        hits: &[Hit],
    ) -> Result<Vec<(u64, (ChatNumber, Message))>, ChatError> {
        let mut wanted: BTreeMap<ChatId, BTreeSet<MessageNumber>> = BTreeMap::new();
        for hit in hits {
            wanted.entry(hit.chat).or_default().insert(hit.number);
        }
        let mut read = BTreeMap::new();
        for (chat, numbers) in wanted {
            let Some(number) = self.chat(chat).await? else {
                continue;
            };
            let numbers: Vec<MessageNumber> = numbers.into_iter().collect();
            let history = &self.service.inner.stores.history;
            for message in history.many(chat, &numbers).await? {
                let is_by_author = request
                    .author
                    .is_none_or(|user| message.sender == Some(user));
                if is_by_author && !message.is_deleted() && request.query.matches(&message.body) {
                    read.insert((chat, message.number), (number, message));
                }
            }
        }
        let found = |hit: &Hit| Some((hit.position, read.remove(&(hit.chat, hit.number))?));
        Ok(hits.iter().filter_map(found).collect())
    }

    /// A chat's number, if messages of it may be found.
    async fn chat(&mut self, chat: ChatId) -> Result<Option<ChatNumber>, ChatError> {
        let entry = match self.chats.entry(chat) {
            Entry::Occupied(known) => return Ok(*known.get()),
            Entry::Vacant(entry) => entry,
        };
        if matches!(self.scope, SearchScope::Chat(..)) {
            return Ok(*entry.insert(None));
        }
        let stores = &self.service.inner.stores;
        let found = stores.chats.by_id(chat).await?;
        let found = found.filter(|chat| chat.application == self.application);
        let Some(found) = found else {
            return Ok(*entry.insert(None));
        };
        let may_read = match self.caller.has_to_be_in(found.kind) {
            None => true,
            Some(user) => {
                let member = stores.members.member(chat, user).await?;
                member.is_some_and(|member| member.is_there())
            }
        };
        Ok(*entry.insert(may_read.then_some(found.number)))
    }
}
