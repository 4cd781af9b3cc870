//! Key exchange (RFC 4253 sections 7 and 8): one linear state machine for both roles. What only one role does is in
//! `client` and `server`; the arithmetic is in jobs, so that it can run outside of the connection.

mod client;
mod hash;
mod job;
mod server;

pub use job::{KexJob, KexJobDone};

use super::config::Config;
use super::event::{Event, SessionBinding};
use super::negotiate::{self, Negotiated, PeerMarks};
use super::outbox::Outbox;
use super::packet_in::InboundChange;
use super::phase::{Exchange, Role};
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::{PrivateKey, PublicKey};
use crate::crypto::kdf;
use crate::crypto::kex::dh::Group;
use crate::crypto::kex::ClientShare;
use crate::crypto::moduli::Moduli;
use crate::crypto::registry::{DirectionKeys, KexFlow};
use crate::error::{Error, ErrorKind, Result};
use crate::wire::msg_kex::{KexInit, NewKeys};
use crate::wire::numbers;
use hash::{Context, GroupRequest};
use job::{Agreed, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// What a connection lends its key exchange.
pub(super) struct Env<'a> {
    pub config: &'a Config,
    /// Client's and server's identification, without CR LF.
    pub idents: (&'a [u8], &'a [u8]),
    pub authenticated: bool,
    pub now: Instant,
}

/// Where an exchange stands. Each state accepts exactly one message.
enum Step {
    /// No method chosen: KEXINIT of one or both sides is missing.
    Init,
    /// A job runs; input waits.
    Computing,
    /// Client: group exchange asked, GROUP (31) must come.
    ClientGroup(Arc<Context>),
    /// Client: INIT sent, REPLY (31, or 33 in group exchange) must come.
    ClientReply(Arc<Context>, Box<dyn ClientShare>),
    /// Server: INIT (30) must come.
    ServerInit(Arc<Context>),
    /// Server: group exchange REQUEST (34) must come.
    ServerRequest(Arc<Context>),
    /// Server: group sent, GEX INIT (32) must come.
    ServerGexInit(Arc<Context>, Arc<Group>),
    /// Our NEWKEYS is sent, the peer's (21) must come.
    NewKeys,
}

/// The key exchange of one connection.
pub(super) struct Kex {
    role: Role,
    step: Step,
    ours: Option<Vec<u8>>,
    theirs: Option<Vec<u8>>,
    /// The peer guessed wrong: its next key exchange packet is dropped.
    skip_guess: bool,
    /// Being agreed on; becomes `in_force` with the last NEWKEYS.
    agreed: Option<Negotiated>,
    in_force: Option<Negotiated>,
    session_id: Option<Vec<u8>>,
    /// What the first exchange proved.
    binding: Option<SessionBinding>,
    strict: bool,
    marks: PeerMarks,
    inbound: Option<InboundChange>,
    change: Option<InboundChange>,
    deadline: Option<Instant>,
    /// When we sent what the peer's next message answers, and how long such an answer took.
    asked: Option<Instant>,
    round_trip: Option<Duration>,
    /// When the present keys came into force.
    since: Option<Instant>,
    /// Client: the server's key, pinned at the first exchange.
    host_key: Option<PublicKey>,
    /// Client: what the server showed for it.
    host_certificate: Option<Certificate>,
    /// Server: its keys and moduli.
    server: ServerSide,
    /// Server: the key the last exchange used.
    chosen: Option<PrivateKey>,
}

/// What only a server brings.
#[derive(Default)]
pub(super) struct ServerSide {
    pub keys: Vec<PrivateKey>,
    pub moduli: Option<Arc<Moduli>>,
}

impl Kex {
    pub fn new(role: Role, server: ServerSide) -> Self {
        Self {
            role,
            step: Step::Init,
            ours: None,
            theirs: None,
            skip_guess: false,
            agreed: None,
            in_force: None,
            session_id: None,
            binding: None,
            strict: false,
            marks: PeerMarks::default(),
            inbound: None,
            change: None,
            deadline: None,
            asked: None,
            round_trip: None,
            since: None,
            host_key: None,
            host_certificate: None,
            server,
            chosen: None,
        }
    }

    /// What the first exchange proved; None before.
    pub fn binding(&self) -> Option<&SessionBinding> {
        self.binding.as_ref()
    }

    /// The first exchange is not over.
    pub fn is_first(&self) -> bool {
        self.in_force.is_none()
    }

    /// An exchange is under way on either side.
    pub fn is_running(&self) -> bool {
        self.ours.is_some() || self.theirs.is_some()
    }

    /// A job holds input.
    pub fn holds_input(&self) -> bool {
        matches!(self.step, Step::Computing)
    }

    /// Our NEWKEYS went out and the peer's is awaited.
    pub fn outbound_switched(&self) -> bool {
        matches!(self.step, Step::NewKeys)
    }

    pub fn negotiated(&self) -> Option<&Negotiated> {
        self.in_force.as_ref()
    }

    pub fn session_id(&self) -> Option<&[u8]> {
        self.session_id.as_deref()
    }

    pub fn marks(&self) -> PeerMarks {
        self.marks
    }

