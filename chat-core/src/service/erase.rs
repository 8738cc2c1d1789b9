//! Taking back what a user wrote.

use futures_util::future::join_all;

use crate::commit::{Caller, Command, Request, Scope};
use crate::error::ChatError;
use crate::ids::{ApplicationId, UserNumber};
use crate::model::{ChatInfo, ChatKind};
use crate::page::{Limit, Span};

use super::{Access, Chat};

impl Chat {
    /// Deletes all messages of a user, as if each were deleted by itself, and then the user as [`Chat::delete_user`] does: nothing it
    /// wrote is left in the Store, in the index or among the dead letters, and what it wrote that still waits in a queue is refused.
    /// It reads through all chats that the user may have written in. When it fails, or nobody waits for it any more, some messages
    /// are deleted and the user is there: asked again, it goes on with the rest. A message that somebody posts in the user's name
    /// while it runs may stay, without a sender.
    ///
    /// # Errors
    /// As [`Chat::delete_user`].
    pub async fn erase_user(&self, access: Access, user: UserNumber) -> Result<(), ChatError> {
        access.own(user)?;
        let application = self.acting(access).await?.id;
        self.user(access, user).await?;
        let mut after = 0;
        loop {
            let span = Span::After(after);
            let chats = &self.inner.stores.chats;
            let page = chats.list(application, span, Limit::MAX).await?;
            for chat in &page.items {
                after = chat.number.0;
                if self.may_have_written(chat, user).await? {
                    self.erase_in(chat, user).await?;
                }
            }
            if !page.more {
                break;
            }
        }
        self.discard_letters(application, user).await?;
        self.delete_user(access, user).await
    }

    /// Anybody may have been let write in an open chat; in others those who are or were in them.
    async fn may_have_written(&self, chat: &ChatInfo, user: UserNumber) -> Result<bool, ChatError> {
        if chat.kind == ChatKind::Open {
            return Ok(true);
        }
        let member = self.inner.stores.members.member(chat.id, user).await?;
        Ok(member.is_some())
    }

    /// Deletes what a user wrote in a chat, a page in one batch as far as the lanes allow.
    async fn erase_in(&self, chat: &ChatInfo, user: UserNumber) -> Result<(), ChatError> {
        let history = &self.inner.stores.history;
        let mut after = 0;
        loop {
            let (span, through) = (Span::After(after), chat.head.number);
            let page = history.page(chat.id, span, through, false, Limit::DEFAULT);
            let page = page.await?;
            after = page.items.last().map_or(after, |last| last.number.0);
            let own = page.items.iter().filter(|one| one.sender == Some(user));
            let going = own.map(|message| {
                let command = Command::Delete(chat.number, message.number);
                let request = Request::new(Scope::Application(chat.application), command);
                self.inner.lanes.submit(request)
            });
            for outcome in join_all(going).await {
                // What is refused is deleted already, or its chat is.
                outcome?;
            }
            if !page.more {
                return Ok(());
            }
        }
    }

    /// Forgets the dead letters that a user asked for.
    async fn discard_letters(
        &self,
        application: ApplicationId,
        user: UserNumber,
    ) -> Result<(), ChatError> {
        let Some(letters) = &self.inner.dead_letters else {
            return Ok(());
        };
        let mut after = None;
        loop {
            let page = letters.buried(after, Limit::DEFAULT).await?;
            for letter in &page.items {
                after = Some(letter.job.id);
                let caller = crate::queued::caller(&letter.job).and_then(Caller::user);
                if letter.job.application == application && caller == Some(user) {
                    letters.discard(letter.job.id).await?;
                }
            }
            if !page.more {
                return Ok(());
            }
        }
    }
}
