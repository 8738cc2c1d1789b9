//! Several lanes into one Store.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::commit::{Outcome, Request, Scope};
use crate::error::ChatError;
use crate::ids::ChatNumber;

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
        let lane = place(request.scope, request.command.chat(), self.0.len());
        self.0[lane].submit(request).await
    }

    /// Closes all of them.
    pub fn close(&self) {
        self.0.iter().for_each(Lane::close);
    }
}

/// Which of `count` lanes a command takes: the same for the same scope and chat in every process, whatever it was built by.
#[must_use]
pub fn place(scope: Scope, chat: Option<ChatNumber>, count: usize) -> usize {
    let mut hash = Sha256::new();
    match scope {
        Scope::Root => hash.update([0]),
        Scope::Application(id) => hash.update([&[1], &id.0.to_be_bytes()[..]].concat()),
        Scope::Token(token) => hash.update([&[2], &token.0[..]].concat()),
    }
    let chat = chat.map_or(0, |chat| chat.0);
    hash.update(chat.to_be_bytes());
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(hash.finalize());
    (u64::from_be_bytes([a, b, c, d, e, f, g, h]) % count as u64) as usize
}
