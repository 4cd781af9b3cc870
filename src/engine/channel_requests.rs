//! Channel requests (RFC 4254 section 6) and what the peer reports about a command's end.

use super::channel::Channel;
use super::core::Core;
use super::deadline::Deadline;
use super::forward::Allow;
use super::shared::Locked;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::channel::{self as proto, ExitSignal};
use crate::wire::msg_channel as msg;
use crate::wire::x11::Authorization;

/// A terminal's size; zero where it does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PtySize {
    /// Columns, characters.
    pub columns: u32,
    /// Rows, characters.
    pub rows: u32,
    /// Width, pixels.
    pub width: u32,
    /// Height, pixels.
    pub height: u32,
}

impl Channel {
    /// Asks for a pseudo-terminal (RFC 4254 section 6.2); `modes` are encoded as in section 8.
    pub fn request_pty(&self, term: &str, size: PtySize, modes: &[u8], deadline: Deadline) -> Result<()> {
        let PtySize { columns, rows, width, height } = size;
        let body = msg::PtyRequest::new(term.as_bytes(), columns, rows, width, height, modes).encode_body();
        self.request("pty-req", &body, deadline)
    }

    /// Starts the user's shell (RFC 4254 section 6.5).
    pub fn invoke_shell(&self, deadline: Deadline) -> Result<()> {
        self.request("shell", &[], deadline)
    }

    /// Runs a command (RFC 4254 section 6.5).
    pub fn exec_command(&self, command: &[u8], deadline: Deadline) -> Result<()> {
        self.request("exec", &msg::ExecRequest::new(command).encode_body(), deadline)
    }

    /// Starts a subsystem (RFC 4254 section 6.5).
    pub fn invoke_subsystem(&self, name: &str, deadline: Deadline) -> Result<()> {
        self.request("subsystem", &msg::SubsystemRequest::new(name.as_bytes()).encode_body(), deadline)
    }

    /// Tells the terminal's new size (RFC 4254 section 6.7). There is no reply.
    pub fn resize_pty(&self, size: PtySize) -> Result<()> {
        let PtySize { columns, rows, width, height } = size;
        self.tell("window-change", &msg::WindowChange::new(columns, rows, width, height).encode_body())
    }

    /// Sets a variable for the command to come (RFC 4254 section 6.4). No reply is asked for: servers refuse most
    /// names, and nothing depends on it.
    pub fn set_environment_variable(&self, name: &str, value: &[u8]) -> Result<()> {
        self.tell("env", &msg::EnvRequest::new(name.as_bytes(), value).encode_body())
    }

    /// Sends a signal to the command (RFC 4254 section 6.9), named without "SIG". There is no reply.
    pub fn send_signal(&self, signal: &str) -> Result<()> {
        self.tell("signal", &msg::SignalRequest::new(signal.as_bytes()).encode_body())
    }

    /// Sends a break of so many milliseconds (RFC 4335).
    pub fn send_break(&self, milliseconds: u32, deadline: Deadline) -> Result<()> {
        self.request("break", &msg::BreakRequest::new(milliseconds).encode_body(), deadline)
    }

    /// Asks for agent forwarding (OpenSSH PROTOCOL.agent section 1.1). From here on the peer may open agent channels.
    pub fn request_forward_agent(&self, deadline: Deadline) -> Result<()> {
        self.ask("auth-agent-req@openssh.com", &[], Some(Allow::Agent), deadline)
    }

    /// Asks for X11 forwarding (RFC 4254 section 6.3.1). From here on the peer may open x11 channels.
    pub fn request_x11(
        &self,
        single: bool,
        protocol: &str,
        cookie: &str,
        screen: u32,
        deadline: Deadline,
    ) -> Result<()> {
        let body = msg::X11Request::new(single, protocol.as_bytes(), cookie.as_bytes(), screen).encode_body();
        self.ask("x11-req", &body, Some(Allow::X11 { single }), deadline)
    }

    /// Waits for the start of a forwarded X11 connection and puts `display` in place of the cookie `sent` that
    /// [`Channel::request_x11`] gave out. A connection that does not carry `sent` is closed, with `X11Cookie`.
    pub fn replace_x11_cookie(&self, sent: &Authorization, display: &Authorization, deadline: Deadline) -> Result<()> {
        let id = self.channel_id();
        let mut core = self.lock()?;
        let done = core.wait(&self.waits().readable, deadline, |core| {
            match core.conn().and_then(|conn| conn.replace_x11_cookie(id, sent, display)) {
                Ok(true) => Some(Ok(())),
                Ok(false) => None,
                Err(error) if error.kind() == ErrorKind::ChannelClosed => {
                    Some(Err(core.error.clone().unwrap_or(error)))
                }
                Err(error) => Some(Err(error)),
            }
        });
        core.update_signal(id);
        done.unwrap_or_else(|| Err(deadline.error("the X11 connection's setup is not complete")))
    }

    /// Sends any request and waits for the reply; a refusal is `RequestRefused` and leaves the channel usable.
    pub fn request(&self, name: &str, body: &[u8], deadline: Deadline) -> Result<()> {
        self.ask(name, body, None, deadline)
    }

