//! A flag to wait for (`ssh_event_t`): set by the engine or the application, with a pollable descriptor.

use super::deadline::Deadline;
use super::lock::{Condvar, Mutex};
use super::ready::flags;
use super::sys::Signal;
use super::watch::Watchers;
use crate::error::{Error, ErrorKind, Result};
use std::os::fd::RawFd;
use std::sync::{Arc, Weak};

/// A flag threads wait for; clones name the same flag. Not bound to a transport.
#[derive(Debug, Clone, Default)]
pub struct Event {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Protects the flag and those who are told of it. Only a readiness queue's lock is taken under it; it may be taken
    /// under any other.
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    set: bool,
    signal: Option<Signal>,
    watchers: Watchers,
}

impl State {
    fn change(&mut self, set: bool) {
        self.set = set;
        if let Some(signal) = &mut self.signal {
            signal.set(set);
        }
        if set {
            self.watchers.mark(flags::DONE);
        }
    }
}

impl Event {
    /// Not set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the flag and wakes every waiter.
    pub fn set(&self) {
        let mut state = self.inner.state.lock();
        state.change(true);
        self.inner.changed.notify_all();
    }

    /// Clears the flag.
    pub fn clear(&self) {
        self.inner.state.lock().change(false);
    }

    /// Whether the flag is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.inner.state.lock().set
    }

    /// Waits until the flag is set; false when the deadline passed first.
    #[must_use]
    pub fn wait(&self, deadline: Deadline) -> bool {
        let mut state = self.inner.state.lock();
        while !state.set {
            match deadline.instant() {
                None => self.inner.changed.wait(&mut state),
                Some(at) => {
                    if self.inner.changed.wait_until(&mut state, at) {
                        return state.set;
                    }
                }
            }
        }
        true
    }

    /// A descriptor that polls readable while the flag is set; made on first use, valid while the event lives. Never
    /// read from it.
    pub fn fd(&self) -> Result<RawFd> {
        let mut state = self.inner.state.lock();
        if let Some(signal) = &state.signal {
            return Ok(signal.fd());
        }
        let mut signal = Signal::new()
            .map_err(|e| Error::new(ErrorKind::ResourceLimit, format!("no descriptor for an event: {e}")))?;
        signal.set(state.set);
        let fd = signal.fd();
        state.signal = Some(signal);
        Ok(fd)
    }
}

impl Event {
    /// A name that does not keep the event alive.
    pub(super) fn downgrade(&self) -> WeakEvent {
        WeakEvent(Arc::downgrade(&self.inner))
    }

    /// Looks at those who are told when it is set.
    pub(super) fn watchers(&self, look: impl FnOnce(&mut Watchers)) {
        look(&mut self.inner.state.lock().watchers);
    }
}

/// An event that may be gone.
#[derive(Debug)]
pub(super) struct WeakEvent(Weak<Inner>);

impl WeakEvent {
    pub(super) fn upgrade(&self) -> Option<Event> {
        self.0.upgrade().map(|inner| Event { inner })
    }
}

#[cfg(test)]
mod tests {
    use super::super::sys::tests::polls_readable;
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn waiters_wake_and_the_descriptor_follows_the_flag() {
        let event = Event::new();
        assert!(!event.wait(Deadline::after_ms(0)));
        let fd = event.fd().unwrap();
        assert!(!polls_readable(fd));
        let other = event.clone();
        let waiter = std::thread::spawn(move || other.wait(Deadline::never()));
        event.set();
        assert!(waiter.join().unwrap());
        assert!(polls_readable(fd) && event.is_set());
        assert!(event.wait(Deadline::after_ms(0)));
        event.clear();
        assert!(!polls_readable(fd));
        assert_eq!(event.fd().unwrap(), fd);
    }

    #[test]
    fn a_descriptor_made_late_shows_the_flag() {
        let event = Event::new();
        event.set();
        assert!(polls_readable(event.fd().unwrap()));
    }

    #[test]
    fn the_deadline_ends_a_wait() {
        let began = Instant::now();
        assert!(!Event::new().wait(Deadline::after_ms(30)));
        assert!(began.elapsed() >= Duration::from_millis(29));
    }
}
