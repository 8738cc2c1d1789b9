//! The rules, once.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::ids::{ApplicationId, ChatNumber, UserNumber};

use super::command::{Command, CreateApplication, Import, Request, Scope};
use super::counts::Counts;
use super::facts::{ApplicationState, Facts, Remembered};
use super::outcome::{Done, Operation, Outcome, Refusal};
use super::people::Caller;
use super::working::{Right, WorkingApplication, WorkingChat};
use super::writes::{IdTold, ImportWrite, RequestWrite, Writes};

/// Decides a batch: one outcome a request, in order, and what is to be written for all of them.
///
/// Each command sees what the ones before it did. A refused or replayed command changes nothing
/// and takes no number.
#[must_use]
pub fn decide(facts: Facts, requests: &[Request], now: Timestamp) -> (Vec<Outcome>, Writes) {
    let mut working = Working::new(facts, now);
    let outcomes = requests.iter().enumerate();
    let outcomes = outcomes
        .map(|(at, request)| {
            let written = working.written();
            let outcome = working.decide(request);
            working.note_id(at, request, &outcome, written);
            outcome
        })
        .collect();
    (outcomes, working.into_writes())
}

struct Working {
    now: Timestamp,
    facts: Facts,
    applications: BTreeMap<ApplicationId, WorkingApplication>,
    writes: Writes,
}

impl Working {
    fn new(mut facts: Facts, now: Timestamp) -> Self {
        let applications = std::mem::take(&mut facts.applications)
            .into_iter()
            .map(|(id, found)| (id, WorkingApplication::loaded(found)))
            .collect();
        Self {
            now,
            facts,
            applications,
            writes: Writes::default(),
        }
    }

    /// How many keys and operations are to be written so far.
    fn written(&self) -> (usize, usize) {
        (self.writes.requests.len(), self.writes.operations.len())
    }

    /// Where the integer id of a message is to be told once it has one.
    fn note_id(
        &mut self,
        at: usize,
        request: &Request,
        outcome: &Outcome,
        (requests, operations): (usize, usize),
    ) {
        let Outcome::Done {
            done:
                Done::Posted {
                    number,
                    ext_id: None,
                    ..
                },
            ..
        } = outcome
        else {
            return;
        };
        let application = self.scope(request.scope);
        let application = application.ok().and_then(|id| self.applications.get(&id));
        let gives_ids = application.is_some_and(|application| application.state.is_default);
        if let Some(chat) = request.command.chat().filter(|_| gives_ids) {
            let (now_requests, now_operations) = self.written();
            self.writes.ids.push(IdTold {
                chat,
                number: *number,
                outcome: at,
                request: (now_requests > requests).then_some(requests),
                operation: (now_operations > operations).then_some(operations),
            });
        }
    }

    /// An operation happens once: what became of it stands, a refusal too.
    fn decide(&mut self, request: &Request) -> Outcome {
        let Some(id) = request.operation else {
            return self.outcome(request);
        };
        if let Some(known) = self.facts.operations.get(&id) {
            return known.clone();
        }
        let outcome = self.outcome(request);
        self.facts.operations.insert(id, outcome.clone());
        self.writes.operations.push(Operation {
            id,
            application: self.scope(request.scope).unwrap_or(ApplicationId::ROOT),
            outcome: outcome.clone(),
            at: self.now,
        });
        outcome
    }

