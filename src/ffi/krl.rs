//! Key revocation lists.
#![allow(clippy::disallowed_types, reason = "a C handle is safe on any thread, and this one has no engine below it")]

use super::arg;
use super::cert::ssh_cert_t;
use super::file;
use super::guard::{guard_unit, guard_value};
use super::key::ssh_key_t;
use super::types::ssh_status_t;
use crate::crypto::hash::HashAlg;
use crate::crypto::hostkey::PublicKey;
use crate::crypto::krl::{Krl, MAX_LEN};
use crate::engine::wall_clock;
use crate::error::{Error, ErrorKind, Result};
use std::ffi::{c_char, c_void};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// A key revocation list: which keys and certificates are no longer good.
#[allow(clippy::disallowed_types, reason = "C uses a handle from several threads; nothing waits under this lock")]
pub struct ssh_krl_t {
    /// Guards the list alone; no other lock is taken and nothing waits under it.
    inner: RwLock<Krl>,
}

impl ssh_krl_t {
    fn give(inner: Krl) -> *mut Self {
        Box::into_raw(Box::new(Self { inner: RwLock::new(inner) }))
    }

    /// For asking.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Krl> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Krl) -> T) -> T {
        change(&mut self.inner.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Makes an empty list.
///
/// out_krl: owned result, ssh_krl_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_krl_new(out_krl: *mut *mut ssh_krl_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_krl)? };
        *out = ssh_krl_t::give(Krl::default());
        Ok(())
    })
}

/// Reads a list from a file: the binary format of ssh-keygen -k, or a public key a line, as sshd's RevokedKeys and ssh's
/// RevokedHostKeys take both.
///
/// path: borrowed.
/// out_krl: owned result, ssh_krl_free.
/// Returns SSH_OK; SSH_ERR_FILE; SSH_ERR_KRL_CORRUPT, also for what is critical and unknown: then nothing that the list may
/// have revoked can be trusted.
#[no_mangle]
pub unsafe extern "C" fn ssh_krl_load_file(path: *const c_char, out_krl: *mut *mut ssh_krl_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, path) = unsafe { (arg::out(out_krl)?, arg::text(path, "path")?) };
        *out = ssh_krl_t::give(file::load(path, MAX_LEN, Krl::parse)?);
        Ok(())
    })
}

/// Reads a list from memory, as ssh_krl_load_file does.
///
/// data: borrowed; the file's content.
#[no_mangle]
pub unsafe extern "C" fn ssh_krl_load_memory(
    data: *const c_void,
    data_len: usize,
    out_krl: *mut *mut ssh_krl_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, data) = unsafe { (arg::out(out_krl)?, arg::bytes(data, data_len)?) };
        *out = ssh_krl_t::give(Krl::parse(data)?);
        Ok(())
    })
}

/// Asks whether a list revokes a key.
///
/// Returns SSH_OK: it does not; SSH_ERR_KEY_REVOKED.
#[no_mangle]
pub unsafe extern "C" fn ssh_krl_check_key(krl: *const ssh_krl_t, key: *const ssh_key_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (krl, key) = unsafe { (arg::handle(krl)?, arg::handle(key)?) };
        match krl.read().revokes_key(key.public()) {
            true => Err(ErrorKind::KeyRevoked.into()),
            false => Ok(()),
        }
    })
}

/// Asks whether a list revokes a certificate: by its serial number or key ID, or by revoking its key or its authority's.
///
/// Returns SSH_OK: it does not; SSH_ERR_CERT_REVOKED.
#[no_mangle]
pub unsafe extern "C" fn ssh_krl_check_cert(krl: *const ssh_krl_t, cert: *const ssh_cert_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (krl, cert) = unsafe { (arg::handle(krl)?, arg::handle(cert)?) };
        match krl.read().revokes_cert(cert.certificate()) {
            true => Err(ErrorKind::CertRevoked.into()),
            false => Ok(()),
        }
    })
}

/// Returns a list's version number; 0 where it has none, and for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_krl_get_version(krl: *const ssh_krl_t) -> u64 {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(0, || unsafe { krl.as_ref() }.map(|krl| krl.read().version()))
}

/// Revokes a key, and with it every certificate for it and every certificate that it signed.
#[no_mangle]
pub unsafe extern "C" fn ssh_krl_add_key(krl: *mut ssh_krl_t, key: *const ssh_key_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (krl, key) = unsafe { (arg::handle(krl)?, arg::handle(key)?) };
        krl.change(|krl| krl.revoke_key(key.public()));
        Ok(())
    })
}

