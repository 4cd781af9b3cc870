//! Opening packets (RFC 4253 section 6): framing, length, integrity, decryption, decompression. Lives with whoever
//! reads the socket, outside of the transport's lock; it knows nothing of what the messages mean except that some of
//! them are barriers: what follows them may need other keys, or must wait for an answer.

use super::ident;
use crate::crypto::cipher::{self, Open};
use crate::crypto::compress::Inflater;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::numbers;
use std::ops::Range;

/// The largest `packet_length` accepted (OpenSSH's bound; RFC 4253 section 6.1 asks for 35000 at least).
pub const MAX_PACKET_LEN: usize = 256 * 1024;

/// No item is longer than this on the wire: length field, packet, tag. A reader's buffer holds at least this much.
pub const MAX_PACKET: usize = 4 + MAX_PACKET_LEN + 64;

/// Items after which a batch ends: a peer gets that far beyond a bound that holds input back before anybody looks at it.
pub const MAX_ITEMS: usize = 32;

/// Inflated bytes after which a batch ends, so that compressed input cannot make one batch huge.
const MAX_STORE: usize = 1 << 20;

/// Where a payload is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// In the reader's buffer.
    Buffer(Range<usize>),
    /// In the inflater's store.
    Store(Range<usize>),
}

/// One thing the peer sent, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    sequence: Option<u32>,
    place: Place,
}

impl Opened {
    /// The packet's sequence number; None for a line of the identification exchange.
    #[must_use]
    pub fn sequence(&self) -> Option<u32> {
        self.sequence
    }
}

/// New protection for what follows.
pub struct InboundChange {
    /// New keys, after NEWKEYS.
    pub(super) opener: Option<Box<dyn Open>>,
    /// Strict key exchange: the sequence number starts again at zero (OpenSSH PROTOCOL section 1.10).
    pub(super) reset_sequence: bool,
    /// Compression state starts anew: on, off, or as it is.
    pub(super) inflate: Option<bool>,
}

/// The incoming half of the packet layer.
pub struct PacketIn {
    opener: Box<dyn Open>,
    sequence: u32,
    in_ident: bool,
    /// Wire length of the packet at the front of the buffer, once its length field was read.
    expect: Option<usize>,
    barrier: bool,
    inflater: Option<Inflater>,
    store: Vec<u8>,
    /// Found behind packets that were whole and right: those are delivered first.
    failed: Option<Error>,
}

impl PacketIn {
    pub(super) fn new() -> Self {
        Self {
            opener: cipher::plain_open(),
            sequence: 0,
            in_ident: true,
            expect: None,
            barrier: false,
            inflater: None,
            store: Vec::new(),
            failed: None,
        }
    }

    /// Opens what is whole at the front of `buf`, in place, up to a barrier or a bound on one batch's size; appends to
    /// `out` and returns how many bytes were consumed. The caller hands every item to `Connection::handle`, removes
    /// the consumed bytes, keeps the rest unchanged at the front of the next `buf` (a packet's head may be decrypted
    /// already), and calls again with an empty `out`, while `Connection::wants_input`, until nothing is appended.
    pub fn open_batch(&mut self, buf: &mut [u8], out: &mut Vec<Opened>) -> Result<usize> {
        if let Some(error) = self.failed.clone() {
            return Err(error);
        }
        self.store.clear();
        let mut at = 0;
        while !self.barrier && out.len() < MAX_ITEMS && self.store.len() < MAX_STORE {
            let rest = buf.get_mut(at..).unwrap_or_default();
            let step = if self.in_ident { self.open_line(rest) } else { self.open_packet(rest) };
            let (mut item, used) = match step {
                Ok(Some(opened)) => opened,
                Ok(None) => break,
                Err(error) => {
                    self.failed = Some(error.clone());
                    if out.is_empty() {
                        return Err(error);
                    }
                    break;
                }
            };
            if let Place::Buffer(range) = &mut item.place {
                *range = at + range.start..at + range.end;
            }
            out.push(item);
            at += used;
        }
        Ok(at)
    }

    /// Whether the last batch ended at a barrier; [`PacketIn::apply`] lifts it.
    #[must_use]
    pub fn at_barrier(&self) -> bool {
        self.barrier
    }

    /// The bytes of one opened item: a line without its end, or a packet's payload.
    #[must_use]
    pub fn payload<'a>(&'a self, buf: &'a [u8], item: &Opened) -> &'a [u8] {
        match &item.place {
            Place::Buffer(range) => buf.get(range.clone()),
            Place::Store(range) => self.store.get(range.clone()),
        }
        .unwrap_or_default()
    }

