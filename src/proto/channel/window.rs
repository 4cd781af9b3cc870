//! Flow control (RFC 4254 section 5.2). Every decision about windows is made here.
//!
//! # What fills our receive window
//!
//! stdout and stderr share one window, so a plain reading of the RFC lets stderr that nobody reads fill it and stop
//! stdout: the classic deadlock of programs that read one stream only. Here
//!
//! ```text
//! held = queued(stdout) + queued(stderr) - covered
//! ```
//!
//! and the peer may have `target - held` bytes outstanding. Bytes of stderr are *covered* when they arrive, as long as
//! the connection's `Limits::stderr_buffer` (shared by its channels) has room; reading them gives the room back. So
//! unread stderr costs stdout nothing until that much of it is queued. Beyond, stderr counts like stdout: the peer
//! is slowed down, then stopped, until somebody reads stderr. Nothing is ever dropped, and a connection holds at most
//! the sum of its channels' windows plus `stderr_buffer`.
//!
//! # How the target grows
//!
//! A peer can send no more than a window in a round trip, so on a long path the window is the speed limit. The target is
//! doubled when, within one round trip, more than half of it has arrived, and the application has read nearly all of
//! that. So it comes to between two and four times what the path carries in a round trip, and stays there: enough to
//! keep the path full while an adjust travels. It never shrinks.
//!
//! - Nothing is sent to measure. The round trip is the shortest seen of: our key exchange message until the one that
//!   answers it ([`RoundTrip`]), and an adjust until the first byte that it allowed. Both take longer than the path
//!   alone, so an estimate errs to the long side, and costs a larger window, not speed.
//! - Slow links do not fill half of a window in a round trip, nor do short paths: their windows stay as they begin.
//! - A channel that is not read never grows: growth happens in a read that leaves little in the queue. Nor does unread
//!   stderr's cover count as reading.
//! - What all channels of a connection grow by, together, is bounded by `Limits::window_growth`: they share the path, and
//!   so its bandwidth-delay product. Channels that close give their part back.
//!
//! A window is a promise, not an allocation: the queue's memory follows what is in it, so growth costs nothing until the
//! application stops reading.
//!
//! # When WINDOW_ADJUST goes out
//!
//! When a quarter of the target, or 1 MiB where that is less, is unclaimed: the peer always has three quarters of the
//! window (all but 1 MiB of a large one) in flight, so bulk transfer never waits for an adjust that is not on its
//! way, and reading byte by byte does not send one message a byte.

use crate::error::{Error, ErrorKind, Result};
use std::time::{Duration, Instant};

/// The largest data packet announced to peers, bytes: packets above 256 KiB, with header and padding, are not read from
/// the wire at all.
pub const MAX_RECV_PACKET: u32 = 255 * 1024;

/// The largest data packet sent, whatever the peer allows: beyond it larger packets win nothing and delay other
/// channels.
const MAX_SEND_PACKET: u32 = 64 * 1024;

const MAX_THRESHOLD: u32 = 1 << 20;

/// A channel's receive window: where it begins, and how far it may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Bytes announced to the peer at the start.
    pub start: u32,
    /// Bytes it never grows above; it does not grow where this is no more than `start`.
    pub max: u32,
}

impl From<u32> for Window {
    /// One that keeps its size.
    fn from(size: u32) -> Self {
        Self { start: size, max: size }
    }
}

/// The shortest round trip a connection has seen.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct RoundTrip(Option<Duration>);

impl RoundTrip {
    /// The peer's answer to something took so long.
    pub(super) fn sample(&mut self, took: Duration) {
        self.0 = Some(self.0.map_or(took, |least| least.min(took)));
    }
}

/// Credit on its way: when it was sent, and the bytes the peer could still send without it.
#[derive(Debug)]
struct Probe {
    sent: Instant,
    ahead: u32,
}

