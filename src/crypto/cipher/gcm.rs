//! aes128-gcm@openssh.com and aes256-gcm@openssh.com: RFC 5647 sections 7.1 to 7.3, negotiated as a cipher alone
//! (OpenSSH PROTOCOL section 1.6).

use super::{clear_length, mismatch, misuse, split_length, split_tag, Framing, Open, Seal, LENGTH_LEN};
use crate::crypto::registry::{DirectionKeys, MacInfo};
use crate::error::Result;
use ring::aead::{Aad, Algorithm, LessSafeKey, Nonce, Tag, UnboundKey, AES_128_GCM, AES_256_GCM};

const BLOCK_LEN: usize = 16;
const TAG_LEN: usize = 16;

/// Seals with AES-128.
pub fn seal_128(keys: &DirectionKeys<'_>, mac: Option<&'static MacInfo>) -> Result<Box<dyn Seal>> {
    Ok(Box::new(Gcm::new(&AES_128_GCM, keys, mac)?))
}

/// Opens with AES-128.
pub fn open_128(keys: &DirectionKeys<'_>, mac: Option<&'static MacInfo>) -> Result<Box<dyn Open>> {
    Ok(Box::new(Gcm::new(&AES_128_GCM, keys, mac)?))
}

/// Seals with AES-256.
pub fn seal_256(keys: &DirectionKeys<'_>, mac: Option<&'static MacInfo>) -> Result<Box<dyn Seal>> {
    Ok(Box::new(Gcm::new(&AES_256_GCM, keys, mac)?))
}

/// Opens with AES-256.
pub fn open_256(keys: &DirectionKeys<'_>, mac: Option<&'static MacInfo>) -> Result<Box<dyn Open>> {
    Ok(Box::new(Gcm::new(&AES_256_GCM, keys, mac)?))
}

/// One direction. The nonce is the derived IV: four fixed bytes and an invocation counter of eight, which goes up by
/// one a packet (RFC 5647 section 7.1). The sequence number takes no part, so a lost or repeated packet shows as a
/// counter that does not match.
struct Gcm {
    key: LessSafeKey,
    fixed: [u8; 4],
    counter: u64,
}

impl Gcm {
    fn new(algorithm: &'static Algorithm, keys: &DirectionKeys<'_>, mac: Option<&'static MacInfo>) -> Result<Self> {
        let key = UnboundKey::new(algorithm, keys.key).map_err(|_| misuse())?;
        let (fixed, counter) = keys.iv.split_first_chunk::<4>().ok_or_else(misuse)?;
        let counter: [u8; 8] = counter.try_into().map_err(|_| misuse())?;
        if mac.is_some() {
            return Err(misuse());
        }
        Ok(Self { key: LessSafeKey::new(key), fixed: *fixed, counter: u64::from_be_bytes(counter) })
    }

    /// The nonce of the next packet. The counter wraps within its own eight bytes; `max_bytes` brings new keys long
    /// before it could come back to where it started.
    fn next_nonce(&mut self) -> Nonce {
        let [a, b, c, d] = self.fixed;
        let [e, f, g, h, i, j, k, l] = self.counter.to_be_bytes();
        self.counter = self.counter.wrapping_add(1);
        Nonce::assume_unique_for_key([a, b, c, d, e, f, g, h, i, j, k, l])
    }
}

impl Framing for Gcm {
    fn block_len(&self) -> usize {
        BLOCK_LEN
    }

    fn tag_len(&self) -> usize {
        TAG_LEN
    }

    fn length_apart(&self) -> bool {
        true
    }
}

impl Seal for Gcm {
    fn seal(&mut self, _sequence: u32, packet: &mut [u8]) -> Result<()> {
        let (packet, room) = split_tag(packet, TAG_LEN).ok_or_else(misuse)?;
        let (length, body) = split_length(packet).ok_or_else(misuse)?;
        let nonce = self.next_nonce();
        // The length is authenticated, not encrypted (RFC 5647 section 7.3).
        let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from(*length), body).map_err(|_| misuse())?;
        room.copy_from_slice(tag.as_ref());
        Ok(())
    }
}

impl Open for Gcm {
    fn head_len(&self) -> usize {
        LENGTH_LEN
    }

    fn open_length(&mut self, _sequence: u32, head: &mut [u8]) -> Result<u32> {
        clear_length(head)
    }

    fn open(&mut self, _sequence: u32, packet: &mut [u8]) -> Result<()> {
        let (packet, tag) = split_tag(packet, TAG_LEN).ok_or_else(mismatch)?;
        let (length, body) = split_length(packet).ok_or_else(mismatch)?;
        let tag = Tag::try_from(&*tag).map_err(|_| mismatch())?;
        let nonce = self.next_nonce();
        let opened = self.key.open_in_place_separate_tag(nonce, Aad::from(*length), tag, body, 0..);
        opened.map(|_| ()).map_err(|_| mismatch())
    }
}
