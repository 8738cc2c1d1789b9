//! Waiting in tests, on the paused clock.

use std::time::Duration;

use tokio::time::{interval, timeout};

/// Long enough for whatever is on its way.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until it holds.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let mut looks = interval(Duration::from_millis(1));
    let holding = async {
        while !holds().await {
            looks.tick().await;
        }
    };
    timeout(PATIENCE, holding).await.expect("it comes to hold");
}

/// Lets so much of the paused time go by, and with it all that happens until then: for what must not happen.
pub(crate) async fn elapse(time: Duration) {
    let nothing = timeout(time, std::future::pending::<()>()).await;
    nothing.unwrap_err();
}
