//! What was found under the locks.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::clock::Timestamp;
use crate::ids::{
    ApplicationId, Change, ChatId, ChatNumber, Head, MessageNumber, OperationId, PublicId,
    TokenHash, UserNumber,
};
use crate::model::{ChatKind, DeviceKey, Direct, Member, Message, Pair, User};
use crate::seal::Sealed;

use super::command::SourceHash;
use super::key::{Fingerprint, KeyHash};
use super::outcome::{Done, Outcome};

/// The rows that [`Needs`](super::Needs) named, as they stood under the locks. What is missing here
/// does not exist.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Whether a default application exists (loaded when the root row is needed).
    pub has_default: bool,
    /// Those of the needed names that are taken.
    pub names: HashSet<String>,
    /// The applications that the tokens belong to.
    pub tokens: BTreeMap<TokenHash, ApplicationId>,
    /// How far each needed source was imported.
    pub imports: HashMap<SourceHash, u64>,
    /// What became of the needed operations.
    pub operations: HashMap<OperationId, Outcome>,
    /// The applications.
    pub applications: BTreeMap<ApplicationId, ApplicationFacts>,
    /// What is remembered under the needed keys.
    pub requests: HashMap<(ApplicationId, KeyHash), Remembered>,
}

/// An application and what was needed of it.
#[derive(Debug, Clone)]
pub struct ApplicationFacts {
    /// Its row.
    pub state: ApplicationState,
    /// Its chats.
    pub chats: BTreeMap<ChatNumber, ChatFacts>,
    /// Its users, deleted ones too.
    pub users: BTreeMap<UserNumber, User>,
    /// The keys of users' devices.
    pub devices: BTreeMap<UserNumber, Vec<DeviceKey>>,
    /// Those of the needed names of users that are taken, folded.
    pub usernames: BTreeSet<String>,
    /// Those of the needed names of chats that are taken.
    pub chat_names: BTreeSet<String>,
    /// The direct chats of the needed pairs.
    pub pairs: BTreeMap<Pair, ChatNumber>,
}

/// A chat and what was needed of it.
#[derive(Debug, Clone)]
pub struct ChatFacts {
    /// Its row.
    pub state: ChatState,
    /// Its messages.
    pub messages: BTreeMap<MessageNumber, Message>,
    /// Its members, those who left too.
    pub members: BTreeMap<UserNumber, Member>,
    /// What members have read above their watermarks: the first message of a range, and its last.
    pub ranges: BTreeMap<(UserNumber, MessageNumber), MessageNumber>,
}

/// The row of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationState {
    /// Its public id.
    pub public_id: PublicId,
    /// What its token is looked up by.
    pub token_hash: TokenHash,
    /// Its token, sealed.
    pub token: Sealed,
    /// Its name.
    pub name: String,
    /// Whether no other such application may have this name.
    pub unique_name: bool,
    /// Whether it is the default application.
    pub is_default: bool,
    /// The number of its last chat.
    pub last_chat: ChatNumber,
    /// How many of its chats exist.
    pub live_chats: u64,
    /// The number of its last user.
    pub last_user: UserNumber,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last renamed, or made.
    pub updated_at: Timestamp,
    /// When it was deleted.
    pub closed_at: Option<Timestamp>,
}

impl ApplicationState {
    /// The name that no other application may have while this one exists.
    #[must_use]
    pub fn held_name(&self) -> Option<&str> {
        (self.unique_name && self.closed_at.is_none()).then_some(self.name.as_str())
    }
}

/// The row of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatState {
    /// Its row id; `None` until it is written.
    pub id: Option<ChatId>,
    /// Its number.
    pub number: ChatNumber,
    /// Who takes part.
    pub kind: ChatKind,
    /// Its name.
    pub name: Option<String>,
    /// Whether no other such chat of the application may have this name.
    pub unique_name: bool,
    /// Whose it is, when it is a direct one.
    pub direct: Option<Direct>,
    /// How many members it has.
    pub members: u64,
    /// How many of them own it; `None` while it has never had an owner.
    pub owners: Option<u64>,
    /// The last number and the last change.
    pub head: Head,
    /// The change that last touched the chat itself.
    pub own_change: Change,
    /// Numbers below it were removed by retention.
    pub floor: MessageNumber,
    /// How many of its messages exist.
    pub live: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// The latest time that the server gave anything in it.
    pub last_at: Timestamp,
    /// When something was last posted in it, or else when it was made.
    pub active_at: Timestamp,
    /// When it was deleted.
    pub closed_at: Option<Timestamp>,
}

impl ChatState {
    /// The name that no other chat may have while this one exists.
    #[must_use]
    pub fn held_name(&self) -> Option<&str> {
        let name = self.name.as_deref()?;
        (self.unique_name && self.closed_at.is_none()).then_some(name)
    }

    /// The pair that has no other direct chat while this one exists.
    #[must_use]
    pub fn held_pair(&self) -> Option<Pair> {
        let direct = self.direct.filter(|_| self.closed_at.is_none());
        direct.map(|direct| direct.pair)
    }
}

/// What is remembered under a key.
#[derive(Debug, Clone)]
pub struct Remembered {
    /// The request it stands for.
    pub fingerprint: Fingerprint,
    /// What was answered.
    pub done: Done,
}
