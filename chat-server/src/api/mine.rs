//! The chats of a user with those who take part in them, read page by page; each API shows them in its own way.

use chat_core::error::ChatError;
use chat_core::page::Limit;
use chat_core::service::{Access, AllMyChats, Chat, MyChat, Roll};
use futures_util::future::try_join_all;
use serde::Serialize;

use crate::http::list::Pages;

/// The chats of whoever this access is for, latest activity first.
pub(crate) fn chats<V: Serialize + Send + Sync>(
    chat: &Chat,
    access: Access,
    show: impl Fn(MyChat, &Roll) -> V + Send + Sync + 'static,
) -> impl Pages<View = V, Error = ChatError> {
    Mine {
        walk: chat.all_my_chats(access, Limit::DEFAULT),
        show,
    }
}

struct Mine<S> {
    walk: AllMyChats,
    show: S,
}

impl<V, S> Mine<S>
where
    S: Fn(MyChat, &Roll) -> V + Send + Sync + 'static,
{
    async fn shown(&self, mine: MyChat) -> Result<Option<V>, ChatError> {
        match mine.roll().await {
            Ok(roll) => Ok(Some((self.show)(mine, &roll))),
            // It was deleted, or the user left it, since the page was read.
            Err(ChatError::Removed) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<V, S> Pages for Mine<S>
where
    V: Serialize + Send + Sync,
    S: Fn(MyChat, &Roll) -> V + Send + Sync + 'static,
{
    type View = V;
    type Error = ChatError;

    async fn next(&mut self) -> Result<(Vec<V>, bool), ChatError> {
        let (mine, more) = self.walk.next().await?;
        let shown = mine.into_iter().map(|mine| self.shown(mine));
        let shown = try_join_all(shown).await?;
        Ok((shown.into_iter().flatten().collect(), more))
    }
}
