use crate::commit::{Command, Mark};
use crate::error::ChatError;
use crate::ids::{ChatNumber, MessageNumber};
use crate::model::Member;
use crate::port::Event;

use super::{Access, Chat};

impl Chat {
    /// Tells how far whoever asks has received and read a chat, and answers where its marks stand then. They only rise.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::CallerNotFound`], [`ChatError::ChatNotFound`] or
    /// [`ChatError::NotAMember`]; [`ChatError::NoCaller`] for the application; [`ChatError::BeyondHead`].
    pub async fn mark(
        &self,
        access: Access,
        chat: ChatNumber,
        mark: Mark,
    ) -> Result<Member, ChatError> {
        let user = access.caller.user().ok_or(ChatError::NoCaller)?;
        self.submit(access, Command::Mark(chat, mark), None).await?;
        let reader = self.chat(access, chat).await?;
        let member = reader.member(user).await?;
        if !reader.info.tells_marks() {
            let event = Event::Marked {
                application: reader.info.application,
                chat,
                user,
                delivered: member.delivered,
                read: member.read,
            };
            // The user's other sockets may as well see it later.
            self.inner.announcer.tell(event);
        }
        Ok(member)
    }

    /// Tells that whoever asks has read one message, and nothing of those around it; but what is 2,000 messages below it counts as read
    /// from then on.
    ///
    /// # Errors
    /// As [`Chat::mark`], but [`ChatError::MessageNotFound`] beyond the last message.
    pub async fn mark_read(
        &self,
        access: Access,
        chat: ChatNumber,
        message: MessageNumber,
    ) -> Result<(), ChatError> {
        self.submit(access, Command::Read(chat, message), None)
            .await?;
        Ok(())
    }

    /// Leaves a chat out of the list of whoever asks, until something is posted in it.
    ///
    /// # Errors
    /// As [`Chat::mark`].
    pub async fn hide(&self, access: Access, chat: ChatNumber) -> Result<(), ChatError> {
        self.submit(access, Command::Hide(chat), None).await?;
        Ok(())
    }
}
