//! Progress on the standard error: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

const BAR: &str = "{bar:30} {percent:>3}%  {msg}  {eta_precise} left";
const SPINNER: &str = "{spinner}  {msg}";
/// How often a line is written where there is no terminal.
const EVERY: Duration = Duration::from_secs(2);

pub(super) struct Meter {
    bar: Option<ProgressBar>,
    what: &'static str,
    total: Option<u64>,
    started: Instant,
    told: Instant,
}

impl Meter {
    /// Counts `what` on the way to `total`, which may be another unit.
    pub(super) fn new(what: &'static str, total: Option<u64>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let (bar, style) = match total {
                Some(total) => (ProgressBar::new(total), BAR),
                None => (ProgressBar::new_spinner(), SPINNER),
            };
            // The templates are constants; one that did not parse would show in any use.
            bar.set_style(
                ProgressStyle::with_template(style)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        let now = Instant::now();
        Self {
            bar,
            what,
            total,
            started: now,
            told: now,
        }
    }

    /// So many are done, and so much of the total.
    pub(super) fn at(&mut self, count: u64, position: u64) {
        let rate = self.rate(count);
        let text = format!("{count} {}, {rate:.0}/s", self.what);
        if let Some(bar) = &self.bar {
            bar.set_position(position);
            bar.set_message(text);
        } else if self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            match self.left(position) {
                Some(left) => super::aside(format_args!("{text}, {left:.0} s left")),
                None => super::aside(text),
            }
        }
    }

    fn left(&self, position: u64) -> Option<f64> {
        let total = self.total.filter(|_| position > 0)?;
        let whole = self.started.elapsed().as_secs_f64() * total as f64 / position as f64;
        Some((whole - self.started.elapsed().as_secs_f64()).max(0.0))
    }

    /// How many a second so far.
    pub(super) fn rate(&self, count: u64) -> f64 {
        count as f64 / self.started.elapsed().as_secs_f64().max(0.001)
    }

    /// How long it has been.
    pub(super) fn took(&self) -> Duration {
        self.started.elapsed()
    }

    /// A line that stays.
    pub(super) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| super::aside(text)),
            None => super::aside(text),
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
