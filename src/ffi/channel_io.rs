//! Moving a channel's bytes.

use super::arg;
use super::guard::{guard, guard_unit, guard_value, Status};
use super::types::*;
use crate::engine::Recv;
use crate::error::Result;
use crate::proto::event::Stream;
use std::ffi::c_void;

/// # Safety
/// The pointers hold what `ssh_channel_recv` says.
unsafe fn recv(
    channel: *const ssh_channel_t,
    stream: Stream,
    buf: *mut c_void,
    buf_len: usize,
    timeout_ms: i64,
    out_len: *mut usize,
) -> Result<Status> {
    // SAFETY: passed on.
    let (out, channel, mut buf) = unsafe { (arg::out(out_len)?, arg::handle(channel)?, arg::out_bytes(buf, buf_len)?) };
    let deadline = arg::deadline(timeout_ms, channel.inner.timeout())?;
    let room = buf.room();
    Ok(match channel.run(|c| c.recv(stream, room, &mut |data| buf.push(data), deadline))? {
        Recv::Data(n) => {
            *out = n;
            Status::Ok
        }
        Recv::Eof => Status::Eof,
    })
}

/// Receives data (RFC 4254 section 5.2).
///
/// Blocks until there is at least one byte; the end of the stream, a close and the end of the connection wake it.
/// buf: out, buf_len bytes, at least 1.
/// timeout_ms: SSH_WAIT_DEFAULT is what ssh_channel_settimeout set; the same for all calls on channels.
/// out_len: the bytes received.
/// Returns SSH_OK; SSH_EOF, and nothing was received, after the peer's end of file or close and after our own close;
/// SSH_ERR_TIMEOUT; what ended the connection, if it ended before any of these. What arrived before is delivered first.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_recv(
    channel: *mut ssh_channel_t,
    buf: *mut c_void,
    buf_len: usize,
    timeout_ms: i64,
    out_len: *mut usize,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard(|| unsafe { recv(channel, Stream::Data, buf, buf_len, timeout_ms, out_len) })
}

/// Receives data of stderr (RFC 4254 section 5.2, extended data of type 1), as ssh_channel_recv does. Leaving it unread
/// holds stdout up only once 128 MiB of it, all channels of the connection together, and the window are full.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_recv_stderr(
    channel: *mut ssh_channel_t,
    buf: *mut c_void,
    buf_len: usize,
    timeout_ms: i64,
    out_len: *mut usize,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard(|| unsafe { recv(channel, Stream::Stderr, buf, buf_len, timeout_ms, out_len) })
}

/// Tells whether ssh_channel_recv would return at once; false for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_recv_ready(channel: *const ssh_channel_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(false, || unsafe { channel.as_ref() }.map(|c| c.inner.recv_ready(Stream::Data)))
}

/// Tells whether ssh_channel_recv_stderr would return at once; false for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_recv_stderr_ready(channel: *const ssh_channel_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(false, || unsafe { channel.as_ref() }.map(|c| c.inner.recv_ready(Stream::Stderr)))
}

/// Tells whether ssh_channel_send would send at least one byte at once; false for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_send_ready(channel: *const ssh_channel_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(false, || unsafe { channel.as_ref() }.map(|c| c.inner.send_ready()))
}

/// # Safety
/// The pointers hold what `ssh_channel_send` says.
unsafe fn send(
    channel: *const ssh_channel_t,
    stream: Stream,
    data: *const c_void,
    data_len: usize,
    timeout_ms: i64,
    out_len: *mut usize,
) -> Result<()> {
    // SAFETY: passed on.
    let (out, channel, data) = unsafe { (arg::out(out_len)?, arg::handle(channel)?, arg::bytes(data, data_len)?) };
    let deadline = arg::deadline(timeout_ms, channel.inner.timeout())?;
    *out = channel.run(|c| match stream {
        Stream::Data => c.send(data, deadline),
        Stream::Stderr => c.send_stderr(data, deadline),
    })?;
    Ok(())
}

/// Sends what the window has room for (RFC 4254 section 5.2).
///
/// Blocks until there is room for at least one byte.
/// data: copied; data_len 0 sends nothing and returns at once.
/// out_len: the bytes taken, from the front of data.
/// Returns SSH_OK; SSH_ERR_TIMEOUT; SSH_ERR_CHANNEL_CLOSED; SSH_ERR_CHANNEL_EOF_SENT; what ended the connection.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_send(
    channel: *mut ssh_channel_t,
    data: *const c_void,
    data_len: usize,
    timeout_ms: i64,
    out_len: *mut usize,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { send(channel, Stream::Data, data, data_len, timeout_ms, out_len) })
}

/// Sends data as stderr, as ssh_channel_send does. For servers.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_send_stderr(
    channel: *mut ssh_channel_t,
    data: *const c_void,
    data_len: usize,
    timeout_ms: i64,
    out_len: *mut usize,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { send(channel, Stream::Stderr, data, data_len, timeout_ms, out_len) })
}

/// # Safety
/// The pointers hold what `ssh_channel_sendall` says.
unsafe fn sendall(
    channel: *const ssh_channel_t,
    stream: Stream,
    data: *const c_void,
    data_len: usize,
    timeout_ms: i64,
    out_sent: *mut usize,
) -> Result<()> {
    // SAFETY: passed on.
    let (out, channel, data) = unsafe { (arg::opt_out(out_sent), arg::handle(channel)?, arg::bytes(data, data_len)?) };
    let deadline = arg::deadline(timeout_ms, channel.inner.timeout())?;
    let mut sent = data.len();
    let result = channel.run(|c| {
        let all = match stream {
            Stream::Data => c.send_all(data, deadline),
            Stream::Stderr => c.send_all_stderr(data, deadline),
        };
        all.map_err(|(error, part)| {
            sent = part;
            error
        })
    });
    if let Some(out) = out {
        *out = sent;
    }
    result
}

/// Sends everything, waiting for room as often as needed.
///
/// data: copied piece by piece; must stay unchanged during the call.
/// timeout_ms: for all of it.
/// out_sent: may be NULL; the bytes sent, from the front of data, also where the call fails.
/// Returns what ssh_channel_send does.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_sendall(
    channel: *mut ssh_channel_t,
    data: *const c_void,
    data_len: usize,
    timeout_ms: i64,
    out_sent: *mut usize,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { sendall(channel, Stream::Data, data, data_len, timeout_ms, out_sent) })
}

/// Sends everything as stderr, as ssh_channel_sendall does. For servers.
#[no_mangle]
pub unsafe extern "C" fn ssh_channel_sendall_stderr(
    channel: *mut ssh_channel_t,
    data: *const c_void,
    data_len: usize,
    timeout_ms: i64,
    out_sent: *mut usize,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { sendall(channel, Stream::Stderr, data, data_len, timeout_ms, out_sent) })
}
