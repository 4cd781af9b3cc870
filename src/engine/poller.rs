//! Poller threads: readiness and timers for all transports over sockets, timers for the others. A transport belongs to
//! one poller, which alone reads its socket. Reads go into the poller's own large buffer, so an idle transport has
//! none.

use super::reader::{Reader, Step};
use super::serving::{Agenda, Handle, Serve};
use super::shared::{Shared, Socket};
use crate::proto::packet_in::MAX_PACKET;
use mio::event::Event as Readiness;
use mio::unix::SourceFd;
use mio::{Interest, Token};
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Instant;

/// Asked of the socket in one read. Large enough that system calls do not count, small enough for the caches.
const READ: usize = 256 * 1024;
/// Bytes read for one transport before the others have their turn.
const TURN: usize = 1 << 20;
/// Transports count from 1.
static NEXT_TOKEN: AtomicUsize = AtomicUsize::new(1);

/// What other threads ask of a poller.
pub(super) enum Command {
    /// Serve this transport.
    Add(Box<Entry>),
    /// Write what waits.
    Flush(usize),
    /// It may read again, or has something to find out by reading.
    Resume(usize),
    /// Call it at this time, unless told an earlier one.
    Timer(usize, Instant),
    /// Read and drop what the peer still sends until it closes or the time is over, then forget it.
    Linger(usize, Instant),
    /// Forget it.
    Remove(usize),
}

/// How other threads reach a poller.
pub(super) type PollerHandle = Handle<Command>;

/// A token no transport has had.
pub(super) fn new_token() -> usize {
    NEXT_TOKEN.fetch_add(1, Ordering::Relaxed)
}

/// A transport, as its poller keeps it.
pub(super) struct Entry {
    pub token: usize,
    pub shared: Arc<Shared>,
    /// None for a transport over a caller's stream, which has threads of its own for reading and writing.
    pub socket: Option<(Arc<Socket>, Reader)>,
    /// The unread part of the last read; empty, without capacity, while the transport is idle.
    kept: Vec<u8>,
    /// The socket may have more.
    readable: bool,
    /// The peer will send no more: read until the end shows.
    hangup: bool,
    /// Input is held: nothing is read until [`Command::Resume`].
    held: bool,
    /// `kept` is to be looked at before the socket is read.
    look: bool,
    queued: bool,
    /// Reading only to drop, until this time.
    linger: Option<Instant>,
}

impl Entry {
    pub(super) fn new(token: usize, shared: Arc<Shared>, socket: Option<(Arc<Socket>, Reader)>) -> Box<Self> {
        Box::new(Self {
            token,
            shared,
            socket,
            kept: Vec::new(),
            readable: false,
            hangup: false,
            held: false,
            look: false,
            queued: false,
            linger: None,
        })
    }
}

/// What one read gave.
enum Got {
    Bytes(usize),
    Nothing,
    Over(io::Result<()>),
}

/// One poller thread's state.
pub(super) struct Poller {
    handle: Arc<PollerHandle>,
    entries: HashMap<usize, Box<Entry>>,
    agenda: Agenda,
    buffer: Vec<u8>,
}

impl Serve for Poller {
    type Command = Command;

    fn agenda(&mut self) -> &mut Agenda {
        &mut self.agenda
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Add(entry) => self.add(entry),
            Command::Resume(token) => {
                if let Some(entry) = self.entries.get_mut(&token) {
                    entry.held = false;
                    entry.look = true;
                    self.queue(token);
                }
            }
            Command::Flush(token) => self.guarded(token, |poller, token| {
                if let Some(entry) = poller.entries.get(&token) {
                    // Taking the lock and giving it back writes.
                    drop(entry.shared.lock());
                }
            }),
            Command::Timer(token, at) => self.agenda.call_at(at, token),
            Command::Linger(token, until) => {
                if let Some(entry) = self.entries.get_mut(&token) {
                    entry.linger = Some(until);
                    entry.held = false;
                    entry.kept = Vec::new();
                    entry.readable = true;
                    self.agenda.call_at(until, token);
                    self.queue(token);
                }
            }
            Command::Remove(token) => self.remove(token),
        }
    }

    fn reported(&mut self, event: &Readiness) {
        let over = event.is_read_closed() || event.is_error();
        let (token, readable) = (event.token().0, event.is_readable() || over);
        let Some(entry) = self.entries.get_mut(&token) else { return };
        entry.hangup |= over;
        if readable {
            entry.readable = true;
        }
        if (event.is_writable() || over) && entry.shared.wants_writable() {
            self.guarded(token, |poller, token| {
                if let Some(entry) = poller.entries.get(&token) {
                    entry.shared.writable();
                }
            });
        }
        if readable {
            self.queue(token);
        }
    }

    fn turn(&mut self, token: usize) {
        self.guarded(token, Self::serve);
    }

    fn time(&mut self, token: usize, at: Instant, now: Instant) {
        let Some(entry) = self.entries.get(&token) else { return };
        match entry.linger {
            Some(until) if until <= now => self.remove(token),
            Some(_) => {}
            None => self.guarded(token, |poller, token| {
                if let Some(entry) = poller.entries.get(&token) {
                    entry.shared.timer_fired(at);
                }
            }),
        }
    }
}

