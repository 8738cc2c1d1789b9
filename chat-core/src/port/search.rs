//! Search: a derived copy that may lag and can be rebuilt.

use std::sync::Arc;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::BackendError;
use crate::ids::{ApplicationId, Change, ChatId, Epoch, MessageNumber};
use crate::page::Limit;
use crate::terms::Query;

type Result<T> = std::result::Result<T, BackendError>;

/// A message as the index takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The application.
    pub application: ApplicationId,
    /// The chat.
    pub chat: ChatId,
    /// The message.
    pub number: MessageNumber,
    /// When it was created, as the Store tells it: it never changes.
    pub created_at: Timestamp,
    /// The message's own change: a put with a lower one than is stored is ignored.
    pub version: Change,
    /// The text; `None` for a deleted message.
    pub body: Option<String>,
}

/// Where to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchScope {
    /// In one chat of an application.
    Chat(ApplicationId, ChatId),
    /// In all chats of an application.
    Application(ApplicationId),
}

/// In which order hits come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The newest first: in one chat strictly by number, descending; in an application by
    /// [`Document::created_at`], as far as seconds go. What was created within a second has an order of
    /// the index's own there.
    Newest,
    /// The oldest first: [`Order::Newest`] the other way round.
    Oldest,
    /// The best match first: one page, `after` does not apply.
    Relevance,
}

/// What to search for.
#[derive(Debug, Clone)]
pub struct SearchQuery {
    /// Where.
    pub scope: SearchScope,
    /// What.
    pub query: Arc<Query>,
    /// In which order.
    pub order: Order,
    /// Only hits behind this [`Hit::position`], in the order asked for. In one chat a position is
    /// the message's number.
    pub after: Option<u64>,
    /// At most so many hits.
    pub limit: Limit,
}

/// A message that was found. The Store alone decides whether it exists and still matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The chat.
    pub chat: ChatId,
    /// The message.
    pub number: MessageNumber,
    /// Give it as [`SearchQuery::after`] to go on behind this hit. It has 52 bits, and a copy that is
    /// filled from the same messages has about the same.
    pub position: u64,
}

/// Full-text search over message bodies.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Search: Send + Sync + 'static {
    /// Stores documents, durably once it succeeds; when it fails some may be stored, and putting all of them
    /// again makes it whole. One with a lower version than the stored one is
    /// ignored, so a late put never brings a deleted message back. Repeating a put changes nothing.
    /// Until a [`Search::refresh`], what was put may not be found.
    ///
    /// While there is a copy, whoever began it, they go into the copy as well as into the live index. A copy
    /// that takes the place or is thrown away during the call takes nothing of it away: the index that is live
    /// at the end of the call has them, and so has any copy that was begun before the call and still stands.
    async fn put(&self, documents: &[Document]) -> Result<()>;

    /// At most `limit` hits of a query. They include whatever [`Query::matches`] accepts of what was
    /// put and refreshed; an empty query has none.
    async fn query(&self, query: &SearchQuery) -> Result<Vec<Hit>>;

    /// Forgets a chat's documents, in the copy too if there is one, whoever began it. Those that are put
    /// later are stored again.
    async fn erase(&self, chat: ChatId) -> Result<()>;

    /// Returns once everything that was put before can be found.
    async fn refresh(&self) -> Result<()>;

    /// Starts an empty copy beside the live index; a copy that was started before, by whomever, is thrown away.
    /// Until [`Search::swap`], queries go to the live index alone, puts and erasures to both. From the
    /// return on every put finds the copy; what was read from the Store before may miss it, so fill it with
    /// what is read from then on.
    async fn rebuild(&self) -> Result<()>;

    /// As [`Search::put`], but into the copy alone, the one that was begun here. Versions count as they do
    /// there, so puts and refills may come in any order. Deleted messages belong into it too: without
    /// them a late put of the text would be the newest state.
    ///
    /// # Errors
    /// `NotFound` without a copy.
    async fn refill(&self, documents: &[Document]) -> Result<()>;

    /// Replaces the live index by the copy, atomically. From then on [`Search::built_from`] answers
    /// this epoch, after a restart or a crash too.
    ///
    /// # Errors
    /// `NotFound` without a copy.
    async fn swap(&self, epoch: Epoch) -> Result<()>;

    /// The epoch of the Store that the live index was built from, as the last [`Search::swap`] gave
    /// it. `None` for an index that was never a copy: nobody knows what it lacks.
    async fn built_from(&self) -> Result<Option<Epoch>>;

    /// Succeeds when the index answers now.
    ///
    /// # Errors
    /// Why it does not.
    async fn ready(&self) -> Result<()>;
}
