use std::collections::BTreeMap;
use std::ops::Range;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::ids::{ApplicationId, SessionId, TokenHash, UserNumber};
use crate::model::{DeviceKey, Session, User};
use crate::page::{Limit, Page, Span};
use crate::port::{Opened, Progress, SEEN_AGAIN, Sessions, Users};

use super::read::{numbers, page};
use super::{MemoryStore, Result, State};

impl State {
    pub(super) fn user(&self, application: ApplicationId, number: UserNumber) -> Option<&User> {
        let user = self.users.get(&(application, number));
        user.filter(|user| !user.is_deleted() && self.is_open(application))
    }

    /// Ascending by device.
    pub(super) fn keys_of(&self, application: ApplicationId, user: UserNumber) -> Vec<DeviceKey> {
        let keys = self.device_keys.get(&(application, user));
        keys.into_iter()
            .flat_map(BTreeMap::values)
            .cloned()
            .collect()
    }
}

#[async_trait]
impl Users for MemoryStore {
    async fn users(&self, application: ApplicationId, numbers: &[UserNumber]) -> Result<Vec<User>> {
        let state = self.state();
        let mut numbers = numbers.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        let found = numbers.iter();
        let found = found.filter_map(|number| state.user(application, *number).cloned());
        Ok(found.collect())
    }

    async fn user_by_name(&self, application: ApplicationId, folded: &str) -> Result<Option<User>> {
        let state = self.state();
        let number = state.usernames.get(&(application, folded.to_owned()));
        Ok(number.and_then(|number| state.user(application, *number).cloned()))
    }

    async fn user_by_token(&self, token: TokenHash) -> Result<Option<(ApplicationId, User)>> {
        let state = self.state();
        Ok(state
            .lasting_tokens
            .get(&token)
            .and_then(|(application, number)| {
                Some((*application, state.user(*application, *number)?.clone()))
            }))
    }

    async fn users_page(
        &self,
        application: ApplicationId,
        span: Span,
        limit: Limit,
    ) -> Result<Page<User>> {
        let state = self.state();
        let Range { start, end } = numbers(span, u64::MAX);
        let rows = (application, UserNumber(start))..(application, UserNumber(end));
        let users = state.users.range(rows);
        let users = users.filter_map(|((_, number), _)| state.user(application, *number).cloned());
        Ok(page(users, span, limit))
    }

    async fn saw(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
        at: Timestamp,
    ) -> Result<()> {
        let mut state = self.state();
        for user in users {
            if state.user(application, *user).is_none() {
                continue;
            }
            let seen = state.seen.entry((application, *user)).or_insert(at);
            if at.0 - seen.0 >= SEEN_AGAIN {
                *seen = at;
            }
        }
        Ok(())
    }

    async fn device_keys(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
    ) -> Result<Vec<(UserNumber, DeviceKey)>> {
        let found = self.users(application, users).await?;
        let state = self.state();
        let keys = found.iter().flat_map(|user| {
            let keys = state.keys_of(application, user.number).into_iter();
            keys.map(|key| (user.number, key))
        });
        Ok(keys.collect())
    }

    async fn last_seen(
        &self,
        application: ApplicationId,
        users: &[UserNumber],
    ) -> Result<Vec<(UserNumber, Timestamp)>> {
        let found = self.users(application, users).await?;
        let state = self.state();
        let seen = found.iter().filter_map(|user| {
            let seen = state.seen.get(&(application, user.number))?;
            Some((user.number, *seen))
        });
        Ok(seen.collect())
    }
}

#[async_trait]
impl Sessions for MemoryStore {
    async fn open_session(&self, session: &Session, unchanged_since: Timestamp) -> Result<bool> {
        let mut state = self.state();
        let user = state.user(session.application, session.user);
        let unchanged = user.is_some_and(|user| user.updated_at == unchanged_since);
        if unchanged {
            state.sessions.insert(session.token, session.clone());
        }
        Ok(unchanged)
    }

    async fn session(&self, token: TokenHash) -> Result<Option<Session>> {
        let state = self.state();
        let session = state.sessions.get(&token);
        Ok(session
            .filter(|one| state.user(one.application, one.user).is_some())
            .cloned())
    }

    async fn valid_sessions(&self, tokens: &[TokenHash], now: Timestamp) -> Result<Vec<TokenHash>> {
        let state = self.state();
        let stands = |token: &&TokenHash| {
            let session = state.sessions.get(token);
            session.is_some_and(|one| {
                one.expires_at > now && state.user(one.application, one.user).is_some()
            })
        };
        Ok(tokens.iter().filter(stands).copied().collect())
    }

    async fn sessions(
        &self,
        application: ApplicationId,
        user: UserNumber,
        before: Option<Opened>,
        limit: Limit,
    ) -> Result<Vec<Session>> {
        let state = self.state();
        let mut sessions: Vec<Session> = state
            .sessions
            .values()
            .filter(|one| (one.application, one.user) == (application, user))
            .filter(|one| before.is_none_or(|place| Opened::of(one) < place))
            .cloned()
            .collect();
        sessions.sort_by_key(|one| std::cmp::Reverse(Opened::of(one)));
        sessions.truncate(limit.get());
        Ok(sessions)
    }

    async fn end_session(
        &self,
        application: ApplicationId,
        user: UserNumber,
        id: SessionId,
    ) -> Result<bool> {
        let mut state = self.state();
        let before = state.sessions.len();
        state
            .sessions
            .retain(|_, one| (one.application, one.user, one.id) != (application, user, id));
        Ok(state.sessions.len() < before)
    }

    async fn prune_sessions(&self, before: Timestamp, limit: Limit) -> Result<Progress> {
        let mut state = self.state();
        let expired = state.sessions.values();
        let expired: Vec<TokenHash> = expired
            .filter(|one| one.expires_at < before)
            .map(|one| one.token)
            .take(limit.one_more())
            .collect();
        let more = expired.len() > limit.get();
        for token in expired.iter().take(limit.get()) {
            state.sessions.remove(token);
        }
        let rows = expired.len().min(limit.get()) as u64;
        Ok(Progress { rows, more })
    }
}
