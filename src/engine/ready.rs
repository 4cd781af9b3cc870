//! One descriptor for many handles: a queue of those that are ready (`ssh_ready_t`). What they are and when they are
//! ready is in `watch`.
//!
//! Level-triggered: whoever is taken from the queue is looked at, and goes to its back again while it is ready. So a
//! handle that was not drained is told again, and none keeps the others waiting.

use super::deadline::Deadline;
use super::lock::{Condvar, Mutex, MutexGuard};
use super::sys::Signal;
use super::watch::Target;
use crate::error::{Error, ErrorKind, Result};
use std::collections::VecDeque;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

/// What handles can be ready for; the values of `SSH_READY_*`.
pub mod flags {
    /// A read of the data stream would not wait.
    pub const READABLE: u32 = 0x01;
    /// A read of the stderr stream would not wait.
    pub const READABLE_STDERR: u32 = 0x02;
    /// A send is worth trying.
    pub const WRITABLE: u32 = 0x04;
    /// The channel was closed by either side, or the transport is over.
    pub const CLOSED: u32 = 0x08;
    /// How the command ended is known, or never will be.
    pub const EXIT_STATUS: u32 = 0x10;
    /// An event is set; the oldest thing begun on a channel is answered.
    pub const DONE: u32 = 0x20;
    /// Accepting a channel would not wait.
    pub const ACCEPTABLE: u32 = 0x40;
    /// No state: the interest is cleared when the handle is told.
    pub const ONESHOT: u32 = 0x100;
}

/// In no queue.
const IDLE: u8 = 0;
/// In the queue, once.
const QUEUED: u8 = 1;
/// Taken from it: a thread is finding out whether it is ready.
const LOOKING: u8 = 2;
/// As before, and it became ready meanwhile: what that thread found may be old.
const LOOKING_MARKED: u8 = 3;

/// One handle in one queue. It keeps neither alive.
#[derive(Debug)]
pub(super) struct Entry {
    queue: Weak<Queue>,
    target: Target,
    /// Changes under the queue's lock; but `LOOKING` becomes `LOOKING_MARKED` without it.
    place: AtomicU8,
    /// Changes under the queue's lock. `mark` reads it without: whoever changes it looks at the
    /// target afterwards.
    interest: AtomicU32,
    /// Under the queue's lock.
    user_data: AtomicUsize,
    /// Set once, under the queue's lock while there is a queue.
    dead: AtomicBool,
}

impl Entry {
    /// The target has become ready for `flags`; called under its lock. Costs a few loads unless there is news for the
    /// queue. False once it need not be called any more.
    pub(super) fn mark(self: &Arc<Self>, flags: u32) -> bool {
        if self.dead.load(Ordering::Relaxed) {
            return false;
        }
        if flags & self.interest.load(Ordering::Relaxed) == 0 {
            return true;
        }
        // A thread that takes the entry from the queue looks at the target, under the target's lock, afterwards: it
        // will see what this call is about.
        match self.place.compare_exchange(LOOKING, LOOKING_MARKED, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) | Err(QUEUED | LOOKING_MARKED) => return true,
            Err(_) => {}
        }
        let Some(queue) = self.queue.upgrade() else { return false };
        let mut state = queue.state.lock();
        queue.enqueue(&mut state, self);
        true
    }

    fn set(self: &Arc<Self>, interest: u32, user_data: usize) {
        let Some(queue) = self.queue.upgrade() else { return };
        {
            let _state = queue.state.lock();
            self.interest.store(interest, Ordering::Relaxed);
            self.user_data.store(user_data, Ordering::Relaxed);
        }
        self.look();
    }

    /// Queues the entry if its target is ready already. What it becomes afterwards, [`Entry::mark`] tells.
    pub(super) fn look(self: &Arc<Self>) {
        let Some(queue) = self.queue.upgrade() else { return };
        let interest = self.interest.load(Ordering::Relaxed);
        if interest == 0 || self.target.look() & interest == 0 {
            return;
        }
        let mut state = queue.state.lock();
        queue.enqueue(&mut state, self);
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Queue {
    /// Protects the queue, and what its entries' comments say. A leaf: it is taken under a transport's lock and an
    /// `Event`'s, and no lock is taken under it.
    state: Mutex<State>,
    changed: Condvar,
    /// The process that made it. A forked child finds the lock in any state, and does not take it.
    process: u32,
}

#[derive(Debug)]
struct State {
    /// Not told in this round.
    fresh: VecDeque<Arc<Entry>>,
    /// Told in this round; looked at again in the next.
    told: VecDeque<Arc<Entry>>,
    /// How many of both are dead.
    dead: usize,
    /// Raised while there are any.
    signal: Signal,
}

impl State {
    fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.told.is_empty()
    }

    /// Begins the next round.
    fn turn(&mut self) {
        std::mem::swap(&mut self.fresh, &mut self.told);
    }

    /// Forgets the dead ones if they are many: so the descriptor is raised for the living only, and a thousand that die
    /// one by one cost no thousand times thousand steps.
    fn bury(&mut self) {
        if self.dead * 2 < self.fresh.len() + self.told.len() {
            return;
        }
        self.fresh.retain(|entry| !entry.is_dead());
        self.told.retain(|entry| !entry.is_dead());
        self.dead = 0;
        if self.is_empty() {
            self.signal.set(false);
        }
    }
}

