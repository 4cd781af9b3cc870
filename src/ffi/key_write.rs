//! Writing keys.

use super::arg::{self, invalid};
use super::file;
use super::guard::guard_unit;
use super::key::ssh_key_t;
use super::types::{
    ssh_key_write_options_t, ssh_status_t, SSH_KEY_FORMAT_OPENSSH, SSH_KEY_FORMAT_PEM, SSH_KEY_FORMAT_PKCS8,
};
use crate::crypto::keyfile::{write_openssh, write_pkcs8, write_traditional, Protection};
use crate::error::{Error, ErrorKind, Result};
use std::ffi::{c_char, c_void};
use zeroize::Zeroizing;

/// # Safety
/// `options` is NULL or holds what `ssh_key_write_options_t` says.
unsafe fn encode(key: &ssh_key_t, options: *const ssh_key_write_options_t) -> Result<(Zeroizing<String>, bool)> {
    // SAFETY: passed on.
    let o = unsafe { arg::options(options)? };
    // SAFETY: passed on.
    let (passphrase, comment) =
        unsafe { (arg::bytes(o.passphrase, o.passphrase_len)?, arg::opt_text(o.comment, "comment")?) };
    let comment = key.comment_or(comment)?;
    let protection = (!o.passphrase.is_null()).then_some(Protection { passphrase, rounds: o.rounds });
    let text = match o.format {
        SSH_KEY_FORMAT_OPENSSH => write_openssh(key.private()?, &comment, protection)?,
        SSH_KEY_FORMAT_PKCS8 => write_pkcs8(key.private()?, protection)?,
        SSH_KEY_FORMAT_PEM if protection.is_some() => {
            return Err(invalid("a passphrase protects nothing in SSH_KEY_FORMAT_PEM: use SSH_KEY_FORMAT_PKCS8"));
        }
        SSH_KEY_FORMAT_PEM => write_traditional(key.private()?)?,
        _ => return Err(invalid("format is not one of SSH_KEY_FORMAT_*")),
    };
    Ok((text, o.replace))
}

/// Writes a private key to a file that only its owner may read (mode 0600).
///
/// The file is whole or not there: it gets its name when everything is on the disk. Blocks for that, and for the key
/// derivation. A symbolic link is replaced, not followed.
/// path: borrowed.
/// options: borrowed; NULL: OpenSSH's format, without passphrase, with the key's own comment.
/// Returns SSH_OK; SSH_ERR_FILE, with the system's words; SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_KEY_UNSUPPORTED_TYPE where the
/// format has no place for the key.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_write_private_file(
    key: *const ssh_key_t,
    path: *const c_char,
    options: *const ssh_key_write_options_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (key, path) = unsafe { (arg::handle(key)?, arg::text(path, "path")?) };
        // SAFETY: as above.
        let (text, replace) = unsafe { encode(key, options)? };
        file::write(path, text.as_bytes(), 0o600, replace)
    })
}

/// Writes a private key into memory of the caller's, who wipes it after use.
///
/// options: borrowed; as for ssh_key_write_private_file.
/// buf: out, buf_len bytes; no NUL is written behind the text. May be NULL with buf_len 0, to learn the size; one key has
/// the same size each time.
/// out_len: the bytes written, or, where buf is too small, needed.
/// Returns SSH_OK; SSH_ERR_RESOURCE_LIMIT where buf is too small; SSH_ERR_KEY_PUBLIC_ONLY.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_write_private_memory(
    key: *const ssh_key_t,
    options: *const ssh_key_write_options_t,
    buf: *mut c_void,
    buf_len: usize,
    out_len: *mut usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, key) = unsafe { (arg::out(out_len)?, arg::handle(key)?) };
        // SAFETY: as above.
        let (text, _) = unsafe { encode(key, options)? };
        *out = text.len();
        if buf_len < text.len() {
            let needed = format!("the buffer is too small: {} bytes are needed", text.len());
            return Err(Error::new(ErrorKind::ResourceLimit, needed));
        }
        // SAFETY: as above.
        unsafe { arg::out_bytes(buf, buf_len)? }.push(text.as_bytes());
        Ok(())
    })
}

/// Writes the public half as a line, for a file beside the private one (mode 0644).
///
/// path: borrowed.
/// comment: borrowed; one line; NULL: the key's own, see ssh_key_get_comment.
/// replace: whether a file that exists is replaced.
/// Returns SSH_OK; SSH_ERR_FILE.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_write_public_file(
    key: *const ssh_key_t,
    path: *const c_char,
    comment: *const c_char,
    replace: bool,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (key, path, comment) =
            unsafe { (arg::handle(key)?, arg::text(path, "path")?, arg::opt_text(comment, "comment")?) };
        let comment = key.comment_or(comment)?;
        file::write(path, format!("{}\n", key.public().to_line(&comment)).as_bytes(), 0o644, replace)
    })
}
