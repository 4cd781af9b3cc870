//! Inputs: what arrived, one opened item at a time.

use super::{env, Auth, Connection, SESSION};
use crate::error::{printable, Error, ErrorKind, Result, Stage};
use crate::proto::packet_in::{InboundChange, Opened, PacketIn};
use crate::proto::phase::{admit, Admission, Exchange, Phase, Role};
use crate::wire::msg_channel::ChannelOpen;
use crate::wire::msg_transport::{Debug, Disconnect, ExtInfo, Ping, Pong, Unimplemented};
use crate::wire::{numbers, NameList};
use std::time::Instant;

impl Connection {
    /// Takes one item that [`PacketIn::open_batch`] opened. A fatal error ends the connection (`Event::Ended`).
    pub fn handle(&mut self, now: Instant, packets: &PacketIn, buf: &[u8], item: &Opened) {
        if self.is_ended() {
            return;
        }
        self.now = now;
        self.channels.set_time(now);
        self.unstall();
        let payload = packets.payload(buf, item);
        let done = match item.sequence() {
            None => self.handle_line(payload),
            Some(sequence) => self.handle_packet(sequence, payload),
        };
        self.stalled |= self.requests_full();
        self.settle(done);
    }

    fn handle_line(&mut self, line: &[u8]) -> Result<()> {
        if self.ident.line(line, self.role == Role::Client, self.config.limits.pre_ident_lines)? {
            self.ident_deadline = None;
            self.out.log(3, || format!("the peer is {}", printable(line)));
        }
        Ok(())
    }

    fn handle_packet(&mut self, sequence: u32, payload: &[u8]) -> Result<()> {
        self.keepalive.heard(self.now);
        self.out.dump("in", &[payload]);
        self.count(payload.len())?;
        let Some((&number, body)) = payload.split_first() else {
            return Err(Error::protocol("packet without payload"));
        };
        let exchange = self.kex.peer_exchange();
        match admit(number, self.role.peer(), self.phase, exchange) {
            Admission::Process => self.dispatch(number, body),
            Admission::Unknown => {
                self.out.message_now(|buf| Unimplemented::new(sequence).encode(buf));
                Ok(())
            }
            Admission::Refuse if exchange == Exchange::StrictFirst => Err(Error::new(
                ErrorKind::StrictKex,
                format!("message {number} during the first key exchange (OpenSSH PROTOCOL section 1.10)"),
            )),
            Admission::Refuse => Err(Error::new(
                ErrorKind::UnexpectedMessage,
                format!("message {number} is not allowed from the peer in phase {:?}, {exchange:?}", self.phase),
            )),
        }
    }