    pub fn host_key(&self) -> Option<&PublicKey> {
        self.host_key.as_ref()
    }

    pub fn host_certificate(&self) -> Option<&Certificate> {
        self.host_certificate.as_ref()
    }

    pub fn server_key(&self) -> Option<&PrivateKey> {
        self.chosen.as_ref()
    }

    /// When an exchange under way must be over.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Gives an exchange that is under way its whole time again.
    pub fn restart_clock(&mut self, env: &Env<'_>) {
        if self.deadline.is_some() {
            self.deadline = Some(env.now + env.config.handshake_timeout);
        }
    }

    /// When the present keys came into force.
    pub fn since(&self) -> Option<Instant> {
        self.since
    }

    /// How long an answer of the peer's took, once.
    pub fn take_round_trip(&mut self) -> Option<Duration> {
        self.round_trip.take()
    }

    pub fn take_change(&mut self) -> Option<InboundChange> {
        self.change.take()
    }

    /// How the peer's own exchange narrows what it may send.
    pub fn peer_exchange(&self) -> Exchange {
        // Until the peer's first KEXINIT is here nobody knows whether it is strict: the stricter reading costs an
        // honest peer nothing, since its first packet is KEXINIT.
        if self.is_first() && (self.theirs.is_none() || self.strict) {
            Exchange::StrictFirst
        } else if self.theirs.is_some() {
            Exchange::Running
        } else {
            Exchange::None
        }
    }

    /// Sends our KEXINIT, unless it is sent.
    pub fn start(&mut self, out: &mut Outbox, env: &Env<'_>) {
        if self.ours.is_some() {
            return;
        }
        let mut cookie = [0; 16];
        out.packets().random(&mut cookie);
        let group_exchange = self.role == Role::Client || self.server.moduli.is_some();
        let prefs = self.offered(env.config);
        let init = negotiate::build(&prefs, self.role, cookie, self.is_first(), group_exchange);
        out.message_now(|buf| buf.extend_from_slice(&init));
        out.hold();
        out.log(4, || {
            let lists = KexInit::parse(init.get(1..).unwrap_or_default()).map(|lists| negotiate::offer(&lists));
            format!("key exchange begins: we offer {}", lists.unwrap_or_default())
        });
        self.ours = Some(init);
        let bound = env.config.handshake_timeout;
        self.deadline = (bound > Duration::ZERO).then(|| env.now + bound);
    }

    /// Takes a key exchange message (20 to 49).
    pub fn handle(&mut self, out: &mut Outbox, env: &Env<'_>, number: u8, payload: &[u8]) -> Result<()> {
        if number == numbers::KEXINIT {
            return self.peer_init(out, env, payload);
        }
        if number == numbers::NEWKEYS {
            self.round_trip = self.asked.take().map(|asked| env.now.saturating_duration_since(asked));
            return self.peer_new_keys(out, env, payload);
        }
        if std::mem::take(&mut self.skip_guess) {
            out.log(4, || "dropping the peer's wrongly guessed key exchange packet".to_owned());
            return Ok(());
        }
        self.round_trip = self.asked.take().map(|asked| env.now.saturating_duration_since(asked));
        match self.role {
            Role::Client => self.client_message(out, number, payload),
            Role::Server => self.server_message(out, number, payload),
        }
    }

    /// Takes a job's result.
    pub fn finish_job(&mut self, out: &mut Outbox, env: &Env<'_>, done: KexJobDone) -> Result<()> {
        if !self.holds_input() {
            // A job of a connection that has ended meanwhile.
            return Ok(());
        }
        match done.output? {
            Output::ClientStarted(context, share) => {
                self.client_send_init(out, context, share);
                self.asked = Some(env.now);
                Ok(())
            }
            Output::ClientFinished(agreed, host_key, certificate) => {
                host_key.require_rsa_bits(env.config.limits.rsa_bits)?;
                self.pin_host_key(host_key, certificate)?;
                self.switch_outbound(out, env, &agreed)
            }
            Output::ServerFinished(agreed, reply) => {
                out.message_now(|buf| buf.extend_from_slice(&reply));
                // A client needs it for its NEWKEYS. (A server's come unasked, behind its reply.)
                self.asked = Some(env.now);
                self.switch_outbound(out, env, &agreed)
            }
        }
    }

