use crate::cursor::Cursor;
use crate::ids::{Change, Head, MessageNumber, UserNumber};
use crate::model::ChatKind;
use crate::port::Changes;
use crate::service::{Item, feed, view};

/// What happened in a chat from one head to another: everything that was touched, as it stands.
#[derive(Debug, Clone)]
pub struct Batch {
    /// What the listener had before.
    pub from: Cursor,
    /// What it has now.
    pub to: Cursor,
    /// What was touched.
    pub items: Vec<Item>,
    /// The change that last touched the chat itself.
    pub own_change: Change,
    /// What kind of chat it is.
    pub(super) kind: ChatKind,
    /// Whether the chat is so small that its members are told of each other.
    is_small: bool,
}

/// About what an item takes beside its texts.
const ITEM_BYTES: usize = 256;

impl Batch {
    /// A page of changes after `from`, which is a cursor of its chat.
    pub(super) fn new(from: Cursor, changes: Changes) -> Self {
        let (own_change, next) = (changes.chat.own_change, changes.next);
        let (head, kind) = (changes.chat.head, changes.chat.kind);
        let is_small = changes.chat.tells_marks();
        Self {
            items: feed::items(changes, None, |chat| view(chat, Cursor { head, ..from })),
            from,
            to: Cursor { head: next, ..from },
            own_change,
            kind,
            is_small,
        }
    }

    /// What of it is new to one who has come to `at`. This batch has everything beyond its own beginning, so it has everything beyond
    /// a later one.
    pub(super) fn after(&self, at: Head) -> Self {
        let is_new = |item: &&Item| match item {
            Item::Message(message) => message.number > at.number || message.change > at.change,
            Item::Member(member) | Item::Mark(member) => member.change() > at.change,
            Item::Chat(_) => self.own_change > at.change,
        };
        Self {
            from: Cursor {
                head: at,
                ..self.from
            },
            to: Cursor {
                head: furthest(at, self.to.head),
                ..self.to
            },
            items: self.items.iter().filter(is_new).cloned().collect(),
            own_change: self.own_change,
            kind: self.kind,
            is_small: self.is_small,
        }
    }

    /// Whether somebody whom the members of the chat are told of came or left.
    pub(super) fn moves_people(&self) -> bool {
        let is_member = |item: &Item| matches!(item, Item::Member(_));
        self.is_small && self.items.iter().any(is_member)
    }

    /// Whether it takes back what may have been told before: a message is deleted, or whoever wrote some is gone.
    pub(super) fn takes_back(&self) -> bool {
        self.items.iter().any(|item| match item {
            Item::Message(message) => message.is_deleted(),
            Item::Member(member) => member.gone,
            _ => false,
        })
    }

    /// Whether this user takes part, if the batch says so or otherwise.
    pub(super) fn says(&self, user: UserNumber) -> Option<bool> {
        self.items.iter().rev().find_map(|item| match item {
            Item::Member(member) if member.user == user => Some(member.is_there()),
            _ => None,
        })
    }

    /// Who left.
    pub(super) fn left(&self) -> impl Iterator<Item = UserNumber> {
        self.items.iter().filter_map(|item| match item {
            Item::Member(member) if !member.is_there() => Some(member.user),
            _ => None,
        })
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let bytes = self.items.iter().map(|item| match item {
            Item::Message(message) => {
                let data = message.data.as_ref().map_or(0, String::len);
                ITEM_BYTES + message.body.len() + data
            }
            Item::Member(_) | Item::Mark(_) | Item::Chat(_) => ITEM_BYTES,
        });
        bytes.sum()
    }
}

/// What covers both.
pub(super) fn furthest(one: Head, other: Head) -> Head {
    Head {
        number: one.number.max(other.number),
        change: one.change.max(other.change),
    }
}

/// What both cover.
pub(super) fn nearest(one: Head, other: Head) -> Head {
    Head {
        number: one.number.min(other.number),
        change: one.change.min(other.change),
    }
}

/// How far behind `head` it is, in numbers or in changes.
pub(super) fn distance(head: Head, at: Head) -> u64 {
    let numbers = |head: MessageNumber, at: MessageNumber| head.0.saturating_sub(at.0);
    let changes = head.change.0.saturating_sub(at.change.0);
    numbers(head.number, at.number).max(changes)
}
