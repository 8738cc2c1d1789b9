use std::collections::HashSet;

use crate::error::ChatError;
use crate::ids::UserNumber;
use crate::live::Sighting;

use super::{Access, Chat};

impl Chat {
    /// Whether these users are there, in their order, each once; those that the application does not have are left out. While nobody
    /// can tell, those are there who are connected to this node.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::CallerNotFound`].
    pub async fn presence(
        &self,
        access: Access,
        users: &[UserNumber],
    ) -> Result<Vec<Sighting>, ChatError> {
        let application = self.acting(access).await?.id;
        let found = self.inner.stores.users.users(application, users).await?;
        let mut found: HashSet<_> = found.into_iter().map(|user| user.number).collect();
        let mut known = users.to_vec();
        known.retain(|user| found.remove(user));
        let presence = &self.inner.live.0.presence;
        Ok(presence.of(application, &known).await?)
    }
}
