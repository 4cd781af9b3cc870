//! Channels (RFC 4254 sections 5 and 6), both roles: they differ only in what their applications do.
//!
//! A message is looked up in [`table`], judged by [`state`], debited in [`window`] and queued in [`queue`]; opening
//! is in [`open`], the data path in [`stream`], requests in [`request`], X11's cookies in [`x11`]. Closing is here.

mod open;
mod queue;
mod request;
mod state;
mod stream;
mod table;
mod window;
mod x11;

#[cfg(test)]
mod tests;

pub use request::ExitSignal;
pub use state::Channel;
pub use window::{Window, MAX_RECV_PACKET};

use super::config::Limits;
use super::event::{ChannelId, Event};
use super::outbox::Outbox;
use super::phase::Role;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{msg_channel as msg, numbers};
use state::Phase;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use table::Table;
use window::RoundTrip;

/// What `recv` found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recv {
    /// So many bytes were handed out.
    Data(usize),
    /// Everything was read and no more will come.
    Eof,
    /// Nothing is there now.
    Empty,
}

/// The longest free-form part of a message we send, bytes: it must fit the 256 KiB packets that peers read.
const MAX_BODY: usize = 255 * 1024;

/// Checks what an application wants to put into a request or open: a wrong name or a packet too long for the peer
/// would cost the whole connection.
pub(super) fn check_outgoing(name: &str, body: &[u8]) -> Result<()> {
    if name.is_empty() || name.len() > 255 || !name.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Error::new(ErrorKind::InvalidArgument, "a name must be 1 to 255 printable US-ASCII characters"));
    }
    if body.len() > MAX_BODY {
        return Err(Error::new(ErrorKind::InvalidArgument, format!("more than {MAX_BODY} bytes for one message")));
    }
    Ok(())
}

/// A connection's channels.
#[derive(Debug)]
pub struct Channels {
    table: Table,
    role: Role,
    max_channels: usize,
    max_owed: usize,
    max_environment: u32,
    send_buffer: usize,
    /// What is left of `Limits::stderr_buffer`; see window.rs.
    stderr_room: usize,
    /// What is left of `Limits::window_growth`, the shortest round trip, and the time of what is handled; see window.rs.
    window_room: usize,
    rtt: RoundTrip,
    now: Option<Instant>,
    /// Channels short of output buffer, longest waiting first.
    waiters: Vec<u32>,
    last_token: u64,
    last_ticket: u64,
    /// The channel of each question the application has not answered.
    tickets: BTreeMap<u64, u32>,
    /// Channels with as many unanswered requests as may be; some may have fewer by now, or be gone.
    full: Vec<u32>,
    /// Why the connection ended.
    ended: Option<Error>,
}

impl Channels {
    /// No channels yet. `send_buffer`: bytes of sealed output that may wait before senders are held back.
    #[must_use]
    pub fn new(limits: &Limits, role: Role, send_buffer: usize) -> Self {
        Self {
            table: Table::default(),
            role,
            max_channels: limits.channels,
            max_owed: limits.pending_requests,
            max_environment: limits.environment,
            // With 0 nobody could ever send.
            send_buffer: send_buffer.max(1),
            stderr_room: limits.stderr_buffer,
            window_room: limits.window_growth,
            rtt: RoundTrip::default(),
            now: None,
            waiters: Vec::new(),
            last_token: 0,
            last_ticket: 0,
            tickets: BTreeMap::new(),
            full: Vec::new(),
            ended: None,
        }
    }

    /// A channel the application still names.
    #[must_use]
    pub fn channel(&self, id: ChannelId) -> Option<&Channel> {
        self.table.get(id.0).filter(|c| !c.released)
    }

    /// How many channels are open.
    #[must_use]
    pub fn open_channels(&self) -> usize {
        self.table.iter().filter(|c| c.is_open()).count()
    }

    /// What follows happens at `now`.
    pub fn set_time(&mut self, now: Instant) {
        self.now = Some(now);
    }

    /// The peer's answer to a message that it gives at once took so long.
    pub fn round_trip(&mut self, took: Duration) {
        self.rtt.sample(took);
    }

    /// Handles a message with a number from 90 to 100. An error is fatal for the connection.
    pub fn handle(&mut self, out: &mut Outbox, number: u8, payload: &[u8]) -> Result<()> {
        if self.ended.is_some() {
            return Ok(());
        }
        match number {
            numbers::CHANNEL_OPEN => self.on_open(out, payload),
            numbers::CHANNEL_OPEN_CONFIRMATION => self.on_confirmation(out, payload),
            numbers::CHANNEL_OPEN_FAILURE => self.on_failure(out, payload),
            numbers::CHANNEL_WINDOW_ADJUST => self.on_adjust(out, payload),
            numbers::CHANNEL_DATA => self.on_data(out, payload),
            numbers::CHANNEL_EXTENDED_DATA => self.on_extended_data(out, payload),
            numbers::CHANNEL_EOF => self.on_eof(out, payload),
            numbers::CHANNEL_CLOSE => self.on_close(out, payload),
            numbers::CHANNEL_REQUEST => self.on_request(out, payload),
            numbers::CHANNEL_SUCCESS => self.on_reply(out, msg::ChannelSuccess::parse(payload)?.recipient, true),
            numbers::CHANNEL_FAILURE => self.on_reply(out, msg::ChannelFailure::parse(payload)?.recipient, false),
            _ => Err(Error::new(ErrorKind::UnexpectedMessage, format!("message {number} is no channel message"))),
        }
    }

