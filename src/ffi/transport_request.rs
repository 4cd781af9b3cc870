//! Channels and requests of a transport.

use super::arg::{self, invalid};
use super::guard::guard_unit;
use super::handle::Origin;
use super::text;
use super::types::*;
use crate::engine::{Channel, Transport};
use crate::error::{ErrorKind, Result};
use crate::proto::config::{clamp_max_packet, clamp_window};
use crate::wire::msg_channel::{DirectStreamlocalOpen, ForwardedStreamlocalOpen, TcpipOpen, X11Open};
use std::ffi::{c_char, c_void};
use std::time::Duration;

/// A channel's type-specific open data (RFC 4254 sections 6.1, 6.3.2 and 7.2; OpenSSH PROTOCOL section 2.4).
///
/// # Safety
/// The struct's pointers hold what its comment says.
unsafe fn open_data(kind: &str, o: &ssh_channel_options_t) -> Result<Vec<u8>> {
    // SAFETY: passed on.
    let (dest, path, src, data) = unsafe {
        (
            arg::opt_text(o.dest_host, "dest_host")?,
            arg::opt_text(o.dest_path, "dest_path")?,
            arg::opt_text(o.src_host, "src_host")?,
            arg::bytes(o.open_data, o.open_data_len)?,
        )
    };
    let src = src.unwrap_or("127.0.0.1");
    let src_port = u32::from(arg::port(o.src_port, "src_port")?);
    match (kind, path) {
        ("direct-tcpip" | "forwarded-tcpip", _) => {
            let dest = dest.ok_or_else(|| invalid(format!("a {kind} channel needs dest_host")))?;
            let dest_port = u32::from(arg::port(o.dest_port, "dest_port")?);
            Ok(TcpipOpen::new(dest.as_bytes(), dest_port, src.as_bytes(), src_port).encode_body())
        }
        ("x11", _) => Ok(X11Open::new(src.as_bytes(), src_port).encode_body()),
        ("direct-streamlocal@openssh.com", Some(path)) => {
            Ok(DirectStreamlocalOpen::new(path.as_bytes(), b"", 0).encode_body())
        }
        ("forwarded-streamlocal@openssh.com", Some(path)) => {
            Ok(ForwardedStreamlocalOpen::new(path.as_bytes(), b"").encode_body())
        }
        _ => Ok(data.to_vec()),
    }
}

/// # Safety
/// The pointers hold what `ssh_transport_open_channel` says.
pub(super) unsafe fn open(
    transport: *const ssh_transport_t,
    kind: &str,
    options: *const ssh_channel_options_t,
    timeout_ms: i64,
    out_channel: *mut *mut ssh_channel_t,
) -> Result<()> {
    // SAFETY: passed on.
    unsafe {
        open_with(transport, kind, options, out_channel, |t, origin, data, (window, max_packet)| {
            let deadline = arg::deadline(timeout_ms, origin.channel_timeout_ms)?;
            t.open_channel(kind, data, window, max_packet, deadline)
        })
    }
}

/// # Safety
/// The pointers hold what `ssh_transport_open_channel` says.
unsafe fn open_with(
    transport: *const ssh_transport_t,
    kind: &str,
    options: *const ssh_channel_options_t,
    out_channel: *mut *mut ssh_channel_t,
    open: impl FnOnce(&Transport, &Origin, &[u8], (Option<u32>, Option<u32>)) -> Result<Channel>,
) -> Result<()> {
    // SAFETY: passed on.
    let (out, transport, options) =
        unsafe { (arg::out(out_channel)?, arg::handle(transport)?, arg::options(options)?) };
    // SAFETY: passed on.
    let data = unsafe { open_data(kind, &options)? };
    let window = (options.window != 0).then(|| clamp_window(options.window));
    let max_packet = (options.max_packet != 0).then(|| clamp_max_packet(options.max_packet));
    *out = transport.give_channel(transport.run(|t| open(t, &transport.origin, &data, (window, max_packet)))?);
    Ok(())
}

/// Opens a "session" channel (RFC 4254 section 6.1), for a command, a shell or a subsystem.
///
/// Blocks until the server answers. See ssh_transport_open_channel for everything else.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_open_session(
    transport: *mut ssh_transport_t,
    options: *const ssh_channel_options_t,
    timeout_ms: i64,
    out_channel: *mut *mut ssh_channel_t,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { open(transport, "session", options, timeout_ms, out_channel) })
}

/// Opens a channel (RFC 4254 section 5.1).
///
/// Blocks until the peer answers; an answer that comes after the deadline is met with CLOSE.
/// kind: "session", "direct-tcpip" with dest_host, "direct-streamlocal@openssh.com" with dest_path, ..., or any other
/// name with its open_data.
/// options: may be NULL where the kind needs no address.
/// timeout_ms: SSH_WAIT_DEFAULT is the transport options' channel_timeout_ms.
/// out_channel: owned result, ssh_channel_free.
/// Returns SSH_OK; SSH_ERR_CHANNEL_PROHIBITED, _CONNECT_FAILED, _UNKNOWN_TYPE, _SHORTAGE or _REFUSED with the peer's
/// reason and text in the exception; SSH_ERR_TIMEOUT; SSH_ERR_INVALID_STATE before authentication;
/// SSH_ERR_RESOURCE_LIMIT where max_channels are open.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_open_channel(
    transport: *mut ssh_transport_t,
    kind: *const c_char,
    options: *const ssh_channel_options_t,
    timeout_ms: i64,
    out_channel: *mut *mut ssh_channel_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe {
            arg::opt_out(out_channel);
            open(transport, arg::text(kind, "kind")?, options, timeout_ms, out_channel)
        }
    })
}

