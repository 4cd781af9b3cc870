//! Opening channels (RFC 4254 section 5.1).

use super::state::{Channel, Phase};
use super::window::{RecvWindow, SendWindow, Window};
use super::{check_outgoing, Channels};
use crate::error::{printable, Error, ErrorKind, Result};
use crate::proto::event::{ChannelId, Event, IncomingOpen};
use crate::proto::outbox::Outbox;
use crate::wire::msg_channel as msg;

/// SSH_OPEN_ADMINISTRATIVELY_PROHIBITED.
pub(super) const REASON_PROHIBITED: u32 = 1;
/// SSH_OPEN_RESOURCE_SHORTAGE.
const REASON_SHORTAGE: u32 = 4;

impl Channels {
    /// Asks the peer for a channel of type `kind`; `ChannelOpened` or `ChannelRefused` follows. `window` and
    /// `max_packet` are what we will receive, in bytes, a mere number being a window that keeps its size; `max_packet` is cut to [`super::MAX_RECV_PACKET`]. Fails with
    /// `ResourceLimit` at `Limits::channels`, `InvalidArgument` for a name or data that fit no message, or the
    /// connection's error.
    pub fn open_channel(
        &mut self,
        out: &mut Outbox,
        kind: &str,
        data: &[u8],
        window: impl Into<Window>,
        max_packet: u32,
    ) -> Result<ChannelId> {
        check_outgoing(kind, data)?;
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        if self.table.len() >= self.max_channels {
            return Err(Error::new(ErrorKind::ResourceLimit, format!("{} channels are open", self.max_channels)));
        }
        let id = self.table.allocate();
        let channel = Channel::new(id, Phase::Requested, kind, data, window.into(), max_packet);
        let (window, max_packet) = (channel.recv.target(), channel.recv.max_packet());
        self.table.insert(id, channel);
        out.log_channel(4, id, || format!("asking the peer for a \"{}\"", kind.escape_debug()));
        out.message(|b| msg::ChannelOpen::new(kind, id, window, max_packet, data).encode(b));
        Ok(ChannelId(id))
    }

    /// Nobody waits for this open any more. A later confirmation is answered with CLOSE; a channel that was confirmed
    /// already is closed.
    pub fn abandon_open(&mut self, out: &mut Outbox, id: ChannelId) {
        self.release_channel(out, id);
    }

    /// Confirms the peer's open. `window` and `max_packet` as in [`Channels::open_channel`]. Fails with
    /// `ChannelClosed` if the connection ended meanwhile, `InvalidState` if it was answered before.
    pub fn accept_channel(
        &mut self,
        out: &mut Outbox,
        id: ChannelId,
        window: impl Into<Window>,
        max_packet: u32,
    ) -> Result<()> {
        let channel = self.asked(id)?;
        channel.phase = Phase::Open;
        channel.recv = RecvWindow::new(window, max_packet);
        let (window, max_packet, remote) = (channel.recv.target(), channel.recv.max_packet(), channel.remote_id);
        out.log_channel(4, id.0, || "accepted".to_owned());
        out.message(|b| msg::ChannelOpenConfirmation::new(remote, id.0, window, max_packet, b"").encode(b));
        Ok(())
    }

    /// Refuses the peer's open with a reason of RFC 4254 section 5.1 and a text for people; the id is gone. Fails as
    /// [`Channels::accept_channel`] does, and with `InvalidArgument` for a text that fits no message.
    pub fn refuse_channel(&mut self, out: &mut Outbox, id: ChannelId, reason: u32, text: &str) -> Result<()> {
        check_outgoing("text", text.as_bytes())?;
        let remote = self.asked(id)?.remote_id;
        self.remove(id.0);
        out.log_channel(3, id.0, || format!("refused with reason {reason}: {}", text.escape_debug()));
        refuse(out, remote, reason, text);
        Ok(())
    }

