//! A core under attack: the end that is watched, and a peer that holds the same keys and sends whatever the input says.
//!
//! An input is a list of steps: payloads, made or raw; time; the application's commands and answers; cuts.

use super::forge;
use super::input::Input;
use crate::crypto::hostkey::PrivateKey;
use crate::crypto::rng::Rng;
use crate::error::ErrorKind;
use crate::proto::config::{Config, Limits};
use crate::proto::connection::Connection;
use crate::proto::event::{AuthVerdict, Event};
use crate::proto::kex::KexJob;
use crate::proto::packet_in::PacketIn;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// What the ends hold at most beside their limits: one input's worth of steps.
const SLACK: usize = 1 << 20;

/// Seeded, so that an input does the same each time but for the ephemeral keys.
pub(super) struct SeededRng(pub u64);

impl Rng for SeededRng {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            // xorshift64
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            *byte = self.0.to_le_bytes()[3];
        }
    }
}

pub(super) fn first_moment() -> Instant {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    *FIRST.get_or_init(Instant::now)
}

pub(super) fn host_key() -> PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::from_ed25519_seed(Zeroizing::new([7; 32])).expect("a seed is a key")).clone()
}

/// Quick algorithms, and limits that short inputs reach.
pub(super) fn config() -> Config {
    let mut config = Config {
        limits: Limits {
            window_growth: 1 << 20,
            channels: 8,
            auth_attempts: 4,
            interactive_rounds: 3,
            preauth_packets: 60,
            preauth_bytes: 32 * 1024,
            pending_requests: 4,
            pending_globals: 4,
            pre_ident_lines: 4,
            environment: 3,
            control_backlog: 64 * 1024,
            stderr_buffer: 500,
            rsa_bits: 2048,
        },
        send_buffer: 4096,
        log_level: 4,
        ..Config::default()
    };
    let prefs = &mut config.preferences;
    prefs.kex = vec!["curve25519-sha256", "ecdh-sha2-nistp256", "diffie-hellman-group-exchange-sha256"];
    prefs.cipher_c2s = vec!["aes128-gcm@openssh.com"];
    prefs.cipher_s2c = vec!["aes128-gcm@openssh.com"];
    config
}

/// One end with what it has not opened yet.
pub(super) struct Side {
    pub conn: Connection,
    input: PacketIn,
    pub inbox: Vec<u8>,
    pub wire: Vec<u8>,
    /// The socket takes nothing.
    pub stalled: bool,
    ended: bool,
}

impl Side {
    pub(super) fn new((conn, input): (Connection, PacketIn)) -> Self {
        Self { conn, input, inbox: Vec::new(), wire: Vec::new(), stalled: false, ended: false }
    }

    /// Opens and handles all it may, as the engine's reader does; `see` gets every event.
    pub(super) fn pump(&mut self, now: Instant, mut see: impl FnMut(&mut Connection, Event)) {
        loop {
            self.drain_events(&mut see);
            if !self.conn.wants_input() {
                break;
            }
            let change = self.conn.inbound_change();
            if self.input.at_barrier() || change.is_some() {
                self.input.apply(change);
            }
            let mut items = Vec::new();
            match self.input.open_batch(&mut self.inbox, &mut items) {
                Err(error) => {
                    self.conn.handle_error(now, error);
                    break;
                }
                Ok(used) => {
                    for item in &items {
                        self.conn.handle(now, &self.input, &self.inbox, item);
                    }
                    self.inbox.drain(..used);
                }
            }
            if items.is_empty() {
                break;
            }
        }
        self.drain_events(&mut see);
        if !self.stalled {
            let mut sealed = Vec::new();
            self.conn.take_output(&mut sealed);
            self.conn.output_written(0);
            self.wire.append(&mut sealed);
        }
        self.drain_events(&mut see);
    }

    fn drain_events(&mut self, see: &mut impl FnMut(&mut Connection, Event)) {
        while let Some(event) = self.conn.poll_event() {
            assert!(!self.ended, "an event after the last: {event:?}");
            self.ended = matches!(event, Event::Ended(_));
            see(&mut self.conn, event);
        }
        assert_eq!(self.ended, self.conn.is_ended(), "Ended is told exactly when the connection is over");
    }
}

