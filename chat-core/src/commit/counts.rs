//! How many there are of what is counted, as a batch left it.

use crate::ids::{ChatNumber, Head, PublicId};
use crate::port::Count;
use crate::seal::Sealed;

use super::facts::ApplicationState;
use super::writes::ChatWrite;

/// What a batch changed of the counts of one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// The application.
    pub public_id: PublicId,
    /// Its token, sealed: counts are known by it.
    pub token: Sealed,
    /// What changed.
    pub changed: Vec<Counted>,
}

/// A count that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// The chats of the application.
    Chats(Count),
    /// The messages of one of its chats.
    Messages(ChatNumber, Count),
    /// One of its chats is deleted.
    ChatGone(ChatNumber),
    /// It is deleted, with its chats up to this one.
    Gone(ChatNumber),
}

impl Count {
    /// The chats of an application that exist, of those up to `last` that were made. Making one and deleting one both raise the
    /// version by one.
    #[must_use]
    pub const fn of_chats(last: ChatNumber, live: u64) -> Self {
        Self {
            value: live,
            version: (last.0 * 2).saturating_sub(live),
        }
    }

    /// The messages of a chat that exist: whatever happens in it moves its head.
    #[must_use]
    pub const fn of_messages(head: Head, live: u64) -> Self {
        Self {
            value: live,
            version: head.number.0 + head.change.0,
        }
    }
}

impl Counts {
    /// Of an application whose row changed or not, with the chats that are written in it.
    pub(super) fn of(application: &ApplicationState, changed: bool, chats: &[ChatWrite]) -> Self {
        let last = application.last_chat;
        let changed = match application.closed_at {
            Some(_) => vec![Counted::Gone(last)],
            None => {
                let own =
                    changed.then(|| Counted::Chats(Count::of_chats(last, application.live_chats)));
                own.into_iter().chain(chats.iter().map(of_chat)).collect()
            }
        };
        Self {
            public_id: application.public_id,
            token: application.token.clone(),
            changed,
        }
    }
}

fn of_chat(ChatWrite { row, .. }: &ChatWrite) -> Counted {
    match row.closed_at {
        Some(_) => Counted::ChatGone(row.number),
        None => Counted::Messages(row.number, Count::of_messages(row.head, row.live)),
    }
}
