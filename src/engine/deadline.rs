//! When a wait ends.

use crate::error::{Error, ErrorKind};
use std::time::{Duration, Instant};

/// The moment a call gives up waiting; every blocking call takes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// None for never.
    at: Option<Instant>,
    /// The wait that was asked for, to say so when it is over; zero with never.
    bound: Duration,
}

impl Deadline {
    /// Waits for ever.
    #[must_use]
    pub const fn never() -> Self {
        Self { at: None, bound: Duration::ZERO }
    }

    /// In `ms` milliseconds; 0 polls, a negative number waits for ever.
    #[must_use]
    pub fn after_ms(ms: i64) -> Self {
        u64::try_from(ms).map_or(Self::never(), |ms| Self::after(Duration::from_millis(ms)))
    }

    /// After `wait`. A wait too long for the clock is for ever.
    #[must_use]
    pub fn after(wait: Duration) -> Self {
        match Instant::now().checked_add(wait) {
            at @ Some(_) => Self { at, bound: wait },
            None => Self::never(),
        }
    }

    /// The moment; None for never.
    #[must_use]
    pub const fn instant(self) -> Option<Instant> {
        self.at
    }

    /// What is left; zero when it is past, None for never.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        self.at.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether waiting is over.
    #[must_use]
    pub fn is_past(self) -> bool {
        self.at.is_some_and(|at| at <= Instant::now())
    }

    /// The earlier of the two.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        match (self.at, other.at) {
            (Some(a), Some(b)) if b < a => other,
            (None, Some(_)) => other,
            _ => self,
        }
    }

    /// The error of a wait that this ended. `missing` is a clause that says what did not happen: "no data came".
    pub(crate) fn error(self, missing: &str) -> Error {
        let text = match self.bound {
            Duration::ZERO => format!("{missing} yet"),
            bound => format!("{missing} within {} ms", bound.as_millis()),
        };
        Error::new(ErrorKind::Timeout, text)
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

    #[test]
    fn an_error_says_what_was_waited_for_and_how_long() {
        let short = Deadline::never().earlier(Deadline::after_ms(5)).earlier(Deadline::after_ms(60_000));
        assert_eq!(short.error("no data came").text(), "no data came within 5 ms");
        assert_eq!(Deadline::after_ms(0).error("no data came").text(), "no data came yet");
        assert_eq!(short.error("no data came").kind(), ErrorKind::Timeout);
    }
}
