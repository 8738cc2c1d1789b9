use async_trait::async_trait;

use crate::commit::Sink;
use crate::ids::{ApplicationId, ChatId};
use crate::page::Limit;
use crate::port::{Dirty, Outbox, Settled};

use super::{MemoryStore, Result, Waiting};

#[async_trait]
impl Outbox for MemoryStore {
    async fn dirty(&self, sink: Sink, limit: Limit) -> Result<Vec<Dirty>> {
        let state = self.state();
        let mut waiting: Vec<_> = state
            .dirty
            .iter()
            .filter(|((of, _), _)| *of == sink)
            .map(|(_, waiting)| (waiting.since, waiting.row))
            .collect();
        waiting.sort_by_key(|(since, _)| *since);
        waiting.truncate(limit.get());
        Ok(waiting.into_iter().map(|(_, row)| row).collect())
    }

    async fn pending(&self, sink: Sink, chat: ChatId) -> Result<Option<Dirty>> {
        let state = self.state();
        Ok(state.dirty.get(&(sink, chat)).map(|waiting| waiting.row))
    }

    async fn waits(&self, sink: Sink, application: ApplicationId) -> Result<bool> {
        let state = self.state();
        let mut rows = state.dirty.iter();
        Ok(rows.any(|((of, _), waiting)| *of == sink && waiting.row.application == application))
    }

    async fn settle(&self, sink: Sink, done: &[Dirty]) -> Result<()> {
        let mut state = self.state();
        for done in done {
            state.turn += 1;
            let turn = state.turn;
            let key = (sink, done.chat);
            let Some(waiting) = state.dirty.get_mut(&key) else {
                continue;
            };
            match waiting.row.settled(done.to) {
                Settled::Gone => drop(state.dirty.remove(&key)),
                Settled::Left(row) => *waiting = Waiting { row, since: turn },
                Settled::Stays => {}
            }
        }
        Ok(())
    }
}
