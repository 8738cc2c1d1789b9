use std::ops::{Bound, Range};

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::ids::{
    ApplicationId, ChatId, ChatNumber, MessageNumber, SessionId, TokenHash, UserNumber,
};
use crate::model::{Member, Session, User};
use crate::page::{Limit, Page, Span};
use crate::port::{
    Activity, MAX_UNREAD, Members, Membership, Opened, OwnChat, Progress, SEEN_AGAIN, Sessions,
    Thread, Users,
};

use super::read::{numbers, page};
use super::{Chat, MemoryStore, Result, State};

impl State {
    pub(super) fn user(&self, application: ApplicationId, number: UserNumber) -> Option<&User> {
        let user = self.users.get(&(application, number));
        user.filter(|user| !user.is_deleted() && self.is_open(application))
    }

    fn own_chat(&self, id: ChatId, user: UserNumber) -> Option<OwnChat> {
        let chat = self.live_chat(id)?;
        let member = chat.members.get(&user).filter(|member| member.is_there())?;
        let latest = chat.messages.values().rev().find(|one| !one.is_deleted());
        Some(OwnChat {
            chat: self.chat_info(id)?,
            member: member.clone(),
            latest: latest.map(|message| self.shown(chat.application, message)),
            unread: chat.unread(member),
        })
    }

    fn thread(&self, id: ChatId, user: UserNumber) -> Option<Thread> {
        let chat = self.live_chat(id)?;
        chat.members.get(&user).filter(|member| member.is_there())?;
        let info = self.chat_info(id).filter(|info| info.direct.is_some())?;
        let marks = chat.members.values().map(|member| member.read);
        let read = marks.max().unwrap_or_default();
        Some(Thread {
            unread: chat.unread_by_all(read),
            chat: info,
            read,
        })
    }
}

impl Chat {
    /// How many messages above this one nobody has read apart.
    fn unread_by_all(&self, above: MessageNumber) -> u64 {
        let is_read = |number: &MessageNumber| {
            let mut ranges = self.ranges.iter();
            ranges.any(|((_, low), high)| low <= number && number <= high)
        };
        let above = self.messages.range(above.next()..);
        let unread = above.filter(|(number, message)| !message.is_deleted() && !is_read(number));
        unread.count() as u64
    }

