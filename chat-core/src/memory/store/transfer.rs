use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::commit::{ImportWrite, KeyHash, Operation, RequestWrite, UserWrite};
use crate::error::{BackendError, ErrorKind};
use crate::ids::{ApplicationId, ChatId, ChatNumber, Epoch, MessageNumber, PublicId, UserNumber};
use crate::model::Session;
use crate::page::Limit;
use crate::port::{
    MemberRow, MessageRow, OperationRow, Part, Place, RangeRow, RequestRow, Rows, Standing,
    Transfer,
};

use super::{Chat, MemoryStore, Result, State};

fn refused(kind: ErrorKind, why: &'static str) -> BackendError {
    BackendError::new(kind, "memory", "transfer").with_source(why)
}

impl State {
    fn standing(&self) -> Standing {
        let is_empty = self.applications.is_empty()
            && self.requests.is_empty()
            && self.operations.is_empty()
            && self.imports.is_empty();
        match self.transfer {
            Some((source, place)) => Standing::Unfinished { source, place },
            None if is_empty => Standing::Empty,
            None => Standing::Used,
        }
    }

    fn public_id(&self, application: ApplicationId) -> Option<PublicId> {
        Some(self.applications.get(&application)?.public_id)
    }

    /// The public id of an application that has rows under it.
    fn owner(&self, application: ApplicationId) -> PublicId {
        self.applications[&application].public_id
    }

    fn part(&self, from: Place, limit: Limit) -> Part {
        let most = limit.get();
        match from {
            Place::Applications(after) => {
                let behind = self.applications.iter().filter(|(id, _)| **id > after);
                let rows = behind.map(|(id, row)| (Place::Applications(*id), row.clone()));
                Part::of(from, rows.take(most).collect(), limit, Rows::Applications)
            }
            Place::Users(application, user) => {
                let behind = self
                    .users
                    .iter()
                    .filter(|(at, _)| **at > (application, user));
                let rows = behind.map(|((of, number), row)| {
                    (Place::Users(*of, *number), (self.owner(*of), row.clone()))
                });
                Part::of(from, rows.take(most).collect(), limit, Rows::Users)
            }
            Place::Sessions(after) => {
                let behind = self.sessions.values().filter(|one| one.token > after);
                let rows = behind.map(|one| {
                    let session = Session {
                        application: ApplicationId::ROOT,
                        ..one.clone()
                    };
                    let owner = self.owner(one.application);
                    (Place::Sessions(one.token), (owner, session))
                });
                Part::of(from, rows.take(most).collect(), limit, Rows::Sessions)
            }
            Place::Members(chat, user) => {
                let rows = self.members_behind(chat, user);
                Part::of(from, rows.take(most).collect(), limit, Rows::Members)
            }
            Place::Ranges(chat, user, low) => {
                let rows = self.ranges_behind(chat, (user, low));
                Part::of(from, rows.take(most).collect(), limit, Rows::Ranges)
            }
            Place::Chats(after) => {
                let behind = self.chats.iter().filter(|(id, _)| **id > after);
                let rows = behind.map(|(id, chat)| {
                    let mut state = chat.state.clone();
                    state.id = None;
                    (Place::Chats(*id), (self.owner(chat.application), state))
                });
                Part::of(from, rows.take(most).collect(), limit, Rows::Chats)
            }
            Place::Messages(chat, number) => {
                let rows = self.messages_behind(chat, number);
                Part::of(from, rows.take(most).collect(), limit, Rows::Messages)
            }
            Place::Requests(application, key) => {
                let mut rows: Vec<_> = self
                    .remembered
                    .iter()
                    .filter(|(_, of, one)| (*of, *one) > (application, key))
                    .map(|(at, of, one)| (Place::Requests(*of, *one), self.request(*at, *of, *one)))
                    .collect();
                rows.sort_by_key(|(place, _)| match place {
                    Place::Requests(of, one) => (*of, *one),
                    _ => (ApplicationId::ROOT, KeyHash([0; 32])),
                });
                rows.truncate(most);
                Part::of(from, rows, limit, Rows::Requests)
            }
            Place::Operations(after) => {
                let behind = self.operations.values().filter(|one| one.id > after);
                let mut rows: Vec<_> = behind
                    .map(|one| (Place::Operations(one.id), self.operation(one)))
                    .collect();
                rows.sort_by_key(|(_, row)| row.id);
                rows.truncate(most);
                Part::of(from, rows, limit, Rows::Operations)
            }
            Place::Imports(after) => {
                let behind = self.imports.iter().filter(|(source, _)| **source > after);
                let mut rows: Vec<_> = behind
                    .map(|(source, line)| {
                        let (source, line) = (*source, *line);
                        (Place::Imports(source), ImportWrite { source, line })
                    })
                    .collect();
                rows.sort_by_key(|(_, row)| row.source);
                rows.truncate(most);
                Part::of(from, rows, limit, Rows::Imports)
            }
            Place::LastMessageId | Place::End => Part {
                from,
                rows: Rows::LastMessageId(self.last_ext_id),
                to: Place::End,
            },
        }
    }

