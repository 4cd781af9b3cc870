//! Known hosts.
#![allow(clippy::disallowed_types, reason = "a C handle is safe on any thread, and this one has no engine below it")]

use super::arg;
use super::guard::guard_unit;
use super::key::ssh_key_t;
use super::text;
use super::types::*;
use crate::engine::wall_clock;
use crate::error::Result;
pub(super) use crate::known_hosts::prefer;
use crate::known_hosts::{KnownHosts, Verdict, MEMORY};
use std::ffi::{c_char, c_void};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Which host keys are trusted.
#[allow(clippy::disallowed_types, reason = "C uses a handle from several threads; nothing waits under this lock")]
pub struct ssh_known_hosts_t {
    /// Guards the entries alone; no other lock is taken and nothing waits under it.
    inner: RwLock<KnownHosts>,
}

impl ssh_known_hosts_t {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, KnownHosts> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, KnownHosts> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file's port 0 is SSH's port.
pub(super) fn port(number: u32) -> Result<u16> {
    if number == 0 {
        return Ok(22);
    }
    arg::port(number, "port")
}

/// Makes an empty set of known hosts.
///
/// out_known_hosts: owned result, ssh_known_hosts_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_known_hosts_new(out_known_hosts: *mut *mut ssh_known_hosts_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_known_hosts)? };
        *out = Box::into_raw(Box::new(ssh_known_hosts_t { inner: RwLock::new(KnownHosts::default()) }));
        Ok(())
    })
}

/// Adds the entries of a file in OpenSSH's known_hosts format, hashed ones too. A file that does not exist has none;
/// lines that cannot be read are skipped, as OpenSSH does.
///
/// path: borrowed.
/// Returns SSH_OK, or SSH_ERR_FILE.
#[no_mangle]
pub unsafe extern "C" fn ssh_known_hosts_load_file(
    known_hosts: *mut ssh_known_hosts_t,
    path: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (hosts, path) = unsafe { (arg::handle(known_hosts)?, arg::text(path, "path")?) };
        // Read before the lock is taken: nothing waits under it.
        let file = KnownHosts::load(path)?;
        hosts.write().append(file);
        Ok(())
    })
}

/// Adds the entries of a file's content, as ssh_known_hosts_load_file does.
///
/// data: borrowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_known_hosts_load_memory(
    known_hosts: *mut ssh_known_hosts_t,
    data: *const c_void,
    data_len: usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (hosts, data) = unsafe { (arg::handle(known_hosts)?, arg::bytes(data, data_len)?) };
        let entries = KnownHosts::parse(data, MEMORY);
        hosts.write().append(entries);
        Ok(())
    })
}

/// Adds a list of revoked keys, as ssh's RevokedHostKeys: a binary list of ssh-keygen -k, or a public key a line. A key, a
/// certificate or an authority in it is SSH_KNOWN_HOST_REVOKED for every host, whatever else is listed.
///
/// path: borrowed.
/// Returns SSH_OK; SSH_ERR_FILE, also where there is no such file; SSH_ERR_KRL_CORRUPT. After a failure every key is
/// SSH_KNOWN_HOST_REVOKED by that file, as the list may revoke it, until the same path is added.
#[no_mangle]
pub unsafe extern "C" fn ssh_known_hosts_add_krl_file(
    known_hosts: *mut ssh_known_hosts_t,
    path: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (hosts, path) = unsafe { (arg::handle(known_hosts)?, arg::text(path, "path")?) };
        // Read before the lock is taken: nothing waits under it.
        let list = KnownHosts::load_revoked(path);
        hosts.write().put_revoked(path, list)
    })
}

