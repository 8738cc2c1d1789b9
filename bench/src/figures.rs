//! Medians, percentiles, and the rows they are printed in.

use std::time::Duration;

use crate::process;

/// What was measured on both sides, round by round.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

impl Rounds {
    pub(crate) fn push(&mut self, ours: f64, theirs: f64) {
        self.ours.push(ours);
        self.theirs.push(theirs);
    }

    pub(crate) fn ours(&self) -> f64 {
        median(&self.ours)
    }

    pub(crate) fn theirs(&self) -> f64 {
        median(&self.theirs)
    }

    /// The median of ours over the median of theirs.
    pub(crate) fn ratio(&self) -> f64 {
        self.ours() / self.theirs()
    }
}

/// The middle value; `NaN` of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len() / 2, sorted.len() % 2) {
        (0, 0) => f64::NAN,
        (middle, 0) => f64::midpoint(sorted[middle - 1], sorted[middle]),
        (middle, _) => sorted[middle],
    }
}

/// How long each of many things took.
#[derive(Debug, Default, Clone)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The time, in milliseconds, that this share of them stayed within; `NaN` of none.
    pub(crate) fn within(&mut self, share: f64) -> f64 {
        self.0.sort_unstable();
        let place = (self.0.len() as f64 * share).ceil() as usize;
        let last = self.0.len().saturating_sub(1);
        let at = place.saturating_sub(1).min(last);
        self.0
            .get(at)
            .map_or(f64::NAN, |took| took.as_secs_f64() * 1_000.0)
    }

    /// The sum, in seconds.
    pub(crate) fn total(&self) -> f64 {
        self.0.iter().sum::<Duration>().as_secs_f64()
    }
}

/// Prints one row of a markdown table: what, ours, against, ratio, target, notes.
pub(crate) fn row(cells: [&str; 6]) {
    println!("| {} |", cells.join(" | "));
}

/// A note with how busy the machine is: a busy one disturbs both sides.
pub(crate) fn with_load(note: &str) -> String {
    let load = process::load().unwrap_or_default();
    let separator = if note.is_empty() { "" } else { "; " };
    format!("{note}{separator}load {load}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_that_of_the_medians() {
        let mut rounds = Rounds::default();
        for (ours, theirs) in [(1.0, 4.0), (9.0, 2.0), (2.0, 40.0)] {
            rounds.push(ours, theirs);
        }
        assert!((rounds.ratio() - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let mut latencies = Latencies::default();
        (1..=200).for_each(|n| latencies.push(Duration::from_millis(n)));
        assert!((latencies.within(0.99) - 198.0).abs() < 1e-9);
        assert!((latencies.within(0.5) - 100.0).abs() < 1e-9);
    }
}
