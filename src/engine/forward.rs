//! What a client lets the peer open: forwarded connections, X11, the agent. Anything not asked for is refused.

use super::channel::Channel;
use super::core::{After, ChannelState, Core};
use super::deadline::Deadline;
use super::runtime::Runtime;
use super::shared::Shared;
use super::transport::Transport;
use crate::error::{Error, Result};
use crate::proto::event::{ChannelId, IncomingOpen};
use crate::proto::phase::Role;
use crate::wire::msg_channel::{ForwardedStreamlocalOpen, StreamlocalForward, TcpipForward, TcpipOpen};
use crate::wire::Reader;
use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

/// Takes a forwarded channel; runs on a thread of its own and may block. Without one, channels wait for `accept`.
pub type ForwardHandler = Arc<dyn Fn(Channel) + Send + Sync>;

/// RFC 4254 section 5.1.
const PROHIBITED: u32 = 1;

/// What a server listens on for us.
#[derive(PartialEq, Eq, Clone)]
pub(super) enum Key {
    Tcp { address: String, port: u32 },
    Local { path: String },
}

impl Key {
    /// The request's name, or that of its cancellation, and its data.
    pub(super) fn request(&self, cancel: bool) -> (&'static str, Vec<u8>) {
        match self {
            Self::Tcp { address, port } => (
                if cancel { "cancel-tcpip-forward" } else { "tcpip-forward" },
                TcpipForward::new(address.as_bytes(), *port).encode_body(),
            ),
            Self::Local { path } => (
                if cancel { "cancel-streamlocal-forward@openssh.com" } else { "streamlocal-forward@openssh.com" },
                StreamlocalForward::new(path.as_bytes()).encode_body(),
            ),
        }
    }

    /// What the server listens on, now that it said so.
    fn granted(self, reply: &[u8]) -> Option<Self> {
        match self {
            Self::Tcp { address, port: 0 } => Some(Self::Tcp { address, port: chosen_port(reply).ok()?.into() }),
            key => Some(key),
        }
    }
}

/// The port in the reply to a request with port 0 (RFC 4254 section 7.1).
pub(super) fn chosen_port(reply: &[u8]) -> Result<u16> {
    let port = Reader::new(reply).u32()?;
    u16::try_from(port).map_err(|_| Error::protocol("the port in the reply is above 65535 (RFC 4254 section 7.1)"))
}

/// What a global request changes once it is granted. Not before: until then the server goes by what was.
pub(super) enum Effect {
    Listen(Key, Option<ForwardHandler>),
    Cancel(Key),
}

struct Asked {
    effect: Effect,
    /// Whoever asked has gone.
    abandoned: bool,
}

/// What a channel request allows once it is granted.
pub(super) enum Allow {
    Agent,
    /// With "single connection": one channel only (RFC 4254 section 6.3.1).
    X11 {
        single: bool,
    },
}

/// What was asked for, and who takes it.
#[derive(Default)]
pub(super) struct Forwards {
    listening: Vec<(Key, Option<ForwardHandler>)>,
    /// Global requests without a reply, by their tokens.
    asked: HashMap<u64, Asked>,
    /// Channel requests without a reply, by their tokens.
    pub(super) allowing: HashMap<u64, Allow>,
    x11: bool,
    /// Channels that may come beside.
    x11_once: usize,
    x11_handler: Option<ForwardHandler>,
    agent: bool,
    agent_handler: Option<ForwardHandler>,
}

impl Forwards {
    pub(super) fn ask(&mut self, token: u64, effect: Effect) {
        self.asked.insert(token, Asked { effect, abandoned: false });
    }

    pub(super) fn abandon(&mut self, token: u64) {
        if let Some(asked) = self.asked.get_mut(&token) {
            asked.abandoned = true;
        }
    }

    /// Whether dropping it may run the application's code.
    pub(super) fn is_of_application(&self) -> bool {
        self.x11_handler.is_some()
            || self.agent_handler.is_some()
            || !self.listening.is_empty()
            || !self.asked.is_empty()
    }

