use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::{BackendError, ErrorKind};
use crate::ids::{ApplicationId, Change, ChatId, Epoch, MessageNumber};
use crate::port::{Document, Hit, Order, Search, SearchQuery, SearchScope};
use crate::terms::{Index, cut};

type Result<T> = std::result::Result<T, BackendError>;

/// A search index in memory.
#[derive(Debug, Default)]
pub struct MemorySearch(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    live: Copy,
    rebuilt: Option<Copy>,
    built_from: Option<Epoch>,
}

/// One copy of the messages.
#[derive(Debug, Default)]
struct Copy {
    index: Index<Place>,
    known: BTreeMap<Place, Known>,
    puts: u64,
}

type Place = (ChatId, MessageNumber);

#[derive(Debug)]
struct Known {
    application: ApplicationId,
    version: Change,
    /// What orders an application's messages: when it was created, and which new one it was.
    position: u64,
    /// How many terms it has.
    length: usize,
}

impl Copy {
    fn put(&mut self, document: &Document) {
        let place = (document.chat, document.number);
        let position = match self.known.get(&place) {
            Some(known) if known.version >= document.version => return,
            Some(known) => known.position,
            None => {
                self.puts += 1;
                position(document.created_at, self.puts)
            }
        };
        let terms = document.body.as_deref().map(cut).unwrap_or_default();
        self.index.put(place, &terms);
        let known = Known {
            application: document.application,
            version: document.version,
            position,
            length: terms.split(' ').count(),
        };
        self.known.insert(place, known);
    }

    fn erase(&mut self, chat: ChatId) {
        let all = (chat, MessageNumber::ZERO)..=(chat, MessageNumber::MAX);
        let places: Vec<Place> = self.known.range(all).map(|(place, _)| *place).collect();
        for place in places {
            self.known.remove(&place);
            self.index.remove(place);
        }
    }

    fn query(&self, query: &SearchQuery) -> Vec<Hit> {
        let mut found: Vec<(Hit, usize)> = self
            .index
            .find(&query.query.clauses())
            .into_iter()
            .filter_map(|place| self.hit(place, query.scope))
            .filter(|(hit, _)| follows(hit, query))
            .collect();
        match query.order {
            Order::Newest => found.sort_by_key(|(hit, _)| Reverse(hit.position)),
            Order::Oldest => found.sort_by_key(|(hit, _)| hit.position),
            // What is asked for makes up more of a short text.
            Order::Relevance => {
                found.sort_by_key(|(hit, length)| (*length, Reverse(hit.position)));
            }
        }
        found.truncate(query.limit.get());
        found.into_iter().map(|(hit, _)| hit).collect()
    }

    fn hit(&self, place: Place, scope: SearchScope) -> Option<(Hit, usize)> {
        let known = self.known.get(&place)?;
        let (chat, number) = place;
        let position = match scope {
            SearchScope::Chat(application, wanted) => {
                (chat == wanted && known.application == application).then_some(number.0)
            }
            SearchScope::Application(wanted) => {
                (known.application == wanted).then_some(known.position)
            }
        }?;
        let hit = Hit {
            chat,
            number,
            position,
        };
        Some((hit, known.length))
    }
}

/// The second, with room for a million new messages in it: 52 bits until the year 2106.
fn position(created_at: Timestamp, puts: u64) -> u64 {
    const BITS: u32 = 20;
    let second = u64::try_from(created_at.0.div_euclid(1_000_000)).unwrap_or(0);
    second << BITS | puts & ((1 << BITS) - 1)
}

fn follows(hit: &Hit, query: &SearchQuery) -> bool {
    match (query.order, query.after) {
        (Order::Newest, Some(after)) => hit.position < after,
        (Order::Oldest, Some(after)) => hit.position > after,
        _ => true,
    }
}

impl MemorySearch {
    /// An empty index.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_copy(op: &'static str) -> BackendError {
    BackendError::new(ErrorKind::NotFound, "memory", op)
}

#[async_trait]
impl Search for MemorySearch {
    async fn put(&self, documents: &[Document]) -> Result<()> {
        let mut state = self.state();
        let State { live, rebuilt, .. } = &mut *state;
        for copy in std::iter::once(live).chain(rebuilt) {
            documents.iter().for_each(|one| copy.put(one));
        }
        Ok(())
    }

    async fn query(&self, query: &SearchQuery) -> Result<Vec<Hit>> {
        Ok(self.state().live.query(query))
    }

    async fn erase(&self, chat: ChatId) -> Result<()> {
        let mut state = self.state();
        state.live.erase(chat);
        if let Some(rebuilt) = &mut state.rebuilt {
            rebuilt.erase(chat);
        }
        Ok(())
    }

    async fn refresh(&self) -> Result<()> {
        Ok(())
    }

    async fn rebuild(&self) -> Result<()> {
        self.state().rebuilt = Some(Copy::default());
        Ok(())
    }

    async fn refill(&self, documents: &[Document]) -> Result<()> {
        let mut state = self.state();
        let rebuilt = state.rebuilt.as_mut().ok_or_else(|| no_copy("refill"))?;
        documents.iter().for_each(|one| rebuilt.put(one));
        Ok(())
    }

    async fn swap(&self, epoch: Epoch) -> Result<()> {
        let mut state = self.state();
        state.live = state.rebuilt.take().ok_or_else(|| no_copy("swap"))?;
        state.built_from = Some(epoch);
        Ok(())
    }

    async fn built_from(&self) -> Result<Option<Epoch>> {
        Ok(self.state().built_from)
    }

    async fn ready(&self) -> Result<()> {
        Ok(())
    }
}
