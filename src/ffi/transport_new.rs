//! Making a transport.

use super::arg::{self, invalid};
use super::guard::guard_unit;
use super::handle::{ssh_transport_t, Origin};
use super::options;
use super::stream::{CStream, UserData};
use super::types::*;
use crate::engine::{Deadline, Transport, TransportOptions};
use crate::error::{Error, ErrorKind, Result};
use std::ffi::{c_char, c_int};
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn give(transport: Transport, host: Option<(String, u16)>, channel_timeout: Duration) -> *mut ssh_transport_t {
    let origin = Arc::new(Origin { host, channel_timeout_ms: millis(channel_timeout) });
    Box::into_raw(Box::new(ssh_transport_t::new(transport, origin)))
}

/// The option stands for `SSH_WAIT_DEFAULT` only: an explicit deadline is not cut short by it.
fn connect_deadline(timeout_ms: i64, options: &mut TransportOptions) -> Result<Deadline> {
    arg::deadline(timeout_ms, millis(std::mem::take(&mut options.connect_timeout)))
}

/// "name", "name:port", "[v6]" or "[v6]:port" as name and port. A bare IPv6 address is a name with no port.
fn split_host(host: &str) -> Result<(String, u16)> {
    let bad = || invalid("host is not \"name\", \"name:port\" or \"[IPv6 address]:port\"");
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (name, rest) = rest.split_once(']').ok_or_else(bad)?;
            match rest.strip_prefix(':') {
                Some(port) => (name, Some(port)),
                None if rest.is_empty() => (name, None),
                None => return Err(bad()),
            }
        }
        None => match host.split_once(':') {
            Some((name, port)) if !port.contains(':') => (name, Some(port)),
            _ => (host, None),
        },
    };
    let port = match port {
        // Digits only: parse alone would take "+22".
        Some(p) if p.bytes().all(|b| b.is_ascii_digit()) => p.parse().ok().filter(|&p| p != 0).ok_or_else(bad)?,
        Some(_) => return Err(bad()),
        None => 22,
    };
    if name.is_empty() {
        return Err(bad());
    }
    Ok((name.to_owned(), port))
}

/// Resolves a host, connects to it and makes a transport, not started.
///
/// Blocks; one deadline covers resolving and connecting. Every address is tried, of the family the options name.
/// host: "name", "name:port", "[IPv6 address]:port", "IPv6 address"; port 22 unless given.
/// options: may be NULL.
/// timeout_ms: SSH_WAIT_DEFAULT is the options' connect_timeout_ms.
/// out_transport: owned result, ssh_transport_free.
/// Returns SSH_OK; SSH_ERR_RESOLVE_FAILED; SSH_ERR_CONNECT_FAILED, where ssh_exception_addresses says what each address
/// answered; SSH_ERR_TIMEOUT. Details are in ssh_get_exception(NULL).
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_new_host(
    host: *const c_char,
    options: *const ssh_transport_options_t,
    timeout_ms: i64,
    out_transport: *mut *mut ssh_transport_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, host, mut options) =
            unsafe { (arg::out(out_transport)?, arg::text(host, "host")?, options::transport(options)?) };
        let origin = split_host(host)?;
        let (deadline, channel_timeout) = (connect_deadline(timeout_ms, &mut options)?, options.channel_timeout);
        *out = give(Transport::connect_address(&origin.0, origin.1, options, deadline)?, Some(origin), channel_timeout);
        Ok(())
    })
}

/// Like ssh_transport_new_host, with the port apart.
///
/// address: a host name or an IPv4 or IPv6 address, without brackets.
/// port: 0 means 22.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_new_address(
    address: *const c_char,
    port: u32,
    options: *const ssh_transport_options_t,
    timeout_ms: i64,
    out_transport: *mut *mut ssh_transport_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, address, mut options) =
            unsafe { (arg::out(out_transport)?, arg::text(address, "address")?, options::transport(options)?) };
        let port = if port == 0 { 22 } else { arg::port(port, "port")? };
        let (deadline, channel_timeout) = (connect_deadline(timeout_ms, &mut options)?, options.channel_timeout);
        let transport = Transport::connect_address(address, port, options, deadline)?;
        *out = give(transport, Some((address.to_owned(), port)), channel_timeout);
        Ok(())
    })
}

