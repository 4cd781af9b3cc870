//! Who may log in with which key.
#![allow(clippy::disallowed_types, reason = "a C handle is safe on any thread, and this one has no engine below it")]

use super::arg::{self, invalid};
use super::guard::{guard_unit, guard_value};
use super::key::ssh_key_t;
use super::permissions::ssh_permissions_t;
use super::security_options::edited;
use super::text;
use super::types::*;
use crate::authorized_keys::{AuthorizedKeys, Place, Request};
use crate::crypto::cert::{base_algorithm, CA_ALGORITHMS};
use crate::crypto::registry::{all_names, SIGNATURES};
use crate::engine::wall_clock;
use crate::error::Result;
use std::ffi::{c_char, c_void};
use std::mem::offset_of;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Whom a server admits.
pub struct ssh_authorized_keys_t {
    /// Guards the lists alone; no other lock is taken and nothing waits under it.
    inner: RwLock<AuthorizedKeys>,
}

impl ssh_authorized_keys_t {
    fn read(&self) -> RwLockReadGuard<'_, AuthorizedKeys> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, AuthorizedKeys> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

// SAFETY: a C struct of numbers and pointers, all valid as zero.
unsafe impl arg::Sized0 for ssh_authorized_keys_request_t {
    const FIRST: usize = offset_of!(Self, now) + size_of::<u64>();
}

/// Makes lists that admit nobody yet: what a server asks ssh_authorized_keys_check about. One is made for each login, or
/// kept for a user as long as the files do not change.
///
/// out_keys: owned result, ssh_authorized_keys_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_authorized_keys_new(out_keys: *mut *mut ssh_authorized_keys_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_keys)? };
        *out = Box::into_raw(Box::new(ssh_authorized_keys_t { inner: RwLock::default() }));
        Ok(())
    })
}

/// Adds the keys of a file in the format of authorized_keys, with all options of sshd(8). A file that does not exist lists
/// none. A line that cannot be read or has an unknown option admits nobody, and ssh_authorized_keys_get_rejected tells of
/// it; the others count. That the file is its user's and nobody else may write it is for the caller to see to.
///
/// path: borrowed.
/// Returns SSH_OK, or SSH_ERR_FILE.
#[no_mangle]
pub unsafe extern "C" fn ssh_authorized_keys_load_file(
    keys: *mut ssh_authorized_keys_t,
    path: *const c_char,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { load(keys, path, |lists, path| lists.load(path)) }
}

/// Adds the keys of a file's content, as ssh_authorized_keys_load_file does.
///
/// data: borrowed.
/// name: borrowed; what the text is called in reports; NULL: "memory".
#[no_mangle]
pub unsafe extern "C" fn ssh_authorized_keys_load_memory(
    keys: *mut ssh_authorized_keys_t,
    data: *const c_void,
    data_len: usize,
    name: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (keys, data, name) = unsafe {
            (
                arg::handle(keys.cast_const())?,
                arg::bytes(data, data_len)?,
                arg::opt_text(name, "name")?.unwrap_or("memory"),
            )
        };
        // Parsed before the lock is taken.
        let mut lists = AuthorizedKeys::default();
        lists.add(data, name);
        keys.write().append(lists);
        Ok(())
    })
}

/// Trusts a certificate authority for all users (sshd_config's TrustedUserCAKeys): its certificates let in the users that
/// are among their principals. A server hears of certificates only if its SSH_LIST_PUBKEY names their algorithms, which it
/// does not by default: ssh_security_options_set(options, SSH_LIST_PUBKEY, "+ssh-ed25519-cert-v01@openssh.com") for one.
///
/// ca: copied; a public key.
#[no_mangle]
pub unsafe extern "C" fn ssh_authorized_keys_add_user_ca(
    keys: *mut ssh_authorized_keys_t,
    ca: *const ssh_key_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (keys, ca) = unsafe { (arg::handle(keys.cast_const())?, arg::handle(ca)?) };
        keys.write().add_authority(ca.public().clone(), Place { file: "memory".into(), line: 0 });
        Ok(())
    })
}

