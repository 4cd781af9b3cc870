//! A channel's life and properties.

use super::arg::{self, invalid};
use super::guard::{guard_unit, guard_value};
use super::handle::{ssh_channel_t, ssh_transport_t};
use super::text;
use super::types::*;
use crate::engine::Channel;
use crate::error::{Error, ErrorKind};
use std::ffi::{c_char, c_int};
use std::sync::Arc;

/// Ends a channel: sends EOF and CLOSE (RFC 4254 section 5.3) behind what was sent, and wakes every waiter: receivers with
/// SSH_EOF, others with SSH_ERR_CHANNEL_CLOSED. A second call does nothing. Data that arrived stays readable. Allowed in
/// callbacks.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_close(channel: *mut ssh_channel_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(channel)? }.inner.close();
        Ok(())
    })
}

/// Releases a channel's handle; the last handle closes the channel. Never waits; allowed in callbacks, but not for a
/// channel that a callback was lent ("borrowed"). NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_free(channel: *mut ssh_channel_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(channel) }
}

/// Tells whether a channel is closed, by either side or with its connection; true for NULL, false while
/// the answer to ssh_transport_open_channel_begin is awaited. Data may still be there to read.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_is_closed(channel: *const ssh_channel_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(true, || unsafe { channel.as_ref() }.map(|c| c.inner.is_closed()))
}

/// Tells whether the peer will send no more data; data may still be there to read. False for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_eof_received(channel: *const ssh_channel_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(false, || unsafe { channel.as_ref() }.map(|c| c.inner.eof_received()))
}

/// Ends reading, writing or both, without closing the channel: see ssh_channel_shutdown_read and
/// ssh_channel_shutdown_write.
///
/// how: SSH_SHUT_RD, SSH_SHUT_WR or SSH_SHUT_RDWR.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_shutdown(channel: *mut ssh_channel_t, how: i32) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let channel = unsafe { arg::handle(channel)? };
        if !matches!(how, SSH_SHUT_RD | SSH_SHUT_WR | SSH_SHUT_RDWR) {
            return Err(invalid("how is not one of SSH_SHUT_*"));
        }
        channel.run(|c| {
            if how != SSH_SHUT_WR {
                c.shutdown_read()?;
            }
            if how != SSH_SHUT_RD {
                c.shutdown_write()?;
            }
            Ok(())
        })
    })
}

/// Ends reading: what has arrived stays readable, SSH_EOF behind it; what comes later is dropped, its window given back.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_shutdown_read(channel: *mut ssh_channel_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(channel)? }.run(|c| c.shutdown_read())
    })
}

/// Ends writing: sends EOF (RFC 4254 section 5.3) behind what was sent. Later sends fail with SSH_ERR_CHANNEL_EOF_SENT.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_shutdown_write(channel: *mut ssh_channel_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(channel)? }.run(|c| c.shutdown_write())
    })
}

/// Sets the bound that SSH_WAIT_DEFAULT means for calls on this channel; SSH_WAIT_FOREVER at first.
///
/// timeout_ms: 0, SSH_WAIT_FOREVER or a time; not SSH_WAIT_DEFAULT.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_settimeout(channel: *mut ssh_channel_t, timeout_ms: i64) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let channel = unsafe { arg::handle(channel)? };
        if timeout_ms < SSH_WAIT_FOREVER {
            return Err(invalid("timeout_ms is negative and not SSH_WAIT_FOREVER"));
        }
        channel.inner.set_timeout(timeout_ms);
        Ok(())
    })
}

/// Returns the bound that SSH_WAIT_DEFAULT means on this channel; SSH_WAIT_FOREVER for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_gettimeout(channel: *const ssh_channel_t) -> i64 {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(SSH_WAIT_FOREVER, || unsafe { channel.as_ref() }.map(|c| c.inner.timeout()))
}

