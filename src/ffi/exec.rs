//! A command from start to end in one call.

use super::answers::terminated;
use super::arg;
use super::guard::{guard_unit, guard_value};
use super::text::c_string;
use super::types::*;
use std::ffi::{c_char, c_void, CString};
use std::ptr::null;

/// What a command printed and how it ended.
pub struct ssh_exec_result_t {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    exit_status: Option<u32>,
    exit_signal: Option<CString>,
}

/// Output the call collects at most unless told otherwise, bytes.
const DEFAULT_MAX_OUTPUT: usize = 16 << 20;

/// Runs a command to its end: starts it, sends its input and EOF, collects both streams and waits for the exit status.
/// The channel must be a fresh session and is closed afterwards.
///
/// Blocks until the command ends; the end of the connection wakes it.
/// command: borrowed; any bytes but NUL.
/// input: borrowed; may be NULL with length 0.
/// max_output: bound for both streams together, bytes; 0: 16777216.
/// timeout_ms: for all of it. Expiry closes the channel.
/// out_result: owned result, ssh_exec_result_free, also of a call that fails: once the command has started, it holds
/// what had come by the failure, the exit status among it (-1 unless it had come too). NULL where it has not started.
/// Returns SSH_OK, whatever the exit status; SSH_ERR_REQUEST_REFUSED; SSH_ERR_RESOURCE_LIMIT where the command printed
/// more than max_output, and ssh_channel_recv gives what else had come; SSH_ERR_TIMEOUT; what ended the connection.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_exec_collect(
    channel: *mut ssh_channel_t,
    command: *const c_char,
    input: *const c_void,
    input_len: usize,
    max_output: usize,
    timeout_ms: i64,
    out_result: *mut *mut ssh_exec_result_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, channel, command, input) = unsafe {
            (
                arg::out(out_result)?,
                arg::handle(channel)?,
                arg::c_bytes(command, "command")?,
                arg::bytes(input, input_len)?,
            )
        };
        let max_output = if max_output == 0 { DEFAULT_MAX_OUTPUT } else { max_output };
        let deadline = arg::deadline(timeout_ms, channel.inner.timeout())?;
        let collected = channel.run(|c| c.exec_collect(command, input, max_output, deadline));
        channel.inner.close();
        let mut collected = collected?;
        let cut_short = collected.cut_short.take();
        *out = Box::into_raw(Box::new(ssh_exec_result_t {
            stdout: terminated(&collected.stdout),
            stderr: terminated(&collected.stderr),
            exit_status: collected.exit_status,
            exit_signal: collected.exit_signal.map(|s| c_string(&s.signal)),
        }));
        channel.run(|_| cut_short.map_or(Ok(()), Err))
    })
}

/// # Safety
/// The pointers hold what `ssh_exec_result_stdout` says.
unsafe fn stream(
    result: *const ssh_exec_result_t,
    out_len: *mut usize,
    pick: impl FnOnce(&ssh_exec_result_t) -> &Vec<u8>,
) -> *const c_char {
    guard_value(null(), || {
        // SAFETY: passed on.
        let (out, result) = unsafe { (arg::opt_out(out_len), result.as_ref()?) };
        let bytes = pick(result);
        if let Some(out) = out {
            // The NUL behind the bytes does not count.
            *out = bytes.len().saturating_sub(1);
        }
        Some(bytes.as_ptr().cast())
    })
}

/// Returns what the command wrote to stdout, raw, also NUL-terminated. Borrowed result until ssh_exec_result_free; NULL
/// for NULL.
///
/// out_len: may be NULL; the bytes.
#[no_mangle]
pub unsafe extern "C" fn ssh_exec_result_stdout(
    result: *const ssh_exec_result_t,
    out_len: *mut usize,
) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { stream(result, out_len, |r| &r.stdout) }
}

/// Returns what the command wrote to stderr, as ssh_exec_result_stdout does.
#[no_mangle]
pub unsafe extern "C" fn ssh_exec_result_stderr(
    result: *const ssh_exec_result_t,
    out_len: *mut usize,
) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { stream(result, out_len, |r| &r.stderr) }
}

/// Returns the command's exit status; -1 where none came, and for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_exec_result_exit_status(result: *const ssh_exec_result_t) -> i64 {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(-1, || unsafe { result.as_ref() }.and_then(|r| r.exit_status).map(i64::from))
}

/// Returns the signal that ended the command, "KILL" for one, NULL where none did. Borrowed result until
/// ssh_exec_result_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_exec_result_exit_signal(result: *const ssh_exec_result_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(null(), || unsafe { result.as_ref() }.and_then(|r| r.exit_signal.as_ref()).map(|s| s.as_ptr()))
}

/// Releases a command's result. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_exec_result_free(result: *mut ssh_exec_result_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(result) }
}
