use async_trait::async_trait;

use super::{FlakyStore, Result};
use crate::clock::Timestamp;
use crate::ids::{
    ApplicationId, ChatId, ChatNumber, MessageNumber, SessionId, TokenHash, UserNumber,
};
use crate::model::{DeviceKey, Member, Session, User};
use crate::page::{Limit, Page, Span};
use crate::port::{
    Activity, Company, Members, Membership, Newcomer, Opened, OwnChat, Progress, Sessions, Thread,
    Users,
};

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Users for FlakyStore {
    async fn users(&self, application: ApplicationId, numbers: &[UserNumber]) -> Result<Vec<User>> {
        self.inner("users")?.users(application, numbers).await
    }

    async fn user_by_name(&self, application: ApplicationId, folded: &str) -> Result<Option<User>> {
        let inner = self.inner("user_by_name")?;
        inner.user_by_name(application, folded).await
    }

    async fn user_by_token(&self, token: TokenHash) -> Result<Option<(ApplicationId, User)>> {
        self.inner("user_by_token")?.user_by_token(token).await
    }

    async fn users_page(
        &self,
        application: ApplicationId,
        span: Span,
        limit: Limit,
    ) -> Result<Page<User>> {
        let inner = self.inner("users_page")?;
        inner.users_page(application, span, limit).await
    }

    async fn saw(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
        at: Timestamp,
    ) -> Result<()> {
        self.inner("saw")?.saw(application, users, at).await
    }

    async fn device_keys(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
    ) -> Result<Vec<(UserNumber, DeviceKey)>> {
        let inner = self.inner("device_keys")?;
        inner.device_keys(application, users).await
    }

    async fn last_seen(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
    ) -> Result<Vec<(UserNumber, Timestamp)>> {
        let inner = self.inner("last_seen")?;
        inner.last_seen(application, users).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Sessions for FlakyStore {
    async fn open_session(&self, session: &Session, unchanged_since: Timestamp) -> Result<bool> {
        let inner = self.inner("open_session")?;
        inner.open_session(session, unchanged_since).await
    }

    async fn session(&self, token: TokenHash) -> Result<Option<Session>> {
        self.inner("session")?.session(token).await
    }

    async fn valid_sessions(&self, tokens: &[TokenHash], now: Timestamp) -> Result<Vec<TokenHash>> {
        self.inner("valid_sessions")?
            .valid_sessions(tokens, now)
            .await
    }

    async fn sessions(
        &self,
        application: ApplicationId,
        user: UserNumber,
        before: Option<Opened>,
        limit: Limit,
    ) -> Result<Vec<Session>> {
        let inner = self.inner("sessions")?;
        inner.sessions(application, user, before, limit).await
    }

    async fn end_session(
        &self,
        application: ApplicationId,
        user: UserNumber,
        id: SessionId,
    ) -> Result<bool> {
        let inner = self.inner("end_session")?;
        inner.end_session(application, user, id).await
    }

    async fn prune_sessions(&self, before: Timestamp, limit: Limit) -> Result<Progress> {
        let inner = self.inner("prune_sessions")?;
        inner.prune_sessions(before, limit).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Members for FlakyStore {
    async fn member(&self, chat: ChatId, user: UserNumber) -> Result<Option<Member>> {
        self.inner("member")?.member(chat, user).await
    }

    async fn members(&self, chat: ChatId, span: Span, limit: Limit) -> Result<Page<Member>> {
        self.inner("members")?.members(chat, span, limit).await
    }

    async fn chats_of(
        &self,
        application: ApplicationId,
        user: UserNumber,
        before: Option<Activity>,
        limit: Limit,
    ) -> Result<Page<OwnChat>> {
        let inner = self.inner("chats_of")?;
        inner.chats_of(application, user, before, limit).await
    }

    async fn chat_of(
        &self,
        application: ApplicationId,
        user: UserNumber,
        chat: ChatNumber,
    ) -> Result<Option<OwnChat>> {
        let inner = self.inner("chat_of")?;
        inner.chat_of(application, user, chat).await
    }

    async fn threads(
        &self,
        application: ApplicationId,
        user: UserNumber,
        after: ChatNumber,
        limit: Limit,
    ) -> Result<Page<Thread>> {
        let inner = self.inner("threads")?;
        inner.threads(application, user, after, limit).await
    }

    async fn memberships(
        &self,
        application: ApplicationId,
        user: UserNumber,
        after: ChatId,
        limit: Limit,
    ) -> Result<Page<Membership>> {
        let inner = self.inner("memberships")?;
        inner.memberships(application, user, after, limit).await
    }

    async fn companions(
        &self,
        application: ApplicationId,
        user: UserNumber,
        company: Company,
    ) -> Result<Vec<UserNumber>> {
        let inner = self.inner("companions")?;
        inner.companions(application, user, company).await
    }

    async fn newcomers(
        &self,
        after: (Timestamp, ChatId, UserNumber),
        limit: Limit,
    ) -> Result<Page<Newcomer>> {
        self.inner("newcomers")?.newcomers(after, limit).await
    }

    async fn left_behind(
        &self,
        of: Option<(ApplicationId, UserNumber)>,
        limit: Limit,
    ) -> Result<Vec<(ApplicationId, ChatNumber, UserNumber)>> {
        self.inner("left_behind")?.left_behind(of, limit).await
    }

    async fn ranges(
        &self,
        chat: ChatId,
        low: MessageNumber,
        high: MessageNumber,
    ) -> Result<Vec<(UserNumber, MessageNumber, MessageNumber)>> {
        self.inner("ranges")?.ranges(chat, low, high).await
    }
}
