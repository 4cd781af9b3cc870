//! Channels against a scripted peer, one scenario a file: what arrives is fed in, what leaves is looked at.

mod close;
mod data;
mod malformed;
mod open;
mod request;
mod two_sides;
mod x11;

use super::*;
use crate::proto::event::{Stream, Ticket};
use crate::proto::packet_in::MAX_ITEMS;
use crate::wire::msg_channel::{
    ChannelClose, ChannelData, ChannelEof, ChannelExtendedData, ChannelFailure, ChannelOpen, ChannelOpenConfirmation,
    ChannelOpenFailure, ChannelRequest, ChannelSuccess, ChannelWindowAdjust, ExitSignal as ExitSignalBody, ExitStatus,
};

const WINDOW: u32 = 65536;
const PACKET: u32 = 32768;
/// The peer's number for every channel.
const PEER: u32 = 7000;

struct Side {
    channels: Channels,
    out: Outbox,
}

impl Side {
    fn new(role: Role) -> Self {
        Self::with(role, Limits::default())
    }

    fn with(role: Role, limits: Limits) -> Self {
        Self { channels: Channels::new(&limits, role, 100_000), out: Outbox::recording() }
    }

    fn feed(&mut self, payload: Vec<u8>) -> Result<()> {
        let (number, rest) = payload.split_first().unwrap();
        self.channels.handle(&mut self.out, *number, rest)
    }

    fn sent(&mut self) -> Vec<Vec<u8>> {
        self.out.take_payloads()
    }

    fn numbers(&mut self) -> Vec<u8> {
        self.sent().iter().map(|p| p[0]).collect()
    }

    /// Events since the last call as text, log lines left out.
    fn events(&mut self) -> Vec<String> {
        let all = std::iter::from_fn(|| self.out.next_event());
        all.filter(|e| !matches!(e, Event::Log(..))).map(|e| format!("{e:?}")).collect()
    }

    fn request_open(&mut self) -> ChannelId {
        self.channels.open_channel(&mut self.out, "session", b"", WINDOW, PACKET).unwrap()
    }

    fn open_with(&mut self, window: u32, max_packet: u32) -> ChannelId {
        self.events();
        let id = self.request_open();
        self.feed(ChannelOpenConfirmation::new(id.0, PEER, window, max_packet, b"").to_vec()).unwrap();
        self.sent();
        assert_eq!(self.events(), [format!("ChannelOpened({id:?})")]);
        id
    }

    fn open(&mut self) -> ChannelId {
        self.open_with(WINDOW, PACKET)
    }

    fn data(&mut self, id: ChannelId, data: &[u8]) -> Result<()> {
        self.feed(ChannelData::new(id.0, data).to_vec())
    }

    fn extended(&mut self, id: ChannelId, kind: u32, data: &[u8]) -> Result<()> {
        self.feed(ChannelExtendedData::new(id.0, kind, data).to_vec())
    }

    fn close(&mut self, id: ChannelId) {
        self.feed(ChannelClose::new(id.0).to_vec()).unwrap();
    }

    fn ask(&mut self, id: ChannelId, request: &str, want_reply: bool, body: &[u8]) -> Result<()> {
        self.feed(ChannelRequest::new(id.0, request, want_reply, body).to_vec())
    }

    fn send(&mut self, id: ChannelId, data: &[u8]) -> Result<usize> {
        self.channels.send(&mut self.out, id, Stream::Data, data)
    }

    fn recv(&mut self, id: ChannelId, stream: Stream, max: usize) -> (Recv, Vec<u8>) {
        let mut got = Vec::new();
        let r = self.channels.recv(&mut self.out, id, stream, max, &mut |s| got.extend_from_slice(s)).unwrap();
        (r, got)
    }

    /// Reads everything there is.
    fn drain(&mut self, id: ChannelId, stream: Stream) -> Vec<u8> {
        self.recv(id, stream, usize::MAX).1
    }

    /// The window the peer was given back since the last look.
    fn adjusted(&mut self) -> u64 {
        let sent = self.sent();
        let adjusts = sent.iter().filter(|p| p[0] == ChannelWindowAdjust::NUMBER);
        adjusts.map(|p| u64::from(ChannelWindowAdjust::parse(&p[1..]).unwrap().bytes)).sum()
    }
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}
