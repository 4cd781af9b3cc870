//! Readiness queues.

use super::arg::{self, invalid};
use super::guard::guard_unit;
use super::types::*;
use crate::engine::{ready_flags as flags, ReadyQueue};
use crate::error::Result;
use std::ffi::{c_int, c_void};

/// Tells which of many channels, transports and events are ready, through one descriptor: for event loops.
pub struct ssh_ready_t {
    inner: ReadyQueue,
}

const _: () = assert!(
    SSH_READY_READABLE == flags::READABLE
        && SSH_READY_READABLE_STDERR == flags::READABLE_STDERR
        && SSH_READY_WRITABLE == flags::WRITABLE
        && SSH_READY_CLOSED == flags::CLOSED
        && SSH_READY_EXIT_STATUS == flags::EXIT_STATUS
        && SSH_READY_DONE == flags::DONE
        && SSH_READY_ACCEPTABLE == flags::ACCEPTABLE
        && SSH_READY_ONESHOT == flags::ONESHOT
);

const OF_CHANNEL: u32 = SSH_READY_READABLE
    | SSH_READY_READABLE_STDERR
    | SSH_READY_WRITABLE
    | SSH_READY_CLOSED
    | SSH_READY_EXIT_STATUS
    | SSH_READY_DONE;
const OF_TRANSPORT: u32 = SSH_READY_ACCEPTABLE | SSH_READY_CLOSED;
const OF_EVENT: u32 = SSH_READY_DONE;

fn check(interest: u32, possible: u32, of: &str) -> Result<u32> {
    match interest & !(possible | SSH_READY_ONESHOT) {
        0 => Ok(interest),
        other => Err(invalid(format!("interest has 0x{other:x}, which {of} is never ready for"))),
    }
}

/// Makes a queue, empty. It tells which of the handles added to it are ready, and has one descriptor for all of them: what
/// poll and epoll do for descriptors, for channels, transports and events of any number of connections.
///
/// A loop on one thread. Each handle that is ready is told once, then comes SSH_ERR_TIMEOUT; whatever is still ready then
/// leaves the descriptor readable and is told in the next round, as epoll's level-triggered descriptors are:
///
///     ssh_ready_add_channel(ready, channel, SSH_READY_READABLE, connection);
///     for (;;) {
///         poll(&(struct pollfd){fd, POLLIN, 0}, 1, -1);
///         while (ssh_ready_next(ready, 0, &flags, &user_data) == SSH_OK)
///             if (flags & SSH_READY_READABLE)
///                 read_some(user_data);    (ssh_channel_recv with timeout 0)
///     }
///
/// out_ready: owned result, ssh_ready_free.
/// Returns SSH_OK, or SSH_ERR_RESOURCE_LIMIT where the system has no descriptor left.
#[no_mangle]
pub unsafe extern "C" fn ssh_ready_new(out_ready: *mut *mut ssh_ready_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_ready)? };
        *out = Box::into_raw(Box::new(ssh_ready_t { inner: ReadyQueue::new()? }));
        Ok(())
    })
}

/// Gives the queue's file descriptor, which is readable while ssh_ready_next is worth calling, for poll and its kin; never
/// read it. Watch it level-triggered: with EPOLLET a handle that was not drained is not reported again.
///
/// out_fd: borrowed result, valid until ssh_ready_free; -1 on failure.
#[no_mangle]
pub unsafe extern "C" fn ssh_ready_fd(ready: *mut ssh_ready_t, out_fd: *mut c_int) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_fd)? };
        *out = -1;
        // SAFETY: the C contract, see ffi/mod.rs.
        *out = unsafe { arg::handle(ready)? }.inner.fd();
        Ok(())
    })
}

/// Adds a channel to a queue, or, where this handle is in it already, replaces interest and user_data. The handle leaves
/// the queue when it is freed: ssh_ready_next tells nothing of it afterwards.
///
/// interest: SSH_READY_* flags, what the application waits for now. READABLE: drop it after SSH_EOF, for that stays
/// readable. WRITABLE: set it only while there is something to send. 0 pauses. With SSH_READY_ONESHOT the interest becomes
/// 0 when the handle is told: add it again to go on, as threads that share a queue want it. By then another thread may be
/// told of it, even before this call returns, and may free it.
/// user_data: given back by ssh_ready_next; never used by the library.
/// Returns SSH_OK, also for a channel that is closed.
#[no_mangle]
pub unsafe extern "C" fn ssh_ready_add_channel(
    ready: *mut ssh_ready_t,
    channel: *mut ssh_channel_t,
    interest: u32,
    user_data: *mut c_void,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (queue, channel) = unsafe { (&arg::handle(ready)?.inner, arg::handle(channel)?) };
        let (interest, data) = (check(interest, OF_CHANNEL, "a channel")?, user_data as usize);
        let place = channel.run(|c| channel.ready.place(queue, || c.watch(queue, 0, 0)))?;
        // From here on another thread may be told of the channel, and free it.
        place.set(interest, data);
        Ok(())
    })
}

