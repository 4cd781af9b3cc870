//! A channel's handle: opening, reading, writing, closing.

use super::core::{ChannelState, Core, Waits};
use super::deadline::Deadline;
use super::shared::{Locked, Shared};
use super::sys::Signal;
use super::transport::Transport;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::channel as proto;
use crate::proto::config::{clamp_max_packet, clamp_window};
use crate::proto::event::{ChannelId, Stream};
use crate::wire::msg_channel::{DirectStreamlocalOpen, ForwardedStreamlocalOpen, TcpipOpen, X11Open};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;
use std::time::Instant;

/// What a read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recv {
    /// So many bytes went to the sink.
    Data(usize),
    /// The peer sends no more.
    Eof,
}

/// One channel. Clones name the same one; dropping the last closes it without blocking. A channel does not keep its
/// transport open; without it, it is closed, and what was received can still be read.
#[derive(Clone)]
pub struct Channel {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    id: ChannelId,
    waits: Arc<Waits>,
    kind: String,
    origin: Option<(String, u16)>,
    destination: Option<(String, u16)>,
    /// Milliseconds; negative is for ever.
    timeout: AtomicI64,
    /// False for the view a hook gets: dropping it closes nothing.
    owner: bool,
}

impl Drop for Inner {
    fn drop(&mut self) {
        let (id, owner) = (self.id, self.owner);
        self.shared.without_waiting(move |core| core.drop_handle(id, owner));
    }
}

impl Core {
    /// Asks the peer for a channel.
    pub(super) fn ask_open(
        &mut self,
        kind: &str,
        open_data: &[u8],
        window: Option<u32>,
        max_packet: Option<u32>,
    ) -> Result<ChannelId> {
        let config = &self.options.config;
        // A size asked for stays.
        let window = window.map_or(config.window, |size| clamp_window(size.into()).into());
        let max_packet = clamp_max_packet(max_packet.unwrap_or(config.max_packet).into());
        let id = self.live()?.open_channel(kind, open_data, window, max_packet)?;
        self.channels.insert(id, ChannelState::new(None));
        Ok(id)
    }

    /// A handle on a channel is gone; `owner`: one of the application's.
    fn drop_handle(&mut self, id: ChannelId, owner: bool) {
        let Some(state) = self.channels.get_mut(&id) else { return };
        state.handles = state.handles.saturating_sub(1);
        let last = state.handles == 0 && state.adopted;
        if last {
            if let Some(state) = self.channels.remove(&id) {
                self.forget_all_begun(state);
            }
        }
        if let Some(conn) = &mut self.conn {
            if last {
                conn.release_channel(id);
            } else if owner {
                // A hook still names it; for everyone else it ends here. Fails where it is closed already.
                let _ = conn.close_channel(id);
            }
        }
    }
}

impl Transport {
    /// Opens a channel (RFC 4254 section 5.1) and waits for the peer's answer. `window` and `max_packet` are brought
    /// into their bounds; None means the transport's defaults. A refusal carries the peer's reason and text. When the
    /// deadline passes first, an answer that comes later closes the channel.
    pub fn open_channel(
        &self,
        kind: &str,
        open_data: &[u8],
        window: Option<u32>,
        max_packet: Option<u32>,
        deadline: Deadline,
    ) -> Result<Channel> {
        let mut core = self.shared().lock()?;
        let id = core.ask_open(kind, open_data, window, max_packet)?;
        let waits = core.channels.get(&id).map(|state| Arc::clone(&state.waits)).unwrap_or_default();
        let answer = core.wait(&waits.readable, deadline, |core| {
            let answered = core.channels.get_mut(&id).and_then(|channel| channel.opened.clone());
            answered.or_else(|| core.error.clone().map(Err))
        });
        match answer {
            Some(Ok(())) => Channel::adopt(&mut core, id, true),
            Some(Err(error)) => {
                core.channels.remove(&id);
                Err(error)
            }
            None => {
                core.channels.remove(&id);
                core.live()?.abandon_open(id);
                let missing = format!("the peer did not answer the opening of a \"{}\" channel", kind.escape_debug());
                Err(deadline.error(&missing))
            }
        }
    }

    /// Waits for a channel the peer opens: first come, first served.
    pub fn accept(&self, deadline: Deadline) -> Result<Channel> {
        let mut core = self.shared().lock()?;
        // Before the start nothing could end the wait; after the end what has come is still handed out.
        core.conn()?;
        let id = core
            .wait_changed(deadline, |core| core.incoming.pop_front().map(Ok).or_else(|| core.error.clone().map(Err)));
        let id = id.unwrap_or_else(|| Err(deadline.error("the peer opened no channel")))?;
        Channel::adopt(&mut core, id, true)
    }
}

