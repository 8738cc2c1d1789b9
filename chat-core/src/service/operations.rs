use crate::commit::Outcome;
use crate::error::{BackendError, ChatError, ErrorKind};
use crate::ids::OperationId;
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
        // Where it waits is asked first: what leaves the queue meanwhile is recorded by then.
        let held = match &self.inner.queued {
            Some((queued, _)) => queued.queue.find(id).await.map_err(unreachable)?,
            None => None,
        };
        let recorded = self.inner.stores.commit.operations(&[id]).await?.pop();
        Ok(match (recorded, held) {
            (Some(operation), _) => (operation.application == application)
                .then_some(OperationState::Settled(operation.outcome)),
            (None, Some(Held::InLane)) => Some(OperationState::Pending),
            (None, Some(Held::Buried)) => Some(OperationState::Buried),
            (None, None) => None,
        })
    }
}

/// Without the queue nobody knows whether it waits.
fn unreachable(error: BackendError) -> ChatError {
    let down = BackendError::new(ErrorKind::Unavailable, "queue", "find");
    ChatError::Unavailable(down.with_source(error))
}