    fn on_eof(&mut self, out: &mut Outbox, payload: &[u8]) -> Result<()> {
        let m = msg::ChannelEof::parse(payload)?;
        let Some(channel) = self.table.named_by_peer(m.recipient)? else { return Ok(()) };
        if channel.eof_received {
            return Ok(()); // Says nothing new; some implementations repeat it.
        }
        let was_readable = channel.was_readable();
        channel.eof_received = true;
        if !was_readable {
            channel.tell(out, Event::Readable(channel.id));
        }
        channel.tell(out, Event::Changed(channel.id));
        Ok(())
    }

    fn on_close(&mut self, out: &mut Outbox, payload: &[u8]) -> Result<()> {
        let m = msg::ChannelClose::parse(payload)?;
        let Some(channel) = self.table.named_by_peer(m.recipient)? else { return Ok(()) };
        let was_readable = channel.was_readable();
        channel.close_received = true;
        channel.send_close(out);
        self.after_closing(out, m.recipient, was_readable);
        Ok(())
    }

    /// One side has closed, or the connection has: nobody will answer anything on this channel.
    fn after_closing(&mut self, out: &mut Outbox, id: u32, was_readable: bool) {
        let Some(channel) = self.table.get_mut(id) else { return };
        channel.fail_awaited(out);
        for ticket in channel.owed.forget() {
            self.tickets.remove(&ticket);
        }
        channel.wake(out, was_readable);
        if channel.released && channel.is_closed() {
            self.remove(id);
        }
    }

    /// Ends our direction of data (RFC 4254 section 5.3). Idempotent. Fails with `ChannelClosed` if the channel was
    /// closed before, `InvalidState` before it is confirmed.
    pub fn send_eof(&mut self, out: &mut Outbox, id: ChannelId) -> Result<()> {
        let channel = self.table.confirmed(id)?;
        if channel.eof_sent {
            return Ok(());
        }
        if !channel.is_open() {
            return Err(ErrorKind::ChannelClosed.into());
        }
        channel.eof_sent = true;
        out.message(|b| msg::ChannelEof::new(channel.remote_id).encode(b));
        Ok(())
    }

    /// Closes a channel (RFC 4254 section 5.3). What arrived before stays readable; what arrives later is thrown
    /// away, but an exit status still counts. Idempotent, and no error for a channel that is gone. An open that is
    /// not confirmed yet is abandoned, one that is not answered yet is refused.
    pub fn close_channel(&mut self, out: &mut Outbox, id: ChannelId) -> Result<()> {
        let Some(channel) = self.table.get_mut(id.0) else { return Ok(()) };
        match channel.phase {
            Phase::Requested => channel.released = true,
            Phase::Asked => return self.refuse_channel(out, id, open::REASON_PROHIBITED, "not accepted"),
            Phase::Open if channel.close_sent || channel.ended => {}
            Phase::Open => {
                let was_readable = channel.was_readable();
                channel.send_close(out);
                self.after_closing(out, id.0, was_readable);
            }
        }
        Ok(())
    }

    /// The last handle is gone: closes the channel if it is open, forgets what was not read, and frees the state
    /// once both sides have closed.
    pub fn release_channel(&mut self, out: &mut Outbox, id: ChannelId) {
        if let Some(channel) = self.table.get_mut(id.0) {
            channel.released = true;
            channel.stdout = queue::Queue::default();
            channel.stderr = queue::Queue::default();
            self.stderr_room = self.stderr_room.saturating_add(std::mem::take(&mut channel.covered));
        }
        // Closing cannot fail: the channel is in one of the states close_channel knows.
        let _ = self.close_channel(out, id);
        if self.table.get(id.0).is_some_and(Channel::is_closed) {
            self.remove(id.0);
        }
    }

    /// The connection is over, for the reason given. Every channel is closed, what was queued stays readable, and
    /// everyone who waits is told.
    pub fn connection_ended(&mut self, out: &mut Outbox, error: &Error) {
        if self.ended.is_some() {
            return;
        }
        self.ended = Some(error.clone());
        self.waiters = Vec::new();
        for id in self.table.ids() {
            let Some(channel) = self.table.get_mut(id) else { continue };
            match channel.phase {
                Phase::Requested => {
                    channel.tell(out, Event::ChannelRefused(channel.id, error.clone()));
                    self.remove(id);
                }
                Phase::Asked => self.remove(id),
                Phase::Open => {
                    let was_readable = channel.was_readable();
                    channel.ended = true;
                    self.after_closing(out, id, was_readable);
                }
            }
        }
    }

    fn remove(&mut self, id: u32) {
        let Some(mut channel) = self.table.remove(id) else { return };
        self.stderr_room = self.stderr_room.saturating_add(channel.covered);
        self.window_room = self.window_room.saturating_add(channel.recv.growth());
        for ticket in channel.owed.forget() {
            self.tickets.remove(&ticket);
        }
    }
}
