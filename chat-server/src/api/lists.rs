//! Whole lists of things, read page by page from the beginning; each API shows the elements in its own way.

use std::future::Future;

use chat_core::error::ChatError;
use chat_core::ids::ApplicationId;
use chat_core::model::{ChatView, Member, Message, Tenant, UserView};
use chat_core::page::{Limit, Page, Span};
use chat_core::service::{Access, Chat, Reader};
use serde::Serialize;

use crate::http::list::Pages;

/// Messages read at once of a whole list: a page of the longest texts still fits into memory many times over.
const MESSAGES: usize = 200;

/// How many messages are read at once of a whole list.
pub(crate) fn message_page() -> Limit {
    Limit::new(MESSAGES).unwrap_or(Limit::DEFAULT)
}

/// Every application, in the order in which they were made.
pub(crate) fn applications<V: Serialize + Send + Sync>(
    chat: &Chat,
    show: impl Fn(Tenant) -> V + Send + 'static,
) -> impl Pages<View = V, Error = ChatError> {
    let chat = chat.clone();
    List {
        after: ApplicationId::ROOT,
        fetch: move |after| {
            let chat = chat.clone();
            async move { chat.applications(after, Limit::MAX).await }
        },
        place: |(id, _): &(ApplicationId, Tenant)| *id,
        show: move |(_, tenant)| show(tenant),
    }
}

/// The chats of an application by number.
pub(crate) fn chats<V: Serialize + Send + Sync>(
    chat: &Chat,
    access: Access,
    show: impl Fn(ChatView) -> V + Send + 'static,
) -> impl Pages<View = V, Error = ChatError> {
    let chat = chat.clone();
    List {
        after: 0,
        fetch: move |after| {
            let chat = chat.clone();
            async move { chat.chats(access, Span::After(after), Limit::MAX).await }
        },
        place: |chat: &ChatView| chat.number.0,
        show,
    }
}

/// The users of an application by number.
pub(crate) fn users<V: Serialize + Send + Sync>(
    chat: &Chat,
    access: Access,
    show: impl Fn(UserView) -> V + Send + 'static,
) -> impl Pages<View = V, Error = ChatError> {
    let chat = chat.clone();
    List {
        after: 0,
        fetch: move |after| {
            let chat = chat.clone();
            async move { chat.users(access, Span::After(after), Limit::MAX).await }
        },
        place: |user: &UserView| user.number.0,
        show,
    }
}

/// The members of a chat by user.
pub(crate) fn members<V: Serialize + Send + Sync>(
    reader: Reader,
    show: impl Fn(Member) -> V + Send + 'static,
) -> impl Pages<View = V, Error = ChatError> {
    List {
        after: 0,
        fetch: move |after| {
            let reader = reader.clone();
            async move { reader.members(Span::After(after), Limit::MAX).await }
        },
        place: |member: &Member| member.user.0,
        show,
    }
}

/// The messages of a chat by number.
pub(crate) fn messages<V: Serialize + Send + Sync>(
    reader: Reader,
    tombstones: bool,
    show: impl Fn(Message) -> V + Send + 'static,
) -> impl Pages<View = V, Error = ChatError> {
    List {
        after: 0,
        fetch: move |after| {
            let reader = reader.clone();
            async move {
                let span = Span::After(after);
                reader.messages(span, tombstones, message_page()).await
            }
        },
        place: |message: &Message| message.number.0,
        show,
    }
}

/// A list by keyset: each page begins behind the last element of the one before.
struct List<K, F, P, S> {
    after: K,
    fetch: F,
    place: P,
    show: S,
}

impl<K, T, V, R, F, P, S> Pages for List<K, F, P, S>
where
    K: Copy + Send + 'static,
    T: Send,
    V: Serialize + Send + Sync,
    R: Future<Output = Result<Page<T>, ChatError>> + Send,
    F: Fn(K) -> R + Send + 'static,
    P: Fn(&T) -> K + Send + 'static,
    S: Fn(T) -> V + Send + 'static,
{
    type View = V;
    type Error = ChatError;

    async fn next(&mut self) -> Result<(Vec<V>, bool), ChatError> {
        let page = (self.fetch)(self.after).await?;
        if let Some(last) = page.items.last() {
            self.after = (self.place)(last);
        }
        Ok((page.items.into_iter().map(&self.show).collect(), page.more))
    }
}