/// What the peer may still send us.
#[derive(Debug)]
pub(super) struct RecvWindow {
    /// The size the window is brought back to.
    target: u32,
    start: u32,
    max: u32,
    left: u32,
    max_packet: u32,
    probe: Option<Probe>,
    /// Bytes that arrived since then: in one round trip at most.
    period: Option<Instant>,
    arrived: u32,
}

impl RecvWindow {
    pub(super) fn new(window: impl Into<Window>, max_packet: u32) -> Self {
        let Window { start, max } = window.into();
        Self {
            target: start,
            start,
            max,
            left: start,
            max_packet: max_packet.min(MAX_RECV_PACKET),
            probe: None,
            period: None,
            arrived: 0,
        }
    }

    /// The size at the start, for the message that announces it.
    pub(super) const fn target(&self) -> u32 {
        self.target
    }

    pub(super) const fn max_packet(&self) -> u32 {
        self.max_packet
    }

    /// Takes account of `len` bytes of data that arrived.
    pub(super) fn debit(&mut self, len: usize) -> Result<()> {
        let limit = |what: &str| Error::new(ErrorKind::LimitExceeded, format!("{what} (RFC 4254 section 5.2)"));
        let len = u32::try_from(len).map_err(|_| limit("channel data above the maximum packet size"))?;
        if len > self.max_packet {
            return Err(limit("channel data above the maximum packet size"));
        }
        self.left = self.left.checked_sub(len).ok_or_else(|| limit("channel data past the window"))?;
        Ok(())
    }

    /// Measures by `len` bytes that arrived at `now`.
    pub(super) fn measure(&mut self, now: Instant, len: usize, rtt: &mut RoundTrip) {
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        if let Some(Probe { sent, ahead }) = self.probe.take() {
            match ahead.checked_sub(len) {
                Some(ahead) => self.probe = Some(Probe { sent, ahead }),
                // The peer had that adjust when it sent this.
                None => rtt.sample(now.saturating_duration_since(sent)),
            }
        }
        let Some(rtt) = rtt.0 else { return };
        match self.period {
            Some(begun) if now.saturating_duration_since(begun) <= rtt => {
                self.arrived = self.arrived.saturating_add(len);
            }
            _ => {
                self.period = Some(now);
                self.arrived = len;
            }
        }
    }

    /// The application has read, at `now`, and left `queued` bytes: lets the window grow, out of `room`, where it is the limit.
    pub(super) fn grow(&mut self, now: Instant, queued: usize, rtt: RoundTrip, room: &mut usize) {
        let (Some(rtt), Some(begun)) = (rtt.0, self.period) else { return };
        // What was read late does not show that the window was the limit.
        let in_time = now.saturating_duration_since(begun) <= rtt.saturating_mul(2);
        let is_read = queued <= usize::try_from(self.target / 8).unwrap_or(usize::MAX);
        if self.arrived <= self.target / 2 || self.max <= self.target || !in_time || !is_read {
            return;
        }
        let step = self.target.min(self.max - self.target).min(u32::try_from(*room).unwrap_or(u32::MAX));
        *room = room.saturating_sub(usize::try_from(step).unwrap_or(usize::MAX));
        self.target = self.target.saturating_add(step);
        // What has shown that the old size was too small says nothing about the new one.
        self.period = None;
        self.arrived = 0;
    }

    /// Bytes it has grown by.
    pub(super) fn growth(&self) -> usize {
        usize::try_from(self.target - self.start).unwrap_or(usize::MAX)
    }

    /// The adjust that [`RecvWindow::claim`] asked for left at `now`.
    pub(super) fn claimed(&mut self, now: Instant, bytes: u32) {
        self.probe.get_or_insert(Probe { sent: now, ahead: self.left.saturating_sub(bytes) });
    }

    /// How much to add to the peer's window now that `held` bytes fill ours; 0: not worth a message yet.
    pub(super) fn claim(&mut self, held: usize) -> u32 {
        let want = self.target.saturating_sub(u32::try_from(held).unwrap_or(u32::MAX));
        let unclaimed = want.saturating_sub(self.left);
        if unclaimed < (self.target / 4).clamp(1, MAX_THRESHOLD) {
            return 0;
        }
        self.left = want;
        unclaimed
    }
}

