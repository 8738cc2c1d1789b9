//! The connections that answer questions.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chat_core::error::{BackendError, ErrorKind};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::SearchConfig;
use crate::error::{failure, translate};

/// A question waits no longer than this for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// A few connections that read one file, opened when they are first needed.
#[derive(Clone)]
pub(super) struct Readers {
    path: PathBuf,
    cache_kib: u32,
    count: u32,
    turns: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(config: &SearchConfig) -> Readers {
        let count = config.readers.max(1);
        let turns = Arc::new(Semaphore::new(count as usize));
        Readers {
            path: config.path.clone(),
            cache_kib: config.reader_cache_kib,
            count,
            turns,
            idle: Arc::default(),
        }
    }

    /// Runs a question on a thread that may block, at most `count` at a time.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        op: &'static str,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, BackendError> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| failure(ErrorKind::Unavailable, op))?;
        let turn = turn.map_err(|_| failure(ErrorKind::Unavailable, op))?;
        let readers = self.clone();
        let answer = tokio::task::spawn_blocking(move || readers.answer(turn, question)).await;
        answer
            .map_err(|error| failure(ErrorKind::Internal, op).with_source(error))?
            .map_err(translate(op))
    }

    fn answer<T>(
        &self,
        turn: OwnedSemaphorePermit,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let idle = self.idle().pop();
        let db = match idle {
            Some(db) => db,
            None => self.open()?,
        };
        let answer = question(&db)?;
        // A connection on which something failed is not used again.
        self.idle().push(db);
        drop(turn);
        Ok(answer)
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let db = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        db.pragma_update(None, "query_only", true)?;
        db.pragma_update(None, "cache_size", -i64::from(self.cache_kib))?;
        db.busy_timeout(PATIENCE)?;
        Ok(db)
    }

    /// Waits for running questions, and keeps new ones waiting until the answer is dropped; no
    /// connection is open meanwhile.
    pub(super) async fn pause(
        &self,
        op: &'static str,
    ) -> Result<OwnedSemaphorePermit, BackendError> {
        let all = self.turns.clone().acquire_many_owned(self.count).await;
        let all = all.map_err(|_| failure(ErrorKind::Unavailable, op))?;
        self.idle().clear();
        Ok(all)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
