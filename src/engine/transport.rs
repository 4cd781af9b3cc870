//! A transport's handle: making one, looking at it, closing it.

use super::channel::Channel;
use super::connect::{self, AddressFamily};
use super::core::Core;
use super::deadline::Deadline;
use super::shared::{Io, Shared, Socket};
use super::stream::{ByteStream, ChannelStream, StreamIo};
use super::sys;
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::PublicKey;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::proto::config::{Config, Preferences};
use crate::proto::connection::Connection;
use crate::proto::event::SessionBinding;
use crate::proto::negotiate::Negotiated;
use crate::proto::phase::Role;
use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// SSH_DISCONNECT_BY_APPLICATION, RFC 4253 section 11.1.
const BY_APPLICATION: u32 = 11;

/// What a transport is made with. Zero durations mean no bound, except where noted.
#[derive(Debug, Clone)]
pub struct TransportOptions {
    /// The protocol's settings.
    pub config: Config,
    /// Bound on resolving and connecting, beside the call's deadline.
    pub connect_timeout: Duration,
    /// Which of a host's addresses are tried.
    pub address_family: AddressFamily,
    /// The deadline of a channel open that names none.
    pub channel_timeout: Duration,
    /// How long a send may be held back by a key exchange.
    pub send_timeout: Duration,
    /// How long closing may take to get DISCONNECT out. Zero: what the socket takes at once.
    pub close_timeout: Duration,
    /// Server: tell clients all host keys once they are in, and prove to hold them (OpenSSH PROTOCOL section 2.5).
    pub announce_host_keys: bool,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            config: Config::default(),
            connect_timeout: Duration::ZERO,
            address_family: AddressFamily::Any,
            channel_timeout: Duration::from_secs(3600),
            send_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(1),
            announce_host_keys: true,
        }
    }
}

/// One SSH connection, client or server. Clones name the same one; dropping the last closes it without blocking.
#[derive(Clone)]
pub struct Transport {
    handle: Arc<Handle>,
}

/// Owned by all clones together; its drop is the last one's.
struct Handle {
    shared: Arc<Shared>,
    /// False for the view that hooks and channels get: it closes nothing, so that an application which drops its own
    /// handles need not wait for a hook that runs.
    owner: bool,
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.owner {
            return;
        }
        self.shared.without_waiting(|core| core.disconnect());
    }
}

impl Core {
    /// Ends the protocol: DISCONNECT is queued, waiters wake when the lock is given back.
    pub(super) fn disconnect(&mut self) {
        if self.is_over() {
            return;
        }
        match &mut self.conn {
            Some(conn) => conn.disconnect(Instant::now(), BY_APPLICATION, "closed by the application"),
            None => {
                self.error = Some(ErrorKind::Closed.into());
                self.out.give_up();
                self.tell_transport_watchers();
                self.drop_callbacks();
            }
        }
    }
}

impl Transport {
    fn new(io: Io, peer: (String, u16), options: TransportOptions) -> Self {
        Self::of(Shared::new(Core::new(io, options), peer))
    }

    fn of(shared: Arc<Shared>) -> Self {
        Self { handle: Arc::new(Handle { shared, owner: true }) }
    }

    /// A handle that does not keep the transport open.
    pub(super) fn view(shared: &Arc<Shared>) -> Self {
        Self { handle: Arc::new(Handle { shared: Arc::clone(shared), owner: false }) }
    }

    /// A further handle that does not keep the transport open.
    #[must_use]
    pub fn observer(&self) -> Self {
        Self::view(self.shared())
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }

    /// Resolves `host` ("host", "host:port", "[v6]:port"; port 22 unless given) and connects, trying every address;
    /// the deadline covers all of it. The error lists what each address said.
    pub fn connect_host(host: &str, options: TransportOptions, deadline: Deadline) -> Result<Self> {
        let (name, port) = connect::split_host(host)?;
        Self::connect(name, port, options, deadline)
    }

    /// As [`Transport::connect_host`], with the port apart; `address` may be a name too.
    pub fn connect_address(address: &str, port: u16, options: TransportOptions, deadline: Deadline) -> Result<Self> {
        Self::connect(address, port, options, deadline)
    }

