//! What a readiness queue (`ready`) watches: channels, transports and events; when each is ready, and who is told.

use super::channel::Channel;
use super::channel_requests::ended_how;
use super::core::Core;
use super::event::{Event, WeakEvent};
use super::ready::{flags, Entry, ReadyQueue, Registration};
use super::shared::Shared;
use super::transport::Transport;
use crate::error::{ErrorKind, Result};
use crate::proto::event::{ChannelId, Stream};
use std::sync::{Arc, Weak};

/// The queues' entries for one object. Most objects have none, and telling those costs nothing.
#[derive(Debug, Default)]
pub(super) struct Watchers(Vec<Arc<Entry>>);

impl Watchers {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one and forgets those that are gone.
    fn add(&mut self, entry: Arc<Entry>) {
        self.0.retain(|entry| !entry.is_dead());
        self.0.push(entry);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells them what the object is ready for now.
    pub(super) fn mark(&mut self, flags: u32) {
        self.0.retain(|entry| entry.mark(flags));
    }
}

/// What an entry stands for. It keeps nothing alive.
#[derive(Debug)]
pub(super) enum Target {
    Channel(Weak<Shared>, ChannelId),
    Transport(Weak<Shared>),
    Event(WeakEvent),
}

impl Target {
    /// What it is ready for now; nothing once it is gone.
    pub(super) fn look(&self) -> u32 {
        let of = |shared: &Weak<Shared>, look: &dyn Fn(&Core) -> u32| {
            // In a child that gave the session up every call fails at once.
            shared.upgrade().map(|shared| shared.look(look).unwrap_or(!0))
        };
        match self {
            Self::Channel(shared, id) => of(shared, &|core| core.channel_flags(*id)),
            Self::Transport(shared) => of(shared, &Core::transport_flags),
            Self::Event(event) => event.upgrade().map(|event| if event.is_set() { flags::DONE } else { 0 }),
        }
        .unwrap_or(0)
    }
}

impl Core {
    /// What a channel is ready for: what a call that belongs to the flag would not wait for.
    fn channel_flags(&self, id: ChannelId) -> u32 {
        let Some(state) = self.channels.get(&id) else { return 0 };
        let over = self.error.is_some();
        let mut found = 0;
        let mut set = |on: bool, flag: u32| found |= if on { flag } else { 0 };
        // While the peer has not answered the opening, nothing can be read, sent or waited for.
        if over || state.opened.is_some() {
            let channel = self.conn.as_ref().and_then(|conn| conn.channel(id));
            set(channel.is_none_or(|c| c.readable(Stream::Data)), flags::READABLE);
            set(channel.is_none_or(|c| c.readable(Stream::Stderr)), flags::READABLE_STDERR);
            set(over || channel.is_none_or(|c| c.writable()), flags::WRITABLE);
            set(channel.is_none_or(|c| ended_how(c).is_some()), flags::EXIT_STATUS);
        }
        set(self.channel_is_closed(id), flags::CLOSED);
        set(self.begun_answer(id).is_some(), flags::DONE);
        found
    }

    /// Closed by either side, or with the transport.
    pub(super) fn channel_is_closed(&self, id: ChannelId) -> bool {
        let answered = self.channels.get(&id).is_none_or(|state| state.opened.is_some());
        let channel = self.conn.as_ref().and_then(|conn| conn.channel(id));
        self.is_over() || (answered && channel.is_none_or(|c| !c.is_open()))
    }

    fn transport_flags(&self) -> u32 {
        let over = if self.is_over() { flags::CLOSED | flags::ACCEPTABLE } else { 0 };
        over | if self.incoming.is_empty() { 0 } else { flags::ACCEPTABLE }
    }

    /// Tells a channel's watchers what it is ready for.
    pub(super) fn tell_watchers(&mut self, id: ChannelId) {
        let found = self.channel_flags(id);
        if let Some(state) = self.channels.get_mut(&id) {
            state.watchers.mark(found);
        }
    }

    /// As [`Core::tell_watchers`], for those of the transport.
    pub(super) fn tell_transport_watchers(&mut self) {
        let found = self.transport_flags();
        self.watchers.mark(found);
    }

    /// The transport is over: everyone is told.
    pub(super) fn tell_all_watchers(&mut self) {
        self.tell_transport_watchers();
        for state in self.channels.values_mut() {
            state.watchers.mark(!0);
        }
    }
}

impl Channel {
    /// Puts the channel into a queue; `interest` holds [`flags`].
    pub fn watch(&self, queue: &ReadyQueue, interest: u32, user_data: usize) -> Result<Registration> {
        let id = self.channel_id();
        let target = Target::Channel(Arc::downgrade(self.shared()), id);
        let registration = queue.entry(target, interest, user_data);
        {
            let mut core = self.lock()?;
            let state = core.channels.get_mut(&id).ok_or(ErrorKind::ChannelClosed)?;
            state.watchers.add(Arc::clone(&registration.entry));
        }
        registration.entry.look();
        Ok(registration)
    }
}

impl Transport {
    /// As [`Channel::watch`].
    pub fn watch(&self, queue: &ReadyQueue, interest: u32, user_data: usize) -> Result<Registration> {
        let registration = queue.entry(Target::Transport(Arc::downgrade(self.shared())), interest, user_data);
        self.shared().lock()?.watchers.add(Arc::clone(&registration.entry));
        registration.entry.look();
        Ok(registration)
    }
}

impl Event {
    /// As [`Channel::watch`].
    #[must_use]
    pub fn watch(&self, queue: &ReadyQueue, interest: u32, user_data: usize) -> Registration {
        let registration = queue.entry(Target::Event(self.downgrade()), interest, user_data);
        self.watchers(|watchers| watchers.add(Arc::clone(&registration.entry)));
        registration.entry.look();
        registration
    }
}
