//! Connections that read: opened when needed, kept, at most as many as the configuration says.

use std::sync::{Arc, Mutex, PoisonError};

use chat_core::error::{BackendError, ErrorKind};
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::config::StoreConfig;
use crate::error::{BACKEND, translate};

use super::schema;

type Result<T> = std::result::Result<T, BackendError>;

#[derive(Debug)]
pub(super) struct Readers {
    permits: Arc<Semaphore>,
    pool: Arc<Pool>,
}

#[derive(Debug)]
struct Pool {
    config: StoreConfig,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(config: &StoreConfig) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(config.readers.max(1))),
            pool: Arc::new(Pool {
                config: config.clone(),
                idle: Mutex::new(Vec::new()),
            }),
        }
    }

    /// Reads on a thread that may block. What `work` reads with more than one statement it puts
    /// into a transaction of its own, as short as can be: an open one keeps the log from
    /// starting again.
    pub(super) async fn read<T, F>(&self, op: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let gone = || BackendError::new(ErrorKind::Unavailable, BACKEND, op);
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| gone())?;
        let pool = Arc::clone(&self.pool);
        let done = tokio::task::spawn_blocking(move || {
            let conn = pool.take().map_err(translate(op))?;
            let done = work(&conn).map_err(translate(op));
            pool.put_back(conn);
            drop(permit);
            done
        });
        done.await.map_err(|error| {
            BackendError::new(ErrorKind::Internal, BACKEND, op).with_source(error)
        })?
    }

    /// Closes the connections that rest.
    pub(super) fn close(&self) {
        self.pool.idle().clear();
    }
}

impl Pool {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle().pop();
        idle.map_or_else(|| schema::reader(&self.config), Ok)
    }

    /// A connection that is still in a transaction (its work failed or panicked) is not kept.
    fn put_back(&self, conn: Connection) {
        if conn.is_autocommit() {
            self.idle().push(conn);
        }
    }
}
