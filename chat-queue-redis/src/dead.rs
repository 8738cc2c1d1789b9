//! Jobs that no commit takes: in each lane applications with bodies, and reasons, by id, and the ids in order.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::{ApplicationId, OperationId};
use chat_core::page::{Limit, Page, Span};
use chat_core::port::{DeadLetter, DeadLetters, Job};

use redis::ScriptInvocation;

use crate::error::failure;
use crate::queue::RedisQueue;

/// Id, application, body, reason.
type Letter = (String, i64, Vec<u8>, String);

impl RedisQueue {
    /// The dead letters at these places; one that was taken away meanwhile is left out.
    async fn letters(
        &self,
        places: &[(OperationId, u16)],
    ) -> Result<Vec<DeadLetter>, BackendError> {
        let mut lanes: BTreeMap<u16, ScriptInvocation<'_>> = BTreeMap::new();
        for (id, lane) in places {
            let script = lanes
                .entry(*lane)
                .or_insert_with(|| self.on(&self.scripts.letters, *lane, &["dead", "reasons"]));
            script.arg(id.to_string());
        }
        let mut all = Vec::new();
        for (lane, script) in lanes {
            let letters: Vec<Letter> = self.redis.run("buried", &script).await?;
            for one in letters {
                all.push(letter(lane, one)?);
            }
        }
        Ok(all)
    }

    async fn unbury(
        &self,
        op: &'static str,
        id: OperationId,
        revive: bool,
    ) -> Result<bool, BackendError> {
        let keys = ["dead", "reasons", "order", "stream", "held", "shares"];
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

fn letter(lane: u16, (id, application, body, reason): Letter) -> Result<DeadLetter, BackendError> {
    let job = Job {
        id: parse(&id)?,
        application: ApplicationId(application),
        body,
    };
    Ok(DeadLetter { lane, job, reason })
}

fn parse(id: &str) -> Result<OperationId, BackendError> {
    id.parse()
        .map_err(|error| failure(ErrorKind::Internal, "buried").with_source(error))
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
            .each::<Vec<String>>("buried", |lane| {
                let mut script = self.on(&self.scripts.buried, lane, &["order"]);
                script.arg(&from).arg(limit.get() + 1);
                script
            })
            .await?;
        let mut places = Vec::new();
        for (lane, ids) in lanes {
            for id in ids {
                places.push((parse(&id)?, lane));
            }
        }
        places.sort_unstable();
        let Page {
            items: places,
            more,
        } = Page::cut(places, limit, Span::After(0));
        let mut items = self.letters(&places).await?;
        items.sort_unstable_by_key(|letter| letter.job.id);
        Ok(Page { items, more })
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
