//! What a user may do.

use super::arg;
use super::guard::{guard_unit, guard_value};
use super::text;
use super::types::*;
use crate::engine::{Permissions, PermitTarget};
use std::ffi::{c_char, CString};
use std::ptr::null;
use std::sync::Arc;

/// What a user may do; never changes.
pub struct ssh_permissions_t {
    inner: Arc<Permissions>,
    file: CString,
    key_id: Option<CString>,
    command: Option<CString>,
    tunnel: Option<CString>,
    environment: Vec<(CString, CString)>,
    open: Vec<(CString, u32)>,
    listen: Vec<(CString, u32)>,
}

/// Bytes of a line, which has no NUL.
fn raw(bytes: &[u8]) -> CString {
    CString::new(bytes).unwrap_or_default()
}

fn places(list: &[PermitTarget]) -> Vec<(CString, u32)> {
    list.iter().map(|place| (raw(place.host.as_bytes()), place.port.map_or(0, u32::from))).collect()
}

impl ssh_permissions_t {
    pub(super) fn give(inner: Arc<Permissions>) -> *mut Self {
        let p = &*inner;
        let all = Self {
            file: text::c_string(&p.file),
            key_id: p.certificate.as_ref().map(|(id, _)| text::c_string(id)),
            command: p.command.as_deref().map(raw),
            tunnel: p.tunnel.as_deref().map(|device| raw(device.as_bytes())),
            environment: p.environment.iter().map(|(name, value)| (raw(name.as_bytes()), raw(value))).collect(),
            open: places(&p.permit_open),
            listen: places(&p.permit_listen),
            inner: Arc::clone(&inner),
        };
        Box::into_raw(Box::new(all))
    }
}

/// Reads something of permissions, which may be NULL.
///
/// # Safety
/// `p` is NULL or a live handle.
unsafe fn get<T>(p: *const ssh_permissions_t, fallback: T, read: impl FnOnce(&ssh_permissions_t) -> T) -> T {
    // SAFETY: by this function's contract.
    guard_value(fallback, || unsafe { p.as_ref() }.map(read))
}

fn pointer(text: Option<&CString>) -> *const c_char {
    text.map_or(null(), |text| text.as_ptr())
}

/// Returns whether the user may do something; false for NULL.
///
/// what: one of SSH_PERMIT_*; false for any other number.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_is_permitted(permissions: *const ssh_permissions_t, what: i32) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe {
        get(permissions, false, |p| match what {
            SSH_PERMIT_PTY => p.inner.pty,
            SSH_PERMIT_AGENT_FORWARDING => p.inner.agent_forwarding,
            SSH_PERMIT_X11_FORWARDING => p.inner.x11_forwarding,
            SSH_PERMIT_PORT_FORWARDING => p.inner.port_forwarding,
            SSH_PERMIT_USER_RC => p.inner.user_rc,
            SSH_PERMIT_OTHERS => !p.inner.restricted,
            _ => false,
        })
    }
}

/// Returns the command that runs in place of whatever is asked for, or NULL. Borrowed result; raw.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_get_command(permissions: *const ssh_permissions_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { get(permissions, null(), |p| pointer(p.command.as_ref())) }
}

/// Returns the tunnel device that is forced, a number or "any", or NULL. Borrowed result. Tunnels are the application's
/// part: the library has none.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_get_tunnel(permissions: *const ssh_permissions_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { get(permissions, null(), |p| pointer(p.tunnel.as_ref())) }
}

/// Returns how many variables the program's environment gets.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_get_environment_count(permissions: *const ssh_permissions_t) -> usize {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { get(permissions, 0, |p| p.environment.len()) }
}

/// Returns a variable's name, or NULL past the last. Borrowed result.
///
/// index: from 0.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_get_environment_name(
    permissions: *const ssh_permissions_t,
    index: usize,
) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { get(permissions, null(), |p| pointer(p.environment.get(index).map(|(name, _)| name))) }
}

/// Returns a variable's value, or NULL past the last. Borrowed result; raw.
///
/// index: from 0.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_get_environment_value(
    permissions: *const ssh_permissions_t,
    index: usize,
) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { get(permissions, null(), |p| pointer(p.environment.get(index).map(|(_, value)| value))) }
}

/// Returns how many places connections may go to (permitopen); 0: anywhere, where port forwarding is permitted.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_get_permitopen_count(permissions: *const ssh_permissions_t) -> usize {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { get(permissions, 0, |p| p.open.len()) }
}

/// Gives a place connections may go to.
///
/// index: from 0.
/// out_host: borrowed result; "*" for any.
/// out_port: 0 for any.
/// Returns SSH_OK, or SSH_ERR_INVALID_ARGUMENT past the last.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_get_permitopen(
    permissions: *const ssh_permissions_t,
    index: usize,
    out_host: *mut *const c_char,
    out_port: *mut u32,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { place(permissions, |p| &p.open, index, out_host, out_port) }
}

