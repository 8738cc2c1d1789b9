//! What every presence is held to. An adapter runs all cases with
//! [`presence_kit!`](crate::presence_kit).

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use uuid::Uuid;

use crate::port::Presence;

/// Makes a test of each presence case. The argument is a function
/// `async fn fresh() -> (Arc<dyn Presence>, guard)` that opens one in which nobody is there.
#[macro_export]
macro_rules! presence_kit {
    ($fresh:path) => {
        $crate::presence_kit! { [$crate::case_tests] $fresh }
    };
    ([$($each:tt)+] $($fresh:tt)+) => {
        $($each)+! { $($fresh)+, [$crate::kit::presence]
            whoever_was_touched_is_there,
            whoever_leaves_one_place_is_at_the_others,
            a_lease_ends_by_itself_and_not_before,
            a_touch_replaces_a_lease,
            a_lease_that_ends_leaves_the_others,
            touches_at_once_are_all_kept,
        }
    };
}

const HOUR: Duration = Duration::from_secs(3_600);
const SECOND: Duration = Duration::from_secs(1);
/// A lease that never ends fails the case instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(30);

const ONE: Uuid = Uuid::from_u128(1);
const TWO: Uuid = Uuid::from_u128(2);

async fn touch(presence: &Arc<dyn Presence>, who: &str, place: Uuid, lease: Duration) {
    presence
        .touch(&[who.to_owned()], place, lease)
        .await
        .expect("touch");
}

async fn leave(presence: &Arc<dyn Presence>, who: &str, place: Uuid) {
    presence.leave(who, place).await.expect("leave");
}

async fn is_there(presence: &Arc<dyn Presence>, who: &str) -> bool {
    let of = presence.of(&[who.to_owned()]).await.expect("of");
    assert_eq!(of.len(), 1);
    of[0]
}

/// Looks until they are gone.
async fn gone(presence: &Arc<dyn Presence>, who: &str) {
    let looking = async {
        let mut looks = tokio::time::interval(Duration::from_millis(10));
        while is_there(presence, who).await {
            looks.tick().await;
        }
    };
    let gone = tokio::time::timeout(PATIENCE, looking).await;
    gone.expect("the lease ends");
}

/// The answer is in the order of the question.
pub async fn whoever_was_touched_is_there(presence: &Arc<dyn Presence>) {
    touch(presence, "ann", ONE, HOUR).await;
    touch(presence, "bé 🧮", ONE, HOUR).await;
    touch(presence, "cat", ONE, Duration::ZERO).await;
    let who = ["bo", "bé 🧮", "ann", "cat", "Ann", "ann"].map(str::to_owned);
    let of = presence.of(&who).await.expect("of");
    assert_eq!(of, [false, true, true, false, false, true]);
    assert!(presence.of(&[]).await.expect("of").is_empty());
}

/// Each place has its own lease.
pub async fn whoever_leaves_one_place_is_at_the_others(presence: &Arc<dyn Presence>) {
    touch(presence, "ann", ONE, HOUR).await;
    touch(presence, "ann", TWO, HOUR).await;
    touch(presence, "bob", ONE, HOUR).await;
    leave(presence, "ann", ONE).await;
    leave(presence, "ann", ONE).await;
    assert!(is_there(presence, "ann").await);
    leave(presence, "ann", TWO).await;
    assert!(!is_there(presence, "ann").await);
    leave(presence, "nobody", TWO).await;
    assert!(is_there(presence, "bob").await);
    touch(presence, "ann", ONE, HOUR).await;
    assert!(is_there(presence, "ann").await);
}

/// Nobody has to leave.
pub async fn a_lease_ends_by_itself_and_not_before(presence: &Arc<dyn Presence>) {
    let began = Instant::now();
    touch(presence, "ann", ONE, SECOND).await;
    gone(presence, "ann").await;
    // A millisecond each way: the backend's clock counts whole ones.
    let lasted = began.elapsed() + Duration::from_millis(2);
    assert!(lasted >= SECOND, "{lasted:?}");
}

/// A later lease of the same place counts, whether it is longer or shorter.
pub async fn a_touch_replaces_a_lease(presence: &Arc<dyn Presence>) {
    touch(presence, "longer", ONE, SECOND).await;
    touch(presence, "longer", ONE, HOUR).await;
    touch(presence, "shorter", ONE, HOUR).await;
    touch(presence, "shorter", ONE, SECOND).await;
    gone(presence, "shorter").await;
    assert!(is_there(presence, "longer").await);
}

/// One that is over neither ends the others nor is in their way.
pub async fn a_lease_that_ends_leaves_the_others(presence: &Arc<dyn Presence>) {
    touch(presence, "ann", TWO, HOUR).await;
    touch(presence, "ann", ONE, SECOND).await;
    touch(presence, "ends last", ONE, SECOND).await;
    gone(presence, "ends last").await;
    assert!(is_there(presence, "ann").await);
    leave(presence, "ann", TWO).await;
    assert!(!is_there(presence, "ann").await);
}

/// No place is lost among many.
pub async fn touches_at_once_are_all_kept(presence: &Arc<dyn Presence>) {
    let places = || (0..64).map(Uuid::from_u128);
    let mut touches: JoinSet<()> = JoinSet::new();
    for place in places() {
        let presence = presence.clone();
        touches.spawn(async move { touch(&presence, "ann", place, HOUR).await });
    }
    touches.join_all().await;
    for place in places() {
        assert!(is_there(presence, "ann").await, "{place} is left");
        leave(presence, "ann", place).await;
    }
    assert!(!is_there(presence, "ann").await);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::memory::MemoryPresence;
    use crate::port::Presence;

    async fn fresh() -> (Arc<dyn Presence>, ()) {
        (Arc::new(MemoryPresence::new()), ())
    }

    crate::presence_kit!(fresh);
}
