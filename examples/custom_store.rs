//! A store of your own: here one that passes everything on, and knows what each call took. The kit tells that it is a store.
//!
//! `cargo run -p examples --example custom_store`, and its cases with `cargo test -p examples --example custom_store`

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chat_core::clock::Timestamp;
use chat_core::commit::{Batch, Operation, Post, Sink, SourceHash};
use chat_core::error::BackendError;
use chat_core::ids::{
    ApplicationId, ChatId, ChatNumber, ChatUuid, Epoch, Head, MessageNumber, OperationId, PublicId,
    SessionId, TokenHash, UserNumber,
};
use chat_core::memory::MemorySearch;
use chat_core::model::{Application, ChatInfo, DeviceKey, Member, Message, Session, User};
use chat_core::page::{Limit, Page, Span};
use chat_core::port::{
    Activity, ApplicationCount, Applications, Changes, ChatCount, Chats, Commit, Committed,
    Company, Dirty, History, Members, Membership, Newcomer, Opened, Outbox, OwnChat, Piece,
    Progress, Recount, Sessions, Store, Thread, Upkeep, Users,
};
use chat_core::seal::Keyring;
use chat_core::text::{Body, Name};
use chat_core::{Chat, Parts};
use chat_embedded::{SqliteStore, StoreConfig};

/// How often a call was made, and what that took in all.
type Tally = BTreeMap<&'static str, (u64, Duration)>;

/// A store that knows what each call took.
pub struct TimedStore {
    inner: Arc<dyn Store>,
    tally: Mutex<Tally>,
}

impl TimedStore {
    /// One that passes everything on to this one.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        let tally = Mutex::default();
        Self { inner, tally }
    }

    /// What the calls took up to now, by their names.
    pub fn tally(&self) -> Tally {
        let tally = self.tally.lock();
        tally.unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn timed<T>(&self, call: &'static str, doing: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let done = doing.await;
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let (calls, took) = tally.entry(call).or_default();
        *calls += 1;
        *took += begun.elapsed();
        done
    }
}

