//! Start, key changes, time and end of a connection.

use super::{env, Auth, Connection};
use crate::crypto::registry::signature_names;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::proto::event::Event;
use crate::proto::keepalive::Due;
use crate::proto::kex::KexJobDone;
use crate::proto::phase::{Phase, Role};
use crate::wire::msg_transport::{Disconnect, ExtInfo};
use std::time::{Duration, Instant};

impl Connection {
    /// Sends our identification and, without waiting for the peer's, KEXINIT.
    pub fn start(&mut self, now: Instant) {
        self.now = now;
        let line = self.ident.ours.clone();
        self.out.raw(&line);
        self.out.raw(b"\r\n");
        self.ident_deadline = deadline(now, self.config.ident_timeout);
        if self.role == Role::Server {
            self.grace_deadline = deadline(now, self.config.login_grace);
        }
        let env = env!(self);
        self.kex.start(&mut self.out, &env);
        self.settle(Ok(()));
    }

    /// Switches to new keys; `Event::KexDone` tells when that is done. Joins an exchange already under way.
    pub fn rekey(&mut self, now: Instant) -> Result<()> {
        self.now = now;
        self.usable()?;
        if self.kex.is_first() {
            return Err(Error::new(ErrorKind::InvalidState, "no session to rekey yet"));
        }
        let env = env!(self);
        self.kex.start(&mut self.out, &env);
        self.settle(Ok(()));
        Ok(())
    }

    /// Takes a job's result.
    pub fn finish_job(&mut self, now: Instant, done: KexJobDone) {
        if self.is_ended() {
            return;
        }
        self.now = now;
        let env = env!(self);
        let first = self.kex.is_first();
        let finished = self.kex.finish_job(&mut self.out, &env, done);
        if finished.is_ok() && self.kex.outbound_switched() {
            if first {
                self.send_ext_info();
            }
            // RFC 4253 section 7.3: after our NEWKEYS the new keys serve, and what waited may go.
            self.out.release();
            self.channels.writable_again(&mut self.out);
        }
        self.settle(finished);
    }

    /// EXT_INFO is the first packet after our first NEWKEYS (RFC 8308 section 2.4), if the peer wants it.
    fn send_ext_info(&mut self) {
        if !self.kex.marks().ext_info {
            return;
        }
        let sig_algs = signature_names(&self.config.preferences.pubkey).join(",");
        let extensions: Vec<(&str, &[u8])> = match self.role {
            // OpenSSH PROTOCOL section 1.9: PING is answered.
            // Section 2.7: a signature may name the host key.
            Role::Server => vec![
                ("server-sig-algs", sig_algs.as_bytes()),
                ("publickey-hostbound@openssh.com", b"0"),
                ("ping@openssh.com", b"0"),
            ],
            // We take EXT_INFO during authentication too.
            Role::Client => vec![("ext-info-in-auth@openssh.com", b"0")],
        };
        self.out.message_now(|buf| ExtInfo { extensions }.encode(buf));
    }

    /// Both directions use new keys.
    pub(super) fn kex_is_done(&mut self) -> Result<()> {
        if self.phase == Phase::Kex {
            self.phase = Phase::Auth;
            if let (Auth::Server(auth), Some(binding)) = (&mut self.auth, self.kex.binding()) {
                auth.set_host_key(binding.host_key.clone());
            }
        }
        if let Some((ticket, verdict, left)) = self.deferred_answer.take() {
            let left: Vec<&str> = left.iter().map(String::as_str).collect();
            self.auth_answer(self.now, ticket, verdict, &left)?;
        }
        Ok(())
    }

