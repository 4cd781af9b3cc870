//! X11 forwarding: the cookie at the start of a forwarded connection.

use super::Channels;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::event::ChannelId;
use crate::proto::outbox::Outbox;
use crate::wire::x11::{self, Authorization};

impl Channels {
    /// Waits at the start of a channel's data for an X11 connection's setup and puts `display` in place of `sent` in it:
    /// what is read from then on is for the display. False: it is not complete; `Readable` says when more is there.
    /// Anything else than `sent` closes the channel, drops what it brought and fails with `X11Cookie`. Fails with
    /// `ChannelClosed` once this side has closed the channel, or the transport, and as [`Channels::recv`] does.
    pub fn replace_x11_cookie(
        &mut self,
        out: &mut Outbox,
        id: ChannelId,
        sent: &Authorization,
        display: &Authorization,
    ) -> Result<bool> {
        let channel = self.table.confirmed(id)?;
        let done = match x11::replace_cookie(&channel.stdout.front(sent.setup_len()), sent, display) {
            Ok(None) if channel.eof_received || channel.close_received || channel.read_shut => {
                Err(Error::new(ErrorKind::X11Cookie, "the X11 connection ended before its setup was complete"))
            }
            // Nobody over there ended it: this side closed the channel, or the transport is gone.
            Ok(None) if channel.no_more_data() => Err(ErrorKind::ChannelClosed.into()),
            done => done,
        };
        channel.wants_more = matches!(done, Ok(None));
        match done {
            Ok(None) => Ok(false),
            Ok(Some((setup, len))) => {
                channel.stdout.replace_front(len, &setup);
                channel.claim_window(out, self.now);
                Ok(true)
            }
            Err(error) => {
                // Nobody may hand on what it brought by oversight.
                channel.stdout.replace_front(usize::MAX, &[]);
                self.close_channel(out, id)?;
                Err(error)
            }
        }
    }
}