/// What a role's target does with the end it watches.
pub(super) trait Watch {
    /// Sees every event; checks it, and keeps what asks for an answer.
    fn event(&mut self, conn: &mut Connection, event: Event);
    /// The application asks for something.
    fn command(&mut self, conn: &mut Connection, now: Instant, input: &mut Input<'_>);
    /// The application answers what it was asked.
    fn answer(&mut self, conn: &mut Connection, now: Instant, input: &mut Input<'_>);
    /// What must hold between steps.
    fn check(&self, conn: &Connection);
}

/// How far an attack begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// The peer has identified itself.
    Fresh,
    /// And sent an honest KEXINIT.
    Begun,
    /// The first key exchange is over.
    Keyed,
    /// The user is logged in.
    Open,
}

pub(super) struct Attack<W: Watch> {
    pub victim: Side,
    pub watch: W,
    peer: Side,
    now: Instant,
    jobs: Vec<KexJob>,
    hold_jobs: bool,
    session: Option<Vec<u8>>,
    error: Option<ErrorKind>,
    /// Exchanges the input may still ask for: each takes as long as a hundred other steps.
    rekeys: u8,
}

impl<W: Watch> Attack<W> {
    pub(super) fn new(victim_is_client: bool, watch: W) -> Self {
        let now = first_moment();
        let rng = |seed| Box::new(SeededRng(seed));
        let client = Side::new(Connection::client(config(), rng(3), now));
        let server = Side::new(Connection::server(config(), vec![host_key()], None, rng(5), now));
        let (mut victim, mut peer) = if victim_is_client { (client, server) } else { (server, client) };
        victim.conn.start(now);
        peer.conn.start(now);
        Self { victim, watch, peer, now, jobs: Vec::new(), hold_jobs: false, session: None, error: None, rekeys: 4 }
    }

    /// Brings both ends to where the attack begins; `log_in` is the client's request.
    pub(super) fn reach(&mut self, start: Start, log_in: impl FnOnce(&mut Connection, Instant)) {
        match start {
            Start::Fresh => {
                // Instead of what the peer has to say.
                self.peer.conn.take_output(&mut Vec::new());
                self.victim.inbox.extend_from_slice(b"SSH-2.0-peer\r\n");
                return self.pump_victim();
            }
            Start::Begun => return self.deliver(),
            Start::Keyed | Start::Open => {}
        }
        self.exchange();
        assert!(self.victim.conn.is_kex_done() && self.peer.conn.is_kex_done());
        if start == Start::Open {
            let client = if self.watches_client() { &mut self.victim.conn } else { &mut self.peer.conn };
            log_in(client, self.now);
            self.exchange();
        }
    }

    fn watches_client(&self) -> bool {
        self.victim.conn.role() == crate::proto::phase::Role::Client
    }

    /// Runs the whole input.
    pub(super) fn run(&mut self, input: &mut Input<'_>) {
        self.hold_jobs = input.u8() % 8 == 7;
        while !input.is_empty() {
            self.step(input);
            self.check();
        }
        self.victim.conn.handle_eof(self.now);
        self.pump_victim();
        self.check();
        assert!(self.victim.conn.is_ended());
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.u8() % 16 {
            0 => self.forge(input.bytes()),
            1..=5 => {
                let payload = forge::payload(input);
                self.forge(&payload);
            }
            6 => self.pass(input),
            7 | 8 => {
                let (conn, now) = (&mut self.victim.conn, self.now);
                self.watch.command(conn, now, input);
                self.pump_victim();
            }
            9 | 10 => {
                let (conn, now) = (&mut self.victim.conn, self.now);
                self.watch.answer(conn, now, input);
                self.pump_victim();
            }
            11 => self.cut(input),
            12 => self.exchange(),
            13 => {
                self.victim.stalled = input.bool();
                self.pump_victim();
            }
            14 => self.rekey(input.bool()),
            _ => self.finish_jobs(),
        }
    }

    /// The peer sends a payload under the keys it has.
    fn forge(&mut self, payload: &[u8]) {
        if payload.is_empty() {
            return;
        }
        self.peer.conn.forge(payload);
        self.deliver();
    }

    fn deliver(&mut self) {
        let mut sealed = Vec::new();
        self.peer.conn.take_output(&mut sealed);
        self.peer.conn.output_written(0);
        self.victim.inbox.append(&mut self.peer.wire);
        self.victim.inbox.append(&mut sealed);
        self.pump_victim();
    }

