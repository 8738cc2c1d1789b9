//! What is left to do after a user was deleted: it leaves the chats that it was in.

use futures_util::future::join_all;

use crate::commit::{Command, Outcome, Request, Scope};
use crate::error::ChatError;
use crate::ids::{ApplicationId, UserNumber};
use crate::page::Limit;

use super::Chat;

impl Chat {
    /// Lets deleted users go from the chats that they were in, so that whoever follows these learns of it.
    ///
    /// # Errors
    /// Only those of any call; the next time goes on where this one stopped.
    pub async fn let_go(&self) -> Result<(), ChatError> {
        while self.let_go_of_some(None).await? {}
        Ok(())
    }

    /// Up to a page of them, or of what one of them left, in one batch as far as the lanes allow; whether there may be more. One
    /// application that cannot take it now keeps no other one from its turn.
    pub(super) async fn let_go_of_some(
        &self,
        of: Option<(ApplicationId, UserNumber)>,
    ) -> Result<bool, ChatError> {
        let limit = Limit::DEFAULT;
        let left = self.inner.stores.members.left_behind(of, limit).await?;
        let is_full = left.len() == limit.get();
        let going = left.into_iter().map(|(application, chat, user)| {
            let command = Command::RemoveMember(chat, user);
            let request = Request::new(Scope::Application(application), command);
            self.inner.lanes.submit(request)
        });
        let (mut moved, mut failed) = (false, None);
        for outcome in join_all(going).await {
            match outcome {
                Ok(Outcome::Done { .. }) => moved = true,
                // Another node has done it already, or it went with its chat meanwhile.
                Ok(Outcome::Refused(_)) => {}
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if !moved => Err(error),
            failed => Ok(moved && (is_full || failed.is_some())),
        }
    }
}
