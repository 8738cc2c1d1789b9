//! Several lanes into one Store.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use crate::commit::{Outcome, Request};
use crate::error::ChatError;

use super::Lane;

/// Lanes side by side, for a Store that commits several batches at once. What belongs to one chat takes one lane, so that it meets
/// in a batch instead of waiting for a lock.
#[derive(Clone)]
pub struct Lanes(Arc<[Lane]>);

impl Lanes {
    /// These lanes, at least one.
    #[must_use]
    pub fn new(lanes: impl IntoIterator<Item = Lane>) -> Self {
        Self(lanes.into_iter().collect())
    }

    /// As [`Lane::submit`], in the lane of the request.
    ///
    /// # Errors
    /// As [`Lane::submit`].
    pub async fn submit(&self, request: Request) -> Result<Outcome, ChatError> {
        self.0[place(&request, self.0.len())].submit(request).await
    }

    /// Closes all of them.
    pub fn close(&self) {
        self.0.iter().for_each(Lane::close);
    }
}

/// Which of `count` lanes a request takes: the same for the same scope and chat, in every process.
#[must_use]
pub fn place(request: &Request, count: usize) -> usize {
    let mut hash = DefaultHasher::new();
    (request.scope, request.command.chat()).hash(&mut hash);
    (hash.finish() % count as u64) as usize
}
