//! The one thread that writes. Requests come by a bounded channel; each is one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chat_core::commit::Sink;
use chat_core::error::{BackendError, ErrorKind};
use chat_core::port::Dirty;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::config::{StoreConfig, Synchronous};
use crate::error::{BACKEND, translate, translate_commit, translate_io};

use super::checkpoint::Checkpointer;
use super::lock::Lock;
use super::{COMMIT, failpoint, outbox, schema};

type Result<T> = std::result::Result<T, BackendError>;
type Reply<T> = oneshot::Sender<Result<T>>;

const WAITING: usize = 256;
/// A write that went to disk so recently proves that the next one can.
const RECENT: Duration = Duration::from_secs(2);

/// What a transaction waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// For what the configuration says.
    Configured,
    /// For nothing: losing it in a power cut only means doing it again.
    Relaxed,
}

enum Job {
    Work(Box<dyn FnOnce(&mut WriterThread) + Send>),
    Settle(Settle),
}

/// What a sink has done.
struct Settle {
    sink: Sink,
    done: Vec<Dirty>,
    reply: Reply<()>,
}

/// The writer, as others see it. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    last_write: Arc<Mutex<Option<Instant>>>,
}

/// The writer, as its thread sees it. Fields close in this order.
struct WriterThread {
    checkpointer: Checkpointer,
    conn: Connection,
    config: StoreConfig,
    last_write: Arc<Mutex<Option<Instant>>>,
    #[expect(dead_code, reason = "held until the connection is closed")]
    lock: Lock,
}

impl Writer {
    pub(super) fn start(config: &StoreConfig, conn: Connection, lock: Lock) -> Result<Self> {
        let last_write = Arc::new(Mutex::new(None));
        let mut writer = WriterThread {
            checkpointer: Checkpointer::start(config)?,
            conn,
            config: config.clone(),
            last_write: Arc::clone(&last_write),
            lock,
        };
        let (jobs, waiting) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || writer.serve(waiting))
            .map_err(translate_io("open"))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
            last_write,
        })
    }

    /// Does `work` in one transaction: all of it is written, or nothing.
    pub(super) async fn write<T, F>(
        &self,
        op: &'static str,
        durability: Durability,
        work: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Job::Work(Box::new(move |writer| {
            let done = writer.transact(op, durability, work);
            // A server writes other things too, some while it starts.
            if op == COMMIT {
                failpoint::pass(&writer.config, failpoint::AFTER_COMMIT);
            }
            // Who asked may have gone; it is written all the same.
            let _ = reply.send(done);
        }));
        self.send(op, job, answer).await
    }

    /// Settles together with whatever else waits to be settled.
    pub(super) async fn settle(&self, sink: Sink, done: Vec<Dirty>) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Settle(Settle { sink, done, reply });
        self.send("settle", job, answer).await
    }

    /// Whether a write went to disk just now.
    pub(super) fn wrote_just_now(&self) -> bool {
        locked(&self.last_write).is_some_and(|at| at.elapsed() < RECENT)
    }

    async fn send<T>(
        &self,
        op: &'static str,
        job: Job,
        answer: oneshot::Receiver<Result<T>>,
    ) -> Result<T> {
        let gone = || BackendError::new(ErrorKind::Unavailable, BACKEND, op);
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(job).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    /// What waits is written first. Then the log is copied into the database and the lock let go.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer panicked");
        }
    }
}

impl WriterThread {
    fn serve(&mut self, mut waiting: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(WAITING);
        let mut settles = Vec::new();
        while waiting.blocking_recv_many(&mut jobs, WAITING) > 0 {
            for job in jobs.drain(..) {
                match job {
                    Job::Work(work) => work(self),
                    Job::Settle(settle) => settles.push(settle),
                }
            }
            self.settle(&mut settles);
            self.checkpointer.tend(&self.conn);
        }
    }

    fn settle(&mut self, settles: &mut Vec<Settle>) {
        if settles.is_empty() {
            return;
        }
        let done = self.transact("settle", Durability::Relaxed, |conn| {
            settles
                .iter()
                .flat_map(|settle| settle.done.iter().map(|done| (settle.sink, done)))
                .try_for_each(|(sink, done)| outbox::settle(conn, sink, done))
        });
        for settle in settles.drain(..) {
            let _ = settle.reply.send(done.clone());
        }
    }

    /// Whatever happens, the connection is outside a transaction afterwards.
    fn transact<T>(
        &mut self,
        op: &'static str,
        durability: Durability,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let relaxed =
            durability == Durability::Relaxed && self.config.synchronous != Synchronous::Normal;
        if relaxed {
            self.synchronous(Synchronous::Normal)
                .map_err(translate(op))?;
        }
        let conn = &self.conn;
        let done = catch_unwind(AssertUnwindSafe(|| transaction(conn, op, work)));
        let done = done.unwrap_or_else(|_| {
            Err(BackendError::new(ErrorKind::Internal, BACKEND, op).with_source("a write panicked"))
        });
        if !conn.is_autocommit()
            && let Err(error) = conn.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
        if relaxed {
            self.synchronous(self.config.synchronous)
                .map_err(translate(op))?;
        }
        match &done {
            Ok((_, true)) => *locked(&self.last_write) = Some(Instant::now()),
            Ok((_, false)) => {}
            Err(_) => *locked(&self.last_write) = None,
        }
        done.map(|(value, _)| value)
    }

    fn synchronous(&self, level: Synchronous) -> rusqlite::Result<()> {
        self.conn
            .pragma_update(None, "synchronous", schema::level(level))
    }
}

/// What `work` answers, and whether anything was written: if not, nothing waits for the disk.
fn transaction<T>(
    conn: &Connection,
    op: &'static str,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<(T, bool)> {
    let run = |sql| conn.prepare_cached(sql)?.execute([]);
    let before = conn.total_changes();
    run("BEGIN IMMEDIATE").map_err(translate(op))?;
    let value = work(conn).map_err(translate(op))?;
    if conn.total_changes() == before {
        run("ROLLBACK").map_err(translate(op))?;
        return Ok((value, false));
    }
    run("COMMIT").map_err(|error| translate_commit(op, error))?;
    Ok((value, true))
}

fn locked(of: &Mutex<Option<Instant>>) -> std::sync::MutexGuard<'_, Option<Instant>> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
