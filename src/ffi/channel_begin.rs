//! Requests on a session channel that are sent without waiting for the answer.

use super::arg;
use super::guard::{guard, guard_unit, Status};
use super::handle::ssh_channel_t;
use super::types::*;
use crate::engine::{Progress, PtySize};
use std::ffi::{c_char, c_void};

/// Takes the answer to the oldest thing begun on a channel: its opening (ssh_transport_open_channel_begin) or one of the
/// requests below. Never waits; SSH_READY_DONE tells when there is an answer. Several requests may be begun at once: their
/// answers are taken in the same order.
///
/// Returns SSH_OK: the peer agreed; SSH_PENDING: it has not answered; the error that the call which waits would have
/// returned, SSH_ERR_CHANNEL_PROHIBITED or SSH_ERR_REQUEST_REFUSED for one, with the peer's reason and text in the
/// exception; SSH_ERR_INVALID_STATE where nothing was begun.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_finish(channel: *mut ssh_channel_t) -> ssh_status_t {
    guard(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let channel = unsafe { arg::handle(channel)? };
        Ok(match channel.run(|c| c.finish())? {
            Progress::Done => Status::Ok,
            Progress::Pending => Status::Pending,
        })
    })
}

/// Asks for a pseudo-terminal, as ssh_channel_get_pty does, and returns at once.
///
/// term, cols, rows, width_px, height_px, modes: as for ssh_channel_get_pty.
/// Returns SSH_OK: asked, ssh_channel_finish takes the answer; SSH_ERR_INVALID_STATE before the channel is open;
/// SSH_ERR_CHANNEL_CLOSED; what ended the connection. The same for all requests here.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_get_pty_begin(
    channel: *mut ssh_channel_t,
    term: *const c_char,
    cols: u32,
    rows: u32,
    width_px: u32,
    height_px: u32,
    modes: *const c_void,
    modes_len: usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (channel, term, modes) =
            unsafe { (arg::handle(channel)?, arg::text(term, "term")?, arg::bytes(modes, modes_len)?) };
        let size = PtySize { columns: cols, rows, width: width_px, height: height_px };
        channel.run(|c| c.request_pty_begin(term, size, modes))
    })
}

/// Starts the user's shell, as ssh_channel_invoke_shell does, and returns at once.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_invoke_shell_begin(channel: *mut ssh_channel_t) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { arg::handle(channel)? }.run(|c| c.invoke_shell_begin()))
}

/// Starts a command, as ssh_channel_exec_command does, and returns at once.
///
/// command: borrowed; any bytes but NUL.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_exec_command_begin(
    channel: *mut ssh_channel_t,
    command: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (channel, command) = unsafe { (arg::handle(channel)?, arg::c_bytes(command, "command")?) };
        channel.run(|c| c.exec_command_begin(command))
    })
}

/// Starts a subsystem, as ssh_channel_invoke_subsystem does, and returns at once.
///
/// name: borrowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_invoke_subsystem_begin(
    channel: *mut ssh_channel_t,
    name: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (channel, name) = unsafe { (arg::handle(channel)?, arg::text(name, "name")?) };
        channel.run(|c| c.invoke_subsystem_begin(name))
    })
}
