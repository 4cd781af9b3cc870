//! Keys.
#![allow(clippy::disallowed_types, reason = "a C handle is safe on any thread, and this one has no engine below it")]

use super::arg::{self, invalid};
use super::cert::ssh_cert_t;
use super::file;
use super::guard::{guard_unit, guard_value};
use super::text;
use super::types::ssh_status_t;
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::{Curve, PrivateKey, PublicKey};
use crate::crypto::keyfile;
use crate::error::{printable, Error, ErrorKind, Result};
use std::ffi::{c_char, c_void, CString};
use std::ptr::null;
use std::sync::{PoisonError, RwLock};

/// A public or private key.
pub struct ssh_key_t {
    public: PublicKey,
    private: Option<PrivateKey>,
    /// For C, which borrows it.
    certificate: Option<Box<ssh_cert_t>>,
    name: CString,
    /// Taken alone and for a moment: no other lock under it, and no waiting.
    comment: RwLock<String>,
}

impl ssh_key_t {
    fn new(public: PublicKey, private: Option<PrivateKey>) -> Self {
        let name = text::c_string(public.key_type());
        let certificate = private.as_ref().and_then(|key| key.certificate().cloned());
        let certificate = certificate.map(|cert| Box::new(ssh_cert_t::new(cert)));
        Self { public, private, certificate, name, comment: RwLock::default() }
    }

    /// A public key that the peer showed, with the certificate it showed for it.
    pub(super) fn of_shown(public: PublicKey, certificate: Option<Certificate>) -> Self {
        Self { certificate: certificate.map(|cert| Box::new(ssh_cert_t::new(cert))), ..Self::new(public, None) }
    }

    /// [`Self::of_shown`], as a handle for C.
    pub(super) fn give_shown(public: PublicKey, certificate: Option<Certificate>) -> *mut Self {
        Box::into_raw(Box::new(Self::of_shown(public, certificate)))
    }

    /// The certificate shown for it.
    pub(super) fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref().map(|cert| cert.certificate())
    }

    /// The same, for C.
    pub(super) fn certificate_handle(&self) -> Option<&ssh_cert_t> {
        self.certificate.as_deref()
    }

    /// The key with a certificate to show for it; its private half is shared.
    pub(super) fn with_certificate(&self, certificate: &Certificate) -> Result<Self> {
        match &self.private {
            Some(private) => {
                let private = private.with_certificate(certificate.clone())?;
                Ok(Self::new(self.public.clone(), Some(private)))
            }
            None => {
                certificate.check_key(&self.public)?;
                Ok(Self::of_shown(self.public.clone(), Some(certificate.clone())))
            }
        }
    }

    /// A public key.
    pub(super) fn of_public(public: PublicKey) -> Self {
        Self::new(public, None)
    }

    /// A public key's handle for C.
    pub(super) fn give_public(public: PublicKey) -> *mut Self {
        Box::into_raw(Box::new(Self::new(public, None)))
    }

    /// What the file it was read from, or ssh_key_set_comment, says of it.
    pub(super) fn comment(&self) -> String {
        self.comment.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The comment that a caller gives, or else the key's own.
    pub(super) fn comment_or(&self, given: Option<&str>) -> Result<String> {
        match given {
            // A line end would start another entry in the file the line goes to.
            Some(text) if text.contains(char::is_control) => Err(invalid("comment has control characters in it")),
            Some(text) => Ok(text.to_owned()),
            None => Ok(self.comment()),
        }
    }

    fn with_comment(self, comment: &str) -> Self {
        // What a file says may be anything; it goes onto lines.
        let comment = comment.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { comment: RwLock::new(comment), ..self }
    }

    fn give((private, comment): (PrivateKey, String)) -> *mut Self {
        Box::into_raw(Box::new(Self::new(private.public().clone(), Some(private)).with_comment(&comment)))
    }

    /// A private key.
    pub(super) fn of_private(private: PrivateKey) -> Self {
        Self::new(private.public().clone(), Some(private))
    }

    /// A private key's handle for C.
    pub(super) fn give_private(private: PrivateKey) -> *mut Self {
        Box::into_raw(Box::new(Self::new(private.public().clone(), Some(private))))
    }

    /// The public half.
    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The private half.
    pub(super) fn private(&self) -> Result<&PrivateKey> {
        self.private.as_ref().ok_or_else(|| ErrorKind::KeyPublicOnly.into())
    }
}

/// No key file is larger; a path may lead to a device that never ends.
const MAX_FILE: u64 = 1 << 20;

/// # Safety
/// `p` is NULL (no passphrase) or valid for reads of `len` bytes.
unsafe fn passphrase<'a>(p: *const c_void, len: usize) -> Result<Option<&'a [u8]>> {
    // SAFETY: passed on.
    let bytes = unsafe { arg::bytes(p, len)? };
    Ok((!p.is_null()).then_some(bytes))
}

