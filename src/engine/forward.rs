//! What a client lets the peer open: forwarded connections, X11, the agent. Anything not asked for is refused.

use super::channel::Channel;
use super::core::{After, ChannelState, Core};
use super::deadline::Deadline;
use super::runtime::Runtime;
use super::shared::Shared;
use super::transport::Transport;
use crate::error::{Error, Result};
use crate::proto::event::{ChannelId, IncomingOpen};
use crate::wire::msg_channel::{ForwardedStreamlocalOpen, StreamlocalForward, TcpipForward, TcpipOpen};
use crate::wire::Reader;
use std::sync::Arc;

/// Takes a forwarded channel; runs on a thread of its own and may block. Without one, channels wait for `accept`.
pub type ForwardHandler = Arc<dyn Fn(Channel) + Send + Sync>;

/// RFC 4254 section 5.1.
const PROHIBITED: u32 = 1;

#[derive(PartialEq, Eq, Clone)]
enum Key {
    Tcp { address: String, port: u32 },
    Local { path: String },
}

/// What was asked for, and who takes it.
#[derive(Default)]
pub(super) struct Forwards {
    listening: Vec<(Key, Option<ForwardHandler>)>,
    x11: bool,
    /// x11-req with "single connection": one channel only (RFC 4254 section 6.3.1).
    x11_single: bool,
    x11_handler: Option<ForwardHandler>,
    agent: bool,
    agent_handler: Option<ForwardHandler>,
}

impl Forwards {
    pub(super) fn allow_agent(&mut self) {
        self.agent = true;
    }

    pub(super) fn allow_x11(&mut self, single: bool) {
        self.x11 = true;
        self.x11_single = single;
    }

    /// Whether dropping it may run the application's code.
    pub(super) fn is_of_application(&self) -> bool {
        self.x11_handler.is_some() || self.agent_handler.is_some() || !self.listening.is_empty()
    }

    /// Whether the peer may open this, and who takes it.
    fn admit(&mut self, open: &IncomingOpen) -> Option<Option<ForwardHandler>> {
        match open.kind.as_str() {
            "x11" if self.x11 => {
                self.x11 = !self.x11_single;
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
        self.listening.iter().find(|(known, _)| known == key).map(|(_, handler)| handler.clone())
    }
}

impl Transport {
    /// Asks the server to listen on `address` (RFC 4254 section 7.1) and to open a channel for each connection. Port
    /// 0 lets the server choose; returns the port. Handlers are kept per address and port.
    pub fn request_port_forward(
        &self,
        address: &str,
        port: u16,
        handler: Option<ForwardHandler>,
        deadline: Deadline,
    ) -> Result<u16> {
        let body = TcpipForward::new(address.as_bytes(), port.into()).encode_body();
        // Before the reply: the first connection may be as fast as it.
        let early = Key::Tcp { address: address.to_owned(), port: port.into() };
        if port != 0 {
            self.listen(early.clone(), handler.clone())?;
        }
        let reply = match self.global_request("tcpip-forward", &body, true, deadline) {
            Ok(reply) => reply.unwrap_or_default(),
            Err(error) => {
                self.unlisten(&early);
                return Err(error);
            }
        };
        if port != 0 {
            return Ok(port);
        }
        let chosen = Reader::new(&reply).u32()?;
        let chosen_port = u16::try_from(chosen).map_err(|_| Error::protocol("the port in the reply is above 65535"))?;
        self.listen(Key::Tcp { address: address.to_owned(), port: chosen }, handler)?;
        Ok(chosen_port)
    }

    /// Ends a forward; channels open through it stay.
    pub fn cancel_port_forward(&self, address: &str, port: u16, deadline: Deadline) -> Result<()> {
        let body = TcpipForward::new(address.as_bytes(), port.into()).encode_body();
        self.unlisten(&Key::Tcp { address: address.to_owned(), port: port.into() });
        self.global_request("cancel-tcpip-forward", &body, true, deadline).map(drop)
    }

    /// As [`Transport::request_port_forward`], for a Unix socket's path (OpenSSH PROTOCOL section 2.4).
    pub fn request_streamlocal_forward(
        &self,
        path: &str,
        handler: Option<ForwardHandler>,
        deadline: Deadline,
    ) -> Result<()> {
        let key = Key::Local { path: path.to_owned() };
        self.listen(key.clone(), handler)?;
        let body = StreamlocalForward::new(path.as_bytes()).encode_body();
        let done = self.global_request("streamlocal-forward@openssh.com", &body, true, deadline);
        if done.is_err() {
            self.unlisten(&key);
        }
        done.map(drop)
    }

    /// Ends such a forward.
    pub fn cancel_streamlocal_forward(&self, path: &str, deadline: Deadline) -> Result<()> {
        self.unlisten(&Key::Local { path: path.to_owned() });
        let body = StreamlocalForward::new(path.as_bytes()).encode_body();
        self.global_request("cancel-streamlocal-forward@openssh.com", &body, true, deadline).map(drop)
    }

    /// Sets who takes x11 channels; None: `accept` does.
    pub fn set_x11_handler(&self, handler: Option<ForwardHandler>) -> Result<()> {
        let old = std::mem::replace(&mut self.shared().lock()?.forwards.x11_handler, handler);
        drop(old);
        Ok(())
    }

    /// Sets who takes agent channels; None: `accept` does.
    pub fn set_agent_handler(&self, handler: Option<ForwardHandler>) -> Result<()> {
        let old = std::mem::replace(&mut self.shared().lock()?.forwards.agent_handler, handler);
        drop(old);
        Ok(())
    }

    fn listen(&self, key: Key, handler: Option<ForwardHandler>) -> Result<()> {
        let mut core = self.shared().lock()?;
        core.live()?;
        let old = {
            let listening = &mut core.forwards.listening;
            let at = listening.iter().position(|(known, _)| *known == key);
            let old = at.map(|at| listening.swap_remove(at));
            listening.push((key, handler));
            old
        };
        drop(core);
        // Outside of the lock: the handler's destructor is the application's code.
        drop(old);
        Ok(())
    }

    fn unlisten(&self, key: &Key) {
        let Ok(mut core) = self.shared().lock() else { return };
        let listening = &mut core.forwards.listening;
        let old = listening.iter().position(|(known, _)| known == key).map(|at| listening.swap_remove(at));
        drop(core);
        drop(old);
    }
}

/// A client's answer to a channel the peer opens.
pub(super) fn incoming(core: &mut Core, shared: &Arc<Shared>, id: ChannelId, open: &IncomingOpen) {
    match core.forwards.admit(open) {
        None => refuse(core, id, PROHIBITED, "this channel was not asked for"),
        Some(None) => {
            if accept(core, id) {
                core.incoming.push_back(id);
                shared.changed.notify_all();
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
