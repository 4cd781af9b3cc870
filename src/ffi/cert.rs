//! Certificates.

use super::arg;
use super::file;
use super::guard::guard_unit;
use super::types::ssh_status_t;
use crate::crypto::cert::Certificate;
use crate::error::{Error, ErrorKind, Result};
use std::ffi::{c_char, c_void};

/// A certificate.
pub struct ssh_cert_t {
    inner: Certificate,
}

impl ssh_cert_t {
    pub(super) fn new(inner: Certificate) -> Self {
        Self { inner }
    }

    /// A certificate's handle for C.
    fn give(inner: Certificate) -> *mut Self {
        Box::into_raw(Box::new(Self::new(inner)))
    }

    pub(super) fn certificate(&self) -> &Certificate {
        &self.inner
    }
}

/// No certificate's file is larger; a path may lead to a device that never ends.
const MAX_FILE: u64 = 1 << 20;

/// The first line that is neither empty nor a comment.
fn parse_file(data: &[u8]) -> Result<Certificate> {
    let text = String::from_utf8_lossy(data);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let line = line.ok_or_else(|| Error::new(ErrorKind::CertCorrupt, "there is no certificate in the file"))?;
    Certificate::parse_line(line).map(|(cert, _)| cert)
}

/// Reads a certificate from a file, as ssh-keygen -s writes it: "KEY-cert.pub". Its authority's signature is verified;
/// whether the certificate may be used is a matter of its own.
///
/// path: borrowed.
/// out_cert: owned result, ssh_cert_free.
/// Returns SSH_OK; SSH_ERR_FILE; SSH_ERR_CERT_CORRUPT; SSH_ERR_CERT_SIGNATURE; SSH_ERR_KEY_UNSUPPORTED_TYPE, _WEAK or
/// _CORRUPT for its key or its authority's.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_load_file(path: *const c_char, out_cert: *mut *mut ssh_cert_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, path) = unsafe { (arg::out(out_cert)?, arg::text(path, "path")?) };
        *out = ssh_cert_t::give(parse_file(&file::read(path, MAX_FILE)?)?);
        Ok(())
    })
}

/// Reads a certificate from memory, as ssh_cert_load_file does.
///
/// data: borrowed; the file's content.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_load_memory(
    data: *const c_void,
    data_len: usize,
    out_cert: *mut *mut ssh_cert_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, data) = unsafe { (arg::out(out_cert)?, arg::bytes(data, data_len)?) };
        *out = ssh_cert_t::give(parse_file(data)?);
        Ok(())
    })
}

/// Releases a certificate. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_free(cert: *mut ssh_cert_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(cert) }
}