    fn outcome(&mut self, request: &Request) -> Outcome {
        match self.once(request) {
            Ok((done, replayed)) => Outcome::Done { done, replayed },
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    /// Only successes are remembered, and a key stands for one request. A success stays one when
    /// the application is deleted, by that very command perhaps.
    fn once(&mut self, request: &Request) -> Result<(Done, bool), Refusal> {
        let id = self.scope(request.scope)?;
        let known = request.key.and_then(|key| {
            let known = self.facts.requests.get(&(id, key.hash))?;
            Some((known, known.fingerprint == key.fingerprint))
        });
        if let Some((known, true)) = known {
            return Ok((known.done.clone(), true));
        }
        if !self.is_open(id) {
            return Err(Refusal::ApplicationNotFound);
        }
        if known.is_some() {
            return Err(Refusal::KeyReused);
        }
        let Some(key) = request.key else {
            return Ok((self.apply(id, request)?, false));
        };
        let done = self.apply(id, request)?;
        let remembered = Remembered {
            fingerprint: key.fingerprint,
            done: done.clone(),
        };
        self.facts.requests.insert((id, key.hash), remembered);
        self.writes.requests.push(RequestWrite {
            application: id,
            key: key.hash,
            fingerprint: key.fingerprint,
            done: done.clone(),
            at: self.now,
        });
        Ok((done, false))
    }

    fn scope(&self, scope: Scope) -> Result<ApplicationId, Refusal> {
        match scope {
            Scope::Root => Ok(ApplicationId::ROOT),
            Scope::Application(id) => Ok(id),
            Scope::Token(hash) => {
                let id = self.facts.tokens.get(&hash).copied();
                id.ok_or(Refusal::ApplicationNotFound)
            }
        }
    }

    fn is_open(&self, id: ApplicationId) -> bool {
        let open = |found: &WorkingApplication| found.state.closed_at.is_none();
        id == ApplicationId::ROOT || self.applications.get(&id).is_some_and(open)
    }

    fn apply(&mut self, id: ApplicationId, request: &Request) -> Result<Done, Refusal> {
        let (now, caller) = (self.now, request.caller);
        match &request.command {
            Command::CreateApplication(new) => self.create_application(new),
            Command::RenameApplication(name) => {
                self.whole(id, caller)?;
                self.rename_application(id, name.as_str())
            }
            Command::CloseApplication => {
                self.whole(id, caller)?;
                self.close_application(id)
            }
            Command::Import(import) => {
                self.whole(id, caller)?;
                self.import(id, import)
            }
            Command::CreateUser(new) => self.whole(id, caller)?.create_user(new, now),
            Command::ChangeUser(user, change) => {
                let application = self.part(id, caller)?;
                application.change_user(*user, change, caller, now)
            }
            Command::DeleteUser(user) => self.part(id, caller)?.delete_user(*user, caller, now),
            Command::GiveToken(user, new) => self.part(id, caller)?.give_token(*user, new, caller),
            Command::PutKey(user, put) => self.part(id, caller)?.put_key(*user, put, caller, now),
            Command::DropKey(user, device) => {
                self.part(id, caller)?.drop_key(*user, device, caller)
            }
            Command::CreateChat(new) => self.part(id, caller)?.create_chat(new, caller, now),
            Command::RenameChat(chat, name) => {
                let application = self.part(id, caller)?;
                application.rename_chat(*chat, caller, name.as_ref(), now)
            }
            Command::CloseChat(chat) => self.part(id, caller)?.close_chat(*chat, caller, now),
            Command::AddMembers(chat, add) => {
                self.part(id, caller)?.add_members(*chat, add, caller, now)
            }
            Command::Post(chat, post) => {
                let chat = self.chat(id, *chat, caller, Right::Write)?;
                let (number, at) = chat.post(post, caller, now)?;
                Ok(Done::Posted {
                    number,
                    at,
                    ext_id: None,
                })
            }
            Command::Edit(chat, edit) => {
                let chat = self.chat(id, *chat, caller, Right::Write)?;
                chat.edit(edit, caller, now).map(|()| Done::MessageChanged)
            }
            Command::Delete(chat, number) => {
                let chat = self.chat(id, *chat, caller, Right::Write)?;
                chat.delete(*number, caller, now)
                    .map(|()| Done::MessageChanged)
            }
            Command::ChangeMember(chat, change) => {
                let chat = self.chat(id, *chat, caller, Right::Read)?;
                chat.change_member(change, caller, now)
                    .map(|()| Done::MemberChanged)
            }
            Command::RemoveMember(chat, user) => {
                let application = self.part(id, caller)?;
                application.remove_member(*chat, *user, caller, now)
            }
            Command::Mark(chat, mark) => {
                let chat = self.chat(id, *chat, caller, Right::Read)?;
                chat.mark(mark, caller).map(|()| Done::MemberChanged)
            }
            Command::Read(chat, number) => {
                let chat = self.chat(id, *chat, caller, Right::Read)?;
                chat.read(*number, caller).map(|()| Done::MemberChanged)
            }
            Command::Hide(chat) => {
                let chat = self.chat(id, *chat, caller, Right::Read)?;
                chat.hide(caller).map(|()| Done::MemberChanged)
            }
        }
    }

    /// For what concerns the whole application, which only it may ask for.
    fn whole(
        &mut self,
        id: ApplicationId,
        caller: Caller,
    ) -> Result<&mut WorkingApplication, Refusal> {
        let application = self.part(id, caller)?;
        match caller {
            Caller::Application => Ok(application),
            Caller::For(_) | Caller::User(_) => Err(Refusal::NotAllowed),
        }
    }

    /// For what its users may ask for too, as long as they exist.
    fn part(
        &mut self,
        id: ApplicationId,
        caller: Caller,
    ) -> Result<&mut WorkingApplication, Refusal> {
        let application = self.application(id)?;
        application.admits(caller)?;
        Ok(application)
    }

    fn chat(
        &mut self,
        id: ApplicationId,
        number: ChatNumber,
        caller: Caller,
        right: Right,
    ) -> Result<&mut WorkingChat, Refusal> {
        self.part(id, caller)?.chat_for(number, caller, right)
    }

    fn application(&mut self, id: ApplicationId) -> Result<&mut WorkingApplication, Refusal> {
        self.applications
            .get_mut(&id)
            .ok_or(Refusal::ApplicationNotFound)
    }

    fn close_application(&mut self, id: ApplicationId) -> Result<Done, Refusal> {
        let now = self.now;
        let application = self.application(id)?;
        let held = application.state.held_name().map(str::to_owned);
        let done = application.close(now)?;
        if let Some(name) = held {
            self.facts.names.remove(&name);
        }
        Ok(done)
    }

    fn create_application(&mut self, new: &CreateApplication) -> Result<Done, Refusal> {
        if new.is_default && self.facts.has_default {
            return Err(Refusal::DefaultApplication);
        }
        if new.unique_name && !self.facts.names.insert(new.name.as_str().to_owned()) {
            return Err(Refusal::NameTaken);
        }
        self.facts.has_default |= new.is_default;
        self.writes.created.push(ApplicationState {
            public_id: new.public_id,
            token_hash: new.token_hash,
            token: new.token.clone(),
            name: new.name.as_str().to_owned(),
            unique_name: new.unique_name,
            is_default: new.is_default,
            last_chat: ChatNumber::ZERO,
            live_chats: 0,
            last_user: UserNumber::ZERO,
            created_at: self.now,
            updated_at: self.now,
            closed_at: None,
        });
        Ok(Done::ApplicationCreated {
            public_id: new.public_id,
            token: new.token.clone(),
            at: self.now,
        })
    }

    fn rename_application(&mut self, id: ApplicationId, name: &str) -> Result<Done, Refusal> {
        let application = self
            .applications
            .get_mut(&id)
            .ok_or(Refusal::ApplicationNotFound)?;
        if application.state.unique_name && application.state.name != name {
            if !self.facts.names.insert(name.to_owned()) {
                return Err(Refusal::NameTaken);
            }
            self.facts.names.remove(&application.state.name);
        }
        application.state.name = name.to_owned();
        application.state.updated_at = self.now.max(application.state.updated_at);
        application.changed = true;
        Ok(Done::ApplicationChanged)
    }

    /// All lines or none.
    fn import(&mut self, id: ApplicationId, import: &Import) -> Result<Done, Refusal> {
        let line = self
            .facts
            .imports
            .get(&import.source)
            .copied()
            .unwrap_or_default();
        if line != import.from {
            return Err(Refusal::ImportMoved(line));
        }
        let now = self.now;
        self.application(id)?.import(&import.messages, now)?;
        self.facts.imports.insert(import.source, import.to);
        self.writes
            .imports
            .retain(|write| write.source != import.source);
        self.writes.imports.push(ImportWrite {
            source: import.source,
            line: import.to,
        });
        Ok(Done::Imported { line: import.to })
    }

    fn into_writes(self) -> Writes {
        let mut writes = self.writes;
        let created = writes.created.iter();
        writes.counts = created.map(|state| Counts::of(state, true, &[])).collect();
        for (id, application) in self.applications {
            let (state, write) = application.into_write(id);
            if write.is_empty() {
                continue;
            }
            writes
                .counts
                .push(Counts::of(&state, write.row.is_some(), &write.chats));
            writes.applications.push(write);
        }
        writes
    }
}
