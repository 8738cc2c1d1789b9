use std::fmt;

use crate::error::ChatError;
use crate::ids::{Head, MessageNumber, PublicId, UserNumber};
use crate::model::{ChatInfo, ChatView, Message};
use crate::page::{Limit, Page, Span};

use super::{Access, Chat};

/// A chat that was opened for reading. Its lists end at the head that it had then.
#[derive(Clone)]
pub struct Reader {
    pub(super) service: Chat,
    pub(super) application: PublicId,
    pub(super) info: ChatInfo,
    pub(super) access: Access,
    /// Who reads, when that has to be a member.
    pub(super) viewer: Option<UserNumber>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Reader");
        shown
            .field("chat", &self.info)
            .field("viewer", &self.viewer);
        shown.finish_non_exhaustive()
    }
}

impl Reader {
    pub(super) fn new(
        service: Chat,
        application: PublicId,
        info: ChatInfo,
        access: Access,
        viewer: Option<UserNumber>,
    ) -> Self {
        Self {
            service,
            application,
            info,
            access,
            viewer,
        }
    }

    /// Whoever reads still takes part: what was read before this may be shown.
    pub(super) async fn still_there(&self) -> Result<(), ChatError> {
        let Some(user) = self.viewer else {
            return Ok(());
        };
        let members = &self.service.inner.stores.members;
        let found = members.member(self.info.id, user).await?;
        match found.is_some_and(|member| member.is_there()) {
            true => Ok(()),
            false => Err(ChatError::Removed),
        }
    }

    /// The chat as it was when it was opened.
    #[must_use]
    pub fn view(&self) -> ChatView {
        self.service.view(self.application, self.info.clone())
    }

    /// The head it had when it was opened.
    #[must_use]
    pub fn head(&self) -> Head {
        self.info.head
    }

    /// The public id of the application it is in.
    #[must_use]
    pub fn application(&self) -> PublicId {
        self.application
    }

    /// One message.
    ///
    /// # Errors
    /// [`ChatError::MessageNotFound`], when it was deleted too; [`ChatError::Removed`].
    pub async fn message(&self, number: MessageNumber) -> Result<Message, ChatError> {
        let found = self
            .service
            .inner
            .stores
            .history
            .get(self.info.id, number)
            .await?;
        let message = found.filter(|message| !message.is_deleted());
        let message = message.ok_or(ChatError::MessageNotFound(number))?;
        if number > self.info.head.number {
            self.still_there().await?;
        }
        Ok(message)
    }

    /// A page of messages, ascending by number; with tombstones when asked for.
    ///
    /// # Errors
    /// [`ChatError::ChatNotFound`] when the chat was deleted after it was opened and this page,
    /// which goes on behind another one, would look like the end of the list; [`ChatError::Removed`] when who reads was removed
    /// since.
    pub async fn messages(
        &self,
        span: Span,
        tombstones: bool,
        limit: Limit,
    ) -> Result<Page<Message>, ChatError> {
        let through = self.info.head.number;
        let stores = &self.service.inner.stores;
        let page = stores
            .history
            .page(self.info.id, span, through, tombstones, limit)
            .await?;
        let goes_on = matches!(span, Span::After(after) if after > 0);
        if goes_on && !page.more && stores.chats.by_id(self.info.id).await?.is_none() {
            return Err(ChatError::ChatNotFound(self.info.number));
        }
        if goes_on {
            self.still_there().await?;
        }
        Ok(page)
    }
}
