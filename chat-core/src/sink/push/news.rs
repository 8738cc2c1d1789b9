//! Who is told, and of what: the rules alone.

use crate::clock::Timestamp;
use crate::ids::{MessageNumber, UserNumber};
use crate::model::{Member, Message};
use crate::port::Notification;

/// A new message, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fresh {
    pub(super) number: MessageNumber,
    pub(super) author: Option<UserNumber>,
    pub(super) at: Timestamp,
}

/// What is new in a chat: the latest message, and the latest one by anybody but its author. Whoever a member is, the latest one that
/// is not his own is one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct News {
    latest: Option<Fresh>,
    by_another: Option<Fresh>,
}

impl News {
    /// Takes in a message older than all before; `true` once no older one can matter.
    pub(super) fn take(&mut self, message: &Message) -> bool {
        let fresh = Fresh {
            number: message.number,
            author: message.sender,
            at: message.created_at,
        };
        match self.latest {
            None => self.latest = Some(fresh),
            Some(latest) if latest.author == fresh.author || self.by_another.is_some() => {}
            Some(_) => self.by_another = Some(fresh),
        }
        // What no user posted is news to all of them.
        self.by_another.is_some() || self.latest.is_some_and(|latest| latest.author.is_none())
    }

    /// Of one message.
    pub(super) const fn of(told: &Notification) -> Self {
        let latest = Fresh {
            number: told.message,
            author: told.author,
            at: told.at,
        };
        Self {
            latest: Some(latest),
            by_another: None,
        }
    }

    /// Whether there is nothing new.
    pub(super) const fn is_empty(&self) -> bool {
        self.latest.is_none()
    }

    fn to(&self, user: UserNumber) -> Option<Fresh> {
        let both = [self.latest, self.by_another].into_iter().flatten();
        both.into_iter().find(|fresh| fresh.author != Some(user))
    }
}

/// Of which message a member is told: the latest one that is not his own, if he takes part, has not muted the chat, has not read that
/// far, and is not known to be there, where he is told of it anyway.
pub(super) fn notice(member: &Member, news: &News, is_there: Option<bool>) -> Option<Fresh> {
    let fresh = news.to(member.user)?;
    let wants = member.is_there() && !member.gone && !member.muted;
    let is_told = wants && member.read < fresh.number && is_there != Some(true);
    is_told.then_some(fresh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Change;
    use crate::model::Role;

    const BOB: UserNumber = UserNumber(2);

    fn member() -> Member {
        Member {
            user: BOB,
            role: Role::Member,
            muted: false,
            joined_at: Timestamp(0),
            left_at: None,
            gone: false,
            own_change: Change(0),
            mark_change: Change(0),
            delivered: MessageNumber(0),
            read: MessageNumber(0),
            hidden: None,
            posted: MessageNumber(0),
        }
    }

    /// The news of messages by these authors, the earliest first; 0 is nobody.
    fn news(authors: &[u64]) -> News {
        let mut news = News::default();
        for (index, author) in authors.iter().enumerate().rev() {
            let message = Message {
                number: MessageNumber(index as u64 + 1),
                body: String::new(),
                sender: Some(UserNumber(*author)).filter(|user| user.0 > 0),
                author_name: None,
                data: None,
                reply_to: None,
                ext_id: None,
                created_at: Timestamp(index as i64),
                edited_at: None,
                deleted_at: None,
                change: Change(0),
            };
            if news.take(&message) {
                break;
            }
        }
        news
    }

    fn told(member: &Member, authors: &[u64], is_there: Option<bool>) -> Option<u64> {
        let told = notice(member, &news(authors), is_there);
        told.map(|fresh| fresh.number.0)
    }

    #[test]
    fn a_member_is_told_of_the_latest_message_that_is_not_his_own() {
        for (authors, number) in [
            (&[][..], None),
            (&[1], Some(1)),
            (&[1, 1, 3], Some(3)),
            (&[2], None),
            (&[2, 2], None),
            (&[1, 3, 2, 2], Some(2)),
            (&[1, 2, 3, 3], Some(4)),
            (&[1, 0], Some(2)),
            (&[0, 2], Some(1)),
        ] {
            assert_eq!(told(&member(), authors, None), number, "{authors:?}");
        }
    }

    #[test]
    fn whoever_is_known_to_be_there_is_not_told_and_whoever_is_not_known_is() {
        for (is_there, number) in [(Some(true), None), (Some(false), Some(1)), (None, Some(1))] {
            assert_eq!(told(&member(), &[1], is_there), number, "{is_there:?}");
        }
    }

    #[test]
    fn whoever_has_read_it_is_not_told() {
        let reader = |read| Member {
            read: MessageNumber(read),
            ..member()
        };
        assert_eq!(told(&reader(1), &[1, 1], None), Some(2));
        assert_eq!(told(&reader(2), &[1, 1], None), None);
        // He has read what is not his own.
        assert_eq!(told(&reader(1), &[1, 2], None), None);
        // What he has received he may not have seen.
        let delivered = MessageNumber(9);
        let received = Member {
            delivered,
            ..member()
        };
        assert_eq!(told(&received, &[1], None), Some(1));
    }

    #[test]
    fn whoever_wants_to_be_left_alone_or_left_is_not_told() {
        let muted = Member {
            muted: true,
            ..member()
        };
        let left = Member {
            left_at: Some(Timestamp(1)),
            ..member()
        };
        let gone = Member {
            gone: true,
            ..member()
        };
        for member in [muted, left, gone] {
            assert_eq!(told(&member, &[1], None), None, "{member:?}");
        }
    }

    #[test]
    fn no_more_is_looked_at_than_matters() {
        let latest = |number, author: Option<u64>| {
            let author = author.map(UserNumber);
            Some(Fresh {
                number: MessageNumber(number),
                author,
                at: Timestamp(number as i64 - 1),
            })
        };
        for (authors, expected, other) in [
            (&[1, 3, 0][..], latest(3, None), None),
            (&[1, 3, 3], latest(3, Some(3)), latest(1, Some(1))),
            (&[0, 1, 3], latest(3, Some(3)), latest(2, Some(1))),
        ] {
            let news = news(authors);
            assert_eq!((news.latest, news.by_another), (expected, other));
            assert!(!news.is_empty());
        }
        assert!(News::default().is_empty());
    }
}