/// What we may still send the peer.
#[derive(Debug)]
pub(super) struct SendWindow {
    left: u32,
    max_packet: u32,
}

impl SendWindow {
    /// As the peer announced it.
    pub(super) const fn new(left: u32, max_packet: u32) -> Self {
        Self { left, max_packet }
    }

    pub(super) const fn left(&self) -> u32 {
        self.left
    }

    pub(super) fn max_packet(&self) -> u32 {
        self.max_packet.min(MAX_SEND_PACKET)
    }

    /// The largest packet that may be sent now.
    pub(super) fn quota(&self) -> usize {
        usize::try_from(self.left.min(self.max_packet())).unwrap_or(usize::MAX)
    }

    /// `len` bytes, at most [`SendWindow::quota`], were sent.
    pub(super) fn debit(&mut self, len: usize) {
        self.left = self.left.saturating_sub(u32::try_from(len).unwrap_or(u32::MAX));
    }

    /// The peer allows `bytes` more.
    pub(super) fn grow(&mut self, bytes: u32) -> Result<()> {
        self.left = self
            .left
            .checked_add(bytes)
            .ok_or_else(|| Error::protocol("window adjusted above 2^32-1 (RFC 4254 section 5.2)"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_never_grows_above_its_maximum() {
        for (start, add, ok) in [(0, u32::MAX, true), (1, u32::MAX, false), (u32::MAX, 0, true), (u32::MAX, 1, false)] {
            let mut w = SendWindow::new(start, 32768);
            assert_eq!(w.grow(add).is_ok(), ok, "{start} + {add}");
        }
    }

    #[test]
    fn quota_is_bounded_by_window_and_packet() {
        assert_eq!(SendWindow::new(0, 32768).quota(), 0);
        assert_eq!(SendWindow::new(1, 32768).quota(), 1);
        assert_eq!(SendWindow::new(u32::MAX, 1).quota(), 1);
        assert_eq!(SendWindow::new(u32::MAX, u32::MAX).quota(), 65536);
    }

    #[test]
    fn data_past_window_or_packet_is_refused() {
        for (window, packet, len, ok) in [
            (0, 9, 0, true),
            (0, 9, 1, false),
            (1, 9, 1, true),
            (99, 9, 10, false),
            (u32::MAX, u32::MAX, 261_121, false),
        ] {
            let got = RecvWindow::new(window, packet).debit(len);
            assert_eq!(got.is_ok(), ok, "{window} {packet} {len}");
            assert!(got.map_or_else(|e| e.text().contains("section 5.2"), |()| true));
        }
    }

    #[test]
    fn adjusts_are_lazy_and_never_exceed_the_target() {
        for target in [1, 2, 3, 32768, 2_097_152, u32::MAX] {
            let mut w = RecvWindow::new(target, 32768);
            let (mut sent, mut messages) = (0_u64, 0_u64);
            for _ in 0..200_000 {
                let n = w.left.min(100);
                w.debit(usize::try_from(n).unwrap()).unwrap();
                sent += u64::from(n);
                messages += u64::from(w.claim(0) > 0);
                assert!(w.left > target / 2, "target {target} has {} left", w.left);
            }
            assert!(messages <= sent.div_ceil(u64::from((target / 4).clamp(1, 1 << 20))), "{target}: {messages}");
        }
    }

    #[test]
    fn a_full_window_is_not_credited() {
        let mut w = RecvWindow::new(32768, 32768);
        w.debit(32768).unwrap();
        assert_eq!(w.claim(32768), 0);
        assert_eq!(w.claim(usize::MAX), 0);
        assert_eq!(w.claim(32768 - 8192), 8192);
        assert_eq!(w.claim(0), 32768 - 8192);
    }
}
