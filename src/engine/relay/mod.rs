//! Relays: a channel made one with a descriptor, or with another channel, by a few threads that serve all of them.
//!
//! `pump` says what goes from where to where; `descriptor` and `channel_end` are what it moves data between; `worker`
//! gives it its turns. A relay holds no thread, and no buffer while nothing waits.

mod channel_end;
mod descriptor;
mod pump;
mod worker;

#[cfg(test)]
mod tests;

pub(super) use worker::{Wake, Worker, WorkerHandle};

use super::channel::Channel;
use super::deadline::Deadline;
use super::event::Event;
use super::runtime::Runtime;
use crate::error::{ErrorKind, Result};
use channel_end::ChannelEnd;
use descriptor::DescriptorEnd;
use once_cell::sync::OnceCell;
use pump::{End, Pump};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;
use worker::{Command, Entry};

/// What a relay's handle and its worker share.
struct Outcome {
    result: OnceCell<Result<()>>,
    over: Event,
    /// The application's.
    event: Option<Event>,
    from_a: AtomicU64,
    from_b: AtomicU64,
}

impl Outcome {
    fn count(&self, (a, b): (u64, u64)) {
        self.from_a.store(a, Ordering::Relaxed);
        self.from_b.store(b, Ordering::Relaxed);
    }

    /// It is over; the first word counts.
    fn set(&self, result: Result<()>) {
        let _ = self.result.set(result);
        self.over.set();
        if let Some(event) = &self.event {
            event.set();
        }
    }
}

/// A relay's handle; dropping it does not end the relay.
pub struct Relay {
    outcome: Arc<Outcome>,
    worker: Arc<WorkerHandle>,
    id: usize,
    /// A forked child has no thread that serves it.
    pid: u32,
}

/// What a relay is made of before it runs.
struct Draft {
    worker: Arc<WorkerHandle>,
    id: usize,
    due: Arc<AtomicBool>,
}

impl Draft {
    fn new() -> Result<Self> {
        Ok(Self { worker: Runtime::get().relay_worker()?, id: worker::new_id(), due: Arc::default() })
    }

    fn wake(&self) -> Wake {
        Wake { worker: Arc::clone(&self.worker), id: self.id, due: Arc::clone(&self.due) }
    }

    fn start(self, a: Box<dyn End>, b: Box<dyn End>, event: Option<Event>, linger: Duration) -> Relay {
        let (from_a, from_b) = Default::default();
        let outcome = Arc::new(Outcome { result: OnceCell::new(), over: Event::new(), event, from_a, from_b });
        let entry = Entry::new(self.id, Pump::new(a, b), Arc::clone(&outcome), self.due, linger);
        self.worker.send(Command::Add(entry));
        Relay { outcome, worker: self.worker, id: self.id, pid: std::process::id() }
    }
}

impl Relay {
    /// Relays between a channel and what `read` and `write` name, both taken, also on failure; without `write`, `read`
    /// serves both ways. The channel is kept, and closed when the relay is over; but a session whose both
    /// directions are done is only let go, because its exit status may still come, or be sent: of a client's those whose
    /// output has ended. After a failure it is as before. An opening that is not answered is waited for.
    /// `event` is set once it is over. Fails with `InvalidState` where the channel is relayed already, `ChannelClosed` or
    /// the transport's error where it is closed and has nothing left to give, `InvalidArgument` for a socket that is no
    /// stream.
    pub fn with_descriptors(
        channel: &Channel,
        read: OwnedFd,
        write: Option<OwnedFd>,
        event: Option<Event>,
    ) -> Result<Self> {
        Self::descriptors(channel, read, write, event, worker::LINGER)
    }

    pub(super) fn descriptors(
        channel: &Channel,
        read: OwnedFd,
        write: Option<OwnedFd>,
        event: Option<Event>,
        linger: Duration,
    ) -> Result<Self> {
        let draft = Draft::new()?;
        let descriptor = DescriptorEnd::new(read, write, &draft.worker, draft.id)?;
        let channel = ChannelEnd::new(channel, draft.wake())?;
        Ok(draft.start(Box::new(channel.go()), Box::new(descriptor), event, linger))
    }

    /// Relays between two channels, of one transport or of two; both as with [`Relay::with_descriptors`].
    pub fn between(a: &Channel, b: &Channel, event: Option<Event>) -> Result<Self> {
        let draft = Draft::new()?;
        let (a, b) = (ChannelEnd::new(a, draft.wake())?, ChannelEnd::new(b, draft.wake())?);
        Ok(draft.start(Box::new(a.go()), Box::new(b.go()), event, worker::LINGER))
    }

    /// Waits until the relay is over: both sides are done. Otherwise what ended it: the transport's error, a refusal, a
    /// descriptor's (`Io`, also where data of a channel that is gone was not taken), `Closed` after [`Relay::stop`].
    pub fn wait(&self, deadline: Deadline) -> Result<()> {
        if self.pid != std::process::id() {
            return Err(ErrorKind::Forked.into());
        }
        if !self.outcome.over.wait(deadline) {
            return Err(deadline.error("the relay did not end"));
        }
        self.outcome.result.get().cloned().unwrap_or_else(|| Err(ErrorKind::Internal.into()))
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.outcome.over.is_set()
    }

    /// Ends it soon, whatever is on the way.
    pub fn stop(&self) {
        if self.pid == std::process::id() {
            self.worker.send(Command::Stop(self.id));
        }
    }

    /// Bytes passed on so far that came from each side: the channel, or the first one, first.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.outcome.from_a.load(Ordering::Relaxed), self.outcome.from_b.load(Ordering::Relaxed))
    }
}
