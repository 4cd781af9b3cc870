//! Starting a server.

use super::arg::{self, invalid};
use super::file;
use super::guard::{guard_unit, guard_value};
use super::handle::{ssh_channel_t, ssh_transport_t};
use super::key::ssh_key_t;
use super::server_hooks::CHooks;
use super::server_types::{ssh_server_hooks_t, ssh_subsystem_handler_t};
use super::stream::UserData;
use super::text::c_string;
use super::types::*;
use crate::crypto::moduli::Moduli;
use crate::engine::{set_server_moduli, Channel, Hooks, SubsystemHandler};
use crate::error::{Error, ErrorKind, Result};
use std::ffi::c_char;
use std::sync::Arc;

/// The hooks, which own user_data from here on.
///
/// # Safety
/// The struct is NULL or as the C contract says.
unsafe fn hooks(transport: *const ssh_transport_t, hooks: *const ssh_server_hooks_t) -> Result<Option<Arc<CHooks>>> {
    if hooks.is_null() {
        return Ok(None);
    }
    // SAFETY: passed on.
    let hooks = unsafe { arg::options(hooks)? };
    let data = UserData::new(hooks.user_data, hooks.destroy);
    // SAFETY: passed on.
    let transport = unsafe { arg::handle(transport)? };
    Ok(Some(Arc::new(CHooks::new(hooks, data, Arc::clone(&transport.origin)))))
}

fn dynamic(hooks: Option<Arc<CHooks>>) -> Option<Arc<dyn Hooks>> {
    hooks.map(|hooks| -> Arc<dyn Hooks> { hooks })
}

/// Negotiates as a server (RFC 4253 sections 4, 7 and 8). Authentication and channels follow by themselves: hooks decide
/// them, ssh_transport_accept gives the channels.
///
/// Blocks until keys are in place. A host key must have been added.
/// hooks: copied; its user_data is taken: destroy runs also when the call fails, unless hooks itself is refused for its
/// size. NULL denies everything.
/// timeout_ms: SSH_WAIT_DEFAULT leaves the bounds to the options' banner_timeout_ms and handshake_timeout_ms. Expiry
/// ends the transport.
/// Returns SSH_OK; SSH_ERR_INVALID_STATE without a host key, and where it was started before; otherwise what
/// ssh_transport_start_client does.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_start_server(
    transport: *mut ssh_transport_t,
    hooks: *const ssh_server_hooks_t,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (hooks, transport) = unsafe { (self::hooks(transport, hooks)?, arg::handle(transport)?) };
        transport.run(|t| t.start_server(dynamic(hooks), arg::deadline(timeout_ms, SSH_WAIT_FOREVER)?))
    })
}

/// Like ssh_transport_start_server, without waiting.
///
/// event: used, not taken; set when the negotiation is over, well (ssh_transport_is_active) or not
/// (ssh_get_exception). May be NULL. Its handle may be freed before that.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_start_server_event(
    transport: *mut ssh_transport_t,
    hooks: *const ssh_server_hooks_t,
    event: *mut ssh_event_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (hooks, transport) = unsafe { (self::hooks(transport, hooks)?, arg::handle(transport)?) };
        // SAFETY: the C contract, see ffi/mod.rs.
        let event = unsafe { event.as_ref() }.map_or_else(crate::engine::Event::new, |event| event.inner.clone());
        transport.run(|t| t.start_server_event(dynamic(hooks), &event))
    })
}

/// Adds a host key, before the start: one of each type, each ECDSA curve being a type; a later one replaces.
///
/// A key with a certificate (ssh_key_with_certificate) is shown with it to clients that ask for certificates, under the
/// algorithms that SSH_LIST_HOST_KEY allows for the key, and plain to all others.
/// key: copied; private.
/// Returns SSH_OK; SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_INVALID_STATE once the transport was started.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_add_server_key(
    transport: *mut ssh_transport_t,
    key: *const ssh_key_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (transport, key) = unsafe { (arg::handle(transport)?, arg::handle(key)?) };
        transport.run(|t| t.add_server_key(key.private()?.clone()))
    })
}