/// Reads a private key from a file.
///
/// Reads OpenSSH's format, PEM (PKCS#1, SEC1, PKCS#8) and PuTTY's (versions 2 and 3): ed25519, ecdsa and rsa, encrypted
/// ones too. Blocks for the file, and for the time the file's key derivation takes.
/// path: borrowed.
/// passphrase: copied; any bytes; NULL: none.
/// out_key: owned result, ssh_key_free.
/// Returns SSH_OK; SSH_ERR_FILE; SSH_ERR_KEY_NEEDS_PASSPHRASE; SSH_ERR_KEY_BAD_PASSPHRASE; SSH_ERR_KEY_CORRUPT;
/// SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_KEY_WEAK; SSH_ERR_KEY_UNSUPPORTED_CIPHER, _TYPE or _FORMAT;
/// SSH_ERR_RESOURCE_LIMIT: no memory for what the file's key derivation takes.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_load_private_file(
    path: *const c_char,
    passphrase: *const c_void,
    passphrase_len: usize,
    out_key: *mut *mut ssh_key_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, path, passphrase) =
            unsafe { (arg::out(out_key)?, arg::text(path, "path")?, self::passphrase(passphrase, passphrase_len)?) };
        let parse = |data: &[u8]| keyfile::parse_private_with_comment(data, passphrase);
        *out = ssh_key_t::give(file::load(path, MAX_FILE, parse)?);
        Ok(())
    })
}

/// Reads a private key from memory, as ssh_key_load_private_file does.
///
/// data: borrowed; the file's content.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_load_private_memory(
    data: *const c_void,
    data_len: usize,
    passphrase: *const c_void,
    passphrase_len: usize,
    out_key: *mut *mut ssh_key_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, data, passphrase) =
            unsafe { (arg::out(out_key)?, arg::bytes(data, data_len)?, self::passphrase(passphrase, passphrase_len)?) };
        *out = ssh_key_t::give(keyfile::parse_private_with_comment(data, passphrase)?);
        Ok(())
    })
}

/// Reads a public key file: the first of the lines "ssh-ed25519 AAAA... comment", RFC 4716, or PEM.
///
/// path: borrowed.
/// out_key: owned result, ssh_key_free.
/// Returns SSH_OK; SSH_ERR_FILE; SSH_ERR_KEY_CORRUPT; SSH_ERR_KEY_WEAK; SSH_ERR_KEY_UNSUPPORTED_TYPE or _FORMAT.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_load_public_file(path: *const c_char, out_key: *mut *mut ssh_key_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, path) = unsafe { (arg::out(out_key)?, arg::text(path, "path")?) };
        let (key, comment) = file::load(path, MAX_FILE, keyfile::parse_public)?;
        *out = Box::into_raw(Box::new(ssh_key_t::new(key, None).with_comment(&comment)));
        Ok(())
    })
}

/// Reads a public key from memory, as ssh_key_load_public_file does.
///
/// data: borrowed; the file's content.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_load_public_memory(
    data: *const c_void,
    data_len: usize,
    out_key: *mut *mut ssh_key_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, data) = unsafe { (arg::out(out_key)?, arg::bytes(data, data_len)?) };
        let (key, comment) = keyfile::parse_public(data)?;
        *out = Box::into_raw(Box::new(ssh_key_t::new(key, None).with_comment(&comment)));
        Ok(())
    })
}

/// Reads a public key from its blob (RFC 4253 section 6.6).
///
/// blob: borrowed.
/// out_key: owned result, ssh_key_free.
/// Returns SSH_OK; SSH_ERR_KEY_CORRUPT; SSH_ERR_KEY_WEAK; SSH_ERR_KEY_UNSUPPORTED_TYPE.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_load_public_blob(
    blob: *const c_void,
    blob_len: usize,
    out_key: *mut *mut ssh_key_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, blob) = unsafe { (arg::out(out_key)?, arg::bytes(blob, blob_len)?) };
        *out = ssh_key_t::give_public(PublicKey::parse(blob)?);
        Ok(())
    })
}

/// Makes a new private key.
///
/// Blocks; for RSA up to some seconds.
/// key_type: "ssh-ed25519"; "ecdsa-sha2-nistp256", "...384" or "...521"; "ssh-rsa".
/// bits: for RSA 2048 to 16384, 0 is 3072; 0 for the others, whose type says it.
/// out_key: owned result, ssh_key_free.
/// Returns SSH_OK; SSH_ERR_KEY_UNSUPPORTED_TYPE; SSH_ERR_INVALID_ARGUMENT for other bits.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_generate(
    key_type: *const c_char,
    bits: u32,
    out_key: *mut *mut ssh_key_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, key_type) = unsafe { (arg::out(out_key)?, arg::text(key_type, "key_type")?) };
        if bits != 0 && key_type != "ssh-rsa" {
            return Err(invalid("bits are for RSA keys only"));
        }
        *out = ssh_key_t::give_private(match key_type {
            "ssh-ed25519" => PrivateKey::generate_ed25519()?,
            "ecdsa-sha2-nistp256" => PrivateKey::generate_ecdsa(Curve::P256)?,
            "ecdsa-sha2-nistp384" => PrivateKey::generate_ecdsa(Curve::P384)?,
            "ecdsa-sha2-nistp521" => PrivateKey::generate_ecdsa(Curve::P521)?,
            "ssh-rsa" => PrivateKey::generate_rsa(if bits == 0 { 3072 } else { bits })?,
            _ => {
                let text = format!("no key of type \"{}\" can be made", printable(key_type.as_bytes()));
                return Err(Error::new(ErrorKind::KeyUnsupportedType, text));
            }
        });
        Ok(())
    })
}

