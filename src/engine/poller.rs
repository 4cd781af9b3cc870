//! Poller threads: readiness and timers for all transports over sockets, timers for the others. A transport belongs to
//! one poller, which alone reads its socket. Reads go into the poller's own large buffer, so an idle transport has
//! none.

use super::reader::{Reader, Step};
use super::shared::{Shared, Socket};
use crate::proto::packet_in::MAX_PACKET;
use crossbeam::channel::{Receiver, Sender};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Instant;

/// Asked of the socket in one read. Large enough that system calls do not count, small enough for the caches.
const READ: usize = 256 * 1024;
/// Bytes read for one transport before the others have their turn.
const TURN: usize = 1 << 20;
/// The waker's token; transports count from 1.
const WAKER: Token = Token(0);

static NEXT_TOKEN: AtomicUsize = AtomicUsize::new(1);

thread_local! {
    /// Which poller this thread is, so that it does not wake itself.
    static THIS_POLLER: Cell<usize> = const { Cell::new(usize::MAX) };
}

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
pub(super) struct PollerHandle {
    index: usize,
    inbox: Sender<Command>,
    waker: Waker,
    woken: AtomicBool,
}

impl PollerHandle {
    /// Queues a command; the poller sees it soon.
    pub(super) fn send(&self, command: Command) {
        // Fails only when the thread is gone, which it never is while the process runs.
        let _ = self.inbox.send(command);
        if THIS_POLLER.get() != self.index && !self.woken.swap(true, Ordering::SeqCst) {
            let _ = self.waker.wake();
        }
    }
}

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
    inbox: Receiver<Command>,
    poll: Poll,
    entries: HashMap<usize, Box<Entry>>,
    /// Transports with something to read, each at most once.
    ready: VecDeque<usize>,
    /// Times may be stale; the transport knows which one counts.
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    buffer: Vec<u8>,
}

impl Poller {
    /// Starts a thread.
    pub(super) fn start(index: usize) -> io::Result<Arc<PollerHandle>> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let (sender, inbox) = crossbeam::channel::unbounded();
        let handle = Arc::new(PollerHandle { index, inbox: sender, waker, woken: AtomicBool::new(false) });
        let mut poller = Self {
            handle: Arc::clone(&handle),
            inbox,
            poll,
            entries: HashMap::new(),
            ready: VecDeque::new(),
            timers: BinaryHeap::new(),
            buffer: Vec::new(),
        };
        std::thread::Builder::new().name(format!("sshrs-poll-{index}")).spawn(move || {
            THIS_POLLER.set(index);
            poller.run();
        })?;
        Ok(handle)
    }

    fn run(&mut self) {
        let mut events = Events::with_capacity(256);
        loop {
            let timeout = if self.ready.is_empty() && self.inbox.is_empty() {
                let first = self.timers.peek().map(|Reverse((at, _))| *at);
                first.map(|at| at.saturating_duration_since(Instant::now()))
            } else {
                Some(std::time::Duration::ZERO)
            };
            if self.poll.poll(&mut events, timeout).is_err() {
                // EINTR; any other failure would be a bug here, and a pause keeps it from eating a core.
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            // Before the inbox is drained: a command queued after the drain finds the flag down and wakes us.
            self.handle.woken.store(false, Ordering::SeqCst);
            while let Ok(command) = self.inbox.try_recv() {
                self.command(command);
            }
            for event in &events {
                if event.token() != WAKER {
                    let over = event.is_read_closed() || event.is_error();
                    self.ready_event(event.token().0, event.is_readable() || over, over, event.is_writable());
                }
            }
            // Those ready now, one turn each; whoever has more goes to the end of the queue.
            for _ in 0..self.ready.len() {
                if let Some(token) = self.ready.pop_front() {
                    self.guarded(token, Self::turn);
                }
            }
            self.fire_timers();
        }
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
            Command::Timer(token, at) => self.timers.push(Reverse((at, token))),
            Command::Linger(token, until) => {
                if let Some(entry) = self.entries.get_mut(&token) {
                    entry.linger = Some(until);
                    entry.held = false;
                    entry.kept = Vec::new();
                    entry.readable = true;
                    self.timers.push(Reverse((until, token)));
                    self.queue(token);
                }
            }
            Command::Remove(token) => self.remove(token),
        }
    }

    fn add(&mut self, entry: Box<Entry>) {
        let token = entry.token;
        let registered = entry.socket.as_ref().map_or(Ok(()), |(socket, _)| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut SourceFd(&socket.fd().as_raw_fd()), Token(token), interest)
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
                let _ = self.poll.registry().deregister(&mut SourceFd(&socket.fd().as_raw_fd()));
            }
        }
        if self.entries.is_empty() {
            // Nobody is served: the memory goes back. Timers of the gone need no call.
            self.timers.clear();
            self.buffer = Vec::new();
        }
    }

    fn queue(&mut self, token: usize) {
        if let Some(entry) = self.entries.get_mut(&token) {
            if !entry.queued {
                entry.queued = true;
                self.ready.push_back(token);
            }
        }
    }

    fn ready_event(&mut self, token: usize, readable: bool, over: bool, writable: bool) {
        let Some(entry) = self.entries.get_mut(&token) else { return };
        entry.hangup |= over;
        if readable {
            entry.readable = true;
        }
        if (writable || over) && entry.shared.wants_writable() {
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
    fn turn(&mut self, token: usize) {
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

    fn fire_timers(&mut self) {
        let now = Instant::now();
        while let Some(&Reverse((at, token))) = self.timers.peek() {
            if at > now {
                return;
            }
            self.timers.pop();
            let Some(entry) = self.entries.get(&token) else { continue };
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