impl Poller {
    /// Starts a thread.
    pub(super) fn start(index: usize) -> io::Result<Arc<PollerHandle>> {
        Handle::start(format!("sshrs-poll-{index}"), |handle| Self {
            handle: Arc::clone(handle),
            entries: HashMap::new(),
            agenda: Agenda::default(),
            buffer: Vec::new(),
        })
    }

    fn add(&mut self, entry: Box<Entry>) {
        let token = entry.token;
        let registered = entry.socket.as_ref().map_or(Ok(()), |(socket, _)| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.handle.registry().register(&mut SourceFd(&socket.fd().as_raw_fd()), Token(token), interest)
        });
        let shared = Arc::clone(&entry.shared);
        self.entries.insert(token, entry);
        if let Err(error) = registered {
            shared.io_failed(&error);
        }
    }

    fn remove(&mut self, token: usize) {
        if let Some(entry) = self.entries.remove(&token) {
            if let Some((socket, _)) = &entry.socket {
                let _ = self.handle.registry().deregister(&mut SourceFd(&socket.fd().as_raw_fd()));
            }
        }
        if self.entries.is_empty() {
            // Nobody is served: the memory goes back.
            self.agenda.forget_times();
            self.buffer = Vec::new();
        }
    }

    fn queue(&mut self, token: usize) {
        if let Some(entry) = self.entries.get_mut(&token) {
            if !entry.queued {
                entry.queued = true;
                self.agenda.queue(token);
            }
        }
    }

    /// A panic while serving one transport ends that transport only.
    fn guarded(&mut self, token: usize, work: impl FnOnce(&mut Self, usize)) {
        if catch_unwind(AssertUnwindSafe(|| work(self, token))).is_err() {
            if let Some(entry) = self.entries.get(&token) {
                let shared = Arc::clone(&entry.shared);
                let _ = catch_unwind(AssertUnwindSafe(|| shared.fail_internal()));
            }
            self.remove(token);
        }
    }

    /// Reads and handles what one transport's peer sent, up to the bound of a turn.
    fn serve(&mut self, token: usize) {
        if self.buffer.is_empty() {
            self.buffer = vec![0; MAX_PACKET + READ];
        }
        let Some(entry) = self.entries.get_mut(&token) else { return };
        entry.queued = false;
        let mut budget = TURN;
        while !entry.held {
            let had = entry.kept.len();
            let mut filled = had;
            let got =
                if std::mem::take(&mut entry.look) && had > 0 { Got::Bytes(0) } else { entry.read(&mut self.buffer) };
            match got {
                Got::Bytes(n) => filled += n,
                Got::Nothing => return,
                Got::Over(how) => {
                    entry.readable = false;
                    if entry.linger.is_some() {
                        return self.remove(token);
                    }
                    return entry.shared.input_over(how);
                }
            }
            if entry.linger.is_none() && !entry.handle(&mut self.buffer, filled) {
                return;
            }
            budget = budget.saturating_sub(filled - had);
            if budget == 0 {
                return self.queue(token);
            }
        }
    }
}

impl Entry {
    /// Puts what was kept at the buffer's front and reads behind it.
    fn read(&mut self, buffer: &mut [u8]) -> Got {
        let Some((socket, _)) = &self.socket else { return Got::Nothing };
        if !self.readable {
            return Got::Nothing;
        }
        let had = self.kept.len();
        let Some(room) = buffer.get_mut(had..had + READ) else { return Got::Nothing };
        loop {
            match super::sys::recv(socket.fd().as_fd(), room) {
                Ok(0) => return Got::Over(Ok(())),
                Ok(n) => {
                    // A short read of a stream socket means that it is drained, and edge-triggered readiness tells
                    // when there is more (epoll(7)); the end of the stream tells no second time.
                    if n < READ && !self.hangup {
                        self.readable = false;
                    }
                    return Got::Bytes(n);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.readable = false;
                    return Got::Nothing;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Got::Over(Err(e)),
            }
        }
    }

    /// Hands `filled` bytes, the kept ones among them, to the connection. False: no more is to be read now.
    fn handle(&mut self, buffer: &mut [u8], filled: usize) -> bool {
        let Some((_, reader)) = &mut self.socket else { return false };
        let Some(bytes) = buffer.get_mut(..filled) else { return false };
        if let Some(front) = bytes.get_mut(..self.kept.len()) {
            front.copy_from_slice(&self.kept);
        }
        let (used, step) = reader.take(&self.shared, bytes);
        let rest = bytes.get(used..).unwrap_or_default();
        if rest.is_empty() {
            self.kept = Vec::new();
        } else {
            self.kept.clear();
            self.kept.extend_from_slice(rest);
        }
        match step {
            Step::More => true,
            Step::Held => {
                self.held = true;
                false
            }
            Step::Ended => {
                self.kept = Vec::new();
                self.readable = false;
                false
            }
        }
    }
}
