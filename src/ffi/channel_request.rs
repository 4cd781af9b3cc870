//! Requests on a session channel.

use super::arg::{self, invalid};
use super::guard::{guard_unit, guard_value};
use super::handle::ssh_channel_t;
use super::text;
use super::types::*;
use crate::crypto::rng::system_bytes;
use crate::engine::{Channel, Deadline, PtySize};
use crate::error::{printable, Result};
use crate::wire::x11::Authorization;
use std::ffi::{c_char, c_void};

/// Runs a request that waits for the peer's answer.
///
/// # Safety
/// `channel` is NULL or a live handle.
unsafe fn request(
    channel: *const ssh_channel_t,
    timeout_ms: i64,
    call: impl FnOnce(&Channel, Deadline) -> Result<()>,
) -> Result<()> {
    // SAFETY: passed on.
    let channel = unsafe { arg::handle(channel)? };
    let deadline = arg::deadline(timeout_ms, channel.inner.timeout())?;
    channel.run(|c| call(c, deadline))
}

/// Asks for a pseudo-terminal (RFC 4254 section 6.2), before a shell or command.
///
/// Blocks until the peer answers, as all requests here with a timeout_ms.
/// term: borrowed; value of TERM, "xterm" for one.
/// cols, rows, width_px, height_px: the size in characters and pixels; 0 where unknown.
/// modes: borrowed; encoded terminal modes (RFC 4254 section 8), may be NULL with length 0.
/// Returns SSH_OK; SSH_ERR_REQUEST_REFUSED, and the channel stays usable; SSH_ERR_TIMEOUT, and the answer may still come
/// and is dropped then; SSH_ERR_CHANNEL_CLOSED; what ended the connection. The same for all requests here.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_get_pty(
    channel: *mut ssh_channel_t,
    term: *const c_char,
    cols: u32,
    rows: u32,
    width_px: u32,
    height_px: u32,
    modes: *const c_void,
    modes_len: usize,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe {
            let (term, modes) = (arg::text(term, "term")?, arg::bytes(modes, modes_len)?);
            let size = PtySize { columns: cols, rows, width: width_px, height: height_px };
            request(channel, timeout_ms, |c, d| c.request_pty(term, size, modes, d))
        }
    })
}

/// Starts the user's shell (RFC 4254 section 6.5). One shell, command or subsystem a channel.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_invoke_shell(channel: *mut ssh_channel_t, timeout_ms: i64) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { request(channel, timeout_ms, |c, d| c.invoke_shell(d)) })
}

/// Starts a command (RFC 4254 section 6.5).
///
/// command: borrowed; any bytes but NUL, as the server's shell wants them.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_exec_command(
    channel: *mut ssh_channel_t,
    command: *const c_char,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe {
            let command = arg::c_bytes(command, "command")?;
            request(channel, timeout_ms, |c, d| c.exec_command(command, d))
        }
    })
}

/// Starts a subsystem (RFC 4254 section 6.5), "sftp" for one.
///
/// name: borrowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_invoke_subsystem(
    channel: *mut ssh_channel_t,
    name: *const c_char,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe {
            let name = arg::text(name, "name")?;
            request(channel, timeout_ms, |c, d| c.invoke_subsystem(name, d))
        }
    })
}

/// Tells the peer the terminal's new size (RFC 4254 section 6.7); there is no answer to wait for.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_resize_pty(
    channel: *mut ssh_channel_t,
    cols: u32,
    rows: u32,
    width_px: u32,
    height_px: u32,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(channel)? }
            .run(|c| c.resize_pty(PtySize { columns: cols, rows, width: width_px, height: height_px }))
    })
}

/// Sets an environment variable for the command to come (RFC 4254 section 6.4). There is no answer to wait for; servers
/// drop what they do not allow.
///
/// name: borrowed; without '='.
/// value: borrowed; any bytes but NUL.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_set_environment_variable(
    channel: *mut ssh_channel_t,
    name: *const c_char,
    value: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (channel, name, value) =
            unsafe { (arg::handle(channel)?, arg::text(name, "name")?, arg::c_bytes(value, "value")?) };
        if name.is_empty() || name.contains('=') {
            return Err(invalid("name is empty or has a '=' in it"));
        }
        channel.run(|c| c.set_environment_variable(name, value))
    })
}

/// Sets several environment variables, as ssh_channel_set_environment_variable does.
///
/// variables: borrowed; "NAME=VALUE" strings, ended by NULL, as in environ. Nothing is sent if one has no name or no '='.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_update_environment(
    channel: *mut ssh_channel_t,
    variables: *const *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let channel = unsafe { arg::handle(channel)? };
        let mut pairs: Vec<(&str, &[u8])> = Vec::new();
        let mut next = variables;
        // SAFETY: the C contract, see ffi/mod.rs; the array ends with NULL, and `next` is not past it.
        while let Some(entry) = unsafe { next.as_ref() }.and_then(|&text| unsafe { arg::opt_c_bytes(text) }) {
            let eq = entry.iter().position(|&b| b == b'=').filter(|&at| at > 0);
            let (name, value) = eq
                .and_then(|at| Some((std::str::from_utf8(entry.get(..at)?).ok()?, entry.get(at + 1..)?)))
                .ok_or_else(|| invalid(format!("\"{}\" is not NAME=VALUE", printable(entry))))?;
            pairs.push((name, value));
            // SAFETY: the entry was not NULL, so another follows.
            next = unsafe { next.add(1) };
        }
        if variables.is_null() {
            return Err(invalid("variables is NULL"));
        }
        channel.run(|c| pairs.iter().try_for_each(|(name, value)| c.set_environment_variable(name, value)))
    })
}

