//! No protection: what holds until the first NEWKEYS (RFC 4253 section 6).

use super::{Framing, Open, Seal, LENGTH_LEN};
use crate::error::Result;

/// Packets as they are, padded to a multiple of 8.
pub(super) struct Plain;

const BLOCK_LEN: usize = 8; // RFC 4253 section 6: "or 8, whichever is larger"

impl Framing for Plain {
    fn block_len(&self) -> usize {
        BLOCK_LEN
    }

    fn tag_len(&self) -> usize {
        0
    }

    fn length_apart(&self) -> bool {
        false
    }
}

impl Seal for Plain {
    fn seal(&mut self, _sequence: u32, _packet: &mut [u8]) -> Result<()> {
        Ok(())
    }
}

impl Open for Plain {
    fn head_len(&self) -> usize {
        LENGTH_LEN
    }

    fn open_length(&mut self, _sequence: u32, head: &mut [u8]) -> Result<u32> {
        super::clear_length(head)
    }

    fn open(&mut self, _sequence: u32, _packet: &mut [u8]) -> Result<()> {
        Ok(())
    }
}