    fn members_behind(
        &self,
        chat: ChatId,
        user: UserNumber,
    ) -> impl Iterator<Item = (Place, MemberRow)> {
        let behind = self.chats.range(chat..);
        behind.flat_map(move |(id, found)| {
            let members = found.members.iter();
            let rows = members.filter(move |(at, _)| (*id, **at) > (chat, user));
            rows.map(|(at, member)| {
                let row = MemberRow {
                    application: self.owner(found.application),
                    chat: found.state.number,
                    member: member.clone(),
                };
                (Place::Members(*id, *at), row)
            })
        })
    }

    fn ranges_behind(
        &self,
        chat: ChatId,
        after: (UserNumber, MessageNumber),
    ) -> impl Iterator<Item = (Place, RangeRow)> {
        let behind = self.chats.range(chat..);
        behind.flat_map(move |(id, found)| {
            let ranges = found.ranges.iter();
            let rows = ranges.filter(move |(at, _)| (*id, **at) > (chat, after));
            rows.map(|((user, low), high)| {
                let row = RangeRow {
                    application: self.owner(found.application),
                    chat: found.state.number,
                    user: *user,
                    low: *low,
                    high: *high,
                };
                (Place::Ranges(*id, *user, *low), row)
            })
        })
    }

    fn messages_behind(
        &self,
        chat: ChatId,
        number: MessageNumber,
    ) -> impl Iterator<Item = (Place, MessageRow)> {
        let behind = self.chats.range(chat..);
        behind.flat_map(move |(id, found)| {
            let first = if *id == chat {
                number.next()
            } else {
                MessageNumber::ZERO
            };
            found.messages.range(first..).map(|(at, message)| {
                let row = MessageRow {
                    application: self.owner(found.application),
                    chat: found.state.number,
                    message: message.clone(),
                };
                (Place::Messages(*id, *at), row)
            })
        })
    }

    fn request(&self, at: Timestamp, application: ApplicationId, key: KeyHash) -> RequestRow {
        RequestRow {
            application: self.public_id(application),
            key,
            remembered: self.requests[&(application, key)].clone(),
            at,
        }
    }

    fn operation(&self, one: &Operation) -> OperationRow {
        OperationRow {
            application: self.public_id(one.application),
            id: one.id,
            outcome: one.outcome.clone(),
            at: one.at,
        }
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

    /// Whether all that these rows belong to is there.
    fn are_known(&self, rows: &Rows) -> Result<()> {
        match rows {
            Rows::Chats(rows) => rows
                .iter()
                .try_for_each(|(owner, _)| self.application_of(*owner).map(drop)),
            Rows::Users(rows) => rows
                .iter()
                .try_for_each(|(owner, _)| self.application_of(*owner).map(drop)),
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

    fn take_in(&mut self, rows: &Rows) -> Result<()> {
        match rows {
            Rows::Applications(rows) => {
                for row in rows {
                    let last = self.applications.keys().next_back();
                    let id = ApplicationId(last.map_or(1, |last| last.0 + 1));
                    self.write_application(id, row.clone());
                }
            }
            Rows::Users(rows) => {
                for (owner, row) in rows {
                    let write = UserWrite {
                        row: row.clone(),
                        is_new: true,
                        ends: None,
                    };
                    self.write_user(self.application_of(*owner)?, write);
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
}

#[async_trait]
impl Transfer for MemoryStore {
    async fn standing(&self) -> Result<Standing> {
        Ok(self.state().standing())
    }

    async fn read(&self, from: Place, limit: Limit) -> Result<Part> {
        Ok(self.state().part(from, limit))
    }

    async fn begin(&self, source: Epoch) -> Result<Place> {
        let mut state = self.state();
        match state.standing() {
            Standing::Empty => {
                state.transfer = Some((source, Place::START));
                Ok(Place::START)
            }
            Standing::Unfinished { source: of, place } if of == source => Ok(place),
            _ => Err(refused(ErrorKind::Conflict, "the store is not empty")),
        }
    }

    async fn write(&self, part: &Part) -> Result<()> {
        let mut state = self.state();
        match &mut state.transfer {
            Some((_, place)) if *place == part.to => return Ok(()),
            Some((_, place)) if *place == part.from => {}
            _ => return Err(refused(ErrorKind::Conflict, "the transfer is not there")),
        }
        state.are_known(&part.rows)?;
        state.take_in(&part.rows)?;
        if let Some((_, place)) = &mut state.transfer {
            *place = part.to;
        }
        Ok(())
    }

    async fn finish(&self) -> Result<()> {
        self.state().transfer = None;
        Ok(())
    }
}
