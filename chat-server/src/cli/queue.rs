//! The queue as commands see it: by itself where nodes share it, else in the server that holds it.

use chat_core::error::BackendError;
use chat_core::ids::OperationId;
use chat_core::page::Limit;
use http::{Method, StatusCode};

use super::Failure;
use super::beside::Beside;
use crate::api::admin::{DEAD_LETTERS, DeadLetterJson, JOBS, JobsJson};
use crate::config::Settings;
use crate::wiring::{self, Jobs, NamedUrl, UrlName, WiringError};

/// Where the queue is.
pub(super) enum Queue {
    /// On a server of its own.
    Shared(Jobs, NamedUrl),
    /// In the memory of a server.
    Inside(Beside),
}

impl Queue {
    /// The queue that the settings name.
    pub(super) fn open(settings: &Settings) -> Result<Self, Failure> {
        match settings.queue.scheme() {
            "memory" => Ok(Self::Inside(Beside::noted(settings)?)),
            _ => {
                let url = NamedUrl::new(UrlName::Queue, &settings.queue);
                Ok(Self::Shared(wiring::open_jobs(&settings.queue)?, url))
            }
        }
    }

    /// What it holds.
    pub(super) async fn jobs(&self) -> Result<JobsJson, Failure> {
        match self {
            Self::Shared(jobs, url) => Ok(JobsJson::of(jobs).await.map_err(unreachable(url))?),
            Self::Inside(server) => {
                let (status, body) = server.ask(Method::GET, JOBS, None).await?;
                match status {
                    StatusCode::OK => Ok(serde_json::from_slice(&body)?),
                    _ => Err(server.refused(status, &body)),
                }
            }
        }
    }

    /// A page of its dead letters with ids above `after`; an empty one ends them.
    pub(super) async fn dead_letters(
        &self,
        after: Option<OperationId>,
    ) -> Result<Vec<DeadLetterJson>, Failure> {
        match self {
            Self::Shared(jobs, url) => {
                let page = jobs.dead_letters.buried(after, Limit::MAX).await;
                let page = page.map_err(unreachable(url))?;
                Ok(page.items.into_iter().map(DeadLetterJson::from).collect())
            }
            Self::Inside(server) => {
                let after = after.map(|id| format!("&after={id}"));
                let limit = Limit::MAX.get();
                let path = format!("{DEAD_LETTERS}?limit={limit}{}", after.unwrap_or_default());
                let (status, body) = server.ask(Method::GET, &path, None).await?;
                match status {
                    StatusCode::OK => Ok(serde_json::from_slice(&body)?),
                    _ => Err(server.refused(status, &body)),
                }
            }
        }
    }

    /// Puts a dead letter back into its lane.
    pub(super) async fn revive(&self, id: OperationId) -> Result<(), Failure> {
        match self {
            Self::Shared(jobs, url) => found(jobs.dead_letters.revive(id).await, url, id),
            Self::Inside(server) => {
                let path = format!("{DEAD_LETTERS}/{id}/retry");
                changed(server, Method::POST, &path, id).await
            }
        }
    }

    /// Forgets a dead letter.
    pub(super) async fn discard(&self, id: OperationId) -> Result<(), Failure> {
        match self {
            Self::Shared(jobs, url) => found(jobs.dead_letters.discard(id).await, url, id),
            Self::Inside(server) => {
                let path = format!("{DEAD_LETTERS}/{id}");
                changed(server, Method::DELETE, &path, id).await
            }
        }
    }
}

async fn changed(
    server: &Beside,
    method: Method,
    path: &str,
    id: OperationId,
) -> Result<(), Failure> {
    let (status, body) = server.ask(method, path, None).await?;
    match status {
        StatusCode::NO_CONTENT => Ok(()),
        StatusCode::NOT_FOUND => Err(none(id)),
        _ => Err(server.refused(status, &body)),
    }
}

fn found(
    answer: Result<bool, BackendError>,
    url: &NamedUrl,
    id: OperationId,
) -> Result<(), Failure> {
    match answer.map_err(unreachable(url))? {
        true => Ok(()),
        false => Err(none(id)),
    }
}

fn unreachable(url: &NamedUrl) -> impl Fn(BackendError) -> WiringError {
    move |source| WiringError::Backend {
        given: url.clone(),
        source,
    }
}

fn none(id: OperationId) -> Failure {
    format!("there is no dead letter {id}").into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use chat_core::ids::ApplicationId;
    use chat_core::memory::MemoryQueue;
    use chat_core::port::{Job, Pull, Queue as _};

    use super::*;

    const LANE: u16 = 3;

    async fn buried(queue: &MemoryQueue) -> OperationId {
        let job = Job {
            id: OperationId::random(),
            application: ApplicationId(7),
            body: b"{}".to_vec(),
        };
        queue.push(LANE, &job).await.unwrap();
        let pull = Pull {
            lane: LANE,
            limit: 1,
            patience: Duration::ZERO,
            lease: Duration::from_secs(30),
        };
        let taken = queue.pull(pull).await.unwrap().remove(0);
        queue.bury(LANE, &taken.receipt, "why not").await.unwrap();
        job.id
    }

    #[tokio::test]
    async fn dead_letters_of_a_shared_queue_are_listed_put_back_and_dropped() {
        let memory = Arc::new(MemoryQueue::new());
        let mut ids = [buried(&memory).await, buried(&memory).await];
        ids.sort();
        let jobs = Jobs {
            queue: memory.clone(),
            dead_letters: memory,
        };
        let url = NamedUrl::new(UrlName::Queue, &"redis://h".parse().unwrap());
        let queue = Queue::Shared(jobs, url);
        let all = queue.dead_letters(None).await.unwrap();
        assert_eq!(all.iter().map(|one| one.id).collect::<Vec<_>>(), ids);
        assert_eq!(queue.dead_letters(Some(ids[0])).await.unwrap().len(), 1);
        queue.revive(ids[0]).await.unwrap();
        queue.discard(ids[1]).await.unwrap();
        assert!(queue.dead_letters(None).await.unwrap().is_empty());
        assert_eq!(queue.jobs().await.unwrap().waiting, 1);
        for again in [queue.revive(ids[1]).await, queue.discard(ids[1]).await] {
            let told = again.unwrap_err().to_string();
            assert!(told.contains(&ids[1].to_string()), "{told}");
        }
    }
}
