//! Host keys a server announces.

use super::arg;
use super::guard::guard_unit;
use super::key::ssh_key_t;
use super::stream::UserData;
use super::types::{ssh_destroy_cb_t, ssh_host_key_t, ssh_hostkeys_cb_t, ssh_status_t, ssh_transport_t};
use crate::engine::HostkeysHandler;
use crate::proto::hostkeys::HostKey;
use std::ffi::c_void;

/// The callback as the engine wants it.
fn made(callback: unsafe extern "C" fn(*mut c_void, *const ssh_host_key_t, usize), data: UserData) -> HostkeysHandler {
    Box::new(move |keys: &[HostKey]| {
        let handles: Vec<ssh_key_t> = keys.iter().map(|key| ssh_key_t::of_public(key.key.clone())).collect();
        let list: Vec<ssh_host_key_t> =
            handles.iter().zip(keys).map(|(handle, key)| ssh_host_key_t { key: handle, in_use: key.in_use }).collect();
        // SAFETY: function and user_data came in one call and live as long as this closure, the list during the call.
        unsafe { callback(data.pointer(), list.as_ptr(), list.len()) };
    })
}

/// Client: sets who takes all of the server's host keys, so that the application can bring its known_hosts up to date
/// (hostkeys-00@openssh.com, OpenSSH PROTOCOL section 2.5).
///
/// The server announces its keys behind the login, if it does so at all. The library then asks it to prove that it holds
/// those that did not sign the key exchange (hostkeys-prove-00@openssh.com) and checks the proof; if that fails the
/// callback is not called, and the log tells why. The announcement is kept while there is no callback, so that one set
/// after the login is called too. Without a callback no proof is asked for.
/// callback: called once at most, on a library thread; see ssh_hostkeys_cb_t. NULL: nobody.
/// user_data: taken, also when the call fails; passed to the callback.
/// destroy: may be NULL; releases user_data, once: after the callback, when another one is set, or when the connection is
/// over.
/// Returns SSH_OK; SSH_ERR_INVALID_STATE on a server.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_set_hostkeys_handler(
    transport: *mut ssh_transport_t,
    callback: ssh_hostkeys_cb_t,
    user_data: *mut c_void,
    destroy: ssh_destroy_cb_t,
) -> ssh_status_t {
    let data = UserData::new(user_data, destroy);
    guard_unit(move || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let transport = unsafe { arg::handle(transport)? };
        transport.run(|t| t.set_hostkeys_handler(callback.map(|callback| made(callback, data))))
    })
}