impl Queue {
    /// Has the entry looked at by whoever asks next.
    fn enqueue(&self, state: &mut State, entry: &Arc<Entry>) {
        if entry.is_dead() {
            return;
        }
        match entry.place.load(Ordering::Acquire) {
            IDLE => self.append(state, entry),
            LOOKING => entry.place.store(LOOKING_MARKED, Ordering::Release),
            _ => {}
        }
    }

    fn append(&self, state: &mut State, entry: &Arc<Entry>) {
        entry.place.store(QUEUED, Ordering::Release);
        state.fresh.push_back(Arc::clone(entry));
        state.signal.set(true);
        self.changed.notify_one();
    }

    /// Takes out the first that was not told in this round.
    fn take(state: &mut State) -> Option<Arc<Entry>> {
        while let Some(entry) = state.fresh.pop_front() {
            if !entry.is_dead() {
                entry.place.store(LOOKING, Ordering::Release);
                return Some(entry);
            }
            state.dead = state.dead.saturating_sub(1);
        }
        None
    }

    /// Puts an entry back that was looked at and is ready for `found`; what it is to be told as, if at all.
    fn looked_at(&self, state: &mut State, entry: &Arc<Entry>, found: u32, tell: bool) -> Option<Ready> {
        if entry.is_dead() {
            return None;
        }
        let interest = entry.interest.load(Ordering::Relaxed);
        let ready = found & interest & !flags::ONESHOT;
        if ready == 0 {
            if entry.place.compare_exchange(LOOKING, IDLE, Ordering::AcqRel, Ordering::Acquire).is_err() {
                self.append(state, entry);
            }
            return None;
        }
        if !tell {
            self.append(state, entry);
            return None;
        }
        if interest & flags::ONESHOT != 0 {
            entry.interest.store(0, Ordering::Relaxed);
            entry.place.store(IDLE, Ordering::Release);
        } else {
            entry.place.store(QUEUED, Ordering::Release);
            state.told.push_back(Arc::clone(entry));
            state.signal.set(true);
            // Another thread that waits may find it ready as well.
            self.changed.notify_one();
        }
        Some(Ready { flags: ready, user_data: entry.user_data.load(Ordering::Relaxed) })
    }
}

/// A handle that is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// For what, of what it was added for.
    pub flags: u32,
    /// What it was added with.
    pub user_data: usize,
}

/// Handles of any number of transports, of which it tells those that are ready. Clones name the same queue.
#[derive(Debug, Clone)]
pub struct ReadyQueue {
    queue: Arc<Queue>,
}

impl ReadyQueue {
    /// Without handles. Fails where the system has no descriptor left.
    pub fn new() -> Result<Self> {
        let signal = Signal::new()
            .map_err(|e| Error::new(ErrorKind::ResourceLimit, format!("no descriptor for a queue: {e}")))?;
        let state = State { fresh: VecDeque::new(), told: VecDeque::new(), dead: 0, signal };
        let queue = Queue { state: Mutex::new(state), changed: Condvar::new(), process: std::process::id() };
        Ok(Self { queue: Arc::new(queue) })
    }

