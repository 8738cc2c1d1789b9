//! An application while a batch is decided.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Timestamp;
use crate::commit::{
    AddMembers, ApplicationFacts, ApplicationState, ApplicationWrite, Caller, ChatState,
    CreateChat, Done, Refusal,
};
use crate::ids::{ApplicationId, Change, ChatNumber, Head, MessageNumber, UserNumber};
use crate::model::{ChatKind, Direct, Pair, Role};
use crate::text::Name;

use super::WorkingChat;
use super::devices::WorkingDevices;
use super::members::Right;
use super::users::WorkingUser;

#[derive(Debug)]
pub(in crate::commit) struct WorkingApplication {
    pub(in crate::commit) state: ApplicationState,
    pub(in crate::commit) changed: bool,
    pub(super) users: BTreeMap<UserNumber, WorkingUser>,
    pub(super) devices: BTreeMap<UserNumber, WorkingDevices>,
    pub(super) usernames: BTreeSet<String>,
    chats: BTreeMap<ChatNumber, WorkingChat>,
    chat_names: BTreeSet<String>,
    pairs: BTreeMap<Pair, ChatNumber>,
}

impl WorkingApplication {
    pub(in crate::commit) fn loaded(facts: ApplicationFacts) -> Self {
        let chats = facts.chats.into_iter();
        let users = facts.users.into_iter();
        Self {
            state: facts.state,
            changed: false,
            users: users
                .map(|(number, user)| (number, WorkingUser::loaded(user)))
                .collect(),
            devices: facts
                .devices
                .into_iter()
                .map(|(number, keys)| (number, WorkingDevices::loaded(keys)))
                .collect(),
            usernames: facts.usernames,
            chats: chats
                .map(|(number, chat)| (number, WorkingChat::loaded(chat)))
                .collect(),
            chat_names: facts.chat_names,
            pairs: facts.pairs,
        }
    }

    /// A chat that exists.
    pub(in crate::commit) fn chat(
        &mut self,
        number: ChatNumber,
    ) -> Result<&mut WorkingChat, Refusal> {
        self.chats
            .get_mut(&number)
            .filter(|chat| chat.state.closed_at.is_none())
            .ok_or(Refusal::ChatNotFound(number))
    }

    /// A chat that exists and in which the caller may do this.
    pub(in crate::commit) fn chat_for(
        &mut self,
        number: ChatNumber,
        caller: Caller,
        right: Right,
    ) -> Result<&mut WorkingChat, Refusal> {
        let chat = self.chat(number)?;
        chat.permits(caller, right)?;
        Ok(chat)
    }

    pub(in crate::commit) fn create_chat(
        &mut self,
        new: &CreateChat,
        caller: Caller,
        now: Timestamp,
    ) -> Result<Done, Refusal> {
        let participants = new.participants(caller);
        for user in &participants {
            self.user(*user)?;
        }
        let direct = match new.kind {
            // Who asks by a session could neither read it nor delete it.
            ChatKind::Open if matches!(caller, Caller::User(_)) => {
                return Err(Refusal::NotAllowed);
            }
            ChatKind::Open if !new.members.is_empty() => {
                return Err(Refusal::WrongKind(ChatKind::Open));
            }
            ChatKind::Group if participants.is_empty() => return Err(Refusal::WrongParticipants),
            ChatKind::Open | ChatKind::Group => None,
            ChatKind::Direct if new.name.is_some() => {
                return Err(Refusal::WrongKind(ChatKind::Direct));
            }
            ChatKind::Direct => Some(new.pair(caller).ok_or(Refusal::WrongParticipants)?),
        };
        if let Some(number) = direct.and_then(|pair| self.pairs.get(&pair)) {
            return Ok(Done::ChatFound { number: *number });
        }
        let name = new.name.as_ref().map(|name| name.as_str().to_owned());
        if let Some(name) = name.clone().filter(|_| new.unique_name)
            && !self.chat_names.insert(name)
        {
            return Err(Refusal::ChatNameTaken);
        }
        let number = self.state.last_chat.next();
        self.state.last_chat = number;
        self.state.live_chats += 1;
        self.changed = true;
        if let Some(pair) = direct {
            self.pairs.insert(pair, number);
        }
        let direct = direct.map(|pair| Direct {
            pair,
            uuid: new.uuid,
        });
        let mut chat = WorkingChat::new(ChatState {
            id: None,
            number,
            kind: new.kind,
            name,
            unique_name: new.unique_name,
            direct,
            members: 0,
            owners: None,
            head: Head::START,
            own_change: Change::ZERO,
            floor: MessageNumber::ZERO.next(),
            live: 0,
            created_at: new.created_at.unwrap_or(now),
            last_at: now,
            active_at: new.created_at.unwrap_or(now),
            closed_at: None,
        });
        if new.kind != ChatKind::Open {
            for user in participants {
                let leads = new.kind == ChatKind::Group && caller.user() == Some(user);
                let role = if leads { Role::Owner } else { Role::Member };
                chat.found(user, role, now);
            }
        }
        self.chats.insert(number, chat);
        Ok(Done::ChatCreated {
            application: self.state.public_id,
            number,
            at: now,
            direct,
        })
    }

