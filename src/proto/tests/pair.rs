//! A client's and a server's core joined by byte queues, with a virtual clock and seeded randomness.

use crate::crypto::hostkey::PrivateKey;
use crate::crypto::kex::groups::group14;
use crate::crypto::moduli::Moduli;
use crate::crypto::rng::Rng;
use crate::error::ErrorKind;
use crate::proto::auth::AuthRequest;
use crate::proto::channel::Recv;
use crate::proto::config::Config;
use crate::proto::connection::Connection;
use crate::proto::event::{AuthQuestion, AuthVerdict, ChannelId, Event, Prompts, Stream, Ticket};
use crate::proto::packet_in::PacketIn;
use rand_chacha::rand_core::{Rng as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Seeded randomness for a core.
pub struct SeededRng(pub ChaCha8Rng);

impl Rng for SeededRng {
    fn fill(&mut self, out: &mut [u8]) {
        self.0.fill_bytes(out);
    }
}

/// The host key of every test server; made once, since some key types are slow to make.
pub fn host_key() -> PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::generate_ed25519().unwrap()).clone()
}

/// A moduli file of one line, whose prime is that of group 14 (RFC 3526 section 3).
fn moduli() -> Arc<Moduli> {
    let p: String = group14().p().iter().map(|byte| format!("{byte:02X}")).collect();
    Arc::new(Moduli::parse(&format!("20260101000000 2 6 100 2047 2 {p}\n")))
}

/// One end with what it has not opened yet.
pub struct End {
    pub conn: Connection,
    pub input: PacketIn,
    /// Arrived, not opened.
    pub inbox: Vec<u8>,
    /// Events nobody took care of, in order.
    pub events: Vec<Event>,
    /// Channels the peer opened and this end accepted.
    pub accepted: Vec<ChannelId>,
    /// Rounds of questions a server's policy has asked.
    pub asked: Vec<AuthQuestion>,
    /// Requests named "later", which wait for the test's answer.
    pub unanswered: VecDeque<Ticket>,
    /// Bytes this end sent, not yet delivered.
    pub wire: VecDeque<u8>,
}

impl End {
    fn new((conn, input): (Connection, PacketIn)) -> Self {
        Self {
            conn,
            input,
            inbox: Vec::new(),
            events: Vec::new(),
            accepted: Vec::new(),
            asked: Vec::new(),
            unanswered: VecDeque::new(),
            wire: VecDeque::new(),
        }
    }

    /// Opens and handles all it may, as the engine's reader does.
    pub fn pump(&mut self, now: Instant) {
        loop {
            self.settle_events(now);
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
        self.settle_events(now);
        let mut sealed = Vec::new();
        self.conn.take_output(&mut sealed);
        self.conn.output_written(0);
        self.wire.extend(sealed);
    }

    /// Does jobs, answers questions by the default policy, keeps the rest.
    fn settle_events(&mut self, now: Instant) {
        while let Some(event) = self.conn.poll_event() {
            match event {
                Event::Job(job) => self.conn.finish_job(now, job.run()),
                Event::AuthAsk { ticket, user, question, .. } => {
                    let verdict = policy(&user, &question);
                    self.asked.push(question);
                    self.conn.auth_answer(now, ticket, verdict, &["password", "publickey"]).ok();
                }
                Event::ChannelIncoming(id, _) => {
                    self.conn.accept_channel(id, 1_u32 << 21, 1 << 15).unwrap();
                    self.accepted.push(id);
                }
                Event::ChannelRequest { ticket, request, .. } => {
                    if request == "later" {
                        self.unanswered.extend(ticket);
                    } else if let Some(ticket) = ticket {
                        self.conn.answer_channel_request(ticket, request != "refused").ok();
                    }
                }
                other => self.events.push(other),
            }
        }
    }

    /// The kind of the error that ended this end.
    pub fn error(&self) -> Option<ErrorKind> {
        self.conn.error().map(crate::error::Error::kind)
    }

    /// Everything readable now.
    pub fn read_all(&mut self, id: ChannelId, stream: Stream) -> Vec<u8> {
        self.read_all_at(Instant::now(), id, stream)
    }

    /// Everything readable, at that time.
    pub fn read_all_at(&mut self, now: Instant, id: ChannelId, stream: Stream) -> Vec<u8> {
        let mut all = Vec::new();
        while let Ok(Recv::Data(_)) =
            self.conn.recv(now, id, stream, 1 << 16, &mut |bytes| all.extend_from_slice(bytes))
        {}
        all
    }
}

/// "bob" logs in with "secret" or any key, "asked" is asked for a code; everything else fails.
fn policy(user: &str, question: &AuthQuestion) -> AuthVerdict {
    match question {
        AuthQuestion::Password(password) if user == "bob" && password.as_slice() == b"secret" => AuthVerdict::Success,
        AuthQuestion::InteractiveStart { .. } if user == "asked" => {
            let prompts = vec![(b"Code: ".to_vec(), false)];
            AuthVerdict::Ask(Prompts { name: Vec::new(), instruction: Vec::new(), prompts })
        }
        AuthQuestion::KeyQuery { .. } | AuthQuestion::KeySigned { .. } if user == "bob" => AuthVerdict::Success,
        _ => AuthVerdict::Failure,
    }
}

/// Both ends and the wires between them.
pub struct Pair {
    pub client: End,
    pub server: End,
    pub now: Instant,
    pub rng: ChaCha8Rng,
}

impl Pair {
    /// Two ends that have not started.
    pub fn new(client: Config, server: Config, seed: u64) -> Self {
        Self::with_keys(client, server, vec![host_key()], seed)
    }

