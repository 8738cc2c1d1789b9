//! What stands in a message of the bus.
//!
//! One byte of version (1), then entries, each a byte that says what it is and numbers of 8 bytes,
//! big-endian:
//!
//! | byte | entry | what follows |
//! |---|---|---|
//! | 1 | a chat moved | application, chat, last number, last change |
//! | 2 | an application was closed | application |
//! | 3 | a gap | |
//! | 4 | a beat, by which a node hears itself | the node (16 bytes), the beat |
//! | 5 | an operation was settled | the operation (16 bytes) |
//! | 6 | a user is another than before | application, user |
//! | 7 | a user writes | chat, user |
//! | 8 | a user has read more | application, number of the chat, user, last message received, last message read |
//!
//! A message of another version, or what is left of one after an entry that cannot be read, counts as
//! a gap.

use chat_core::ids::{
    ApplicationId, Change, ChatId, ChatNumber, Head, MessageNumber, OperationId, UserNumber,
};
use chat_core::port::Event;
use uuid::Uuid;

const VERSION: u8 = 1;
const MOVED: u8 = 1;
const CLOSED: u8 = 2;
const GAP: u8 = 3;
const BEAT: u8 = 4;
const SETTLED: u8 = 5;
const PERSON: u8 = 6;
const TYPING: u8 = 7;
const MARKED: u8 = 8;
const PRESENCE: u8 = 9;

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Event(Event),
    Beat { node: Uuid, beat: u64 },
}

/// One message of these events.
pub(crate) fn events(events: &[Event]) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    for event in events {
        match event {
            Event::Moved {
                application,
                chat,
                to,
            } => {
                bytes.push(MOVED);
                bytes.extend(application.0.to_be_bytes());
                bytes.extend(chat.0.to_be_bytes());
                bytes.extend(to.number.0.to_be_bytes());
                bytes.extend(to.change.0.to_be_bytes());
            }
            Event::Closed(application) => {
                bytes.push(CLOSED);
                bytes.extend(application.0.to_be_bytes());
            }
            Event::Settled(operation) => {
                bytes.push(SETTLED);
                bytes.extend(operation.0.as_bytes());
            }
            Event::Person { application, user } => {
                bytes.push(PERSON);
                bytes.extend(application.0.to_be_bytes());
                bytes.extend(user.0.to_be_bytes());
            }
            Event::Typing { chat, user } => {
                bytes.push(TYPING);
                bytes.extend(chat.0.to_be_bytes());
                bytes.extend(user.0.to_be_bytes());
            }
            Event::Presence { application, user } => {
                bytes.push(PRESENCE);
                bytes.extend(application.0.to_be_bytes());
                bytes.extend(user.0.to_be_bytes());
            }
            Event::Marked {
                application,
                chat,
                user,
                delivered,
                read,
            } => {
                bytes.push(MARKED);
                bytes.extend(application.0.to_be_bytes());
                for number in [chat.0, user.0, delivered.0, read.0] {
                    bytes.extend(number.to_be_bytes());
                }
            }
            Event::Gap => bytes.push(GAP),
        }
    }
    bytes
}

/// The message of a beat.
pub(crate) fn beat(node: Uuid, beat: u64) -> Vec<u8> {
    let mut bytes = vec![VERSION, BEAT];
    bytes.extend(node.as_bytes());
    bytes.extend(beat.to_be_bytes());
    bytes
}

/// The entries of a message.
pub(crate) fn entries(message: &[u8]) -> impl Iterator<Item = Entry> {
    let mut rest = match message.split_first() {
        Some((&VERSION, rest)) => Some(rest),
        _ => None,
    };
    let mut over = false;
    std::iter::from_fn(move || {
        if over || rest.is_some_and(<[u8]>::is_empty) {
            return None;
        }
        let read = rest.as_mut().and_then(entry);
        over = read.is_none();
        Some(read.unwrap_or(Entry::Event(Event::Gap)))
    })
}

