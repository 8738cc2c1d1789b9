use crate::commit::{Caller, Command, CreateChat, Done};
use crate::cursor::Cursor;
use crate::error::ChatError;
use crate::ids::{ChatNumber, ChatUuid, Head, PublicId, UserNumber};
use crate::model::{ChatInfo, ChatKind, ChatView};
use crate::page::{Limit, Page, Span};
use crate::text::{IdempotencyKey, Name};

use super::applications::unexpected;
use super::{Access, Answer, Chat, Reader, name};

/// A chat to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChat {
    /// Who takes part.
    pub kind: ChatKind,
    /// Its name; a direct chat has none.
    pub name: Option<Name>,
    /// Whether no other such chat of the application may have this name.
    pub unique_name: bool,
    /// Who takes part; whoever asks does, if it is a user, whether it is named or not.
    pub members: Vec<UserNumber>,
}

impl NewChat {
    /// A chat for whoever holds the application's token.
    #[must_use]
    pub const fn open(name: Option<Name>) -> Self {
        Self {
            kind: ChatKind::Open,
            name,
            unique_name: false,
            members: Vec::new(),
        }
    }

    /// The chat of two users: these, or this one and whoever asks.
    #[must_use]
    pub fn direct(members: impl Into<Vec<UserNumber>>) -> Self {
        Self {
            kind: ChatKind::Direct,
            members: members.into(),
            ..Self::open(None)
        }
    }

    /// A chat of its members.
    #[must_use]
    pub fn group(name: Option<Name>, members: impl Into<Vec<UserNumber>>) -> Self {
        Self {
            kind: ChatKind::Group,
            members: members.into(),
            ..Self::open(name)
        }
    }
}

/// A chat that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeChat {
    /// The chat.
    pub chat: ChatView,
    /// Whether it was there already: each two users have one direct chat.
    pub found: bool,
}

impl Chat {
    /// Creates an open chat; its number is the next of its application.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::KeyReused`].
    pub async fn create_chat(
        &self,
        access: Access,
        name: Option<Name>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answer<ChatView>, ChatError> {
        let made = self.make_chat(access, NewChat::open(name), key).await?;
        Ok(Answer {
            value: made.value.chat,
            replayed: made.replayed,
        })
    }

    /// Creates a chat of any kind; its number is the next of its application. Who creates a group owns it. The direct chat of two
    /// users is found if they have one, also by two who ask at once.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::CallerNotFound`], [`ChatError::KeyReused`]; [`ChatError::UserNotFound`] for
    /// a member; [`ChatError::WrongParticipants`] when a direct chat would not have two or a group none;
    /// [`ChatError::WrongKind`] for members of an open chat or the name of a direct one; [`ChatError::NotAllowed`] for an open chat by
    /// a session; [`ChatError::ChatNameTaken`].
    pub async fn make_chat(
        &self,
        access: Access,
        new: NewChat,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answer<MadeChat>, ChatError> {
        let NewChat {
            kind,
            name: chat_name,
            unique_name,
            members,
        } = new;
        let shown = name(chat_name.as_ref());
        let new = CreateChat {
            kind,
            name: chat_name,
            unique_name,
            members,
            uuid: ChatUuid::random(),
            created_at: None,
        };
        let members_count = match kind {
            ChatKind::Open => 0,
            _ => new.participants(access.caller).len() as u64,
        };
        let answer = self.submit(access, Command::CreateChat(new), key).await?;
        let replayed = answer.replayed;
        let (application, number, at, direct) = match answer.value {
            Done::ChatCreated {
                application,
                number,
                at,
                direct,
            } => (application, number, at, direct),
            Done::ChatFound { number } => {
                let chat = self.chat(access, number).await?.view();
                let value = MadeChat { chat, found: true };
                return Ok(Answer { value, replayed });
            }
            _ => return Err(unexpected()),
        };
        let chat = ChatView {
            number,
            kind,
            name: shown,
            direct,
            members_count,
            messages_count: 0,
            created_at: at,
            updated_at: at,
            cursor: self.cursor(application, number, Head::START),
        };
        let value = MadeChat { chat, found: false };
        Ok(Answer { value, replayed })
    }

    /// Renames a chat; `None` takes its name away.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::CallerNotFound`], [`ChatError::ChatNotFound`], [`ChatError::NotAMember`] or
    /// [`ChatError::NotAllowed`]; [`ChatError::WrongKind`] for a direct chat; [`ChatError::ChatNameTaken`].
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

    /// Opens a chat for reading, as it stands now. A user opens the chats he takes part in; the application in the name of a user
    /// open ones too.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::ChatNotFound`] or [`ChatError::CallerNotFound`];
    /// [`ChatError::NotAMember`] when the chat is not that of the user who asks, or not any more.
    pub async fn chat(&self, access: Access, number: ChatNumber) -> Result<Reader, ChatError> {
        let application = self.resolve(access).await?;
        let found = self.inner.stores.chats.get(application.id, number).await?;
        let info = found.ok_or(ChatError::ChatNotFound(number))?;
        self.opened(access, application.public_id, info).await
    }

    /// Opens the direct chat with this UUID for reading; `None` when the application has none such.
    ///
    /// # Errors
    /// As [`Chat::chat`].
    pub async fn chat_by_uuid(
        &self,
        access: Access,
        uuid: ChatUuid,
    ) -> Result<Option<Reader>, ChatError> {
        let application = self.resolve(access).await?;
        let found = self.inner.stores.chats.by_uuid(uuid).await?;
        match found.filter(|chat| chat.application == application.id) {
            Some(info) => {
                let reader = self.opened(access, application.public_id, info).await?;
                Ok(Some(reader))
            }
            None => Ok(None),
        }
    }

    /// The head was read before it is asked who may see it, so nothing up to there came after a removal.
    pub(super) async fn opened(
        &self,
        access: Access,
        application: PublicId,
        info: ChatInfo,
    ) -> Result<Reader, ChatError> {
        let viewer = access.caller.has_to_be_in(info.kind);
        match viewer {
            Some(user) => {
                let found = self.inner.stores.members.member(info.id, user).await?;
                let is_there = found.is_some_and(|member| member.is_there());
                is_there.then_some(()).ok_or(ChatError::NotAMember)?;
            }
            None if access.caller == Caller::Application => {}
            None => {
                self.acting(access).await?;
            }
        }
        Ok(Reader::new(self.clone(), application, info, access, viewer))
    }

    /// A page of an application's chats, ascending by number. What a user takes part in lists [`Chat::my_chats`].
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`]; [`ChatError::NotAllowed`] for a user.
    pub async fn chats(
        &self,
        access: Access,
        span: Span,
        limit: Limit,
    ) -> Result<Page<ChatView>, ChatError> {
        access.whole()?;
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
        let cursor = self.cursor(application, info.number, info.head);
        view(info, cursor)
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

/// A chat as it is shown, with a cursor to follow it from.
pub(crate) fn view(info: ChatInfo, cursor: Cursor) -> ChatView {
    ChatView {
        number: info.number,
        kind: info.kind,
        name: info.name,
        direct: info.direct,
        members_count: info.members_count,
        messages_count: info.messages_count,
        created_at: info.created_at,
        updated_at: info.updated_at,
        cursor,
    }
}
