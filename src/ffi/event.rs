//! Events.

use super::arg;
use super::guard::{guard_unit, guard_value};
use super::types::ssh_status_t;
use crate::engine::{Event, Registrations};
use std::ffi::c_int;

/// A flag that can be waited for.
pub struct ssh_event_t {
    /// As in `ssh_transport_t`.
    pub(super) ready: Registrations,
    pub(super) inner: Event,
}

/// Makes an event, not set.
///
/// out_event: owned result, ssh_event_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_event_new(out_event: *mut *mut ssh_event_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_event)? };
        *out = Box::into_raw(Box::new(ssh_event_t { ready: Registrations::default(), inner: Event::new() }));
        Ok(())
    })
}

/// Waits until an event is set; it stays set.
///
/// timeout_ms: SSH_WAIT_DEFAULT has no bound.
/// Returns SSH_OK, or SSH_ERR_TIMEOUT.
#[no_mangle]
pub unsafe extern "C" fn ssh_event_wait(event: *mut ssh_event_t, timeout_ms: i64) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let event = unsafe { arg::handle(event)? };
        let deadline = arg::deadline(timeout_ms, -1)?;
        if event.inner.wait(deadline) {
            return Ok(());
        }
        Err(deadline.error("the event was not set"))
    })
}

/// Tells whether an event is set; false for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_event_is_set(event: *const ssh_event_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(false, || unsafe { event.as_ref() }.map(|event| event.inner.is_set()))
}

/// Sets an event and wakes whoever waits for it.
#[no_mangle]
pub unsafe extern "C" fn ssh_event_set(event: *mut ssh_event_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(event)? }.inner.set();
        Ok(())
    })
}

/// Clears an event, for another use.
#[no_mangle]
pub unsafe extern "C" fn ssh_event_clear(event: *mut ssh_event_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(event)? }.inner.clear();
        Ok(())
    })
}

/// Gives a file descriptor that is readable while the event is set, for poll and its kin; never read it.
///
/// out_fd: borrowed result, valid until ssh_event_free; -1 on failure.
/// Returns SSH_OK, or SSH_ERR_RESOURCE_LIMIT or SSH_ERR_IO where the system has no descriptor left.
#[no_mangle]
pub unsafe extern "C" fn ssh_event_fd(event: *mut ssh_event_t, out_fd: *mut c_int) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_fd)? };
        *out = -1;
        // SAFETY: the C contract, see ffi/mod.rs.
        *out = unsafe { arg::handle(event)? }.inner.fd()?;
        Ok(())
    })
}

/// Releases an event; operations that will set it go on. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_event_free(event: *mut ssh_event_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(event) }
}
