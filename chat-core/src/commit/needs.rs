//! What a batch must lock and load before it can be decided.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{ApplicationId, ChatNumber, MessageNumber, OperationId, TokenHash};

use super::command::{Command, KeyHash, Request, Scope, SourceHash};

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
        let scope = needs.scopes.entry(request.scope).or_default();
        scope.keys.extend(request.key.map(|key| key.hash));
        scope.chats.extend(request.command.chat());
        match &request.command {
            Command::CreateApplication(new) => {
                needs.root = true;
                needs
                    .names
                    .extend(new.unique_name.then(|| new.name.as_str().to_owned()));
            }
            Command::RenameApplication(name) => {
                scope.exclusive = true;
                needs.root = true;
                needs.names.insert(name.as_str().to_owned());
            }
            Command::CloseApplication | Command::CreateChat(_) | Command::CloseChat(_) => {
                scope.exclusive = true;
            }
            Command::Edit(chat, edit) => {
                scope.messages.insert((*chat, edit.number));
            }
            Command::Delete(chat, number) => {
                scope.messages.insert((*chat, *number));
            }
            Command::Import(import) => {
                needs.sources.insert(import.source);
                scope
                    .chats
                    .extend(import.messages.iter().map(|(chat, _)| *chat));
            }
            Command::RenameChat(..) | Command::Post(..) => {}
        }
    }
    needs
}