/// Begins to open a "session" channel; see ssh_transport_open_channel_begin.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_open_session_begin(
    transport: *mut ssh_transport_t,
    options: *const ssh_channel_options_t,
    out_channel: *mut *mut ssh_channel_t,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { open_begin(transport, "session", options, out_channel) })
}

/// Begins to open a channel: asks the peer, as ssh_transport_open_channel does, and returns at once. SSH_READY_DONE tells
/// when the answer is there, ssh_channel_finish takes it.
///
/// Until then calls on the channel that need it open, but relays, fail with SSH_ERR_INVALID_STATE, and nothing is ready to
/// be read or sent. Closing or freeing it gives the opening up: an answer that comes later is met with CLOSE. There is no
/// bound but the application's.
/// kind, options: as for ssh_transport_open_channel.
/// out_channel: owned result, ssh_channel_free, whatever the answer.
/// Returns SSH_OK; SSH_ERR_INVALID_STATE before authentication; what ended the connection.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_open_channel_begin(
    transport: *mut ssh_transport_t,
    kind: *const c_char,
    options: *const ssh_channel_options_t,
    out_channel: *mut *mut ssh_channel_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe {
            arg::opt_out(out_channel);
            open_begin(transport, arg::text(kind, "kind")?, options, out_channel)
        }
    })
}

/// # Safety
/// The pointers hold what `ssh_transport_open_channel_begin` says.
unsafe fn open_begin(
    transport: *const ssh_transport_t,
    kind: &str,
    options: *const ssh_channel_options_t,
    out_channel: *mut *mut ssh_channel_t,
) -> Result<()> {
    // SAFETY: passed on.
    unsafe {
        open_with(transport, kind, options, out_channel, |t, _, data, (window, max_packet)| {
            t.open_channel_begin(kind, data, window, max_packet)
        })
    }
}

/// Waits for the next channel the peer opens and no handler takes, in the order of arrival.
///
/// timeout_ms: SSH_WAIT_DEFAULT has no bound.
/// out_channel: owned result, ssh_channel_free.
/// Returns SSH_OK; SSH_ERR_TIMEOUT; what ended the connection, which also ends the wait: ssh_transport_is_active tells a
/// login that took too long, SSH_ERR_TIMEOUT as well, from a wait that did; SSH_ERR_INVALID_STATE before the start.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_accept(
    transport: *mut ssh_transport_t,
    timeout_ms: i64,
    out_channel: *mut *mut ssh_channel_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, transport) = unsafe { (arg::out(out_channel)?, arg::handle(transport)?) };
        let deadline = arg::deadline(timeout_ms, SSH_WAIT_FOREVER)?;
        // A poll that finds nothing is no reason to bury what the transport's exception holds.
        let channel = match transport.inner.accept(deadline) {
            Err(error) if error.kind() == ErrorKind::Timeout => return Err(error),
            answer => transport.run(|_| answer)?,
        };
        *out = transport.give_channel(channel);
        Ok(())
    })
}

/// Changes to new keys now (RFC 4253 section 9); traffic in both directions goes on behind it.
///
/// Blocks until the new keys are in use.
/// timeout_ms: SSH_WAIT_DEFAULT leaves the bound to the options' handshake_timeout_ms. Expiry of timeout_ms leaves the
/// exchange running; a failed exchange ends the connection.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_renegotiate_keys(
    transport: *mut ssh_transport_t,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let transport = unsafe { arg::handle(transport)? };
        transport.run(|t| t.renegotiate_keys(arg::deadline(timeout_ms, SSH_WAIT_FOREVER)?))
    })
}

/// Sends an IGNORE message with random bytes (RFC 4253 section 11.2).
///
/// byte_count: at most 32768; 0 chooses 10 to 41.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_send_ignore(transport: *mut ssh_transport_t, byte_count: usize) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let transport = unsafe { arg::handle(transport)? };
        if byte_count > 32_768 {
            return Err(invalid("byte_count is above 32768"));
        }
        transport.run(|t| t.send_ignore((byte_count != 0).then_some(byte_count)))
    })
}

