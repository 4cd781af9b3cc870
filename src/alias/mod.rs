//! From a name in an ssh_config to a connection that is logged in: the hosts on the way, host keys, identities.
//!
//! - `settings` makes a transport's options of the host's, and refuses what cannot be done.
//! - `trust` decides over the host key.
//! - `identity` finds the keys, `login` uses them and asks the caller for the rest.
//!
//! What a session asks for (RemoteCommand, RequestTTY, SendEnv, forwardings) is the caller's business.

mod identity;
mod login;
mod settings;
mod trust;

use crate::config::{Config, HostConfig, Jump, Local, World};
use crate::crypto::hostkey::{PrivateKey, PublicKey};
use crate::engine::{Deadline, Transport};
use crate::error::{printable, Error, ErrorKind, Result, Stage};
use crate::proto::event::{Prompts, SecretBytes};
use crate::wire::Writer;
use std::os::fd::OwnedFd;

/// How many hosts may be on the way, those that their own configuration adds among them.
const MAX_HOPS: usize = 16;

/// What helps where an alias holds more than a host.
const AS_SETTINGS: &str = "give the user and the port as settings: \"User=...\", \"Port=...\"";

/// What the caller is asked on the way. None, and false, give up that way of logging in, not the others.
pub trait Caller {
    /// The passphrase of a private key's file. `attempt` is from 0.
    fn passphrase(&mut self, file: &str, attempt: u32) -> Option<SecretBytes>;

    /// The password of a user. `attempt` is from 0.
    fn password(&mut self, user: &str, host: &str, attempt: u32) -> Option<SecretBytes>;

    /// Answers to a server's questions; `host` is the one that asks.
    fn answers(&mut self, host: &str, prompts: &Prompts) -> Option<Vec<SecretBytes>>;

    /// Whether [`Self::password`] may give one.
    fn has_password(&self) -> bool;

    /// Whether [`Self::answers`] may give some. If not, the password answers a single question without echo.
    fn has_answers(&self) -> bool;

    /// Whether a host key that nobody knows is to be trusted, and remembered.
    fn trusts(&mut self, host: &str, port: u16, key: &PublicKey) -> bool;

    /// Runs a proxy command and gives a stream socket that is connected with it.
    ///
    /// # Errors
    /// `Unsupported` where the caller runs none.
    fn run_proxy(&mut self, command: &str) -> Result<OwnedFd>;

    /// Further keys to log in with, tried before those of the files, IdentitiesOnly or not.
    fn keys(&self) -> &[PrivateKey];
}

/// Where to look up, and for whom.
pub struct Book<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Who asks.
    pub local: &'a Local,
    /// Files and the like.
    pub world: &'a dyn World,
}

/// A connection that is logged in.
pub struct Connected {
    /// To the destination.
    pub transport: Transport,
    /// The transports that it runs through, the first first; they must live as long as it.
    pub way: Vec<Transport>,
    /// The destination's name and port.
    pub host: (String, u16),
}

/// Looks an alias up, connects, over the hosts that ProxyJump names or a proxy command, checks every host key and logs
/// in everywhere. `deadline` bounds all of it together, the caller's own time among it.
///
/// # Errors
/// Those of [`Config::lookup`]; `Unsupported` for an option that cannot be followed; those of connecting, negotiating
/// and logging in; `HostKeyUnknown`, `HostKeyMismatch`, `HostKeyRevoked`.
pub fn connect(book: &Book<'_>, alias: &str, caller: &mut dyn Caller, deadline: Deadline) -> Result<Connected> {
    if alias.contains('@') {
        let text = format!("\"{}\": an alias is a host's name without a user", printable(alias.as_bytes()));
        return Err(Error::new(ErrorKind::InvalidArgument, text).helped_by(AS_SETTINGS));
    }
    // One colon is no IPv6 address.
    let has_port = alias.matches(':').count() == 1;
    let helped = |error: Error| match error.kind() {
        ErrorKind::ResolveFailed | ErrorKind::InvalidArgument if has_port => error.helped_by(AS_SETTINGS),
        _ => error,
    };
    let host = book.config.lookup(alias, book.local, book.world).map_err(helped)?;
    let for_hops = book.config.for_hop();
    let mut trip = Trip { book, for_hops, caller, deadline, way: Vec::new() };
    trip.visit(&host, &[], 0).map_err(helped)?;
    let transport = trip.way.pop().ok_or_else(|| Error::from(ErrorKind::Internal))?;
    Ok(Connected { transport, way: trip.way, host: (host.host().to_owned(), settings::port(&host)) })
}

