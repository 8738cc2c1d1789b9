use crate::error::ChatError;
use crate::ids::{Head, MessageNumber, PublicId};
use crate::model::{ChatInfo, ChatView, Message};
use crate::page::{Limit, Page, Span};

use super::Chat;

/// A chat that was opened for reading. Its lists end at the head that it had then.
#[derive(Clone)]
pub struct Reader {
    pub(super) service: Chat,
    pub(super) application: PublicId,
    pub(super) info: ChatInfo,
}

impl Reader {
    pub(super) fn new(service: Chat, application: PublicId, info: ChatInfo) -> Self {
        Self {
            service,
            application,
            info,
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
    /// [`ChatError::MessageNotFound`], when it was deleted too.
    pub async fn message(&self, number: MessageNumber) -> Result<Message, ChatError> {
        let found = self
            .service
            .inner
            .stores
            .history
            .get(self.info.id, number)
            .await?;
        found
            .filter(|message| !message.is_deleted())
            .ok_or(ChatError::MessageNotFound(number))
    }

    /// A page of messages, ascending by number; with tombstones when asked for.
    ///
    /// # Errors
    /// [`ChatError::ChatNotFound`] when the chat was deleted after it was opened and this page,
    /// which goes on behind another one, would look like the end of the list.
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
        Ok(page)
    }
}
