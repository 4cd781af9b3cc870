//! Certificates: reading and asking.

use super::arg;
use super::file;
use super::guard::{guard_unit, guard_value};
use super::key::ssh_key_t;
use super::text;
use super::types::ssh_status_t;
use crate::crypto::cert::{CertOption, Certificate};
use crate::error::{Error, ErrorKind, Result};
use std::ffi::{c_char, c_void, CString};
use std::ptr::null;

/// A certificate of a user's or host's key, whose signature by the authority it names is verified.
pub struct ssh_cert_t {
    inner: Certificate,
    cert_type: CString,
    key_id: CString,
    signature_algorithm: CString,
    principals: Vec<CString>,
    critical_options: Vec<NamedData>,
    extensions: Vec<NamedData>,
}

/// An option as C sees it.
struct NamedData {
    name: CString,
    /// With a NUL behind it.
    data: Vec<u8>,
}

impl NamedData {
    fn new(option: &CertOption) -> Self {
        Self { name: text::c_string(&option.name), data: [&option.data[..], &[0]].concat() }
    }
}

impl ssh_cert_t {
    pub(super) fn new(inner: Certificate) -> Self {
        Self {
            cert_type: text::c_string(inner.cert_type()),
            key_id: text::c_string(inner.key_id()),
            signature_algorithm: text::c_string(inner.signature_algorithm()),
            principals: inner.principals().iter().map(|name| text::c_string(name)).collect(),
            critical_options: inner.critical_options().iter().map(NamedData::new).collect(),
            extensions: inner.extensions().iter().map(NamedData::new).collect(),
            inner,
        }
    }

    /// A certificate's handle for C.
    pub(super) fn give(inner: Certificate) -> *mut Self {
        Box::into_raw(Box::new(Self::new(inner)))
    }

    /// What it holds.
    pub(super) fn certificate(&self) -> &Certificate {
        &self.inner
    }
}

/// No certificate's file is larger; a path may lead to a device that never ends.
const MAX_FILE: u64 = 1 << 20;

/// The first line that is neither empty nor a comment.
fn parse(bytes: &[u8]) -> Result<Certificate> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let line = line.ok_or_else(|| Error::new(ErrorKind::CertCorrupt, "the certificate's file is empty"))?;
    Ok(Certificate::parse_line(line)?.0)
}

/// Reads a certificate from a file ("id_ed25519-cert.pub"), one line as ssh-keygen -s writes it, and verifies the signature
/// of the authority it names. Whether that authority is trusted is not asked here: ssh_cert_check.
///
/// path: borrowed.
/// out_cert: owned result, ssh_cert_free.
/// Returns SSH_OK; SSH_ERR_FILE; SSH_ERR_CERT_CORRUPT; SSH_ERR_CERT_SIGNATURE; SSH_ERR_KEY_UNSUPPORTED_TYPE where it is a
/// plain key among others; SSH_ERR_KEY_WEAK and SSH_ERR_KEY_CORRUPT for its key or its authority's.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_load_file(path: *const c_char, out_cert: *mut *mut ssh_cert_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, path) = unsafe { (arg::out(out_cert)?, arg::text(path, "path")?) };
        *out = ssh_cert_t::give(file::load(path, MAX_FILE, parse)?);
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
        *out = ssh_cert_t::give(parse(data)?);
        Ok(())
    })
}

/// Reads a certificate from its blob (OpenSSH's PROTOCOL.certkeys), as ssh_cert_load_file does.
///
/// blob: borrowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_load_blob(
    blob: *const c_void,
    blob_len: usize,
    out_cert: *mut *mut ssh_cert_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, blob) = unsafe { (arg::out(out_cert)?, arg::bytes(blob, blob_len)?) };
        *out = ssh_cert_t::give(Certificate::parse(blob)?);
        Ok(())
    })
}

/// Returns a certificate's type, "ssh-ed25519-cert-v01@openssh.com" for one. Borrowed result until ssh_cert_free; NULL for
/// NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_type(cert: *const ssh_cert_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(null(), || unsafe { cert.as_ref() }.map(|cert| cert.cert_type.as_ptr()))
}

/// Returns whom a certificate is for: SSH_CERT_USER or SSH_CERT_HOST; 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_kind(cert: *const ssh_cert_t) -> u32 {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(0, || unsafe { cert.as_ref() }.map(|cert| cert.inner.kind() as u32))
}

