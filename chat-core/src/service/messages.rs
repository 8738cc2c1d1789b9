use crate::commit::{Command, Done, Edit, Post};
use crate::error::ChatError;
use crate::ids::{Change, ChatNumber, MessageNumber};
use crate::model::Message;
use crate::text::IdempotencyKey;

use super::applications::unexpected;
use super::{Access, Answer, Chat};

/// A message as it was posted.
pub type Posted = Answer<Message>;

impl Chat {
    /// Posts a message; its number is the next of its chat. When this returns, it is durable.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::ChatNotFound`],
    /// [`ChatError::ReplyNotFound`] or [`ChatError::KeyReused`].
    pub async fn post(
        &self,
        access: Access,
        chat: ChatNumber,
        post: Post,
        key: Option<&IdempotencyKey>,
    ) -> Result<Posted, ChatError> {
        let body = post.body.as_str().to_owned();
        let data = post.data.as_ref().map(|data| data.as_str().to_owned());
        let reply_to = post.reply_to;
        let answer = self.submit(access, Command::Post(chat, post), key).await?;
        let Done::Posted { number, at, ext_id } = answer.value else {
            return Err(unexpected());
        };
        let message = Message {
            number,
            body,
            sender: access.caller.user(),
            author_name: None,
            data,
            reply_to,
            ext_id,
            created_at: at,
            edited_at: None,
            deleted_at: None,
            change: Change::ZERO,
        };
        Ok(Answer {
            value: message,
            replayed: answer.replayed,
        })
    }

    /// Edits a message and answers it as it stands then.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::ChatNotFound`] or
    /// [`ChatError::MessageNotFound`].
    pub async fn edit(
        &self,
        access: Access,
        chat: ChatNumber,
        edit: Edit,
    ) -> Result<Message, ChatError> {
        let number = edit.number;
        self.submit(access, Command::Edit(chat, edit), None).await?;
        self.chat(access, chat).await?.message(number).await
    }

    /// Deletes a message; a tombstone stays at its number.
    ///
    /// # Errors
    /// As [`Chat::edit`].
    pub async fn delete(
        &self,
        access: Access,
        chat: ChatNumber,
        number: MessageNumber,
    ) -> Result<(), ChatError> {
        self.submit(access, Command::Delete(chat, number), None)
            .await?;
        Ok(())
    }
}
