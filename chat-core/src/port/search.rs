//! Search: a derived copy that may lag and can be rebuilt.

use std::sync::Arc;

use async_trait::async_trait;

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
    /// The message's own change: a put with a lower one than is stored is ignored.
    pub version: Change,
    /// The text; `None` for a deleted message.
    pub body: Option<String>,
}

/// Where to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchScope {
    /// In one chat.
    Chat(ChatId),
    /// In all chats of an application.
    Application(ApplicationId),
}

/// In which order hits come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The newest first: in one chat strictly by number, descending.
    Newest,
    /// The oldest first: in one chat strictly by number, ascending.
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
    /// Go on behind this [`Hit::position`], in the order asked for. In one chat a position is the
    /// message's number.
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
    /// Where to go on behind it.
    pub position: u64,
}

/// Full-text search over message bodies.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Search: Send + Sync + 'static {
    /// Takes documents over, all or none. One with a lower version than the stored one is ignored,
    /// so a late put never brings a deleted message back. Repeating a put changes nothing. What is
    /// not refreshed may not be found yet; what is returned is durable.
    async fn put(&self, documents: &[Document]) -> Result<()>;

    /// The hits of a query, at most `limit`. It finds at least what
    /// [`Query::matches`] accepts of what was put and refreshed.
    async fn query(&self, query: &SearchQuery) -> Result<Vec<Hit>>;

    /// Forgets a chat. Documents of it that are put later are taken again.
    async fn erase(&self, chat: ChatId) -> Result<()>;

    /// Returns when all that was put before can be found.
    async fn refresh(&self) -> Result<()>;

    /// Starts an empty copy beside the live one; a copy that was started before is thrown away.
    /// Until [`Search::swap`] puts and queries go to the live one alone, erasures to both.
    async fn rebuild(&self) -> Result<()>;

    /// As [`Search::put`], into the copy alone. A caller that puts into the live one meanwhile
    /// refills the same documents, once the copy has the chat up to there.
    ///
    /// # Errors
    /// `NotFound` without a copy.
    async fn refill(&self, documents: &[Document]) -> Result<()>;

    /// The copy takes the live one's place, at once or not at all. From then on
    /// [`Search::built_from`] answers this epoch, also after a restart or a crash.
    ///
    /// # Errors
    /// `NotFound` without a copy.
    async fn swap(&self, epoch: Epoch) -> Result<()>;

    /// The epoch of the Store that the live index was built from: what the last [`Search::swap`]
    /// was given. `None` for an index that never was a copy: nobody knows what it lacks.
    async fn built_from(&self) -> Result<Option<Epoch>>;

    /// Whether the index answers now.
    ///
    /// # Errors
    /// Why not.
    async fn ready(&self) -> Result<()>;
}
