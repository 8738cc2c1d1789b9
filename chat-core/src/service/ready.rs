//! Whether the backends work.

use crate::error::BackendError;

use super::Chat;

impl Chat {
    /// Succeeds when the Store takes writes now.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn store_ready(&self) -> Result<(), BackendError> {
        self.inner.stores.upkeep.ready().await
    }

    /// Succeeds when the search index answers now.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn search_ready(&self) -> Result<(), BackendError> {
        self.inner.search.ready().await
    }

    /// Succeeds when users who are not connected are told as far as this process knows: only one of several nodes tells them.
    ///
    /// # Errors
    /// Why they are not.
    pub fn notifier_ready(&self) -> Result<(), BackendError> {
        let push = self.inner.push.as_ref();
        push.and_then(|push| push.pusher.failure())
            .map_or(Ok(()), Err)
    }
}