    /// Whether the peer may open this, and who takes it.
    fn admit(&mut self, open: &IncomingOpen) -> Option<Option<ForwardHandler>> {
        match open.kind.as_str() {
            "x11" if self.x11 => Some(self.x11_handler.clone()),
            "x11" => {
                self.x11_once = self.x11_once.checked_sub(1)?;
                Some(self.x11_handler.clone())
            }
            "auth-agent@openssh.com" | "auth-agent" if self.agent => Some(self.agent_handler.clone()),
            "forwarded-tcpip" => {
                let body = TcpipOpen::parse(&open.data).ok()?;
                let address = String::from_utf8_lossy(body.address).into_owned();
                self.listener(&Key::Tcp { address, port: body.port })
            }
            "forwarded-streamlocal@openssh.com" => {
                let body = ForwardedStreamlocalOpen::parse(&open.data).ok()?;
                self.listener(&Key::Local { path: String::from_utf8_lossy(body.path).into_owned() })
            }
            _ => None,
        }
    }

    fn listener(&self, key: &Key) -> Option<Option<ForwardHandler>> {
        let granted = self.listening.iter().find(|(known, _)| known == key).map(|(_, handler)| handler.clone());
        // A server may listen, and take a connection, before its reply is under way.
        granted.or_else(|| {
            self.asked.values().find_map(|asked| match &asked.effect {
                Effect::Listen(known, handler) if known == key && !asked.abandoned => Some(handler.clone()),
                _ => None,
            })
        })
    }

    fn remove(&mut self, key: &Key) -> Option<(Key, Option<ForwardHandler>)> {
        let at = self.listening.iter().position(|(known, _)| known == key)?;
        Some(self.listening.swap_remove(at))
    }
}

/// Takes the reply to a global request, None for a refusal. Here and not where it is waited for: the first channel may
/// come right behind it.
pub(super) fn global_replied(core: &mut Core, token: u64, reply: Option<&[u8]>) {
    let Some(Asked { effect, abandoned }) = core.forwards.asked.remove(&token) else { return };
    let old: Option<Box<dyn Any + Send>> = match (effect, reply) {
        (effect, None) => Some(Box::new(effect)),
        (Effect::Cancel(key), Some(_)) => core.forwards.remove(&key).map(|old| Box::new(old) as _),
        (Effect::Listen(key, handler), Some(reply)) => match key.granted(reply) {
            Some(key) if abandoned => {
                if core.forwards.listener(&key).is_none() {
                    let (name, body) = key.request(true);
                    // Nobody waits for the forward any more. Fails where the connection is gone, and the forward with it.
                    let _ = core.live().and_then(|conn| conn.global_request(name, &body, false));
                }
                Some(Box::new(handler))
            }
            Some(key) => {
                let old = core.forwards.remove(&key);
                core.forwards.listening.push((key, handler));
                old.map(|old| Box::new(old) as _)
            }
            None => Some(Box::new(handler)),
        },
    };
    // A handler's destructor is the application's code: not here, under the lock.
    core.after.extend(old.map(After::Drop));
}

/// Takes the reply to a channel request; here for the same reason.
pub(super) fn channel_replied(core: &mut Core, token: u64, ok: bool) {
    let forwards = &mut core.forwards;
    match forwards.allowing.remove(&token).filter(|_| ok) {
        Some(Allow::Agent) => forwards.agent = true,
        Some(Allow::X11 { single: false }) => forwards.x11 = true,
        Some(Allow::X11 { single: true }) => forwards.x11_once = forwards.x11_once.saturating_add(1),
        None => {}
    }
}

impl Transport {
    /// Asks the server to listen on `address` (RFC 4254 section 7.1) and to open a channel for each connection. Port
    /// 0 lets the server choose; returns the port. Handlers are kept per address and port; one that is granted again
    /// gets the new handler. When the deadline passes first, a forward granted later is cancelled.
    pub fn request_port_forward(
        &self,
        address: &str,
        port: u16,
        handler: Option<ForwardHandler>,
        deadline: Deadline,
    ) -> Result<u16> {
        let reply = self.forward(Key::Tcp { address: address.to_owned(), port: port.into() }, handler, deadline)?;
        if port == 0 {
            chosen_port(&reply)
        } else {
            Ok(port)
        }
    }

