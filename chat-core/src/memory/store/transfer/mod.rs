//! Moving everything out of a store in memory or into one.

mod read;
mod write;

use async_trait::async_trait;

use crate::error::{BackendError, ErrorKind};
use crate::ids::Epoch;
use crate::page::Limit;
use crate::port::{Part, Place, Standing, Transfer};

use super::{MemoryStore, Result, State};

fn refused(kind: ErrorKind, why: &'static str) -> BackendError {
    BackendError::new(kind, "memory", "transfer").with_source(why)
}

impl State {
    fn standing(&self) -> Standing {
        let is_empty = self.applications.is_empty()
            && self.requests.is_empty()
            && self.operations.is_empty()
            && self.imports.is_empty();
        match self.transfer {
            Some((source, place)) => Standing::Unfinished { source, place },
            None if is_empty => Standing::Empty,
            None => Standing::Used,
        }
    }
}

#[async_trait]
impl Transfer for MemoryStore {
    async fn standing(&self) -> Result<Standing> {
        Ok(self.state().standing())
    }

    async fn read(&self, from: Place, limit: Limit) -> Result<Part> {
        Ok(self.state().part(from, limit))
    }

    async fn begin(&self, source: Epoch) -> Result<Place> {
        let mut state = self.state();
        match state.standing() {
            Standing::Empty => {
                state.transfer = Some((source, Place::START));
                Ok(Place::START)
            }
            Standing::Unfinished { source: of, place } if of == source => Ok(place),
            _ => Err(refused(ErrorKind::Conflict, "the store is not empty")),
        }
    }

    async fn write(&self, part: &Part) -> Result<()> {
        let mut state = self.state();
        match &mut state.transfer {
            Some((_, place)) if *place == part.to => return Ok(()),
            Some((_, place)) if *place == part.from => {}
            _ => return Err(refused(ErrorKind::Conflict, "the transfer is not there")),
        }
        state.are_known(&part.rows)?;
        state.take_in(&part.rows)?;
        if let Some((_, place)) = &mut state.transfer {
            *place = part.to;
        }
        Ok(())
    }

    async fn finish(&self) -> Result<()> {
        self.state().transfer = None;
        Ok(())
    }
}