    /// When [`Connection::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.is_ended() {
            return None;
        }
        let auth = match &self.auth {
            Auth::Client(auth) => auth.poll_timeout(),
            Auth::Server(_) => self.grace_deadline,
        };
        let keepalive = if self.phase == Phase::Open { self.keepalive.poll_timeout() } else { None };
        let kex = if self.requests_full() { None } else { self.kex.deadline() };
        [self.ident_deadline, kex, self.rekey_due(), auth, keepalive].into_iter().flatten().min()
    }

    /// The peer is not to blame for what of a key exchange, or of answers to keepalives, we did not read.
    pub(super) fn unstall(&mut self) {
        if self.stalled && !self.requests_full() {
            self.stalled = false;
            self.keepalive.heard(self.now);
            let env = env!(self);
            self.kex.restart_clock(&env);
        }
    }

    fn rekey_due(&self) -> Option<Instant> {
        if self.kex.is_running() || self.phase != Phase::Open {
            return None;
        }
        self.kex.since().and_then(|since| deadline(since, self.config.rekey_interval))
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.is_ended() {
            return;
        }
        self.now = now;
        self.unstall();
        let done = self.due();
        self.settle(done);
    }

    fn due(&mut self) -> Result<()> {
        let now = self.now;
        let is_past = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_past(self.ident_deadline) {
            return Err(timeout("no SSH identification from the peer", self.config.ident_timeout).at(Stage::Ident));
        }
        if !self.requests_full() && is_past(self.kex.deadline()) {
            return Err(timeout("the key exchange did not finish", self.config.handshake_timeout).at(Stage::Kex));
        }
        if is_past(self.grace_deadline) {
            return Err(timeout("no login", self.config.login_grace).at(Stage::Auth));
        }
        if let Auth::Client(auth) = &mut self.auth {
            auth.handle_timeout(&mut self.out, now);
        }
        if is_past(self.rekey_due()) {
            self.rekey(now)?;
        }
        if self.phase == Phase::Open {
            match self.keepalive.due(now, self.requests_full()) {
                Due::Nothing => {}
                Due::Send => {
                    self.globals.keepalive(&mut self.out);
                }
                Due::PeerDead => {
                    return Err(Error::new(ErrorKind::PeerDead, "the peer answered none of the last keepalives"));
                }
            }
        }
        Ok(())
    }

    /// After each input and command: a sealing failure ends the connection, and so does an error of the peer's; an
    /// exchange starts when the keys are worn.
    pub(super) fn settle(&mut self, done: Result<()>) {
        if let Err(error) = done.and_then(|()| self.out.take_failure()) {
            return self.fail(error);
        }
        if self.keys_are_worn() {
            let env = env!(self);
            self.kex.start(&mut self.out, &env);
        }
        if self.out.has_sealed() {
            self.keepalive.sent(self.now);
        }
    }

    fn keys_are_worn(&self) -> bool {
        if self.phase != Phase::Open || self.kex.is_running() {
            return false;
        }
        let Some(names) = self.kex.negotiated() else { return false };
        let (sent_bytes, sent_packets) = self.out.packets_ref().sent();
        let most = self.config.rekey_bytes.min(names.c2s.cipher.max_bytes).min(names.s2c.cipher.max_bytes);
        sent_bytes.max(self.received.bytes_with_keys) >= most
            || sent_packets.max(self.received.packets_with_keys) >= self.config.rekey_packets
    }

    /// Refuses commands on a connection that is over, with the error that ended it.
    pub(super) fn usable(&self) -> Result<()> {
        self.error.clone().map_or(Ok(()), Err)
    }

    /// Ends the connection with its first fatal error; the peer is told where that helps it.
    pub(super) fn fail(&mut self, error: Error) {
        let told = error.kind().disconnect_reason().map(|reason| (reason, error.kind().text().to_owned()));
        self.end(error, told);
    }

    /// Sends DISCONNECT and ends.
    pub fn disconnect(&mut self, now: Instant, reason: u32, text: &str) {
        self.now = now;
        self.end(Error::from(ErrorKind::Closed), Some((reason, text.to_owned())));
    }

    pub(super) fn end(&mut self, error: Error, tell: Option<(u32, String)>) {
        if self.is_ended() {
            return;
        }
        let error = error.at(self.stage());
        // Before the peer identified itself as SSH a packet would mean nothing to it.
        let tell = tell.filter(|_| self.ident.theirs.is_some());
        self.out.log(if is_orderly(&error) { 3 } else { 1 }, || match &tell {
            Some((reason, text)) => {
                format!("connection ended: {error}; we tell the peer: reason {reason}, {}", text.escape_debug())
            }
            None => format!("connection ended: {error}"),
        });
        self.out.drop_held();
        if let Some((reason, text)) = tell {
            self.out.message_now(|buf| Disconnect::new(reason, text.as_bytes(), b"").encode(buf));
        }
        self.error = Some(error.clone());
        self.channels.connection_ended(&mut self.out, &error);
        self.globals.connection_ended(&mut self.out);
        self.out.event(Event::Ended(error));
    }
}

/// One of the applications ended the connection, as they do when they are done; 11 is BY_APPLICATION.
fn is_orderly(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Closed => true,
        ErrorKind::PeerDisconnected => error.detail().is_some_and(|detail| detail.peer_reason == Some(11)),
        _ => false,
    }
}

fn deadline(now: Instant, bound: Duration) -> Option<Instant> {
    (bound > Duration::ZERO).then(|| now + bound)
}

fn timeout(what: &str, bound: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("{what} within {} ms", bound.as_millis()))
}