    /// Ends a forward; channels open through it stay. Refused, it goes on.
    pub fn cancel_port_forward(&self, address: &str, port: u16, deadline: Deadline) -> Result<()> {
        self.cancel_forward(Key::Tcp { address: address.to_owned(), port: port.into() }, deadline)
    }

    /// As [`Transport::request_port_forward`], for a Unix socket's path (OpenSSH PROTOCOL section 2.4).
    pub fn request_streamlocal_forward(
        &self,
        path: &str,
        handler: Option<ForwardHandler>,
        deadline: Deadline,
    ) -> Result<()> {
        self.forward(Key::Local { path: path.to_owned() }, handler, deadline).map(drop)
    }

    /// Ends such a forward.
    pub fn cancel_streamlocal_forward(&self, path: &str, deadline: Deadline) -> Result<()> {
        self.cancel_forward(Key::Local { path: path.to_owned() }, deadline)
    }

    fn forward(&self, key: Key, handler: Option<ForwardHandler>, deadline: Deadline) -> Result<Vec<u8>> {
        self.require_role(Role::Client)?;
        let (name, body) = key.request(false);
        self.ask_global(name, &body, Some(Effect::Listen(key, handler)), deadline)
    }

    fn cancel_forward(&self, key: Key, deadline: Deadline) -> Result<()> {
        self.require_role(Role::Client)?;
        let (name, body) = key.request(true);
        self.ask_global(name, &body, Some(Effect::Cancel(key)), deadline).map(drop)
    }

    /// Sets who takes x11 channels; None: `accept` does.
    pub fn set_x11_handler(&self, handler: Option<ForwardHandler>) -> Result<()> {
        self.set_handler(handler, |forwards| &mut forwards.x11_handler)
    }

    /// Sets who takes agent channels; None: `accept` does.
    pub fn set_agent_handler(&self, handler: Option<ForwardHandler>) -> Result<()> {
        self.set_handler(handler, |forwards| &mut forwards.agent_handler)
    }

    fn set_handler(
        &self,
        handler: Option<ForwardHandler>,
        place: fn(&mut Forwards) -> &mut Option<ForwardHandler>,
    ) -> Result<()> {
        let mut core = self.shared().lock()?;
        // After the end nothing would drop it.
        if let Some(error) = &core.error {
            return Err(error.clone());
        }
        let old = std::mem::replace(place(&mut core.forwards), handler);
        drop(core);
        // Outside of the lock: its destructor is the application's code.
        drop(old);
        Ok(())
    }
}

/// A client's answer to a channel the peer opens.
pub(super) fn incoming(core: &mut Core, shared: &Arc<Shared>, id: ChannelId, open: &IncomingOpen) {
    match core.forwards.admit(open) {
        None => refuse(core, id, PROHIBITED, "this channel was not asked for"),
        Some(None) => {
            if accept(core, id) {
                core.offer_incoming(shared, id);
            }
        }
        Some(Some(handler)) => {
            if !accept(core, id) {
                return;
            }
            let Ok(channel) = Channel::make(core, shared, id, true) else { return };
            // Its last handle must not be dropped here, under the lock.
            core.after.push(After::Drop(Box::new(channel.clone())));
            // Without a thread to be had the channel closes again.
            let _ = Runtime::get().pool.spawn(Box::new(move || handler(channel)));
        }
    }
}

/// Confirms a channel with the transport's window and packet size.
pub(super) fn accept(core: &mut Core, id: ChannelId) -> bool {
    let (window, max_packet) = (core.options.config.window, core.options.config.max_packet);
    let accepted = core.live().is_ok_and(|conn| conn.accept_channel(id, window, max_packet).is_ok());
    if accepted {
        core.channels.entry(id).or_insert_with(|| ChannelState::new(Some(Ok(()))));
    }
    accepted
}

/// Refuses it.
pub(super) fn refuse(core: &mut Core, id: ChannelId, reason: u32, text: &str) {
    if let Ok(conn) = core.live() {
        // Fails where the channel or the connection is gone: nothing is left to refuse.
        let _ = conn.refuse_channel(id, reason, text);
    }
}
