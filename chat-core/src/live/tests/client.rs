//! A client that keeps one chat, and checks whatever it is told.

use std::collections::BTreeMap;

use futures_util::FutureExt as _;

use super::*;
use crate::cursor::Cursor;
use crate::page::{Limit, Span};

/// What a client has of a message.
pub(super) type Kept = (String, bool);

pub(super) struct Client {
    pub(super) user: UserNumber,
    pub(super) listener: Option<Listener>,
    /// The first cursor of the chat, then how far the client has come.
    at: Cursor,
    pub(super) messages: BTreeMap<u64, Kept>,
    /// Whether it was told that it takes part no more.
    pub(super) is_out: bool,
}

impl Client {
    pub(super) fn new(user: UserNumber, at: Cursor) -> Self {
        Self {
            user,
            listener: None,
            at,
            messages: BTreeMap::new(),
            is_out: false,
        }
    }

    /// Comes back, to any node.
    pub(super) async fn connect(&mut self, node: &Chat, access: Access) {
        let ear = Ear::of(by(access, self.user));
        let listener = node.listen(ear).await.unwrap();
        let cursors = [(self.at.chat, Some(self.at))];
        listener.follow(&cursors, Rest::FromNow).await.unwrap();
        self.is_out = false;
        self.listener = Some(listener);
    }

    /// Takes what is there; whether it is still connected.
    pub(super) fn take(&mut self) -> bool {
        while let Some(listener) = &self.listener {
            match listener.next().now_or_never() {
                None => break,
                Some(News::Bye(bye)) => {
                    assert!(bye.resumes(), "{bye:?}");
                    self.listener = None;
                }
                Some(news) => self.hear(news),
            }
        }
        self.listener.is_some()
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Batch(batch) => self.apply(&batch),
            News::Removed(chat) => {
                assert_eq!(chat, self.at.chat);
                self.is_out = true;
            }
            News::Joined(joined) => {
                assert!(self.is_out, "it follows the chat already");
                assert_eq!(joined.from, self.at, "it goes on where it was");
                self.is_out = false;
            }
            News::CaughtUp => {}
            other => panic!("{other:?}"),
        }
    }

    fn apply(&mut self, batch: &Batch) {
        assert!(!self.is_out, "nothing comes after a removal");
        assert_eq!(
            batch.from, self.at,
            "a batch begins where the last one ended"
        );
        let (before, to) = (self.at.head, batch.to.head);
        assert!(to.covers(before) && to != before, "a number goes down");
        let mut last = before.number.0;
        for item in &batch.items {
            let Item::Message(message) = item else {
                continue;
            };
            let number = message.number.0;
            if number > before.number.0 {
                assert_eq!(number, last + 1, "messages come in order, each once");
                last = number;
            } else {
                assert!(message.change > before.change, "it was told already");
            }
            let kept = (message.body.clone(), message.is_deleted());
            self.messages.insert(number, kept);
        }
        assert_eq!(last, to.number.0, "all of them come");
        self.at = batch.to;
        let heads = self.listener.as_ref().unwrap().heads();
        // A chat that the user was removed from meanwhile has none.
        let delivered = heads.is_empty() || heads == [self.at];
        assert!(delivered, "the heads are what was delivered");
    }
}

/// What a client has that has just read everything.
pub(super) async fn snapshot(node: &Chat, access: Access, chat: ChatNumber) -> BTreeMap<u64, Kept> {
    let reader = node.chat(access, chat).await.unwrap();
    let (mut all, mut after) = (BTreeMap::new(), 0);
    loop {
        let page = reader.messages(Span::After(after), true, Limit::MAX);
        let page = page.await.unwrap();
        for message in page.items {
            after = message.number.0;
            let deleted = message.is_deleted();
            all.insert(after, (message.body, deleted));
        }
        if !page.more {
            return all;
        }
    }
}