    fn count(&mut self, bytes: usize) -> Result<()> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let got = &mut self.received;
        got.packets += 1;
        got.bytes += bytes;
        got.packets_with_keys += 1;
        got.bytes_with_keys += bytes;
        let limits = &self.config.limits;
        if self.phase != Phase::Open && (got.packets > limits.preauth_packets || got.bytes > limits.preauth_bytes) {
            return Err(Error::new(ErrorKind::LimitExceeded, "too much data before authentication"));
        }
        Ok(())
    }

    fn dispatch(&mut self, number: u8, body: &[u8]) -> Result<()> {
        match number {
            numbers::DISCONNECT => Err(peer_disconnected(&Disconnect::parse(body)?)),
            // Not parsed: implementations in the field leave out the string's length.
            numbers::IGNORE => Ok(()),
            numbers::UNIMPLEMENTED => {
                let sequence = Unimplemented::parse(body)?.sequence;
                self.out.log(3, || format!("the peer does not know our message number {sequence}"));
                Ok(())
            }
            numbers::DEBUG => {
                let msg = Debug::parse(body)?;
                self.out.log(4, || format!("peer says: {}", printable(msg.text)));
                Ok(())
            }
            numbers::EXT_INFO => self.ext_info(&ExtInfo::parse(body)?),
            numbers::KEXINIT..=49 => self.kex_message(number, body),
            numbers::SERVICE_REQUEST | numbers::SERVICE_ACCEPT | 50..=79 => self.auth_message(number, body),
            numbers::GLOBAL_REQUEST..=numbers::REQUEST_FAILURE => self.globals.handle(&mut self.out, number, body),
            numbers::PING => {
                let msg = Ping::parse(body)?;
                self.out.message(|buf| Pong::new(msg.data).encode(buf));
                Ok(())
            }
            numbers::CHANNEL_OPEN if self.role == Role::Server && self.globals.sessions_over() => {
                if ChannelOpen::parse(body)?.kind == SESSION {
                    self.forbidden_session();
                    return Ok(());
                }
                self.channels.handle(&mut self.out, number, body)
            }
            numbers::PONG => Pong::parse(body).map(|_| ()),
            _ => self.channels.handle(&mut self.out, number, body),
        }
    }

    /// Someone may use the client's connection in its stead: OpenSSH's server hangs up too.
    fn forbidden_session(&mut self) {
        let told = "a session after no-more-sessions@openssh.com";
        let text = "the client opened a session after it had said that it opens no more (OpenSSH PROTOCOL section 2.2)";
        let error = Error::new(ErrorKind::UnexpectedMessage, text);
        self.end(error, ErrorKind::UnexpectedMessage.disconnect_reason().map(|reason| (reason, told.to_owned())));
    }

    fn kex_message(&mut self, number: u8, body: &[u8]) -> Result<()> {
        let env = env!(self);
        self.kex.handle(&mut self.out, &env, number, body)?;
        if let Some(took) = self.kex.take_round_trip() {
            self.channels.round_trip(took);
        }
        if let Some(change) = self.kex.take_change() {
            self.inbound = Some(change);
            self.received.packets_with_keys = 0;
            self.received.bytes_with_keys = 0;
            self.log_keys();
            self.kex_is_done()?;
        }
        Ok(())
    }

    fn log_keys(&mut self) {
        let what = if self.phase == Phase::Kex { "key exchange done" } else { "new keys" };
        let (Some(names), out) = (self.kex.negotiated(), &mut self.out) else { return };
        out.log(3, || format!("{what}: {names}"));
    }

    fn auth_message(&mut self, number: u8, body: &[u8]) -> Result<()> {
        let session_id = self.kex.session_id().unwrap_or_default();
        match &mut self.auth {
            Auth::Client(auth) => {
                if auth.handle(&mut self.out, self.now, number, body)? {
                    self.authenticated();
                }
                Ok(())
            }
            Auth::Server(auth) => auth.handle(&mut self.out, session_id, number, body),
        }
    }

    /// RFC 8308 section 3: unknown extensions are ignored.
    fn ext_info(&mut self, msg: &ExtInfo<'_>) -> Result<()> {
        for &(name, value) in &msg.extensions {
            if name == "server-sig-algs" && self.role == Role::Client {
                self.server_sig_algs = Some(NameList::parse(value)?.to_vec());
            }
            // OpenSSH PROTOCOL section 2.7; the value is the method's version.
            if name == "publickey-hostbound@openssh.com" && self.role == Role::Client {
                self.hostbound = value == b"0";
            }
        }
        Ok(())
    }

    /// Authentication succeeded: the next phase begins, and compression that waited for it.
    pub(super) fn authenticated(&mut self) {
        self.phase = Phase::Open;
        let user = self.username().map(|user| printable(user.as_bytes())).unwrap_or_default();
        self.out.log(3, || format!("authenticated as \"{user}\""));
        self.grace_deadline = None;
        self.keepalive.sent(self.now);
        if let Some(names) = self.kex.negotiated() {
            let (outgoing, incoming) = match self.role {
                Role::Client => (names.c2s, names.s2c),
                Role::Server => (names.s2c, names.c2s),
            };
            if outgoing.compression.delayed {
                self.out.packets().set_compression(true);
            }
            if incoming.compression.delayed {
                self.inbound = Some(InboundChange { opener: None, reset_sequence: false, inflate: Some(true) });
            }
        }
    }

    /// What the packet opener or the socket failed with.
    pub fn handle_error(&mut self, now: Instant, error: Error) {
        self.now = now;
        self.fail(error);
    }

    /// The peer closed its side of the stream.
    pub fn handle_eof(&mut self, now: Instant) {
        let what = match (self.stage(), self.ident.first_line()) {
            (Stage::Ident, Some(line)) => format!("the peer hung up without an SSH identification; it said: {line}"),
            (Stage::Ident, None) => "the peer hung up before it identified itself".to_owned(),
            (Stage::Kex, _) => "the peer hung up during the key exchange".to_owned(),
            (Stage::Auth, _) => "the peer hung up during authentication".to_owned(),
            _ => "the peer hung up without saying why".to_owned(),
        };
        self.handle_error(now, Error::new(ErrorKind::ConnectionLost, what));
    }
}

fn peer_disconnected(msg: &Disconnect<'_>) -> Error {
    let said = printable(msg.text);
    Error::new(ErrorKind::PeerDisconnected, format!("the peer disconnected (reason {}): {said}", msg.reason)).with(
        |d| {
            d.peer_reason = Some(msg.reason);
            d.peer_text = Some(String::from_utf8_lossy(msg.text).into_owned());
        },
    )
}