    fn unread(&self, member: &Member) -> u64 {
        let is_read = |number: MessageNumber| {
            let ranges = (member.user, MessageNumber::ZERO)..=(member.user, number);
            let range = self.ranges.range(ranges).last();
            range.is_some_and(|(_, high)| *high >= number)
        };
        let above = self.messages.range(member.read.next()..);
        let unread = above.filter(|(number, message)| {
            message.sender != Some(member.user) && !message.is_deleted() && !is_read(**number)
        });
        unread.count().min(MAX_UNREAD as usize) as u64
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

#[async_trait]
impl Members for MemoryStore {
    async fn member(&self, chat: ChatId, user: UserNumber) -> Result<Option<Member>> {
        let state = self.state();
        let chat = state.live_chat(chat);
        Ok(chat.and_then(|chat| chat.members.get(&user).cloned()))
    }

    async fn members(&self, chat: ChatId, span: Span, limit: Limit) -> Result<Page<Member>> {
        let state = self.state();
        let members = state.live_chat(chat).into_iter().flat_map(|chat| {
            let Range { start, end } = numbers(span, u64::MAX);
            chat.members.range(UserNumber(start)..UserNumber(end))
        });
        let there = members
            .map(|(_, member)| member)
            .filter(|one| one.is_there());
        Ok(page(there.cloned(), span, limit))
    }

    async fn chats_of(
        &self,
        application: ApplicationId,
        user: UserNumber,
        before: Option<Activity>,
        limit: Limit,
    ) -> Result<Page<OwnChat>> {
        let state = self.state();
        let first = (application, user, ChatId(i64::MIN));
        let mut chats: Vec<OwnChat> = state
            .memberships
            .range(first..=(application, user, ChatId(i64::MAX)))
            .filter_map(|(_, _, chat)| state.own_chat(*chat, user))
            .filter(|own| !own.is_hidden())
            .filter(|own| before.is_none_or(|before| own.activity() < before))
            .collect();
        chats.sort_by_key(|own| std::cmp::Reverse(own.activity()));
        let more = chats.len() > limit.get();
        chats.truncate(limit.get());
        Ok(Page { items: chats, more })
    }

    async fn chat_of(&self, chat: ChatId, user: UserNumber) -> Result<Option<OwnChat>> {
        Ok(self.state().own_chat(chat, user))
    }

    async fn threads(
        &self,
        application: ApplicationId,
        user: UserNumber,
        after: ChatNumber,
        limit: Limit,
    ) -> Result<Page<Thread>> {
        let state = self.state();
        let first = (application, user, ChatId(i64::MIN));
        let mut threads: Vec<Thread> = state
            .memberships
            .range(first..=(application, user, ChatId(i64::MAX)))
            .filter_map(|(_, _, chat)| state.thread(*chat, user))
            .filter(|thread| thread.chat.number > after)
            .collect();
        threads.sort_by_key(|thread| thread.chat.number);
        let more = threads.len() > limit.get();
        threads.truncate(limit.get());
        let items = threads;
        Ok(Page { items, more })
    }

    async fn memberships(
        &self,
        application: ApplicationId,
        user: UserNumber,
        after: ChatId,
        limit: Limit,
    ) -> Result<Page<Membership>> {
        let state = self.state();
        let first = Bound::Excluded((application, user, after));
        let last = Bound::Included((application, user, ChatId(i64::MAX)));
        let chats = state.memberships.range((first, last));
        let there = chats.filter_map(|(_, _, id)| {
            let chat = state.live_chat(*id)?;
            chat.members.get(&user).filter(|member| member.is_there())?;
            Some(Membership {
                chat: *id,
                number: chat.state.number,
                head: chat.state.head,
            })
        });
        let found = there.take(limit.one_more()).collect();
        Ok(Page::cut(found, limit, Span::After(0)))
    }

    async fn newcomers(
        &self,
        since: Timestamp,
        limit: Limit,
    ) -> Result<Vec<(ApplicationId, UserNumber, ChatNumber)>> {
        let state = self.state();
        let came = state
            .memberships
            .iter()
            .filter_map(|(application, user, id)| {
                let chat = state.live_chat(*id)?;
                let member = chat.members.get(user)?;
                let is_new = member.is_there() && member.joined_at >= since;
                is_new.then_some((*application, *user, chat.state.number))
            });
        Ok(came.take(limit.get()).collect())
    }

    async fn left_behind(
        &self,
        of: Option<(ApplicationId, UserNumber)>,
        limit: Limit,
    ) -> Result<Vec<(ApplicationId, ChatNumber, UserNumber)>> {
        let state = self.state();
        let left = state
            .memberships
            .iter()
            .filter_map(|(application, user, id)| {
                let wanted = of.is_none_or(|of| of == (*application, *user));
                let chat = state.live_chat(*id).filter(|_| wanted)?;
                let told = chat.members.get(user)?.gone;
                let gone = state.user(*application, *user).is_none();
                (gone && !told).then_some((*application, chat.state.number, *user))
            });
        Ok(left.take(limit.get()).collect())
    }

    async fn ranges(
        &self,
        chat: ChatId,
        low: MessageNumber,
        high: MessageNumber,
    ) -> Result<Vec<(UserNumber, MessageNumber, MessageNumber)>> {
        let state = self.state();
        let Some(chat) = state.live_chat(chat) else {
            return Ok(Vec::new());
        };
        let ranges = chat.ranges.iter();
        let ranges = ranges.map(|((user, first), last)| (*user, *first, *last));
        Ok(ranges
            .filter(|(_, first, last)| *first <= high && *last >= low)
            .collect())
    }
}