/// Makes a transport over a connected stream socket, not started.
///
/// fd: taken, also when the call fails; made non-blocking and close-on-exec.
/// options: may be NULL.
/// out_transport: owned result, ssh_transport_free.
/// Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT where the descriptor is no socket. Details are in ssh_get_exception(NULL).
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_new_fd(
    fd: c_int,
    options: *const ssh_transport_options_t,
    out_transport: *mut *mut ssh_transport_t,
) -> ssh_status_t {
    guard_unit(|| {
        if fd < 0 {
            return Err(invalid("fd is negative"));
        }
        // An OwnedFd must hold an open descriptor: closing any other aborts the process.
        // SAFETY: asks for a flag of a number; any number is allowed.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
            return Err(Error::new(ErrorKind::Io, format!("fd: {}", std::io::Error::last_os_error())));
        }
        // SAFETY: the caller gives this descriptor up, also when the call fails.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, options) = unsafe { (arg::out(out_transport)?, options::transport(options)?) };
        let channel_timeout = options.channel_timeout;
        *out = give(Transport::from_fd(fd, options)?, None, channel_timeout);
        Ok(())
    })
}

/// Makes a transport over a byte stream of the caller's, not started.
///
/// stream: copied; its user_data is taken: destroy runs also when the call fails, unless stream itself is refused for
/// its size.
/// options: may be NULL.
/// out_transport: owned result, ssh_transport_free.
/// Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT where send, recv or close is NULL. Details are in ssh_get_exception(NULL).
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_new_stream(
    stream: *const ssh_stream_t,
    options: *const ssh_transport_options_t,
    out_transport: *mut *mut ssh_transport_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let stream = unsafe { arg::options(std::ptr::from_ref(arg::handle(stream)?))? };
        let data = UserData::new(stream.user_data, stream.destroy);
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, options) = unsafe { (arg::out(out_transport)?, options::transport(options)?) };
        let channel_timeout = options.channel_timeout;
        let stream = Box::new(CStream::new(&stream, data)?);
        *out = give(Transport::from_stream(stream, options)?, None, channel_timeout);
        Ok(())
    })
}

/// Makes a transport inside a channel of another transport, not started: the way through a jump host, where the channel
/// is a "direct-tcpip" one.
///
/// channel: used, not taken: its handle may be freed, but must not be read or written any more.
/// options: may be NULL.
/// out_transport: owned result, ssh_transport_free.
/// Returns SSH_OK; SSH_ERR_INVALID_STATE while the channel's opening is not answered.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_new_channel(
    channel: *const ssh_channel_t,
    options: *const ssh_transport_options_t,
    out_transport: *mut *mut ssh_transport_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, channel, options) =
            unsafe { (arg::out(out_transport)?, arg::handle(channel)?, options::transport(options)?) };
        let channel_timeout = options.channel_timeout;
        *out = give(Transport::from_channel(channel.inner.clone(), options)?, None, channel_timeout);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_split_as_people_write_them() {
        for (host, name, port) in [
            ("a.b", "a.b", 22),
            ("a:2222", "a", 2222),
            ("[::1]:5", "::1", 5),
            ("[::1]", "::1", 22),
            ("fe80::1", "fe80::1", 22),
        ] {
            assert_eq!(split_host(host).unwrap(), (name.to_owned(), port));
        }
        for host in ["", ":22", "a:", "a:x", "a:0", "a:65536", "a:+22", "[::1", "[::1]x", "[]:22"] {
            assert!(split_host(host).is_err(), "{host}");
        }
    }
}
