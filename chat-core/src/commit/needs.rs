//! What a batch must lock and load before it can be decided.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{ApplicationId, ChatNumber, MessageNumber, OperationId, TokenHash, UserNumber};
use crate::model::{ChatKind, Pair};
use crate::text::{Name, Username};

use super::command::{Command, Request, Scope, SourceHash};
use super::key::KeyHash;
use super::working::READ_SINGLY;

/// What to lock and load: first the root row, then applications in id order, then their chats in
/// number order, then rows that need no lock of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Lock the root row: an application is made or gets another name.
    pub root: bool,
    /// Unique names of applications to look for.
    pub names: BTreeSet<String>,
    /// Tokens to resolve to applications.
    pub tokens: BTreeSet<TokenHash>,
    /// Sources of imports to look for.
    pub sources: BTreeSet<SourceHash>,
    /// Operations to look for.
    pub operations: BTreeSet<OperationId>,
    scopes: BTreeMap<Scope, ScopeNeeds>,
}

/// What is needed of one application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeNeeds {
    /// Whether the application's own row changes; else a shared lock is enough.
    pub exclusive: bool,
    /// Chats to lock and load.
    pub chats: BTreeSet<ChatNumber>,
    /// Messages to load.
    pub messages: BTreeSet<(ChatNumber, MessageNumber)>,
    /// Keys to look for.
    pub keys: BTreeSet<KeyHash>,
    /// Users to load, deleted ones too.
    pub users: BTreeSet<UserNumber>,
    /// Users whose keys of devices to load.
    pub devices: BTreeSet<UserNumber>,
    /// Folded names of users to look for.
    pub usernames: BTreeSet<String>,
    /// Unique names of chats to look for.
    pub chat_names: BTreeSet<String>,
    /// Pairs whose direct chat is to be looked for.
    pub pairs: BTreeSet<Pair>,
    /// Members to load, those who left too.
    pub members: BTreeSet<(ChatNumber, UserNumber)>,
    /// Ranges of single messages that were read to load.
    pub ranges: BTreeSet<RangeNeeds>,
}

/// Those ranges of a member that have a message in common with these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RangeNeeds {
    /// The chat.
    pub chat: ChatNumber,
    /// The member.
    pub user: UserNumber,
    /// The first message.
    pub low: MessageNumber,
    /// The last one.
    pub high: MessageNumber,
}

impl Needs {
    /// Whether the row of any application changes; else shared locks are enough for all of them.
    #[must_use]
    pub fn exclusive(&self) -> bool {
        self.scopes.values().any(|needs| needs.exclusive)
    }

    /// The needs by application, once tokens are resolved; unknown tokens drop out. What belongs to
    /// no application stands under [`ApplicationId::ROOT`].
    #[must_use]
    pub fn by_application(
        &self,
        tokens: &BTreeMap<TokenHash, ApplicationId>,
    ) -> BTreeMap<ApplicationId, ScopeNeeds> {
        let mut merged: BTreeMap<ApplicationId, ScopeNeeds> = BTreeMap::new();
        for (scope, needs) in &self.scopes {
            let id = match scope {
                Scope::Root => Some(ApplicationId::ROOT),
                Scope::Application(id) => Some(*id),
                Scope::Token(hash) => tokens.get(hash).copied(),
            };
            let Some(id) = id else { continue };
            let into = merged.entry(id).or_default();
            into.exclusive |= needs.exclusive;
            into.chats.extend(&needs.chats);
            into.messages.extend(&needs.messages);
            into.keys.extend(&needs.keys);
            into.users.extend(&needs.users);
            into.devices.extend(&needs.devices);
            into.usernames.extend(needs.usernames.iter().cloned());
            into.chat_names.extend(needs.chat_names.iter().cloned());
            into.pairs.extend(&needs.pairs);
            into.members.extend(&needs.members);
            into.ranges.extend(&needs.ranges);
        }
        merged
    }
}

