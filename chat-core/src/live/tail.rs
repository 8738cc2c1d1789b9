//! What last happened in a room, for those who come back: it is read for the first of them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::ids::{Head, UserNumber};

use super::batch::furthest;
use super::{Batch, Shared};

/// It has so many batches, and so many bytes, at most.
const BATCHES: usize = 32;
const BYTES: usize = 256 << 10;
/// So many that begin elsewhere than the first batch does are shared by those who have come as far.
const BEGINNINGS: usize = 32;
/// Those take so many bytes beside the batches, at most.
const BEGUN_BYTES: usize = BYTES;
/// It is forgotten when nobody came back for so long.
const KEPT: Duration = Duration::from_secs(15);

/// Batches without a gap, up to the head of the room.
#[derive(Debug, Default)]
pub(super) struct Tail {
    batches: VecDeque<(Arc<Shared<Batch>>, usize)>,
    bytes: usize,
    beginnings: Beginnings,
    /// When somebody last came back.
    used: Option<Instant>,
}

/// What those are told first who had come to somewhere within a batch.
#[derive(Debug, Default)]
struct Beginnings {
    known: HashMap<Head, (Arc<Shared<Batch>>, usize)>,
    bytes: usize,
}

impl Tail {
    /// Begins anew, with this.
    pub(super) fn begin(&mut self, batch: Arc<Shared<Batch>>, bytes: usize) {
        *self = Self::default();
        self.used = Some(Instant::now());
        self.push(batch, bytes);
    }

    /// Goes on with what follows, if it has begun. What is too long is forgotten, and what is taken back: nobody is told a text that
    /// was deleted before he came.
    pub(super) fn go_on(&mut self, batch: &Arc<Shared<Batch>>, bytes: usize) {
        if batch.takes_back() {
            *self = Self::default();
        } else if !self.batches.is_empty() {
            self.push(batch.clone(), bytes);
        }
    }

    fn push(&mut self, batch: Arc<Shared<Batch>>, bytes: usize) {
        self.bytes += bytes;
        self.batches.push_back((batch, bytes));
        if self.bytes > BYTES || self.batches.len() > BATCHES {
            *self = Self::default();
        }
    }

    /// Forgets what nobody came back for.
    pub(super) fn age(&mut self) {
        let is_old = self.used.is_none_or(|used| used.elapsed() > KEPT);
        if is_old && !self.batches.is_empty() {
            *self = Self::default();
        }
    }

    /// Whether it has all that happened after `at`.
    pub(super) fn reaches(&self, at: Head) -> bool {
        let first = self.batches.front();
        first.is_some_and(|(first, _)| at.covers(first.from.head))
    }

    /// Whether this user takes part, by the last batch that says so or otherwise.
    pub(super) fn says(&self, user: UserNumber) -> Option<bool> {
        let batches = self.batches.iter().rev();
        batches.filter_map(|(batch, _)| batch.says(user)).next()
    }

    /// What happened after `at`, which it [reaches](Tail::reaches).
    pub(super) fn after(&mut self, at: Head) -> Vec<(Arc<Shared<Batch>>, usize)> {
        self.used = Some(Instant::now());
        let (mut at, mut after) = (at, Vec::new());
        for (batch, bytes) in &self.batches {
            if at.covers(batch.to.head) {
                continue;
            }
            let told = match batch.from.head == at {
                true => (batch.clone(), *bytes),
                false => self.beginnings.of(batch, at),
            };
            at = furthest(at, batch.to.head);
            after.push(told);
        }
        after
    }
}

impl Beginnings {
    /// What of a batch is new to those who have come to `at`. It is shared while there is room for it.
    fn of(&mut self, batch: &Batch, at: Head) -> (Arc<Shared<Batch>>, usize) {
        if let Some(known) = self.known.get(&at) {
            return known.clone();
        }
        let made = batch.after(at);
        let bytes = made.bytes();
        let made = (Arc::new(Shared::new(made)), bytes);
        if self.known.len() < BEGINNINGS && self.bytes + bytes <= BEGUN_BYTES {
            self.bytes += bytes;
            self.known.insert(at, made.clone());
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::Post;
    use crate::ids::MessageNumber;
    use crate::live::{Ear, News, Rest};
    use crate::text::{Body, Name};
    use crate::{Access, Chat, Parts};

    #[tokio::test]
    async fn what_those_have_who_came_from_elsewhere_is_bounded_too() {
        let chat = Chat::start(Parts::in_memory()).await.unwrap();
        let shop = Name::parse("shop").unwrap();
        let shop = chat.create_application(shop, true, None).await.unwrap();
        let access = Access::from(shop.value.token);
        let room = chat.create_chat(access, None, None).await.unwrap().value;
        for _ in 0..30 {
            let post = Post {
                body: Body::parse("x".repeat(8_000)).unwrap(),
                data: None,
                reply_to: None,
            };
            chat.post(access, room.number, post, None).await.unwrap();
        }
        let listener = chat.listen(Ear::of(access)).await.unwrap();
        let from = [(room.number, Some(room.cursor))];
        listener.follow(&from, Rest::Later).await.unwrap();
        let News::Batch(batch) = listener.next().await else {
            panic!("there is something to catch up with");
        };
        let bytes = batch.bytes();
        let mut tail = Tail::default();
        tail.begin(batch.clone(), bytes);
        for number in 1..30 {
            let at = Head {
                number: MessageNumber(number),
                ..batch.from.head
            };
            assert_eq!(tail.after(at).len(), 1);
        }
        let kept: usize = tail.beginnings.known.values().map(|(_, bytes)| bytes).sum();
        assert!((1..=BYTES).contains(&kept), "{kept}");
    }
}
