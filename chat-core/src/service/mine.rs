use crate::error::ChatError;
use crate::ids::{ChatNumber, PublicId};
use crate::model::{ChatView, Member, Message};
use crate::page::{Limit, Page};
use crate::port::{Activity, OwnChat};

use super::{Access, Chat};

/// A chat, seen by one who takes part in it.
#[derive(Debug, Clone)]
pub struct MyChat {
    /// The chat.
    pub chat: ChatView,
    /// Its part in it.
    pub member: Member,
    /// The last message that is not deleted.
    pub latest: Option<Message>,
    /// How many messages it has not read: neither its own nor deleted. Counted up to [`MAX_UNREAD`](crate::port::MAX_UNREAD).
    pub unread: u64,
    /// Where it stands in the list.
    pub activity: Activity,
}

impl Chat {
    /// A page of the chats that whoever asks takes part in and has not hidden, latest activity first, below `before` if given.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::CallerNotFound`]; [`ChatError::NoCaller`] for the application.
    pub async fn my_chats(
        &self,
        access: Access,
        before: Option<Activity>,
        limit: Limit,
    ) -> Result<Page<MyChat>, ChatError> {
        let user = access.caller.user().ok_or(ChatError::NoCaller)?;
        let application = self.acting(access).await?;
        let members = &self.inner.stores.members;
        let page = members
            .chats_of(application.id, user, before, limit)
            .await?;
        let items = page.items.into_iter();
        let mine = |own| self.mine(application.public_id, own);
        Ok(Page {
            items: items.map(mine).collect(),
            more: page.more,
        })
    }

    /// One chat as [`Chat::my_chats`] has it, hidden or not.
    ///
    /// # Errors
    /// As [`Chat::my_chats`]; [`ChatError::ChatNotFound`], or [`ChatError::NotAMember`] when it is not a chat of whoever asks.
    pub async fn my_chat(&self, access: Access, chat: ChatNumber) -> Result<MyChat, ChatError> {
        let user = access.caller.user().ok_or(ChatError::NoCaller)?;
        let application = self.acting(access).await?;
        let stores = &self.inner.stores;
        let info = stores.chats.get(application.id, chat).await?;
        let info = info.ok_or(ChatError::ChatNotFound(chat))?;
        let own = stores.members.chat_of(info.id, user).await?;
        let own = own.ok_or(ChatError::NotAMember)?;
        Ok(self.mine(application.public_id, own))
    }

    fn mine(&self, application: PublicId, own: OwnChat) -> MyChat {
        let activity = own.activity();
        MyChat {
            chat: self.view(application, own.chat),
            member: own.member,
            latest: own.latest,
            unread: own.unread,
            activity,
        }
    }
}