    /// With host keys of the test's choice.
    pub fn with_keys(client: Config, server: Config, keys: Vec<PrivateKey>, seed: u64) -> Self {
        let now = Instant::now();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut seeded = || Box::new(SeededRng(ChaCha8Rng::seed_from_u64(rng.next_u64())));
        let client = End::new(Connection::client(client, seeded(), now));
        let server = End::new(Connection::server(server, keys, Some(moduli()), seeded(), now));
        Self { client, server, now, rng }
    }

    pub fn start(&mut self) {
        self.client.conn.start(self.now);
        self.server.conn.start(self.now);
        self.client.pump(self.now);
        self.server.pump(self.now);
    }

    /// Delivers everything, until neither end has more to say.
    pub fn drive(&mut self) {
        loop {
            self.client.pump(self.now);
            self.server.pump(self.now);
            if self.client.wire.is_empty() && self.server.wire.is_empty() {
                return;
            }
            self.server.inbox.extend(self.client.wire.drain(..));
            self.client.inbox.extend(self.server.wire.drain(..));
        }
    }

    /// One random step: a random number of bytes in a random direction. False when nothing is left to deliver.
    pub fn step(&mut self) -> bool {
        if self.client.wire.is_empty() && self.server.wire.is_empty() {
            self.client.pump(self.now);
            self.server.pump(self.now);
            if self.client.wire.is_empty() && self.server.wire.is_empty() {
                return false;
            }
        }
        let to_server = self.rng.next_u32().is_multiple_of(2);
        let (from, to) =
            if to_server { (&mut self.client, &mut self.server) } else { (&mut self.server, &mut self.client) };
        let most = match self.rng.next_u32() % 4 {
            0 => 1,
            1 => 16,
            2 => 700,
            _ => 1 << 16,
        };
        let n = (1 + self.rng.next_u32() as usize % most).min(from.wire.len());
        to.inbox.extend(from.wire.drain(..n));
        to.pump(self.now);
        true
    }

    /// Lets time pass for both ends.
    pub fn pass(&mut self, time: Duration) {
        self.now += time;
        self.client.conn.handle_timeout(self.now);
        self.server.conn.handle_timeout(self.now);
    }

    /// Through the first key exchange.
    pub fn keyed(client: Config, server: Config) -> Self {
        let mut pair = Self::new(client, server, 1);
        pair.start();
        pair.drive();
        assert!(pair.client.conn.is_kex_done(), "{:?} {:?}", pair.client.conn.error(), pair.server.conn.error());
        assert!(pair.server.conn.is_kex_done());
        pair
    }

    /// Logged in as bob.
    pub fn open(client: Config, server: Config) -> Self {
        let mut pair = Self::keyed(client, server);
        pair.log_in();
        pair.drive();
        assert!(pair.client.conn.is_authenticated() && pair.server.conn.is_authenticated());
        pair
    }

    pub fn log_in(&mut self) {
        self.client.conn.auth_start(self.now, password("bob", "secret")).unwrap();
    }

    /// A channel opened by the client: its id on both sides.
    pub fn channel(&mut self) -> (ChannelId, ChannelId) {
        let id = self.client.conn.open_channel("session", b"", 1_u32 << 21, 1 << 15).unwrap();
        self.drive();
        (id, *self.server.accepted.last().unwrap())
    }
}

pub fn password(user: &str, password: &str) -> AuthRequest {
    AuthRequest::Password { user: user.to_owned(), password: Zeroizing::new(password.as_bytes().to_vec()) }
}

/// A configuration that offers one cipher, and one MAC where it is not an AEAD.
pub fn with_cipher(cipher: &'static str, mac: &'static str) -> Config {
    let mut config = Config::default();
    let prefs = &mut config.preferences;
    prefs.cipher_c2s = vec![cipher];
    prefs.cipher_s2c = vec![cipher];
    prefs.mac_c2s = vec![mac];
    prefs.mac_s2c = vec![mac];
    config
}
