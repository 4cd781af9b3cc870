//! Relays.

use super::arg::{self, invalid};
use super::event::ssh_event_t;
use super::guard::{guard_unit, guard_value};
use super::handle::ssh_channel_t;
use super::types::ssh_status_t;
use crate::engine::Relay;
use crate::error::{Error, ErrorKind, Result};
use std::ffi::c_int;
use std::os::fd::{FromRawFd, OwnedFd};

/// A channel made one with a descriptor, or with another channel; data goes both ways without the application.
pub struct ssh_relay_t {
    inner: Relay,
}

/// Takes a descriptor that C gives up.
///
/// # Safety
/// Nobody else uses or closes `fd` from now on.
unsafe fn take(fd: c_int, what: &str) -> Result<OwnedFd> {
    if fd < 0 {
        return Err(invalid(format!("{what} is negative")));
    }
    // An OwnedFd must hold an open descriptor: closing any other aborts the process.
    // SAFETY: asks for a flag of a number; any number is allowed.
    if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
        return Err(Error::new(ErrorKind::Io, format!("{what}: {}", std::io::Error::last_os_error())));
    }
    // SAFETY: by this function's contract.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A relay's handle for C, unless nobody wants it.
fn give(relay: Relay, out: Option<&mut *mut ssh_relay_t>) {
    if let Some(out) = out {
        *out = Box::into_raw(Box::new(ssh_relay_t { inner: relay }));
    }
}

/// Relays between a channel and a descriptor, or two, until both sides are done: what a forwarded connection needs, and a
/// channel that stands for stdin and stdout. Returns at once; a few threads of the library serve all relays.
///
/// The end of file of one side is passed on behind its data and leaves the other direction open: to the channel as EOF
/// (RFC 4254 section 5.3), to a socket with shutdown, to any other write_fd by closing it. The channel's CLOSE ends both
/// directions, after what arrived before it was written; a descriptor that takes none of that for 30 seconds loses it. A
/// side that takes no more ends that direction only, and what is still meant for it is dropped. A side that does not read
/// stops the other's reading and nothing else: at most 64 KiB wait in each direction, beside the channel's window. stderr
/// data is dropped, unless ssh_channel_set_combine_stderr joins it to the rest.
///
///     fd = accept(listener, NULL, NULL);
///     rc = ssh_transport_open_channel(transport, "direct-tcpip", &options, SSH_WAIT_DEFAULT, &channel);
///     if (rc == SSH_OK)
///         rc = ssh_relay_new_fd(channel, fd, fd, NULL, NULL);
///     else
///         close(fd);
///     ssh_channel_free(channel);
///
/// channel: borrowed; the relay has its own reference and closes the channel when it is over. A session whose both
/// directions are done, though, is left to the application's handle, if there still is one: a client's, whose output has
/// ended, for its exit status, a server's for the one it sends. Until the relay is over the application neither sends nor
/// receives on the channel. ssh_relay_stop ends it at once; after ssh_channel_close what had arrived is still written as far
/// as it is taken at once. A channel that is still being opened is waited for, and a refusal ends the relay with its error,
/// which ssh_channel_finish gives as well. For one that was relayed before and is open still, as a session may be, the relay
/// is over at once, SSH_OK.
/// read_fd, write_fd: taken, also when the call fails; may be the same. A connected stream socket, a pipe, a terminal or a
/// file; made close-on-exec, O_NONBLOCK is not changed. Closed when the relay is done with them, before it is over; a TCP
/// socket whose peer still sends only when what was written to it has arrived, or after 5 seconds.
/// event: used, not taken: set when the relay is over, also where its handle was freed before; may be NULL.
/// out_relay: owned result, ssh_relay_free; may be NULL.
/// Returns SSH_OK; SSH_ERR_INVALID_STATE where the channel is relayed already; SSH_ERR_CHANNEL_CLOSED where it is closed,
/// by whichever side, and nothing is left to read, or the connection's error where that ended it; SSH_ERR_INVALID_ARGUMENT
/// for a negative descriptor or a socket that is no stream; SSH_ERR_IO for one that is not open; SSH_ERR_RESOURCE_LIMIT.
/// After a failure the channel is as it was.
#[no_mangle]
pub unsafe extern "C" fn ssh_relay_new_fd(
    channel: *mut ssh_channel_t,
    read_fd: c_int,
    write_fd: c_int,
    event: *mut ssh_event_t,
    out_relay: *mut *mut ssh_relay_t,
) -> ssh_status_t {
    guard_unit(|| {
        // Both are taken before anything is refused.
        // SAFETY: the caller gives the descriptors up, also when the call fails.
        let (read, write) = unsafe {
            (take(read_fd, "read_fd"), (write_fd != read_fd).then(|| take(write_fd, "write_fd")).transpose())
        };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, channel, event) = unsafe { (arg::opt_out(out_relay), arg::handle(channel)?, event.as_ref()) };
        let (read, write) = (read?, write?);
        let event = event.map(|event| event.inner.clone());
        give(channel.run(|c| Relay::with_descriptors(c, read, write, event))?, out);
        Ok(())
    })
}

