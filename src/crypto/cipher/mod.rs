//! Packet protection of one direction: an AEAD, or a cipher joined with a MAC. Which is which is hidden behind
//! [`Seal`] and [`Open`], so the packet layer has one path for all of them.

use crate::error::Result;

/// Protects outgoing packets.
pub trait Seal: Send {
    /// The padded packet is a multiple of this many bytes (at least 8).
    fn block_len(&self) -> usize;

    /// Bytes of tag or MAC behind the packet.
    fn tag_len(&self) -> usize;

    /// Whether the length field is left out of what must be a multiple of the block: true for AEADs (RFC 5647
    /// section 7.2) and encrypt-then-MAC modes (OpenSSH PROTOCOL section 1.5).
    fn length_apart(&self) -> bool;

    /// Seals in place. `packet` is length (4 bytes), padding length, payload, padding and `tag_len` bytes of room.
    fn seal(&mut self, sequence: u32, packet: &mut [u8]) -> Result<()>;
}

/// Opens incoming packets.
pub trait Open: Send {
    /// As [`Seal::block_len`].
    fn block_len(&self) -> usize;

    /// As [`Seal::tag_len`].
    fn tag_len(&self) -> usize;

    /// As [`Seal::length_apart`].
    fn length_apart(&self) -> bool;

    /// How many bytes of a packet must have arrived before its length can be told: 4, or one block where the
    /// length is encrypted together with what follows.
    fn head_len(&self) -> usize;

    /// Tells the packet length from the first `head_len` bytes; called once a packet, before [`Open::open`], and may
    /// decrypt them in place. The length is not authenticated yet: the caller bounds it.
    fn open_length(&mut self, sequence: u32, head: &mut [u8]) -> Result<u32>;

    /// Verifies and decrypts in place. `packet` is the length field, the packet and its tag. Any failure is
    /// [`crate::error::ErrorKind::MacMismatch`], whatever the reason, and nothing decrypted may be used.
    fn open(&mut self, sequence: u32, packet: &mut [u8]) -> Result<()>;
}
