//! What every notifier is held to. An adapter runs all cases with [`notifier_kit!`](crate::notifier_kit).

use std::sync::Arc;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::ids::{ChatNumber, MessageNumber, PublicId, UserNumber};
use crate::port::{Notification, Notifier};

/// A notifier, and what has arrived behind it.
pub struct Line {
    /// The notifier.
    pub notifier: Arc<dyn Notifier>,
    /// Takes out what arrived since the last time, the earliest first.
    pub arrived: Box<dyn Fn() -> Vec<Notification> + Send + Sync>,
}

/// Makes a test of each notifier case. The argument is a function `async fn fresh() -> (Line, guard)` that opens one behind which
/// everything is taken.
#[macro_export]
macro_rules! notifier_kit {
    ($fresh:path) => {
        $crate::notifier_kit! { [$crate::case_tests] $fresh }
    };
    ([$($each:tt)+] $($fresh:tt)+) => {
        $($each)+! { $($fresh)+, [$crate::kit::notifier]
            what_is_taken_has_arrived_whole_and_in_order,
            the_same_is_taken_again,
            callers_at_once_lose_nothing,
        }
    };
}

fn notification(user: u64, message: u64, author: Option<u64>) -> Notification {
    Notification {
        application: PublicId(Uuid::from_u128(user.into())),
        user: UserNumber(user),
        chat: ChatNumber(message + 1),
        message: MessageNumber(message),
        author: author.map(UserNumber),
        at: Timestamp(1_700_000_000_123_456),
    }
}

/// As many as there may be, with every value that there may be.
pub async fn what_is_taken_has_arrived_whole_and_in_order(line: &Line) {
    let ends = [
        notification(1, 1, None),
        notification(i64::MAX as u64, i64::MAX as u64 - 1, Some(i64::MAX as u64)),
    ];
    let many = (0..98).map(|user| notification(user + 2, 100 - user, Some(user + 1)));
    let all: Vec<_> = ends.into_iter().chain(many).collect();
    line.notifier.notify(&all[..1]).await.expect("one");
    assert_eq!((line.arrived)(), all[..1]);
    line.notifier.notify(&all).await.expect("a hundred");
    assert_eq!((line.arrived)(), all);
}

/// Whoever is behind may drop what he knows; the notifier does not refuse it.
pub async fn the_same_is_taken_again(line: &Line) {
    let one = [notification(1, 2, Some(3))];
    for _ in 0..2 {
        line.notifier.notify(&one).await.expect("taken");
        let arrived = (line.arrived)();
        assert!(arrived.is_empty() || arrived == one, "{arrived:?}");
    }
}

/// Each call by itself is whole.
pub async fn callers_at_once_lose_nothing(line: &Line) {
    let mut calls = tokio::task::JoinSet::new();
    for user in 1..=32 {
        let notifier = line.notifier.clone();
        calls.spawn(async move {
            let some = [notification(user, 1, None), notification(user, 2, None)];
            notifier.notify(&some).await.expect("taken");
        });
    }
    calls.join_all().await;
    let mut arrived: Vec<_> = (line.arrived)()
        .into_iter()
        .map(|one| (one.user.0, one.message.0))
        .collect();
    arrived.sort_unstable();
    let all = (1..=32).flat_map(|user| [(user, 1), (user, 2)]);
    assert_eq!(arrived, all.collect::<Vec<_>>());
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Line;
    use crate::memory::MemoryNotifier;

    async fn fresh() -> (Line, ()) {
        let notifier = Arc::new(MemoryNotifier::new());
        let arrived = notifier.clone();
        let line = Line {
            notifier,
            arrived: Box::new(move || arrived.take()),
        };
        (line, ())
    }

    crate::notifier_kit!(fresh);
}
