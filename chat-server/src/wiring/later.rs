use async_trait::async_trait;
use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::{ChatId, Epoch};
use chat_core::port::{Document, Hit, Search, SearchQuery};

/// A search index that is not here: whoever would put something into it waits until the process ends.
/// As far as this process can tell it is whole over the store of this epoch: what is written is noted to follow.
pub(super) struct Later(pub(super) Epoch);

impl Later {
    fn absent(op: &'static str) -> BackendError {
        BackendError::new(ErrorKind::Unavailable, "search", op)
    }
}

#[async_trait]
impl Search for Later {
    async fn put(&self, _: &[Document]) -> Result<(), BackendError> {
        std::future::pending().await
    }

    async fn query(&self, _: &SearchQuery) -> Result<Vec<Hit>, BackendError> {
        Err(Self::absent("query"))
    }

    async fn erase(&self, _: ChatId) -> Result<(), BackendError> {
        std::future::pending().await
    }

    async fn refresh(&self) -> Result<(), BackendError> {
        Err(Self::absent("refresh"))
    }

    async fn rebuild(&self) -> Result<(), BackendError> {
        Err(Self::absent("rebuild"))
    }

    async fn refill(&self, _: &[Document]) -> Result<(), BackendError> {
        Err(Self::absent("refill"))
    }

    async fn swap(&self, _: Epoch) -> Result<(), BackendError> {
        Err(Self::absent("swap"))
    }

    async fn built_from(&self) -> Result<Option<Epoch>, BackendError> {
        Ok(Some(self.0))
    }

    async fn ready(&self) -> Result<(), BackendError> {
        Err(Self::absent("ready"))
    }
}
