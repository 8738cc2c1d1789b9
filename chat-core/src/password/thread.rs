//! The one thread that hashes passwords, and who waits for it.
//!
//! Hashing takes a processor for some 20 ms, on purpose. One thread of its own keeps that from everything else, however many log in
//! at once; the applications have it in turns, so that a flood of logins in one costs another at most one hash.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::{BackendError, ChatError, ErrorKind};
use crate::ids::ApplicationId;

/// How much waits at most, of one application and of all: a second's work and a few.
const SHARE: usize = 64;
const MOST: usize = 256;
/// When to come back to a thread that is busy.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The way to the thread, which starts with the first work and ends with this.
#[derive(Default)]
pub(crate) struct Passwords {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

#[derive(Default)]
struct Waiting {
    queues: HashMap<ApplicationId, VecDeque<Work>>,
    turns: VecDeque<ApplicationId>,
    count: usize,
    runs: bool,
    closed: bool,
}

/// Done by being called. Whoever asked for it may have gone: then it does nothing.
type Work = Box<dyn FnOnce() + Send>;

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords(…)")
    }
}

impl Passwords {
    /// Does `work` on the thread, when it is the application's turn.
    ///
    /// # Errors
    /// [`ChatError::Busy`] when too much waits already; [`ChatError::Internal`] when there is no thread.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        application: ApplicationId,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ChatError> {
        let (reply, answer) = oneshot::channel();
        let work = move || {
            if !reply.is_closed() {
                // Whoever asked may go at any time.
                let _ = reply.send(work());
            }
        };
        self.enqueue(application, Box::new(work))?;
        answer.await.map_err(|_| fault("the thread has ended"))
    }

    fn enqueue(&self, application: ApplicationId, work: Work) -> Result<(), ChatError> {
        let mut waiting = self.shared.waiting();
        if !waiting.runs {
            let shared = self.shared.clone();
            let thread = std::thread::Builder::new().name("passwords".to_owned());
            thread.spawn(move || shared.work()).map_err(fault)?;
            waiting.runs = true;
        }
        if waiting.count >= MOST || waiting.of(application) >= SHARE {
            return Err(ChatError::Busy {
                retry_after: RETRY_AFTER,
            });
        }
        waiting.push(application, work);
        drop(waiting);
        self.shared.wake.notify_one();
        Ok(())
    }
}

impl Drop for Passwords {
    fn drop(&mut self) {
        self.shared.waiting().closed = true;
        self.shared.wake.notify_one();
    }
}

impl Shared {
    fn work(&self) {
        while let Some(work) = self.next() {
            // A panic costs the one who asked for it an answer, and nobody the thread.
            let _ = catch_unwind(AssertUnwindSafe(work));
        }
    }

    /// What is to be done next; `None` when nobody can ask any more.
    fn next(&self) -> Option<Work> {
        let waiting = self.waiting();
        let idle = |waiting: &mut Waiting| waiting.count == 0 && !waiting.closed;
        let waited = self.wake.wait_while(waiting, idle);
        let mut waiting = waited.unwrap_or_else(PoisonError::into_inner);
        if waiting.closed { None } else { waiting.pop() }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn of(&self, application: ApplicationId) -> usize {
        self.queues.get(&application).map_or(0, VecDeque::len)
    }

    fn push(&mut self, application: ApplicationId, work: Work) {
        let queue = self.queues.entry(application).or_default();
        if queue.is_empty() {
            self.turns.push_back(application);
        }
        queue.push_back(work);
        self.count += 1;
    }

    /// One piece of work of the application whose turn it is; then it is the next one's.
    fn pop(&mut self) -> Option<Work> {
        let application = self.turns.pop_front()?;
        let queue = self.queues.get_mut(&application)?;
        let work = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&application);
        } else {
            self.turns.push_back(application);
        }
        self.count -= 1;
        work
    }
}

fn fault(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ChatError {
    let fault = BackendError::new(ErrorKind::Internal, "passwords", "run");
    ChatError::Internal(fault.with_source(source))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const FLOOD: ApplicationId = ApplicationId(1);
    const QUIET: ApplicationId = ApplicationId(2);

    /// Holds the thread until the sender goes.
    async fn held(passwords: &Arc<Passwords>) -> mpsc::Sender<()> {
        let (release, hold) = mpsc::channel::<()>();
        let (begins, begun) = oneshot::channel();
        let passwords = passwords.clone();
        tokio::spawn(async move {
            let work = move || {
                let _ = begins.send(());
                let _ = hold.recv();
            };
            passwords.run(FLOOD, work).await
        });
        begun.await.unwrap();
        release
    }

    fn note(
        passwords: &Arc<Passwords>,
        application: ApplicationId,
        done: &mpsc::Sender<ApplicationId>,
    ) -> impl Future<Output = Result<(), ChatError>> + use<> {
        let (passwords, done) = (passwords.clone(), done.clone());
        async move {
            let work = move || done.send(application).unwrap();
            passwords.run(application, work).await
        }
    }

    #[tokio::test]
    async fn a_flood_in_one_application_costs_another_one_turn_and_is_refused_beyond_its_share() {
        let passwords = Arc::new(Passwords::default());
        let (done, order) = mpsc::channel();
        let release = held(&passwords).await;
        let flood = (0..SHARE).map(|_| note(&passwords, FLOOD, &done));
        let mut flood = Box::pin(futures_util::future::join_all(flood));
        assert!(futures_util::poll!(&mut flood).is_pending());
        let refused = note(&passwords, FLOOD, &done).await;
        assert!(matches!(refused, Err(ChatError::Busy { .. })));
        let mut quiet = Box::pin(note(&passwords, QUIET, &done));
        assert!(futures_util::poll!(&mut quiet).is_pending());
        drop(release);
        quiet.await.unwrap();
        assert!(flood.await.iter().all(Result::is_ok));
        let turn = order.iter().take(SHARE + 1).position(|one| one == QUIET);
        assert_eq!(turn, Some(1));
    }

    #[tokio::test]
    async fn all_together_are_bounded() {
        let passwords = Arc::new(Passwords::default());
        let (done, _order) = mpsc::channel();
        let _release = held(&passwords).await;
        let all = (0..MOST as i64).map(|n| note(&passwords, ApplicationId(n + 10), &done));
        let mut all = Box::pin(futures_util::future::join_all(all));
        assert!(futures_util::poll!(&mut all).is_pending());
        let refused = note(&passwords, QUIET, &done).await;
        assert!(matches!(refused, Err(ChatError::Busy { .. })));
    }

    #[tokio::test]
    async fn a_panic_costs_one_answer_alone() {
        let passwords = Passwords::default();
        let broken = passwords.run(FLOOD, || panic!("at work")).await;
        let broken: Result<(), ChatError> = broken;
        assert!(matches!(broken, Err(ChatError::Internal(_))));
        assert_eq!(passwords.run(FLOOD, || 1).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_done() {
        let passwords = Arc::new(Passwords::default());
        let (done, order) = mpsc::channel();
        let release = held(&passwords).await;
        let mut gone = Box::pin(note(&passwords, FLOOD, &done));
        assert!(futures_util::poll!(&mut gone).is_pending());
        drop(gone);
        drop(release);
        note(&passwords, QUIET, &done).await.unwrap();
        assert_eq!(order.try_iter().collect::<Vec<_>>(), [QUIET]);
    }
}
