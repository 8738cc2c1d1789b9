use std::collections::BTreeMap;
use std::ops::{Bound, Range};

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::ids::{ApplicationId, ChatId, ChatNumber, MessageNumber, UserNumber};
use crate::model::Member;
use crate::page::{Limit, Page, Span};
use crate::port::{Activity, Company, MAX_UNREAD, Members, Membership, Newcomer, OwnChat, Thread};

use super::read::{numbers, page};
use super::{Chat, MemoryStore, Result, State};

impl State {
    fn own_chat(&self, id: ChatId, user: UserNumber) -> Option<OwnChat> {
        let chat = self.live_chat(id)?;
        let member = chat.members.get(&user).filter(|member| member.is_there())?;
        let latest = chat.messages.values().rev().find(|one| !one.is_deleted());
        Some(OwnChat {
            chat: self.chat_info(id)?,
            member: member.clone(),
            latest: latest.map(|message| self.shown(chat.application, message)),
            unread: chat.unread(member),
            has_ranges: !chat.ranges.is_empty(),
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

    async fn chat_of(
        &self,
        application: ApplicationId,
        user: UserNumber,
        chat: ChatNumber,
    ) -> Result<Option<OwnChat>> {
        let state = self.state();
        let id = state.numbers.get(&(application, chat));
        Ok(id.and_then(|id| state.own_chat(*id, user)))
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

    async fn companions(
        &self,
        application: ApplicationId,
        user: UserNumber,
        company: Company,
    ) -> Result<Vec<UserNumber>> {
        let state = self.state();
        let first = (application, user, ChatId(i64::MIN));
        let mut chats: Vec<&Chat> = state
            .memberships
            .range(first..=(application, user, ChatId(i64::MAX)))
            .filter_map(|(_, _, id)| state.live_chat(*id))
            .filter(|chat| chat.members.get(&user).is_some_and(Member::is_there))
            .filter(|chat| chat.state.members <= company.members)
            .collect();
        chats.sort_by_key(|chat| std::cmp::Reverse((chat.state.active_at, chat.state.number)));
        chats.truncate(company.chats.get());
        let mut found: BTreeMap<UserNumber, Timestamp> = BTreeMap::new();
        for chat in chats {
            let there = chat.members.values().filter(|one| one.is_there());
            for other in there.filter(|one| one.user != user) {
                found.entry(other.user).or_insert(chat.state.active_at);
            }
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by_key(|(other, at)| (std::cmp::Reverse(*at), *other));
        found.truncate(company.users.get());
        Ok(found.into_iter().map(|(other, _)| other).collect())
    }

    async fn newcomers(
        &self,
        after: (Timestamp, ChatId, UserNumber),
        limit: Limit,
    ) -> Result<Page<Newcomer>> {
        let state = self.state();
        let there = state.memberships.iter();
        let there = there.filter_map(|(application, user, id)| {
            let chat = state.live_chat(*id)?;
            let member = chat.members.get(user)?;
            member.is_there().then_some(Newcomer {
                application: *application,
                user: *user,
                chat: *id,
                number: chat.state.number,
                joined_at: member.joined_at,
            })
        });
        let mut came: Vec<_> = there.filter(|one| one.place() > after).collect();
        came.sort_unstable_by_key(Newcomer::place);
        came.truncate(limit.one_more());
        Ok(Page::cut(came, limit, Span::After(0)))
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
