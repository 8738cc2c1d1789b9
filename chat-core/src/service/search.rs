use std::sync::Arc;

use crate::commit::Sink;
use crate::error::ChatError;
use crate::ids::{ApplicationId, ChatNumber, Head, UserNumber};
use crate::model::Message;
use crate::page::Limit;
use crate::port::Order;
use crate::terms::Query;

use super::hits::Hits;
use super::{Access, Chat, Reader};

/// A search for messages.
#[derive(Debug, Clone)]
pub struct SearchRequest {
    /// What.
    pub query: Arc<Query>,
    /// Only what this user wrote.
    pub author: Option<UserNumber>,
    /// In which order.
    pub order: Order,
    /// The `next` of the page before, to go on behind it in the order asked for. In one chat it is a
    /// message's number.
    pub after: Option<u64>,
    /// At most so many messages.
    pub limit: Limit,
}

/// What was found in a chat.
#[derive(Debug, Clone)]
pub struct Found {
    /// Messages that exist and match, in the order asked for.
    pub items: Vec<Message>,
    /// Where to go on; `None` at the end. A short page may have it too.
    pub next: Option<u64>,
    /// The head up to which the index is current.
    pub indexed_through: Head,
}

/// What was found in an application.
#[derive(Debug, Clone)]
pub struct FoundAnywhere {
    /// Messages that exist and match, each with the number of its chat. The newest is the one that
    /// was created last.
    pub items: Vec<(ChatNumber, Message)>,
    /// Where to go on; `None` at the end. A short page may have it too. It tells nothing of other
    /// applications.
    pub next: Option<u64>,
    /// Whether the index has all that was written in the application before.
    pub is_current: bool,
}

impl Reader {
    /// Searches the chat. The Store decides what exists; every hit is checked against it.
    ///
    /// # Errors
    /// [`ChatError::SearchUnavailable`]; [`ChatError::Removed`] when who reads was removed since the chat was opened.
    pub async fn search(&self, request: &SearchRequest) -> Result<Found, ChatError> {
        let indexed_through = self.indexed_through().await?;
        let hits = Hits::in_chat(&self.service, &self.info);
        let (items, next) = hits.page(request).await?;
        self.still_there().await?;
        Ok(Found {
            items: items.into_iter().map(|(_, message)| message).collect(),
            next,
            indexed_through,
        })
    }

    /// Up to which head the index has this chat.
    async fn indexed_through(&self) -> Result<Head, ChatError> {
        if !self
            .service
            .index_was_whole()
            .await
            .map_err(ChatError::of_search)?
        {
            return Ok(Head::START);
        }
        let outbox = &self.service.inner.stores.outbox;
        let pending = outbox.pending(Sink::Index, self.info.id).await?;
        Ok(pending.map_or(self.info.head, |dirty| dirty.from))
    }
}

impl Chat {
    /// Searches all chats of an application; for a user those he takes part in. The Store decides what exists and who may see it;
    /// every hit is checked against it.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::CallerNotFound`] or [`ChatError::SearchUnavailable`].
    pub async fn search(
        &self,
        access: Access,
        request: &SearchRequest,
    ) -> Result<FoundAnywhere, ChatError> {
        let application = self.acting(access).await?.id;
        let is_current = self.has_indexed(application).await?;
        let veil = self.inner.keyring.veil(application);
        let request = SearchRequest {
            after: request.after.map(|told| veil.lift(told)),
            ..request.clone()
        };
        let hits = Hits::anywhere(self, application, access.caller);
        let (items, next) = hits.page(&request).await?;
        Ok(FoundAnywhere {
            items,
            next: next.map(|place| veil.cover(place)),
            is_current,
        })
    }

    /// Whether the index has all of an application.
    async fn has_indexed(&self, application: ApplicationId) -> Result<bool, ChatError> {
        if !self.index_was_whole().await.map_err(ChatError::of_search)? {
            return Ok(false);
        }
        let outbox = &self.inner.stores.outbox;
        Ok(!outbox.waits(Sink::Index, application).await?)
    }
}
