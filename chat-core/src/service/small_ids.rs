//! The default application, where messages have small integer ids.

use crate::error::ChatError;
use crate::ids::{ApplicationId, MessageNumber};

use super::{Chat, Reader};

impl Chat {
    /// The row id of the default application. It unseals nothing.
    ///
    /// # Errors
    /// Only those of any call.
    pub async fn default_application_id(&self) -> Result<ApplicationId, ChatError> {
        let found = self.inner.stores.applications.default_application().await?;
        let found = found.ok_or(ChatError::ApplicationNotFound)?;
        Ok(found.id)
    }
}

impl Reader {
    /// The number of the message with this integer id, also of a deleted one; `None` when it is no message of this chat.
    ///
    /// # Errors
    /// Only those of any call.
    pub async fn number_of(&self, id: u64) -> Result<Option<MessageNumber>, ChatError> {
        let found = self.service.inner.stores.history.by_ext_id(id).await?;
        Ok(found
            .filter(|(chat, _)| *chat == self.info.id)
            .map(|(_, number)| number))
    }
}
