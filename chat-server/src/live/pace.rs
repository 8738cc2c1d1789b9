//! Times that sockets keep.

use std::time::Duration;

/// The longest time after which those who were sent away come back.
const LONGEST_RETURN: u64 = 30_000;

/// Times that sockets keep.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long a client may take to say who it is.
    pub hello: Duration,
    /// How long a client that is known may take to say where it stood, where it is not told anything before.
    pub first_word: Duration,
    /// How often a socket is told where it stands, and asked for a sign of life.
    pub heartbeat: Duration,
    /// How long a client may take to hear why it is over.
    pub farewell: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            hello: Duration::from_secs(10),
            first_word: Duration::from_millis(500),
            heartbeat: Duration::from_secs(25),
            farewell: Duration::from_secs(4),
        }
    }
}

impl Pace {
    /// Until the first heartbeat: from half of one on, so that those who came together do not stay together.
    pub(super) fn first_heartbeat(self) -> Duration {
        let half = self.heartbeat / 2;
        half + half.mul_f64(share())
    }

    /// Whether nothing was heard for too long.
    pub(super) fn is_over(self, silence: Duration) -> bool {
        silence > self.heartbeat + self.heartbeat / 2
    }
}

/// After how many milliseconds one of so many comes back, when all have to: each after another time.
pub(crate) fn time_to_return(others: usize) -> u64 {
    let spread = (1_000 + others as u64 / 2).min(LONGEST_RETURN);
    100 + (spread as f64 * share()) as u64
}

/// From 0 to 1, at random.
fn share() -> f64 {
    let bits = uuid::Uuid::new_v4().as_u64_pair().1 as u32;
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_seconds_are_left_to_say_who_it_is_unless_set_otherwise() {
        assert_eq!(Pace::default().hello, Duration::from_secs(10));
    }

    #[test]
    fn those_who_are_many_come_back_over_a_longer_time() {
        let times = |others| (0..1000).map(move |_| time_to_return(others));
        assert!(times(0).all(|time| (100..=1_100).contains(&time)));
        let many: Vec<u64> = times(1_000_000).collect();
        assert!(many.iter().all(|time| *time <= LONGEST_RETURN + 100));
        assert!(many.iter().max().unwrap() - many.iter().min().unwrap() > LONGEST_RETURN / 2);
    }

    #[test]
    fn heartbeats_of_those_who_came_together_come_apart() {
        let pace = Pace::default();
        let firsts: std::collections::HashSet<_> =
            (0..100).map(|_| pace.first_heartbeat()).collect();
        assert!(firsts.len() > 90);
        let within = |first: &Duration| (pace.heartbeat / 2..=pace.heartbeat).contains(first);
        assert!(firsts.iter().all(within));
    }
}