    /// Goes on after a barrier, with new protection where the connection has some.
    pub fn apply(&mut self, change: Option<InboundChange>) {
        self.barrier = false;
        let Some(change) = change else { return };
        if let Some(opener) = change.opener {
            self.opener = opener;
        }
        if change.reset_sequence {
            self.sequence = 0;
        }
        match change.inflate {
            Some(true) => self.inflater = Some(Inflater::new()),
            Some(false) => self.inflater = None,
            None => {}
        }
    }

    /// How many bytes must be at the front of the buffer before more can be opened: a hint for reading.
    #[must_use]
    pub fn wanted(&self) -> usize {
        self.expect.unwrap_or(if self.in_ident { 1 } else { self.opener.head_len() })
    }

    fn open_line(&mut self, rest: &mut [u8]) -> Result<Option<(Opened, usize)>> {
        let Some(end) = rest.iter().take(ident::MAX_LINE).position(|&b| b == b'\n') else {
            if rest.len() >= ident::MAX_LINE {
                return Err(ident::no_identification(rest));
            }
            return Ok(None);
        };
        let line = rest.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(b"SSH-") {
            self.in_ident = false;
        }
        let item = Opened { sequence: None, place: Place::Buffer(0..line.len()) };
        Ok(Some((item, end + 1)))
    }

    fn open_packet(&mut self, rest: &mut [u8]) -> Result<Option<(Opened, usize)>> {
        let total = match self.expect {
            Some(total) => total,
            None => {
                let Some(head) = rest.get_mut(..self.opener.head_len()) else { return Ok(None) };
                let length = self.opener.open_length(self.sequence, head)?;
                let total = self.check_length(length)?;
                self.expect = Some(total);
                total
            }
        };
        let Some(packet) = rest.get_mut(..total) else { return Ok(None) };
        self.opener.open(self.sequence, packet)?;
        self.expect = None;

        // RFC 4253 section 6: padding is at least 4 bytes, and there is a payload.
        let body = total - 4 - self.opener.tag_len();
        let padding = usize::from(packet.get(4).copied().unwrap_or(0));
        if padding < 4 || padding + 2 > body {
            return Err(Error::protocol(format!("padding of {padding} bytes in a packet of {body}")));
        }
        let payload = 5..4 + body - padding;
        let place = match &mut self.inflater {
            None => Place::Buffer(payload),
            Some(inflater) => {
                let start = self.store.len();
                inflater.inflate(packet.get(payload).unwrap_or_default(), MAX_PACKET_LEN, &mut self.store)?;
                Place::Store(start..self.store.len())
            }
        };
        let item = Opened { sequence: Some(self.sequence), place };
        // Wraps at 2^32 and is never reset by rekeying (RFC 4253 section 6.4), except under strict key exchange.
        self.sequence = self.sequence.wrapping_add(1);
        let number = match &item.place {
            Place::Buffer(range) => packet.get(range.start),
            Place::Store(range) => self.store.get(range.start),
        };
        let Some(&number) = number else { return Err(Error::protocol("packet without payload")) };
        self.barrier = is_barrier(number);
        Ok(Some((item, total)))
    }

    /// The length is not authenticated here: bound it before waiting for a byte more.
    fn check_length(&self, length: u32) -> Result<usize> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > MAX_PACKET_LEN {
            return Err(Error::new(
                ErrorKind::PacketLength,
                format!("packet length {length} is above {MAX_PACKET_LEN}"),
            ));
        }
        let aligned = if self.opener.length_apart() { length } else { length + 4 };
        // padding_length, one byte of payload, four of padding; and RFC 4253 section 6: a multiple of the block size.
        if length < 6 || aligned % self.opener.block_len() != 0 {
            return Err(Error::new(ErrorKind::PacketLength, format!("packet length {length} does not fit the cipher")));
        }
        Ok(4 + length + self.opener.tag_len())
    }
}

#[cfg(any(test, fuzzing))]
impl PacketIn {
    /// One that is past the identification and has these keys.
    pub(crate) fn opened_by(opener: Box<dyn Open>, inflate: bool) -> Self {
        Self { opener, in_ident: false, inflater: inflate.then(Inflater::new), ..Self::new() }
    }
}

/// Messages behind which keys or compression may change, or whose answer is computed outside of the connection: key
/// exchange (20 to 49), and the authentication messages that end a phase or ask a question.
fn is_barrier(number: u8) -> bool {
    matches!(
        number,
        numbers::KEXINIT
            ..=49
                | numbers::SERVICE_REQUEST
                | numbers::USERAUTH_REQUEST
                | numbers::USERAUTH_SUCCESS
                | numbers::USERAUTH_INFO_RESPONSE
    )
}
