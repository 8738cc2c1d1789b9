//! A store that fails at random.

mod people;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::commit::{Batch, Operation, Sink, SourceHash};
use crate::error::{BackendError, ErrorKind};
use crate::ids::{
    ApplicationId, ChatId, ChatNumber, ChatUuid, Epoch, Head, MessageNumber, OperationId, PublicId,
    TokenHash, UserNumber,
};
use crate::model::{Application, ChatInfo, Message};
use crate::page::{Limit, Page, Span};
use crate::port::{
    ApplicationCount, Applications, Changes, ChatCount, Chats, Commit, Committed, Dirty, History,
    Outbox, Piece, Progress, Recount, Store, Upkeep,
};

type Result<T> = std::result::Result<T, BackendError>;

/// Passes everything on, and fails at random: before anything is done (`Unavailable`), or with the
/// answer of a commit that was done (`OutcomeUnknown`). The same seed draws the same faults.
pub struct FlakyStore {
    inner: Arc<dyn Store>,
    draws: AtomicU64,
    percent: u64,
}

impl FlakyStore {
    /// Fails in so many of 100 calls (a commit may fail before and after it is done).
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, seed: u64, percent: u64) -> Self {
        Self {
            inner,
            draws: AtomicU64::new(seed),
            percent,
        }
    }

    /// The next draw of SplitMix64.
    fn fails(&self) -> bool {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let state = self.draws.fetch_add(STEP, Ordering::Relaxed);
        let mut draw = state.wrapping_add(STEP);
        draw = (draw ^ (draw >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        draw = (draw ^ (draw >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (draw ^ (draw >> 31)) % 100 < self.percent
    }

    fn inner(&self, op: &'static str) -> Result<&dyn Store> {
        if self.fails() {
            return Err(BackendError::new(ErrorKind::Unavailable, "flaky", op));
        }
        Ok(&*self.inner)
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Applications for FlakyStore {
    async fn by_token(&self, token: TokenHash) -> Result<Option<Application>> {
        self.inner("by_token")?.by_token(token).await
    }

    async fn by_id(&self, id: ApplicationId) -> Result<Option<Application>> {
        Applications::by_id(self.inner("by_id")?, id).await
    }

    async fn by_public_id(&self, public_id: PublicId) -> Result<Option<Application>> {
        self.inner("by_public_id")?.by_public_id(public_id).await
    }

    async fn default_application(&self) -> Result<Option<Application>> {
        self.inner("default_application")?
            .default_application()
            .await
    }

    async fn list(&self, after: ApplicationId, limit: Limit) -> Result<Page<Application>> {
        Applications::list(self.inner("list")?, after, limit).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Commit for FlakyStore {
    async fn commit(&self, batch: Arc<Batch>, now: Timestamp) -> Result<Committed> {
        let committed = self.inner("commit")?.commit(batch, now).await?;
        if self.fails() {
            return Err(BackendError::new(
                ErrorKind::OutcomeUnknown,
                "flaky",
                "commit",
            ));
        }
        Ok(committed)
    }

    async fn operations(&self, ids: &[OperationId]) -> Result<Vec<Operation>> {
        self.inner("operations")?.operations(ids).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Chats for FlakyStore {
    async fn get(&self, application: ApplicationId, chat: ChatNumber) -> Result<Option<ChatInfo>> {
        Chats::get(self.inner("get")?, application, chat).await
    }

    async fn by_uuid(&self, uuid: ChatUuid) -> Result<Option<ChatInfo>> {
        self.inner("by_uuid")?.by_uuid(uuid).await
    }

    async fn by_id(&self, chat: ChatId) -> Result<Option<ChatInfo>> {
        Chats::by_id(self.inner("by_id")?, chat).await
    }

    async fn heads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, Head)>> {
        self.inner("heads")?.heads(chats).await
    }

    async fn list(
        &self,
        application: ApplicationId,
        span: Span,
        limit: Limit,
    ) -> Result<Page<ChatInfo>> {
        Chats::list(self.inner("list")?, application, span, limit).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl History for FlakyStore {
    async fn get(&self, chat: ChatId, number: MessageNumber) -> Result<Option<Message>> {
        History::get(self.inner("get")?, chat, number).await
    }

    async fn many(&self, chat: ChatId, numbers: &[MessageNumber]) -> Result<Vec<Message>> {
        self.inner("many")?.many(chat, numbers).await
    }

    async fn page(
        &self,
        chat: ChatId,
        span: Span,
        through: MessageNumber,
        tombstones: bool,
        limit: Limit,
    ) -> Result<Page<Message>> {
        self.inner("page")?
            .page(chat, span, through, tombstones, limit)
            .await
    }

    async fn changes(
        &self,
        chat: ChatId,
        after: Head,
        limit: Limit,
        viewer: Option<UserNumber>,
    ) -> Result<Option<Changes>> {
        self.inner("changes")?
            .changes(chat, after, limit, viewer)
            .await
    }

    async fn by_ext_id(&self, id: u64) -> Result<Option<(ChatId, MessageNumber)>> {
        self.inner("by_ext_id")?.by_ext_id(id).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Outbox for FlakyStore {
    async fn dirty(&self, sink: Sink, limit: Limit) -> Result<Vec<Dirty>> {
        self.inner("dirty")?.dirty(sink, limit).await
    }

    async fn pending(&self, sink: Sink, chat: ChatId) -> Result<Option<Dirty>> {
        self.inner("pending")?.pending(sink, chat).await
    }

    async fn waits(&self, sink: Sink, application: ApplicationId) -> Result<bool> {
        self.inner("waits")?.waits(sink, application).await
    }

    async fn settle(&self, sink: Sink, done: &[Dirty]) -> Result<()> {
        self.inner("settle")?.settle(sink, done).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Upkeep for FlakyStore {
    async fn epoch(&self) -> Result<Epoch> {
        self.inner("epoch")?.epoch().await
    }

    async fn ready(&self) -> Result<()> {
        self.inner("ready")?.ready().await
    }

    async fn imported(&self, source: SourceHash) -> Result<u64> {
        self.inner("imported")?.imported(source).await
    }

    async fn next_chat(&self, after: ChatId) -> Result<Option<ChatId>> {
        self.inner("next_chat")?.next_chat(after).await
    }

    async fn closed(&self, limit: Limit) -> Result<Vec<ChatId>> {
        self.inner("closed")?.closed(limit).await
    }

    async fn erase(&self, chat: ChatId, limit: Limit) -> Result<Progress> {
        self.inner("erase")?.erase(chat, limit).await
    }

    async fn forget(&self, before: Timestamp, limit: Limit) -> Result<Progress> {
        self.inner("forget")?.forget(before, limit).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Recount for FlakyStore {
    async fn chat_counts(&self, after: ChatId, limit: Limit) -> Result<Vec<ChatCount>> {
        self.inner("chat_counts")?.chat_counts(after, limit).await
    }

    async fn application_counts(
        &self,
        after: ApplicationId,
        limit: Limit,
    ) -> Result<Vec<ApplicationCount>> {
        let inner = self.inner("application_counts")?;
        inner.application_counts(after, limit).await
    }

    async fn count(&self, pieces: &[Piece]) -> Result<Vec<u64>> {
        self.inner("count")?.count(pieces).await
    }

    async fn repair_chat(&self, seen: &ChatCount, live: u64) -> Result<bool> {
        self.inner("repair_chat")?.repair_chat(seen, live).await
    }

    async fn repair_application(&self, application: ApplicationId) -> Result<bool> {
        let inner = self.inner("repair_application")?;
        inner.repair_application(application).await
    }
}
