//! A cipher joined with a MAC, in SSH's two orders. The MAC negotiated decides which.

use super::{clear_length, mismatch, misuse, split_tag, Framing, Open, Seal, LENGTH_LEN};
use crate::crypto::mac::Mac;
use crate::crypto::registry::{DirectionKeys, MacInfo};
use crate::error::Result;

/// A cipher without integrity, going one way; its state runs on from packet to packet (RFC 4253 section 6.3, RFC 4344
/// section 4).
pub(super) trait Transform: Send {
    /// Block length in bytes.
    const BLOCK_LEN: usize;

    /// Encrypts, or decrypts, whole blocks in place. Part of a block is an error.
    fn apply(&mut self, data: &mut [u8]) -> Result<()>;
}

/// Joins an encrypting cipher with the MAC.
pub(super) fn seal<C: Transform + 'static>(
    cipher: C,
    keys: &DirectionKeys<'_>,
    info: Option<&'static MacInfo>,
) -> Result<Box<dyn Seal>> {
    let info = info.ok_or_else(misuse)?;
    let mac = Mac::new(info, keys.mac_key)?;
    Ok(if info.etm { Box::new(EncryptThenMac { cipher, mac }) } else { Box::new(EncryptAndMac { cipher, mac }) })
}

/// Joins a decrypting cipher with the MAC.
pub(super) fn open<C: Transform + 'static>(
    cipher: C,
    keys: &DirectionKeys<'_>,
    info: Option<&'static MacInfo>,
) -> Result<Box<dyn Open>> {
    let info = info.ok_or_else(misuse)?;
    let mac = Mac::new(info, keys.mac_key)?;
    Ok(if info.etm { Box::new(EncryptThenMac { cipher, mac }) } else { Box::new(EncryptAndMac { cipher, mac }) })
}

/// OpenSSH PROTOCOL section 1.5: the length in clear, the rest encrypted, the MAC over both.
struct EncryptThenMac<C> {
    cipher: C,
    mac: Mac,
}

impl<C: Transform> Framing for EncryptThenMac<C> {
    fn block_len(&self) -> usize {
        C::BLOCK_LEN
    }

    fn tag_len(&self) -> usize {
        self.mac.tag_len()
    }

    fn length_apart(&self) -> bool {
        true
    }
}

impl<C: Transform> Seal for EncryptThenMac<C> {
    fn seal(&mut self, sequence: u32, packet: &mut [u8]) -> Result<()> {
        let (packet, room) = split_tag(packet, self.mac.tag_len()).ok_or_else(misuse)?;
        self.cipher.apply(packet.get_mut(LENGTH_LEN..).ok_or_else(misuse)?)?;
        self.mac.sign(sequence, packet, room)
    }
}

impl<C: Transform> Open for EncryptThenMac<C> {
    fn head_len(&self) -> usize {
        LENGTH_LEN
    }

    fn open_length(&mut self, _sequence: u32, head: &mut [u8]) -> Result<u32> {
        clear_length(head)
    }

    fn open(&mut self, sequence: u32, packet: &mut [u8]) -> Result<()> {
        let (packet, tag) = split_tag(packet, self.mac.tag_len()).ok_or_else(mismatch)?;
        self.mac.verify(sequence, packet, tag)?;
        let body = packet.get_mut(LENGTH_LEN..).ok_or_else(mismatch)?;
        self.cipher.apply(body).map_err(|_| mismatch())
    }
}

/// RFC 4253 section 6.4: all of the packet is encrypted, the MAC is over the plaintext.
///
/// The receiver must act on a length it cannot trust yet, and what it does next can be watched. Nothing but the MAC
/// decides here, after every byte was decrypted, and there is one error; bounding the length without telling an
/// attacker more is the packet layer's part.
struct EncryptAndMac<C> {
    cipher: C,
    mac: Mac,
}

impl<C: Transform> Framing for EncryptAndMac<C> {
    fn block_len(&self) -> usize {
        C::BLOCK_LEN
    }

    fn tag_len(&self) -> usize {
        self.mac.tag_len()
    }

    fn length_apart(&self) -> bool {
        false
    }
}

impl<C: Transform> Seal for EncryptAndMac<C> {
    fn seal(&mut self, sequence: u32, packet: &mut [u8]) -> Result<()> {
        let (packet, room) = split_tag(packet, self.mac.tag_len()).ok_or_else(misuse)?;
        self.mac.sign(sequence, packet, room)?;
        self.cipher.apply(packet)
    }
}

impl<C: Transform> Open for EncryptAndMac<C> {
    fn head_len(&self) -> usize {
        C::BLOCK_LEN
    }

    /// Decrypts the first block in place; [`Open::open`] goes on behind it.
    fn open_length(&mut self, _sequence: u32, head: &mut [u8]) -> Result<u32> {
        self.cipher.apply(head.get_mut(..C::BLOCK_LEN).ok_or_else(misuse)?)?;
        clear_length(head)
    }

    fn open(&mut self, sequence: u32, packet: &mut [u8]) -> Result<()> {
        let (packet, tag) = split_tag(packet, self.mac.tag_len()).ok_or_else(mismatch)?;
        let rest = packet.get_mut(C::BLOCK_LEN..).ok_or_else(mismatch)?;
        self.cipher.apply(rest).map_err(|_| mismatch())?;
        self.mac.verify(sequence, packet, tag)
    }
}