/// Sends a signal to the command (RFC 4254 section 6.9); there is no answer to wait for.
///
/// signal: borrowed; "INT", "TERM", ...; with "SIG" in front it is SSH_ERR_INVALID_ARGUMENT.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_send_signal(channel: *mut ssh_channel_t, signal: *const c_char) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (channel, signal) = unsafe { (arg::handle(channel)?, arg::text(signal, "signal")?) };
        if signal.starts_with("SIG") {
            return Err(invalid("signals are named without \"SIG\" (RFC 4254 section 6.10)"));
        }
        channel.run(|c| c.send_signal(signal))
    })
}

/// Sends a break (RFC 4335).
///
/// length_ms: how long it lasts; 0 is the peer's default.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_send_break(
    channel: *mut ssh_channel_t,
    length_ms: u32,
    timeout_ms: i64,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { request(channel, timeout_ms, |c, d| c.send_break(length_ms, d)) })
}

/// What displays are opened with, mostly.
const X11_PROTOCOL: &str = "MIT-MAGIC-COOKIE-1";

/// A fresh cookie in hex, as X11's MIT-MAGIC-COOKIE-1 wants it.
fn random_cookie() -> String {
    let mut bytes = [0; 16];
    system_bytes(&mut bytes);
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Asks for X11 forwarding (RFC 4254 section 6.3.1). The "x11" channels it leads to go to the handler of
/// ssh_transport_set_x11_handler; without one they arrive through ssh_transport_accept. Send a cookie made for this, not
/// the display's own, which ssh_channel_replace_x11_cookie puts in its place.
///
/// single_connection: the peer is to forward one connection only.
/// auth_protocol: borrowed; NULL: "MIT-MAGIC-COOKIE-1".
/// auth_cookie: borrowed; hexadecimal; NULL: a random one.
/// screen: the screen's number.
/// out_cookie: may be NULL; owned result, the cookie that was sent.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_request_x11(
    channel: *mut ssh_channel_t,
    single_connection: bool,
    auth_protocol: *const c_char,
    auth_cookie: *const c_char,
    screen: u32,
    timeout_ms: i64,
    out_cookie: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe {
            let out = arg::opt_out(out_cookie);
            let protocol = arg::opt_text(auth_protocol, "auth_protocol")?.unwrap_or(X11_PROTOCOL);
            let cookie = match arg::opt_text(auth_cookie, "auth_cookie")? {
                Some(cookie) if cookie.bytes().all(|b| b.is_ascii_hexdigit()) => cookie.to_owned(),
                Some(_) => return Err(invalid("auth_cookie is not hexadecimal")),
                None => random_cookie(),
            };
            request(channel, timeout_ms, |c, d| c.request_x11(single_connection, protocol, &cookie, screen, d))?;
            if let Some(out) = out {
                *out = text::give(&cookie)?;
            }
            Ok(())
        }
    })
}

/// Bytes written in hexadecimal, as xauth has them.
fn from_hex(text: &str, name: &str) -> Result<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let pairs = digits.filter(|digits| digits.len() % 2 == 0 && digits.len() / 2 <= usize::from(u16::MAX));
    let bytes =
        |digits: Vec<u8>| digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    pairs.map(bytes).ok_or_else(|| invalid(format!("{name} is not hexadecimal, two digits a byte")))
}

