//! Says in the log which backend cannot be used, by the name of its setting.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::api::ops::Probe;
use crate::cli::sentence;
use crate::wiring::NamedUrl;

/// How often the backends are looked at.
const EVERY: Duration = Duration::from_secs(5);
/// A backend that says nothing for so long does not work.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is said again of the same backend.
const AGAIN: Duration = Duration::from_secs(60);

struct Watched {
    given: NamedUrl,
    probe: Arc<dyn Probe>,
    is_down: bool,
    told: Option<Instant>,
}

/// Looks at these backends for as long as it is polled. One that can never work, since its URL is wrong, looks like one that is
/// down: what it says is told, and where the URL comes from.
pub(crate) async fn follow(backends: Vec<(NamedUrl, Arc<dyn Probe>)>) {
    let mut watched: Vec<_> = backends
        .into_iter()
        .map(|(given, probe)| Watched {
            given,
            probe,
            is_down: false,
            told: None,
        })
        .collect();
    let mut beat = interval(EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        join_all(watched.iter_mut().map(Watched::look)).await;
    }
}

impl Watched {
    async fn look(&mut self) {
        match timeout(PATIENCE, self.probe.check()).await {
            Ok(Ok(_)) => self.works(),
            Ok(Err(error)) => self.fails(&sentence(&*error)),
            Err(_) => self.fails(&format!("no answer within {PATIENCE:?}")),
        }
    }

    fn works(&mut self) {
        if std::mem::take(&mut self.is_down) {
            tracing::info!(url = %self.given.url, "{} can be used again", self.given.name);
        }
    }

    fn fails(&mut self, error: &str) {
        self.is_down = true;
        if self.told.is_none_or(|told| told.elapsed() >= AGAIN) {
            self.told = Some(Instant::now());
            tracing::warn!(error, url = %self.given.url, "{} cannot be used at the moment", self.given.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::api::ops::Working;
    use crate::log::tests::Lines;
    use crate::wiring::UrlName;

    struct Switch(AtomicBool);

    #[async_trait]
    impl Probe for Switch {
        fn role(&self) -> &'static str {
            "queue"
        }

        fn backend(&self) -> String {
            "redis".to_owned()
        }

        fn is_vital(&self) -> bool {
            false
        }

        async fn check(&self) -> Result<Working, Box<dyn std::error::Error + Send + Sync>> {
            match self.0.load(Ordering::Relaxed) {
                true => Ok(Working::Wholly),
                false => Err("DB index is out of range".into()),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_used_is_named_once_a_minute_and_so_is_its_return() {
        let (lines, _guard) = Lines::listen();
        let switch = Arc::new(Switch(AtomicBool::new(false)));
        let url = "redis://u:s3cret@h/99?prefix=a:".parse().unwrap();
        let given = NamedUrl::new(UrlName::Queue, &url);
        let following = follow(vec![(given, switch.clone())]);
        tokio::pin!(following);
        let told = "the setting queue cannot be used";
        for (seconds, times) in [(59, 1), (12, 2)] {
            let some = timeout(Duration::from_secs(seconds), &mut following).await;
            assert!(some.is_err());
            assert_eq!(lines.text().matches(told).count(), times);
        }
        let text = lines.text();
        for part in [
            "redis://(hidden)@h/99?prefix=a:",
            "DB index is out of range",
        ] {
            assert!(text.contains(part), "{text}");
        }
        switch.0.store(true, Ordering::Relaxed);
        assert!(timeout(EVERY * 3, &mut following).await.is_err());
        let text = lines.text();
        assert_eq!(text.matches("can be used again").count(), 1, "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}
