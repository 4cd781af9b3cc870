//! Forwarding: what a client asks for, and the channels a server opens for it.

use super::arg::{self, invalid};
use super::guard::guard_unit;
use super::handle::Origin;
use super::stream::UserData;
use super::transport_request::open;
use super::types::*;
use crate::engine::{Channel, Deadline, ForwardHandler, Transport};
use crate::error::Result;
use crate::proto::phase::Role;
use std::ffi::c_char;
use std::sync::Arc;

/// A handler whose user_data was taken.
type Taken = Option<(ssh_forward_handler_t, UserData)>;

/// Takes a handler over; NULL is none.
///
/// # Safety
/// `handler` is NULL or as the C contract says.
unsafe fn take(handler: *const ssh_forward_handler_t) -> Result<Taken> {
    if handler.is_null() {
        return Ok(None);
    }
    // SAFETY: passed on.
    let handler = unsafe { arg::options(handler)? };
    Ok(Some((handler, UserData::new(handler.user_data, handler.destroy))))
}

/// The handler as the engine wants it.
fn made(taken: Taken, origin: &Arc<Origin>) -> Result<Option<ForwardHandler>> {
    let Some((handler, data)) = taken else { return Ok(None) };
    let Some(start) = handler.start else { return Err(invalid("start is NULL")) };
    let origin = Arc::clone(origin);
    Ok(Some(Arc::new(move |channel: Channel| {
        let handle = Box::into_raw(Box::new(ssh_channel_t::new(channel, Arc::clone(&origin))));
        // SAFETY: function and user_data came in one struct, and live as long as this closure; C owns the handle.
        unsafe { start(data.pointer(), handle) };
    })))
}

/// # Safety
/// The pointers hold what the C contract says.
unsafe fn set(
    transport: *mut ssh_transport_t,
    handler: *const ssh_forward_handler_t,
    call: impl FnOnce(&Transport, Option<ForwardHandler>) -> Result<()>,
) -> Result<()> {
    // SAFETY: passed on. The handler first: its user_data is taken also when the call fails.
    let (taken, transport) = unsafe { (take(handler)?, arg::handle(transport.cast_const())) };
    let transport = transport?;
    let handler = made(taken, &transport.origin)?;
    transport.run(|t| call(t, handler))
}

fn deadline(transport: &ssh_transport_t, timeout_ms: i64) -> Result<Deadline> {
    arg::deadline(timeout_ms, transport.origin.channel_timeout_ms)
}

/// Opens a channel that only a server may.
///
/// # Safety
/// As for [`open`].
unsafe fn open_as_server(
    transport: *mut ssh_transport_t,
    kind: &str,
    options: *const ssh_channel_options_t,
    timeout_ms: i64,
    out_channel: *mut *mut ssh_channel_t,
) -> Result<()> {
    // SAFETY: passed on.
    unsafe {
        arg::opt_out(out_channel);
        arg::handle(transport.cast_const())?.run(|t| t.require_role(Role::Server))?;
        open(transport, kind, options, timeout_ms, out_channel)
    }
}

/// Asks the server to listen on a TCP port and to open a "forwarded-tcpip" channel for each connection (RFC 4254
/// section 7.1). ssh_channel_get_destination tells a channel's address and port.
///
/// Blocks until the server answers; a forward granted after the deadline is cancelled again.
/// address: copied; where the server listens: "" for all its addresses, "localhost", ...
/// port: 0 leaves the choice to the server.
/// handler: copied; takes the channels of this address and port, in place of the handler they had. Its user_data is
/// taken: destroy runs also when the call fails, unless handler itself is refused for its size. NULL: the channels
/// arrive through ssh_transport_accept.
/// timeout_ms: SSH_WAIT_DEFAULT is the transport options' channel_timeout_ms.
/// out_port: may be NULL unless port is 0; the port the server listens on.
/// Returns SSH_OK; SSH_ERR_REQUEST_REFUSED, which leaves a forward granted before as it was; SSH_ERR_TIMEOUT.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_request_port_forward(
    transport: *mut ssh_transport_t,
    address: *const c_char,
    port: u32,
    handler: *const ssh_forward_handler_t,
    timeout_ms: i64,
    out_port: *mut u32,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, taken) = unsafe { (arg::opt_out(out_port), take(handler)?) };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (transport, address) = unsafe { (arg::handle(transport.cast_const())?, arg::text(address, "address")?) };
        let (port, deadline) = (arg::port(port, "port")?, deadline(transport, timeout_ms)?);
        if port == 0 && out.is_none() {
            return Err(invalid("out_port is NULL, and port 0 leaves the choice to the server"));
        }
        let handler = made(taken, &transport.origin)?;
        let listening = transport.run(|t| t.request_port_forward(address, port, handler, deadline))?;
        if let Some(out) = out {
            *out = listening.into();
        }
        Ok(())
    })
}

