//! The data path, both ways (RFC 4254 section 5.2).

use super::state::{Channel, Starved};
use super::{Channels, Recv};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::event::{ChannelId, Event, Stream};
use crate::proto::outbox::Outbox;
use crate::wire::{msg_channel as msg, numbers, Writer};

/// Starts the data message that `len` bytes will follow.
fn data_head(head: &mut Vec<u8>, remote: u32, stream: Stream, len: usize) {
    head.clear();
    let mut w = Writer::new(head);
    match stream {
        Stream::Data => w.u8(numbers::CHANNEL_DATA).u32(remote),
        Stream::Stderr => w.u8(numbers::CHANNEL_EXTENDED_DATA).u32(remote).u32(msg::EXTENDED_DATA_STDERR),
    };
    w.u32(u32::try_from(len).unwrap_or(u32::MAX));
}

impl Channels {
    /// Sends the start of `data`, as much as fits the peer's window and the output buffer; returns how many bytes.
    /// After less than all, `Writable` says when to go on; 0 while a key exchange is under way. Fails with
    /// `ChannelClosed`, `ChannelEofSent`, or `InvalidState` before the channel is confirmed.
    pub fn send(&mut self, out: &mut Outbox, id: ChannelId, stream: Stream, data: &[u8]) -> Result<usize> {
        let send_buffer = self.send_buffer;
        let channel = self.table.open(id)?;
        if channel.eof_sent {
            return Err(ErrorKind::ChannelEofSent.into());
        }
        let (mut rest, mut head) = (data, Vec::with_capacity(13));
        while !rest.is_empty() && has_room(out, send_buffer) {
            let quota = channel.send.quota();
            let (packet, later) = rest.split_at_checked(quota).unwrap_or((rest, &[]));
            if packet.is_empty() {
                break;
            }
            data_head(&mut head, channel.remote_id, stream, packet.len());
            out.data(&head, packet);
            channel.send.debit(packet.len());
            rest = later;
        }
        let sent = data.len() - rest.len();
        channel.bytes_out = channel.bytes_out.saturating_add(u64::try_from(sent).unwrap_or(u64::MAX));
        // A window just used up counts as well: who polls for writability need not try and fail first.
        if channel.starved == Starved::No {
            if channel.send.quota() == 0 {
                channel.starved = Starved::Window;
            } else if !rest.is_empty() {
                channel.starved = Starved::Buffer;
                self.waiters.push(id.0);
            }
        }
        Ok(sent)
    }

    /// Whether [`Channels::send`] would take a byte now.
    pub fn send_ready(&self, out: &Outbox, id: ChannelId) -> bool {
        has_room(out, self.send_buffer) && self.table.get(id.0).is_some_and(|channel| channel.send_space() > 0)
    }

    /// The socket took output, or a key exchange ended: tells the channels that wait for it, if there is room now.
    pub fn writable_again(&mut self, out: &mut Outbox) {
        if self.waiters.is_empty() || !has_room(out, self.send_buffer) {
            return;
        }
        for id in std::mem::take(&mut self.waiters) {
            let Some(channel) = self.table.get_mut(id).filter(|c| c.starved == Starved::Buffer) else { continue };
            if channel.send.quota() == 0 {
                channel.starved = Starved::Window;
            } else {
                channel.starved = Starved::No;
                channel.tell(out, Event::Writable(channel.id));
            }
        }
    }

    pub(super) fn on_adjust(&mut self, out: &mut Outbox, payload: &[u8]) -> Result<()> {
        let m = msg::ChannelWindowAdjust::parse(payload)?;
        let Some(channel) = self.table.named_by_peer(m.recipient)? else { return Ok(()) };
        // A channel that began without a window counts as starved by it: nobody need try in vain first.
        let waits = channel.starved == Starved::Window || (channel.starved == Starved::No && channel.send.quota() == 0);
        channel.send.grow(m.bytes)?;
        if !waits || channel.send.quota() == 0 {
            return Ok(());
        }
        if has_room(out, self.send_buffer) {
            channel.starved = Starved::No;
            channel.tell(out, Event::Writable(channel.id));
        } else {
            channel.starved = Starved::Buffer;
            self.waiters.push(m.recipient);
        }
        Ok(())
    }

    pub(super) fn on_data(&mut self, out: &mut Outbox, payload: &[u8]) -> Result<()> {
        let m = msg::ChannelData::parse(payload)?;
        self.deliver(out, m.recipient, Some(Stream::Data), m.data)
    }

    pub(super) fn on_extended_data(&mut self, out: &mut Outbox, payload: &[u8]) -> Result<()> {
        let m = msg::ChannelExtendedData::parse(payload)?;
        let stream = (m.data_type == msg::EXTENDED_DATA_STDERR).then_some(Stream::Stderr);
        self.deliver(out, m.recipient, stream, m.data)
    }

