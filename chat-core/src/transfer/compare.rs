//! Comparing two stores without knowing the order of either: what one gives waits for what the other says of the same thing.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::commit::{KeyHash, SourceHash};
use crate::ids::{ChatNumber, MessageNumber, OperationId, PublicId, SessionId, UserNumber};
use crate::page::Limit;
use crate::port::{MessageRow, Place, Rows, Transfer};

use super::digest::{self, Digest};
use super::first::{self, Copy};
use super::{Result, Tally};

/// How many differences are kept to be told; all are counted.
const TOLD: usize = 10;

/// Something that both stores should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// The row of an application.
    Application(PublicId),
    /// A user.
    User(PublicId, UserNumber),
    /// A login.
    Session(PublicId, SessionId),
    /// The row of a chat.
    Chat(PublicId, ChatNumber),
    /// A member of a chat.
    Member(PublicId, ChatNumber, UserNumber),
    /// What a member has read above its mark, from a message on.
    Range(PublicId, ChatNumber, UserNumber, MessageNumber),
    /// The messages of a chat, all together.
    Messages(PublicId, ChatNumber),
    /// A remembered key.
    Request(Option<PublicId>, KeyHash),
    /// A recorded operation.
    Operation(OperationId),
    /// A source that was imported.
    Import(SourceHash),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application(id) => write!(f, "application {id}"),
            Self::User(id, user) => write!(f, "user {user} of application {id}"),
            Self::Session(id, _) => write!(f, "a session of application {id}"),
            Self::Chat(id, number) => write!(f, "chat {number} of application {id}"),
            Self::Member(id, number, user) => {
                write!(f, "user {user} in chat {number} of application {id}")
            }
            Self::Range(id, number, user, low) => write!(
                f,
                "what user {user} has read from message {low} of chat {number} of application {id}"
            ),
            Self::Messages(id, number) => {
                write!(f, "the messages of chat {number} of application {id}")
            }
            Self::Request(Some(id), _) => write!(f, "an idempotency key of application {id}"),
            Self::Request(None, _) => write!(f, "an idempotency key of no application"),
            Self::Operation(id) => write!(f, "operation {id}"),
            Self::Import(_) => write!(f, "how far a source was imported"),
        }
    }
}

/// What a store has there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// How many messages; 0 of anything else.
    pub count: u64,
    /// The number of the last message; 0 of anything else.
    pub last: MessageNumber,
    /// SHA-256 of everything in it.
    pub hash: [u8; 32],
}

/// Where two stores differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// In what.
    pub what: What,
    /// What the first one has there.
    pub one: Option<Found>,
    /// What the second one has there.
    pub other: Option<Found>,
    /// The first message in which they differ, when both have messages there.
    pub first: Option<MessageNumber>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = &self.what;
        match (&self.one, &self.other) {
            (Some(_), None) => write!(f, "{what}: only in the first store"),
            (None, _) => write!(f, "{what}: only in the second store"),
            (Some(one), Some(other)) if (one.count, one.last) != (other.count, other.last) => {
                write!(
                    f,
                    "{what}: {} up to number {} in the first store, {} up to number {} in the second",
                    one.count, one.last, other.count, other.last
                )
            }
            (Some(_), Some(_)) => write!(f, "{what}: not the same"),
        }?;
        match self.first {
            Some(number) => write!(f, "; the first that differs is {number}"),
            None => Ok(()),
        }
    }
}

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What the first store has.
    pub one: Tally,
    /// What the second store has.
    pub other: Tally,
    /// In how many places they differ.
    pub differences: u64,
    /// The first of these places.
    pub first: Vec<Difference>,
}

/// A comparison on its way. Where both stores give their rows in the same order, as after a transfer, it needs little memory, else
/// about a hundred bytes for each chat, user and member.
pub struct Comparison {
    sides: [Side; 2],
    waiting: HashMap<What, (usize, Met)>,
    report: Report,
    /// Whose first message that differs is still looked for.
    unlike: Vec<Unlike>,
}

/// What a side has, and behind which place.
struct Met {
    found: Found,
    from: Place,
}

impl Met {
    /// A row that stands for itself.
    const fn row(hash: [u8; 32]) -> Self {
        let found = Found {
            count: 0,
            last: MessageNumber::ZERO,
            hash,
        };
        Self {
            found,
            from: Place::End,
        }
    }
}

/// A chat that is not the same: where it is told, and behind which place each side has it.
struct Unlike {
    told: usize,
    chat: (PublicId, ChatNumber),
    from: [Place; 2],
}

/// One of the two stores, and where it is read.
struct Side {
    store: Arc<dyn Transfer>,
    place: Place,
    tally: Tally,
    /// The chat whose messages are going by.
    open: Option<Open>,
    found: Vec<(What, Met)>,
}

struct Open {
    what: What,
    from: Place,
    count: u64,
    last: MessageNumber,
    digest: Digest,
}

impl Comparison {
    /// Begins to compare.
    #[must_use]
    pub fn of(one: Arc<dyn Transfer>, other: Arc<dyn Transfer>) -> Self {
        Self {
            sides: [Side::of(one), Side::of(other)],
            waiting: HashMap::new(),
            report: Report::default(),
            unlike: Vec::new(),
        }
    }

