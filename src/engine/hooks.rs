//! What a server asks its application. Hooks run on the transport's strand of the pool: in order, with no lock held,
//! and free to block; only their own transport's hooks wait for them. What a hook does not decide is denied.

use super::channel::Channel;
use super::permit::Grants;
use super::shared::{Locked, Shared};
use super::transport::Transport;
use crate::crypto::hostkey::PrivateKey;
use crate::crypto::moduli::Moduli;
use crate::error::Result;
use crate::proto::event::{AuthQuestion, AuthVerdict, IncomingOpen};
use crate::wire::msg_channel as msg;
use std::collections::HashMap;
use std::sync::RwLock;
use std::sync::{Arc, PoisonError};

/// A channel request, parsed as RFC 4254 section 6 has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelAsk<'a> {
    /// "pty-req".
    Pty(msg::PtyRequest<'a>),
    /// "shell".
    Shell,
    /// "exec" with its command.
    Exec(&'a [u8]),
    /// "subsystem" with its name.
    Subsystem(&'a [u8]),
    /// "env".
    Environment(msg::EnvRequest<'a>),
    /// A variable that the user's permissions set: no request of the peer's. The answer changes nothing.
    PermittedEnvironment(msg::EnvRequest<'a>),
    /// "window-change".
    WindowChange(msg::WindowChange<'a>),
    /// "x11-req".
    X11(msg::X11Request<'a>),
    /// "auth-agent-req@openssh.com".
    ForwardAgent,
    /// "signal" with its name, without "SIG".
    Signal(&'a [u8]),
    /// "break" with its length in milliseconds.
    Break(u32),
    /// Anything else, unparsed.
    Other {
        /// Request type.
        request: &'a str,
        /// Type-specific data.
        data: &'a [u8],
    },
}

impl<'a> ChannelAsk<'a> {
    /// Parses a request's body. An error means that the peer broke the format.
    pub fn parse(request: &'a str, data: &'a [u8]) -> Result<Self> {
        Ok(match request {
            "pty-req" => Self::Pty(msg::PtyRequest::parse(data)?),
            "shell" => Self::Shell,
            "exec" => Self::Exec(msg::ExecRequest::parse(data)?.command),
            "subsystem" => Self::Subsystem(msg::SubsystemRequest::parse(data)?.name),
            "env" => Self::Environment(msg::EnvRequest::parse(data)?),
            "window-change" => Self::WindowChange(msg::WindowChange::parse(data)?),
            "x11-req" => Self::X11(msg::X11Request::parse(data)?),
            "auth-agent-req@openssh.com" => Self::ForwardAgent,
            "signal" => Self::Signal(msg::SignalRequest::parse(data)?.signal),
            "break" => Self::Break(msg::BreakRequest::parse(data)?.milliseconds),
            _ => Self::Other { request, data },
        })
    }
}

/// An authentication step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthAsk {
    /// The user name the request carries.
    pub user: String,
    /// Methods this user already passed with [`AuthVerdict::Partial`]; a change of the user name empties it.
    pub passed: Vec<&'static str>,
    /// The question.
    pub question: AuthQuestion,
}

/// What a hook says to a channel request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verdict {
    /// Yes.
    Accept,
    /// No.
    Refuse,
    /// A subsystem goes to the handler registered for it; anything else is refused.
    #[default]
    Undecided,
}

/// The right to answer one question, once, from any thread, during the hook or after it. Dropped unused, it denies.
pub struct Answer<A: 'static> {
    owner: Arc<Shared>,
    give: Option<Box<Give<A>>>,
}

type Give<A> = dyn FnOnce(&mut Locked<'_>, Option<A>) + Send;

impl<A: 'static> Answer<A> {
    pub(super) fn new(owner: &Arc<Shared>, give: impl FnOnce(&mut Locked<'_>, Option<A>) + Send + 'static) -> Self {
        Self { owner: Arc::clone(owner), give: Some(Box::new(give)) }
    }

    /// Answers. Does nothing where the connection is over.
    pub fn give(mut self, said: A) {
        let Some(give) = self.give.take() else { return };
        if let Ok(mut core) = self.owner.lock() {
            give(&mut core, Some(said));
        }
    }
}

impl<A: 'static> Drop for Answer<A> {
    fn drop(&mut self) {
        if let Some(give) = self.give.take() {
            self.owner.without_waiting(move |core| give(core, None));
        }
    }
}

/// Why a channel is refused: a reason of RFC 4254 section 5.1 and a text.
pub type Refusal = (u32, String);

/// The server's application. Every method has a default that denies. A method may return before it has answered: the
/// peer waits, hooks for what else it does go on.
pub trait Hooks: Send + Sync {
    /// Authentication methods that can come now, most useful first: a refusal lists them, and a request for another is
    /// refused without being asked about. `passed` are those this user passed, a step decided now included.
    fn allowed_auths(&self, _transport: &Transport, _user: &str, _passed: &[&str]) -> Vec<String> {
        Vec::new()
    }

    /// An authentication step. A key query's success authenticates nobody: the same key comes again with a verified
    /// signature.
    fn check_auth(&self, _transport: &Transport, _ask: &AuthAsk, _answer: Answer<AuthVerdict>) {}

    /// A text shown before authentication, and its language tag.
    fn banner(&self, _transport: &Transport) -> Option<(String, String)> {
        None
    }

    /// The peer opens a channel.
    fn check_channel_open(
        &self,
        _transport: &Transport,
        _id: u32,
        _open: &IncomingOpen,
        _answer: Answer<std::result::Result<(), Refusal>>,
    ) {
    }

    /// The peer asks something of a channel. The handle does not keep the channel open.
    fn check_channel_request(&self, _channel: &Channel, _ask: &ChannelAsk<'_>, answer: Answer<Verdict>) {
        answer.give(Verdict::Undecided);
    }

    /// The peer asks us to listen for it; the answer is the port listened on (port 0 leaves the choice to us), or None
    /// to refuse.
    fn check_port_forward(&self, _transport: &Transport, _address: &str, _port: u16, _answer: Answer<Option<u16>>) {}

    /// The peer ends such a forward; false: there is none.
    fn cancel_port_forward(&self, _transport: &Transport, _address: &str, _port: u16, _answer: Answer<bool>) {}

    /// The peer asks us to listen on a Unix socket (OpenSSH PROTOCOL section 2.4).
    fn check_streamlocal_forward(&self, _transport: &Transport, _path: &str, _answer: Answer<bool>) {}

    /// The peer ends such a forward; false: there is none.
    fn cancel_streamlocal_forward(&self, _transport: &Transport, _path: &str, _answer: Answer<bool>) {}

    /// Any other global request: the reply's data, or None to refuse.
    fn check_global_request(
        &self,
        _transport: &Transport,
        _request: &str,
        _data: &[u8],
        _answer: Answer<Option<Vec<u8>>>,
    ) {
    }
}

/// Denies everything.
pub(super) struct DenyAll;

impl Hooks for DenyAll {}

/// Serves a subsystem on a thread of its own; the channel is closed when it returns. Gets the subsystem's name.
pub type SubsystemHandler = Arc<dyn Fn(&Channel, &str) + Send + Sync>;

/// What a transport needs to be a server.
#[derive(Default)]
pub(super) struct ServerSide {
    pub hooks: Option<Arc<dyn Hooks>>,
    /// One a key type.
    pub keys: Vec<PrivateKey>,
    pub subsystems: HashMap<String, SubsystemHandler>,
    pub banner_sent: bool,
    /// What its user may do.
    pub grants: Grants,
}

impl ServerSide {
    /// Whether dropping it may run the application's code.
    pub(super) fn is_of_application(&self) -> bool {
        self.hooks.is_some() || !self.subsystems.is_empty()
    }
}

/// Protects the place of the process's moduli only.
static MODULI: RwLock<Option<Arc<Moduli>>> = RwLock::new(None);

/// Sets the groups that servers started from here on offer for group exchange (RFC 4419); None: they do not offer it.
pub fn set_server_moduli(moduli: Option<Arc<Moduli>>) {
    *MODULI.write().unwrap_or_else(PoisonError::into_inner) = moduli.filter(|moduli| !moduli.is_empty());
}

pub(super) fn server_moduli() -> Option<Arc<Moduli>> {
    MODULI.read().unwrap_or_else(PoisonError::into_inner).clone()
}
