//! One channel: what was said on it so far, and so what may be said next.

use super::queue::Queue;
use super::request::ExitSignal;
use super::window::{RecvWindow, SendWindow, Window};
use crate::error::{ErrorKind, Result};
use crate::proto::event::{ChannelId, Event, Stream};
use crate::proto::in_order::InOrder;
use crate::proto::outbox::Outbox;
use crate::wire::msg_channel as msg;
use std::collections::VecDeque;
use std::time::Instant;

/// How far the opening is (RFC 4254 section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// We asked the peer. `released`: nobody waits for the answer any more.
    Requested,
    /// The peer asked us and the application has not answered.
    Asked,
    /// Confirmed.
    Open,
}

/// What the last send was short of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Starved {
    No,
    /// Window: an adjust makes it writable.
    Window,
    /// Output buffer, or a key exchange under way: the channel is in the list of waiters.
    Buffer,
}

/// A channel's state, as seen by getters.
#[derive(Debug)]
pub struct Channel {
    pub(super) id: ChannelId,
    pub(super) phase: Phase,
    pub(super) kind: String,
    pub(super) open_data: Vec<u8>,
    pub(super) remote_id: u32,
    pub(super) recv: RecvWindow,
    pub(super) send: SendWindow,
    pub(super) stdout: Queue,
    pub(super) stderr: Queue,
    /// Bytes of `stderr` that do not count against the window; see window.rs.
    pub(super) covered: usize,
    pub(super) stderr_warned: bool,
    pub(super) combine: bool,
    /// Someone has looked at the data that is queued and waits for more to come.
    pub(super) wants_more: bool,
    pub(super) eof_sent: bool,
    pub(super) eof_received: bool,
    pub(super) close_sent: bool,
    pub(super) close_received: bool,
    /// The connection is over.
    pub(super) ended: bool,
    pub(super) read_shut: bool,
    /// No application names this channel any more: no events, and the state goes when both sides have closed.
    pub(super) released: bool,
    pub(super) exit_status: Option<u32>,
    pub(super) exit_signal: Option<ExitSignal>,
    /// Tokens of our requests the peer has not replied to, oldest first.
    pub(super) awaited: VecDeque<u64>,
    /// The peer's requests we have not replied to.
    pub(super) owed: InOrder<bool>,
    pub(super) environment: u32,
    pub(super) starved: Starved,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
}

impl Channel {
    pub(super) fn new(id: u32, phase: Phase, kind: &str, open_data: &[u8], window: Window, max_packet: u32) -> Self {
        Self {
            id: ChannelId(id),
            phase,
            kind: kind.to_owned(),
            open_data: open_data.to_vec(),
            remote_id: 0,
            recv: RecvWindow::new(window, max_packet),
            send: SendWindow::new(0, 0),
            stdout: Queue::default(),
            stderr: Queue::default(),
            covered: 0,
            stderr_warned: false,
            combine: false,
            wants_more: false,
            eof_sent: false,
            eof_received: false,
            close_sent: false,
            close_received: false,
            ended: false,
            read_shut: false,
            released: false,
            exit_status: None,
            exit_signal: None,
            awaited: VecDeque::new(),
            owed: InOrder::new(),
            environment: 0,
            starved: Starved::No,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Our number.
    #[must_use]
    pub const fn id(&self) -> ChannelId {
        self.id
    }

    /// The peer's number; None until the channel is confirmed.
    #[must_use]
    pub fn remote_id(&self) -> Option<u32> {
        self.is_confirmed().then_some(self.remote_id)
    }

    /// The channel type it was opened with.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The open's type-specific data.
    #[must_use]
    pub fn open_data(&self) -> &[u8] {
        &self.open_data
    }

    /// Confirmed, and closed by neither side.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_confirmed() && !self.close_sent && !self.close_received && !self.ended
    }

    /// Closed by both sides, or the connection has ended.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        (self.close_sent && self.close_received) || self.ended
    }

    /// The peer sent EOF.
    #[must_use]
    pub const fn eof_received(&self) -> bool {
        self.eof_received
    }

    /// The peer closed the channel: it reports nothing more.
    #[must_use]
    pub const fn close_received(&self) -> bool {
        self.close_received
    }

    /// We sent EOF.
    #[must_use]
    pub const fn eof_sent(&self) -> bool {
        self.eof_sent
    }

    /// The exit status, once the peer reported one (RFC 4254 section 6.10).
    #[must_use]
    pub const fn exit_status(&self) -> Option<u32> {
        self.exit_status
    }

    /// The signal that ended the command, once the peer reported one (RFC 4254 section 6.10).
    #[must_use]
    pub const fn exit_signal(&self) -> Option<&ExitSignal> {
        self.exit_signal.as_ref()
    }