    fn pump_victim(&mut self) {
        let (watch, jobs) = (&mut self.watch, &mut self.jobs);
        self.victim.pump(self.now, |conn, event| match event {
            Event::Job(job) => jobs.push(job),
            event => watch.event(conn, event),
        });
        if !self.jobs.is_empty() && !self.hold_jobs {
            self.finish_jobs();
        }
    }

    fn finish_jobs(&mut self) {
        for job in std::mem::take(&mut self.jobs) {
            // Group exchange over the peer's own group takes seconds; the target `moduli` looks at groups.
            if !job.is_slow() {
                self.victim.conn.finish_job(self.now, job.run());
            }
            self.pump_victim();
        }
    }

    fn pass(&mut self, input: &mut Input<'_>) {
        self.now += Duration::from_millis(1 << (input.u8() % 23));
        self.victim.conn.handle_timeout(self.now);
        let due = self.victim.conn.poll_timeout();
        assert!(due.is_none_or(|at| at > self.now), "a timeout that was handled is due again: a busy loop");
        self.pump_victim();
    }

    /// Bytes that no sealing made, or an end in the middle of a packet.
    fn cut(&mut self, input: &mut Input<'_>) {
        match input.u8() % 3 {
            0 => {
                self.victim.inbox.extend_from_slice(input.bytes());
                self.pump_victim();
            }
            1 => {
                // In two pieces.
                let payload = forge::payload(input);
                self.peer.conn.forge(&payload);
                let mut sealed = Vec::new();
                self.peer.conn.take_output(&mut sealed);
                let (a, b) = sealed.split_at(usize::from(input.u8()).min(sealed.len()));
                self.victim.inbox.extend_from_slice(a);
                self.pump_victim();
                self.victim.inbox.extend_from_slice(b);
                self.pump_victim();
            }
            _ => {
                self.victim.conn.handle_eof(self.now);
                self.pump_victim();
            }
        }
    }

    fn rekey(&mut self, by_victim: bool) {
        if self.rekeys == 0 {
            return;
        }
        self.rekeys -= 1;
        let conn = if by_victim { &mut self.victim.conn } else { &mut self.peer.conn };
        // Refused before the first exchange is over, and after the end.
        let _ = conn.rekey(self.now);
        self.deliver();
    }

    /// The peer is honest for a while: reads what it was sent, and answers.
    fn exchange(&mut self) {
        for _ in 0..12 {
            self.pump_victim();
            self.peer.inbox.append(&mut self.victim.wire);
            let now = self.now;
            self.peer.pump(now, |conn, event| honest(conn, now, event));
            if self.peer.wire.is_empty() && self.victim.wire.is_empty() {
                return;
            }
            self.deliver();
        }
    }

    fn check(&mut self) {
        let conn = &self.victim.conn;
        let limits = config().limits;
        assert!(conn.backlog() <= config().send_buffer + limits.control_backlog + SLACK);
        self.victim.wire.truncate(SLACK);
        match (&self.session, conn.session_id()) {
            (Some(first), now) => assert_eq!(now, Some(first.as_slice()), "the session identifier stays"),
            (None, now) => self.session = now.map(<[u8]>::to_vec),
        }
        let kind = conn.error().map(crate::error::Error::kind);
        assert!(self.error.is_none() || self.error == kind, "the first error is the one that counts");
        self.error = kind;
        assert_ne!(kind, Some(ErrorKind::Internal), "{:?}", conn.error());
        assert!(conn.username().is_some() || !conn.is_authenticated());
        if conn.is_ended() {
            assert!(conn.poll_timeout().is_none() && !conn.wants_input());
        }
        self.watch.check(conn);
    }
}

/// The peer's part where it is honest.
fn honest(conn: &mut Connection, now: Instant, event: Event) {
    match event {
        Event::Job(job) if !job.is_slow() => conn.finish_job(now, job.run()),
        Event::AuthAsk { ticket, .. } => {
            let _ = conn.auth_answer(now, ticket, AuthVerdict::Success, &[]);
        }
        Event::ChannelIncoming(id, _) => {
            let _ = conn.accept_channel(id, 1_u32 << 16, 1 << 15);
        }
        Event::ChannelRequest { ticket: Some(ticket), .. } => {
            let _ = conn.answer_channel_request(ticket, true);
        }
        Event::GlobalRequest { ticket: Some(ticket), .. } => {
            let _ = conn.answer_global(ticket, Some(b"reply"));
        }
        _ => {}
    }
}
