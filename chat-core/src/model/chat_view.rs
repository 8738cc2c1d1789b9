use crate::clock::Timestamp;
use crate::cursor::Cursor;
use crate::ids::ChatNumber;

use super::{ChatKind, Direct};

/// A chat as it is shown: what it is, and the cursor to follow it from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatView {
    /// Its number in the application.
    pub number: ChatNumber,
    /// Who takes part.
    pub kind: ChatKind,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Whose it is, when it is a direct one.
    pub direct: Option<Direct>,
    /// How many members it has. Exact.
    pub members_count: u64,
    /// How many messages exist. Exact.
    pub messages_count: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When something last happened in it.
    pub updated_at: Timestamp,
    /// Ask for changes after this cursor to follow the chat from this state on.
    pub cursor: Cursor,
}