/// Looks a host's key up.
///
/// A key with a certificate, as ssh_transport_get_remote_server_key gives one where the server showed it, is known if a
/// @cert-authority line for the host names the authority, and the certificate is a host's, valid now, lists the host's
/// name, and has no critical option; otherwise it is looked up as if it had none, as OpenSSH does. @revoked lines outrank
/// all others, for the key and for the authority. Where nothing is listed with a port other than 22, an entry without a
/// port will do, again as for OpenSSH. A key of another type than those listed is SSH_KNOWN_HOST_MISMATCH too:
/// ssh_known_hosts_prefer makes that rare.
/// host: borrowed; name or address, without port. With port 0 or 22 also a name as the files have it, "[host]:port".
/// port: 0 means 22.
/// key: borrowed; as ssh_transport_get_remote_server_key gives it.
/// out_verdict: SSH_KNOWN_HOST_*; 0, which is none of them, on failure.
/// out_file: may be NULL; owned result, where the line is that decided: the path given to ssh_known_hosts_load_file or
/// ssh_known_hosts_add, or "memory"; or the list of revoked keys. NULL for SSH_KNOWN_HOST_UNKNOWN.
/// out_line: may be NULL; its line there, from 1; 0 for SSH_KNOWN_HOST_UNKNOWN and for a list of revoked keys.
#[no_mangle]
pub unsafe extern "C" fn ssh_known_hosts_check(
    known_hosts: *const ssh_known_hosts_t,
    host: *const c_char,
    port: u32,
    key: *const ssh_key_t,
    out_verdict: *mut i32,
    out_file: *mut *mut c_char,
    out_line: *mut usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out_file, out_line, out) =
            unsafe { (arg::opt_out(out_file), arg::opt_out(out_line), arg::out(out_verdict)?) };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (hosts, host, key) = unsafe { (arg::handle(known_hosts)?, arg::text(host, "host")?, arg::handle(key)?) };
        let port = self::port(port)?;
        let found = hosts.read().check_shown(host, port, key.public(), key.certificate(), wall_clock());
        let (verdict, place) = match found.verdict {
            Verdict::Match { file, line } => (SSH_KNOWN_HOST_MATCH, Some((file, line))),
            Verdict::Unknown => (SSH_KNOWN_HOST_UNKNOWN, None),
            Verdict::Changed { file, line } => (SSH_KNOWN_HOST_MISMATCH, Some((file, line))),
            Verdict::Revoked { file, line } => (SSH_KNOWN_HOST_REVOKED, Some((file, line))),
        };
        if let Some((file, line)) = place {
            if let Some(out) = out_file {
                *out = text::give(&file)?;
            }
            if let Some(out) = out_line {
                *out = line;
            }
        }
        *out = verdict;
        Ok(())
    })
}

/// Adds a host's key, in memory and, where a path is given, at the end of that file; a new file gets mode 0600.
/// Where a line loaded from this path, without a marker, already lists the key for the host, nothing is added.
///
/// host: borrowed; name or address, without port.
/// port: 0 means 22.
/// key: borrowed.
/// path: borrowed; NULL: in memory only.
/// hashed: hides the host's name in the file, as OpenSSH's HashKnownHosts does.
/// Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT for a host that is no name or address; SSH_ERR_FILE, and it is added in
/// memory all the same.
#[no_mangle]
pub unsafe extern "C" fn ssh_known_hosts_add(
    known_hosts: *mut ssh_known_hosts_t,
    host: *const c_char,
    port: u32,
    key: *const ssh_key_t,
    path: *const c_char,
    hashed: bool,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (hosts, host, key, path) = unsafe {
            (arg::handle(known_hosts)?, arg::text(host, "host")?, arg::handle(key)?, arg::opt_text(path, "path")?)
        };
        let port = self::port(port)?;
        let Some(path) = path else { return hosts.write().insert(host, port, key.public()) };
        if hosts.read().lists(path, host, port, key.public()) {
            return Ok(());
        }
        // Written without the lock: nothing waits under it.
        match KnownHosts::add(path, host, port, key.public(), hashed) {
            Ok(added) => hosts.write().append(added),
            Err(error) => {
                hosts.write().insert(host, port, key.public())?;
                return Err(error);
            }
        }
        Ok(())
    })
}

/// Puts first, among a transport's host key algorithms, those for which a key of this host is known, so that the server
/// shows a key that can be checked. ssh_transport_connect does it by itself.
///
/// host: borrowed.
/// port: 0 means 22.
/// Returns SSH_OK, or SSH_ERR_INVALID_STATE once the transport was started.
#[no_mangle]
pub unsafe extern "C" fn ssh_known_hosts_prefer(
    known_hosts: *const ssh_known_hosts_t,
    host: *const c_char,
    port: u32,
    transport: *mut ssh_transport_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (hosts, host, transport) =
            unsafe { (arg::handle(known_hosts)?, arg::text(host, "host")?, arg::handle(transport.cast_const())?) };
        let known = hosts.read().known_for(host, self::port(port)?);
        transport.run(|t| prefer(t, &known))
    })
}

/// Releases a set of known hosts. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_known_hosts_free(known_hosts: *mut ssh_known_hosts_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(known_hosts) }
}
