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
//! # When WINDOW_ADJUST goes out
//!
//! When a quarter of the target, or 1 MiB where that is less, is unclaimed: the peer always has three quarters of the
//! window (all but 1 MiB of a large one) in flight, so bulk transfer never waits for an adjust that is not on its
//! way, and reading byte by byte does not send one message a byte.

use crate::error::{Error, ErrorKind, Result};

/// The largest data packet announced to peers, bytes: packets above 256 KiB, with header and padding, are not read from
/// the wire at all.
pub const MAX_RECV_PACKET: u32 = 255 * 1024;

/// The largest data packet sent, whatever the peer allows: beyond it larger packets win nothing and delay other
/// channels.
const MAX_SEND_PACKET: u32 = 64 * 1024;

const MAX_THRESHOLD: u32 = 1 << 20;

/// What the peer may still send us.
#[derive(Debug)]
pub(super) struct RecvWindow {
    /// The size the window is brought back to. A variable, so that it can follow the bandwidth-delay product.
    target: u32,
    left: u32,
    max_packet: u32,
}

impl RecvWindow {
    pub(super) fn new(target: u32, max_packet: u32) -> Self {
        Self { target, left: target, max_packet: max_packet.min(MAX_RECV_PACKET) }
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