    fn asked(&mut self, id: ChannelId) -> Result<&mut Channel> {
        let channel = self.table.get_mut(id.0).ok_or(ErrorKind::ChannelClosed)?;
        if channel.phase != Phase::Asked {
            return Err(Error::new(ErrorKind::InvalidState, "the peer's channel open was answered already"));
        }
        Ok(channel)
    }

    pub(super) fn on_open(&mut self, out: &mut Outbox, payload: &[u8]) -> Result<()> {
        let m = msg::ChannelOpen::parse(payload)?;
        if m.max_packet == 0 {
            // Nothing could ever be sent on it; a send loop must not have to think of that.
            refuse(out, m.sender, REASON_PROHIBITED, "maximum packet size 0");
            return Ok(());
        }
        if self.table.len() >= self.max_channels {
            out.log(2, || format!("channel open refused: {} channels are open", self.max_channels));
            refuse(out, m.sender, REASON_SHORTAGE, "too many channels");
            return Ok(());
        }
        let id = self.table.allocate();
        let mut channel = Channel::new(id, Phase::Asked, m.kind, m.data, Window::from(0), 0);
        channel.remote_id = m.sender;
        channel.send = SendWindow::new(m.window, m.max_packet);
        self.table.insert(id, channel);
        out.log_channel(4, id, || format!("the peer asks for a \"{}\"", printable(m.kind.as_bytes())));
        let open = IncomingOpen { kind: m.kind.to_owned(), data: m.data.to_vec() };
        out.event(Event::ChannelIncoming(ChannelId(id), open));
        Ok(())
    }

    fn requested(&mut self, id: u32) -> Result<&mut Channel> {
        self.table
            .get_mut(id)
            .filter(|c| c.phase == Phase::Requested)
            .ok_or_else(|| Error::protocol("answer to a channel open that was not asked for (RFC 4254 section 5.1)"))
    }

    pub(super) fn on_confirmation(&mut self, out: &mut Outbox, payload: &[u8]) -> Result<()> {
        let m = msg::ChannelOpenConfirmation::parse(payload)?;
        let channel = self.requested(m.recipient)?;
        channel.phase = Phase::Open;
        channel.remote_id = m.sender;
        channel.send = SendWindow::new(m.window, m.max_packet);
        if m.max_packet == 0 && !channel.released {
            let error = Error::new(ErrorKind::ChannelRefused, "the peer set a maximum packet size of 0");
            channel.tell(out, Event::ChannelRefused(channel.id, error));
            channel.released = true;
        }
        if channel.released {
            channel.send_close(out);
        } else {
            out.log_channel(4, m.recipient, || format!("open; window {}, packets up to {}", m.window, m.max_packet));
            out.event(Event::ChannelOpened(channel.id));
        }
        Ok(())
    }

    pub(super) fn on_failure(&mut self, out: &mut Outbox, payload: &[u8]) -> Result<()> {
        let m = msg::ChannelOpenFailure::parse(payload)?;
        let channel = self.requested(m.recipient)?;
        let error = refusal(m.reason, m.text);
        out.log_channel(3, m.recipient, || error.to_string());
        channel.tell(out, Event::ChannelRefused(channel.id, error));
        self.remove(m.recipient);
        Ok(())
    }
}

fn refuse(out: &mut Outbox, remote: u32, reason: u32, text: &str) {
    out.message(|b| msg::ChannelOpenFailure::new(remote, reason, text.as_bytes(), b"").encode(b));
}

fn refusal(reason: u32, text: &[u8]) -> Error {
    let kind = match reason {
        1 => ErrorKind::ChannelProhibited,
        2 => ErrorKind::ChannelConnectFailed,
        3 => ErrorKind::ChannelUnknownType,
        4 => ErrorKind::ChannelShortage,
        _ => ErrorKind::ChannelRefused,
    };
    let error = if text.is_empty() {
        Error::from(kind)
    } else {
        Error::new(kind, format!("{}: {}", kind.text(), printable(text)))
    };
    error.with(|d| {
        d.peer_reason = Some(reason);
        d.peer_text = Some(String::from_utf8_lossy(text).into_owned());
    })
}