/// Client: tells the server that no more sessions will be opened (no-more-sessions@openssh.com, OpenSSH PROTOCOL section
/// 2.2), so that nobody who gets hold of this connection can open one. Other channels go on.
///
/// Returns at once; no reply is asked for. From here on opening a "session" fails with SSH_ERR_INVALID_STATE, and a server
/// that knows the request hangs up on one. Few servers but OpenSSH's and this library's know it, and there were some that
/// hung up on the request itself: ssh sends it to OpenSSH alone. A second call does nothing.
/// Returns SSH_OK; SSH_ERR_INVALID_STATE before authentication, and on a server.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_send_no_more_sessions(transport: *mut ssh_transport_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let transport = unsafe { arg::handle(transport)? };
        transport.run(crate::engine::Transport::send_no_more_sessions)
    })
}

/// Sends a keepalive@openssh.com request whenever nothing was sent for a while.
///
/// interval_ms: how long; 0 turns it off.
/// max_unanswered: after so many requests without any answer the connection ends with SSH_ERR_PEER_DEAD; 0: never. Not
/// counted while the peer's input waits because of max_pending_requests or max_pending_globals.
/// Returns SSH_OK; SSH_ERR_INVALID_STATE before the start.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_set_keepalive(
    transport: *mut ssh_transport_t,
    interval_ms: i64,
    max_unanswered: u32,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let transport = unsafe { arg::handle(transport)? };
        let ms = u64::try_from(interval_ms).map_err(|_| invalid("interval_ms is negative"))?;
        // A century: longer is the same, and sums with it stay in range.
        let interval = Duration::from_millis(ms.min(100 * 365 * 24 * 3_600_000));
        transport.run(|t| t.set_keepalive(interval, max_unanswered))
    })
}

/// Sends a global request (RFC 4254 section 4).
///
/// kind: its name.
/// data: borrowed; its type-specific data, may be NULL with length 0.
/// want_reply: wait for the peer's answer; without it the call returns at once.
/// timeout_ms: SSH_WAIT_DEFAULT is the transport options' channel_timeout_ms.
/// out_reply: owned result, ssh_bytes_free; the answer's data. May be NULL together with out_len.
/// out_len: its bytes.
/// Returns SSH_OK; SSH_ERR_REQUEST_REFUSED; SSH_ERR_TIMEOUT.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_global_request(
    transport: *mut ssh_transport_t,
    kind: *const c_char,
    data: *const c_void,
    data_len: usize,
    want_reply: bool,
    timeout_ms: i64,
    out_reply: *mut *mut u8,
    out_len: *mut usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, len) = unsafe { (arg::opt_out(out_reply), arg::opt_out(out_len)) };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (transport, kind, data) =
            unsafe { (arg::handle(transport)?, arg::text(kind, "kind")?, arg::bytes(data, data_len)?) };
        if out.is_some() != len.is_some() {
            return Err(invalid("out_reply and out_len go together"));
        }
        let deadline = arg::deadline(timeout_ms, transport.origin.channel_timeout_ms)?;
        let reply = transport.run(|t| t.global_request(kind, data, want_reply, deadline))?;
        if let (Some(out), Some(len), Some(reply)) = (out, len, reply) {
            *out = text::give_bytes(&reply)?;
            *len = reply.len();
        }
        Ok(())
    })
}

/// Turns compression on or off for both directions, before the start: on offers zlib@openssh.com, zlib and none, in this
/// order, off offers none alone. Without a call none is offered first, zlib@openssh.com after it.
///
/// Returns SSH_OK, or SSH_ERR_INVALID_STATE once the transport was started.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_use_compression(
    transport: *mut ssh_transport_t,
    compress: bool,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let transport = unsafe { arg::handle(transport)? };
        let names: &[&'static str] = if compress { &["zlib@openssh.com", "zlib", "none"] } else { &["none"] };
        transport.run(|t| {
            let mut preferences = t.preferences()?;
            preferences.compression_c2s = names.to_vec();
            preferences.compression_s2c = names.to_vec();
            t.set_preferences(preferences)
        })
    })
}

/// Sets the name under which a transport logs; "sshrs.transport" at first. Lines about a channel come under this name, a
/// dot and the channel's (ssh_channel_set_name).
///
/// name: copied.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_set_log_channel(
    transport: *mut ssh_transport_t,
    name: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (transport, name) = unsafe { (arg::handle(transport)?, arg::text(name, "name")?) };
        transport.inner.set_log_channel(name);
        Ok(())
    })
}

/// Gives the name under which a transport logs.
///
/// out_name: owned result.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_get_log_channel(
    transport: *const ssh_transport_t,
    out_name: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, transport) = unsafe { (arg::out(out_name)?, arg::handle(transport)?) };
        *out = text::give(&transport.inner.log_channel())?;
        Ok(())
    })
}

/// Turns dumps of messages in the log, at SSH_LOG_DEBUG, on or off; off at first. Of messages with passwords, keys, what
/// keys are made from, or an X11 cookie only the number and the length are shown; there is no way to see the rest.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_set_hexdump(transport: *mut ssh_transport_t, hexdump: bool) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(transport)? }.inner.set_hexdump(hexdump);
        Ok(())
    })
}

/// Tells whether messages are dumped; false for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_get_hexdump(transport: *const ssh_transport_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    super::guard::guard_value(false, || unsafe { transport.as_ref() }.map(|t| t.inner.hexdump()))
}
