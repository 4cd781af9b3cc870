//! The facade of the core: getters, inputs, commands, outputs; what they do is in the parts they hand to. It never
//! waits, calls out, or reads a clock.

mod commands;
mod input;
mod lifecycle;

use super::auth::client::ClientAuth;
use super::auth::server::ServerAuth;
use super::channel::{Channel, Channels};
use super::config::Config;
use super::event::{AuthVerdict, ChannelId, Event, SessionBinding, Ticket};
use super::global::Globals;
use super::ident::Ident;
use super::keepalive::Keepalive;
use super::kex::{Env, Kex, ServerSide};
use super::negotiate::Negotiated;
use super::outbox::Outbox;
use super::packet_in::{InboundChange, PacketIn};
use super::packet_out::PacketOut;
use super::phase::{Phase, Role};
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::{PrivateKey, PublicKey};
use crate::crypto::moduli::Moduli;
use crate::crypto::rng::Rng;
use crate::error::{Error, Stage};
use std::sync::Arc;
use std::time::Instant;

/// RFC 4254 section 6.1.
const SESSION: &str = "session";

enum Auth {
    Client(ClientAuth),
    Server(ServerAuth),
}

/// What arrived: since the connection began, and under the present keys.
#[derive(Default)]
struct Received {
    packets: u64,
    bytes: u64,
    packets_with_keys: u64,
    bytes_with_keys: u64,
}

/// One end of an SSH connection, without its socket.
pub struct Connection {
    role: Role,
    config: Config,
    now: Instant,
    phase: Phase,
    out: Outbox,
    ident: Ident,
    ident_deadline: Option<Instant>,
    /// Server: accept to login.
    grace_deadline: Option<Instant>,
    kex: Kex,
    auth: Auth,
    /// Server: an answer that came during a key exchange waits for its end, so that SUCCESS and what it changes in the
    /// packet layer keep their order.
    deferred_answer: Option<(Ticket, AuthVerdict, Vec<String>)>,
    channels: Channels,
    globals: Globals,
    keepalive: Keepalive,
    server_sig_algs: Option<Vec<String>>,
    /// Client: the server takes signatures that name its host key.
    hostbound: bool,
    received: Received,
    inbound: Option<InboundChange>,
    /// Unanswered requests held the input, a key exchange's and answers to keepalives too: their time begins anew when
    /// they no longer do.
    stalled: bool,
    error: Option<Error>,
}

impl Connection {
    /// A client's end and its packet opener.
    #[must_use]
    pub fn client(config: Config, rng: Box<dyn Rng>, now: Instant) -> (Self, PacketIn) {
        let auth = Auth::Client(ClientAuth::new(config.auth_timeout, &config.limits));
        (Self::new(Role::Client, auth, ServerSide::default(), config, rng, now), PacketIn::new())
    }

    /// A server's end and its packet opener. Without moduli group exchange is not offered.
    #[must_use]
    pub fn server(
        config: Config,
        keys: Vec<PrivateKey>,
        moduli: Option<Arc<Moduli>>,
        rng: Box<dyn Rng>,
        now: Instant,
    ) -> (Self, PacketIn) {
        let auth = Auth::Server(ServerAuth::new(&config.limits, config.preferences.pubkey.clone()));
        (Self::new(Role::Server, auth, ServerSide { keys, moduli }, config, rng, now), PacketIn::new())
    }

    fn new(role: Role, auth: Auth, server: ServerSide, config: Config, rng: Box<dyn Rng>, now: Instant) -> Self {
        Self {
            role,
            now,
            phase: Phase::Kex,
            out: Outbox::new(PacketOut::new(rng), config.log_level),
            ident: Ident::new(&config.software),
            ident_deadline: None,
            grace_deadline: None,
            kex: Kex::new(role, server),
            auth,
            deferred_answer: None,
            channels: Channels::new(&config.limits, role, config.send_buffer),
            globals: Globals::new(&config.limits, role),
            keepalive: Keepalive::default(),
            server_sig_algs: None,
            hostbound: false,
            received: Received::default(),
            inbound: None,
            stalled: false,
            error: None,
            config,
        }
    }

    // ---- getters ----------------------------------------------------------------------------------------------------

