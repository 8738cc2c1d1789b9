use std::collections::{BTreeMap, BTreeSet};

use crate::commit::{
    ApplicationState, ChatState, ChatWrite, DeviceWrite, Operation, Outcome, Remembered,
    RequestWrite, Sink, UserWrite, Writes,
};
use crate::error::{BackendError, ErrorKind};
use crate::ids::{ApplicationId, Change, ChatId, ChatNumber, UserNumber};
use crate::model::{Member, Message};
use crate::port::{Dirty, Moved};

use super::{Chat, Result, State, Waiting};

fn taken() -> BackendError {
    BackendError::new(ErrorKind::AlreadyExists, "memory", "commit")
}

impl State {
    /// Writes everything or, on an error, nothing.
    pub(super) fn apply(
        &mut self,
        mut writes: Writes,
        outcomes: &mut [Outcome],
        sinks: &[Sink],
    ) -> Result<Vec<Moved>> {
        self.check_unique(&writes)?;
        let with_ids = writes.applications.iter_mut();
        let with_ids = with_ids.filter(|write| write.message_ids);
        for chat in with_ids.flat_map(|write| &mut write.chats) {
            for message in &mut chat.posted {
                self.last_ext_id += 1;
                message.ext_id = Some(self.last_ext_id);
            }
        }
        writes.tell_ids(outcomes);
        // Names are freed before they are taken: a batch may do both with one name.
        for write in writes
            .applications
            .iter()
            .filter(|write| write.row.is_some())
        {
            if let Some(name) = self.applications[&write.id].held_name() {
                self.names.remove(name);
            }
        }
        let (mut moved, mut dirty) = (Vec::new(), Vec::new());
        for write in writes.applications {
            if let Some(row) = write.row {
                self.write_application(write.id, row);
            }
            // Here too: what one user or chat gives up another one may take.
            for user in &write.users {
                self.free_user(write.id, user.row.number);
            }
            for user in write.users {
                self.write_user(write.id, user);
            }
            for device in write.devices {
                self.write_device(write.id, device);
            }
            for chat in &write.chats {
                self.free_chat(write.id, chat.row.number);
            }
            for chat in write.chats {
                let (written, is_dirty) = self.write_chat(write.id, chat);
                moved.extend(written);
                dirty.extend(written.filter(|_| is_dirty));
            }
        }
        for row in writes.created {
            let last = self.applications.keys().next_back();
            let id = ApplicationId(last.map_or(1, |last| last.0 + 1));
            self.write_application(id, row);
        }
        for request in writes.requests {
            self.remember(request);
        }
        for import in writes.imports {
            self.imports.insert(import.source, import.line);
        }
        for operation in writes.operations {
            self.record(operation);
        }
        for moved in dirty {
            for sink in sinks {
                self.mark_dirty(*sink, moved);
            }
        }
        Ok(moved)
    }

    /// Ids are made by the caller, so the rules cannot see that one is taken.
    fn check_unique(&self, writes: &Writes) -> Result<()> {
        let mut tokens = BTreeSet::new();
        let mut public_ids = BTreeSet::new();
        let free = |row: &ApplicationState| {
            !self.tokens.contains_key(&row.token_hash)
                && !self.public_ids.contains_key(&row.public_id)
        };
        for row in &writes.created {
            let first = tokens.insert(row.token_hash) && public_ids.insert(row.public_id);
            if !first || !free(row) {
                return Err(taken());
            }
        }
        let users = writes.applications.iter().flat_map(|write| {
            let users = write.users.iter();
            users.map(|user| ((write.id, user.row.number), &user.row))
        });
        let users: BTreeMap<_, _> = users.collect();
        let mut lasting = BTreeSet::new();
        for token in users.values().filter_map(|row| row.lasting_token.as_ref()) {
            let holder = self.lasting_tokens.get(&token.hash);
            let free = holder.is_none_or(|holder| users.contains_key(holder));
            if !free || !lasting.insert(token.hash) {
                return Err(taken());
            }
        }
        Ok(())
    }

    pub(super) fn write_application(&mut self, id: ApplicationId, row: ApplicationState) {
        if row.is_default {
            self.default_application = Some(id);
        }
        self.tokens.insert(row.token_hash, id);
        self.public_ids.insert(row.public_id, id);
        if let Some(name) = row.held_name() {
            self.names.insert(name.to_owned(), id);
        }
        self.applications.insert(id, row);
    }

