//! What members have received and read: one watermark each, and ranges above it where single messages were read.

use crate::commit::{Caller, Mark, Refusal};
use crate::ids::{MessageNumber, UserNumber};
use crate::model::{MARKS_TOLD_UP_TO, Member};

use super::WorkingChat;

/// So far above its watermark a member can read single messages. The watermark follows at this distance, so nobody has more than half
/// as many ranges.
pub(in crate::commit) const READ_SINGLY: u64 = 2_000;

impl WorkingChat {
    /// Marks only rise.
    pub(in crate::commit) fn mark(&mut self, mark: &Mark, caller: Caller) -> Result<(), Refusal> {
        let last = self.state.head.number;
        let told = mark.delivered.max(mark.read).unwrap_or_default();
        let before = self.asking(caller)?.clone();
        if told > last {
            return Err(Refusal::BeyondHead(last));
        }
        let (user, read) = (before.user, before.read.max(mark.read.unwrap_or_default()));
        let member = Member {
            read,
            delivered: before.delivered.max(told).max(read),
            ..before.clone()
        };
        if member != before {
            self.write(member);
            self.absorb(user);
            self.tell(user);
        }
        Ok(())
    }

    /// One message alone: next to the watermark it raises it, above it makes a range. What is [`READ_SINGLY`] below it counts as read.
    pub(in crate::commit) fn read(
        &mut self,
        number: MessageNumber,
        caller: Caller,
    ) -> Result<(), Refusal> {
        let last = self.state.head.number;
        let user = self.asking(caller)?.user;
        if number == MessageNumber::ZERO || number > last {
            return Err(Refusal::MessageNotFound(number));
        }
        if self.has_read(user, number) {
            self.tell(user);
        }
        Ok(())
    }

    /// A member has read this message; whether that was not known. Who does not take part reads nothing.
    pub(super) fn has_read(&mut self, user: UserNumber, number: MessageNumber) -> bool {
        let Some(read) = self.there(user).map(|member| member.read) else {
            return false;
        };
        if number <= read || self.range_with(user, number).is_some() {
            return false;
        }
        let read = if number == read.next() {
            number
        } else {
            self.widen(user, number);
            read.max(MessageNumber(number.0.saturating_sub(READ_SINGLY)))
        };
        self.written.insert(user);
        if let Some(member) = self.members.get_mut(&user) {
            member.read = read;
        }
        self.absorb(user);
        true
    }

    /// One more message is in a range: in that below it, in that above it, in both as one, or in its own.
    fn widen(&mut self, user: UserNumber, number: MessageNumber) {
        let (mut low, mut high) = (number, number);
        if let Some(below) = self.range_with(user, MessageNumber(number.0 - 1)) {
            low = below;
        }
        if let Some(above) = self.ranges.get(&(user, number.next())) {
            high = *above;
            self.drop_range(user, number.next());
        }
        self.put_range(user, low, high);
    }

    /// The watermark takes in what of the ranges it has reached.
    fn absorb(&mut self, user: UserNumber) {
        let Some(member) = self.members.get(&user) else {
            return;
        };
        let mut read = member.read;
        let first = (user, MessageNumber::ZERO);
        while let Some((&(_, low), &high)) = self.ranges.range(first..=(user, read.next())).next() {
            read = read.max(high);
            self.drop_range(user, low);
        }
        if let Some(member) = self.members.get_mut(&user) {
            member.read = read;
            member.delivered = member.delivered.max(read);
        }
    }

    pub(super) fn tell(&mut self, user: UserNumber) {
        if self.state.members > MARKS_TOLD_UP_TO {
            return;
        }
        let change = self.next_change();
        if let Some(member) = self.members.get_mut(&user) {
            member.mark_change = change;
        }
    }

    /// Where the range begins that this message is in.
    fn range_with(&self, user: UserNumber, number: MessageNumber) -> Option<MessageNumber> {
        let up_to = self
            .ranges
            .range((user, MessageNumber::ZERO)..=(user, number));
        let (&(_, low), &high) = up_to.last()?;
        (high >= number).then_some(low)
    }

    fn put_range(&mut self, user: UserNumber, low: MessageNumber, high: MessageNumber) {
        self.ranges.insert((user, low), high);
        self.written_ranges.insert((user, low), Some(high));
    }

    fn drop_range(&mut self, user: UserNumber, low: MessageNumber) {
        self.ranges.remove(&(user, low));
        self.written_ranges.insert((user, low), None);
    }
}
