use crate::commit::{AddMembers, ChangeMember, Command};
use crate::error::ChatError;
use crate::ids::{ChatNumber, UserNumber};
use crate::model::Member;
use crate::page::{Limit, Page, Span};
use crate::text::IdempotencyKey;

use super::{Access, Answer, Chat, Reader};

impl Reader {
    /// A page of those who take part, ascending by user. An open chat has none.
    ///
    /// # Errors
    /// [`ChatError::Removed`] when who reads was removed since the chat was opened.
    pub async fn members(&self, span: Span, limit: Limit) -> Result<Page<Member>, ChatError> {
        let members = &self.service.inner.stores.members;
        let page = members.members(self.info.id, span, limit).await?;
        self.still_there().await?;
        Ok(page)
    }

    /// One of those who take part.
    ///
    /// # Errors
    /// [`ChatError::MemberNotFound`]; [`ChatError::Removed`] as [`Reader::members`].
    pub async fn member(&self, user: UserNumber) -> Result<Member, ChatError> {
        let members = &self.service.inner.stores.members;
        let found = members.member(self.info.id, user).await?;
        self.still_there().await?;
        found
            .filter(Member::is_there)
            .ok_or(ChatError::MemberNotFound(user))
    }
}

impl Chat {
    /// Takes users into a group, all of them or none. They see it from its beginning. The application and those who own the
    /// group may.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::CallerNotFound`], [`ChatError::ChatNotFound`], [`ChatError::NotAMember`],
    /// [`ChatError::NotAllowed`] or [`ChatError::KeyReused`]; [`ChatError::UserNotFound`] or [`ChatError::AlreadyAMember`] for one
    /// of them; [`ChatError::WrongKind`] in a chat that is no group.
    pub async fn add_members(
        &self,
        access: Access,
        chat: ChatNumber,
        add: AddMembers,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answer<()>, ChatError> {
        let command = Command::AddMembers(chat, add);
        let answer = self.submit(access, command, key).await?;
        Ok(Answer {
            value: (),
            replayed: answer.replayed,
        })
    }

    /// Changes what a member may do (as those who own the group may) or whether it wants to be left alone (as it may itself), and
    /// answers it as it stands then.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::CallerNotFound`], [`ChatError::ChatNotFound`], [`ChatError::NotAMember`],
    /// [`ChatError::NotAllowed`] or [`ChatError::MemberNotFound`]; [`ChatError::WrongKind`] for a role in a chat that is no group.
    pub async fn change_member(
        &self,
        access: Access,
        chat: ChatNumber,
        change: ChangeMember,
    ) -> Result<Member, ChatError> {
        let user = change.user;
        self.submit(access, Command::ChangeMember(chat, change), None)
            .await?;
        self.chat(access, chat).await?.member(user).await
    }

    /// Removes a member from a group (as those who own the group may), or leaves it. Nothing that happens in it afterwards reaches
    /// the member.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::CallerNotFound`], [`ChatError::ChatNotFound`], [`ChatError::NotAMember`],
    /// [`ChatError::NotAllowed`] or [`ChatError::MemberNotFound`]; [`ChatError::WrongKind`] in a chat that is no group.
    pub async fn remove_member(
        &self,
        access: Access,
        chat: ChatNumber,
        user: UserNumber,
    ) -> Result<(), ChatError> {
        self.submit(access, Command::RemoveMember(chat, user), None)
            .await?;
        Ok(())
    }
}
