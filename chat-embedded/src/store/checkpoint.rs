//! Keeps the log short. Copying it into the database takes long and blocks nobody, so a thread of
//! its own does that while the writer goes on; the little that came in the meantime the writer
//! copies itself, so that the log starts again from its beginning.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use chat_core::error::BackendError;
use rusqlite::Connection;

use crate::config::StoreConfig;
use crate::error::translate_io;

use super::{failpoint, schema};

const LOOK: &str = "PRAGMA wal_checkpoint(NOOP)";
const COPY: &str = "PRAGMA wal_checkpoint(PASSIVE)";
const RESTART: &str = "PRAGMA wal_checkpoint(RESTART)";

const IDLE: u8 = 0;
const COPYING: u8 = 1;
const COPIED: u8 = 2;

/// The second time there is only what the first one left.
const ROUNDS: usize = 2;
/// How long the writer waits for readers of the old log before it tries again later.
const PATIENCE: Duration = Duration::from_millis(50);
/// From so many times the usual length on the writer waits for as long as readers are known to
/// read.
const OVERLONG: i64 = 2;
const LONG_PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Checkpointer {
    pages: i64,
    state: Arc<AtomicU8>,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn start(config: &StoreConfig) -> Result<Self, BackendError> {
        let conn = schema::writer(config)?;
        let state = Arc::new(AtomicU8::new(IDLE));
        let (wake, woken) = sync_channel(1);
        let (shared, config_there) = (Arc::clone(&state), config.clone());
        let thread = std::thread::Builder::new()
            .name("sqlite-checkpoint".into())
            .spawn(move || copy_when_woken(&conn, &config_there, &woken, &shared))
            .map_err(translate_io("open"))?;
        Ok(Self {
            pages: i64::from(config.checkpoint_pages.max(1)),
            state,
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    /// Called by the writer after what it wrote was answered.
    pub(super) fn tend(&self, conn: &Connection) {
        match self.tend_or_fail(conn) {
            Ok(()) => {}
            // What was committed stays in the log; the next commit tries again.
            Err(error) => tracing::warn!(%error, "the log could not be copied into the database"),
        }
    }

    fn tend_or_fail(&self, conn: &Connection) -> rusqlite::Result<()> {
        let length = checkpoint(conn, LOOK)?.length;
        if length < self.pages {
            return Ok(());
        }
        match self.state.load(Ordering::Acquire) {
            COPIED => {
                self.state.store(IDLE, Ordering::Release);
                restart(conn, PATIENCE)
            }
            IDLE => {
                self.state.store(COPYING, Ordering::Release);
                let woken = self.wake.as_ref().map(|wake| wake.try_send(()));
                debug_assert!(matches!(woken, Some(Ok(()))), "one wake a copy");
                Ok(())
            }
            _ if length > OVERLONG * self.pages => restart(conn, LONG_PATIENCE),
            _ => Ok(()),
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpointer panicked");
        }
    }
}

fn copy_when_woken(
    conn: &Connection,
    config: &StoreConfig,
    woken: &Receiver<()>,
    state: &AtomicU8,
) {
    while woken.recv().is_ok() {
        if failpoint::is_set(config, failpoint::DURING_CHECKPOINT) {
            std::thread::spawn(|| {
                std::thread::sleep(Duration::from_millis(2));
                std::process::abort();
            });
        }
        for _ in 0..ROUNDS {
            if let Err(error) = checkpoint(conn, COPY) {
                tracing::warn!(%error, "the log could not be copied into the database");
                break;
            }
        }
        state.store(COPIED, Ordering::Release);
    }
}

/// Copies what is left, and lets the log start again unless readers still need it.
fn restart(conn: &Connection, patience: Duration) -> rusqlite::Result<()> {
    conn.busy_timeout(patience)?;
    let restarted = checkpoint(conn, RESTART);
    conn.busy_timeout(schema::BUSY)?;
    if restarted?.busy {
        tracing::debug!("readers keep the log from starting again");
    }
    Ok(())
}

struct Log {
    busy: bool,
    length: i64,
}

fn checkpoint(conn: &Connection, sql: &str) -> rusqlite::Result<Log> {
    conn.prepare_cached(sql)?.query_row([], |row| {
        Ok(Log {
            busy: row.get(0)?,
            length: row.get(1)?,
        })
    })
}
