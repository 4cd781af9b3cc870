//! Commands: what the application asks for. Their errors are the caller's, never the connection's.

use super::{Auth, Connection, SESSION};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::auth::client::ClientAuth;
use crate::proto::auth::server::{Answered, SkPolicy};
use crate::proto::auth::{signing_data, signing_data_bound, AuthRequest};
use crate::proto::channel::{Channels, Recv, Window};
use crate::proto::event::{AuthVerdict, ChannelId, SecretBytes, Stream, Ticket};
use crate::proto::outbox::Outbox;
use crate::proto::phase::{wrong_role, Phase, Role};
use crate::wire::msg_transport::Ignore;
use crate::wire::x11::Authorization;
use std::time::{Duration, Instant};

/// The most bytes one IGNORE carries.
const MAX_IGNORE: usize = 32_768;

impl Connection {
    // ---- transport --------------------------------------------------------------------------------------------------

    /// Sends IGNORE with this many random bytes (RFC 4253 section 11.2).
    pub fn send_ignore(&mut self, bytes: usize) -> Result<()> {
        self.usable()?;
        if !self.is_kex_done() {
            return Err(Error::new(ErrorKind::InvalidState, "no encrypted session yet"));
        }
        if bytes > MAX_IGNORE {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("at most {MAX_IGNORE} bytes")));
        }
        let mut data = vec![0; bytes];
        self.out.packets().random(&mut data);
        self.out.message(|buf| Ignore::new(&data).encode(buf));
        self.settle(Ok(()));
        Ok(())
    }

    /// Keepalives after this long without sending; a zero interval turns them off. After `max_unanswered` without a
    /// sign of life the peer is declared dead; 0 never does.
    pub fn set_keepalive(&mut self, now: Instant, interval: Duration, max_unanswered: u32) {
        self.now = now;
        self.keepalive.set(now, interval, max_unanswered);
    }

    /// Which log events to emit: 0 none, 1 errors, 2 warnings, 3 info, 4 debug.
    pub fn set_log_level(&mut self, level: u8) {
        self.out.set_log_level(level);
    }

    /// Whether packets go to the log (level 4), authentication and key exchange hidden.
    pub fn set_hexdump(&mut self, on: bool) {
        self.out.set_hexdump(on);
    }

    // ---- authentication ---------------------------------------------------------------------------------------------

    /// Client: begins an attempt; `Event::AuthDone` ends it. One at a time.
    pub fn auth_start(&mut self, now: Instant, request: AuthRequest) -> Result<()> {
        if self.phase == Phase::Kex {
            self.usable()?;
            return Err(Error::new(ErrorKind::InvalidState, "no existing session: the key exchange is not done")
                .helped_by("wait for the start to end before you log in"));
        }
        self.client_auth(now, |auth, out| auth.start(out, now, request))
    }

    /// Client: asks for the authentication service ahead of an attempt; true if the server has granted it, otherwise
    /// `Event::AuthReady` tells.
    pub fn auth_prepare(&mut self, now: Instant) -> Result<bool> {
        let mut ready = false;
        self.client_auth(now, |auth, out| {
            auth.ask_service(out);
            ready = auth.is_ready();
            Ok(())
        })?;
        Ok(ready)
    }

    /// Client: what a publickey signature must cover (RFC 4252 section 7), with the host key where the server takes that
    /// (OpenSSH PROTOCOL section 2.7).
    pub fn auth_signing_data(&self, user: &str, algorithm: &str, key_blob: &[u8]) -> Result<Vec<u8>> {
        let session = self.binding().ok_or_else(|| Error::new(ErrorKind::InvalidState, "no existing session"))?;
        let session_id = &session.session_id;
        Ok(match self.hostbound {
            true => signing_data_bound(session_id, user, algorithm, key_blob, &session.host_key),
            false => signing_data(session_id, user, algorithm, key_blob),
        })
    }

    /// Client: the request that carries a signature over [`Connection::auth_signing_data`].
    #[must_use]
    pub fn auth_signed_request(&self, user: &str, algorithm: &str, key_blob: &[u8], signature: Vec<u8>) -> AuthRequest {
        let (user, algorithm, key) = (user.to_owned(), algorithm.to_owned(), key_blob.to_vec());
        match self.binding().filter(|_| self.hostbound) {
            Some(session) => {
                let host_key = session.host_key.clone();
                AuthRequest::PublickeyBound { user, algorithm, key, host_key, signature }
            }
            None => AuthRequest::PublickeySigned { user, algorithm, key, signature },
        }
    }

    /// Client: answers `Event::AuthPrompts`, one answer a prompt.
    pub fn auth_answer_prompts(&mut self, now: Instant, answers: Vec<SecretBytes>) -> Result<()> {
        self.client_auth(now, |auth, out| auth.answer_prompts(out, now, &answers))
    }

    /// Client: answers `Event::AuthPasswordChange`.
    pub fn auth_change_password(&mut self, now: Instant, old: SecretBytes, new: SecretBytes) -> Result<()> {
        self.client_auth(now, |auth, out| auth.change_password(out, now, &old, &new))
    }

    /// Client: gives the attempt up; `Event::AuthDone` follows.
    pub fn auth_abort(&mut self, now: Instant) {
        // An ended connection or a server has no attempt to give up.
        let _ = self.client_auth(now, |auth, out| {
            auth.abort(out);
            Ok(())
        });
    }

    fn client_auth(
        &mut self,
        now: Instant,
        command: impl FnOnce(&mut ClientAuth, &mut Outbox) -> Result<()>,
    ) -> Result<()> {
        self.usable()?;
        self.now = now;
        let Auth::Client(auth) = &mut self.auth else {
            return Err(wrong_role(Role::Client));
        };
        let done = command(auth, &mut self.out);
        self.settle(Ok(()));
        done
    }

    /// Server: what an authenticator's signature must say for the open question to be answered with success.
    pub fn set_sk_policy(&mut self, policy: SkPolicy) {
        if let Auth::Server(auth) = &mut self.auth {
            auth.set_sk_policy(policy);
        }
    }

    /// Server: answers `Event::AuthAsk`. `methods_left` is what a FAILURE lists.
    pub fn auth_answer(
        &mut self,
        now: Instant,
        ticket: Ticket,
        verdict: AuthVerdict,
        methods_left: &[&str],
    ) -> Result<()> {
        self.usable()?;
        self.now = now;
        let Auth::Server(auth) = &mut self.auth else {
            return Err(wrong_role(Role::Server));
        };
        if self.kex.is_running() {
            // Checked now: later its errors could not be the caller's, and a stale answer must not displace a good one.
            auth.check_answer(ticket, &verdict, methods_left)?;
            if self.deferred_answer.is_some() {
                return Err(Error::new(ErrorKind::InvalidState, "this authentication question was answered"));
            }
            let left = methods_left.iter().map(|&name| name.to_owned()).collect();
            self.deferred_answer = Some((ticket, verdict, left));
            return Ok(());
        }
        match auth.answer(&mut self.out, ticket, &verdict, methods_left)? {
            Answered::Open => {}
            Answered::Authenticated => self.authenticated(),
            Answered::Ended(error) => self.fail(error),
        }
        self.settle(Ok(()));
        Ok(())
    }

    /// Server: shows a text before authentication (RFC 4252 section 5.4).
    pub fn send_banner(&mut self, text: &str, language: &str) -> Result<()> {
        self.usable()?;
        let Auth::Server(auth) = &mut self.auth else {
            return Err(wrong_role(Role::Server));
        };
        auth.send_banner(&mut self.out, text, language)?;
        self.settle(Ok(()));
        Ok(())
    }

    // ---- channels ---------------------------------------------------------------------------------------------------

    fn channels<T>(&mut self, command: impl FnOnce(&mut Channels, &mut Outbox) -> Result<T>) -> Result<T> {
        self.usable()?;
        if self.phase != Phase::Open {
            return Err(not_authenticated());
        }
        let done = command(&mut self.channels, &mut self.out);
        self.settle(Ok(()));
        done
    }

    /// Asks the peer for a channel (RFC 4254 section 5.1); `Event::ChannelOpened` or `ChannelRefused` tells.
    pub fn open_channel(
        &mut self,
        kind: &str,
        data: &[u8],
        window: impl Into<Window>,
        max_packet: u32,
    ) -> Result<ChannelId> {
        if kind == SESSION && self.role == Role::Client && self.globals.sessions_over() {
            self.usable()?;
            let text = "no more sessions on this connection: ssh_transport_send_no_more_sessions was called";
            return Err(Error::new(ErrorKind::InvalidState, text));
        }
        self.channels(|c, out| c.open_channel(out, kind, data, window, max_packet))
    }

    /// Gives up a pending open: should it be confirmed later, the channel is closed at once.
    pub fn abandon_open(&mut self, id: ChannelId) {
        self.channels.abandon_open(&mut self.out, id);
        self.settle(Ok(()));
    }

    /// Accepts `Event::ChannelIncoming`.
    pub fn accept_channel(&mut self, id: ChannelId, window: impl Into<Window>, max_packet: u32) -> Result<()> {
        self.channels(|c, out| c.accept_channel(out, id, window, max_packet))
    }

    /// Refuses `Event::ChannelIncoming` with a reason of RFC 4254 section 5.1.
    pub fn refuse_channel(&mut self, id: ChannelId, reason: u32, text: &str) -> Result<()> {
        self.channels(|c, out| c.refuse_channel(out, id, reason, text))
    }

    /// Sends what window, key exchange and output buffer allow; 0: wait for `Event::Writable`.
    pub fn send(&mut self, id: ChannelId, stream: Stream, data: &[u8]) -> Result<usize> {
        self.channels(|c, out| c.send(out, id, stream, data))
    }

    /// Whether [`Connection::send`] would take a byte now.
    #[must_use]
    pub fn send_ready(&self, id: ChannelId) -> bool {
        !self.is_ended() && self.channels.send_ready(&self.out, id)
    }

    /// Hands out up to `max` queued bytes. Works after the connection ended, until the queue is empty.
    pub fn recv(
        &mut self,
        now: Instant,
        id: ChannelId,
        stream: Stream,
        max: usize,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Recv> {
        self.now = now;
        self.channels.set_time(now);
        let got = self.channels.recv(&mut self.out, id, stream, max, sink);
        self.settle(Ok(()));
        got
    }

    /// Puts `display` in place of the cookie `sent` at the start of an X11 connection; false: it is not all there yet.
    pub fn replace_x11_cookie(&mut self, id: ChannelId, sent: &Authorization, display: &Authorization) -> Result<bool> {
        let done = self.channels.replace_x11_cookie(&mut self.out, id, sent, display);
        self.settle(Ok(()));
        done
    }

    /// Sends EOF after what was sent (RFC 4254 section 5.3).
    pub fn send_eof(&mut self, id: ChannelId) -> Result<()> {
        self.channels(|c, out| c.send_eof(out, id))
    }

    /// Closes the channel; what has arrived stays readable.
    pub fn close_channel(&mut self, id: ChannelId) -> Result<()> {
        self.channels(|c, out| c.close_channel(out, id))
    }

    /// Local only: reading yields EOF from now on, and what arrives is dropped.
    pub fn shutdown_read(&mut self, id: ChannelId) -> Result<()> {
        self.channels(|c, out| c.shutdown_read(out, id))
    }

    /// Sends a channel request; `Event::ChannelReply` carries the token if a reply was wanted.
    pub fn channel_request(&mut self, id: ChannelId, request: &str, body: &[u8], want_reply: bool) -> Result<u64> {
        self.channels(|c, out| c.channel_request(out, id, request, body, want_reply))
    }

    /// Answers `Event::ChannelRequest`.
    pub fn answer_channel_request(&mut self, ticket: Ticket, ok: bool) -> Result<()> {
        self.channels(|c, out| c.answer_channel_request(out, ticket, ok))
    }

    /// Whether stderr arrives in the data stream; returns what was set before.
    pub fn set_combine_stderr(&mut self, id: ChannelId, on: bool) -> Result<bool> {
        let done = self.channels.set_combine_stderr(&mut self.out, id, on);
        self.settle(Ok(()));
        done
    }

    /// The last handle is gone: the channel is closed and forgotten.
    pub fn release_channel(&mut self, id: ChannelId) {
        self.channels.release_channel(&mut self.out, id);
        self.settle(Ok(()));
    }

    // ---- global requests --------------------------------------------------------------------------------------------

    /// Sends a global request (RFC 4254 section 4); `Event::GlobalReply` carries the token if a reply was wanted.
    pub fn global_request(&mut self, request: &str, data: &[u8], want_reply: bool) -> Result<u64> {
        self.usable()?;
        if self.phase != Phase::Open {
            return Err(not_authenticated());
        }
        let token = self.globals.request(&mut self.out, request, data, want_reply)?;
        self.settle(Ok(()));
        Ok(token)
    }

    /// Client: tells the server that no more sessions will be opened (OpenSSH PROTOCOL section 2.2). From here on
    /// [`Connection::open_channel`] refuses to.
    pub fn no_more_sessions(&mut self) -> Result<()> {
        self.usable()?;
        if self.role == Role::Server {
            return Err(wrong_role(Role::Client));
        }
        if self.phase != Phase::Open {
            return Err(not_authenticated());
        }
        self.globals.no_more_sessions(&mut self.out)?;
        self.settle(Ok(()));
        Ok(())
    }

    /// Answers `Event::GlobalRequest`: the reply's data, or None to refuse.
    pub fn answer_global(&mut self, ticket: Ticket, reply: Option<&[u8]>) -> Result<()> {
        self.usable()?;
        self.globals.answer(&mut self.out, ticket, reply)?;
        self.settle(Ok(()));
        Ok(())
    }
}

fn not_authenticated() -> Error {
    Error::new(ErrorKind::InvalidState, "not authenticated yet")
        .helped_by("log in first, ssh_transport_auth_* or ssh_transport_connect; on a server wait until the client has")
}

#[cfg(any(test, fuzzing))]
impl Connection {
    /// Sends a payload of the test's choice as if it were ours.
    pub(crate) fn forge(&mut self, payload: &[u8]) {
        self.out.message_now(|buf| buf.extend_from_slice(payload));
    }
}
