//! Moves a whole store into an empty one, part by part, and compares two stores row by row.

mod compare;
mod digest;
mod first;

use std::sync::Arc;

use crate::error::BackendError;
use crate::ids::Epoch;
use crate::page::Limit;
use crate::port::{Part, Place, Rows, Transfer};

pub use compare::{Comparison, Difference, Found, Report, What};

type Result<T> = std::result::Result<T, BackendError>;

/// How many rows went by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Applications, deleted ones included.
    pub applications: u64,
    /// Users, deleted ones included.
    pub users: u64,
    /// Chats, deleted ones included.
    pub chats: u64,
    /// Members of chats, those who left included.
    pub members: u64,
    /// Messages and tombstones.
    pub messages: u64,
    /// Sessions, ranges of messages that were read, remembered keys, recorded operations and sources of imports.
    pub records: u64,
}

impl Tally {
    fn add(&mut self, rows: &Rows) {
        let count = match rows {
            Rows::Applications(_) => &mut self.applications,
            Rows::Users(_) => &mut self.users,
            Rows::Chats(_) => &mut self.chats,
            Rows::Members(_) => &mut self.members,
            Rows::Messages(_) => &mut self.messages,
            Rows::Sessions(_)
            | Rows::Ranges(_)
            | Rows::Requests(_)
            | Rows::Operations(_)
            | Rows::Imports(_) => &mut self.records,
            Rows::LastMessageId(_) => return,
        };
        *count += rows.len() as u64;
    }
}

/// A transfer on its way. It may be dropped at any time: what was written stays, and another one goes on from there.
pub struct Mover {
    source: Arc<dyn Transfer>,
    target: Arc<dyn Transfer>,
    next: Part,
    tally: Tally,
}

impl Mover {
    /// Begins, or goes on with what was begun from the same source, which has this epoch.
    ///
    /// # Errors
    /// `Conflict`: the target holds something else.
    pub async fn begin(
        source: Arc<dyn Transfer>,
        epoch: Epoch,
        target: Arc<dyn Transfer>,
    ) -> Result<Self> {
        let place = target.begin(epoch).await?;
        let next = source.read(place, Limit::MAX).await?;
        let tally = Tally::default();
        Ok(Self {
            source,
            target,
            next,
            tally,
        })
    }

    /// Moves one part, and reads the next one meanwhile. Answers what was moved so far, `None` when all of it is.
    ///
    /// # Errors
    /// What one of the stores could not do; the next step tries it again.
    pub async fn step(&mut self) -> Result<Option<Tally>> {
        if self.next.from == Place::End {
            return Ok(None);
        }
        let (written, next) = tokio::join!(
            self.target.write(&self.next),
            self.source.read(self.next.to, Limit::MAX)
        );
        written?;
        let next = next?;
        self.tally.add(&self.next.rows);
        self.next = next;
        Ok(Some(self.tally))
    }
}
