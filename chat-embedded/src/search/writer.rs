//! The thread that writes: the index in use, and the copy that is to take its place.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::{ChatId, Epoch};
use chat_core::port::Document;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::timeout;

use super::copy::CopyFile;
use super::file::{IndexFile, Mode, remove};
use crate::SearchConfig;
use crate::error::{failure, translate, translate_io};

/// So many jobs wait; who brings another waits with it.
const WAITING: usize = 16;

/// After so long without a job it is time for what can wait.
const LULL: Duration = Duration::from_millis(200);

/// How far this thread stands back for those that answer requests (`nice(1)`: 0 not at all, 19 most).
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

type Reply = oneshot::Sender<Result<(), BackendError>>;

/// What is asked of the thread.
enum Job {
    Put(Vec<Document>),
    Erase(ChatId),
    Rebuild,
    Refill(Vec<Document>),
    /// Nobody reads while the permit is held.
    Swap(Epoch, OwnedSemaphorePermit),
    Close,
}

/// The way to the thread.
pub(super) struct Writer {
    jobs: mpsc::Sender<(Job, Reply)>,
}

impl Writer {
    /// Starts the thread on an open index at `path`.
    pub(super) fn start(config: SearchConfig, live: IndexFile) -> std::io::Result<Writer> {
        let (jobs, queue) = mpsc::channel(WAITING);
        let thread = Thread {
            config,
            live: Some(live),
            copy: None,
            erasures: VecDeque::new(),
            unmerged: true,
        };
        let waiting = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        let builder = std::thread::Builder::new().name("search-writer".to_owned());
        builder.spawn(move || {
            yield_to_others();
            thread.run(queue, &waiting);
        })?;
        Ok(Writer { jobs })
    }

    pub(super) async fn put(&self, documents: Vec<Document>) -> Result<(), BackendError> {
        self.ask("put", Job::Put(documents)).await
    }

    pub(super) async fn erase(&self, chat: ChatId) -> Result<(), BackendError> {
        self.ask("erase", Job::Erase(chat)).await
    }

    pub(super) async fn rebuild(&self) -> Result<(), BackendError> {
        self.ask("rebuild", Job::Rebuild).await
    }

    pub(super) async fn refill(&self, documents: Vec<Document>) -> Result<(), BackendError> {
        self.ask("refill", Job::Refill(documents)).await
    }

    /// Puts the copy in the live one's place. Nobody may have that open.
    pub(super) async fn swap(
        &self,
        epoch: Epoch,
        nobody_reads: OwnedSemaphorePermit,
    ) -> Result<(), BackendError> {
        self.ask("swap", Job::Swap(epoch, nobody_reads)).await
    }

    /// Whether the thread takes jobs.
    pub(super) fn is_running(&self) -> bool {
        !self.jobs.is_closed()
    }

    /// Ends the thread and closes its files.
    pub(super) async fn close(&self) -> Result<(), BackendError> {
        self.ask("close", Job::Close).await
    }

    async fn ask(&self, op: &'static str, job: Job) -> Result<(), BackendError> {
        let gone = || failure(ErrorKind::Unavailable, op);
        let (reply, answer) = oneshot::channel();
        self.jobs.send((job, reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// Lets this thread run when others need the processor less: they answer requests, while what it
/// makes can be made at any time.
#[cfg(target_os = "linux")]
fn yield_to_others() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), NICE) {
        tracing::debug!(%error, "the search index is written at the usual priority");
    }
}

#[cfg(not(target_os = "linux"))]
fn yield_to_others() {}

struct Thread {
    config: SearchConfig,
    /// `None` after a swap that could not open the file again; the next job tries anew.
    live: Option<IndexFile>,
    copy: Option<CopyFile>,
    /// Chats to erase, a step at a time, so that puts need not wait for a large one.
    erasures: VecDeque<(ChatId, Reply)>,
    unmerged: bool,
}

impl Thread {
    fn run(mut self, mut queue: mpsc::Receiver<(Job, Reply)>, waiting: &Runtime) {
        // Whether there has been a lull since the last job.
        let mut lull = false;
        loop {
            let next = match queue.try_recv() {
                Err(TryRecvError::Empty) if self.erase_some() => continue,
                Err(TryRecvError::Empty) if lull && self.merge_some() => continue,
                Err(TryRecvError::Empty) if self.unmerged => {
                    match waiting.block_on(async { timeout(LULL, queue.recv()).await }) {
                        Ok(next) => next,
                        Err(_) => {
                            lull = true;
                            continue;
                        }
                    }
                }
                Err(TryRecvError::Empty) => queue.blocking_recv(),
                next => next.ok(),
            };
            lull = false;
            let Some((job, reply)) = next else { return };
            self.erase_some();
            let done = match job {
                Job::Put(documents) => self.put(&documents),
                Job::Rebuild => self.rebuild(),
                Job::Refill(documents) => self.in_copy("refill", |copy| copy.refill(&documents)),
                Job::Swap(epoch, _nobody_reads) => self.swap(epoch),
                Job::Erase(chat) => {
                    self.erasures.push_back((chat, reply));
                    continue;
                }
                Job::Close => {
                    self.abandon();
                    let closed = self.live.take().map_or(Ok(()), IndexFile::close);
                    return answer(reply, closed.map_err(translate("close")));
                }
            };
            answer(reply, done);
        }
    }

