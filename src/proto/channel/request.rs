//! Channel requests (RFC 4254 sections 5.4 and 6).

use super::state::Channel;
use super::{check_outgoing, Channels};
use crate::error::{printable, Error, ErrorKind, Result};
use crate::proto::event::{ChannelId, Event, Ticket};
use crate::proto::outbox::Outbox;
use crate::proto::packet_in::MAX_ITEMS;
use crate::proto::phase::Role;
use crate::wire::msg_channel as msg;

/// How a signal ended the command (RFC 4254 section 6.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitSignal {
    /// The name without "SIG"; printable US-ASCII.
    pub signal: String,
    /// A core file was written.
    pub core_dumped: bool,
    /// The peer's text, unfiltered; bytes that are not UTF-8 are replaced.
    pub text: String,
    /// Its language tag.
    pub language: String,
}

impl ExitSignal {
    fn parse(body: &[u8]) -> Result<Self> {
        let m = msg::ExitSignal::parse(body)?;
        let named = !m.signal.is_empty() && m.signal.len() <= 255 && m.signal.iter().all(u8::is_ascii_graphic);
        if !named {
            return Err(Error::protocol("no signal name"));
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Self { signal: text(m.signal), core_dumped: m.core_dumped, text: text(m.text), language: text(m.language) })
    }
}

/// Never issued as a ticket: marks requests that were answered without asking.
const NO_TICKET: u64 = 0;

impl Channels {
    /// Sends a channel request; with `want_reply`, `ChannelReply` with the token returned follows, if only because
    /// the channel closes. Fails with `ChannelClosed`, `InvalidState` before the channel is confirmed, or
    /// `InvalidArgument` for a name or body that fit no message.
    pub fn channel_request(
        &mut self,
        out: &mut Outbox,
        id: ChannelId,
        request: &str,
        body: &[u8],
        want_reply: bool,
    ) -> Result<u64> {
        check_outgoing(request, body)?;
        let channel = self.table.open(id)?;
        self.last_token += 1;
        if want_reply {
            channel.awaited.push_back(self.last_token);
        }
        out.log_channel(4, id.0, || format!("asking for \"{}\"", request.escape_debug()));
        out.message(|b| msg::ChannelRequest::new(channel.remote_id, request, want_reply, body).encode(b));
        Ok(self.last_token)
    }

    /// Answers the peer's request; the reply leaves once those before it have. An answer that comes after the channel
    /// closed, or a second one, is ignored. Fails with `InvalidArgument` for a ticket that was never issued.
    pub fn answer_channel_request(&mut self, out: &mut Outbox, ticket: Ticket, ok: bool) -> Result<()> {
        if ticket.0 == NO_TICKET || ticket.0 > self.last_ticket {
            return Err(Error::new(ErrorKind::InvalidArgument, "no channel request has this ticket"));
        }
        let Some(channel) = self.tickets.remove(&ticket.0).and_then(|id| self.table.get_mut(id)) else {
            return Ok(());
        };
        channel.owed.answer(ticket.0, ok);
        channel.send_replies(out);
        Ok(())
    }

    /// On some channel as many of the peer's requests wait for an answer as may.
    #[must_use]
    pub fn requests_full(&self) -> bool {
        self.full.iter().any(|&id| self.is_full(id))
    }

    fn is_full(&self, id: u32) -> bool {
        self.table.get(id).is_some_and(|channel| channel.owed.len() >= self.max_owed)
    }

    /// Keeps the list of full channels to those that are.
    fn note_full(&mut self, id: u32) {
        if self.is_full(id) {
            let mut full = std::mem::take(&mut self.full);
            full.retain(|&other| other != id && self.is_full(other));
            full.push(id);
            self.full = full;
        }
    }

    pub(super) fn on_reply(&mut self, out: &mut Outbox, id: u32, ok: bool) -> Result<()> {
        let Some(channel) = self.table.named_by_peer(id)? else { return Ok(()) };
        if channel.close_sent {
            return Ok(()); // It crossed our CLOSE, which failed the request already.
        }
        let token = channel
            .awaited
            .pop_front()
            .ok_or_else(|| Error::protocol("reply to a channel request that was not sent (RFC 4254 section 5.4)"))?;
        out.log_channel(4, id, || format!("the peer says {} to our request", if ok { "yes" } else { "no" }));
        channel.tell(out, Event::ChannelReply { channel: channel.id, token, ok });
        Ok(())
    }

