//! When a wait ends.

use std::time::{Duration, Instant};

/// The moment a call gives up waiting; every blocking call takes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// Waits for ever.
    #[must_use]
    pub const fn never() -> Self {
        Self(None)
    }

    /// In `ms` milliseconds; 0 polls, a negative number waits for ever.
    #[must_use]
    pub fn after_ms(ms: i64) -> Self {
        u64::try_from(ms).map_or(Self(None), |ms| Self::after(Duration::from_millis(ms)))
    }

    /// After `wait`. A wait too long for the clock is for ever.
    #[must_use]
    pub fn after(wait: Duration) -> Self {
        Self(Instant::now().checked_add(wait))
    }

    /// The moment; None for never.
    #[must_use]
    pub const fn instant(self) -> Option<Instant> {
        self.0
    }

    /// What is left; zero when it is past, None for never.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether waiting is over.
    #[must_use]
    pub fn is_past(self) -> bool {
        self.0.is_some_and(|at| at <= Instant::now())
    }

    /// The earlier of the two.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(a), Some(b)) => Self(Some(a.min(b))),
            (a, b) => Self(a.or(b)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_polls_and_negative_waits_for_ever() {
        assert!(Deadline::after_ms(0).is_past());
        assert_eq!(Deadline::after_ms(-1), Deadline::never());
        assert!(!Deadline::never().is_past());
        assert_eq!(Deadline::never().remaining(), None);
        let d = Deadline::after_ms(60_000);
        assert!(!d.is_past() && d.remaining().unwrap() > Duration::from_secs(50));
    }

    #[test]
    fn a_wait_beyond_the_clock_is_for_ever() {
        assert_eq!(Deadline::after(Duration::MAX), Deadline::never());
        assert!(Deadline::after_ms(5).earlier(Deadline::never()).instant().is_some());
    }
}
