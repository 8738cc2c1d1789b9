use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chat_core::Chat;
use chat_core::sink::Rebuild;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
    /// The old index serves on; the log says why.
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
        let mut progress = self.lock();
        if progress.state != State::Running {
            *progress = Progress {
                state: State::Running,
                ..Progress::default()
            };
            tokio::spawn(self.clone().rebuild());
        }
        *progress
    }

    async fn rebuild(self) {
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
