//! What every bus is held to. An adapter runs all cases with [`bus_kit!`](crate::bus_kit).
//!
//! A bus may lose, double and reorder, so a case asks only for what it must do: carry, and own up
//! to what it lost.

use std::sync::Arc;
use std::time::Duration;

use crate::ids::{ApplicationId, Change, ChatId, Head, MessageNumber};
use crate::port::{Bus, Event, Subscription};

/// Makes a test of each bus case. The argument is a function
/// `async fn fresh() -> (Arc<dyn Bus>, guard)` that opens a bus of its own.
#[macro_export]
macro_rules! bus_kit {
    ($fresh:path) => {
        $crate::bus_kit! { [$crate::case_tests] $fresh }
    };
    ([$($each:tt)+] $($fresh:tt)+) => {
        $($each)+! { $($fresh)+, [$crate::kit::bus]
            all_subscribers_hear_what_is_published,
            a_subscriber_hears_nothing_from_before,
            publishing_needs_no_subscriber,
            a_slow_reader_hears_of_a_gap,
        }
    };
}

/// A bus that carries nothing fails the case instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(30);

fn moved(number: u64) -> Event {
    Event::Moved {
        application: ApplicationId(1),
        chat: ChatId(2),
        to: Head {
            number: MessageNumber(number),
            change: Change(number / 2),
        },
    }
}

/// Reads until this event, or a gap that may stand for it.
async fn hears(subscription: &mut Subscription, event: Event) -> bool {
    let reading = async {
        while let Some(heard) = subscription.next().await {
            if heard == event || heard == Event::Gap {
                return true;
            }
        }
        false
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("an event or a gap")
}

/// Each subscriber hears each event.
pub async fn all_subscribers_hear_what_is_published(bus: &Arc<dyn Bus>) {
    let mut one = bus.subscribe().await.expect("subscribe");
    let mut two = bus.subscribe().await.expect("subscribe");
    let closed = Event::Closed(ApplicationId(3));
    bus.publish(&[moved(7), closed]).await.expect("publish");
    for subscription in [&mut one, &mut two] {
        assert!(hears(subscription, moved(7)).await);
        assert!(hears(subscription, closed).await);
    }
}

/// What was published before a subscription is not heard through it.
pub async fn a_subscriber_hears_nothing_from_before(bus: &Arc<dyn Bus>) {
    bus.publish(&[moved(1)]).await.expect("publish");
    let mut late = bus.subscribe().await.expect("subscribe");
    bus.publish(&[moved(2)]).await.expect("publish");
    let first = tokio::time::timeout(PATIENCE, late.next()).await;
    assert_ne!(first.expect("an event"), Some(moved(1)));
}

/// With nobody there it is no fault.
pub async fn publishing_needs_no_subscriber(bus: &Arc<dyn Bus>) {
    bus.publish(&[]).await.expect("publish");
    bus.publish(&[moved(1)]).await.expect("publish");
    drop(bus.subscribe().await.expect("subscribe"));
    bus.publish(&[moved(2)]).await.expect("publish");
}

/// Who does not read costs bounded memory and is told; what comes later is heard.
pub async fn a_slow_reader_hears_of_a_gap(bus: &Arc<dyn Bus>) {
    const MANY: u64 = 100_000;
    let mut slow = bus.subscribe().await.expect("subscribe");
    for first in (1..=MANY).step_by(1_000) {
        let events: Vec<Event> = (first..first + 1_000).map(moved).collect();
        bus.publish(&events).await.expect("publish");
    }
    let (mut heard, mut gap) = (0_u64, false);
    let reading = async {
        while let Some(event) = slow.next().await {
            heard += 1;
            gap |= event == Event::Gap;
            if event == moved(MANY) {
                break;
            }
        }
    };
    let read = tokio::time::timeout(PATIENCE, reading).await;
    read.expect("the last event");
    assert!(gap, "what was lost is owned up to");
    assert!(heard < MANY, "the queue is bounded");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::memory::MemoryBus;
    use crate::port::Bus;

    async fn fresh() -> (Arc<dyn Bus>, ()) {
        (Arc::new(MemoryBus::new()), ())
    }

    crate::bus_kit!(fresh);
}
