//! Asking a transport.

use super::arg;
use super::guard::{guard_unit, guard_value};
use super::key::ssh_key_t;
use super::text;
use super::types::*;
use crate::error::{Error, ErrorKind};
use std::ffi::c_char;

/// Tells whether the connection is up: started, negotiated and not ended; false for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_is_active(transport: *const ssh_transport_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(false, || unsafe { transport.as_ref() }.map(|t| t.inner.is_active()))
}

/// Tells whether the connection is up and authenticated; false for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_is_authenticated(transport: *const ssh_transport_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(false, || unsafe { transport.as_ref() }.map(|t| t.inner.is_authenticated()))
}

/// Gives the name of the user that is authenticated.
///
/// out_username: owned result.
/// Returns SSH_OK, or SSH_ERR_INVALID_STATE before authentication succeeded.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_get_username(
    transport: *const ssh_transport_t,
    out_username: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, transport) = unsafe { (arg::out(out_username)?, arg::handle(transport)?) };
        let name =
            transport.inner.username().ok_or_else(|| Error::new(ErrorKind::InvalidState, "not authenticated"))?;
        *out = text::give(&name)?;
        Ok(())
    })
}

/// Gives the banner the server sent during authentication (RFC 4252 section 5.4); it is kept across attempts.
///
/// out_banner: owned result, raw, also NUL-terminated; NULL if there was none. Filter control characters before
/// showing it: it comes from a machine that may not be trusted yet.
/// out_len: its bytes.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_get_banner(
    transport: *const ssh_transport_t,
    out_banner: *mut *mut c_char,
    out_len: *mut usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let ((out, len), transport) = unsafe { (arg::outs(out_banner, out_len)?, arg::handle(transport)?) };
        if let Some(banner) = transport.inner.banner() {
            *out = text::give_bytes(&banner)?.cast();
            *len = banner.len();
        }
        Ok(())
    })
}

/// Gives the server's host key, as it signed the key exchange (RFC 4253 section 8), with its certificate where the server
/// showed one (ssh_key_get_certificate).
///
/// out_key: owned result, ssh_key_free.
/// Returns SSH_OK, or SSH_ERR_INVALID_STATE before the negotiation.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_get_remote_server_key(
    transport: *const ssh_transport_t,
    out_key: *mut *mut ssh_key_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, transport) = unsafe { (arg::out(out_key)?, arg::handle(transport)?) };
        *out = ssh_key_t::give_shown(transport.inner.remote_server_key()?, transport.inner.remote_server_certificate());
        Ok(())
    })
}

/// Gives the peer's identification string, "SSH-2.0-..." (RFC 4253 section 4.2).
///
/// out_version: owned result.
/// Returns SSH_OK, or SSH_ERR_INVALID_STATE before it arrived.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_get_remote_version(
    transport: *const ssh_transport_t,
    out_version: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, transport) = unsafe { (arg::out(out_version)?, arg::handle(transport)?) };
        let version = transport
            .inner
            .remote_version()
            .ok_or_else(|| Error::new(ErrorKind::InvalidState, "the peer has not identified itself yet"))?;
        *out = text::give(&version)?;
        Ok(())
    })
}

/// Gives the algorithm in force.
///
/// list: SSH_LIST_*, but SSH_LIST_PUBKEY; one for both directions gives client to server.
/// out_name: owned result; "<implicit>" for the MAC of a cipher that authenticates by itself.
/// Returns SSH_OK, or SSH_ERR_INVALID_STATE before the negotiation.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_get_negotiated(
    transport: *const ssh_transport_t,
    list: i32,
    out_name: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, transport) = unsafe { (arg::out(out_name)?, arg::handle(transport)?) };
        let n = transport
            .inner
            .negotiated()
            .ok_or_else(|| Error::new(ErrorKind::InvalidState, "nothing is negotiated yet"))?;
        let name = match list {
            SSH_LIST_KEX => n.kex.name,
            SSH_LIST_HOST_KEY => n.host_key.name,
            SSH_LIST_CIPHER | SSH_LIST_CIPHER_C2S => n.c2s.cipher.name,
            SSH_LIST_CIPHER_S2C => n.s2c.cipher.name,
            SSH_LIST_MAC | SSH_LIST_MAC_C2S => n.c2s.mac.map_or("<implicit>", |m| m.name),
            SSH_LIST_MAC_S2C => n.s2c.mac.map_or("<implicit>", |m| m.name),
            SSH_LIST_COMPRESSION | SSH_LIST_COMPRESSION_C2S => n.c2s.compression.name,
            SSH_LIST_COMPRESSION_S2C => n.s2c.compression.name,
            _ => return Err(arg::invalid("list is not one of SSH_LIST_* that is negotiated")),
        };
        *out = text::give(name)?;
        Ok(())
    })
}

/// Tells whether both sides do strict key exchange (kex-strict-*-v00@openssh.com); false for NULL and before the
/// negotiation.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_is_strict_kex(transport: *const ssh_transport_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(false, || unsafe { transport.as_ref() }?.inner.negotiated().map(|n| n.strict))
}

/// Describes a transport in one line for people: its state, cipher and open channels.
///
/// out_text: owned result.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_describe(
    transport: *const ssh_transport_t,
    out_text: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, transport) = unsafe { (arg::out(out_text)?, arg::handle(transport)?) };
        *out = text::give(&transport.inner.describe())?;
        Ok(())
    })
}

/// Gives the address of the other end; "unknown" and 0 for a stream that has none.
///
/// out_host: owned result.
/// out_port: its port.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_getpeername(
    transport: *const ssh_transport_t,
    out_host: *mut *mut c_char,
    out_port: *mut u32,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let ((out, out_port), transport) = unsafe { (arg::outs(out_host, out_port)?, arg::handle(transport)?) };
        let (host, port) = transport.inner.peer_name();
        *out = text::give(&host)?;
        *out_port = u32::from(port);
        Ok(())
    })
}