/// Trusts the certificate authorities whose public keys a file lists, one a line. SSH_LIST_PUBKEY must name
/// their certificates' algorithms, see ssh_authorized_keys_add_user_ca.
///
/// path: borrowed.
/// Returns SSH_OK, or SSH_ERR_FILE.
#[no_mangle]
pub unsafe extern "C" fn ssh_authorized_keys_load_user_ca_file(
    keys: *mut ssh_authorized_keys_t,
    path: *const c_char,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { load(keys, path, |lists, path| lists.load_authorities(path)) }
}

/// Adds a file of the names the user goes by (sshd_config's AuthorizedPrincipalsFile): from here on a certificate of an
/// authority that is trusted for all users needs one of them among its principals, rather than the user's name. Lines may
/// have options in front. A file that does not exist lists none.
///
/// path: borrowed.
/// Returns SSH_OK, or SSH_ERR_FILE.
#[no_mangle]
pub unsafe extern "C" fn ssh_authorized_keys_load_principals_file(
    keys: *mut ssh_authorized_keys_t,
    path: *const c_char,
) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { load(keys, path, |lists, path| lists.load_principals(path)) }
}

/// Revokes what a file revokes (sshd_config's RevokedKeys): keys, certificates and authorities of a list made with
/// `ssh-keygen -k`, or the public keys of a text file, one a line.
///
/// path: borrowed.
/// Returns SSH_OK; SSH_ERR_FILE, also where it does not exist; SSH_ERR_KRL_CORRUPT. What the file would revoke is not known
/// then: ssh_authorized_keys_check refuses everybody, with SSH_ERR_FILE, until the same path is loaded.
#[no_mangle]
pub unsafe extern "C" fn ssh_authorized_keys_load_krl_file(
    keys: *mut ssh_authorized_keys_t,
    path: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (keys, path) = unsafe { (arg::handle(keys.cast_const())?, arg::text(path, "path")?) };
        // Read before the lock is taken.
        let krl = AuthorizedKeys::read_krl(path);
        keys.write().put_krl(path, krl)
    })
}

/// Sets the algorithms that are accepted of authorities' signatures (sshd_config's CASignatureAlgorithms). By default all
/// but those with SHA-1.
///
/// names: borrowed; comma-separated; with "+", "-" or "^" in front they are added to the default, taken from it, or put
/// first.
/// Returns SSH_OK; SSH_ERR_UNKNOWN_ALGORITHM; SSH_ERR_INVALID_ARGUMENT where none would be left.
#[no_mangle]
pub unsafe extern "C" fn ssh_authorized_keys_set_ca_algorithms(
    keys: *mut ssh_authorized_keys_t,
    names: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (keys, names) = unsafe { (arg::handle(keys.cast_const())?, arg::text(names, "names")?) };
        let plain = |name: &&str| base_algorithm(name).is_none();
        let known: Vec<_> = all_names(SIGNATURES).into_iter().filter(plain).collect();
        let names = edited(CA_ALGORITHMS, names, "signature", &known)?;
        keys.write().set_ca_algorithms(names.into_iter().map(str::to_owned).collect());
        Ok(())
    })
}

/// Lets the option environment= set variables (sshd_config's PermitUserEnvironment); before this is called it sets none.
/// Some variables, LD_PRELOAD for one, change what every program does: permit what is needed.
///
/// patterns: copied; comma-separated, with * and ?; "*" permits all.
#[no_mangle]
pub unsafe extern "C" fn ssh_authorized_keys_permit_environment(
    keys: *mut ssh_authorized_keys_t,
    patterns: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (keys, patterns) = unsafe { (arg::handle(keys.cast_const())?, arg::text(patterns, "patterns")?) };
        let patterns = patterns.split(',').filter(|pattern| !pattern.is_empty()).map(str::to_owned);
        keys.write().permit_environment(patterns);
        Ok(())
    })
}