/// Returns a certificate's serial number; 0 where the authority gave none, and for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_serial(cert: *const ssh_cert_t) -> u64 {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(0, || unsafe { cert.as_ref() }.map(|cert| cert.inner.serial()))
}

/// Returns a certificate's key ID: what its authority calls it, for logs. Borrowed result until ssh_cert_free; NULL for
/// NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_key_id(cert: *const ssh_cert_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(null(), || unsafe { cert.as_ref() }.map(|cert| cert.key_id.as_ptr()))
}

/// Returns the first second since 1970 in which a certificate is valid; 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_valid_after(cert: *const ssh_cert_t) -> u64 {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(0, || unsafe { cert.as_ref() }.map(|cert| cert.inner.valid_after()))
}

/// Returns the first second since 1970 in which a certificate is no longer valid; UINT64_MAX: it has no end; 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_valid_before(cert: *const ssh_cert_t) -> u64 {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(0, || unsafe { cert.as_ref() }.map(|cert| cert.inner.valid_before()))
}

/// Returns how many principals, names of users or hosts, a certificate lists; 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_principal_count(cert: *const ssh_cert_t) -> usize {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(0, || unsafe { cert.as_ref() }.map(|cert| cert.principals.len()))
}

/// Returns one of a certificate's principals; for a host it may be a pattern. Decide with ssh_cert_check, not with this.
///
/// index: from 0.
/// Borrowed result until ssh_cert_free; NULL where there is none.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_principal_at(cert: *const ssh_cert_t, index: usize) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(null(), || unsafe { cert.as_ref() }?.principals.get(index).map(|name| name.as_ptr()))
}

/// # Safety
/// Both outputs are NULL or writable.
unsafe fn option_at(
    options: &[NamedData],
    index: usize,
    out_data: *mut *const u8,
    out_data_len: *mut usize,
) -> Option<*const c_char> {
    let option = options.get(index)?;
    // SAFETY: passed on.
    if let Some(out) = unsafe { arg::opt_out(out_data) } {
        *out = option.data.as_ptr();
    }
    // SAFETY: passed on.
    if let Some(out) = unsafe { arg::opt_out(out_data_len) } {
        *out = option.data.len().saturating_sub(1);
    }
    Some(option.name.as_ptr())
}

/// Returns how many critical options a certificate has: what is not understood of these refuses it. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_critical_option_count(cert: *const ssh_cert_t) -> usize {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(0, || unsafe { cert.as_ref() }.map(|cert| cert.critical_options.len()))
}

/// Returns the name of one of a certificate's critical options, and its data as the certificate has it: nothing, or a string
/// with its length in front. ssh_cert_get_critical_option gives a value alone.
///
/// index: from 0.
/// out_data: may be NULL; raw; borrowed result until ssh_cert_free.
/// out_data_len: may be NULL; its bytes.
/// Borrowed result until ssh_cert_free; NULL where there is none.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_critical_option_at(
    cert: *const ssh_cert_t,
    index: usize,
    out_data: *mut *const u8,
    out_data_len: *mut usize,
) -> *const c_char {
    guard_value(null(), || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let _zeroed = unsafe { (arg::opt_out(out_data), arg::opt_out(out_data_len)) };
        // SAFETY: as above.
        unsafe { option_at(&cert.as_ref()?.critical_options, index, out_data, out_data_len) }
    })
}

/// Returns how many extensions a certificate has: what is not understood of these is passed over. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_extension_count(cert: *const ssh_cert_t) -> usize {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(0, || unsafe { cert.as_ref() }.map(|cert| cert.extensions.len()))
}

/// Returns the name of one of a certificate's extensions, and its data, as ssh_cert_get_critical_option_at does.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_extension_at(
    cert: *const ssh_cert_t,
    index: usize,
    out_data: *mut *const u8,
    out_data_len: *mut usize,
) -> *const c_char {
    guard_value(null(), || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let _zeroed = unsafe { (arg::opt_out(out_data), arg::opt_out(out_data_len)) };
        // SAFETY: as above.
        unsafe { option_at(&cert.as_ref()?.extensions, index, out_data, out_data_len) }
    })
}