    /// Client or server.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The connection is over.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.error.is_some()
    }

    /// The first fatal error.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// The first key exchange is over.
    #[must_use]
    pub fn is_kex_done(&self) -> bool {
        !self.kex.is_first()
    }

    /// A key exchange is under way: senders of channel data wait.
    #[must_use]
    pub fn is_rekeying(&self) -> bool {
        self.kex.is_running()
    }

    /// Authentication succeeded.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.phase == Phase::Open && !self.is_ended()
    }

    /// The authenticated user; None before success.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        match &self.auth {
            Auth::Client(auth) => auth.username(),
            Auth::Server(auth) => auth.username(),
        }
    }

    /// Client: the banner, its control characters unfiltered.
    #[must_use]
    pub fn banner(&self) -> Option<&[u8]> {
        match &self.auth {
            Auth::Client(auth) => auth.banner(),
            Auth::Server(_) => None,
        }
    }

    /// The peer's identification without CR LF.
    #[must_use]
    pub fn remote_ident(&self) -> Option<&[u8]> {
        self.ident.theirs.as_deref()
    }

    /// What the first key exchange proved; None before.
    #[must_use]
    pub fn binding(&self) -> Option<&SessionBinding> {
        self.kex.binding()
    }

    /// Client: the server's key, once its signature was verified.
    #[must_use]
    pub fn remote_host_key(&self) -> Option<&PublicKey> {
        self.kex.host_key()
    }

    /// Client: the certificate the server showed for it in the first exchange.
    #[must_use]
    pub fn remote_host_certificate(&self) -> Option<&Certificate> {
        self.kex.host_certificate()
    }

    /// Server: the key the last exchange used.
    #[must_use]
    pub fn server_key(&self) -> Option<&PrivateKey> {
        self.kex.server_key()
    }

    /// The session identifier (RFC 4253 section 7.2).
    #[must_use]
    pub fn session_id(&self) -> Option<&[u8]> {
        self.kex.session_id()
    }

    /// The algorithms in force.
    #[must_use]
    pub fn negotiated(&self) -> Option<&Negotiated> {
        self.kex.negotiated()
    }

    /// Client: signature algorithms the server takes for public key authentication (RFC 8308 section 3.1).
    #[must_use]
    pub fn server_sig_algs(&self) -> Option<&[String]> {
        self.server_sig_algs.as_deref()
    }

    /// Channels that are open.
    #[must_use]
    pub fn open_channels(&self) -> usize {
        self.channels.open_channels()
    }

    /// One channel; None once it is released and closed.
    #[must_use]
    pub fn channel(&self, id: ChannelId) -> Option<&Channel> {
        self.channels.channel(id)
    }

    /// Sealed bytes the socket has not taken.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.out.backlog()
    }

    /// Whether what arrives may be opened and handled now. False while a job or a server's authentication question is
    /// open, while a peer that reads nothing makes us owe it more than `limits.control_backlog`, and while as many
    /// requests wait for the application as the limits allow.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        let asks = match &self.auth {
            Auth::Server(auth) => auth.holds_input(),
            Auth::Client(_) => false,
        };
        !self.is_ended()
            && !asks
            && !self.requests_full()
            && !self.kex.holds_input()
            && self.out.backlog() < self.config.send_buffer + self.config.limits.control_backlog
    }

    /// As many requests wait for the application's answer as may.
    fn requests_full(&self) -> bool {
        self.channels.requests_full() || self.globals.is_full()
    }

    /// How far the connection is.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self.phase {
            Phase::Kex if self.ident.theirs.is_none() => Stage::Ident,
            Phase::Kex => Stage::Kex,
            Phase::Auth => Stage::Auth,
            Phase::Open => Stage::Open,
        }
    }

    // ---- outputs ----------------------------------------------------------------------------------------------------

    /// Moves all sealed bytes behind those in `into`; an empty `into` is swapped, not copied. They count as backlog until
    /// [`Connection::output_written`].
    pub fn take_output(&mut self, into: &mut Vec<u8>) {
        self.out.take_sealed(into);
    }

    /// Whether there are sealed bytes to take.
    #[must_use]
    pub fn has_output(&self) -> bool {
        self.out.has_sealed()
    }

    /// How many of the taken bytes the socket has not accepted yet. May yield `Writable` events.
    pub fn output_written(&mut self, unwritten: usize) {
        let was = self.out.backlog();
        self.out.set_unwritten(unwritten);
        let now = self.out.backlog();
        // Half, so that a sender woken has room for more than one packet.
        let mark = self.config.send_buffer / 2;
        if now <= mark && (was > mark || now == 0) && !self.out.is_holding() {
            self.channels.writable_again(&mut self.out);
        }
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.out.next_event()
    }

    /// New protection for what the peer sends from here on; for [`PacketIn::apply`].
    pub fn inbound_change(&mut self) -> Option<InboundChange> {
        self.inbound.take()
    }
}

/// The client's and the server's identification.
fn idents(role: Role, ident: &Ident) -> (&[u8], &[u8]) {
    let (ours, theirs) = (ident.ours.as_slice(), ident.theirs.as_deref().unwrap_or_default());
    match role {
        Role::Client => (ours, theirs),
        Role::Server => (theirs, ours),
    }
}

/// Borrows a connection's fields for its key exchange; a macro, since a method would borrow the whole.
macro_rules! env {
    ($c:ident) => {
        $crate::proto::connection::Env {
            config: &$c.config,
            idents: $crate::proto::connection::idents($c.role, &$c.ident),
            authenticated: $c.phase == $crate::proto::phase::Phase::Open,
            now: $c.now,
        }
    };
}
use env;
