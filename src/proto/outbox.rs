//! Where the parts of the core put messages and events. Sealing happens here, in order, straight into the output
//! buffer; what RFC 4253 section 7.1 forbids during a key exchange is held back until it is over.

use super::event::{ChannelId, Event};
use super::packet_out::PacketOut;
use crate::error::{Error, Result};
use std::collections::VecDeque;
use zeroize::Zeroizing;

/// The outgoing side of a connection.
pub struct Outbox {
    packets: PacketOut,
    sealed: Vec<u8>,
    /// Bytes taken from `sealed` that the socket has not accepted yet.
    unwritten: usize,
    /// Payloads that wait for the key exchange to end, in order.
    /// Wiped when dropped: a password may be among them.
    held: VecDeque<Zeroizing<Vec<u8>>>,
    holding: bool,
    events: VecDeque<Event>,
    log_level: u8,
    /// Packets go to the log, at level 4.
    hexdump: bool,
    /// A sealing failure; the connection turns it into its fatal error.
    failure: Option<Error>,
    scratch: Vec<u8>,
    /// Payloads in the clear instead of sealed packets.
    #[cfg(test)]
    recorded: Option<Vec<Vec<u8>>>,
}

impl Outbox {
    /// With unprotected packets, as every connection starts.
    pub(super) fn new(packets: PacketOut, log_level: u8) -> Self {
        Self {
            packets,
            sealed: Vec::new(),
            unwritten: 0,
            held: VecDeque::new(),
            holding: false,
            events: VecDeque::new(),
            log_level,
            hexdump: false,
            failure: None,
            scratch: Vec::new(),
            #[cfg(test)]
            recorded: None,
        }
    }

    /// One that keeps payloads for a test to look at; see [`Outbox::take_payloads`].
    #[cfg(test)]
    pub(crate) fn recording() -> Self {
        Self {
            recorded: Some(Vec::new()),
            ..Self::new(PacketOut::new(Box::new(crate::crypto::rng::SystemRng::default())), 4)
        }
    }

    /// The payloads sent since the last call. Until then they count as backlog.
    #[cfg(test)]
    pub(crate) fn take_payloads(&mut self) -> Vec<Vec<u8>> {
        self.sealed.clear();
        self.recorded.replace(Vec::new()).unwrap_or_default()
    }

    /// Sends a message: `write` appends its payload, number first. During a key exchange it is held back. For
    /// everything but key exchange messages and channel data.
    pub fn message(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.holding {
            let mut payload = Zeroizing::new(Vec::new());
            write(&mut payload);
            self.held.push_back(payload);
        } else {
            self.message_now(write);
        }
    }

    /// Sends a message that may pass during a key exchange (RFC 4253 section 7.1: numbers 1 to 49 but service
    /// requests).
    pub fn message_now(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut payload = std::mem::take(&mut self.scratch);
        payload.clear();
        write(&mut payload);
        self.payload_now(&payload);
        // Payloads may hold secrets (passwords): the scratch space is not left full of them.
        zeroize::Zeroize::zeroize(payload.as_mut_slice());
        self.scratch = payload;
    }

    fn payload_now(&mut self, payload: &[u8]) {
        self.seal(&[payload]);
    }

    fn seal(&mut self, payload: &[&[u8]]) {
        #[cfg(test)]
        if let Some(recorded) = &mut self.recorded {
            recorded.push(payload.concat());
            self.sealed.extend_from_slice(&payload.concat());
            return;
        }
        self.dump("out", payload);
        if let Err(error) = self.packets.seal(payload, &mut self.sealed) {
            self.failure.get_or_insert(error);
        }
    }

    /// Sends channel data as `head` (the message up to its data) followed by `data`, without copying them together
    /// first. Not called while [`Outbox::is_holding`].
    pub fn data(&mut self, head: &[u8], data: &[u8]) {
        self.seal(&[head, data]);
    }

    /// Whether a key exchange holds back everything that is not part of it.
    #[must_use]
    pub fn is_holding(&self) -> bool {
        self.holding
    }

    /// Bytes that wait for the socket, taken but unwritten ones and held payloads included.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.unwritten + self.sealed.len() + self.held.iter().map(|payload| payload.len()).sum::<usize>()
    }

    /// Tells the engine something.
    pub fn event(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// Logs where the level is on; the text is not built otherwise. Levels: 1 error, 2 warning, 3 info, 4 debug.
    pub fn log(&mut self, level: u8, text: impl FnOnce() -> String) {
        if level <= self.log_level {
            self.events.push_back(Event::Log(level, None, text()));
        }
    }

    /// As [`Outbox::log`], about one channel, whose number begins the line.
    pub fn log_channel(&mut self, level: u8, id: u32, text: impl FnOnce() -> String) {
        if level <= self.log_level {
            let text = format!("channel {id}: {}", text());
            self.events.push_back(Event::Log(level, Some(ChannelId(id)), text));
        }
    }

    /// Logs a packet where dumps are on.
    pub(super) fn dump(&mut self, direction: &str, payload: &[&[u8]]) {
        if self.hexdump {
            self.log(4, || super::dump::dump(direction, payload));
        }
    }

    pub(super) fn set_hexdump(&mut self, on: bool) {
        self.hexdump = on;
    }

    pub(super) fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub(super) fn set_log_level(&mut self, level: u8) {
        self.log_level = level;
    }

    /// Holds back what follows: KEXINIT was sent.
    pub(super) fn hold(&mut self) {
        self.holding = true;
    }

    /// The key exchange is over on our side: what was held goes out, in order.
    pub(super) fn release(&mut self) {
        self.holding = false;
        while let Some(payload) = self.held.pop_front() {
            self.payload_now(&payload);
        }
    }

    /// Drops what was held; the connection is ending.
    pub(super) fn drop_held(&mut self) {
        self.held.clear();
        self.holding = false;
    }

    pub(super) fn packets(&mut self) -> &mut PacketOut {
        &mut self.packets
    }

    pub(super) fn packets_ref(&self) -> &PacketOut {
        &self.packets
    }

    /// Bytes outside of any packet: the identification.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.sealed.extend_from_slice(bytes);
    }

    pub(super) fn has_sealed(&self) -> bool {
        !self.sealed.is_empty()
    }

    pub(super) fn take_sealed(&mut self, into: &mut Vec<u8>) {
        self.unwritten += self.sealed.len();
        if into.is_empty() {
            std::mem::swap(&mut self.sealed, into);
        } else {
            into.append(&mut self.sealed);
        }
    }

    pub(super) fn set_unwritten(&mut self, bytes: usize) {
        self.unwritten = bytes;
    }

    pub(super) fn take_failure(&mut self) -> Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }
}
