//! Sealing packets (RFC 4253 section 6).

use crate::error::Result;

/// Seals packets.
pub struct PacketOut {}

impl PacketOut {
    pub(super) fn seal(&mut self, _payload: &[&[u8]], _out: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
}
