//! chacha20-poly1305@openssh.com (OpenSSH PROTOCOL.chacha20poly1305): the length is encrypted under a key of its own,
//! the tag covers the encrypted length and the encrypted rest, and the sequence number is the nonce.

use super::{mismatch, misuse, split_tag, Framing, Open, Seal, LENGTH_LEN};
use crate::crypto::registry::{DirectionKeys, MacInfo};
use crate::error::Result;
use ring::aead::chacha20_poly1305_openssh::{OpeningKey, SealingKey, KEY_LEN, TAG_LEN};

const BLOCK_LEN: usize = 8;

/// Seals.
pub fn seal(keys: &DirectionKeys<'_>, mac: Option<&'static MacInfo>) -> Result<Box<dyn Seal>> {
    Ok(Box::new(Chacha(SealingKey::new(key(keys, mac)?))))
}

/// Opens.
pub fn open(keys: &DirectionKeys<'_>, mac: Option<&'static MacInfo>) -> Result<Box<dyn Open>> {
    Ok(Box::new(Chacha(OpeningKey::new(key(keys, mac)?))))
}

fn key<'a>(keys: &DirectionKeys<'a>, mac: Option<&'static MacInfo>) -> Result<&'a [u8; KEY_LEN]> {
    match mac {
        None => keys.key.try_into().map_err(|_| misuse()),
        Some(_) => Err(misuse()),
    }
}

/// One direction's key.
struct Chacha<K>(K);

impl<K: Send> Framing for Chacha<K> {
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

impl Seal for Chacha<SealingKey> {
    fn seal(&mut self, sequence: u32, packet: &mut [u8]) -> Result<()> {
        let (packet, room) = split_tag(packet, TAG_LEN).ok_or_else(misuse)?;
        let room: &mut [u8; TAG_LEN] = room.try_into().map_err(|_| misuse())?;
        // ring panics on a packet without a length field.
        if packet.len() < LENGTH_LEN {
            return Err(misuse());
        }
        self.0.seal_in_place(sequence, packet, room);
        Ok(())
    }
}

impl Open for Chacha<OpeningKey> {
    fn head_len(&self) -> usize {
        LENGTH_LEN
    }

    /// Leaves `head` as it came: the tag is over the encrypted length.
    fn open_length(&mut self, sequence: u32, head: &mut [u8]) -> Result<u32> {
        let encrypted = head.first_chunk::<LENGTH_LEN>().ok_or_else(misuse)?;
        Ok(u32::from_be_bytes(self.0.decrypt_packet_length(sequence, *encrypted)))
    }

    fn open(&mut self, sequence: u32, packet: &mut [u8]) -> Result<()> {
        let (packet, tag) = split_tag(packet, TAG_LEN).ok_or_else(mismatch)?;
        let tag: &[u8; TAG_LEN] = (&*tag).try_into().map_err(|_| mismatch())?;
        self.0.open_in_place(sequence, packet, tag).map(|_| ()).map_err(|_| mismatch())
    }
}
