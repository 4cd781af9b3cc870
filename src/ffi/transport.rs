//! Starting and ending a transport.

use super::arg;
use super::guard::guard_unit;
use super::types::*;

/// Negotiates as a client (RFC 4253 sections 4, 7 and 8).
///
/// Blocks until keys are in place. Checks no host key: do that, with ssh_transport_get_remote_server_key and
/// ssh_known_hosts_check, before any credentials are sent; ssh_transport_connect does both.
/// timeout_ms: SSH_WAIT_DEFAULT leaves the bounds to the options' banner_timeout_ms and handshake_timeout_ms. Expiry
/// ends the transport.
/// Returns SSH_OK; SSH_ERR_TIMEOUT; SSH_ERR_IDENT; SSH_ERR_NO_COMMON_* with both offers in the exception;
/// SSH_ERR_KEX_FAILED; SSH_ERR_HOST_KEY_SIGNATURE; SSH_ERR_INVALID_STATE if it was started before; or what ended the
/// connection. After any of them but the last but one the transport is over.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_start_client(transport: *mut ssh_transport_t, timeout_ms: i64) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let transport = unsafe { arg::handle(transport)? };
        transport.run(|t| t.start_client(arg::deadline(timeout_ms, SSH_WAIT_FOREVER)?))
    })
}

/// Like ssh_transport_start_client, without waiting.
///
/// event: used, not taken; set when the negotiation is over, well (ssh_transport_is_active) or not
/// (ssh_get_exception). Its handle may be freed before that.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_start_client_event(
    transport: *mut ssh_transport_t,
    event: *mut ssh_event_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (transport, event) = unsafe { (arg::handle(transport)?, arg::handle(event)?) };
        transport.run(|t| t.start_client_event(&event.inner))
    })
}

/// Ends the connection: sends DISCONNECT with reason 11 (RFC 4253 section 11.1) and wakes every waiter, on channels too,
/// with SSH_ERR_CLOSED. A second call does nothing. Data that arrived stays readable. Allowed in callbacks.
///
/// Blocks, for at most the options' close_timeout_ms, where the socket has no room for what is left to send;
/// ssh_transport_free ends a connection without.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_close(transport: *mut ssh_transport_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(transport)? }.inner.close();
        Ok(())
    })
}

/// Releases a transport's handle; the last handle ends the connection, its channels report themselves closed. Never
/// waits; allowed in callbacks. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_free(transport: *mut ssh_transport_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(transport) }
}

/// Gives up a transport in a child process after fork: closes this process's copy of the descriptor, sends nothing and
/// waits for nothing. The parent's session is unharmed. Later calls on the handle, and on its channels, return
/// SSH_ERR_FORKED; free them as usual. Freeing the inherited handle of a transport or of one of its channels, without this
/// call before, gives the transport up as well.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_atfork(transport: *mut ssh_transport_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(transport)? }.inner.atfork();
        Ok(())
    })
}
