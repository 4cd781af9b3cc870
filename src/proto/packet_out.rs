//! Sealing packets (RFC 4253 section 6): compression, padding, sequence number, protection.

use crate::crypto::cipher::{self, Seal};
use crate::crypto::compress::Deflater;
use crate::crypto::rng::Rng;
use crate::error::Result;

/// The outgoing half of the packet layer.
pub struct PacketOut {
    sealer: Box<dyn Seal>,
    sequence: u32,
    rng: Box<dyn Rng>,
    deflater: Option<Deflater>,
    deflated: Vec<u8>,
    bytes: u64,
    packets: u64,
}

impl PacketOut {
    /// Unprotected, as every connection starts.
    pub(super) fn new(rng: Box<dyn Rng>) -> Self {
        Self { sealer: cipher::plain(), sequence: 0, rng, deflater: None, deflated: Vec::new(), bytes: 0, packets: 0 }
    }

    /// Appends the sealed packet whose payload is the parts one after another.
    pub(super) fn seal(&mut self, payload: &[&[u8]], out: &mut Vec<u8>) -> Result<()> {
        match self.deflater.as_mut() {
            None => self.seal_parts(payload, out),
            Some(deflater) => {
                let mut deflated = std::mem::take(&mut self.deflated);
                deflated.clear();
                deflater.compress(payload, &mut deflated)?;
                let sealed = self.seal_parts(&[&deflated], out);
                self.deflated = deflated;
                sealed
            }
        }
    }

    fn seal_parts(&mut self, parts: &[&[u8]], out: &mut Vec<u8>) -> Result<()> {
        let payload: usize = parts.iter().map(|p| p.len()).sum();
        let padding = padding_len(payload, self.sealer.block_len(), self.sealer.length_apart());
        let length = 1 + payload + padding;
        let start = out.len();
        out.reserve(4 + length + self.sealer.tag_len());
        // Both fit: a payload is bounded far below 4 GiB, padding below 256 (`padding_len`).
        out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        out.push(u8::try_from(padding).unwrap_or(u8::MAX));
        for part in parts {
            out.extend_from_slice(part);
        }
        let pad_at = out.len();
        out.resize(pad_at + padding + self.sealer.tag_len(), 0);
        self.rng.fill(out.get_mut(pad_at..pad_at + padding).unwrap_or_default());
        self.sealer.seal(self.sequence, out.get_mut(start..).unwrap_or_default())?;
        // Wraps at 2^32 and is never reset by rekeying (RFC 4253 section 6.4), except under strict key exchange.
        self.sequence = self.sequence.wrapping_add(1);
        self.packets += 1;
        self.bytes += u64::try_from(length).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Random bytes from the connection's generator.
    pub(super) fn random(&mut self, out: &mut [u8]) {
        self.rng.fill(out);
    }

    /// New keys: counters start anew, and the sequence number too under strict key exchange.
    pub(super) fn set_keys(&mut self, sealer: Box<dyn Seal>, reset_sequence: bool) {
        self.sealer = sealer;
        self.bytes = 0;
        self.packets = 0;
        if reset_sequence {
            self.sequence = 0;
        }
    }

    /// Compression starts, anew at each key exchange (RFC 4253 section 6.2), or stops.
    pub(super) fn set_compression(&mut self, on: bool) {
        self.deflater = on.then(Deflater::new);
    }

    /// Bytes and packets under the present keys.
    pub(super) fn sent(&self) -> (u64, u64) {
        (self.bytes, self.packets)
    }
}

/// At least 4 bytes, at most 255, filling the block (RFC 4253 section 6). Where the length field stands apart (AEAD,
/// encrypt-then-MAC) it does not count.
fn padding_len(payload: usize, block: usize, length_apart: bool) -> usize {
    let head = if length_apart { 1 } else { 5 };
    let padding = block - (head + payload) % block;
    if padding < 4 {
        padding + block
    } else {
        padding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_fills_the_block_and_is_at_least_four() {
        for block in [8, 16] {
            for apart in [false, true] {
                for payload in 1..200 {
                    let padding = padding_len(payload, block, apart);
                    assert!((4..4 + block).contains(&padding), "{block} {apart} {payload}");
                    let head = if apart { 1 } else { 5 };
                    assert_eq!((head + payload + padding) % block, 0);
                }
            }
        }
    }
}
