use std::collections::BTreeMap;

use crate::commit::{ApplicationFacts, ChatFacts, Facts, Needs, ScopeNeeds};
use crate::ids::{ApplicationId, ChatNumber, MessageNumber};

use super::State;

impl State {
    pub(super) fn load(&self, needs: &Needs) -> Facts {
        let mut facts = Facts {
            has_default: self.default_application.is_some(),
            names: needs
                .names
                .iter()
                .filter(|name| self.names.contains_key(*name))
                .cloned()
                .collect(),
            tokens: needs
                .tokens
                .iter()
                .filter_map(|hash| Some((*hash, *self.tokens.get(hash)?)))
                .collect(),
            imports: needs
                .sources
                .iter()
                .filter_map(|source| Some((*source, *self.imports.get(source)?)))
                .collect(),
            operations: needs
                .operations
                .iter()
                .filter_map(|id| Some((*id, self.operations.get(id)?.outcome.clone())))
                .collect(),
            ..Facts::default()
        };
        for (id, needs) in needs.by_application(&facts.tokens) {
            for key in &needs.keys {
                if let Some(known) = self.requests.get(&(id, *key)) {
                    facts.requests.insert((id, *key), known.clone());
                }
            }
            if let Some(state) = self.applications.get(&id) {
                let found = ApplicationFacts {
                    state: state.clone(),
                    chats: self.load_chats(id, &needs),
                    users: needs
                        .users
                        .iter()
                        .filter_map(|user| Some((*user, self.users.get(&(id, *user))?.clone())))
                        .collect(),
                    devices: needs
                        .devices
                        .iter()
                        .map(|user| (*user, self.keys_of(id, *user)))
                        .collect(),
                    usernames: needs
                        .usernames
                        .iter()
                        .filter(|name| self.usernames.contains_key(&(id, (*name).clone())))
                        .cloned()
                        .collect(),
                    chat_names: needs
                        .chat_names
                        .iter()
                        .filter(|name| self.chat_names.contains_key(&(id, (*name).clone())))
                        .cloned()
                        .collect(),
                    pairs: needs
                        .pairs
                        .iter()
                        .filter_map(|pair| Some((*pair, *self.pairs.get(&(id, *pair))?)))
                        .collect(),
                };
                facts.applications.insert(id, found);
            }
        }
        facts
    }

    fn load_chats(
        &self,
        application: ApplicationId,
        needs: &ScopeNeeds,
    ) -> BTreeMap<ChatNumber, ChatFacts> {
        let mut found = BTreeMap::new();
        for number in &needs.chats {
            if let Some(chat) = self
                .numbers
                .get(&(application, *number))
                .and_then(|id| self.chats.get(id))
            {
                let facts = ChatFacts {
                    state: chat.state.clone(),
                    messages: BTreeMap::new(),
                    members: BTreeMap::new(),
                    ranges: BTreeMap::new(),
                };
                found.insert(*number, facts);
            }
        }
        for (number, message) in &needs.messages {
            if let Some(facts) = found.get_mut(number)
                && let Some(id) = facts.state.id
                && let Some(message) = self
                    .chats
                    .get(&id)
                    .and_then(|chat| chat.messages.get(message))
            {
                facts.messages.insert(message.number, message.clone());
            }
        }
        let chat = |number: ChatNumber| {
            let id = self.numbers.get(&(application, number));
            id.and_then(|id| self.chats.get(id))
        };
        for (number, user) in &needs.members {
            if let Some(facts) = found.get_mut(number)
                && let Some(member) = chat(*number).and_then(|chat| chat.members.get(user))
            {
                facts.members.insert(*user, member.clone());
            }
        }
        for needs in &needs.ranges {
            if let Some(facts) = found.get_mut(&needs.chat)
                && let Some(chat) = chat(needs.chat)
            {
                let own = (needs.user, MessageNumber::ZERO)..=(needs.user, needs.high);
                let met = chat
                    .ranges
                    .range(own)
                    .filter(|(_, high)| **high >= needs.low);
                facts.ranges.extend(met.map(|(low, high)| (*low, *high)));
            }
        }
        found
    }
}
