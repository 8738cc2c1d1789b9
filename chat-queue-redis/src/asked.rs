//! A question that many ask at once.

use std::sync::{Arc, Mutex, PoisonError};

use chat_core::error::BackendError;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

type Answer<T> = Shared<BoxFuture<'static, Result<T, BackendError>>>;

/// One question at a time, for all who ask it. No answer is older than the call that it is given to: who comes while one is awaited
/// waits for the next, together with all others who do.
pub(crate) struct Asked<T> {
    /// The question that is not put yet.
    next: Arc<Mutex<Option<Answer<T>>>>,
    /// Held by the one whose answer is awaited.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl<T> Default for Asked<T> {
    fn default() -> Self {
        Self {
            next: Arc::default(),
            turn: Arc::default(),
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Asked<T> {
    /// The answer to `ask`, which is called by one of those who wait for it.
    pub(crate) async fn next<F>(&self, ask: impl FnOnce() -> F) -> Result<T, BackendError>
    where
        F: Future<Output = Result<T, BackendError>> + Send + 'static,
    {
        let answer = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            next.get_or_insert_with(|| self.put(ask())).clone()
        };
        answer.await
    }

    fn put(
        &self,
        question: impl Future<Output = Result<T, BackendError>> + Send + 'static,
    ) -> Answer<T> {
        let (next, turn) = (Arc::clone(&self.next), Arc::clone(&self.turn));
        let put = async move {
            let _turn = turn.lock().await;
            // From here on whoever comes is too late for this one.
            *next.lock().unwrap_or_else(PoisonError::into_inner) = None;
            question.await
        };
        put.boxed().shared()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn who_comes_while_an_answer_is_awaited_shares_the_next_one() {
        let asked = Arc::new(Asked::default());
        let (put, answer) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let call = || {
            let (asked, put, answer) = (asked.clone(), put.clone(), answer.clone());
            tokio::spawn(async move {
                let question = || async move {
                    let number = put.fetch_add(1, Ordering::Relaxed) + 1;
                    answer.notified().await;
                    Ok(number)
                };
                asked.next(question).await.unwrap()
            })
        };
        let first = call();
        while put.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        let others = [call(), call(), call()];
        // Nobody who gives up takes the question along.
        others[0].abort();
        answer.notify_one();
        assert_eq!(first.await.unwrap(), 1);
        answer.notify_one();
        let [gone, second, third] = others;
        assert!(gone.await.is_err());
        assert_eq!([second.await.unwrap(), third.await.unwrap()], [2, 2]);
        answer.notify_one();
        assert_eq!(call().await.unwrap(), 3);
    }
}