    /// As [`Channel::request`]; what it allows the peer is allowed with the reply.
    fn ask(&self, name: &str, body: &[u8], allow: Option<Allow>, deadline: Deadline) -> Result<()> {
        let id = self.channel_id();
        let mut core = self.lock()?;
        let token = core.live()?.channel_request(id, name, body, true)?;
        core.replies.insert(token, None);
        core.forwards.allowing.extend(allow.map(|allow| (token, allow)));
        let answer = core.wait(&self.waits().readable, deadline, |core| {
            let answered = core.replies.get(&token).copied().flatten();
            answered.map(Ok).or_else(|| core.error.clone().map(Err))
        });
        // A reply that comes later finds nobody.
        core.replies.remove(&token);
        core.forwards.allowing.remove(&token);
        match answer {
            Some(Ok(true)) => Ok(()),
            // The core answers "no" for the peer when the channel closes first.
            Some(Ok(false)) => Err(refused(&mut core, self, name)),
            Some(Err(error)) => Err(error),
            None => Err(deadline.error(&format!("the peer did not answer the \"{}\" request", name.escape_debug()))),
        }
    }

    /// Sends any request without asking for a reply.
    pub fn tell(&self, name: &str, body: &[u8]) -> Result<()> {
        self.lock()?.live()?.channel_request(self.channel_id(), name, body, false).map(drop)
    }

    /// Server: reports the command's exit status (RFC 4254 section 6.10).
    pub fn send_exit_status(&self, status: u32) -> Result<()> {
        self.tell("exit-status", &msg::ExitStatus::new(status).encode_body())
    }

    /// Server: reports the signal that ended the command (RFC 4254 section 6.10), named without "SIG".
    pub fn send_exit_signal(&self, signal: &str, core_dumped: bool, text: &str) -> Result<()> {
        let body = msg::ExitSignal::new(signal.as_bytes(), core_dumped, text.as_bytes(), b"").encode_body();
        self.tell("exit-signal", &body)
    }

    /// Whether [`Channel::recv_exit_status`] would not wait.
    #[must_use]
    pub fn exit_status_ready(&self) -> bool {
        self.lock().is_ok_and(|mut core| end_of(&mut core, self).is_some())
    }

    /// Waits for the exit status. A channel that closes without one is `NoExitStatus`, whether a signal ended the
    /// command ([`Channel::recv_exit_signal`] tells) or nothing was reported.
    pub fn recv_exit_status(&self, deadline: Deadline) -> Result<u32> {
        match self.wait_end(deadline)? {
            End::Status(status) => Ok(status),
            End::Signal(signal) => {
                let text = format!("the command was ended by signal {}", signal.signal);
                Err(Error::new(ErrorKind::NoExitStatus, text))
            }
            End::Nothing => Err(ErrorKind::NoExitStatus.into()),
        }
    }

    /// Waits for the command's end; the signal, where one ended it.
    pub fn recv_exit_signal(&self, deadline: Deadline) -> Result<Option<ExitSignal>> {
        Ok(match self.wait_end(deadline)? {
            End::Signal(signal) => Some(signal),
            End::Status(_) | End::Nothing => None,
        })
    }

    fn wait_end(&self, deadline: Deadline) -> Result<End> {
        let mut core = self.lock()?;
        let end = core.wait(&self.waits().readable, deadline, |core| end_of(core, self));
        end.unwrap_or_else(|| Err(deadline.error("the command did not end")))
    }
}

/// How a command ended.
pub(super) enum End {
    Status(u32),
    Signal(ExitSignal),
    /// The channel closed without a word.
    Nothing,
}

/// How the command ended, if it has.
fn end_of(core: &mut Core, channel: &Channel) -> Option<Result<End>> {
    let lost = core.error.clone();
    let opening = core.channels.get(&channel.channel_id()).is_some_and(|state| state.opened.is_none());
    let conn = match core.conn() {
        Ok(conn) => conn,
        Err(error) => return Some(Err(error)),
    };
    let Some(state) = conn.channel(channel.channel_id()) else { return Some(Ok(End::Nothing)) };
    // Begun, and not answered by the peer: nothing has ended.
    if lost.is_none() && opening {
        return None;
    }
    Some(match (ended_how(state)?, lost) {
        // The status may have been on its way.
        (End::Nothing, Some(lost)) if !state.close_received() => Err(lost),
        (end, _) => Ok(end),
    })
}

/// How the command ended, as far as this side will ever know; None: it may still be told. Whoever closes, or loses the
/// connection, wakes every waiter: closed here or there, it ended without a status.
pub(super) fn ended_how(state: &proto::Channel) -> Option<End> {
    if let Some(status) = state.exit_status() {
        return Some(End::Status(status));
    }
    if let Some(signal) = state.exit_signal() {
        return Some(End::Signal(signal.clone()));
    }
    (state.close_received() || !state.is_open()).then_some(End::Nothing)
}

/// Why a request was answered "no": the peer refused it, or closed.
pub(super) fn refused(core: &mut Locked<'_>, channel: &Channel, name: &str) -> Error {
    match core.live() {
        Err(error) => error,
        Ok(conn) if conn.channel(channel.channel_id()).is_some_and(|state| state.is_open()) => {
            let text = format!("the peer refused the \"{}\" request", name.escape_debug());
            Error::new(ErrorKind::RequestRefused, text)
        }
        Ok(_) => ErrorKind::ChannelClosed.into(),
    }
}
