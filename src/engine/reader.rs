//! The way in, the same for sockets and streams: bytes are opened without the transport's lock, then the lock is taken
//! once for a whole batch.

use super::shared::Shared;
use crate::proto::connection::Connection;
use crate::proto::packet_in::{Opened, PacketIn};
use std::sync::Arc;
use std::time::Instant;

/// The incoming half of a transport; owned by whoever reads its socket or stream.
pub(super) struct Reader {
    packets: PacketIn,
    opened: Vec<Opened>,
}

/// How a look at the input ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Everything whole was handled; more bytes are wanted.
    More,
    /// The connection holds input; look again when told to.
    Held,
    /// The connection is over.
    Ended,
}

impl Reader {
    pub(super) fn new(packets: PacketIn) -> Self {
        Self { packets, opened: Vec::new() }
    }

    /// Handles what is whole in `buf`; returns how many bytes that was. The rest comes back unchanged at the front of
    /// the next `buf`.
    pub(super) fn take(&mut self, shared: &Arc<Shared>, buf: &mut [u8]) -> (usize, Step) {
        let mut used = 0;
        loop {
            if self.packets.at_barrier() {
                match self.pass_barrier(shared) {
                    Step::More => {}
                    stop => return (used, stop),
                }
            }
            let rest = buf.get_mut(used..).unwrap_or_default();
            self.opened.clear();
            let opened = self.packets.open_batch(rest, &mut self.opened);
            if self.opened.is_empty() && opened.is_ok() {
                if self.opened.capacity() > 64 {
                    self.opened = Vec::new();
                }
                return (used, Step::More);
            }
            let Ok(mut core) = shared.lock() else { return (used, Step::Ended) };
            let Ok(conn) = core.live() else { return (used, Step::Ended) };
            let now = Instant::now();
            for item in &self.opened {
                conn.handle(now, &self.packets, rest, item);
            }
            match opened {
                Ok(bytes) => used += bytes,
                Err(error) => conn.handle_error(now, error),
            }
            if conn.is_ended() {
                return (used, Step::Ended);
            }
            // What is answered as soon as somebody looks holds nothing back.
            if !core.wants_input() {
                core.dispatch(shared);
            }
            // A barrier is passed at the loop's top, after what was just handled took effect.
            if !self.packets.at_barrier() && !core.wants_input() {
                core.input_held = true;
                return (used, Step::Held);
            }
        }
    }

    /// Behind some messages keys or compression change, or an answer is awaited: nothing behind is opened before.
    fn pass_barrier(&mut self, shared: &Arc<Shared>) -> Step {
        let Ok(mut core) = shared.lock() else { return Step::Ended };
        if core.live().is_err() {
            return Step::Ended;
        }
        if !core.wants_input() {
            core.input_held = true;
            return Step::Held;
        }
        self.packets.apply(core.live().ok().and_then(Connection::inbound_change));
        Step::More
    }
}
