//! What is taken over from files.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Timestamp;
use crate::commit::{Imported, Refusal};
use crate::ids::{ChatNumber, MessageNumber, UserNumber};

use super::WorkingApplication;
use super::chat::reply_exists;

impl WorkingApplication {
    /// All messages or none: everything is checked before anything is taken over.
    pub(in crate::commit) fn import(
        &mut self,
        messages: &[(ChatNumber, Imported)],
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let mut heads: BTreeMap<ChatNumber, MessageNumber> = BTreeMap::new();
        for (number, one) in messages {
            if let Some(sender) = one.sender {
                let known = self.users.contains_key(&sender);
                known.then_some(()).ok_or(Refusal::UserNotFound(sender))?;
            }
            let chat = self.chat(*number)?;
            let stranger = |user: &&UserNumber| !chat.members.contains_key(user);
            if let Some(stranger) = one.read_by.iter().find(stranger) {
                return Err(Refusal::MemberNotFound(*stranger));
            }
            let head = heads.entry(*number).or_insert(chat.state.head.number);
            reply_exists(one.reply_to, *head)?;
            *head = head.next();
        }
        let mut moved = BTreeSet::new();
        for (number, one) in messages {
            let sender = one.sender.filter(|user| self.user(*user).is_ok());
            let chat = self.chat(*number)?;
            let message = chat.import(one, sender, now);
            for user in &one.read_by {
                if chat.has_read(*user, message) {
                    moved.insert((*number, *user));
                }
            }
        }
        for (number, user) in moved {
            self.chat(number)?.tell(user);
        }
        Ok(())
    }
}
