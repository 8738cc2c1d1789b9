//! Everything, in the order of [`Place`].

use crate::clock::Timestamp;
use crate::commit::{ImportWrite, KeyHash, Operation};
use crate::ids::{ApplicationId, ChatId, MessageNumber, PublicId, UserNumber};
use crate::model::Session;
use crate::page::Limit;
use crate::port::{
    MemberRow, MessageRow, OperationRow, Part, Place, RangeRow, RequestRow, Rows, UserRow,
};

use super::super::State;

impl State {
    pub(super) fn part(&self, from: Place, limit: Limit) -> Part {
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
                let rows = behind.map(|((of, number), user)| {
                    let row = UserRow {
                        application: self.owner(*of),
                        user: user.clone(),
                        seen_at: self.seen.get(&(*of, *number)).copied(),
                        keys: self.keys_of(*of, *number),
                    };
                    (Place::Users(*of, *number), row)
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

    fn public_id(&self, application: ApplicationId) -> Option<PublicId> {
        Some(self.applications.get(&application)?.public_id)
    }

    /// The public id of an application that has rows under it.
    fn owner(&self, application: ApplicationId) -> PublicId {
        self.applications[&application].public_id
    }
}
