use crate::commit::{Command, CreateChat, Done};
use crate::cursor::Cursor;
use crate::error::ChatError;
use crate::ids::{ChatNumber, ChatUuid, Head, PublicId};
use crate::model::{ChatInfo, ChatKind, ChatView};
use crate::page::{Limit, Page, Span};
use crate::text::{IdempotencyKey, Name};

use super::applications::unexpected;
use super::{Access, Answer, Chat, Reader, name};

impl Chat {
    /// Creates a chat; its number is the next of its application.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::KeyReused`].
    pub async fn create_chat(
        &self,
        access: Access,
        chat_name: Option<Name>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answer<ChatView>, ChatError> {
        let kind = ChatKind::Open;
        let shown = name(chat_name.as_ref());
        let command = Command::CreateChat(CreateChat {
            kind,
            name: chat_name,
            unique_name: false,
            members: Vec::new(),
            uuid: ChatUuid::random(),
        });
        let answer = self.submit(access, command, key).await?;
        let Done::ChatCreated {
            application,
            number,
            at,
        } = answer.value
        else {
            return Err(unexpected());
        };
        let view = ChatView {
            number,
            kind,
            name: shown,
            messages_count: 0,
            created_at: at,
            updated_at: at,
            cursor: self.cursor(application, number, Head::START),
        };
        Ok(Answer {
            value: view,
            replayed: answer.replayed,
        })
    }

    /// Renames a chat; `None` takes its name away.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::ChatNotFound`].
    pub async fn rename_chat(
        &self,
        access: Access,
        number: ChatNumber,
        name: Option<Name>,
    ) -> Result<ChatView, ChatError> {
        self.submit(access, Command::RenameChat(number, name), None)
            .await?;
        Ok(self.chat(access, number).await?.view())
    }

    /// Deletes a chat with its messages: out of reach at once, erased soon after. Its number is
    /// never used again.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::ChatNotFound`].
    pub async fn delete_chat(&self, access: Access, number: ChatNumber) -> Result<(), ChatError> {
        self.submit(access, Command::CloseChat(number), None)
            .await?;
        self.inner.purge.notify_one();
        Ok(())
    }

    /// Opens a chat for reading, as it stands now.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::ChatNotFound`].
    pub async fn chat(&self, access: Access, number: ChatNumber) -> Result<Reader, ChatError> {
        let application = self.resolve(access).await?;
        let found = self.inner.stores.chats.get(application.id, number).await?;
        let info = found.ok_or(ChatError::ChatNotFound(number))?;
        Ok(Reader::new(self.clone(), application.public_id, info))
    }

    /// A page of an application's chats, ascending by number.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`].
    pub async fn chats(
        &self,
        access: Access,
        span: Span,
        limit: Limit,
    ) -> Result<Page<ChatView>, ChatError> {
        let application = self.resolve(access).await?;
        let page = self
            .inner
            .stores
            .chats
            .list(application.id, span, limit)
            .await?;
        let items = page.items.into_iter();
        let items = items
            .map(|info| self.view(application.public_id, info))
            .collect();
        Ok(Page {
            items,
            more: page.more,
        })
    }

    pub(super) fn view(&self, application: PublicId, info: ChatInfo) -> ChatView {
        ChatView {
            number: info.number,
            kind: info.kind,
            name: info.name,
            messages_count: info.messages_count,
            created_at: info.created_at,
            updated_at: info.updated_at,
            cursor: self.cursor(application, info.number, info.head),
        }
    }

    pub(super) fn cursor(&self, application: PublicId, chat: ChatNumber, head: Head) -> Cursor {
        Cursor {
            epoch: self.inner.epoch,
            application,
            chat,
            head,
        }
    }
}