/// Checks the cookie at the start of a forwarded X11 connection and puts the display's own in its place: what is read
/// from the channel afterwards is for the display. For the channels that ssh_channel_request_x11 leads to, before anything is
/// read from them: the far side knows only the cookie that was sent, and whoever reaches its display without it is
/// turned away here.
///
/// Blocks until the connection's setup (X Window System Protocol, "Connection Setup") has arrived; its end, a close and
/// the end of the transport wake it.
/// auth_protocol: borrowed; as it was sent; NULL: "MIT-MAGIC-COOKIE-1".
/// sent_cookie: borrowed; hexadecimal; the cookie that was sent.
/// display_cookie: borrowed; hexadecimal; the one the display wants, of the same protocol; NULL: it wants none, and gets none.
/// Returns SSH_OK; SSH_ERR_X11_COOKIE where the connection carries anything else than sent_cookie, and the channel is closed
/// then; SSH_ERR_TIMEOUT, and the call may be repeated; SSH_ERR_CHANNEL_CLOSED where this side closed it; what ended the
/// transport.
///
///     int fd = connect_to_display();
///     rc = ssh_channel_replace_x11_cookie(channel, NULL, sent, real, 30000);
///     if (rc == SSH_OK)
///         rc = ssh_relay_new_fd(channel, fd, fd, NULL, NULL);
///     else
///         close(fd);
///     ssh_channel_free(channel);
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_replace_x11_cookie(
    channel: *mut ssh_channel_t,
    auth_protocol: *const c_char,
    sent_cookie: *const c_char,
    display_cookie: *const c_char,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe {
            let protocol = arg::opt_text(auth_protocol, "auth_protocol")?.unwrap_or(X11_PROTOCOL);
            if protocol.len() > 255 {
                return Err(invalid("auth_protocol has more than 255 bytes"));
            }
            let authorization = |data| Authorization { protocol: protocol.into(), data };
            let sent = authorization(from_hex(arg::text(sent_cookie, "sent_cookie")?, "sent_cookie")?);
            let display = match arg::opt_text(display_cookie, "display_cookie")? {
                Some(cookie) => authorization(from_hex(cookie, "display_cookie")?),
                None => Authorization::default(),
            };
            request(channel, timeout_ms, |c, d| c.replace_x11_cookie(&sent, &display, d))
        }
    })
}

/// Asks for agent forwarding (auth-agent-req@openssh.com). The "auth-agent@openssh.com" channels it leads to go to the
/// handler of ssh_transport_set_agent_handler; without one they arrive through ssh_transport_accept.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_request_forward_agent(
    channel: *mut ssh_channel_t,
    timeout_ms: i64,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { request(channel, timeout_ms, |c, d| c.request_forward_agent(d)) })
}

/// Tells whether ssh_channel_recv_exit_status would return at once; false for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_exit_status_ready(channel: *const ssh_channel_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(false, || unsafe { channel.as_ref() }.map(|c| c.inner.exit_status_ready()))
}

/// Receives the command's exit status (RFC 4254 section 6.10).
///
/// Blocks until it comes; a close and the end of the connection wake it. Data need not be read first, but a command that
/// waits for room in the window does not end.
/// out_status: the status.
/// Returns SSH_OK; SSH_ERR_NO_EXIT_STATUS where the channel closed without one, for a signal ended the command
/// (ssh_channel_recv_exit_signal) or nobody said how it ended; SSH_ERR_TIMEOUT.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_recv_exit_status(
    channel: *mut ssh_channel_t,
    timeout_ms: i64,
    out_status: *mut u32,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, channel) = unsafe { (arg::out(out_status)?, arg::handle(channel)?) };
        let deadline = arg::deadline(timeout_ms, channel.inner.timeout())?;
        *out = channel.run(|c| c.recv_exit_status(deadline))?;
        Ok(())
    })
}

/// Receives the signal that ended the command (RFC 4254 section 6.10).
///
/// Blocks until it is known how the command ended, as ssh_channel_recv_exit_status does.
/// out_signal: owned result, "TERM" for one; NULL where no signal ended it.
/// out_core_dumped: may be NULL.
/// out_message: may be NULL; owned result, the peer's words about it; NULL where no signal ended it.
/// Returns SSH_OK, or SSH_ERR_TIMEOUT.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_recv_exit_signal(
    channel: *mut ssh_channel_t,
    timeout_ms: i64,
    out_signal: *mut *mut c_char,
    out_core_dumped: *mut bool,
    out_message: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (dumped, message) = unsafe { (arg::opt_out(out_core_dumped), arg::opt_out(out_message)) };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, channel) = unsafe { (arg::out(out_signal)?, arg::handle(channel)?) };
        let deadline = arg::deadline(timeout_ms, channel.inner.timeout())?;
        if let Some(signal) = channel.run(|c| c.recv_exit_signal(deadline))? {
            *out = text::give(&signal.signal)?;
            if let Some(dumped) = dumped {
                *dumped = signal.core_dumped;
            }
            if let Some(message) = message {
                *message = text::give(&signal.text)?;
            }
        }
        Ok(())
    })
}

/// Sends a command's exit status (RFC 4254 section 6.10). For servers.
///
/// Send it before ssh_channel_shutdown_write: clients such as OpenSSH's close a channel as soon as the data has ended both
/// ways, and a status that comes after that is lost. The same holds for ssh_channel_send_exit_signal.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_send_exit_status(channel: *mut ssh_channel_t, status: u32) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(channel)? }.run(|c| c.send_exit_status(status))
    })
}

/// Sends the signal that ended a command (RFC 4254 section 6.10). For servers.
///
/// signal: borrowed; "TERM" for one.
/// message: borrowed; may be NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_send_exit_signal(
    channel: *mut ssh_channel_t,
    signal: *const c_char,
    core_dumped: bool,
    message: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (channel, signal, message) = unsafe {
            (arg::handle(channel)?, arg::text(signal, "signal")?, arg::opt_text(message, "message")?.unwrap_or(""))
        };
        channel.run(|c| c.send_exit_signal(signal, core_dumped, message))
    })
}