    fn peer_init(&mut self, out: &mut Outbox, env: &Env<'_>, payload: &[u8]) -> Result<()> {
        if self.theirs.is_some() {
            return Err(unexpected("a second KEXINIT in one key exchange"));
        }
        self.start(out, env);
        let mut theirs = vec![numbers::KEXINIT];
        theirs.extend_from_slice(payload);
        let parsed = KexInit::parse(payload)?;
        out.log(4, || format!("the peer offers {}", negotiate::offer(&parsed)));
        if self.is_first() {
            self.marks = PeerMarks::of(&parsed, self.role.peer());
            // We always offer it; it is in force if the peer does too (OpenSSH PROTOCOL section 1.10).
            self.strict = self.marks.strict;
        }
        let ours_bytes = self.ours.clone().unwrap_or_default();
        let ours = KexInit::parse(ours_bytes.get(1..).unwrap_or_default())?;
        let agreed = negotiate::pick(&ours, &parsed, self.role, self.strict)?;
        self.skip_guess = negotiate::guess_is_wrong(&ours, &parsed);
        out.log(4, || format!("agreed on {agreed}"));
        let (i_c, i_s) = match self.role {
            Role::Client => (ours_bytes, theirs.clone()),
            Role::Server => (theirs.clone(), ours_bytes),
        };
        let context = Arc::new(Context {
            kex: agreed.kex,
            host_key: agreed.host_key,
            v_c: env.idents.0.to_vec(),
            v_s: env.idents.1.to_vec(),
            i_c,
            i_s,
            group: None,
        });
        self.theirs = Some(theirs);
        self.agreed = Some(agreed);
        match self.role {
            Role::Client => self.client_begin(out, context),
            Role::Server => {
                self.step = match context.kex.flow {
                    KexFlow::GroupExchange => Step::ServerRequest(context),
                    KexFlow::Octets | KexFlow::Dh => Step::ServerInit(context),
                };
            }
        }
        Ok(())
    }

    /// Both sides agree: NEWKEYS goes out under the old keys, everything after it under the new ones.
    fn switch_outbound(&mut self, out: &mut Outbox, env: &Env<'_>, agreed: &Agreed) -> Result<()> {
        let session_id = self.session_id.get_or_insert_with(|| agreed.hash.clone()).clone();
        self.binding.get_or_insert_with(|| SessionBinding {
            host_key: agreed.shown.clone(),
            session_id: session_id.clone(),
            signature: agreed.signature.clone(),
        });
        let names = self.agreed.ok_or_else(|| Error::from(ErrorKind::Internal))?;
        let keys = |client_to_server: bool| Keys::derive(&names, agreed, &session_id, client_to_server);
        let (outgoing, incoming) = match self.role {
            Role::Client => (true, false),
            Role::Server => (false, true),
        };
        let side = |c2s: bool| if c2s { &names.c2s } else { &names.s2c };

        out.message_now(|buf| NewKeys::new().encode(buf));
        let (direction, material) = (side(outgoing), keys(outgoing));
        let sealer = (direction.cipher.seal)(&material.borrow(), direction.mac)?;
        out.packets().set_keys(sealer, self.strict);
        out.packets().set_compression(compresses_now(direction, env.authenticated));

        let (direction, material) = (side(incoming), keys(incoming));
        let opener = (direction.cipher.open)(&material.borrow(), direction.mac)?;
        self.inbound = Some(InboundChange {
            opener: Some(opener),
            reset_sequence: self.strict,
            inflate: Some(compresses_now(direction, env.authenticated)),
        });
        self.step = Step::NewKeys;
        Ok(())
    }

    fn peer_new_keys(&mut self, out: &mut Outbox, env: &Env<'_>, payload: &[u8]) -> Result<()> {
        NewKeys::parse(payload)?;
        let (Step::NewKeys, Some(change)) = (&self.step, self.inbound.take()) else {
            return Err(unexpected("NEWKEYS before the key exchange is over"));
        };
        self.change = Some(change);
        let first = self.is_first();
        self.in_force = self.agreed.take();
        self.ours = None;
        self.theirs = None;
        self.skip_guess = false;
        self.step = Step::Init;
        self.deadline = None;
        self.since = Some(env.now);
        out.event(Event::KexDone { first });
        Ok(())
    }

    fn begin_job(&mut self, out: &mut Outbox, job: KexJob) {
        self.step = Step::Computing;
        out.event(Event::Job(job));
    }
}

fn compresses_now(direction: &negotiate::Direction, authenticated: bool) -> bool {
    // zlib@openssh.com waits for authentication; after it, each exchange starts it anew (RFC 4253 section 6.2).
    direction.compression.active && (!direction.compression.delayed || authenticated)
}

fn unexpected(text: &'static str) -> Error {
    Error::new(ErrorKind::UnexpectedMessage, text)
}

/// Key material of one direction (RFC 4253 section 7.2).
struct Keys {
    iv: Zeroizing<Vec<u8>>,
    key: Zeroizing<Vec<u8>>,
    mac_key: Zeroizing<Vec<u8>>,
}

impl Keys {
    fn derive(names: &Negotiated, agreed: &Agreed, session_id: &[u8], client_to_server: bool) -> Self {
        let (side, letters) =
            if client_to_server { (&names.c2s, [b'A', b'C', b'E']) } else { (&names.s2c, [b'B', b'D', b'F']) };
        let [iv, key, mac] = letters;
        let derive = |letter, len| kdf::derive(names.kex.hash, &agreed.secret, &agreed.hash, letter, session_id, len);
        Self {
            iv: derive(iv, side.cipher.iv_len),
            key: derive(key, side.cipher.key_len),
            mac_key: derive(mac, side.mac.map_or(0, |m| m.key_len)),
        }
    }

    fn borrow(&self) -> DirectionKeys<'_> {
        DirectionKeys { key: &self.key, iv: &self.iv, mac_key: &self.mac_key }
    }
}