/// Makes SSH_WAIT_DEFAULT mean SSH_WAIT_FOREVER (blocking) or 0 (not blocking) on this channel.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_setblocking(channel: *mut ssh_channel_t, blocking: bool) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(channel)? }.inner.set_timeout(if blocking { SSH_WAIT_FOREVER } else { 0 });
        Ok(())
    })
}

/// Makes stderr's data arrive with stdout's, or apart again; apart at first. What of stderr is unread moves along.
///
/// out_before: may be NULL; what it was before.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_set_combine_stderr(
    channel: *mut ssh_channel_t,
    combine: bool,
    out_before: *mut bool,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (before, channel) = unsafe { (arg::opt_out(out_before), arg::handle(channel)?) };
        let was = channel.run(|c| c.set_combine_stderr(combine))?;
        if let Some(before) = before {
            *before = was;
        }
        Ok(())
    })
}

/// Names a channel, for the log: lines about it come under the transport's name, a dot and this one.
///
/// name: copied.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_set_name(channel: *mut ssh_channel_t, name: *const c_char) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (channel, name) = unsafe { (arg::handle(channel)?, arg::text(name, "name")?) };
        channel.run(|c| c.set_name(name))
    })
}

/// Gives a channel's name; its number (ssh_channel_get_id) at first.
///
/// out_name: owned result.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_get_name(
    channel: *const ssh_channel_t,
    out_name: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, channel) = unsafe { (arg::out(out_name)?, arg::handle(channel)?) };
        *out = text::give(&channel.inner.name()?)?;
        Ok(())
    })
}

/// Returns a channel's number on this side (RFC 4254 section 5.1); 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_get_id(channel: *const ssh_channel_t) -> u32 {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(0, || unsafe { channel.as_ref() }.map(|c| c.inner.id()))
}

/// Gives a channel's kind, "session" for one.
///
/// out_kind: owned result.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_get_kind(
    channel: *const ssh_channel_t,
    out_kind: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, channel) = unsafe { (arg::out(out_kind)?, arg::handle(channel)?) };
        *out = text::give(channel.inner.kind())?;
        Ok(())
    })
}

/// A getter of an address; where there is none, `of` says why.
///
/// # Safety
/// The pointers hold what `ssh_channel_get_origin` says.
unsafe fn address(
    channel: *const ssh_channel_t,
    out_host: *mut *mut c_char,
    out_port: *mut u32,
    of: impl FnOnce(&Channel) -> Result<(String, u16), &'static str>,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: passed on.
        let ((out, out_port), channel) = unsafe { (arg::outs(out_host, out_port)?, arg::handle(channel)?) };
        let (host, port) = of(&channel.inner).map_err(|why| Error::new(ErrorKind::InvalidState, why))?;
        *out = text::give(&host)?;
        *out_port = u32::from(port);
        Ok(())
    })
}

/// Gives the address a forwarded connection comes from (RFC 4254 sections 6.3.2 and 7.2), in the peer's words.
///
/// out_host: owned result.
/// out_port: its port.
/// Returns SSH_OK, or SSH_ERR_INVALID_STATE for a kind of channel that has none.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_get_origin(
    channel: *const ssh_channel_t,
    out_host: *mut *mut c_char,
    out_port: *mut u32,
) -> ssh_status_t {
    // SAFETY: passed on.
    unsafe { address(channel, out_host, out_port, |c| c.origin().ok_or("this kind of channel has no origin address")) }
}

/// Gives what a channel is for: where a direct-tcpip one goes, what a forwarded-tcpip one was connected to (RFC 4254
/// section 7.2), or the path of a streamlocal one's Unix socket. In the words of the side that opened it.
///
/// out_host: owned result; the address, or the path.
/// out_port: its port; 0 with a path.
/// Returns SSH_OK, or SSH_ERR_INVALID_STATE for a kind of channel that has none.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_get_destination(
    channel: *const ssh_channel_t,
    out_host: *mut *mut c_char,
    out_port: *mut u32,
) -> ssh_status_t {
    // SAFETY: passed on.
    unsafe {
        address(channel, out_host, out_port, |c| c.destination().ok_or("this kind of channel has no destination"))
    }
}

