//! The default application, where messages have small integer ids.

use crate::error::ChatError;
use crate::ids::{ApplicationId, MessageNumber};

use super::applications::Ids;
use super::{Chat, Reader};

impl Chat {
    /// The row id of the default application, which stays the same. It unseals nothing.
    ///
    /// # Errors
    /// Only those of any call.
    pub async fn default_application_id(&self) -> Result<ApplicationId, ChatError> {
        let find = async || {
            let applications = &self.inner.stores.applications;
            let found = applications.default_application().await?;
            let found = found.ok_or(ChatError::ApplicationNotFound)?;
            Ok::<_, ChatError>(Ids::from(found))
        };
        Ok(self.inner.home.get_or_try_init(find).await?.id)
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
