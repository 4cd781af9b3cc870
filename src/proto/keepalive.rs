//! Keepalives: something is sent when nothing was for a while, and a peer that answers none of several is dead.

use std::time::{Duration, Instant};

/// What to do when a keepalive's time has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing.
    Nothing,
    /// Send one.
    Send,
    /// The peer answered none of the last so many.
    PeerDead,
}

/// Keepalive state of one connection.
#[derive(Debug, Default)]
pub(super) struct Keepalive {
    interval: Duration,
    /// 0: never give the peer up.
    max_unanswered: u32,
    unanswered: u32,
    next: Option<Instant>,
}

impl Keepalive {
    /// Changes the settings; a zero interval turns keepalives off.
    pub fn set(&mut self, now: Instant, interval: Duration, max_unanswered: u32) {
        *self = Self { interval, max_unanswered, unanswered: 0, next: None };
        self.sent(now);
    }

    /// Something was sent: the interval starts anew, unless an answer is still awaited.
    pub fn sent(&mut self, now: Instant) {
        if self.unanswered == 0 {
            self.next = (self.interval > Duration::ZERO).then(|| now + self.interval);
        }
    }

    /// Something was heard: the peer is alive.
    pub fn heard(&mut self, now: Instant) {
        if self.unanswered > 0 {
            self.unanswered = 0;
            self.sent(now);
        }
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        self.next
    }

    /// What is due now. `deaf`: no input is read, so that silence proves nothing about the peer. Sending goes on: to a
    /// host that is gone the socket fails.
    pub fn due(&mut self, now: Instant, deaf: bool) -> Due {
        match self.next {
            Some(at) if at <= now => {}
            _ => return Due::Nothing,
        }
        if deaf {
            self.unanswered = 0;
        }
        if self.max_unanswered > 0 && self.unanswered >= self.max_unanswered {
            self.next = None;
            return Due::PeerDead;
        }
        self.unanswered += 1;
        self.next = Some(now + self.interval);
        Due::Send
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_peer_is_given_up_and_a_talking_one_is_not() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut k = Keepalive::default();
        k.set(start, second, 2);
        assert_eq!(k.due(start, false), Due::Nothing);
        assert_eq!(k.due(start + second, false), Due::Send);
        k.heard(start + second);
        assert_eq!(k.due(start + second * 2, false), Due::Send);
        assert_eq!(k.due(start + second * 3, false), Due::Send);
        assert_eq!(k.due(start + second * 4, false), Due::PeerDead);
    }

    #[test]
    fn sending_puts_it_off() {
        let start = Instant::now();
        let mut k = Keepalive::default();
        k.set(start, Duration::from_secs(2), 0);
        k.sent(start + Duration::from_secs(1));
        assert_eq!(k.due(start + Duration::from_secs(2), false), Due::Nothing);
        assert_eq!(k.due(start + Duration::from_secs(3), false), Due::Send);
    }

    #[test]
    fn nobody_is_given_up_while_nothing_is_read() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut k = Keepalive::default();
        k.set(start, second, 1);
        for i in 1..5 {
            assert_eq!(k.due(start + second * i, true), Due::Send);
        }
        assert_eq!(k.due(start + second * 5, false), Due::PeerDead);
    }
}