    /// Whether `recv` would give bytes or the end of the stream rather than nothing.
    #[must_use]
    pub fn readable(&self, stream: Stream) -> bool {
        self.queued(stream) > 0 || self.no_more_data()
    }

    /// Bytes that wait to be read.
    #[must_use]
    pub const fn queued(&self, stream: Stream) -> usize {
        match stream {
            Stream::Data => self.stdout.len(),
            Stream::Stderr => self.stderr.len(),
        }
    }

    /// Bytes the peer's window takes now; 0 where nothing may be sent. The output buffer may take fewer.
    #[must_use]
    pub fn send_space(&self) -> usize {
        if self.is_open() && !self.eof_sent {
            usize::try_from(self.send.left()).unwrap_or(usize::MAX)
        } else {
            0
        }
    }

    /// Whether a send is worth trying: there is window, and the last send did not fill the output buffer. When it becomes
    /// true later, `Event::Writable` or `Event::Changed` says so. Once nothing can be sent at all it is true as well.
    #[must_use]
    pub fn writable(&self) -> bool {
        !self.is_open() || self.eof_sent || (self.starved == Starved::No && self.send.quota() > 0)
    }

    /// The largest data packet we send on this channel, bytes.
    #[must_use]
    pub fn send_max_packet(&self) -> u32 {
        self.send.max_packet()
    }

    /// The size of our receive window now, whatever of it is used.
    #[must_use]
    pub const fn recv_window(&self) -> u32 {
        self.recv.target()
    }

    /// Whether stderr arrives in the data stream.
    #[must_use]
    pub const fn combine_stderr(&self) -> bool {
        self.combine
    }

    /// Bytes of data received, both streams, since the channel opened.
    #[must_use]
    pub const fn bytes_in(&self) -> u64 {
        self.bytes_in
    }

    /// Bytes of data sent, both streams, since the channel opened.
    #[must_use]
    pub const fn bytes_out(&self) -> u64 {
        self.bytes_out
    }

    pub(super) fn is_confirmed(&self) -> bool {
        self.phase == Phase::Open
    }

    /// This channel, unless someone closed it.
    pub(super) fn still_open(&mut self) -> Result<&mut Self> {
        if self.is_open() {
            Ok(self)
        } else {
            Err(ErrorKind::ChannelClosed.into())
        }
    }

    /// Whether the end that `recv` reports was brought about by one of the two sides, not by the loss of the
    /// connection, so that a stream cut short can be told from a whole one.
    #[must_use]
    pub const fn end_is_deliberate(&self) -> bool {
        self.eof_received || self.close_received || self.close_sent || self.read_shut
    }

    /// Nothing will be queued any more.
    pub(super) const fn no_more_data(&self) -> bool {
        self.eof_received || self.close_received || self.close_sent || self.ended || self.read_shut
    }

    /// Both directions have nothing left to read or to wait for: a reader was told the end already.
    pub(super) fn was_readable(&self) -> bool {
        self.readable(Stream::Data) && self.readable(Stream::Stderr) && !self.wants_more
    }

    /// Tells the application, if there still is one.
    pub(super) fn tell(&self, out: &mut Outbox, event: Event) {
        if !self.released {
            out.event(event);
        }
    }

    /// Tells everyone who waits on this channel for anything to look again.
    pub(super) fn wake(&self, out: &mut Outbox, was_readable: bool) {
        if !was_readable {
            self.tell(out, Event::Readable(self.id));
        }
        self.tell(out, Event::Writable(self.id));
        self.tell(out, Event::Changed(self.id));
    }

    /// Sends CLOSE, once. EOF before it tells peers that want it that the data is complete.
    pub(super) fn send_close(&mut self, out: &mut Outbox) {
        if self.close_sent || self.ended {
            return;
        }
        // Whoever closes first gets the line.
        let who = if self.close_received { "by the peer" } else { "here" };
        out.log_channel(4, self.id.0, || {
            format!("closed {who}; {} bytes received, {} sent", self.bytes_in, self.bytes_out)
        });
        if !self.eof_sent && !self.close_received {
            self.eof_sent = true;
            out.message(|b| msg::ChannelEof::new(self.remote_id).encode(b));
        }
        self.close_sent = true;
        out.message(|b| msg::ChannelClose::new(self.remote_id).encode(b));
    }

    /// Gives the peer the window back that was read or thrown away, when it is worth a message.
    pub(super) fn claim_window(&mut self, out: &mut Outbox, now: Option<Instant>) {
        if !self.is_open() || self.eof_received {
            return;
        }
        let held = (self.stdout.len() + self.stderr.len()).saturating_sub(self.covered);
        let bytes = self.recv.claim(held);
        if bytes > 0 {
            if let Some(now) = now {
                self.recv.claimed(now, bytes);
            }
            out.message(|b| msg::ChannelWindowAdjust::new(self.remote_id, bytes).encode(b));
        }
    }
}
