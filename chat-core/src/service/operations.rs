use crate::commit::Outcome;
use crate::error::{BackendError, ChatError, ErrorKind};
use crate::ids::{ApplicationId, OperationId};
use crate::port::Held;

use super::{Access, Chat};

/// What became of a write that was answered [`ChatError::Later`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperationState {
    /// It waits.
    Pending,
    /// It is committed or refused.
    Settled(Outcome),
    /// No commit takes it; an operator has to look at it.
    Buried,
}

impl Chat {
    /// What became of an operation of this application; `None` when it has none of this id.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`].
    pub async fn operation(
        &self,
        access: Access,
        id: OperationId,
    ) -> Result<Option<OperationState>, ChatError> {
        let application = self.application_id(access).await?;
        let recorded = self.recorded(application, id).await?;
        let Some((queued, _)) = &self.inner.queued else {
            return Ok(recorded);
        };
        if recorded.is_some() {
            return Ok(recorded);
        }
        match queued.queue.find(application, id).await {
            Ok(Some(Held::InLane)) => Ok(Some(OperationState::Pending)),
            Ok(Some(Held::Buried)) => Ok(Some(OperationState::Buried)),
            // What left the queue meanwhile is recorded by now.
            Ok(None) => Ok(self.recorded(application, id).await?),
            Err(error) => Err(unreachable(error)),
        }
    }

    async fn recorded(
        &self,
        application: ApplicationId,
        id: OperationId,
    ) -> Result<Option<OperationState>, BackendError> {
        let found = self.inner.stores.commit.operations(&[id]).await?.pop();
        let ours = found.filter(|operation| operation.application == application);
        Ok(ours.map(|operation| OperationState::Settled(operation.outcome)))
    }
}

/// Without the queue nobody knows whether it waits.
fn unreachable(error: BackendError) -> ChatError {
    let down = BackendError::new(ErrorKind::Unavailable, "queue", "find");
    ChatError::Unavailable(down.with_source(error))
}
