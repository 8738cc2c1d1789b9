use std::collections::BTreeMap;
use std::sync::Arc;

use crate::commit::Sink;
use crate::error::ChatError;
use crate::ids::{ChatId, Head, MessageNumber};
use crate::model::Message;
use crate::page::Limit;
use crate::port::{Hit, Order, SearchQuery, SearchScope};
use crate::terms::Query;

use super::Reader;

/// What is searched for.
#[derive(Debug, Clone)]
pub struct SearchRequest {
    /// What.
    pub query: Arc<Query>,
    /// In which order.
    pub order: Order,
    /// Go on behind this number, in the order asked for.
    pub after: Option<MessageNumber>,
    /// At most so many.
    pub limit: Limit,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Messages that exist and match, in the order asked for.
    pub items: Vec<Message>,
    /// Where to go on; a short page may still have it.
    pub next: Option<MessageNumber>,
    /// The index is current up to here.
    pub indexed_through: Head,
}

/// How many hits are re-read and re-checked for one page, at most.
const BUDGET: usize = 5_000;

impl Reader {
    /// Searches the chat. The Store decides what exists; every hit is checked against it.
    ///
    /// # Errors
    /// What the index or the Store could not do.
    pub async fn search(&self, request: &SearchRequest) -> Result<Found, ChatError> {
        let indexed_through = self.indexed_through().await?;
        let mut found = Found {
            items: Vec::new(),
            next: None,
            indexed_through,
        };
        if request.query.is_empty() {
            return Ok(found);
        }
        let mut after = request.after.map(|number| number.0);
        let mut checked = 0;
        while checked < BUDGET {
            let hits = self.hits(request, after).await?;
            let full_page = hits.len() == request.limit.get();
            checked += hits.len();
            let more = full_page && request.order != Order::Relevance;
            after = hits.last().map(|hit| hit.position);
            for message in self.matching(&request.query, &hits).await? {
                if found.items.len() == request.limit.get() {
                    found.next = found.items.last().map(|last: &Message| last.number);
                    return Ok(found);
                }
                found.items.push(message);
            }
            if !more {
                return Ok(found);
            }
            if found.items.len() == request.limit.get() {
                break;
            }
        }
        found.next = after.map(MessageNumber);
        Ok(found)
    }

    async fn hits(
        &self,
        request: &SearchRequest,
        after: Option<u64>,
    ) -> Result<Vec<Hit>, ChatError> {
        let query = SearchQuery {
            scope: SearchScope::Chat(self.chat_id()),
            query: request.query.clone(),
            order: request.order,
            after,
            limit: request.limit,
        };
        Ok(self.service.inner.search.query(&query).await?)
    }

    /// The hits' messages in the hits' order, without those that are gone or match no more.
    async fn matching(&self, query: &Query, hits: &[Hit]) -> Result<Vec<Message>, ChatError> {
        let here = |hit: &&Hit| hit.chat == self.chat_id();
        let mut numbers: Vec<MessageNumber> =
            hits.iter().filter(here).map(|hit| hit.number).collect();
        let order = numbers.clone();
        numbers.sort_unstable();
        let read = self
            .service
            .inner
            .stores
            .history
            .many(self.chat_id(), &numbers)
            .await?;
        let mut read: BTreeMap<MessageNumber, Message> = read
            .into_iter()
            .filter(|message| !message.is_deleted() && query.matches(&message.body))
            .map(|message| (message.number, message))
            .collect();
        Ok(order
            .into_iter()
            .filter_map(|number| read.remove(&number))
            .collect())
    }

    /// Up to which head the index has this chat.
    async fn indexed_through(&self) -> Result<Head, ChatError> {
        if !self.service.index_is_whole().await? {
            return Ok(Head::START);
        }
        let chat: ChatId = self.chat_id();
        let pending = self
            .service
            .inner
            .stores
            .outbox
            .pending(Sink::Index, chat)
            .await?;
        Ok(pending.map_or(self.info.head, |dirty| dirty.from))
    }
}