/// Adds a transport to a queue, as ssh_ready_add_channel does.
///
/// interest: SSH_READY_ACCEPTABLE, SSH_READY_CLOSED, SSH_READY_ONESHOT.
#[no_mangle]
pub unsafe extern "C" fn ssh_ready_add_transport(
    ready: *mut ssh_ready_t,
    transport: *mut ssh_transport_t,
    interest: u32,
    user_data: *mut c_void,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (queue, transport) = unsafe { (&arg::handle(ready)?.inner, arg::handle(transport)?) };
        let (interest, data) = (check(interest, OF_TRANSPORT, "a transport")?, user_data as usize);
        let place = transport.run(|t| transport.ready.place(queue, || t.watch(queue, 0, 0)))?;
        // As above.
        place.set(interest, data);
        Ok(())
    })
}

/// Adds an event to a queue, as ssh_ready_add_channel does: those of ssh_transport_start_client_event and
/// ssh_transport_auth_*_event for one. ssh_event_clear makes it unready again.
///
/// interest: SSH_READY_DONE, SSH_READY_ONESHOT.
#[no_mangle]
pub unsafe extern "C" fn ssh_ready_add_event(
    ready: *mut ssh_ready_t,
    event: *mut ssh_event_t,
    interest: u32,
    user_data: *mut c_void,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (queue, event) = unsafe { (&arg::handle(ready)?.inner, arg::handle(event)?) };
        let (interest, data) = (check(interest, OF_EVENT, "an event")?, user_data as usize);
        let place = event.ready.place(queue, || Ok(event.inner.watch(queue, 0, 0)))?;
        // As above.
        place.set(interest, data);
        Ok(())
    })
}

/// Takes a channel out of a queue; ssh_ready_next tells nothing of it afterwards. One that is not in it is no error.
#[no_mangle]
pub unsafe extern "C" fn ssh_ready_remove_channel(
    ready: *mut ssh_ready_t,
    channel: *mut ssh_channel_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (queue, channel) = unsafe { (arg::handle(ready)?, arg::handle(channel)?) };
        channel.ready.remove(&queue.inner);
        Ok(())
    })
}

/// Takes a transport out of a queue, as ssh_ready_remove_channel does.
#[no_mangle]
pub unsafe extern "C" fn ssh_ready_remove_transport(
    ready: *mut ssh_ready_t,
    transport: *mut ssh_transport_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (queue, transport) = unsafe { (arg::handle(ready)?, arg::handle(transport)?) };
        transport.ready.remove(&queue.inner);
        Ok(())
    })
}

/// Takes an event out of a queue, as ssh_ready_remove_channel does.
#[no_mangle]
pub unsafe extern "C" fn ssh_ready_remove_event(ready: *mut ssh_ready_t, event: *mut ssh_event_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (queue, event) = unsafe { (arg::handle(ready)?, arg::handle(event)?) };
        event.ready.remove(&queue.inner);
        Ok(())
    })
}

/// Gives the next handle that is ready, waiting for one if timeout_ms is not 0.
///
/// Handles take turns: with timeout 0, SSH_ERR_TIMEOUT comes once every ready handle has been told, and begins the next
/// round, in which those that are still ready are told again. So a loop until SSH_ERR_TIMEOUT ends, whatever it leaves
/// unread. Several threads may ask at once; a handle that stays ready is told to each of them: see SSH_READY_ONESHOT.
/// timeout_ms: SSH_WAIT_DEFAULT has no bound.
/// out_flags: what the handle is ready for, of what it was added for.
/// out_user_data: what it was added with.
/// Returns SSH_OK; SSH_ERR_TIMEOUT, where nothing (more) is ready.
#[no_mangle]
pub unsafe extern "C" fn ssh_ready_next(
    ready: *mut ssh_ready_t,
    timeout_ms: i64,
    out_flags: *mut u32,
    out_user_data: *mut *mut c_void,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let ((flags, user_data), ready) = unsafe { (arg::outs(out_flags, out_user_data)?, arg::handle(ready)?) };
        let next = ready.inner.next(arg::deadline(timeout_ms, SSH_WAIT_FOREVER)?)?;
        *flags = next.flags;
        *user_data = next.user_data as *mut c_void;
        Ok(())
    })
}

/// Releases a queue, before or after the handles in it. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_ready_free(ready: *mut ssh_ready_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(ready) }
}