/// Returns the host key in use, its public half; NULL before the negotiation, in client mode and for NULL. An owned
/// result, ssh_key_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_get_server_key(transport: *const ssh_transport_t) -> *mut ssh_key_t {
    guard_value(std::ptr::null_mut(), || {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { transport.as_ref() }?.inner.server_key().map(ssh_key_t::give_public)
    })
}

/// Where systems keep their moduli.
const MODULI_FILES: &[&str] = &["/etc/ssh/moduli", "/usr/local/etc/moduli"];
/// OpenSSH's file has about 600 kB.
const MAX_MODULI: u64 = 16 << 20;

/// Reads groups for diffie-hellman-group-exchange (RFC 4419), for all servers of the process started from here on.
/// Without groups, servers do not offer it. Lines that are no tested safe primes of 2048 to 8192 bits are skipped.
///
/// path: borrowed; a file as moduli(5) describes it. NULL: /etc/ssh/moduli, or /usr/local/etc/moduli.
/// Returns SSH_OK; SSH_ERR_FILE where the file cannot be read or has no usable group: what was loaded before stays.
#[no_mangle]
pub unsafe extern "C" fn ssh_load_server_moduli(path: *const c_char) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let path = unsafe { arg::opt_text(path, "path")? };
        let files = path.as_ref().map_or(MODULI_FILES, std::slice::from_ref);
        let mut failed = Error::new(ErrorKind::File, "no moduli file");
        for file in files {
            match load_moduli(file) {
                Ok(moduli) => {
                    set_server_moduli(Some(Arc::new(moduli)));
                    return Ok(());
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    })
}

fn load_moduli(path: &str) -> Result<Moduli> {
    let data = file::read(path, MAX_MODULI)?;
    let moduli = Moduli::parse(&String::from_utf8_lossy(&data));
    if moduli.is_empty() {
        let path = crate::error::printable(path.as_bytes());
        return Err(Error::new(ErrorKind::File, format!("{path} has no usable group in it")));
    }
    Ok(moduli)
}

/// A subsystem's handler as the engine wants it.
///
/// # Safety
/// The struct is as the C contract says.
unsafe fn subsystem_handler(
    transport: &ssh_transport_t,
    handler: ssh_subsystem_handler_t,
    data: UserData,
) -> Result<SubsystemHandler> {
    let Some(start) = handler.start else { return Err(invalid("start is NULL")) };
    let (finish, origin) = (handler.finish, Arc::clone(&transport.origin));
    Ok(Arc::new(move |channel: &Channel, name: &str| {
        let (name, mut handle) = (c_string(name), ssh_channel_t::new(channel.clone(), Arc::clone(&origin)));
        // SAFETY: function and user_data came in one struct, and live as long as this closure.
        unsafe { start(data.pointer(), &mut handle, name.as_ptr()) };
        channel.close();
        if let Some(finish) = finish {
            // SAFETY: likewise.
            unsafe { finish(data.pointer(), &mut handle, name.as_ptr()) };
        }
    }))
}

/// Sets who serves a subsystem which check_channel_subsystem_request leaves undecided. At any time.
///
/// name: copied; "sftp" for one.
/// handler: copied; its user_data is taken: destroy runs also when the call fails, unless handler itself is refused for
/// its size. NULL: nobody.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_set_subsystem_handler(
    transport: *mut ssh_transport_t,
    name: *const c_char,
    handler: *const ssh_subsystem_handler_t,
) -> ssh_status_t {
    guard_unit(|| {
        let taken = if handler.is_null() {
            None
        } else {
            // SAFETY: the C contract, see ffi/mod.rs.
            let handler = unsafe { arg::options(handler)? };
            Some((handler, UserData::new(handler.user_data, handler.destroy)))
        };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (transport, name) = unsafe { (arg::handle(transport)?, arg::text(name, "name")?) };
        // SAFETY: the C contract, see ffi/mod.rs.
        let handler = taken.map(|(h, data)| unsafe { subsystem_handler(transport, h, data) }).transpose()?;
        transport.run(|t| t.set_subsystem_handler(name, handler))
    })
}