/// Relays between two channels, of one connection or of two: the rules are those of ssh_relay_new_fd.
///
/// a, b: borrowed; the relay has its own references and closes both when it is over, but for sessions whose output has
/// ended, and sessions of servers. A session that still sends when the other channel is gone is closed.
/// event: used, not taken: set when the relay is over; may be NULL.
/// out_relay: owned result, ssh_relay_free; may be NULL.
/// Returns SSH_OK; SSH_ERR_INVALID_STATE where one is relayed already, or both are the same; SSH_ERR_CHANNEL_CLOSED where one
/// is closed and has nothing left to read, or its connection's error; SSH_ERR_RESOURCE_LIMIT.
#[no_mangle]
pub unsafe extern "C" fn ssh_relay_new_channel(
    a: *mut ssh_channel_t,
    b: *mut ssh_channel_t,
    event: *mut ssh_event_t,
    out_relay: *mut *mut ssh_relay_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, a, b, event) = unsafe { (arg::opt_out(out_relay), arg::handle(a)?, arg::handle(b)?, event.as_ref()) };
        let event = event.map(|event| event.inner.clone());
        give(a.run(|a| Relay::between(a, &b.inner, event))?, out);
        Ok(())
    })
}

/// Waits until a relay is over.
///
/// timeout_ms: SSH_WAIT_DEFAULT has no bound.
/// Returns SSH_OK: both sides were done, or the application closed a channel; SSH_ERR_TIMEOUT: it goes on; otherwise what
/// ended it, the first failure: the error of a connection that is lost or closed (SSH_ERR_PEER_DISCONNECTED,
/// SSH_ERR_CONNECTION_LOST, SSH_ERR_PEER_DEAD, SSH_ERR_CLOSED and so on, what ssh_get_exception gives of the transport);
/// SSH_ERR_IO where a descriptor failed, or where a side took no more of a closed channel's data; for a channel that was
/// still being opened, the refusal (SSH_ERR_CHANNEL_PROHIBITED and those beside it) or SSH_ERR_CHANNEL_CLOSED where the
/// application closed it; SSH_ERR_CLOSED after ssh_relay_stop; SSH_ERR_FORKED in a child; SSH_ERR_INTERNAL.
#[no_mangle]
pub unsafe extern "C" fn ssh_relay_wait(relay: *mut ssh_relay_t, timeout_ms: i64) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let relay = unsafe { arg::handle(relay)? };
        relay.inner.wait(arg::deadline(timeout_ms, -1)?)
    })
}

/// Tells whether a relay is over; true for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_relay_is_done(relay: *const ssh_relay_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(true, || unsafe { relay.as_ref() }.map(|relay| relay.inner.is_over()))
}

/// Ends a relay at once, whatever is on the way, and closes its channels and descriptors: the way to end one early. Never
/// waits; allowed in callbacks.
/// One that is over stays as it is.
#[no_mangle]
pub unsafe extern "C" fn ssh_relay_stop(relay: *mut ssh_relay_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(relay)? }.inner.stop();
        Ok(())
    })
}

/// Tells how many bytes a relay has passed on so far.
///
/// out_from_a: those that came from the channel, or from the first channel.
/// out_from_b: those that came from the descriptor, or from the second channel.
#[no_mangle]
pub unsafe extern "C" fn ssh_relay_get_counts(
    relay: *const ssh_relay_t,
    out_from_a: *mut u64,
    out_from_b: *mut u64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (from_a, from_b) = unsafe { arg::outs(out_from_a, out_from_b)? };
        // SAFETY: likewise.
        (*from_a, *from_b) = unsafe { arg::handle(relay)? }.inner.counts();
        Ok(())
    })
}

/// Releases a relay's handle; the relay goes on. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_relay_free(relay: *mut ssh_relay_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(relay) }
}