/// Says what helps where a host on the way does not lead further: nobody has set up a forwarding.
fn refused_by_jump(error: Error) -> Error {
    match error.kind() {
        ErrorKind::ChannelConnectFailed => {
            error.helped_by("the host before it on the way cannot reach it: check HostName and Port")
        }
        ErrorKind::ChannelProhibited => error.helped_by(
            "the host before it on the way allows no connection to it: see its AllowTcpForwarding and PermitOpen",
        ),
        _ => error,
    }
}

/// What is shared by all hosts of a connection.
struct Trip<'a, 'b> {
    book: &'a Book<'a>,
    for_hops: Config,
    caller: &'b mut dyn Caller,
    deadline: Deadline,
    /// The transports so far, each through the one before.
    way: Vec<Transport>,
}

impl Trip<'_, '_> {
    /// Goes to a host, over those that lead there. `asked` are the hosts of a ProxyJump before this one: they take the
    /// place of the host's own.
    fn visit(&mut self, host: &HostConfig, asked: &[Jump], depth: usize) -> Result<()> {
        if depth >= MAX_HOPS || self.way.len() >= MAX_HOPS {
            let origin = host.origin("proxyjump").map(|origin| format!("{origin}: ")).unwrap_or_default();
            let text = format!("{origin}ProxyJump: more than {MAX_HOPS} hosts are on the way");
            return Err(Error::new(ErrorKind::Config, text));
        }
        let jumps = if asked.is_empty() { host.jumps() } else { asked };
        let last = jumps.last();
        if let Some((last, before)) = jumps.split_last() {
            let hop = self
                .look_up(last)
                .map_err(|error| error.after(&format!("jump host \"{}\": ", printable(last.host.as_bytes()))))?;
            self.visit(&hop, before, depth + 1)?;
        }
        let before = self.place(host, last.map(|jump| jump.host.as_str()), depth);
        self.open(host).map_err(|error| error.after(&before))
    }

    /// What errors begin with where more than one host could be meant.
    fn place(&self, host: &HostConfig, through: Option<&str>, depth: usize) -> String {
        let show = |text: &str| printable(text.as_bytes());
        let (alias, name, port) = (show(host.alias()), show(host.host()), settings::port(host));
        match (depth, through) {
            (0, None) => String::new(),
            (0, Some(jump)) => format!("\"{alias}\" ({name}:{port}) through \"{}\": ", show(jump)),
            _ => format!("jump host \"{alias}\" ({}@{name}:{port}): ", show(host.get("user").unwrap_or_default())),
        }
    }

    fn look_up(&self, jump: &Jump) -> Result<HostConfig> {
        let mut config = self.for_hops.clone();
        config.put_first(jump);
        config.lookup(&jump.host, self.book.local, self.book.world)
    }

    /// Connects through the last transport of the way, or directly, and logs in.
    fn open(&mut self, host: &HostConfig) -> Result<()> {
        settings::check(host)?;
        let limit = settings::connect_deadline(host, self.deadline)?;
        let options = settings::transport_options(host)?;
        let (name, port) = (host.host(), settings::port(host));
        let is_direct = self.way.is_empty() && host.get("proxycommand").is_none();
        let transport = match self.way.last() {
            Some(before) => {
                let mut target = Vec::new();
                // Where the connection comes from is nobody's business (RFC 4254 section 7.2).
                Writer::new(&mut target).string(name).u32(u32::from(port)).string("127.0.0.1").u32(0);
                let channel =
                    before.open_channel("direct-tcpip", &target, None, None, limit).map_err(refused_by_jump)?;
                Transport::from_channel(channel, options)?
            }
            None if host.get("proxycommand").is_some() => {
                let command = host.expanded("proxycommand", 0, self.book.world)?;
                let stream = self.caller.run_proxy(&command).map_err(|error| match host.origin("proxycommand") {
                    Some(origin) => error.after(&format!("{origin}: ")),
                    None => error,
                })?;
                Transport::from_fd(stream, options)?
            }
            None => {
                let attempts = host.number("connectionattempts").unwrap_or(1);
                settings::repeat(attempts, || Transport::connect_address(name, port, options.clone(), limit))?
            }
        };
        // In the list at once: on an error it is closed after what runs through it.
        self.way.push(transport.clone());
        let mut trust = trust::Trust::load(host, self.book.world)?;
        trust.order_host_keys(&transport, host)?;
        transport.start_client(limit)?;
        let may_ask = trust.check(&transport, host, self.caller, is_direct).map_err(|error| {
            transport.close();
            error.at(Stage::Kex)
        })?;
        let places = (self.book.local, self.book.world);
        login::log_in(&transport, host, places, self.caller, may_ask, self.deadline)?;
        settings::keep_alive(&transport, host)
    }
}
