//! Our channel numbers. A peer's number is only ever looked up here.

use super::state::Channel;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::event::ChannelId;
use std::collections::BTreeMap;

/// Channels by our number.
#[derive(Debug, Default)]
pub(super) struct Table {
    channels: BTreeMap<u32, Channel>,
    /// Numbers handed out so far. They rise, and come round only after 2^32 channels, so a number is not used again
    /// while a late message or a caller's handle may still name its old channel.
    issued: u64,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.channels.len()
    }

    /// A number no channel has.
    pub(super) fn allocate(&mut self) -> u32 {
        loop {
            let id = u32::try_from(self.issued & u64::from(u32::MAX)).unwrap_or_default();
            self.issued += 1;
            if !self.channels.contains_key(&id) {
                return id;
            }
        }
    }

    pub(super) fn insert(&mut self, id: u32, channel: Channel) {
        self.channels.insert(id, channel);
    }

    pub(super) fn get(&self, id: u32) -> Option<&Channel> {
        self.channels.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut Channel> {
        self.channels.get_mut(&id)
    }

    pub(super) fn remove(&mut self, id: u32) -> Option<Channel> {
        self.channels.remove(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Channel> {
        self.channels.values()
    }

    pub(super) fn ids(&self) -> Vec<u32> {
        self.channels.keys().copied().collect()
    }

    /// The channel a command names: confirmed, closed or not.
    pub(super) fn confirmed(&mut self, id: ChannelId) -> Result<&mut Channel> {
        let channel = self.channels.get_mut(&id.0).filter(|c| !c.released).ok_or(ErrorKind::ChannelClosed)?;
        if !channel.is_confirmed() {
            return Err(Error::new(ErrorKind::InvalidState, "the channel is not open yet"));
        }
        Ok(channel)
    }

    /// The channel a command names: confirmed and closed by nobody.
    pub(super) fn open(&mut self, id: ChannelId) -> Result<&mut Channel> {
        self.confirmed(id)?.still_open()
    }

    /// The channel a message names. None: it was closed by both sides, and the message is to be ignored.
    pub(super) fn named_by_peer(&mut self, id: u32) -> Result<Option<&mut Channel>> {
        let issued = u64::from(id) < self.issued;
        let Some(channel) = self.channels.get_mut(&id) else {
            let never = || Error::protocol("message for a channel that was never opened (RFC 4254 section 5)");
            return if issued { Ok(None) } else { Err(never()) };
        };
        if !channel.is_confirmed() {
            return Err(Error::protocol("message for a channel that is not open yet (RFC 4254 section 5.1)"));
        }
        // We answered its CLOSE, so both sides have closed and the peer may send nothing more.
        Ok((!channel.close_received && !channel.ended).then_some(channel))
    }
}

#[cfg(test)]
mod tests {
    use super::super::state::{Channel, Phase};
    use super::*;

    fn channel(id: u32) -> Channel {
        Channel::new(id, Phase::Asked, "session", b"", 1.into(), 1)
    }

    #[test]
    fn numbers_rise_and_come_round_past_those_in_use() {
        let mut t = Table::default();
        for want in 0..3 {
            let id = t.allocate();
            assert_eq!(id, want);
            t.insert(id, channel(id));
        }
        t.remove(1);
        assert_eq!(t.allocate(), 3, "a free number is not taken again");
        t.issued = u64::from(u32::MAX);
        assert_eq!(t.allocate(), u32::MAX);
        assert_eq!(t.allocate(), 1, "0 and 2 are in use");
    }

    #[test]
    fn a_number_never_issued_is_an_error_and_a_gone_one_is_not() {
        let mut t = Table::default();
        let id = t.allocate();
        assert!(t.named_by_peer(id).unwrap().is_none());
        assert!(t.named_by_peer(id + 1).is_err());
    }
}