/// Ends a forward (RFC 4254 section 7.1). Others go on, as do channels that are open.
///
/// Blocks until the server answers.
/// address: borrowed; as it was asked for.
/// port: the one listened on.
/// timeout_ms: SSH_WAIT_DEFAULT is the transport options' channel_timeout_ms.
/// Returns SSH_OK; SSH_ERR_REQUEST_REFUSED: the forward goes on, if there is one; SSH_ERR_TIMEOUT.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_cancel_port_forward(
    transport: *mut ssh_transport_t,
    address: *const c_char,
    port: u32,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (transport, address) = unsafe { (arg::handle(transport.cast_const())?, arg::text(address, "address")?) };
        let (port, deadline) = (arg::port(port, "port")?, deadline(transport, timeout_ms)?);
        transport.run(|t| t.cancel_port_forward(address, port, deadline))
    })
}

/// As ssh_transport_request_port_forward, for a Unix socket on the server (streamlocal-forward@openssh.com); its channels
/// are "forwarded-streamlocal@openssh.com".
///
/// path: copied.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_request_streamlocal_forward(
    transport: *mut ssh_transport_t,
    path: *const c_char,
    handler: *const ssh_forward_handler_t,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe {
            let taken = take(handler)?;
            let (transport, path) = (arg::handle(transport.cast_const())?, arg::text(path, "path")?);
            let (handler, deadline) = (made(taken, &transport.origin)?, deadline(transport, timeout_ms)?);
            transport.run(|t| t.request_streamlocal_forward(path, handler, deadline))
        }
    })
}

/// Ends such a forward, as ssh_transport_cancel_port_forward does.
///
/// path: borrowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_cancel_streamlocal_forward(
    transport: *mut ssh_transport_t,
    path: *const c_char,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (transport, path) = unsafe { (arg::handle(transport.cast_const())?, arg::text(path, "path")?) };
        let deadline = deadline(transport, timeout_ms)?;
        transport.run(|t| t.cancel_streamlocal_forward(path, deadline))
    })
}

/// Sets who takes the "x11" channels that ssh_channel_request_x11 leads to.
///
/// handler: copied, its user_data taken, as for ssh_transport_request_port_forward. NULL: ssh_transport_accept.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_set_x11_handler(
    transport: *mut ssh_transport_t,
    handler: *const ssh_forward_handler_t,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { set(transport, handler, Transport::set_x11_handler) })
}

/// Sets who takes the "auth-agent@openssh.com" channels that ssh_channel_request_forward_agent leads to.
///
/// handler: copied, its user_data taken, as for ssh_transport_request_port_forward. NULL: ssh_transport_accept.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_set_agent_handler(
    transport: *mut ssh_transport_t,
    handler: *const ssh_forward_handler_t,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { set(transport, handler, Transport::set_agent_handler) })
}

/// Server: opens a "forwarded-tcpip" channel for a connection to a port the client had us listen on (RFC 4254 section
/// 7.2). See ssh_transport_open_channel for everything else.
///
/// options: dest_host and dest_port are the address as the client asked for it and the port listened on, src_host and
/// src_port where the connection comes from.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_open_forwarded_tcpip_channel(
    transport: *mut ssh_transport_t,
    options: *const ssh_channel_options_t,
    timeout_ms: i64,
    out_channel: *mut *mut ssh_channel_t,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { open_as_server(transport, "forwarded-tcpip", options, timeout_ms, out_channel) })
}

/// Server: opens an "x11" channel for a connection to the display that check_channel_x11_request granted (RFC 4254
/// section 6.3.2). See ssh_transport_open_channel for everything else.
///
/// options: src_host and src_port are where the connection comes from.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_open_x11_channel(
    transport: *mut ssh_transport_t,
    options: *const ssh_channel_options_t,
    timeout_ms: i64,
    out_channel: *mut *mut ssh_channel_t,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { open_as_server(transport, "x11", options, timeout_ms, out_channel) })
}

/// Server: opens an "auth-agent@openssh.com" channel to the client's agent, which check_channel_forward_agent_request
/// granted. See ssh_transport_open_channel for everything else.
///
/// options: may be NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_open_forward_agent_channel(
    transport: *mut ssh_transport_t,
    options: *const ssh_channel_options_t,
    timeout_ms: i64,
    out_channel: *mut *mut ssh_channel_t,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_unit(|| unsafe { open_as_server(transport, "auth-agent@openssh.com", options, timeout_ms, out_channel) })
}
