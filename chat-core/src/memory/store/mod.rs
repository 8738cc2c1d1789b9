//! The Store in memory: one lock, so every method sees and leaves a whole state.

mod apply;
mod load;
mod members;
mod outbox;
mod people;
mod read;
mod recount;
mod transfer;
mod upkeep;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::commit::{
    ApplicationState, Batch, ChatState, KeyHash, Operation, Remembered, Sink, SourceHash, decide,
    needs,
};
use crate::error::BackendError;
use crate::ids::{
    ApplicationId, Change, ChatId, ChatNumber, ChatUuid, Epoch, MessageNumber, OperationId,
    PublicId, TokenHash, UserNumber,
};
use crate::model::{DeviceKey, Member, Message, Pair, Session, User};
use crate::port::{Commit, Committed, Dirty, Place};

type Result<T> = std::result::Result<T, BackendError>;

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore(Mutex<State>);

#[derive(Debug)]
struct State {
    epoch: Epoch,
    applications: BTreeMap<ApplicationId, ApplicationState>,
    default_application: Option<ApplicationId>,
    tokens: HashMap<TokenHash, ApplicationId>,
    public_ids: HashMap<PublicId, ApplicationId>,
    names: HashMap<String, ApplicationId>,
    chats: BTreeMap<ChatId, Chat>,
    numbers: BTreeMap<(ApplicationId, ChatNumber), ChatId>,
    last_chat: i64,
    chat_names: HashMap<(ApplicationId, String), ChatNumber>,
    pairs: BTreeMap<(ApplicationId, Pair), ChatNumber>,
    uuids: HashMap<ChatUuid, ChatId>,
    users: BTreeMap<(ApplicationId, UserNumber), User>,
    seen: HashMap<(ApplicationId, UserNumber), Timestamp>,
    device_keys: BTreeMap<(ApplicationId, UserNumber), BTreeMap<String, DeviceKey>>,
    usernames: HashMap<(ApplicationId, String), UserNumber>,
    lasting_tokens: HashMap<TokenHash, (ApplicationId, UserNumber)>,
    sessions: BTreeMap<TokenHash, Session>,
    memberships: BTreeSet<(ApplicationId, UserNumber, ChatId)>,
    last_ext_id: u64,
    ext_ids: BTreeMap<u64, (ChatId, MessageNumber)>,
    requests: HashMap<(ApplicationId, KeyHash), Remembered>,
    remembered: BTreeSet<(Timestamp, ApplicationId, KeyHash)>,
    imports: HashMap<SourceHash, u64>,
    operations: HashMap<OperationId, Operation>,
    recorded: BTreeSet<(Timestamp, OperationId)>,
    dirty: BTreeMap<(Sink, ChatId), Waiting>,
    turn: u64,
    /// From which store, and how far.
    transfer: Option<(Epoch, Place)>,
}

#[derive(Debug)]
struct Chat {
    application: ApplicationId,
    state: ChatState,
    messages: BTreeMap<MessageNumber, Message>,
    touches: BTreeMap<Change, MessageNumber>,
    members: BTreeMap<UserNumber, Member>,
    member_touches: BTreeMap<Change, UserNumber>,
    ranges: BTreeMap<(UserNumber, MessageNumber), MessageNumber>,
}

/// A dirty row, and since which turn it waits.
#[derive(Debug)]
struct Waiting {
    row: Dirty,
    since: u64,
}

impl MemoryStore {
    /// An empty store with an epoch of its own.
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(State {
            epoch: Epoch::random(),
            applications: BTreeMap::new(),
            default_application: None,
            tokens: HashMap::new(),
            public_ids: HashMap::new(),
            names: HashMap::new(),
            chats: BTreeMap::new(),
            numbers: BTreeMap::new(),
            last_chat: 0,
            chat_names: HashMap::new(),
            pairs: BTreeMap::new(),
            uuids: HashMap::new(),
            users: BTreeMap::new(),
            seen: HashMap::new(),
            device_keys: BTreeMap::new(),
            usernames: HashMap::new(),
            lasting_tokens: HashMap::new(),
            sessions: BTreeMap::new(),
            memberships: BTreeSet::new(),
            last_ext_id: 0,
            ext_ids: BTreeMap::new(),
            requests: HashMap::new(),
            remembered: BTreeSet::new(),
            imports: HashMap::new(),
            operations: HashMap::new(),
            recorded: BTreeSet::new(),
            dirty: BTreeMap::new(),
            turn: 0,
            transfer: None,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    /// Whether the application is there for callers.
    fn is_open(&self, application: ApplicationId) -> bool {
        self.applications
            .get(&application)
            .is_some_and(|state| state.closed_at.is_none())
    }

    /// Whether the chat and its application are there for callers.
    fn is_live(&self, chat: &Chat) -> bool {
        chat.state.closed_at.is_none() && self.is_open(chat.application)
    }

    fn live_chat(&self, id: ChatId) -> Option<&Chat> {
        self.chats.get(&id).filter(|chat| self.is_live(chat))
    }
}

#[async_trait]
impl Commit for MemoryStore {
    async fn commit(&self, batch: Arc<Batch>, now: Timestamp) -> Result<Committed> {
        let mut state = self.state();
        let facts = state.load(&needs(&batch.requests));
        let (mut outcomes, mut writes) = decide(facts, &batch.requests, now);
        let (counts, people) = (std::mem::take(&mut writes.counts), writes.people());
        let moved = state.apply(writes, &mut outcomes, &batch.sinks)?;
        Ok(Committed {
            outcomes,
            moved,
            counts,
            people,
        })
    }

    async fn operations(&self, ids: &[OperationId]) -> Result<Vec<Operation>> {
        let state = self.state();
        let known = ids.iter().filter_map(|id| state.operations.get(id));
        Ok(known.cloned().collect())
    }
}