impl Channel {
    /// A handle for a channel in the core's table.
    pub(super) fn adopt(core: &mut Locked<'_>, id: ChannelId, owner: bool) -> Result<Self> {
        let shared = Arc::clone(core.shared);
        Self::make(core, &shared, id, owner)
    }

    /// The application's own handle of a channel that a hook was given, which then does not come through
    /// [`Transport::accept`].
    pub fn take(&self) -> Result<Self> {
        let mut core = self.lock()?;
        let waiting = core.incoming.iter().position(|&id| id == self.inner.id);
        let Some(at) = waiting else {
            return Err(Error::new(ErrorKind::InvalidState, "the channel was accepted or taken before"));
        };
        core.incoming.remove(at);
        Self::adopt(&mut core, self.inner.id, true)
    }

    pub(super) fn make(core: &mut Core, shared: &Arc<Shared>, id: ChannelId, owner: bool) -> Result<Self> {
        let channel = core.conn()?.channel(id).ok_or_else(|| Error::from(ErrorKind::ChannelClosed))?;
        let kind = channel.kind().to_owned();
        let (origin, destination) = (origin_of(&kind, channel.open_data()), destination_of(&kind, channel.open_data()));
        let state = core.channels.entry(id).or_insert_with(|| ChannelState::new(Some(Ok(()))));
        state.handles += 1;
        state.adopted |= owner;
        let waits = Arc::clone(&state.waits);
        Ok(Self {
            inner: Arc::new(Inner {
                shared: Arc::clone(shared),
                id,
                waits,
                kind,
                origin,
                destination,
                timeout: AtomicI64::new(-1),
                owner,
            }),
        })
    }

    pub(super) fn lock(&self) -> Result<Locked<'_>> {
        self.inner.shared.lock()
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    pub(super) fn channel_id(&self) -> ChannelId {
        self.inner.id
    }

    pub(super) fn waits(&self) -> &Waits {
        &self.inner.waits
    }

    /// Looks at the channel's state; None once it is gone.
    pub(super) fn peek<R>(&self, look: impl FnOnce(&proto::Channel) -> R) -> Option<R> {
        self.lock().ok()?.conn.as_ref()?.channel(self.inner.id).map(look)
    }

    /// Sends some of `data`, waiting for window and buffer; returns how many bytes.
    pub fn send(&self, data: &[u8], deadline: Deadline) -> Result<usize> {
        self.send_on(Stream::Data, data, deadline)
    }

    /// As [`Channel::send`], on the stderr stream.
    pub fn send_stderr(&self, data: &[u8], deadline: Deadline) -> Result<usize> {
        self.send_on(Stream::Stderr, data, deadline)
    }

    fn send_on(&self, stream: Stream, data: &[u8], deadline: Deadline) -> Result<usize> {
        let mut core = self.lock()?;
        // Bounds a wait that a key exchange causes.
        let mut rekey_bound: Option<Deadline> = None;
        let mut expired = false;
        loop {
            let conn = core.live()?;
            let sent = conn.send(self.inner.id, stream, data)?;
            core.update_signal(self.inner.id);
            if sent > 0 || data.is_empty() {
                return Ok(sent);
            }
            if expired {
                let missing = match rekey_bound {
                    Some(_) => "the key exchange that holds data back did not finish",
                    None => "the peer made no room for data",
                };
                return Err(deadline.earlier(rekey_bound.unwrap_or(Deadline::never())).error(missing));
            }
            let rekeying = core.live()?.is_rekeying();
            let bound = core.options.send_timeout;
            rekey_bound = (rekeying && !bound.is_zero()).then(|| rekey_bound.unwrap_or_else(|| Deadline::after(bound)));
            let until = deadline.earlier(rekey_bound.unwrap_or(Deadline::never()));
            expired = core.wait_once(&self.inner.waits.writable, until);
        }
    }

    /// Sends all of `data`; a failure says how many bytes were sent before.
    pub fn send_all(&self, data: &[u8], deadline: Deadline) -> std::result::Result<(), (Error, usize)> {
        self.send_all_on(Stream::Data, data, deadline)
    }

    /// As [`Channel::send_all`], on the stderr stream.
    pub fn send_all_stderr(&self, data: &[u8], deadline: Deadline) -> std::result::Result<(), (Error, usize)> {
        self.send_all_on(Stream::Stderr, data, deadline)
    }