fn entry(rest: &mut &[u8]) -> Option<Entry> {
    let [what] = take(rest)?;
    Some(match what {
        MOVED => Entry::Event(Event::Moved {
            application: ApplicationId(i64::from_be_bytes(take(rest)?)),
            chat: ChatId(i64::from_be_bytes(take(rest)?)),
            to: Head {
                number: MessageNumber(u64::from_be_bytes(take(rest)?)),
                change: Change(u64::from_be_bytes(take(rest)?)),
            },
        }),
        CLOSED => Entry::Event(Event::Closed(ApplicationId(i64::from_be_bytes(take(
            rest,
        )?)))),
        SETTLED => Entry::Event(Event::Settled(OperationId(Uuid::from_bytes(take(rest)?)))),
        PERSON => Entry::Event(Event::Person {
            application: ApplicationId(i64::from_be_bytes(take(rest)?)),
            user: UserNumber(u64::from_be_bytes(take(rest)?)),
        }),
        PRESENCE => Entry::Event(Event::Presence {
            application: ApplicationId(i64::from_be_bytes(take(rest)?)),
            user: UserNumber(u64::from_be_bytes(take(rest)?)),
        }),
        TYPING => Entry::Event(Event::Typing {
            chat: ChatId(i64::from_be_bytes(take(rest)?)),
            user: UserNumber(u64::from_be_bytes(take(rest)?)),
        }),
        MARKED => Entry::Event(Event::Marked {
            application: ApplicationId(i64::from_be_bytes(take(rest)?)),
            chat: ChatNumber(u64::from_be_bytes(take(rest)?)),
            user: UserNumber(u64::from_be_bytes(take(rest)?)),
            delivered: MessageNumber(u64::from_be_bytes(take(rest)?)),
            read: MessageNumber(u64::from_be_bytes(take(rest)?)),
        }),
        GAP => Entry::Event(Event::Gap),
        BEAT => Entry::Beat {
            node: Uuid::from_bytes(take(rest)?),
            beat: u64::from_be_bytes(take(rest)?),
        },
        _ => return None,
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk::<N>()?;
    *rest = left;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &[u8]) -> Vec<Entry> {
        entries(message).collect()
    }

    fn all() -> [Event; 8] {
        let to = Head {
            number: MessageNumber(u64::MAX),
            change: Change(7),
        };
        let moved = Event::Moved {
            application: ApplicationId(1),
            chat: ChatId(i64::MAX),
            to,
        };
        let settled = Event::Settled(OperationId(Uuid::from_u128(5)));
        let (application, user) = (ApplicationId(3), UserNumber(4));
        let marked = Event::Marked {
            application,
            chat: ChatNumber(6),
            user,
            delivered: MessageNumber(9),
            read: MessageNumber(8),
        };
        let typing = Event::Typing {
            chat: ChatId(2),
            user,
        };
        [
            moved,
            Event::Closed(application),
            settled,
            Event::Person { application, user },
            Event::Presence { application, user },
            typing,
            marked,
            Event::Gap,
        ]
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(read(&events(&all())), all().map(Entry::Event));
        let node = Uuid::from_u128(9);
        assert_eq!(read(&beat(node, 4)), [Entry::Beat { node, beat: 4 }]);
    }

    #[test]
    fn what_cannot_be_read_is_a_gap() {
        let gap = [Entry::Event(Event::Gap)];
        assert_eq!(read(b""), gap);
        assert_eq!(read(&[2, GAP, GAP]), gap, "another version");
        let whole = events(&all()[..2]);
        for end in 2..34 {
            assert_eq!(read(&whole[..end]), gap, "cut after {end} bytes");
        }
        let mut unknown = events(&all()[..1]);
        unknown.extend([200, 1, 2]);
        assert_eq!(read(&unknown)[1..], gap);
    }
}