    fn put(&mut self, documents: &[Document]) -> Result<(), BackendError> {
        self.unmerged = true;
        self.live()?.put(documents).map_err(translate("put"))?;
        if self.copy.is_some()
            && let Err(error) = self.in_copy("put", |copy| copy.put(documents))
        {
            // The live index has them, and the copy is no more.
            tracing::warn!(?error, "the copy of the search index was thrown away");
        }
        Ok(())
    }

    /// Takes one step of the work that keeps questions fast; `false` when there is none.
    fn merge_some(&mut self) -> bool {
        if self.unmerged {
            let merged = self
                .live()
                .and_then(|live| live.merge_some().map_err(translate("merge")));
            self.unmerged = merged.unwrap_or_else(|error| {
                tracing::warn!(?error, "the search index could not be merged");
                false
            });
        }
        self.unmerged
    }

    fn live(&mut self) -> Result<&mut IndexFile, BackendError> {
        let live = match self.live.take() {
            Some(live) => live,
            None => IndexFile::open(&self.config, Mode::Live).map_err(translate("open"))?,
        };
        Ok(self.live.insert(live))
    }

    /// Takes one step of the erasure that waits longest; `false` when none waits.
    fn erase_some(&mut self) -> bool {
        let Some((chat, reply)) = self.erasures.pop_front() else {
            return false;
        };
        self.unmerged = true;
        match self.erase_some_of(chat) {
            Ok(true) => self.erasures.push_front((chat, reply)),
            done => answer(reply, done.map(|_| ())),
        }
        true
    }

    fn erase_some_of(&mut self, chat: ChatId) -> Result<bool, BackendError> {
        let in_live = self.live()?.erase_some(chat).map_err(translate("erase"))?;
        let in_copy = match &self.copy {
            Some(_) => self.in_copy("erase", |copy| copy.erase_some(chat))?,
            None => false,
        };
        Ok(in_live || in_copy)
    }

    fn rebuild(&mut self) -> Result<(), BackendError> {
        self.abandon();
        let config = SearchConfig {
            path: copy_path(&self.config.path),
            ..self.config.clone()
        };
        remove(&config.path).map_err(translate_io("rebuild"))?;
        let copy = CopyFile::create(&config).map_err(translate("rebuild"))?;
        self.copy = Some(copy);
        Ok(())
    }

    /// Works on the copy. What fails half-way leaves it without use.
    fn in_copy<T>(
        &mut self,
        op: &'static str,
        work: impl FnOnce(&mut CopyFile) -> rusqlite::Result<T>,
    ) -> Result<T, BackendError> {
        let copy = self
            .copy
            .as_mut()
            .ok_or_else(|| failure(ErrorKind::NotFound, op))?;
        work(copy).map_err(|error| {
            self.abandon();
            translate(op)(error)
        })
    }

    fn swap(&mut self, epoch: Epoch) -> Result<(), BackendError> {
        let copy = self
            .copy
            .take()
            .ok_or_else(|| failure(ErrorKind::NotFound, "swap"))?;
        let path = copy_path(&self.config.path);
        copy.finish(epoch).map_err(translate("swap"))?;
        std::fs::File::open(&path)
            .and_then(|copy| copy.sync_all())
            .map_err(translate_io("swap"))?;
        if let Some(live) = self.live.take() {
            live.close().map_err(translate("swap"))?;
        }
        // A log that is left would be read into the file that takes the place.
        if log_is_left(&self.config.path) {
            return Err(failure(ErrorKind::Conflict, "swap"));
        }
        std::fs::rename(&path, &self.config.path)
            .and_then(|()| sync_folder(&self.config.path))
            .map_err(translate_io("swap"))?;
        self.unmerged = true;
        self.live().map(|_| ())
    }

    fn abandon(&mut self) {
        let Some(copy) = self.copy.take() else { return };
        drop(copy);
        if let Err(error) = remove(&copy_path(&self.config.path)) {
            tracing::warn!(%error, "a copy of the search index could not be removed");
        }
    }
}

/// Where the copy of the index at a path is made.
pub(super) fn copy_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".copy");
    name.into()
}

fn log_is_left(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// Makes a rename last.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        Some(parent) => std::fs::File::open(parent)?.sync_all(),
        None => std::fs::File::open(".")?.sync_all(),
    }
}

/// Answers one who may have gone away.
fn answer(reply: Reply, result: Result<(), BackendError>) {
    let _ = reply.send(result);
}