    fn send_all_on(&self, stream: Stream, data: &[u8], deadline: Deadline) -> std::result::Result<(), (Error, usize)> {
        let mut sent = 0;
        while let Some(rest) = data.get(sent..).filter(|rest| !rest.is_empty()) {
            sent += self.send_on(stream, rest, deadline).map_err(|error| (error, sent))?;
        }
        Ok(())
    }

    /// Receives up to `max` bytes into `sink` as soon as there are some. What came before the end of channel or
    /// transport is delivered first; the loss of the transport is an error, not an end of file.
    pub fn recv(&self, stream: Stream, max: usize, sink: &mut dyn FnMut(&[u8]), deadline: Deadline) -> Result<Recv> {
        let id = self.inner.id;
        let mut core = self.lock()?;
        let got = core.wait(&self.inner.waits.readable, deadline, |core| core.receive(id, stream, max, sink));
        core.update_signal(id);
        got.unwrap_or_else(|| Err(deadline.error("no data came on the channel")))
    }

    /// Whether [`Channel::recv`] would not wait.
    #[must_use]
    pub fn recv_ready(&self, stream: Stream) -> bool {
        self.peek(|channel| channel.readable(stream)).unwrap_or(true)
    }

    /// Whether [`Channel::send`] would take a byte without waiting.
    #[must_use]
    pub fn send_ready(&self) -> bool {
        self.lock().is_ok_and(|core| core.conn.as_ref().is_some_and(|conn| conn.send_ready(self.inner.id)))
    }

    /// Sends EOF: no more data from us. What the peer sends can still be read.
    pub fn shutdown_write(&self) -> Result<()> {
        let mut core = self.lock()?;
        core.live()?.send_eof(self.inner.id)?;
        core.channel_changed(self.inner.id);
        Ok(())
    }

    /// Drops what arrived and will arrive; reads report the end.
    pub fn shutdown_read(&self) -> Result<()> {
        let mut core = self.lock()?;
        core.conn()?.shutdown_read(self.inner.id)?;
        core.update_signal(self.inner.id);
        self.inner.waits.readable.notify_all();
        Ok(())
    }

    /// Closes the channel; idempotent, wakes every waiter. Buffered data stays readable.
    pub fn close(&self) {
        let Ok(mut core) = self.lock() else { return };
        let was_open = core.conn.as_ref().and_then(|conn| conn.channel(self.inner.id)).is_some_and(|c| c.is_open());
        if let Some(conn) = &mut core.conn {
            // Fails where it is closed already.
            let _ = conn.close_channel(self.inner.id);
        }
        if let Some(state) = core.channels.get_mut(&self.inner.id) {
            state.cut |= was_open && state.relay.is_some();
            // An opening that was begun: nobody will hear the answer.
            state.opened.get_or_insert_with(|| Err(ErrorKind::ChannelClosed.into()));
        }
        core.channel_changed(self.inner.id);
        core.wake(self.inner.id, true, true);
    }

