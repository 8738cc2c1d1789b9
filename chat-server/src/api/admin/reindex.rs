use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chat_core::Chat;
use chat_core::error::ChatError;
use chat_core::sink::Rebuild;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Shared;
use super::status::AdminError;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::{self, Response};

/// So often an index that was whole is asked whether it still is.
const LOOK: Duration = Duration::from_secs(5);
/// After so long an index that could not be completed is tried again, at first and at most.
const SOON: Duration = Duration::from_secs(1);
const LATE: Duration = Duration::from_secs(60);

/// 1 while the index is whole.
pub(super) const WHOLE: &str = "chat_search_index_whole";

/// What a rebuild of the search index does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RebuildState)]
pub enum State {
    /// None was asked for since the start.
    #[default]
    Idle,
    /// It runs.
    Running,
    /// The new index serves.
    Done,
    /// The old index serves on, or another node builds; the log says why.
    Failed,
}

/// How far a rebuild of the search index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = RebuildProgress)]
pub struct Progress {
    /// What it does.
    pub state: State,
    /// Chats that are in the new index.
    pub chats: u64,
    /// Messages that are in the new index.
    pub messages: u64,
}

/// Rebuilds the search index, one rebuild at a time. Cheap to clone.
#[derive(Clone)]
pub struct Reindexer {
    chat: Chat,
    progress: Arc<Mutex<Progress>>,
}

impl Reindexer {
    /// One that has done nothing yet.
    #[must_use]
    pub fn new(chat: Chat) -> Self {
        Self {
            chat,
            progress: Arc::default(),
        }
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.lock()
    }

    /// Starts a rebuild on the current runtime, unless one runs.
    pub fn start(&self) -> Progress {
        let (progress, is_mine) = self.claim();
        if is_mine {
            let reindexer = self.clone();
            tokio::spawn(async move { reindexer.rebuild().await });
        }
        progress
    }

    /// Sees to it, on the current runtime and for as long as that lives, that the index lacks nothing: rebuilds one
    /// that was lost, was cut short or is that of another store, also while the server runs.
    pub fn keep(&self) {
        let reindexer = self.clone();
        tokio::spawn(async move {
            let mut pause = SOON;
            loop {
                let is_complete = reindexer.is_complete_now().await;
                tokio::time::sleep(if is_complete { LOOK } else { pause }).await;
                pause = if is_complete {
                    SOON
                } else {
                    LATE.min(pause * 2)
                };
            }
        });
    }

    /// Rebuilds the index if it lacks something, and says whether it lacks nothing now.
    async fn is_complete_now(&self) -> bool {
        match self.chat.index_is_whole().await {
            Ok(true) => {
                metrics::gauge!(WHOLE).set(1.0);
                true
            }
            Ok(false) => {
                metrics::gauge!(WHOLE).set(0.0);
                if self.claim().1 {
                    self.rebuild().await;
                }
                self.progress().state == State::Done
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the search index cannot say whether it is whole"
                );
                false
            }
        }
    }

    /// Says that a rebuild runs, and whether it is the caller's to run.
    fn claim(&self) -> (Progress, bool) {
        let mut progress = self.lock();
        let is_mine = progress.state != State::Running;
        if is_mine {
            *progress = Progress {
                state: State::Running,
                ..Progress::default()
            };
        }
        (*progress, is_mine)
    }

    async fn rebuild(&self) {
        tracing::info!("the search index is built anew");
        let note = |state, so_far: Rebuild| {
            *self.lock() = Progress {
                state,
                chats: so_far.chats,
                messages: so_far.messages,
            };
        };
        match self
            .chat
            .reindex(|so_far| note(State::Running, so_far))
            .await
        {
            Ok(whole) => {
                tracing::info!(
                    chats = whole.chats,
                    messages = whole.messages,
                    "the new search index serves"
                );
                note(State::Done, whole);
            }
            Err(ChatError::Busy { .. }) => {
                tracing::info!("another node builds the search index anew");
                self.lock().state = State::Failed;
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the search index could not be built anew"
                );
                self.lock().state = State::Failed;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the rebuild of the search index is.
#[utoipa::path(
    get, path = "/api/v1/admin/reindex", tag = super::NAME,
    responses(
        (status = 200, description = "The last rebuild, or the one that runs", body = Progress),
        (status = 400, description = "A parameter cannot be", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The admin key is needed", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn progress(shared: Shared, call: Call) -> Result<Response, AdminError> {
    shared.enter(&call.head, &[])?;
    Ok(reply::json(StatusCode::OK, &shared.reindexer.progress()))
}

/// Builds the search index anew while the old one serves. One that runs already goes on.
#[utoipa::path(
    post, path = "/api/v1/admin/reindex", tag = super::NAME,
    responses(
        (status = 202, description = "It runs", body = Progress),
        (status = 400, description = "A parameter cannot be", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The admin key is needed", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn start(shared: Shared, call: Call) -> Result<Response, AdminError> {
    shared.enter(&call.head, &[])?;
    Ok(reply::json(StatusCode::ACCEPTED, &shared.reindexer.start()))
}

#[cfg(test)]
mod tests {
    use chat_core::Parts;
    use chat_core::ids::Epoch;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_index_that_is_lost_while_the_server_runs_is_built_again() {
        let parts = Parts::in_memory();
        let search = parts.search.clone();
        let chat = Chat::start(parts).await.unwrap();
        Reindexer::new(chat.clone()).keep();
        for _ in 0..2 {
            search.rebuild().await.unwrap();
            search.swap(Epoch(1)).await.unwrap();
            assert!(!chat.index_is_whole().await.unwrap());
            let whole = async {
                while !chat.index_is_whole().await.unwrap() {
                    tokio::time::sleep(SOON).await;
                }
            };
            tokio::time::timeout(LOOK * 2, whole).await.unwrap();
        }
    }
}