    fn write_chat(
        &mut self,
        application: ApplicationId,
        write: ChatWrite,
    ) -> (Option<Moved>, bool) {
        let id = write.row.id.unwrap_or_else(|| {
            self.last_chat += 1;
            ChatId(self.last_chat)
        });
        let moved = write.moved().then_some(Moved {
            application,
            chat: id,
            from: write.before,
            to: write.row.head,
        });
        let is_dirty = write.is_dirty();
        let mut state = write.row;
        state.id = Some(id);
        self.name_chat(application, id, &state);
        self.memberships
            .extend(write.members.iter().map(|one| (application, one.user, id)));
        let chat = self
            .chats
            .entry(id)
            .or_insert_with(|| Chat::new(application, state.clone()));
        chat.state = state;
        for message in write.posted {
            if let Some(ext_id) = message.ext_id {
                self.ext_ids.insert(ext_id, (id, message.number));
            }
            chat.write_message(message);
        }
        for message in write.touched {
            chat.write_message(message);
        }
        for member in write.members {
            chat.write_member(member);
        }
        for (range, high) in write.ranges {
            match high {
                Some(high) => chat.ranges.insert(range, high),
                None => chat.ranges.remove(&range),
            };
        }
        (moved, is_dirty)
    }

    fn free_chat(&mut self, application: ApplicationId, number: ChatNumber) {
        let id = self.numbers.get(&(application, number));
        let Some(chat) = id.and_then(|id| self.chats.get(id)) else {
            return;
        };
        if let Some(name) = chat.state.held_name() {
            self.chat_names.remove(&(application, name.to_owned()));
        }
        if let Some(pair) = chat.state.held_pair() {
            self.pairs.remove(&(application, pair));
        }
    }

    /// What a chat is found by.
    pub(super) fn name_chat(&mut self, application: ApplicationId, id: ChatId, row: &ChatState) {
        self.numbers.insert((application, row.number), id);
        if let Some(name) = row.held_name() {
            let name = (application, name.to_owned());
            self.chat_names.insert(name, row.number);
        }
        if let Some(pair) = row.held_pair() {
            self.pairs.insert((application, pair), row.number);
        }
        if let Some(direct) = row.direct {
            self.uuids.insert(direct.uuid, id);
        }
    }

    fn free_user(&mut self, application: ApplicationId, number: UserNumber) {
        let Some(before) = self.users.get(&(application, number)) else {
            return;
        };
        self.usernames.remove(&(application, before.folded()));
        if let Some(token) = &before.lasting_token {
            self.lasting_tokens.remove(&token.hash);
        }
    }

    pub(super) fn write_user(&mut self, application: ApplicationId, write: UserWrite) {
        let row = write.row;
        let number = row.number;
        if !row.is_deleted() {
            self.usernames.insert((application, row.folded()), number);
        }
        if let Some(token) = &row.lasting_token {
            self.lasting_tokens
                .insert(token.hash, (application, number));
        }
        if let Some(ends) = write.ends {
            self.sessions.retain(|token, one| {
                (one.application, one.user) != (application, number) || ends.but == Some(*token)
            });
        }
        if row.is_deleted() {
            self.seen.remove(&(application, number));
            self.device_keys.remove(&(application, number));
        }
        self.users.insert((application, number), row);
    }

    fn write_device(&mut self, application: ApplicationId, write: DeviceWrite) {
        let keys = self
            .device_keys
            .entry((application, write.user))
            .or_default();
        match write.key {
            Some(key) => keys.insert(write.device, key),
            None => keys.remove(&write.device),
        };
    }

    pub(super) fn record(&mut self, operation: Operation) {
        self.recorded.insert((operation.at, operation.id));
        self.operations.insert(operation.id, operation);
    }

    pub(super) fn remember(&mut self, request: RequestWrite) {
        let scope = (request.application, request.key);
        self.remembered
            .insert((request.at, request.application, request.key));
        let remembered = Remembered {
            fingerprint: request.fingerprint,
            done: request.done,
        };
        self.requests.insert(scope, remembered);
    }

    /// What waits already keeps its place and its lower `from`.
    fn mark_dirty(&mut self, sink: Sink, moved: Moved) {
        self.turn += 1;
        let since = self.turn;
        let row = Dirty {
            application: moved.application,
            chat: moved.chat,
            from: moved.from,
            to: moved.to,
        };
        let waiting = self
            .dirty
            .entry((sink, moved.chat))
            .or_insert(Waiting { row, since });
        waiting.row.to = moved.to;
    }
}

impl Chat {
    /// Without messages.
    pub(super) const fn new(application: ApplicationId, state: ChatState) -> Self {
        Self {
            application,
            state,
            messages: BTreeMap::new(),
            touches: BTreeMap::new(),
            members: BTreeMap::new(),
            member_touches: BTreeMap::new(),
            ranges: BTreeMap::new(),
        }
    }

    pub(super) fn write_member(&mut self, member: Member) {
        let (user, change) = (member.user, member.change());
        if let Some(earlier) = self.members.insert(user, member) {
            self.member_touches.remove(&earlier.change());
        }
        if change > Change::ZERO {
            self.member_touches.insert(change, user);
        }
    }

    pub(super) fn write_message(&mut self, message: Message) {
        let number = message.number;
        if message.change > Change::ZERO {
            self.touches.insert(message.change, number);
        }
        if let Some(earlier) = self.messages.insert(number, message) {
            self.touches.remove(&earlier.change);
        }
    }
}
