//! A channel as one side of a relay.

use super::pump::{End, Life, Read, Write};
use super::worker::Wake;
use crate::engine::channel::{Channel, Recv};
use crate::engine::core::Core;
use crate::engine::shared::Locked;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::connection::Connection;
use crate::proto::event::{ChannelId, Stream};
use crate::proto::phase::Role;

/// A channel that a relay has for itself. Each method holds its transport's lock and no other.
pub(super) struct ChannelEnd {
    channel: Channel,
    /// The relay runs: the channel is closed with it.
    closes: bool,
}

impl ChannelEnd {
    /// Has `wake` told of the channel's changes. Fails with the transport's error, or `ChannelClosed`, where the channel
    /// is closed and has nothing left to give.
    pub(super) fn new(channel: &Channel, wake: Wake) -> Result<Self> {
        let mut core = channel.lock()?;
        let id = channel.channel_id();
        let proto = core.conn.as_ref().and_then(|conn| conn.channel(id));
        let is_of_use = proto.is_some_and(|c| c.is_open() || c.queued(Stream::Data) > 0);
        let ended = core.error.clone().filter(|_| !proto.is_some_and(|c| c.end_is_deliberate()));
        let state = core.channels.get_mut(&id).ok_or(ErrorKind::ChannelClosed)?;
        if state.relay.is_some() {
            return Err(Error::new(ErrorKind::InvalidState, "the channel is relayed already"));
        }
        // An opening that is not answered, or whose answer nobody has heard, is of use.
        let is_opening = !matches!(state.opened, Some(Ok(()))) && !state.begun.is_empty();
        if !is_of_use && (!is_opening || ended.is_some()) {
            return Err(ended.unwrap_or_else(|| ErrorKind::ChannelClosed.into()));
        }
        state.relay = Some(wake);
        state.cut = false;
        Ok(Self { channel: channel.clone(), closes: false })
    }

    /// The relay begins.
    pub(super) fn go(self) -> Self {
        let mut end = self;
        end.closes = true;
        end
    }

    fn is_of_server(&self) -> bool {
        let role = |core: Locked<'_>| core.conn.as_ref().map(Connection::role);
        self.channel.lock().is_ok_and(|core| role(core) == Some(Role::Server))
    }

    /// Runs `work` under the lock and tells those who poll the channel's descriptors.
    fn with<R>(&self, work: impl FnOnce(&mut Locked<'_>, ChannelId) -> Result<R>) -> Result<R> {
        let id = self.channel.channel_id();
        let mut core = self.channel.lock()?;
        let result = work(&mut core, id);
        core.update_signal(id);
        result
    }
}

impl Drop for ChannelEnd {
    fn drop(&mut self) {
        if let Ok(mut core) = self.channel.lock() {
            if let Some(state) = core.channels.get_mut(&self.channel.channel_id()) {
                state.relay = None;
            }
        }
        if self.closes {
            self.channel.close();
        }
    }
}

/// Drops the stderr data that waits, and gives its window back: a relay has no place for a second stream.
fn drop_stderr(core: &mut Core, id: ChannelId) {
    while let Some(Ok(Recv::Data(_))) = core.receive(id, Stream::Stderr, usize::MAX, &mut |_| {}) {}
}

impl End for ChannelEnd {
    fn read(&mut self, into: &mut [u8]) -> Result<Read> {
        self.with(|core, id| {
            match core.channels.get(&id).and_then(|state| state.opened.clone()) {
                Some(opened) => opened?,
                None => return Ok(Read::Nothing),
            }
            drop_stderr(core, id);
            let (max, mut at) = (into.len(), 0);
            let mut sink = |bytes: &[u8]| {
                if let Some(room) = into.get_mut(at..at + bytes.len()) {
                    room.copy_from_slice(bytes);
                }
                at += bytes.len();
            };
            Ok(match core.receive(id, Stream::Data, max, &mut sink) {
                None => Read::Nothing,
                Some(got) => match got? {
                    Recv::Data(n) => Read::Data(n),
                    Recv::Eof => Read::End,
                },
            })
        })
    }

    fn write(&mut self, data: &[u8]) -> Result<Write> {
        let sent = self.with(|core, id| {
            let answered = core.channels.get(&id).is_none_or(|state| state.opened.is_some());
            core.live().and_then(|conn| if answered { conn.send(id, Stream::Data, data) } else { Ok(0) })
        });
        match sent {
            Ok(0) => Ok(Write::Full),
            Ok(n) => Ok(Write::Took(n)),
            // The application, or the peer, has ended this direction; that is no failure of the relay's.
            Err(e) if matches!(e.kind(), ErrorKind::ChannelClosed | ErrorKind::ChannelEofSent) => Ok(Write::Refused),
            Err(e) => Err(e),
        }
    }

    fn end_write(&mut self) {
        // Fails where the channel is closed, which says as much.
        let _ = self.channel.shutdown_write();
    }

    fn end_read(&mut self) {
        let _ = self.with(|core, id| {
            core.conn()?.shutdown_read(id)?;
            drop_stderr(core, id);
            // What arrived before counts against the window until it is read.
            while let Some(Ok(Recv::Data(_))) = core.receive(id, Stream::Data, usize::MAX, &mut |_| {}) {}
            Ok(())
        });
    }

    fn complete(&mut self) {
        // A session ends with its exit status. A server's application sends it behind the data; a client's peer does, but
        // not one that was left in the middle of its output: that would go on for nobody.
        self.closes = self.channel.kind() != "session" || !(self.is_of_server() || self.channel.eof_received());
    }

    fn life(&mut self) -> Life {
        let core = match self.channel.lock() {
            Ok(core) => core,
            Err(e) => return Life::Lost(e),
        };
        let id = self.channel.channel_id();
        match core.channels.get(&id).map(|state| &state.opened) {
            Some(Some(Err(error))) => return Life::Lost(error.clone()),
            Some(None) => return core.error.clone().map_or(Life::Opening, Life::Lost),
            Some(Some(Ok(()))) | None => {}
        }
        let Some(channel) = core.conn.as_ref().and_then(|conn| conn.channel(id)) else {
            return Life::Lost(core.error.clone().unwrap_or_else(|| Error::from(ErrorKind::ChannelClosed)));
        };
        match &core.error {
            Some(error) if !channel.close_received() => Life::Lost(error.clone()),
            _ if core.channels.get(&id).is_some_and(|state| state.cut) => Life::Cut,
            _ if !channel.is_open() => Life::Gone,
            _ if channel.eof_sent() => Life::Deaf,
            _ => Life::Open,
        }
    }
}
