//! A thread that serves many objects from one poll: it sleeps until a descriptor reports something, another thread asks
//! for something, or a time has come. Pollers (transports) and workers (relays) are made of it.

use crossbeam::channel::{Receiver, Sender};
use mio::event::Event as Readiness;
use mio::{Events, Poll, Registry, Token, Waker};
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The waker's token; those of objects are above.
const WAKER: Token = Token(0);

static NEXT: AtomicUsize = AtomicUsize::new(1);

thread_local! {
    /// Which of these threads this is, so that it does not wake itself; 0 is none.
    static THIS: Cell<usize> = const { Cell::new(0) };
}

/// What such a thread does.
pub(super) trait Serve: Send + 'static {
    /// What other threads ask of it.
    type Command: Send + 'static;

    /// Whose turn it is, and when.
    fn agenda(&mut self) -> &mut Agenda;
    /// On the new thread, before anything else.
    fn begin(&mut self) {}
    /// Another thread asks for something.
    fn command(&mut self, command: Self::Command);
    /// A descriptor reports something.
    fn reported(&mut self, event: &Readiness);
    /// An object that was queued has its turn.
    fn turn(&mut self, id: usize);
    /// A time has come. It may be stale: the object knows which one counts.
    fn time(&mut self, id: usize, at: Instant, now: Instant);
}

/// Objects that have something to do.
#[derive(Default)]
pub(super) struct Agenda {
    /// Each at most once; whoever queues sees to that.
    ready: VecDeque<usize>,
    times: BinaryHeap<Reverse<(Instant, usize)>>,
}

impl Agenda {
    /// Gives an object a turn behind those that wait for theirs.
    pub(super) fn queue(&mut self, id: usize) {
        self.ready.push_back(id);
    }

    /// Has [`Serve::time`] called.
    pub(super) fn call_at(&mut self, at: Instant, id: usize) {
        self.times.push(Reverse((at, id)));
    }

    /// No object is left: times of the gone need no call.
    pub(super) fn forget_times(&mut self) {
        self.times.clear();
    }

    /// How long nothing is to be done; None: until something happens.
    fn idle(&self) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        self.times.peek().map(|Reverse((at, _))| at.saturating_duration_since(Instant::now()))
    }

    fn next_time(&mut self, now: Instant) -> Option<(Instant, usize)> {
        self.times.peek().filter(|Reverse((at, _))| *at <= now)?;
        self.times.pop().map(|Reverse(time)| time)
    }
}

/// How other threads reach such a thread. Never dropped as long as the thread runs, which is as long as the process does.
pub(super) struct Handle<C> {
    number: usize,
    inbox: Sender<C>,
    registry: Registry,
    waker: Waker,
    woken: AtomicBool,
}

impl<C: Send + 'static> Handle<C> {
    /// Starts a thread; `make` gives what it does.
    pub(super) fn start<S: Serve<Command = C>>(
        name: String,
        make: impl FnOnce(&Arc<Self>) -> S,
    ) -> io::Result<Arc<Self>> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let (sender, inbox) = crossbeam::channel::unbounded();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let handle = Arc::new(Self { number, inbox: sender, registry, waker, woken: AtomicBool::new(false) });
        let (mut server, mine) = (make(&handle), Arc::clone(&handle));
        std::thread::Builder::new().name(name).spawn(move || {
            THIS.set(number);
            server.begin();
            mine.run(&mut server, &inbox, poll);
        })?;
        Ok(handle)
    }

    /// Queues a command; the thread sees it soon.
    pub(super) fn send(&self, command: C) {
        // Fails only when the thread is gone.
        let _ = self.inbox.send(command);
        if THIS.get() != self.number && !self.woken.swap(true, Ordering::SeqCst) {
            let _ = self.waker.wake();
        }
    }

    /// Where descriptors are watched.
    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    fn run<S: Serve<Command = C>>(&self, server: &mut S, inbox: &Receiver<C>, mut poll: Poll) {
        let mut events = Events::with_capacity(256);
        loop {
            let timeout = if inbox.is_empty() { server.agenda().idle() } else { Some(Duration::ZERO) };
            if poll.poll(&mut events, timeout).is_err() {
                // EINTR; any other failure would be a bug here, and a pause keeps it from eating a core.
                std::thread::sleep(Duration::from_millis(1));
            }
            // Before the inbox is drained: a command queued after the drain finds the flag down and wakes us.
            self.woken.store(false, Ordering::SeqCst);
            while let Ok(command) = inbox.try_recv() {
                server.command(command);
            }
            for event in &events {
                if event.token() != WAKER {
                    server.reported(event);
                }
            }
            // Those ready now, one turn each; whoever has more goes to the end of the queue.
            for _ in 0..server.agenda().ready.len() {
                if let Some(id) = server.agenda().ready.pop_front() {
                    server.turn(id);
                }
            }
            let now = Instant::now();
            while let Some((at, id)) = server.agenda().next_time(now) {
                server.time(id, at, now);
            }
        }
    }
}
