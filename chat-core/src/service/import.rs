use crate::commit::{Command, Import, SourceHash};
use crate::error::ChatError;

use super::{Access, Chat};

impl Chat {
    /// The last line of this source that was imported; 0 when none was.
    ///
    /// # Errors
    /// Only those of any call.
    pub async fn imported(&self, source: SourceHash) -> Result<u64, ChatError> {
        Ok(self.inner.stores.upkeep.imported(source).await?)
    }

    /// Imports some lines of a source, all or none, exactly once.
    ///
    /// # Errors
    /// [`ChatError::ImportMoved`] when the source is at another line than `import.from`;
    /// [`ChatError::ApplicationNotFound`], [`ChatError::ChatNotFound`] or
    /// [`ChatError::ReplyNotFound`].
    pub async fn import(&self, access: Access, import: Import) -> Result<(), ChatError> {
        self.submit(access, Command::Import(import), None).await?;
        Ok(())
    }
}
