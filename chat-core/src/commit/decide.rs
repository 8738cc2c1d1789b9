//! The rules, once.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::ids::{ApplicationId, Change, ChatNumber, Head, MessageNumber};

use super::command::{Command, CreateApplication, CreateChat, Import, Request, Scope};
use super::counts::Counts;
use super::facts::{ApplicationState, ChatState, Facts, Remembered};
use super::outcome::{Done, Operation, Outcome, Refusal};
use super::working::{WorkingChat, reply_exists};
use super::writes::{ApplicationWrite, ImportWrite, RequestWrite, Writes};

/// Decides a batch: one outcome a request, in order, and what is to be written for all of them.
///
/// Each command sees what the ones before it did. A refused or replayed command changes nothing
/// and takes no number.
#[must_use]
pub fn decide(facts: Facts, requests: &[Request], now: Timestamp) -> (Vec<Outcome>, Writes) {
    let mut working = Working::new(facts, now);
    let outcomes = requests
        .iter()
        .map(|request| working.decide(request))
        .collect();
    (outcomes, working.into_writes())
}

struct Working {
    now: Timestamp,
    facts: Facts,
    applications: BTreeMap<ApplicationId, WorkingApplication>,
    writes: Writes,
}

struct WorkingApplication {
    state: ApplicationState,
    changed: bool,
    chats: BTreeMap<ChatNumber, WorkingChat>,
}

impl Working {
    fn new(mut facts: Facts, now: Timestamp) -> Self {
        let applications = std::mem::take(&mut facts.applications)
            .into_iter()
            .map(|(id, found)| {
                let chats = found
                    .chats
                    .into_iter()
                    .map(|(number, chat)| (number, WorkingChat::loaded(chat)))
                    .collect();
                (
                    id,
                    WorkingApplication {
                        state: found.state,
                        changed: false,
                        chats,
                    },
                )
            })
            .collect();
        Self {
            now,
            facts,
            applications,
            writes: Writes::default(),
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
            return Ok((self.apply(id, &request.command)?, false));
        };
        let done = self.apply(id, &request.command)?;
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

    fn apply(&mut self, id: ApplicationId, command: &Command) -> Result<Done, Refusal> {
        let now = self.now;
        match command {
            Command::CreateApplication(new) => self.create_application(new),
            Command::RenameApplication(name) => self.rename_application(id, name.as_str()),
            Command::CloseApplication => self.close_application(id),
            Command::CreateChat(new) => Ok(self.application(id)?.create_chat(new, now)),
            Command::RenameChat(chat, name) => {
                let chat = self.chat(id, *chat)?;
                chat.touch_itself(now);
                chat.state.name = name.as_ref().map(|name| name.as_str().to_owned());
                Ok(Done::ChatChanged)
            }
            Command::CloseChat(chat) => self.application(id)?.close_chat(*chat, now),
            Command::Post(chat, post) => {
                let (number, at) = self.chat(id, *chat)?.post(post, now)?;
                Ok(Done::Posted { number, at })
            }
            Command::Edit(chat, edit) => {
                self.chat(id, *chat)?.edit(edit, now)?;
                Ok(Done::MessageChanged)
            }
            Command::Delete(chat, number) => {
                self.chat(id, *chat)?.delete(*number, now)?;
                Ok(Done::MessageChanged)
            }
            Command::Import(import) => self.import(id, import),
        }
    }

    fn application(&mut self, id: ApplicationId) -> Result<&mut WorkingApplication, Refusal> {
        self.applications
            .get_mut(&id)
            .ok_or(Refusal::ApplicationNotFound)
    }

    fn chat(&mut self, id: ApplicationId, number: ChatNumber) -> Result<&mut WorkingChat, Refusal> {
        self.application(id)?.chat(number)
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

    /// All lines or none: everything is checked before anything is taken over.
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
        let application = self.application(id)?;
        let mut heads: BTreeMap<ChatNumber, MessageNumber> = BTreeMap::new();
        for (number, one) in &import.messages {
            let head = application.chat(*number)?.state.head.number;
            let head = heads.entry(*number).or_insert(head);
            reply_exists(one.reply_to, *head)?;
            *head = head.next();
        }
        for (number, one) in &import.messages {
            application.chat(*number)?.import(one, now);
        }
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
            let (state, changed) = (application.state, application.changed);
            let chats = application.chats.into_values();
            let chats: Vec<_> = chats.filter_map(WorkingChat::into_write).collect();
            if !changed && chats.is_empty() {
                continue;
            }
            writes.counts.push(Counts::of(&state, changed, &chats));
            writes.applications.push(ApplicationWrite {
                id,
                message_ids: state.is_default,
                row: changed.then_some(state),
                chats,
            });
        }
        writes
    }
}

impl WorkingApplication {
    fn chat(&mut self, number: ChatNumber) -> Result<&mut WorkingChat, Refusal> {
        self.chats
            .get_mut(&number)
            .filter(|chat| chat.state.closed_at.is_none())
            .ok_or(Refusal::ChatNotFound(number))
    }

    fn create_chat(&mut self, new: &CreateChat, now: Timestamp) -> Done {
        let number = self.state.last_chat.next();
        self.state.last_chat = number;
        self.state.live_chats += 1;
        self.changed = true;
        let state = ChatState {
            id: None,
            number,
            kind: new.kind,
            name: new.name.as_ref().map(|name| name.as_str().to_owned()),
            head: Head::START,
            own_change: Change::ZERO,
            floor: MessageNumber::ZERO.next(),
            live: 0,
            created_at: now,
            last_at: now,
            closed_at: None,
        };
        self.chats.insert(number, WorkingChat::new(state));
        Done::ChatCreated {
            application: self.state.public_id,
            number,
            at: now,
        }
    }

    fn close_chat(&mut self, number: ChatNumber, now: Timestamp) -> Result<Done, Refusal> {
        let chat = self.chat(number)?;
        chat.state.closed_at = Some(chat.touch_itself(now));
        self.state.live_chats -= 1;
        self.changed = true;
        Ok(Done::ChatChanged)
    }

    fn close(&mut self, now: Timestamp) -> Result<Done, Refusal> {
        if self.state.is_default {
            return Err(Refusal::DefaultApplication);
        }
        self.state.closed_at = Some(now);
        self.changed = true;
        Ok(Done::ApplicationChanged)
    }
}
