//! Signing and verifying.

use super::arg;
use super::guard::guard_unit;
use super::key::ssh_key_t;
use super::text;
use super::types::ssh_status_t;
use crate::crypto::keyfile::{sign_message, verify_message};
use std::ffi::{c_char, c_void};

/// Signs data as SSH does (RFC 4253 section 6.6).
///
/// algorithm: borrowed; "rsa-sha2-512" or "rsa-sha2-256" for RSA keys, the key's type for the others; NULL: the best that
/// the key makes.
/// data: borrowed.
/// out_blob: owned result, ssh_bytes_free: `string algorithm, string signature`.
/// out_len: its bytes.
/// Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT for an algorithm the key does not make; SSH_ERR_KEY_PUBLIC_ONLY.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_sign(
    key: *const ssh_key_t,
    algorithm: *const c_char,
    data: *const c_void,
    data_len: usize,
    out_blob: *mut *mut u8,
    out_len: *mut usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let ((out, len), key) = unsafe { (arg::outs(out_blob, out_len)?, arg::handle(key)?) };
        // SAFETY: as above.
        let (algorithm, data) = unsafe { (arg::opt_text(algorithm, "algorithm")?, arg::bytes(data, data_len)?) };
        let best = key.public().signature_algorithms().first().copied().unwrap_or_default();
        // A signer's callback may free the handle.
        let blob = key.private()?.clone().sign(algorithm.unwrap_or(best), data)?;
        *out = text::give_bytes(&blob)?;
        *len = blob.len();
        Ok(())
    })
}

/// Verifies a signature that ssh_key_sign or another SSH program made.
///
/// algorithm: borrowed; the one that is to have been used: a signature by another of the key's algorithms is refused.
/// data, blob: borrowed.
/// Returns SSH_OK; SSH_ERR_HOST_KEY_SIGNATURE where it does not verify.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_verify(
    key: *const ssh_key_t,
    algorithm: *const c_char,
    data: *const c_void,
    data_len: usize,
    blob: *const c_void,
    blob_len: usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (key, algorithm, data, blob) = unsafe {
            let key = arg::handle(key)?;
            (key, arg::text(algorithm, "algorithm")?, arg::bytes(data, data_len)?, arg::bytes(blob, blob_len)?)
        };
        key.public().verify(algorithm, data, blob)
    })
}

/// Signs a message or a file's content as `ssh-keygen -Y sign` does (OpenSSH's PROTOCOL.sshsig).
///
/// sig_namespace: borrowed; what the signature is good for, "file" or "git" for example; it verifies for that alone.
/// data: borrowed.
/// out_text: owned result; the armoured signature.
/// Returns SSH_OK; SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_INVALID_ARGUMENT for an empty namespace.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_sign_message(
    key: *const ssh_key_t,
    sig_namespace: *const c_char,
    data: *const c_void,
    data_len: usize,
    out_text: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, key) = unsafe { (arg::out(out_text)?, arg::handle(key)?) };
        // SAFETY: as above.
        let (namespace, data) = unsafe { (arg::text(sig_namespace, "sig_namespace")?, arg::bytes(data, data_len)?) };
        *out = text::give(&sign_message(&key.private()?.clone(), namespace, data)?)?;
        Ok(())
    })
}

/// Verifies a signature that ssh_key_sign_message or `ssh-keygen -Y sign` made, and gives the key that made it.
///
/// Whether that key is trusted is for the caller to say: compare it with ssh_key_is_equal.
/// signature: borrowed; the armoured text.
/// sig_namespace: borrowed; what the signature must have been made for.
/// data: borrowed; the message.
/// out_key: owned result, ssh_key_free; NULL unless the signature verifies.
/// Returns SSH_OK; SSH_ERR_HOST_KEY_SIGNATURE where it is of another message or namespace; SSH_ERR_KEY_CORRUPT where it is
/// no signature; SSH_ERR_KEY_UNSUPPORTED_TYPE or _FORMAT.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_verify_message(
    signature: *const c_void,
    signature_len: usize,
    sig_namespace: *const c_char,
    data: *const c_void,
    data_len: usize,
    out_key: *mut *mut ssh_key_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, signature) = unsafe { (arg::out(out_key)?, arg::bytes(signature, signature_len)?) };
        // SAFETY: as above.
        let (namespace, data) = unsafe { (arg::text(sig_namespace, "sig_namespace")?, arg::bytes(data, data_len)?) };
        *out = ssh_key_t::give_public(verify_message(signature, namespace, data)?);
        Ok(())
    })
}