    pub(in crate::commit) fn rename_chat(
        &mut self,
        number: ChatNumber,
        caller: Caller,
        name: Option<&Name>,
        now: Timestamp,
    ) -> Result<Done, Refusal> {
        let chat = self.chat_for(number, caller, Right::Lead)?;
        if chat.state.kind == ChatKind::Direct {
            return Err(Refusal::WrongKind(ChatKind::Direct));
        }
        let held = chat.state.held_name().map(str::to_owned);
        let name = name.map(|name| name.as_str().to_owned());
        if chat.state.unique_name && held != name {
            if let Some(name) = name.clone()
                && !self.chat_names.insert(name)
            {
                return Err(Refusal::ChatNameTaken);
            }
            self.free(held.as_deref(), None);
        }
        let chat = self.chat(number)?;
        chat.touch_itself(now);
        chat.state.name = name;
        Ok(Done::ChatChanged)
    }

    pub(in crate::commit) fn close_chat(
        &mut self,
        number: ChatNumber,
        caller: Caller,
        now: Timestamp,
    ) -> Result<Done, Refusal> {
        let chat = self.chat_for(number, caller, Right::Close)?;
        let (name, pair) = (
            chat.state.held_name().map(str::to_owned),
            chat.state.held_pair(),
        );
        chat.state.closed_at = Some(chat.touch_itself(now));
        self.free(name.as_deref(), pair);
        self.state.live_chats -= 1;
        self.changed = true;
        Ok(Done::ChatChanged)
    }

    /// What a chat gave up another one may take.
    fn free(&mut self, name: Option<&str>, pair: Option<Pair>) {
        if let Some(name) = name {
            self.chat_names.remove(name);
        }
        if let Some(pair) = pair {
            self.pairs.remove(&pair);
        }
    }

    /// All of them or none.
    pub(in crate::commit) fn add_members(
        &mut self,
        number: ChatNumber,
        add: &AddMembers,
        caller: Caller,
        now: Timestamp,
    ) -> Result<Done, Refusal> {
        self.chat_for(number, caller, Right::Lead)?;
        for user in &add.users {
            self.user(*user)?;
        }
        self.chat(number)?.add_members(add, now)?;
        Ok(Done::MemberChanged)
    }

    /// A member leaves or is removed; a deleted user is let go of by the application.
    pub(in crate::commit) fn remove_member(
        &mut self,
        number: ChatNumber,
        user: UserNumber,
        caller: Caller,
        now: Timestamp,
    ) -> Result<Done, Refusal> {
        let is_gone = self.user(user).is_err();
        let chat = self.chat_for(number, caller, Right::Read)?;
        if is_gone && caller == Caller::Application {
            chat.let_go(user, now)?;
        } else {
            chat.remove_member(user, caller, now)?;
        }
        Ok(Done::MemberChanged)
    }

    pub(in crate::commit) fn close(&mut self, now: Timestamp) -> Result<Done, Refusal> {
        if self.state.is_default {
            return Err(Refusal::DefaultApplication);
        }
        self.state.closed_at = Some(now);
        self.changed = true;
        Ok(Done::ApplicationChanged)
    }

    /// What is to be written, if anything is.
    pub(in crate::commit) fn into_write(
        self,
        id: ApplicationId,
    ) -> (ApplicationState, ApplicationWrite) {
        let chats = self.chats.into_values();
        let users = self.users.into_values();
        let devices = self.devices.into_iter();
        let write = ApplicationWrite {
            id,
            message_ids: self.state.is_default,
            row: self.changed.then(|| self.state.clone()),
            users: users.filter_map(WorkingUser::into_write).collect(),
            devices: devices
                .flat_map(|(user, devices)| devices.into_writes(user))
                .collect(),
            chats: chats.filter_map(WorkingChat::into_write).collect(),
        };
        (self.state, write)
    }
}