/// Returns a key's type, "ssh-ed25519" for one. Borrowed result until ssh_key_free; NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_get_name(key: *const ssh_key_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(null(), || unsafe { key.as_ref() }.map(|key| key.name.as_ptr()))
}

/// Returns a key's size in bits, as people know it: 256, 384, 521, 3072, ...; 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_get_bits(key: *const ssh_key_t) -> u32 {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(0, || unsafe { key.as_ref() }.map(|key| key.public.bits()))
}

/// Tells whether a key has its private half; false for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_is_private(key: *const ssh_key_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(false, || unsafe { key.as_ref() }.map(|key| key.private.is_some()))
}

/// Tells whether two keys are the same public key; false where one is NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_is_equal(a: *const ssh_key_t, b: *const ssh_key_t) -> bool {
    guard_value(false, || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (a, b) = unsafe { (a.as_ref()?, b.as_ref()?) };
        Some(a.public == b.public)
    })
}

/// Gives a key's fingerprint, "SHA256:..." as ssh-keygen -l shows it.
///
/// out_text: owned result.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_get_fingerprint(key: *const ssh_key_t, out_text: *mut *mut c_char) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, key) = unsafe { (arg::out(out_text)?, arg::handle(key)?) };
        *out = text::give(&key.public.fingerprint_sha256())?;
        Ok(())
    })
}

/// Gives a key's fingerprint in the old form, "MD5:16:27:ac:...", for comparing with what older programs show.
///
/// out_text: owned result.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_get_fingerprint_md5(
    key: *const ssh_key_t,
    out_text: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, key) = unsafe { (arg::out(out_text)?, arg::handle(key)?) };
        *out = text::give(&key.public.fingerprint_md5())?;
        Ok(())
    })
}

/// Gives a key's picture, as ssh-keygen -lv and VisualHostKey show it: eleven lines.
///
/// out_text: owned result.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_get_randomart(key: *const ssh_key_t, out_text: *mut *mut c_char) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, key) = unsafe { (arg::out(out_text)?, arg::handle(key)?) };
        *out = text::give(&key.public.randomart())?;
        Ok(())
    })
}

/// Gives a key's comment: that of the file it was read from, where the format has one (OpenSSH's and PuTTY's private keys,
/// one-line and RFC 4716 public keys), or the one set. Empty where there is none.
///
/// out_comment: owned result.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_get_comment(key: *const ssh_key_t, out_comment: *mut *mut c_char) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, key) = unsafe { (arg::out(out_comment)?, arg::handle(key)?) };
        *out = text::give(&key.comment())?;
        Ok(())
    })
}

/// Sets a key's comment, which is written with it where none is given to the call that writes.
///
/// comment: copied; one line; NULL or empty: none.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_set_comment(key: *mut ssh_key_t, comment: *const c_char) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (key, comment) = unsafe { (arg::handle(key.cast_const())?, arg::opt_text(comment, "comment")?) };
        let comment = key.comment_or(Some(comment.unwrap_or("")))?;
        *key.comment.write().unwrap_or_else(PoisonError::into_inner) = comment;
        Ok(())
    })
}

/// Gives the public key as a line for authorized_keys, without a newline.
///
/// comment: borrowed; one line; NULL: the key's own, see ssh_key_get_comment.
/// out_line: owned result.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_get_public_line(
    key: *const ssh_key_t,
    comment: *const c_char,
    out_line: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, key, comment) =
            unsafe { (arg::out(out_line)?, arg::handle(key)?, arg::opt_text(comment, "comment")?) };
        *out = text::give(&key.public.to_line(&key.comment_or(comment)?))?;
        Ok(())
    })
}

/// Gives the public key's blob (RFC 4253 section 6.6).
///
/// out_blob: owned result, ssh_bytes_free.
/// out_len: its bytes.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_get_public_blob(
    key: *const ssh_key_t,
    out_blob: *mut *mut u8,
    out_len: *mut usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let ((out, len), key) = unsafe { (arg::outs(out_blob, out_len)?, arg::handle(key)?) };
        *out = text::give_bytes(key.public.blob())?;
        *len = key.public.blob().len();
        Ok(())
    })
}

/// Releases a key; a private one is wiped once nothing uses it any more. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_free(key: *mut ssh_key_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(key) }
}