    fn connect(host: &str, port: u16, options: TransportOptions, deadline: Deadline) -> Result<Self> {
        let bound = options.connect_timeout;
        let deadline = if bound.is_zero() { deadline } else { deadline.earlier(Deadline::after(bound)) };
        let stream =
            connect::connect(host, port, options.address_family, deadline).map_err(|e| e.at(Stage::Connect))?;
        Self::from_fd(stream.into(), options)
    }

    /// Over a connected stream socket, which is made non-blocking and close-on-exec.
    pub fn from_fd(fd: OwnedFd, options: TransportOptions) -> Result<Self> {
        sys::prepare_socket(fd.as_fd()).map_err(|e| match e.kind() {
            std::io::ErrorKind::InvalidInput => {
                Error::new(ErrorKind::InvalidArgument, "the descriptor is not a stream socket")
            }
            _ => Error::new(ErrorKind::InvalidArgument, format!("the descriptor cannot be used: {e}")),
        })?;
        let (fd, peer) = peer_of(fd);
        Ok(Self::new(Io::Socket(Arc::new(Socket::new(fd))), peer, options))
    }

    /// Over a stream of the application's.
    pub fn from_stream(stream: Box<dyn ByteStream>, options: TransportOptions) -> Result<Self> {
        let peer = stream.peer().unwrap_or_else(unknown);
        Ok(Self::new(Io::Stream(Arc::new(StreamIo::new(stream))), peer, options))
    }

    /// Over a channel of another transport, which must stay open. `InvalidState` while its opening is not answered.
    pub fn from_channel(channel: Channel, options: TransportOptions) -> Result<Self> {
        if !channel.is_answered()? {
            return Err(Error::new(ErrorKind::InvalidState, "the peer has not answered the opening of the channel"));
        }
        Self::from_stream(Box::new(ChannelStream(channel)), options)
    }

    /// The algorithm preferences.
    pub fn preferences(&self) -> Result<Preferences> {
        Ok(self.shared().lock()?.options.config.preferences.clone())
    }

    /// Replaces them; `InvalidState` once started.
    pub fn set_preferences(&self, preferences: Preferences) -> Result<()> {
        self.edit_config(|config| config.preferences = preferences)
    }

    /// Changes settings; `InvalidState` once started.
    pub fn edit_config(&self, edit: impl FnOnce(&mut Config)) -> Result<()> {
        let mut core = self.shared().lock()?;
        core.unstarted()?;
        edit(&mut core.options.config);
        Ok(())
    }

    /// The options it was made with, later edits included.
    pub fn options(&self) -> Result<TransportOptions> {
        Ok(self.shared().lock()?.options.clone())
    }

    /// Ends the protocol: DISCONNECT (11) within the close time-out, then the socket closes. Wakes every waiter.
    /// Idempotent.
    pub fn close(&self) {
        let Ok(mut core) = self.shared().lock() else { return };
        core.disconnect();
        let bound = Deadline::after(core.options.close_timeout);
        core.wait_changed(bound, |core| core.io.is_none().then_some(()));
    }

