//! Who takes part in a chat, and what all of them have received and read.

use crate::error::ChatError;
use crate::ids::{MessageNumber, UserNumber};
use crate::model::{Member, Message};
use crate::page::{Limit, Span};

use super::Reader;

/// How far a message came with those who take part in its chat, its sender aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// It is in the chat.
    Sent,
    /// All of them have received it.
    Delivered,
    /// All of them have read it.
    Read,
}

/// Who takes part in a chat, ascending by user, and what all of them have received and read.
#[derive(Debug, Clone, Default)]
pub struct Roll {
    users: Vec<UserNumber>,
    delivered: Lowest,
    read: Lowest,
    /// How far each has read, in the order of the users; kept where somebody has read messages apart.
    marks: Vec<MessageNumber>,
    apart: Vec<(UserNumber, MessageNumber, MessageNumber)>,
}

/// The lowest mark with whose it is, and the lowest of all others.
#[derive(Debug, Clone, Copy, Default)]
struct Lowest {
    first: Option<(MessageNumber, UserNumber)>,
    others: Option<MessageNumber>,
}

impl Lowest {
    fn take(&mut self, mark: MessageNumber, user: UserNumber) {
        match self.first {
            Some((lowest, _)) if lowest <= mark => {
                self.others = Some(self.others.map_or(mark, |others| others.min(mark)));
            }
            lower => {
                self.others = lower.map(|(lowest, _)| lowest);
                self.first = Some((mark, user));
            }
        }
    }

    /// The lowest of all but this user; `None` when there is nobody else.
    fn without(self, user: Option<UserNumber>) -> Option<MessageNumber> {
        match self.first {
            Some((_, first)) if Some(first) == user => self.others,
            first => first.map(|(lowest, _)| lowest),
        }
    }
}

impl Roll {
    fn take(&mut self, member: &Member) {
        self.users.push(member.user);
        self.delivered.take(member.delivered, member.user);
        self.read.take(member.read, member.user);
        if !self.apart.is_empty() {
            self.marks.push(member.read);
        }
    }

    /// Whether all but its sender have read this message, be it apart from those before it.
    fn is_read_apart(&self, message: &Message) -> bool {
        let number = message.number;
        let others = self.users.iter().zip(&self.marks);
        let mut others = others
            .filter(|(user, _)| Some(**user) != message.sender)
            .peekable();
        let has_apart = |user: UserNumber| {
            let mut apart = self.apart.iter();
            apart.any(|(whose, low, high)| *whose == user && (*low..=*high).contains(&number))
        };
        others.peek().is_some() && others.all(|(user, mark)| *mark >= number || has_apart(*user))
    }

    /// Who takes part, ascending.
    #[must_use]
    pub fn users(&self) -> &[UserNumber] {
        &self.users
    }

    /// How far this message of the chat came, by the marks up to which members have received and read, and by what they have read
    /// apart where [`Reader::roll_of`] was asked for this message. Where nobody but the sender takes part, it was sent.
    #[must_use]
    pub fn receipt(&self, message: &Message) -> Receipt {
        let reached = |lowest: Lowest| {
            let lowest = lowest.without(message.sender);
            lowest.is_some_and(|lowest| lowest >= message.number)
        };
        if reached(self.read) || self.is_read_apart(message) {
            Receipt::Read
        } else if reached(self.delivered) {
            Receipt::Delivered
        } else {
            Receipt::Sent
        }
    }
}

impl Reader {
    /// Everybody who takes part, and their marks. An open chat has nobody.
    ///
    /// # Errors
    /// [`ChatError::Removed`] when who reads was removed since the chat was opened.
    pub async fn roll(&self) -> Result<Roll, ChatError> {
        self.take_roll(Roll::default()).await
    }

    /// The same, with which of these messages members have read apart from those before them; in a chat of up to a hundred, where
    /// that is told. One question more, whose answer is as long as the messages are far from each other.
    ///
    /// # Errors
    /// As [`Reader::roll`].
    pub async fn roll_of(
        &self,
        messages: impl IntoIterator<Item = &Message>,
    ) -> Result<Roll, ChatError> {
        let mut roll = Roll::default();
        let mut span: Option<(MessageNumber, MessageNumber)> = None;
        for Message { number, .. } in messages {
            let (low, high) = span.unwrap_or((*number, *number));
            span = Some((low.min(*number), high.max(*number)));
        }
        if let Some((low, high)) = span.filter(|_| self.info.tells_marks()) {
            // Before the marks: a mark that rises meanwhile takes ranges away.
            let members = &self.service.inner.stores.members;
            roll.apart = members.ranges(self.info.id, low, high).await?;
        }
        self.take_roll(roll).await
    }

    async fn take_roll(&self, mut roll: Roll) -> Result<Roll, ChatError> {
        let members = &self.service.inner.stores.members;
        loop {
            let after = roll.users.last().map_or(0, |last| last.0);
            let span = Span::After(after);
            let page = members.members(self.info.id, span, Limit::MAX).await?;
            page.items.iter().for_each(|member| roll.take(member));
            if page.more {
                continue;
            }
            // One page says itself whether whoever reads was still there.
            let is_on_it = |user| roll.users.binary_search(&user).is_ok();
            if after > 0 || !self.viewer.is_some_and(is_on_it) {
                self.still_there().await?;
            }
            return Ok(roll);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_mark_of_all_others_is_found_whoever_is_left_out() {
        let marks = [5, 3, 9, 3, 4];
        for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]] {
            let mut lowest = Lowest::default();
            for at in order {
                lowest.take(MessageNumber(marks[at]), UserNumber(at as u64 + 1));
            }
            for left_out in 0..=marks.len() {
                let others = marks.iter().enumerate();
                let others = others.filter(|(at, _)| at + 1 != left_out);
                let expected = others.map(|(_, mark)| MessageNumber(*mark)).min();
                let found = lowest.without(Some(UserNumber(left_out as u64)));
                assert_eq!(found, expected, "{order:?} without {left_out}");
            }
        }
        let mut alone = Lowest::default();
        alone.take(MessageNumber(7), UserNumber(1));
        assert_eq!(alone.without(Some(UserNumber(1))), None);
        assert_eq!(alone.without(None), Some(MessageNumber(7)));
    }
}