/// What these commands need.
#[must_use]
pub fn needs(requests: &[Request]) -> Needs {
    let mut needs = Needs::default();
    for request in requests {
        if let Scope::Token(hash) = request.scope {
            needs.tokens.insert(hash);
        }
        needs.operations.extend(request.operation);
        match &request.command {
            Command::CreateApplication(new) => {
                needs.root = true;
                needs
                    .names
                    .extend(new.unique_name.then(|| new.name.as_str().to_owned()));
            }
            Command::RenameApplication(name) => {
                needs.root = true;
                needs.names.insert(name.as_str().to_owned());
            }
            Command::Import(import) => {
                needs.sources.insert(import.source);
            }
            _ => {}
        }
        needs.scopes.entry(request.scope).or_default().add(request);
    }
    needs
}

impl ScopeNeeds {
    fn add(&mut self, request: &Request) {
        let Request {
            command, caller, ..
        } = request;
        self.keys.extend(request.key.map(|key| key.hash));
        self.chats.extend(command.chat());
        self.users.extend(caller.user());
        self.members.extend(command.chat().zip(caller.user()));
        match command {
            Command::RenameApplication(_) | Command::CloseApplication | Command::CloseChat(_) => {
                self.exclusive = true;
            }
            Command::CreateChat(new) => {
                self.exclusive = true;
                self.users.extend(&new.members);
                let name = new.name.as_ref().filter(|_| new.unique_name);
                self.chat_names
                    .extend(name.map(|name| name.as_str().to_owned()));
                if new.kind == ChatKind::Direct {
                    self.pairs.extend(new.pair(*caller));
                }
            }
            Command::RenameChat(_, name) => {
                self.exclusive = true;
                let name = name.as_ref().map(Name::as_str);
                self.chat_names.extend(name.map(str::to_owned));
            }
            Command::Edit(chat, edit) => {
                self.messages.insert((*chat, edit.number));
            }
            Command::Delete(chat, number) => {
                self.messages.insert((*chat, *number));
            }
            Command::Import(import) => {
                for (chat, one) in &import.messages {
                    self.chats.insert(*chat);
                    self.users.extend(one.sender);
                    let people = one.sender.iter().chain(&one.read_by);
                    self.members.extend(people.map(|user| (*chat, *user)));
                    // What a message is next to is known only once it has a number.
                    self.ranges
                        .extend(one.read_by.iter().map(|user| RangeNeeds {
                            chat: *chat,
                            user: *user,
                            low: MessageNumber::ZERO,
                            high: MessageNumber::MAX,
                        }));
                }
            }
            Command::CreateUser(new) => {
                self.exclusive = true;
                self.usernames.insert(new.username.folded());
            }
            Command::ChangeUser(user, change) => {
                self.exclusive = true;
                self.users.insert(*user);
                self.usernames
                    .extend(change.username.as_ref().map(Username::folded));
            }
            Command::DeleteUser(user) | Command::GiveToken(user, _) => {
                self.exclusive = true;
                self.users.insert(*user);
            }
            Command::PutKey(user, _) | Command::DropKey(user, _) => {
                self.exclusive = true;
                self.users.insert(*user);
                self.devices.insert(*user);
            }
            Command::AddMembers(chat, add) => {
                self.users.extend(&add.users);
                let members = add.users.iter().map(|user| (*chat, *user));
                self.members.extend(members);
            }
            Command::ChangeMember(chat, change) => {
                self.members.insert((*chat, change.user));
            }
            Command::RemoveMember(chat, user) => {
                self.users.insert(*user);
                self.members.insert((*chat, *user));
            }
            Command::Mark(chat, mark) => {
                let read = caller.user().zip(mark.read);
                self.ranges.extend(read.map(|(user, read)| RangeNeeds {
                    chat: *chat,
                    user,
                    low: MessageNumber::ZERO,
                    high: read.next(),
                }));
            }
            Command::Read(chat, number) => {
                let Some(user) = caller.user() else { return };
                let chat = *chat;
                let needed = |low, high| RangeNeeds {
                    chat,
                    user,
                    low,
                    high,
                };
                let below = MessageNumber(number.0.saturating_sub(1));
                self.ranges.insert(needed(below, number.next()));
                // The watermark follows, and takes in what it reaches.
                let reached = MessageNumber(number.0.saturating_sub(READ_SINGLY));
                if reached > MessageNumber::ZERO {
                    self.ranges
                        .insert(needed(MessageNumber::ZERO, reached.next()));
                }
            }
            Command::CreateApplication(_) | Command::Post(..) | Command::Hide(_) => {}
        }
    }
}