    /// Queues data that arrived; without a stream to put it into, it only passes through the window.
    fn deliver(&mut self, out: &mut Outbox, id: u32, stream: Option<Stream>, data: &[u8]) -> Result<()> {
        let Some(channel) = self.table.named_by_peer(id)? else { return Ok(()) };
        if channel.eof_received {
            return Err(Error::protocol("channel data after EOF (RFC 4254 section 5.3)"));
        }
        channel.recv.debit(data.len())?;
        if let Some(now) = self.now {
            channel.recv.measure(now, data.len(), &mut self.rtt);
        }
        channel.bytes_in = channel.bytes_in.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        let stream = match stream {
            Some(stream) if !channel.no_more_data() => stream,
            _ => {
                channel.claim_window(out, self.now);
                return Ok(());
            }
        };
        let stream = if channel.combine { Stream::Data } else { stream };
        let was_readable = channel.readable(stream) && !channel.wants_more;
        match stream {
            Stream::Data => channel.stdout.push(data),
            Stream::Stderr => {
                channel.stderr.push(data);
                let covered = data.len().min(self.stderr_room);
                self.stderr_room -= covered;
                channel.covered += covered;
                if covered < data.len() && !channel.stderr_warned {
                    channel.stderr_warned = true;
                    out.log_channel(2, id, || "unread stderr fills the window and holds up all output".to_owned());
                }
                channel.claim_window(out, self.now);
            }
        }
        if !was_readable && !data.is_empty() {
            channel.tell(out, Event::Readable(channel.id));
        }
        Ok(())
    }

    /// Hands up to `max` bytes to `sink`, in one slice or more, and gives the window back to the peer. Bytes queued
    /// before a close or the end of the connection are still there. With `max` 0, `Recv::Data(0)` means that there
    /// are bytes. Fails with `ChannelClosed` after the release, `InvalidState` before the channel is confirmed.
    pub fn recv(
        &mut self,
        out: &mut Outbox,
        id: ChannelId,
        stream: Stream,
        max: usize,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Recv> {
        let channel = self.table.confirmed(id)?;
        if channel.queued(stream) == 0 {
            return Ok(if channel.no_more_data() { Recv::Eof } else { Recv::Empty });
        }
        let n = match stream {
            Stream::Data => channel.stdout.read(max, sink),
            Stream::Stderr => {
                let n = channel.stderr.read(max, sink);
                self.stderr_room += uncover(channel);
                n
            }
        };
        // Before the claim, so that it goes out with it.
        if let Some(now) = self.now {
            let queued = channel.stdout.len() + channel.stderr.len();
            channel.recv.grow(now, queued, self.rtt, &mut self.window_room);
        }
        channel.claim_window(out, self.now);
        Ok(Recv::Data(n))
    }

    /// Lets stderr arrive in the data stream, or on its own again; returns how it was. Turning it on moves queued
    /// stderr behind the queued data. Fails as [`Channels::recv`] does.
    pub fn set_combine_stderr(&mut self, out: &mut Outbox, id: ChannelId, on: bool) -> Result<bool> {
        let channel = self.table.confirmed(id)?;
        let old = std::mem::replace(&mut channel.combine, on);
        if on && !channel.stderr.is_empty() {
            let was_readable = channel.readable(Stream::Data);
            channel.stdout.append(&mut channel.stderr);
            self.stderr_room += uncover(channel);
            if !was_readable {
                channel.tell(out, Event::Readable(id));
            }
        }
        Ok(old)
    }

    /// Ends reading on this side only: what is queued stays readable, what arrives later is thrown away and its
    /// window given back. The peer is not told: the protocol has no message for it. Fails as [`Channels::recv`] does.
    pub fn shutdown_read(&mut self, out: &mut Outbox, id: ChannelId) -> Result<()> {
        let channel = self.table.confirmed(id)?;
        let was_readable = channel.was_readable();
        channel.read_shut = true;
        if !was_readable {
            channel.tell(out, Event::Readable(id));
        }
        channel.tell(out, Event::Changed(id));
        Ok(())
    }
}

/// stderr became shorter: bytes of cover no longer needed. What counts against the window is read first, so that
/// reading stderr lets the peer go on at once.
fn uncover(channel: &mut Channel) -> usize {
    let free = channel.covered.saturating_sub(channel.stderr.len());
    channel.covered -= free;
    free
}

fn has_room(out: &Outbox, send_buffer: usize) -> bool {
    !out.is_holding() && out.backlog() < send_buffer
}