    /// Closed by either side, or with the transport; not while the peer has not answered the opening.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let Ok(core) = self.lock() else { return true };
        core.channel_is_closed(self.inner.id)
    }

    /// The peer has sent EOF.
    #[must_use]
    pub fn eof_received(&self) -> bool {
        self.peek(proto::Channel::eof_received).unwrap_or(false)
    }

    /// Our number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.inner.id.0
    }

    /// The peer's number.
    #[must_use]
    pub fn remote_id(&self) -> Option<u32> {
        self.peek(proto::Channel::remote_id).flatten()
    }

    /// The type it was opened with.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.inner.kind
    }

    /// The open's type-specific data; empty for channels that are gone.
    #[must_use]
    pub fn open_data(&self) -> Vec<u8> {
        self.peek(|channel| channel.open_data().to_vec()).unwrap_or_default()
    }

    /// Its name in the log, which follows the transport's there.
    pub fn name(&self) -> Result<String> {
        Ok(self.lock()?.channel_name(self.inner.id).to_string())
    }

    /// Sets that name.
    pub fn set_name(&self, name: &str) -> Result<()> {
        if let Some(channel) = self.lock()?.channels.get_mut(&self.inner.id) {
            channel.name = Some(name.into());
        }
        Ok(())
    }

    /// Whether stderr data is delivered with the normal stream; returns what it was. What waits in stderr moves over.
    pub fn set_combine_stderr(&self, on: bool) -> Result<bool> {
        let mut core = self.lock()?;
        let was = core.conn()?.set_combine_stderr(self.inner.id, on)?;
        core.update_signal(self.inner.id);
        self.inner.waits.readable.notify_all();
        Ok(was)
    }

    /// Sets the deadline of calls that name none, milliseconds; negative is for ever, 0 polls.
    pub fn set_timeout(&self, ms: i64) {
        self.inner.timeout.store(ms, Ordering::Relaxed);
    }

    /// That deadline, milliseconds.
    #[must_use]
    pub fn timeout(&self) -> i64 {
        self.inner.timeout.load(Ordering::Relaxed)
    }

    /// A descriptor that polls readable while a read of either stream would not wait; made on first use, valid while
    /// the channel's handles live. Never read from it.
    pub fn fileno(&self) -> Result<RawFd> {
        self.descriptor(|state| &mut state.signal)
    }

    /// As [`Channel::fileno`], for sending: it too polls readable, while a send is worth
    /// trying. One that finds no room makes it unreadable until there is some.
    pub fn send_fileno(&self) -> Result<RawFd> {
        self.descriptor(|state| &mut state.send_signal)
    }

    fn descriptor(&self, of: fn(&mut ChannelState) -> &mut Option<Signal>) -> Result<RawFd> {
        let mut core = self.lock()?;
        let state = core.channels.get_mut(&self.inner.id).ok_or_else(|| Error::from(ErrorKind::ChannelClosed))?;
        let made = match of(state).take() {
            Some(signal) => signal,
            None => Signal::new()
                .map_err(|e| Error::new(ErrorKind::ResourceLimit, format!("no descriptor for a channel: {e}")))?,
        };
        let fd = of(state).insert(made).fd();
        core.update_signal(self.inner.id);
        Ok(fd)
    }

    /// The transport; this handle does not keep it open.
    #[must_use]
    pub fn transport(&self) -> Transport {
        Transport::view(&self.inner.shared)
    }

    /// Where a forwarded connection comes from (RFC 4254 sections 6.3.2 and 7.2).
    #[must_use]
    pub fn origin(&self) -> Option<(String, u16)> {
        self.inner.origin.clone()
    }

    /// Where a forwarded connection goes, or went in at: an address and a port (RFC 4254 section 7.2), or a Unix
    /// socket's path and 0 (OpenSSH PROTOCOL section 2.4).
    #[must_use]
    pub fn destination(&self) -> Option<(String, u16)> {
        self.inner.destination.clone()
    }

    /// The address of the transport's peer.
    #[must_use]
    pub fn peer_name(&self) -> (String, u16) {
        self.inner.shared.peer.clone()
    }
}

impl Core {
    /// What a read gets now; None: it has to wait.
    pub(super) fn receive(
        &mut self,
        id: ChannelId,
        stream: Stream,
        max: usize,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Option<Result<Recv>> {
        let conn = match self.conn() {
            Ok(conn) => conn,
            Err(error) => return Some(Err(error)),
        };
        match conn.recv(Instant::now(), id, stream, max, sink) {
            Ok(proto::Recv::Data(n)) => Some(Ok(Recv::Data(n))),
            Ok(proto::Recv::Empty) => None,
            Ok(proto::Recv::Eof) => {
                // Data that never arrived because the transport broke must not look like a complete stream.
                let complete = conn.channel(id).is_some_and(|channel| channel.end_is_deliberate());
                match &self.error {
                    Some(error) if !complete => Some(Err(error.clone())),
                    _ => Some(Ok(Recv::Eof)),
                }
            }
            Err(error) => Some(Err(error)),
        }
    }
}

/// Who opened a forwarded channel.
fn origin_of(kind: &str, data: &[u8]) -> Option<(String, u16)> {
    let (address, port) = match kind {
        "forwarded-tcpip" | "direct-tcpip" => {
            let open = TcpipOpen::parse(data).ok()?;
            (open.origin_address, open.origin_port)
        }
        "x11" => {
            let open = X11Open::parse(data).ok()?;
            (open.origin_address, open.origin_port)
        }
        _ => return None,
    };
    Some((String::from_utf8_lossy(address).into_owned(), u16::try_from(port).ok()?))
}

/// What a forwarded channel is for.
fn destination_of(kind: &str, data: &[u8]) -> Option<(String, u16)> {
    let (address, port) = match kind {
        "forwarded-tcpip" | "direct-tcpip" => {
            let open = TcpipOpen::parse(data).ok()?;
            (open.address, open.port)
        }
        "forwarded-streamlocal@openssh.com" => (ForwardedStreamlocalOpen::parse(data).ok()?.path, 0),
        "direct-streamlocal@openssh.com" => (DirectStreamlocalOpen::parse(data).ok()?.path, 0),
        _ => return None,
    };
    Some((String::from_utf8_lossy(address).into_owned(), u16::try_from(port).ok()?))
}