    /// A descriptor that polls readable while [`ReadyQueue::next`] is worth calling; valid while the queue lives. Never
    /// read from it.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.queue.state.lock().signal.fd()
    }

    /// The next handle that is ready. Handles take turns, in rounds: the end of one, when every handle that is ready was
    /// told, is a `Timeout` for a caller that polls, so that a loop until then ends whatever it leaves unread.
    pub fn next(&self, deadline: Deadline) -> Result<Ready> {
        let missing = || deadline.error("no handle was ready");
        // At the end of a round: those that are looked at before the caller hears of it. What was drained leaves the
        // queue then, and the descriptor is raised for the others only.
        let mut to_sift: Option<usize> = None;
        let mut state = self.queue.state.lock();
        loop {
            if to_sift == Some(0) {
                if state.is_empty() {
                    state.signal.set(false);
                }
                return Err(missing());
            }
            let Some(entry) = Queue::take(&mut state) else {
                let past = deadline.is_past();
                if to_sift.is_some() || (past && state.told.is_empty()) {
                    to_sift = Some(0);
                } else if state.told.is_empty() {
                    state.signal.set(false);
                    self.wait(&mut state, deadline);
                } else {
                    state.turn();
                    to_sift = past.then_some(state.fresh.len());
                }
                continue;
            };
            let found = MutexGuard::unlocked(&mut state, || entry.target.look());
            if let Some(ready) = self.queue.looked_at(&mut state, &entry, found, to_sift.is_none()) {
                return Ok(ready);
            }
            to_sift = to_sift.map(|left| left.saturating_sub(1));
        }
    }

    fn wait(&self, state: &mut MutexGuard<'_, State>, deadline: Deadline) {
        match deadline.instant() {
            None => self.queue.changed.wait(state),
            Some(at) => {
                self.queue.changed.wait_until(state, at);
            }
        }
    }

    /// Runs `work` while its lock is held.
    #[cfg(test)]
    pub(super) fn while_locked<R>(&self, work: impl FnOnce() -> R) -> R {
        let _held = self.queue.state.lock();
        work()
    }

    /// An entry for a target, which has yet to be told of it; `interest` holds [`flags`].
    pub(super) fn entry(&self, target: Target, interest: u32, user_data: usize) -> Registration {
        let entry = Arc::new(Entry {
            queue: Arc::downgrade(&self.queue),
            target,
            place: AtomicU8::new(IDLE),
            interest: AtomicU32::new(interest),
            user_data: AtomicUsize::new(user_data),
            dead: AtomicBool::new(false),
        });
        Registration { entry }
    }
}

/// A handle in a queue, for as long as this lives.
#[derive(Debug)]
pub struct Registration {
    pub(super) entry: Arc<Entry>,
}

impl Registration {
    /// Replaces interest and user data.
    pub fn set(&self, interest: u32, user_data: usize) {
        self.entry.set(interest, user_data);
    }
}

impl Drop for Registration {
    /// From here on the queue tells nothing of it.
    fn drop(&mut self) {
        let entry = &self.entry;
        let Some(queue) = entry.queue.upgrade() else {
            // Nobody is left to tell. The target, which may stay for long, forgets it.
            return entry.dead.store(true, Ordering::Relaxed);
        };
        if queue.process != std::process::id() {
            return;
        }
        let mut state = queue.state.lock();
        entry.dead.store(true, Ordering::Relaxed);
        if entry.place.load(Ordering::Acquire) == QUEUED {
            state.dead += 1;
            state.bury();
        }
    }
}

/// A handle's place in a queue. Setting its interest is the last thing done with a handle by a thread that hands it on:
/// another may be told of it, and free the handle, while `set` is still under way.
#[derive(Debug)]
pub struct Place(Arc<Entry>);

impl Place {
    /// Replaces interest and user data.
    pub fn set(&self, interest: u32, user_data: usize) {
        self.0.set(interest, user_data);
    }
}

/// The queues one handle is in; goes with the handle.
#[derive(Debug, Default)]
pub struct Registrations {
    /// Protects the list. Only a queue's lock is taken under it; it is taken under none.
    list: Mutex<Vec<Registration>>,
}

impl Registrations {
    /// The handle's place in a queue, which `make` makes, without interest, where there is none yet.
    pub fn place(&self, queue: &ReadyQueue, make: impl FnOnce() -> Result<Registration>) -> Result<Place> {
        let known = |list: &mut Vec<Registration>| {
            list.retain(|r| r.entry.queue.strong_count() > 0);
            let found = list.iter().find(|r| std::ptr::eq(r.entry.queue.as_ptr(), Arc::as_ptr(&queue.queue)));
            found.map(|registration| Place(Arc::clone(&registration.entry)))
        };
        if let Some(place) = known(&mut self.list.lock()) {
            return Ok(place);
        }
        // Without the lock: giving a transport's lock back may call the application's log callback.
        let made = make()?;
        let mut list = self.list.lock();
        if let Some(place) = known(&mut list) {
            return Ok(place);
        }
        let entry = Arc::clone(&made.entry);
        list.push(made);
        Ok(Place(entry))
    }

    /// Takes the handle out of a queue, if it is in it.
    pub fn remove(&self, queue: &ReadyQueue) {
        self.list.lock().retain(|r| !std::ptr::eq(r.entry.queue.as_ptr(), Arc::as_ptr(&queue.queue)));
    }
}