    /// Started, past the first key exchange, and not over.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.shared().lock().is_ok_and(|core| core.is_active())
    }

    /// Authenticated, and not over.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.peek(|conn| conn.is_authenticated()).unwrap_or(false) && self.is_active()
    }

    /// The authenticated user; None before success.
    #[must_use]
    pub fn username(&self) -> Option<String> {
        self.peek(|conn| conn.username().map(str::to_owned)).flatten()
    }

    /// The server's banner, unfiltered.
    #[must_use]
    pub fn banner(&self) -> Option<Vec<u8>> {
        self.peek(|conn| conn.banner().map(<[u8]>::to_vec)).flatten()
    }

    /// The server's host key; `InvalidState` before it is known.
    pub fn remote_server_key(&self) -> Result<PublicKey> {
        let key = self.peek(|conn| conn.remote_host_key().cloned()).flatten();
        key.ok_or_else(|| Error::new(ErrorKind::InvalidState, "no existing session: the host key is not known yet"))
    }

    /// What the first key exchange proved, for agents; None before it is over.
    #[must_use]
    pub fn session_binding(&self) -> Option<SessionBinding> {
        self.peek(|conn| conn.binding().cloned()).flatten()
    }

    /// The certificate the server showed for its host key; None where it showed none, and before the key is known.
    #[must_use]
    pub fn remote_server_certificate(&self) -> Option<Certificate> {
        self.peek(|conn| conn.remote_host_certificate().cloned()).flatten()
    }

    /// The peer's identification string, made printable.
    #[must_use]
    pub fn remote_version(&self) -> Option<String> {
        self.peek(|conn| conn.remote_ident().map(crate::error::printable)).flatten()
    }

    /// The algorithms in force.
    #[must_use]
    pub fn negotiated(&self) -> Option<Negotiated> {
        self.peek(|conn| conn.negotiated().copied()).flatten()
    }

    /// The session identifier (RFC 4253 section 7.2); None before the first key exchange.
    #[must_use]
    pub fn session_id(&self) -> Option<Vec<u8>> {
        self.peek(|conn| conn.session_id().map(<[u8]>::to_vec)).flatten()
    }

    /// Looks at the connection, ended or not.
    pub(super) fn peek<R>(&self, look: impl FnOnce(&Connection) -> R) -> Option<R> {
        self.shared().lock().ok()?.conn.as_ref().map(look)
    }

    /// One line for people: state, cipher, open channels.
    #[must_use]
    pub fn describe(&self) -> String {
        let (host, port) = self.peer_name();
        let Ok(core) = self.shared().lock() else { return "transport (belongs to the parent process)".to_owned() };
        let state = match &core.conn {
            _ if core.is_over() => "closed".to_owned(),
            None => "unconnected".to_owned(),
            Some(conn) if core.exchanges == 0 => {
                let peer = conn.remote_ident().map(crate::error::printable).unwrap_or_default();
                format!("negotiating {peer}").trim_end().to_owned()
            }
            Some(conn) => {
                let cipher = conn
                    .negotiated()
                    .map_or(String::new(), |n| format!(" (cipher {}, {} bits)", n.c2s.cipher.name, n.c2s.cipher.bits));
                let state = if conn.is_authenticated() { "active" } else { "awaiting auth" };
                format!("{state}{cipher}; {} open channel(s)", conn.open_channels())
            }
        };
        format!("transport to {host}:{port}: {state}")
    }

    /// The peer's address and port; ("unknown", 0) where there is none.
    #[must_use]
    pub fn peer_name(&self) -> (String, u16) {
        self.shared().peer.clone()
    }

    /// In a forked child: gives the session up there, without a trace for the parent's. Takes no lock.
    pub fn atfork(&self) {
        self.shared().atfork();
    }

    /// The name log lines of this transport carry.
    #[must_use]
    pub fn log_channel(&self) -> String {
        self.shared().log_name().to_string()
    }

    /// Sets that name.
    pub fn set_log_channel(&self, name: &str) {
        self.shared().set_log_name(name);
    }

    /// Logs a line of the transport's; call it with no lock held.
    pub fn log(&self, level: u8, text: &str) {
        super::log::write(level, &self.shared().log_name(), text);
    }

    /// Fails with `InvalidState` where the transport was started in the other role.
    pub fn require_role(&self, role: Role) -> Result<()> {
        self.shared().lock()?.require_role(role)
    }

    /// Whether packets are dumped to the log, at level 4. Authentication and key exchange messages are hidden.
    #[must_use]
    pub fn hexdump(&self) -> bool {
        self.shared().lock().is_ok_and(|core| core.hexdump)
    }

    /// Turns dumps on or off, at any time.
    pub fn set_hexdump(&self, on: bool) {
        let Ok(mut core) = self.shared().lock() else { return };
        core.hexdump = on;
        if let Some(conn) = &mut core.conn {
            conn.set_hexdump(on);
        }
    }

    /// Keeps an error for [`Transport::take_exception`].
    pub fn store_exception(&self, error: Error) {
        self.shared().replace_exception(error);
    }

    /// Takes the error kept, if any.
    #[must_use]
    pub fn take_exception(&self) -> Option<Error> {
        self.shared().take_exception()
    }

    /// Why the transport is over, if it is.
    #[must_use]
    pub fn end_reason(&self) -> Option<Error> {
        self.shared().lock().ok()?.error.clone()
    }
}

fn unknown() -> (String, u16) {
    ("unknown".to_owned(), 0)
}

/// The peer of a socket. The standard library reads addresses of TCP sockets; others have none that C could use.
fn peer_of(fd: OwnedFd) -> (OwnedFd, (String, u16)) {
    let stream = TcpStream::from(fd);
    let peer = stream.peer_addr().map_or_else(|_| unknown(), |at| (at.ip().to_string(), at.port()));
    (stream.into(), peer)
}
