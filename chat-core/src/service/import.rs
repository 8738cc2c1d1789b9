use crate::commit::{Command, Import, SourceHash};
use crate::error::ChatError;

use super::{Access, Chat};

impl Chat {
    /// Up to which line a source is taken over.
    ///
    /// # Errors
    /// What the Store could not do.
    pub async fn imported(&self, source: SourceHash) -> Result<u64, ChatError> {
        Ok(self.inner.stores.upkeep.imported(source).await?)
    }

    /// Takes over some lines of a source, all or none, exactly once.
    ///
    /// # Errors
    /// [`ChatError::ImportMoved`] when the source is at another line than `import.from`;
    /// [`ChatError::ApplicationNotFound`], [`ChatError::ChatNotFound`],
    /// [`ChatError::ReplyNotFound`]; or what the Store could not do.
    pub async fn import(&self, access: Access, import: Import) -> Result<(), ChatError> {
        self.submit(access.scope, Command::Import(import), None)
            .await?;
        Ok(())
    }
}
