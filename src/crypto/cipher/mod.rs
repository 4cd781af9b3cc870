//! Packet protection of one direction: an AEAD, or a cipher joined with a MAC. Which is which is hidden behind
//! [`Seal`] and [`Open`], so the packet layer has one path for all of them.

pub mod cbc;
pub mod chacha;
pub mod ctr;
pub mod gcm;
mod joined;
mod plain;

#[cfg(test)]
mod tests;

use crate::error::{Error, ErrorKind, Result};

/// Bytes of the length field (RFC 4253 section 6).
const LENGTH_LEN: usize = 4;

/// How a packet is laid out, the same whichever way it goes.
pub trait Framing: Send {
    /// The padded packet is a multiple of this many bytes (at least 8).
    fn block_len(&self) -> usize;

    /// Bytes of tag or MAC behind the packet.
    fn tag_len(&self) -> usize;

    /// Whether the length field is left out of what must be a multiple of the block: true for AEADs (RFC 5647
    /// section 7.2) and encrypt-then-MAC modes (OpenSSH PROTOCOL section 1.5).
    fn length_apart(&self) -> bool;
}

/// Protects outgoing packets.
pub trait Seal: Framing {
    /// Seals in place. `packet` is length (4 bytes), padding length, payload, padding and `tag_len` bytes of room.
    fn seal(&mut self, sequence: u32, packet: &mut [u8]) -> Result<()>;
}

/// Opens incoming packets.
pub trait Open: Framing {
    /// How many bytes of a packet must have arrived before its length can be told: 4, or one block where the
    /// length is encrypted together with what follows.
    fn head_len(&self) -> usize;

    /// Tells the packet length from the first `head_len` bytes; called once a packet, before [`Open::open`], and may
    /// decrypt them in place. The length is not authenticated yet: the caller bounds it.
    fn open_length(&mut self, sequence: u32, head: &mut [u8]) -> Result<u32>;

    /// Verifies and decrypts in place. `packet` is the length field, the packet and its tag. Any failure is
    /// [`crate::error::ErrorKind::MacMismatch`], whatever the reason, and nothing decrypted may be used. Afterwards
    /// the packet is in clear from its fifth byte on; the length field may still be encrypted.
    fn open(&mut self, sequence: u32, packet: &mut [u8]) -> Result<()>;
}

/// Sends packets as they are: before the first NEWKEYS.
#[must_use]
pub fn plain() -> Box<dyn Seal> {
    Box::new(plain::Plain)
}

/// Takes packets as they are: before the first NEWKEYS.
#[must_use]
pub fn plain_open() -> Box<dyn Open> {
    Box::new(plain::Plain)
}

/// The length field of a packet that has it in clear.
fn clear_length(head: &[u8]) -> Result<u32> {
    head.first_chunk::<LENGTH_LEN>().map(|length| u32::from_be_bytes(*length)).ok_or_else(misuse)
}

/// The packet's length field and what follows.
fn split_length(packet: &mut [u8]) -> Option<(&mut [u8; LENGTH_LEN], &mut [u8])> {
    packet.split_first_chunk_mut::<LENGTH_LEN>()
}

/// The packet and the tag behind it.
fn split_tag(packet: &mut [u8], tag_len: usize) -> Option<(&mut [u8], &mut [u8])> {
    let at = packet.len().checked_sub(tag_len)?;
    packet.split_at_mut_checked(at)
}

/// The one answer to a packet that does not open.
fn mismatch() -> Error {
    ErrorKind::MacMismatch.into()
}

/// Keys or a packet of sizes that this cipher did not ask for: our own mistake, since the peer chooses neither.
fn misuse() -> Error {
    Error::new(ErrorKind::Internal, "keys or packet of the wrong size for the cipher")
}