/// Returns how many places may be listened at (permitlisten); 0: anywhere, where port forwarding is permitted.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_get_permitlisten_count(permissions: *const ssh_permissions_t) -> usize {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { get(permissions, 0, |p| p.listen.len()) }
}

/// Gives a place that may be listened at; as ssh_permissions_get_permitopen. The host may be a pattern.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_get_permitlisten(
    permissions: *const ssh_permissions_t,
    index: usize,
    out_host: *mut *const c_char,
    out_port: *mut u32,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { place(permissions, |p| &p.listen, index, out_host, out_port) }
}

/// # Safety
/// The C contract, see ffi/mod.rs.
unsafe fn place(
    permissions: *const ssh_permissions_t,
    list: impl FnOnce(&ssh_permissions_t) -> &Vec<(CString, u32)>,
    index: usize,
    out_host: *mut *const c_char,
    out_port: *mut u32,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: by this function's contract.
        let ((out_host, out_port), permissions) =
            unsafe { (arg::outs(out_host.cast::<*mut c_char>(), out_port)?, arg::handle(permissions)?) };
        let (host, port) = list(permissions).get(index).ok_or_else(|| arg::invalid("index is past the last place"))?;
        (*out_host, *out_port) = (host.as_ptr().cast_mut(), *port);
        Ok(())
    })
}

/// Returns whether an authenticator (FIDO) must have been touched: true, unless its line or certificate says
/// no-touch-required. The library refuses others by itself where these permissions are set.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_is_touch_required(permissions: *const ssh_permissions_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { get(permissions, true, |p| p.inner.touch_required) }
}

/// Returns whether an authenticator must have verified its user, by PIN or finger (verify-required). As
/// ssh_permissions_is_touch_required.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_is_verify_required(permissions: *const ssh_permissions_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { get(permissions, false, |p| p.inner.verify_required) }
}

/// Returns the name of the file that permits. Borrowed result; "memory", or the name given, where it
/// was none: ssh_authorized_keys_load_memory, ssh_authorized_keys_add_user_ca. "" where no line decided; NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_get_file(permissions: *const ssh_permissions_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { get(permissions, null(), |p| p.file.as_ptr()) }
}

/// Returns the line of the file that permits, from 1; 0 where there is none.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_get_line(permissions: *const ssh_permissions_t) -> usize {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { get(permissions, 0, |p| p.inner.line) }
}

/// Returns the key ID of the certificate that was presented, for the log; NULL where there was none. Borrowed result.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_get_key_id(permissions: *const ssh_permissions_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { get(permissions, null(), |p| pointer(p.key_id.as_ref())) }
}

/// Returns the serial number of the certificate that was presented; 0 where there was none.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_get_serial(permissions: *const ssh_permissions_t) -> u64 {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { get(permissions, 0, |p| p.inner.certificate.as_ref().map_or(0, |(_, serial)| *serial)) }
}

/// Releases permissions. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_permissions_free(permissions: *mut ssh_permissions_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(permissions) }
}

/// Says what the user may do, and makes the library keep to it (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
///
/// In an authentication hook, or before its ticket is settled: the permissions go with the answer, and count only if it
/// lets the user pass. Where several steps are needed, only what all of them permit is permitted, and two commands, lists
/// of permitopen or of permitlisten that differ refuse; of the lists of variables the first step's that has one counts.
/// After authentication: from now on. Requests for a terminal, for X11 and agent forwarding, for connections and for
/// listening that are not permitted are refused without a call of their hooks, and the log tells. Where a command is
/// forced, check_channel_exec_request gets it in place of whatever program was asked for, behind a call of
/// check_channel_env_request with SSH_ORIGINAL_COMMAND (the command or the name of the subsystem that was asked for; none
/// for a shell), for which ssh_ticket_is_by_permissions is true; a command "internal-sftp" alone is the subsystem "sftp" instead.
/// Variables of the permissions come in the same way. A signature of an authenticator (FIDO) without the touch or the
/// verification that is required is refused whatever the hook answers.
/// permissions: copied.
/// Returns SSH_OK; SSH_ERR_INVALID_STATE on a client, and before authentication while no question is open.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_set_permissions(
    transport: *mut ssh_transport_t,
    permissions: *const ssh_permissions_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (transport, permissions) = unsafe { (arg::handle(transport.cast_const())?, arg::handle(permissions)?) };
        transport.run(|t| t.set_permissions(Arc::clone(&permissions.inner)))
    })
}

/// Returns what the logged in user may do; NULL where nothing was said, before authentication and for NULL. An owned
/// result, ssh_permissions_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_get_permissions(transport: *const ssh_transport_t) -> *mut ssh_permissions_t {
    guard_value(std::ptr::null_mut(), || {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { transport.as_ref() }?.inner.permissions().map(ssh_permissions_t::give)
    })
}