    pub(super) fn on_request(&mut self, out: &mut Outbox, payload: &[u8]) -> Result<()> {
        let m = msg::ChannelRequest::parse(payload)?;
        let Some(channel) = self.table.named_by_peer(m.recipient)? else { return Ok(()) };
        if !m.request.starts_with("exit-") {
            out.log_channel(4, m.recipient, || format!("the peer asks for \"{}\"", printable(m.request.as_bytes())));
        }
        let verdict = match m.request {
            "exit-status" | "exit-signal" => Some(channel.record_exit(out, m.request, m.data)?),
            // Any answer proves that we are alive; failure is what OpenSSH gives.
            "keepalive@openssh.com" => Some(false),
            // Hints that need no action: what the peer will not read it throws away, and flow control on a terminal
            // (RFC 4254 section 6.8) is the application's own.
            "eow@openssh.com" | "xon-xoff" => Some(false),
            "env" if self.role == Role::Server => {
                channel.environment = channel.environment.saturating_add(1);
                (channel.environment > self.max_environment).then_some(false)
            }
            _ => (self.role == Role::Client).then_some(false),
        };
        if channel.close_sent || (verdict.is_some() && !m.want_reply) {
            return Ok(());
        }
        let mut ticket = None;
        if m.want_reply {
            // Input is held before: only a caller that handles it all the same gets here.
            if channel.owed.len() >= self.max_owed.saturating_add(MAX_ITEMS) {
                let waiting = channel.owed.len();
                let text = format!("{waiting} channel requests wait for an answer (RFC 4254 section 5.4)");
                return Err(Error::new(ErrorKind::LimitExceeded, text));
            }
            if verdict.is_none() {
                self.last_ticket += 1;
                self.tickets.insert(self.last_ticket, m.recipient);
                ticket = Some(Ticket(self.last_ticket));
            }
            channel.owed.push(ticket.map_or(NO_TICKET, |t| t.0), verdict);
            channel.send_replies(out);
        }
        if verdict.is_none() {
            let (request, data) = (m.request.to_owned(), m.data.to_vec());
            channel.tell(out, Event::ChannelRequest { channel: channel.id, ticket, request, data });
        }
        self.note_full(m.recipient);
        Ok(())
    }
}

impl Channel {
    /// Notes how the command ended. The first report counts, so that a later one cannot turn failure into success.
    fn record_exit(&mut self, out: &mut Outbox, request: &str, body: &[u8]) -> Result<bool> {
        let malformed = |_| Error::protocol(format!("malformed {request} (RFC 4254 section 6.10)"));
        if request == "exit-status" {
            let status = msg::ExitStatus::parse(body).map_err(malformed)?.status;
            out.log_channel(4, self.id.0, || format!("exit status {status}"));
            self.exit_status.get_or_insert(status);
        } else {
            let signal = ExitSignal::parse(body).map_err(malformed)?;
            out.log_channel(4, self.id.0, || format!("ended by signal {}", signal.signal.escape_debug()));
            self.exit_signal.get_or_insert(signal);
        }
        self.tell(out, Event::Changed(self.id));
        Ok(true)
    }

    fn send_replies(&mut self, out: &mut Outbox) {
        while let Some(ok) = self.owed.next_reply() {
            if ok {
                out.message(|b| msg::ChannelSuccess::new(self.remote_id).encode(b));
            } else {
                out.message(|b| msg::ChannelFailure::new(self.remote_id).encode(b));
            }
        }
    }

    /// No reply will come for our requests.
    pub(super) fn fail_awaited(&mut self, out: &mut Outbox) {
        for token in std::mem::take(&mut self.awaited) {
            self.tell(out, Event::ChannelReply { channel: self.id, token, ok: false });
        }
    }
}
