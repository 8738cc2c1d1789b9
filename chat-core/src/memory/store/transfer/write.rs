//! Rows of another store, with the row ids that they get here.

use crate::commit::{Operation, RequestWrite, UserWrite};
use crate::error::ErrorKind;
use crate::ids::{ApplicationId, ChatId, ChatNumber, PublicId};
use crate::model::Session;
use crate::port::Rows;

use super::super::{Chat, Result, State};
use super::refused;

impl State {
    /// Whether all that these rows belong to is there.
    pub(super) fn are_known(&self, rows: &Rows) -> Result<()> {
        match rows {
            Rows::Chats(rows) => rows
                .iter()
                .try_for_each(|(owner, _)| self.application_of(*owner).map(drop)),
            Rows::Users(rows) => rows
                .iter()
                .try_for_each(|row| self.application_of(row.application).map(drop)),
            Rows::Sessions(rows) => rows
                .iter()
                .try_for_each(|(owner, _)| self.application_of(*owner).map(drop)),
            Rows::Members(rows) => rows
                .iter()
                .try_for_each(|row| self.chat_of(row.application, row.chat).map(drop)),
            Rows::Ranges(rows) => rows
                .iter()
                .try_for_each(|row| self.chat_of(row.application, row.chat).map(drop)),
            Rows::Messages(rows) => rows
                .iter()
                .try_for_each(|row| self.chat_of(row.application, row.chat).map(drop)),
            Rows::Requests(rows) => rows
                .iter()
                .try_for_each(|row| self.maybe_application(row.application).map(drop)),
            Rows::Operations(rows) => rows
                .iter()
                .try_for_each(|row| self.maybe_application(row.application).map(drop)),
            Rows::Applications(_) | Rows::Imports(_) | Rows::LastMessageId(_) => Ok(()),
        }
    }

    pub(super) fn take_in(&mut self, rows: &Rows) -> Result<()> {
        match rows {
            Rows::Applications(rows) => {
                for row in rows {
                    let last = self.applications.keys().next_back();
                    let id = ApplicationId(last.map_or(1, |last| last.0 + 1));
                    self.write_application(id, row.clone());
                }
            }
            Rows::Users(rows) => {
                for row in rows {
                    let application = self.application_of(row.application)?;
                    let number = row.user.number;
                    let write = UserWrite {
                        row: row.user.clone(),
                        is_new: true,
                        ends: None,
                    };
                    self.write_user(application, write);
                    let seen = row.seen_at.map(|at| ((application, number), at));
                    self.seen.extend(seen);
                    let keys = row.keys.iter().map(|key| (key.device.clone(), key.clone()));
                    self.device_keys
                        .insert((application, number), keys.collect());
                }
            }
            Rows::Sessions(rows) => {
                for (owner, row) in rows {
                    let session = Session {
                        application: self.application_of(*owner)?,
                        ..row.clone()
                    };
                    self.sessions.insert(session.token, session);
                }
            }
            Rows::Members(rows) => {
                for row in rows {
                    let application = self.application_of(row.application)?;
                    let id = self.chat_of(row.application, row.chat)?;
                    self.memberships.insert((application, row.member.user, id));
                    if let Some(chat) = self.chats.get_mut(&id) {
                        chat.write_member(row.member.clone());
                    }
                }
            }
            Rows::Ranges(rows) => {
                for row in rows {
                    let id = self.chat_of(row.application, row.chat)?;
                    if let Some(chat) = self.chats.get_mut(&id) {
                        chat.ranges.insert((row.user, row.low), row.high);
                    }
                }
            }
            Rows::Chats(rows) => {
                for (owner, row) in rows {
                    let application = self.application_of(*owner)?;
                    self.last_chat += 1;
                    let id = ChatId(self.last_chat);
                    let mut state = row.clone();
                    state.id = Some(id);
                    self.name_chat(application, id, &state);
                    self.chats.insert(id, Chat::new(application, state));
                }
            }
            Rows::Messages(rows) => {
                for row in rows {
                    let id = self.chat_of(row.application, row.chat)?;
                    if let Some(chat) = self.chats.get_mut(&id) {
                        chat.write_message(row.message.clone());
                    }
                    if let Some(given) = row.message.ext_id {
                        self.ext_ids.insert(given, (id, row.message.number));
                        self.last_ext_id = self.last_ext_id.max(given);
                    }
                }
            }
            Rows::Requests(rows) => {
                for row in rows {
                    let write = RequestWrite {
                        application: self.maybe_application(row.application)?,
                        key: row.key,
                        fingerprint: row.remembered.fingerprint,
                        done: row.remembered.done.clone(),
                        at: row.at,
                    };
                    self.remember(write);
                }
            }
            Rows::Operations(rows) => {
                for row in rows {
                    let operation = Operation {
                        id: row.id,
                        application: self.maybe_application(row.application)?,
                        outcome: row.outcome.clone(),
                        at: row.at,
                    };
                    self.record(operation);
                }
            }
            Rows::Imports(rows) => {
                self.imports
                    .extend(rows.iter().map(|row| (row.source, row.line)));
            }
            Rows::LastMessageId(id) => self.last_ext_id = self.last_ext_id.max(*id),
        }
        Ok(())
    }

    fn application_of(&self, owner: PublicId) -> Result<ApplicationId> {
        self.public_ids
            .get(&owner)
            .copied()
            .ok_or_else(|| refused(ErrorKind::Invalid, "a row of an unknown application"))
    }

    /// The root row when it is in none.
    fn maybe_application(&self, owner: Option<PublicId>) -> Result<ApplicationId> {
        owner.map_or(Ok(ApplicationId::ROOT), |owner| self.application_of(owner))
    }

    fn chat_of(&self, owner: PublicId, chat: ChatNumber) -> Result<ChatId> {
        let application = self.application_of(owner)?;
        self.numbers
            .get(&(application, chat))
            .copied()
            .ok_or_else(|| refused(ErrorKind::Invalid, "a message of an unknown chat"))
    }
}
