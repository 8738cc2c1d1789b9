//! Jobs that no commit takes: in each lane bodies and reasons by id, and the ids in order.

use async_trait::async_trait;
use chat_core::error::BackendError;
use chat_core::ids::OperationId;
use chat_core::page::{Limit, Page, Span};
use chat_core::port::{DeadLetter, DeadLetters, Job};

use crate::error::failure;
use crate::queue::RedisQueue;

/// Id, body, reason.
type Letter = (String, Vec<u8>, String);

impl RedisQueue {
    async fn unbury(
        &self,
        op: &'static str,
        id: OperationId,
        revive: bool,
    ) -> Result<bool, BackendError> {
        let keys = ["dead", "reasons", "order", "stream", "held"];
        let found = self
            .each::<bool>(op, |lane| {
                let mut script = self.on(&self.scripts.unbury, lane, &keys);
                script.arg(id.to_string()).arg(u8::from(revive));
                script
            })
            .await?;
        Ok(found.iter().any(|(_, found)| *found))
    }
}

fn letter(lane: u16, (id, body, reason): Letter) -> Result<DeadLetter, BackendError> {
    let id = id.parse().map_err(|error| {
        failure(chat_core::error::ErrorKind::Internal, "buried").with_source(error)
    })?;
    let job = Job { id, body };
    Ok(DeadLetter { lane, job, reason })
}

#[async_trait]
impl DeadLetters for RedisQueue {
    async fn buried(
        &self,
        after: Option<OperationId>,
        limit: Limit,
    ) -> Result<Page<DeadLetter>, BackendError> {
        let from = after.map_or_else(|| "-".to_owned(), |id| format!("({id}"));
        let lanes = self
            .each::<Vec<Letter>>("buried", |lane| {
                let keys = ["dead", "reasons", "order"];
                let mut script = self.on(&self.scripts.buried, lane, &keys);
                script.arg(&from).arg(limit.get() + 1);
                script
            })
            .await?;
        let letters = lanes.into_iter().flat_map(|(lane, letters)| {
            let letters = letters.into_iter();
            letters.map(move |one| letter(lane, one))
        });
        let mut letters: Vec<_> = letters.collect::<Result<_, _>>()?;
        letters.sort_unstable_by_key(|letter| letter.job.id);
        Ok(Page::cut(letters, limit, Span::After(0)))
    }

    async fn count(&self) -> Result<u64, BackendError> {
        let lanes = self
            .each::<u64>("count", |lane| {
                self.on(&self.scripts.count, lane, &["order"])
            })
            .await?;
        Ok(lanes.iter().map(|(_, count)| count).sum())
    }

    async fn revive(&self, id: OperationId) -> Result<bool, BackendError> {
        self.unbury("revive", id, true).await
    }

    async fn discard(&self, id: OperationId) -> Result<bool, BackendError> {
        self.unbury("discard", id, false).await
    }
}
