//! Keys with certificates.

use super::arg;
use super::cert::ssh_cert_t;
use super::guard::{guard_unit, guard_value};
use super::key::ssh_key_t;
use super::types::ssh_status_t;
use std::ptr::null;

/// Joins a key and its certificate: what takes the new key shows the certificate in its place.
///
/// As the user's key of ssh_transport_auth_publickey, and as the host key of ssh_transport_add_server_key. Type, blob,
/// fingerprint and signatures are those of the key; ssh_key_write_private_file writes the key alone.
/// key: borrowed; private or public. It stays as it is, and a certificate it has stays with it alone.
/// cert: copied.
/// out_key: owned result, ssh_key_free. A private half is shared with key; each handle is freed by itself.
/// Returns SSH_OK; SSH_ERR_CERT_KEY_MISMATCH where the certificate is for another key.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_with_certificate(
    key: *const ssh_key_t,
    cert: *const ssh_cert_t,
    out_key: *mut *mut ssh_key_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, key, cert) = unsafe { (arg::out(out_key)?, arg::handle(key)?, arg::handle(cert)?) };
        *out = Box::into_raw(Box::new(key.with_certificate(cert.certificate())?));
        Ok(())
    })
}

/// Returns a key's certificate: the one it was joined with, or the one the peer showed for it, with a key that
/// check_auth_publickey gets or that ssh_transport_get_remote_server_key gives. NULL where there is none, and for NULL.
/// A borrowed result, good as long as the key.
///
/// Of a certificate that the peer showed only its authority's signature is verified: whether that authority is trusted,
/// and whether the certificate may be used here and now, is yours to find out (ssh_cert_check, ssh_krl_check_cert).
#[no_mangle]
pub unsafe extern "C" fn ssh_key_get_certificate(key: *const ssh_key_t) -> *const ssh_cert_t {
    guard_value(null(), || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let cert = unsafe { key.as_ref() }?.certificate_handle()?;
        Some(std::ptr::from_ref(cert))
    })
}