/// A store is a family of small ports. Each is passed on alike; a method that were forgotten would not compile.
macro_rules! pass_on {
    ($($port:ident { $($call:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+ })+) => {$(
        #[deny(clippy::missing_trait_methods)]
        #[async_trait]
        impl $port for TimedStore {
            $(async fn $call(&self, $($argument: $type),*) -> Result<$answer, BackendError> {
                let call = concat!(stringify!($port), "::", stringify!($call));
                self.timed(call, <dyn Store as $port>::$call(&*self.inner, $($argument),*)).await
            })+
        }
    )+};
}

pass_on! {
    Applications {
        by_token(token: TokenHash) -> Option<Application>;
        by_id(id: ApplicationId) -> Option<Application>;
        by_public_id(id: PublicId) -> Option<Application>;
        default_application() -> Option<Application>;
        list(after: ApplicationId, limit: Limit) -> Page<Application>;
    }
    Commit {
        commit(batch: Arc<Batch>, now: Timestamp) -> Committed;
        operations(ids: &[OperationId]) -> Vec<Operation>;
    }
    Chats {
        get(application: ApplicationId, number: ChatNumber) -> Option<ChatInfo>;
        by_uuid(uuid: ChatUuid) -> Option<ChatInfo>;
        by_id(chat: ChatId) -> Option<ChatInfo>;
        heads(chats: &[ChatId]) -> Vec<(ChatId, Head)>;
        list(application: ApplicationId, span: Span, limit: Limit) -> Page<ChatInfo>;
    }
    History {
        get(chat: ChatId, number: MessageNumber) -> Option<Message>;
        many(chat: ChatId, numbers: &[MessageNumber]) -> Vec<Message>;
        page(chat: ChatId, span: Span, through: MessageNumber, tombstones: bool, limit: Limit) -> Page<Message>;
        changes(chat: ChatId, after: Head, limit: Limit, viewer: Option<UserNumber>) -> Option<Changes>;
        by_ext_id(id: u64) -> Option<(ChatId, MessageNumber)>;
    }
    Users {
        users(application: ApplicationId, numbers: &[UserNumber]) -> Vec<User>;
        user_by_name(application: ApplicationId, folded: &str) -> Option<User>;
        user_by_token(token: TokenHash) -> Option<(ApplicationId, User)>;
        users_page(application: ApplicationId, span: Span, limit: Limit) -> Page<User>;
        saw(application: ApplicationId, users: &[UserNumber], at: Timestamp) -> ();
        device_keys(application: ApplicationId, users: &[UserNumber]) -> Vec<(UserNumber, DeviceKey)>;
        last_seen(application: ApplicationId, users: &[UserNumber]) -> Vec<(UserNumber, Timestamp)>;
    }
    Sessions {
        open_session(session: &Session, unchanged_since: Timestamp) -> bool;
        session(token: TokenHash) -> Option<Session>;
        valid_sessions(tokens: &[TokenHash], now: Timestamp) -> Vec<TokenHash>;
        sessions(application: ApplicationId, user: UserNumber, before: Option<Opened>, limit: Limit) -> Vec<Session>;
        end_session(application: ApplicationId, user: UserNumber, id: SessionId) -> bool;
        prune_sessions(before: Timestamp, limit: Limit) -> Progress;
    }
    Members {
        member(chat: ChatId, user: UserNumber) -> Option<Member>;
        members(chat: ChatId, span: Span, limit: Limit) -> Page<Member>;
        chats_of(application: ApplicationId, user: UserNumber, before: Option<Activity>, limit: Limit) -> Page<OwnChat>;
        chat_of(application: ApplicationId, user: UserNumber, chat: ChatNumber) -> Option<OwnChat>;
        threads(application: ApplicationId, user: UserNumber, after: ChatNumber, limit: Limit) -> Page<Thread>;
        memberships(application: ApplicationId, user: UserNumber, after: ChatId, limit: Limit) -> Page<Membership>;
        companions(application: ApplicationId, user: UserNumber, company: Company) -> Vec<UserNumber>;
        newcomers(after: (Timestamp, ChatId, UserNumber), limit: Limit) -> Page<Newcomer>;
        left_behind(of: Option<(ApplicationId, UserNumber)>, limit: Limit) -> Vec<(ApplicationId, ChatNumber, UserNumber)>;
        ranges(chat: ChatId, low: MessageNumber, high: MessageNumber) -> Vec<(UserNumber, MessageNumber, MessageNumber)>;
    }
    Outbox {
        dirty(sink: Sink, limit: Limit) -> Vec<Dirty>;
        pending(sink: Sink, chat: ChatId) -> Option<Dirty>;
        waits(sink: Sink, application: ApplicationId) -> bool;
        settle(sink: Sink, done: &[Dirty]) -> ();
    }
    Upkeep {
        epoch() -> Epoch;
        ready() -> ();
        imported(source: SourceHash) -> u64;
        next_chat(after: ChatId) -> Option<ChatId>;
        closed(limit: Limit) -> Vec<ChatId>;
        erase(chat: ChatId, limit: Limit) -> Progress;
        forget(before: Timestamp, limit: Limit) -> Progress;
    }
    Recount {
        chat_counts(after: ChatId, limit: Limit) -> Vec<ChatCount>;
        application_counts(after: ApplicationId, limit: Limit) -> Vec<ApplicationCount>;
        count(pieces: &[Piece]) -> Vec<u64>;
        repair_chat(seen: &ChatCount, live: u64) -> bool;
        repair_application(application: ApplicationId) -> bool;
    }
}

/// Posts a little, and tells what the store did for it.
async fn talk(store: Arc<TimedStore>) -> Result<Tally, Box<dyn Error>> {
    let key = Keyring::new(Keyring::random_key());
    let chat = Chat::start(Parts::new(
        store.clone(),
        Arc::new(MemorySearch::new()),
        key,
    ))
    .await?;
    let name = Name::parse("shop")?;
    let access = chat
        .create_application(name, true, None)
        .await?
        .value
        .token
        .into();
    let room = chat.create_chat(access, None, None).await?.value;
    for text in ["Is it in stock?", "Yes, three of them."] {
        let body = Body::parse(text)?;
        let post = Post {
            body,
            data: None,
            reply_to: None,
        };
        chat.post(access, room.number, post, None).await?;
    }
    chat.stop().await;
    Ok(store.tally())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let inner = SqliteStore::open(StoreConfig::new(folder.path().join("chat.db")))?;
    let store = Arc::new(TimedStore::new(Arc::new(inner)));
    for (call, (times, took)) in talk(store).await? {
        println!("{times:4} × {call}, {took:.1?} in all");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    use chat_core::memory::MemoryStore;

    async fn fresh() -> (Arc<dyn Store>, ()) {
        let inner = Arc::new(MemoryStore::new());
        (Arc::new(TimedStore::new(inner)), ())
    }

    chat_core::store_kit!(fresh);

    #[tokio::test]
    async fn each_call_is_known() {
        let store = TimedStore::new(Arc::new(MemoryStore::new()));
        let tally = talk(Arc::new(store)).await.unwrap();
        let (commits, took) = tally["Commit::commit"];
        assert!(commits >= 4 && took > Duration::ZERO, "{tally:?}");
    }
}