/// Revokes a key by the hash of its blob, which does not show the key to who reads the list.
///
/// algorithm: "sha256", or "sha1" for OpenSSH before 7.9.
/// Returns SSH_OK; SSH_ERR_UNKNOWN_ALGORITHM.
#[no_mangle]
pub unsafe extern "C" fn ssh_krl_add_key_hash(
    krl: *mut ssh_krl_t,
    key: *const ssh_key_t,
    algorithm: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (krl, key, algorithm) =
            unsafe { (arg::handle(krl)?, arg::handle(key)?, arg::text(algorithm, "algorithm")?) };
        let hash = match algorithm {
            "sha1" => HashAlg::Sha1,
            "sha256" => HashAlg::Sha256,
            _ => return Err(Error::new(ErrorKind::UnknownAlgorithm, "a list holds hashes of sha1 and sha256")),
        };
        krl.change(|krl| krl.revoke_hash(&hash.digest(&[key.public().blob()])))
    })
}

/// Revokes the key that has this fingerprint.
///
/// fingerprint: borrowed; "SHA256:..." as ssh_key_get_fingerprint gives it.
/// Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT.
#[no_mangle]
pub unsafe extern "C" fn ssh_krl_add_fingerprint(krl: *mut ssh_krl_t, fingerprint: *const c_char) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (krl, fingerprint) = unsafe { (arg::handle(krl)?, arg::text(fingerprint, "fingerprint")?) };
        krl.change(|krl| krl.revoke_fingerprint(fingerprint))
    })
}

/// Revokes a certificate: by its serial number, or by its key ID where it has none.
#[no_mangle]
pub unsafe extern "C" fn ssh_krl_add_cert(krl: *mut ssh_krl_t, cert: *const ssh_cert_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (krl, cert) = unsafe { (arg::handle(krl)?, arg::handle(cert)?) };
        krl.change(|krl| krl.revoke_cert(cert.certificate()));
        Ok(())
    })
}

/// # Safety
/// `key` is NULL or a handle.
unsafe fn authority<'a>(key: *const ssh_key_t) -> Option<&'a PublicKey> {
    // SAFETY: passed on.
    unsafe { key.as_ref() }.map(ssh_key_t::public)
}

/// Revokes certificates by their serial numbers.
///
/// ca_key: borrowed; whose certificates; NULL: every authority's.
/// first: at least 1.
/// last: at least first; revoked too.
/// Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT.
#[no_mangle]
pub unsafe extern "C" fn ssh_krl_add_serials(
    krl: *mut ssh_krl_t,
    ca_key: *const ssh_key_t,
    first: u64,
    last: u64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (krl, authority) = unsafe { (arg::handle(krl)?, authority(ca_key)) };
        krl.change(|krl| krl.revoke_serials(authority, first, last))
    })
}

/// Revokes certificates by their key ID.
///
/// ca_key: borrowed; whose certificates; NULL: every authority's.
/// key_id: borrowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_krl_add_key_id(
    krl: *mut ssh_krl_t,
    ca_key: *const ssh_key_t,
    key_id: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (krl, authority, key_id) = unsafe { (arg::handle(krl)?, authority(ca_key), arg::text(key_id, "key_id")?) };
        krl.change(|krl| krl.revoke_key_id(authority, key_id));
        Ok(())
    })
}

/// Writes a list in the binary format (mode 0644), which ssh-keygen -Q, sshd and ssh read; dated now.
///
/// path: borrowed; a file that exists is replaced at once, so that sshd never reads half of it.
/// version: counted up by whoever makes lists.
/// comment: borrowed; may be NULL.
/// Returns SSH_OK; SSH_ERR_FILE; SSH_ERR_KRL_CORRUPT where it is longer than any list may be (128 MiB).
#[no_mangle]
pub unsafe extern "C" fn ssh_krl_write_file(
    krl: *const ssh_krl_t,
    path: *const c_char,
    version: u64,
    comment: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (krl, path, comment) =
            unsafe { (arg::handle(krl)?, arg::text(path, "path")?, arg::opt_text(comment, "comment")?.unwrap_or("")) };
        let now = wall_clock();
        let bytes: Result<Vec<u8>> = krl.change(|krl| {
            krl.set_header(version, now, comment);
            krl.to_bytes()
        });
        file::write(path, &bytes?, 0o644, true)
    })
}

/// Releases a list. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_krl_free(krl: *mut ssh_krl_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(krl) }
}