/// Gives the address of the other end of the channel's connection, as ssh_transport_getpeername does.
///
/// out_host: owned result.
/// out_port: its port.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_getpeername(
    channel: *const ssh_channel_t,
    out_host: *mut *mut c_char,
    out_port: *mut u32,
) -> ssh_status_t {
    // SAFETY: passed on.
    unsafe { address(channel, out_host, out_port, |c| Ok(c.peer_name())) }
}

/// Gives the application's own handle of a channel that a hook was given; the channel does not come through
/// ssh_transport_accept then. For hooks of servers: whoever serves the command goes on with it after the hook.
///
/// channel: borrowed; the hook's.
/// out_channel: owned result, ssh_channel_free; the channel closes with it.
/// Returns SSH_OK; SSH_ERR_INVALID_STATE where the channel was accepted or taken before; SSH_ERR_CHANNEL_CLOSED.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_take(
    channel: *const ssh_channel_t,
    out_channel: *mut *mut ssh_channel_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, channel) = unsafe { (arg::out(out_channel)?, arg::handle(channel)?) };
        let taken = channel.run(Channel::take)?;
        *out = Box::into_raw(Box::new(ssh_channel_t::new(taken, Arc::clone(&channel.origin))));
        Ok(())
    })
}

/// Gives a further handle on a channel's transport; unlike the first it does not keep the connection open.
///
/// out_transport: owned result, ssh_transport_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_get_transport(
    channel: *const ssh_channel_t,
    out_transport: *mut *mut ssh_transport_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, channel) = unsafe { (arg::out(out_transport)?, arg::handle(channel)?) };
        let transport = ssh_transport_t::new(channel.inner.transport(), Arc::clone(&channel.origin));
        *out = Box::into_raw(Box::new(transport));
        Ok(())
    })
}

/// Gives a file descriptor that is readable while ssh_channel_recv or ssh_channel_recv_stderr would not wait (data, end
/// of file, or closed), for poll and its kin; never read it.
///
/// For room to send there is ssh_channel_fileno_send. This one stays readable while either stream has data and, in the
/// end, for ever: read both streams until both say SSH_EOF or fail, then leave it out.
///
/// out_fd: borrowed result, valid until the channel's last handle is freed; -1 on failure.
/// Returns SSH_OK, or SSH_ERR_RESOURCE_LIMIT where the system has no descriptor left.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_fileno(channel: *mut ssh_channel_t, out_fd: *mut c_int) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_fd)? };
        *out = -1;
        // SAFETY: the C contract, see ffi/mod.rs.
        *out = unsafe { arg::handle(channel)? }.run(|c| c.fileno())?;
        Ok(())
    })
}

/// Gives a file descriptor for sending: it is readable (POLLIN, not POLLOUT) while ssh_channel_send is worth trying,
/// and from the channel's end on, when that fails at once; never read it.
///
/// Poll it only while there is something to send: an idle channel's is readable all the time. Then call
/// ssh_channel_send with timeout 0. SSH_ERR_TIMEOUT means that there was no room after all, a key exchange under way
/// for one: the descriptor is not readable then until there is.
///
/// out_fd: borrowed result, valid until the channel's last handle is freed; -1 on failure.
/// Returns SSH_OK, or SSH_ERR_RESOURCE_LIMIT where the system has no descriptor left.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_fileno_send(channel: *mut ssh_channel_t, out_fd: *mut c_int) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_fd)? };
        *out = -1;
        // SAFETY: the C contract, see ffi/mod.rs.
        *out = unsafe { arg::handle(channel)? }.run(|c| c.send_fileno())?;
        Ok(())
    })
}
