//! The first message in which two copies of a chat differ.

use std::vec::IntoIter;

use crate::ids::{ChatNumber, MessageNumber, PublicId};
use crate::model::Message;
use crate::page::Limit;
use crate::port::{MessageRow, Place, Rows, Transfer};

use super::Result;

/// The messages of one chat, read again.
pub(super) struct Copy<'s> {
    store: &'s dyn Transfer,
    chat: (PublicId, ChatNumber),
    place: Place,
    rows: IntoIter<MessageRow>,
    /// Whether one was found, so that any other chat is the end.
    begun: bool,
}

impl<'s> Copy<'s> {
    /// Those behind a place, where other chats may come first.
    pub(super) fn of(store: &'s dyn Transfer, chat: (PublicId, ChatNumber), place: Place) -> Self {
        Self {
            store,
            chat,
            place,
            rows: Vec::new().into_iter(),
            begun: false,
        }
    }

    async fn next(&mut self) -> Result<Option<Message>> {
        loop {
            for row in self.rows.by_ref() {
                if (row.application, row.chat) == self.chat {
                    self.begun = true;
                    return Ok(Some(row.message));
                }
                if self.begun {
                    return Ok(None);
                }
            }
            if !matches!(self.place, Place::Messages(..)) {
                return Ok(None);
            }
            let part = self.store.read(self.place, Limit::MAX).await?;
            self.place = part.to;
            self.rows = match part.rows {
                Rows::Messages(rows) => rows.into_iter(),
                _ => return Ok(None),
            };
        }
    }
}

/// The lowest number that only one of them has, or that is not the same in both.
pub(super) async fn unlike(
    mut one: Copy<'_>,
    mut other: Copy<'_>,
) -> Result<Option<MessageNumber>> {
    loop {
        match tokio::try_join!(one.next(), other.next())? {
            (None, None) => return Ok(None),
            (Some(only), None) | (None, Some(only)) => return Ok(Some(only.number)),
            (Some(one), Some(other)) if one != other => {
                return Ok(Some(one.number.min(other.number)));
            }
            (Some(_), Some(_)) => {}
        }
    }
}