    /// Reads a part of each. Answers what went by of the first, `None` when both were read.
    ///
    /// # Errors
    /// What one of the stores could not do; the next step tries it again.
    pub async fn step(&mut self) -> Result<Option<Tally>> {
        let [one, other] = &mut self.sides;
        while let Some(Unlike { told, chat, from }) = self.unlike.last() {
            let copies = (
                Copy::of(&*one.store, *chat, from[0]),
                Copy::of(&*other.store, *chat, from[1]),
            );
            self.report.first[*told].first = first::unlike(copies.0, copies.1).await?;
            self.unlike.pop();
        }
        if one.place == Place::End && other.place == Place::End {
            return Ok(None);
        }
        let (first, second) = tokio::join!(one.step(), other.step());
        first?;
        second?;
        for side in 0..self.sides.len() {
            for (what, met) in std::mem::take(&mut self.sides[side].found) {
                self.meet(side, what, met);
            }
        }
        Ok(Some(self.sides[0].tally))
    }

    /// What it came to, once [`Comparison::step`] answered `None`.
    #[must_use]
    pub fn report(mut self) -> Report {
        for (what, (side, met)) in std::mem::take(&mut self.waiting) {
            let (one, other) = match side {
                0 => (Some(met.found), None),
                _ => (None, Some(met.found)),
            };
            self.differ(what, one, other);
        }
        self.report.one = self.sides[0].tally;
        self.report.other = self.sides[1].tally;
        self.report
    }

    fn meet(&mut self, side: usize, what: What, met: Met) {
        match self.waiting.remove(&what) {
            Some((of, earlier)) if of != side => {
                let [one, other] = if side == 0 {
                    [met, earlier]
                } else {
                    [earlier, met]
                };
                if one.found != other.found {
                    let told = self.differ(what, Some(one.found), Some(other.found));
                    if let (What::Messages(owner, number), Some(told)) = (what, told) {
                        self.unlike.push(Unlike {
                            told,
                            chat: (owner, number),
                            from: [one.from, other.from],
                        });
                    }
                }
            }
            _ => drop(self.waiting.insert(what, (side, met))),
        }
    }

    /// Counts a difference, and says which of those that are told it is.
    fn differ(&mut self, what: What, one: Option<Found>, other: Option<Found>) -> Option<usize> {
        self.report.differences += 1;
        let told = self.report.first.len();
        if told == TOLD {
            return None;
        }
        self.report.first.push(Difference {
            what,
            one,
            other,
            first: None,
        });
        Some(told)
    }
}

impl Side {
    fn of(store: Arc<dyn Transfer>) -> Self {
        Self {
            store,
            place: Place::START,
            tally: Tally::default(),
            open: None,
            found: Vec::new(),
        }
    }

    async fn step(&mut self) -> Result<()> {
        if self.place == Place::End {
            return Ok(());
        }
        let part = self.store.read(self.place, Limit::MAX).await?;
        self.tally.add(&part.rows);
        match &part.rows {
            Rows::Applications(rows) => self.found.extend(rows.iter().map(|row| {
                let met = Met::row(digest::application(row));
                (What::Application(row.public_id), met)
            })),
            Rows::Users(rows) => self.found.extend(rows.iter().map(|row| {
                let met = Met::row(digest::user(row));
                (What::User(row.application, row.user.number), met)
            })),
            Rows::Sessions(rows) => self.found.extend(rows.iter().map(|(owner, row)| {
                let met = Met::row(digest::session(row));
                (What::Session(*owner, row.id), met)
            })),
            Rows::Chats(rows) => self.found.extend(rows.iter().map(|(owner, row)| {
                let met = Met::row(digest::chat(row));
                (What::Chat(*owner, row.number), met)
            })),
            Rows::Members(rows) => self.found.extend(rows.iter().map(|row| {
                let met = Met::row(digest::member(&row.member));
                let what = What::Member(row.application, row.chat, row.member.user);
                (what, met)
            })),
            Rows::Ranges(rows) => self.found.extend(rows.iter().map(|row| {
                let met = Met::row(digest::number(row.high.0));
                let what = What::Range(row.application, row.chat, row.user, row.low);
                (what, met)
            })),
            Rows::Messages(rows) => rows.iter().for_each(|row| self.message(row)),
            Rows::Requests(rows) => self.found.extend(rows.iter().map(|row| {
                let met = Met::row(digest::request(row));
                (What::Request(row.application, row.key), met)
            })),
            Rows::Operations(rows) => self.found.extend(rows.iter().map(|row| {
                let met = Met::row(digest::operation(row));
                (What::Operation(row.id), met)
            })),
            Rows::Imports(rows) => self.found.extend(rows.iter().map(|row| {
                let met = Met::row(digest::number(row.line));
                (What::Import(row.source), met)
            })),
            // Where the next one begins is not a thing that is there.
            Rows::LastMessageId(_) => {}
        }
        if !matches!(part.to, Place::Messages(..)) {
            self.close();
        }
        self.place = part.to;
        Ok(())
    }

    fn message(&mut self, row: &MessageRow) {
        let what = What::Messages(row.application, row.chat);
        if self.open.as_ref().is_none_or(|open| open.what != what) {
            self.close();
        }
        let open = self.open.get_or_insert_with(|| Open {
            what,
            from: self.place,
            count: 0,
            last: MessageNumber::ZERO,
            digest: Digest::default(),
        });
        open.count += 1;
        open.last = row.message.number;
        open.digest.message(&row.message);
    }

    fn close(&mut self) {
        self.found.extend(self.open.take().map(|open| {
            let found = Found {
                count: open.count,
                last: open.last,
                hash: open.digest.end(),
            };
            let from = open.from;
            (open.what, Met { found, from })
        }));
    }
}
