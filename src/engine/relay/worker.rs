//! Relay threads: each serves its relays from one poll. Nothing is looked at by time; a relay has a turn when its
//! descriptor reports something or its channel changed.

use super::pump::{Pump, Ready, Turn, CHUNK};
use super::Outcome;
use crate::engine::serving::{Agenda, Handle, Serve};
use crate::engine::sys;
use crate::error::{Error, ErrorKind, Result};
use mio::event::Event as Readiness;
use mio::Token;
use std::collections::HashMap;
use std::io;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long data of a channel that is gone waits for a side that takes none of it.
pub(super) const LINGER: Duration = Duration::from_secs(30);

/// How long what was written to a socket may take to arrive, where closing it earlier could cost it.
const PARTING: Duration = Duration::from_secs(5);

/// Tokens of one relay's descriptors: for reading, for writing, for both in one.
const KINDS: usize = 4;
const READ: usize = 0;
const WRITE: usize = 1;
const BOTH: usize = 2;

/// Relays count from 1.
static NEXT_ID: AtomicUsize = AtomicUsize::new(1);

/// What other threads ask of a worker.
pub(in crate::engine) enum Command {
    /// Serve this relay.
    Add(Box<Entry>),
    /// One of its channels changed.
    Look(usize),
    /// End it now.
    Stop(usize),
}

/// How other threads reach a worker.
pub(in crate::engine) type WorkerHandle = Handle<Command>;

/// A number no relay has had.
pub(super) fn new_id() -> usize {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

/// Tokens for the readiness of a descriptor that is read, one that is written, and one that is both.
pub(super) fn tokens(id: usize) -> (Token, Token, Token) {
    let first = id.wrapping_mul(KINDS);
    (Token(first + READ), Token(first + WRITE), Token(first + BOTH))
}

/// Gives a relay a turn when a channel of its changed. Called under that channel's transport's lock.
pub(in crate::engine) struct Wake {
    pub(super) worker: Arc<WorkerHandle>,
    pub(super) id: usize,
    /// A turn is due already.
    pub(super) due: Arc<AtomicBool>,
}

impl Wake {
    /// The channel changed.
    pub(in crate::engine) fn wake(&self) {
        if !self.due.swap(true, Ordering::SeqCst) {
            self.worker.send(Command::Look(self.id));
        }
    }
}

/// A relay, as its worker keeps it.
pub(in crate::engine) struct Entry {
    pub(super) id: usize,
    pub(super) pump: Pump,
    pub(super) outcome: Arc<Outcome>,
    pub(super) due: Arc<AtomicBool>,
    pub(super) linger: Duration,
    queued: bool,
    /// When waiting is over: for a side that takes no more of what an end that is gone has left, or once both
    /// directions are done.
    until: Option<Instant>,
    parting: bool,
}

impl Entry {
    pub(super) fn new(
        id: usize,
        pump: Pump,
        outcome: Arc<Outcome>,
        due: Arc<AtomicBool>,
        linger: Duration,
    ) -> Box<Self> {
        Box::new(Self { id, pump, outcome, due, linger, queued: false, until: None, parting: false })
    }
}

/// One worker thread's state.
pub(in crate::engine) struct Worker {
    relays: HashMap<usize, Box<Entry>>,
    agenda: Agenda,
    /// What is being moved; empty, without capacity, while there is no relay.
    scratch: Vec<u8>,
}

impl Serve for Worker {
    type Command = Command;

    fn agenda(&mut self) -> &mut Agenda {
        &mut self.agenda
    }

    fn begin(&mut self) {
        sys::block_sigpipe();
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Add(entry) => {
                let id = entry.id;
                self.relays.insert(id, entry);
                self.queue(id);
            }
            Command::Look(id) => self.queue(id),
            Command::Stop(id) => self.finish(id, Err(Error::new(ErrorKind::Closed, "the relay was stopped"))),
        }
    }

    fn reported(&mut self, event: &Readiness) {
        let (id, kind) = (event.token().0 / KINDS, event.token().0 % KINDS);
        let Some(entry) = self.relays.get_mut(&id) else { return };
        let over = event.is_error() || event.is_read_closed() || event.is_write_closed();
        let what = Ready {
            readable: kind != WRITE && (event.is_readable() || over),
            writable: kind != READ && (event.is_writable() || over),
            deaf: kind != READ && event.is_write_closed(),
        };
        entry.pump.ready(what);
        self.queue(id);
    }

    fn turn(&mut self, id: usize) {
        // A panic while serving one relay ends that relay only.
        if catch_unwind(AssertUnwindSafe(|| self.serve(id))).is_err() {
            self.finish(id, Err(Error::from(ErrorKind::Internal)));
        }
    }

    fn time(&mut self, id: usize, _at: Instant, now: Instant) {
        if let Some(entry) = self.relays.get(&id).filter(|entry| entry.until.is_some_and(|until| until <= now)) {
            let text = "the side that was left took no more of what was there for it";
            let missed = if entry.parting { Ok(()) } else { Err(Error::new(ErrorKind::Io, text)) };
            let result = entry.pump.result().and(missed);
            self.finish(id, result);
        }
    }
}

impl Worker {
    /// Starts a thread.
    pub(in crate::engine) fn start(index: usize) -> io::Result<Arc<WorkerHandle>> {
        Handle::start(format!("sshrs-relay-{index}"), |_| Self {
            relays: HashMap::new(),
            agenda: Agenda::default(),
            scratch: Vec::new(),
        })
    }

    fn queue(&mut self, id: usize) {
        if let Some(entry) = self.relays.get_mut(&id) {
            if !entry.queued {
                entry.queued = true;
                self.agenda.queue(id);
            }
        }
    }

    /// Moves what can be moved.
    fn serve(&mut self, id: usize) {
        if self.scratch.is_empty() {
            self.scratch = vec![0; CHUNK];
        }
        let Some(entry) = self.relays.get_mut(&id) else { return };
        entry.queued = false;
        // Before the ends are asked: what changes later asks for another turn.
        entry.due.store(false, Ordering::SeqCst);
        let before = entry.pump.carried();
        let turn = entry.pump.turn(&mut self.scratch);
        let after = entry.pump.carried();
        entry.outcome.count(after);
        let more = entry.pump.has_more();
        match turn {
            Turn::Over => {
                let result = entry.pump.result();
                self.finish(id, result);
            }
            Turn::Wait => entry.until = None,
            Turn::Linger if entry.until.is_none() || before != after => {
                let linger = entry.linger;
                self.wait_for(id, linger);
            }
            Turn::Part if !entry.parting => {
                entry.parting = true;
                self.wait_for(id, PARTING);
            }
            Turn::Linger | Turn::Part => {}
        }
        if more {
            self.queue(id);
        }
    }

    fn wait_for(&mut self, id: usize, time: Duration) {
        if let Some(entry) = self.relays.get_mut(&id) {
            entry.until = Instant::now().checked_add(time);
            if let Some(at) = entry.until {
                self.agenda.call_at(at, id);
            }
        }
    }

    /// Lets go of a relay's ends, then tells whoever waits.
    fn finish(&mut self, id: usize, result: Result<()>) {
        let Some(entry) = self.relays.remove(&id) else { return };
        let Entry { pump, outcome, .. } = *entry;
        let ended = catch_unwind(AssertUnwindSafe(|| drop(pump)));
        outcome.set(if ended.is_ok() { result } else { Err(Error::from(ErrorKind::Internal)) });
        if self.relays.is_empty() {
            // Nobody is served: the memory goes back.
            self.agenda.forget_times();
            self.scratch = Vec::new();
        }
    }
}
