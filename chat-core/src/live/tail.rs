//! What last happened in a room, for those who come back: it is read for the first of them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::ids::{Head, UserNumber};

use super::batch::furthest;
use super::{Batch, Shared};

/// It has so many batches, and so many bytes, at most.
const BATCHES: usize = 32;
const BYTES: usize = 256 << 10;
/// So many that begin elsewhere than the first batch does are shared by those who have come as far.
const BEGINNINGS: usize = 32;
/// It is forgotten when nobody came back while so many looks were taken.
const LOOKS: u8 = 5;

/// Batches without a gap, up to the head of the room.
#[derive(Debug, Default)]
pub(super) struct Tail {
    batches: VecDeque<(Arc<Shared<Batch>>, usize)>,
    bytes: usize,
    beginnings: HashMap<Head, (Arc<Shared<Batch>>, usize)>,
    unused: u8,
}

impl Tail {
    /// Begins anew, with this.
    pub(super) fn begin(&mut self, batch: Arc<Shared<Batch>>, bytes: usize) {
        *self = Self::default();
        self.push(batch, bytes);
    }

    /// Goes on with what follows, if it has begun. What is too long is forgotten.
    pub(super) fn go_on(&mut self, batch: &Arc<Shared<Batch>>, bytes: usize) {
        if !self.batches.is_empty() {
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

    /// A second has passed.
    pub(super) fn age(&mut self) {
        self.unused = self.unused.saturating_add(1);
        if self.unused > LOOKS && !self.batches.is_empty() {
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
        self.unused = 0;
        let (mut at, mut after) = (at, Vec::new());
        for (batch, bytes) in &self.batches {
            if at.covers(batch.to.head) {
                continue;
            }
            let told = match batch.from.head == at {
                true => (batch.clone(), *bytes),
                false => beginning(&mut self.beginnings, batch, at),
            };
            at = furthest(at, batch.to.head);
            after.push(told);
        }
        after
    }
}

fn beginning(
    known: &mut HashMap<Head, (Arc<Shared<Batch>>, usize)>,
    batch: &Batch,
    at: Head,
) -> (Arc<Shared<Batch>>, usize) {
    if let Some(known) = known.get(&at) {
        return known.clone();
    }
    let made = batch.after(at);
    let bytes = made.bytes();
    let made = (Arc::new(Shared::new(made)), bytes);
    if known.len() < BEGINNINGS {
        known.insert(at, made.clone());
    }
    made
}