/// Returns how many lines admit nobody because they could not be read.
#[no_mangle]
pub unsafe extern "C" fn ssh_authorized_keys_get_rejected_count(keys: *const ssh_authorized_keys_t) -> usize {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(0, || unsafe { keys.as_ref() }.map(|keys| keys.read().rejected().len()))
}

/// Says which line could not be read, and why: "file:line: reason".
///
/// index: from 0.
/// out_text: owned result, ssh_string_free.
/// Returns SSH_OK, or SSH_ERR_INVALID_ARGUMENT past the last.
#[no_mangle]
pub unsafe extern "C" fn ssh_authorized_keys_get_rejected(
    keys: *const ssh_authorized_keys_t,
    index: usize,
    out_text: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, keys) = unsafe { (arg::out(out_text)?, arg::handle(keys)?) };
        let lists = keys.read();
        let rejected = lists.rejected().get(index).ok_or_else(|| invalid("index is past the last line"))?;
        *out = text::give(&format!("{}:{}: {}", rejected.place.file, rejected.place.line, rejected.reason))?;
        Ok(())
    })
}

/// Decides whether a user may log in with a key, as sshd decides: the lines that list the key, or the authority of its
/// certificate, with their from=, expiry-time= and principals=; then the authorities trusted for all users; before all,
/// what is revoked. A signature is not asked for: check_auth_publickey gets a key that is not signed for yet, too.
/// It gets certificates only where SSH_LIST_PUBKEY names their algorithms, see ssh_authorized_keys_add_user_ca.
///
/// request: borrowed.
/// out_permissions: owned result, ssh_permissions_free; what the user may do then, for ssh_transport_set_permissions.
/// Returns SSH_OK; SSH_ERR_KEY_NOT_AUTHORIZED where nothing lists the key or the line that does refuses it;
/// SSH_ERR_KEY_REVOKED; SSH_ERR_FILE after ssh_authorized_keys_load_krl_file failed;
/// for certificates SSH_ERR_CERT_UNTRUSTED, _EXPIRED, _NOT_YET_VALID, _WRONG_PRINCIPAL, _WRONG_KIND,
/// _UNKNOWN_OPTION, _SOURCE_ADDRESS, _WEAK_SIGNATURE, _REVOKED. The exception's text says which line and why; it is for the
/// server's log, not for the peer.
#[no_mangle]
pub unsafe extern "C" fn ssh_authorized_keys_check(
    keys: *const ssh_authorized_keys_t,
    request: *const ssh_authorized_keys_request_t,
    out_permissions: *mut *mut ssh_permissions_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, keys, request) =
            unsafe { (arg::out(out_permissions)?, arg::handle(keys)?, arg::options(arg::handle(request)?)?) };
        // SAFETY: as above, for what the struct points to.
        let (user, key, address, host) = unsafe {
            (
                arg::text(request.user, "user")?,
                arg::handle(request.key)?,
                arg::opt_text(request.address, "address")?.unwrap_or("UNKNOWN"),
                arg::opt_text(request.host, "host")?,
            )
        };
        let request = Request {
            user,
            key: key.public(),
            cert: key.certificate(),
            address,
            host,
            now: if request.now == 0 { wall_clock() } else { request.now },
        };
        let found = keys.read().check(&request)?;
        *out = ssh_permissions_t::give(Arc::new(found));
        Ok(())
    })
}

/// Releases lists. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_authorized_keys_free(keys: *mut ssh_authorized_keys_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(keys) }
}

/// Reads a file before the lock is taken.
///
/// # Safety
/// The C contract, see ffi/mod.rs.
unsafe fn load(
    keys: *mut ssh_authorized_keys_t,
    path: *const c_char,
    read: impl FnOnce(&mut AuthorizedKeys, &str) -> Result<()>,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: by this function's contract.
        let (keys, path) = unsafe { (arg::handle(keys.cast_const())?, arg::text(path, "path")?) };
        let mut lists = AuthorizedKeys::default();
        read(&mut lists, path)?;
        keys.write().append(lists);
        Ok(())
    })
}