/// Returns the value of a critical option, "force-command" for one; empty for an option that has none.
///
/// name: borrowed.
/// out_value_len: may be NULL; its bytes.
/// Raw; borrowed result until ssh_cert_free, with a NUL behind it; NULL where there is no such option, or its data is no
/// string.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_critical_option(
    cert: *const ssh_cert_t,
    name: *const c_char,
    out_value_len: *mut usize,
) -> *const u8 {
    guard_value(null(), || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (len, name) = unsafe { (arg::opt_out(out_value_len), arg::opt_c_bytes(name)?) };
        // SAFETY: as above.
        let cert = unsafe { cert.as_ref() }?;
        let (option, held) = cert
            .inner
            .critical_options()
            .iter()
            .zip(&cert.critical_options)
            .find(|(option, _)| option.name.as_bytes() == name)?;
        let value = option.value()?;
        if let Some(len) = len {
            *len = value.len();
        }
        // The value is the end of the data, of which the handle keeps a copy with a NUL behind it.
        held.data.get(option.data.len() - value.len()..).map(<[u8]>::as_ptr)
    })
}

/// Tells whether a certificate has an extension, "permit-pty" for one; false for NULL.
///
/// name: borrowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_has_extension(cert: *const ssh_cert_t, name: *const c_char) -> bool {
    guard_value(false, || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (cert, name) = unsafe { (cert.as_ref()?, arg::opt_c_bytes(name)?) };
        Some(cert.inner.extensions().iter().any(|option| option.name.as_bytes() == name))
    })
}

/// Gives the key that a certificate certifies.
///
/// out_key: owned result, ssh_key_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_public_key(
    cert: *const ssh_cert_t,
    out_key: *mut *mut ssh_key_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, cert) = unsafe { (arg::out(out_key)?, arg::handle(cert)?) };
        *out = ssh_key_t::give_public(cert.inner.key().clone());
        Ok(())
    })
}

/// Gives the key of a certificate's authority. That it signed the certificate is verified; that it is trusted is not said.
///
/// out_key: owned result, ssh_key_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_signature_key(
    cert: *const ssh_cert_t,
    out_key: *mut *mut ssh_key_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, cert) = unsafe { (arg::out(out_key)?, arg::handle(cert)?) };
        *out = ssh_key_t::give_public(cert.inner.signature_key().clone());
        Ok(())
    })
}

/// Returns the algorithm of the authority's signature, "rsa-sha2-512" for one. Borrowed result until ssh_cert_free; NULL for
/// NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_signature_algorithm(cert: *const ssh_cert_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(null(), || unsafe { cert.as_ref() }.map(|cert| cert.signature_algorithm.as_ptr()))
}

/// Gives a certificate's blob (OpenSSH's PROTOCOL.certkeys).
///
/// out_blob: owned result, ssh_bytes_free.
/// out_len: its bytes.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_blob(
    cert: *const ssh_cert_t,
    out_blob: *mut *mut u8,
    out_len: *mut usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let ((out, len), cert) = unsafe { (arg::outs(out_blob, out_len)?, arg::handle(cert)?) };
        *out = text::give_bytes(cert.inner.blob())?;
        *len = cert.inner.blob().len();
        Ok(())
    })
}

/// Gives a certificate as a line for a file, without a newline.
///
/// comment: borrowed; may be NULL; one line.
/// out_line: owned result.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_get_line(
    cert: *const ssh_cert_t,
    comment: *const c_char,
    out_line: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, cert, comment) =
            unsafe { (arg::out(out_line)?, arg::handle(cert)?, arg::opt_text(comment, "comment")?.unwrap_or("")) };
        *out = text::give(&cert.inner.to_line(comment))?;
        Ok(())
    })
}

/// Writes a certificate as a line, for a file beside the private key (mode 0644); ssh looks for "id_ed25519-cert.pub" beside
/// "id_ed25519".
///
/// path: borrowed.
/// comment: borrowed; may be NULL; one line.
/// replace: whether a file that exists is replaced.
/// Returns SSH_OK; SSH_ERR_FILE.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_write_file(
    cert: *const ssh_cert_t,
    path: *const c_char,
    comment: *const c_char,
    replace: bool,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (cert, path, comment) =
            unsafe { (arg::handle(cert)?, arg::text(path, "path")?, arg::opt_text(comment, "comment")?.unwrap_or("")) };
        file::write(path, format!("{}\n", cert.inner.to_line(comment)).as_bytes(), 0o644, replace)
    })
}

/// Releases a certificate. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_free(cert: *mut ssh_cert_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(cert) }
}
