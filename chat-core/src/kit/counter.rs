//! What every counter is held to. An adapter runs all cases with
//! [`counter_kit!`](crate::counter_kit).

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::port::{Count, Counter};

/// Makes a test of each counter case. The argument is a function
/// `async fn fresh() -> (Arc<dyn Counter>, guard)` that opens an empty counter.
#[macro_export]
macro_rules! counter_kit {
    ($fresh:path) => {
        $crate::counter_kit! { [$crate::case_tests] $fresh }
    };
    ([$($each:tt)+] $($fresh:tt)+) => {
        $($each)+! { $($fresh)+, [$crate::kit::counter]
            a_count_is_what_was_set_last,
            a_count_of_an_older_version_is_ignored,
            a_count_that_was_removed_is_unknown,
            additions_to_a_window_sum_up,
            windows_and_counts_do_not_meet,
            additions_at_once_are_all_counted,
            large_numbers_stay_exact,
        }
    };
}

async fn set(counter: &Arc<dyn Counter>, key: &str, value: u64, version: u64) {
    let count = Count { value, version };
    counter.set(key, count).await.expect("set");
}

async fn get(counter: &Arc<dyn Counter>, key: &str) -> Option<(u64, u64)> {
    let count = counter.get(key).await.expect("get");
    count.map(|count| (count.value, count.version))
}

/// Counts are kept by key, down to zero.
pub async fn a_count_is_what_was_set_last(counter: &Arc<dyn Counter>) {
    assert_eq!(get(counter, "chat").await, None);
    set(counter, "chat", 5, 0).await;
    set(counter, "chat é 🧮", 9, 3).await;
    assert_eq!(get(counter, "chat").await, Some((5, 0)));
    set(counter, "chat", 0, 7).await;
    assert_eq!(get(counter, "chat").await, Some((0, 7)));
    assert_eq!(get(counter, "chat é 🧮").await, Some((9, 3)));
}

/// A feeder that comes late changes nothing.
pub async fn a_count_of_an_older_version_is_ignored(counter: &Arc<dyn Counter>) {
    set(counter, "chat", 5, 10).await;
    for (value, version) in [(6, 10), (7, 9), (8, 0)] {
        set(counter, "chat", value, version).await;
        assert_eq!(get(counter, "chat").await, Some((5, 10)));
    }
    set(counter, "chat", 4, 11).await;
    assert_eq!(get(counter, "chat").await, Some((4, 11)));
}

/// What was removed can be set anew, from any version.
pub async fn a_count_that_was_removed_is_unknown(counter: &Arc<dyn Counter>) {
    set(counter, "one", 5, 10).await;
    set(counter, "two", 6, 10).await;
    counter.remove("one").await.expect("remove");
    counter.remove("never there").await.expect("remove");
    assert_eq!(get(counter, "one").await, None);
    assert_eq!(get(counter, "two").await, Some((6, 10)));
    set(counter, "one", 1, 2).await;
    assert_eq!(get(counter, "one").await, Some((1, 2)));
}

/// A window holds what was added to it; later additions do not put its end off.
pub async fn additions_to_a_window_sum_up(counter: &Arc<dyn Counter>) {
    let add = |key: &'static str, amount, seconds| {
        let counter = counter.clone();
        async move { counter.add(key, amount, seconds).await.expect("add") }
    };
    let first = add("a", 2, 3_600).await;
    assert_eq!(first.sum, 2);
    let hour = Duration::from_secs(3_590)..=Duration::from_secs(3_600);
    assert!(hour.contains(&first.left), "{first:?}");
    let later = add("a", 3, 7_200).await;
    assert_eq!(later.sum, 5);
    assert!(
        later.left <= first.left,
        "the first addition decides the end"
    );
    assert_eq!(add("a", 0, 60).await.sum, 5);
    assert_eq!(add("b", 1, 60).await.sum, 1);
    assert_eq!(add("c", 0, 60).await.sum, 0);
    let first = add("c", 1, 3_600).await;
    assert!(
        hour.contains(&first.left),
        "nothing opens no window: {first:?}"
    );
}

/// A rate window and a count may have the same key.
pub async fn windows_and_counts_do_not_meet(counter: &Arc<dyn Counter>) {
    counter.add("key", 3, 3_600).await.expect("add");
    assert_eq!(get(counter, "key").await, None);
    set(counter, "key", 8, 1).await;
    assert_eq!(counter.add("key", 1, 3_600).await.expect("add").sum, 4);
    counter.remove("key").await.expect("remove");
    assert_eq!(counter.add("key", 1, 3_600).await.expect("add").sum, 5);
}

/// No addition is lost, and each sees another sum.
pub async fn additions_at_once_are_all_counted(counter: &Arc<dyn Counter>) {
    let mut adders = JoinSet::new();
    for _ in 0..8 {
        let counter = counter.clone();
        adders.spawn(async move {
            let mut sums = Vec::new();
            for _ in 0..100 {
                sums.push(counter.add("key", 1, 3_600).await.expect("add").sum);
            }
            sums
        });
    }
    let mut sums = adders.join_all().await.concat();
    sums.sort_unstable();
    assert!(sums.into_iter().eq(1..=800));
}

/// Beyond what a floating-point number tells apart.
pub async fn large_numbers_stay_exact(counter: &Arc<dyn Counter>) {
    const LARGE: u64 = 1 << 53;
    set(counter, "chat", LARGE + 1, LARGE).await;
    assert_eq!(get(counter, "chat").await, Some((LARGE + 1, LARGE)));
    set(counter, "chat", LARGE + 3, LARGE + 1).await;
    assert_eq!(get(counter, "chat").await, Some((LARGE + 3, LARGE + 1)));
    set(counter, "chat", 1, LARGE).await;
    set(counter, "chat", 2, 999).await;
    assert_eq!(get(counter, "chat").await, Some((LARGE + 3, LARGE + 1)));
    let add = async |amount| counter.add("key", amount, 3_600).await.expect("add").sum;
    assert_eq!(add(LARGE).await, LARGE);
    assert_eq!(add(1).await, LARGE + 1);
    assert_eq!(add(2).await, LARGE + 3);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::memory::MemoryCounter;
    use crate::port::Counter;

    async fn fresh() -> (Arc<dyn Counter>, ()) {
        (Arc::new(MemoryCounter::new()), ())
    }

    crate::counter_kit!(fresh);
}
