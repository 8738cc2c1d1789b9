//! Which way a write takes.

use std::collections::HashMap;

use crate::commit::{Command, Request, Scope};

/// How a write comes to its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteMode {
    /// At once, from the process that is asked.
    #[default]
    Direct,
    /// Through the Queue.
    Queued,
}

/// The way of every application.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    /// The way of those that have none of their own.
    pub default: WriteMode,
    /// Ways of their own.
    pub own: HashMap<Scope, WriteMode>,
}

impl Routes {
    /// The way of this request. What makes an application, parts of an import, and what somebody waits for who logs in always go
    /// directly.
    #[must_use]
    pub fn mode(&self, request: &Request) -> WriteMode {
        match (request.scope, &request.command) {
            (Scope::Root, _) | (_, Command::Import(_) | Command::GiveToken(..)) => {
                WriteMode::Direct
            }
            (scope, _) => self.own.get(&scope).copied().unwrap_or(self.default),
        }
    }
}
