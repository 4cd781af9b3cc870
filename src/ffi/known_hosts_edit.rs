//! Listing and changing known hosts.

use super::arg;
use super::guard::guard_unit;
use super::key::ssh_key_t;
use super::known_hosts::{port, ssh_known_hosts_t};
use super::text;
use super::types::*;
use crate::crypto::hostkey::PublicKey;
use crate::error::Result;
use crate::known_hosts::{Edited, Entry, KnownHosts, Marker, Update};
use std::ffi::{c_char, c_void, CString};

/// A C string of raw bytes, up to the first NUL.
fn raw(bytes: &[u8]) -> CString {
    let text = bytes.split(|&b| b == 0).next().unwrap_or_default();
    CString::new(text).unwrap_or_default()
}

fn show(entry: &Entry, call: impl FnOnce(&ssh_known_host_t)) {
    let (file, comment) = (text::c_string(entry.file()), raw(entry.comment()));
    let line = [entry.text(), b"\0"].concat();
    let key = entry.key().ok().map(ssh_key_t::of_public);
    call(&ssh_known_host_t {
        file: file.as_ptr(),
        line: entry.line(),
        marker: match entry.marker() {
            Marker::None => SSH_KNOWN_HOST_PLAIN,
            Marker::Authority => SSH_KNOWN_HOST_CERT_AUTHORITY,
            Marker::Revoked => SSH_KNOWN_HOST_MARKED_REVOKED,
        },
        key: key.as_ref().map_or(std::ptr::null(), std::ptr::from_ref),
        text: line.as_ptr().cast(),
        text_len: entry.text().len(),
        comment: comment.as_ptr(),
    });
}

/// Calls a function for the lines of a host, or for those of all hosts, in the order of the files. Left out are blank
/// lines, comments, and lines that loading skips: with an unknown marker or key type, or without names or a key.
///
/// host: borrowed; name or address, without port; NULL: all hosts. Lines are those with this name and port: one without a
/// port is not for port 2222 here.
/// port: 0 means 22.
/// callback: called once a line; see ssh_known_host_t.
/// user_data: passed to the callback.
/// Returns SSH_OK, also where there is no line.
#[no_mangle]
pub unsafe extern "C" fn ssh_known_hosts_each(
    known_hosts: *const ssh_known_hosts_t,
    host: *const c_char,
    port: u32,
    callback: ssh_known_host_cb_t,
    user_data: *mut c_void,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (hosts, host) = unsafe { (arg::handle(known_hosts)?, arg::opt_text(host, "host")?) };
        let callback = callback.ok_or_else(|| arg::invalid("callback is NULL"))?;
        let port = self::port(port)?;
        // Copies: the callback may use the handle.
        let entries: Vec<Entry> = hosts.read().entries_for(host.map(|host| (host, port))).cloned().collect();
        for entry in &entries {
            // SAFETY: function and user_data came in this call; what is shown lives as long as the call.
            show(entry, |line| unsafe { callback(user_data, line) });
        }
        Ok(())
    })
}

/// Removes a host's keys, or one of them, in memory and, where a path is given, in that file, as `ssh-keygen -R` does:
/// lines with a marker stay, and a line with further names goes as a whole.
///
/// The file is replaced by a new one with the same mode; comments, blank lines and lines that cannot be read are kept. It
/// is locked against other editors that use this library.
/// host: borrowed; as for ssh_known_hosts_check.
/// port: 0 means 22.
/// key: borrowed; NULL: all of the host's.
/// path: borrowed; NULL: in memory only. The file must exist.
/// strict: a file with a line that is no comment and cannot be read is not changed, as ssh-keygen leaves it.
/// out_removed: may be NULL; lines removed from the file, or without a path in memory.
/// Returns SSH_OK, also where nothing was removed; SSH_ERR_FILE, and nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn ssh_known_hosts_remove(
    known_hosts: *mut ssh_known_hosts_t,
    host: *const c_char,
    port: u32,
    key: *const ssh_key_t,
    path: *const c_char,
    strict: bool,
    out_removed: *mut usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, hosts, host, key, path) = unsafe {
            let out = arg::opt_out(out_removed);
            (out, arg::handle(known_hosts)?, arg::text(host, "host")?, key.as_ref(), arg::opt_text(path, "path")?)
        };
        let (port, key) = (self::port(port)?, key.map(ssh_key_t::public));
        let in_file = path.map(|path| KnownHosts::remove(path, host, port, key, strict)).transpose()?;
        // Read before the lock is taken: nothing waits under it.
        let reread = path.map(KnownHosts::load).transpose()?;
        let mut known = hosts.write();
        let in_memory = known.forget(host, port, key);
        if let (Some(path), Some(reread)) = (path, reread) {
            known.refresh(path, reread);
        }
        if let Some(out) = out {
            *out = in_file.map_or(in_memory, |edited| edited.removed.len());
        }
        Ok(())
    })
}

/// Hashes the names in a file, as `ssh-keygen -H` does: not those with wildcards, nor those of lines with a marker. A line
/// with several names becomes several. The file is replaced as by ssh_known_hosts_remove.
///
/// path: borrowed.
/// strict: as for ssh_known_hosts_remove.
/// out_hashed: may be NULL; how many names were hashed.
/// Returns SSH_OK, or SSH_ERR_FILE, and nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn ssh_known_hosts_hash_file(
    path: *const c_char,
    strict: bool,
    out_hashed: *mut usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, path) = unsafe { (arg::opt_out(out_hashed), arg::text(path, "path")?) };
        let edited = KnownHosts::hash(path, strict)?;
        if let Some(out) = out {
            *out = edited.hashed;
        }
        Ok(())
    })
}

/// # Safety
/// `keys` is valid for reads of `len` structs, whose handles are valid too.
unsafe fn proven<'a>(keys: *const ssh_host_key_t, len: usize) -> Result<Vec<(&'a PublicKey, bool)>> {
    if keys.is_null() || len == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: valid by this function's contract.
    let keys = unsafe { std::slice::from_raw_parts(keys, len) };
    // SAFETY: passed on.
    keys.iter().map(|key| unsafe { arg::handle(key.key) }.map(|handle| (handle.public(), key.in_use))).collect()
}

/// Brings a host's keys in a file up to date with those the server proved to hold, as ssh's UpdateHostKeys does: new ones
/// are added, those the server no longer has are removed. For the callback of ssh_transport_set_hostkeys_handler.
///
/// Nothing is changed where the key in use is not listed in the file, where a line of the host has a marker, wildcards or
/// more than two names or is in another file, and where one of the keys is listed under another name as well.
/// The file is replaced as by ssh_known_hosts_remove, and read again into known_hosts.
/// known_hosts: the files the host was checked with.
/// host: borrowed; as for ssh_known_hosts_check.
/// port: 0 means 22.
/// keys: borrowed; as the callback got them.
/// path: borrowed; the file.
/// hashed: hides the host's name in new lines.
/// out_added, out_removed: may be NULL; how many lines.
/// out_reason: may be NULL; owned result: why nothing may be changed. NULL otherwise.
/// Returns SSH_OK, also where nothing was changed; SSH_ERR_INVALID_ARGUMENT for a host that is no name or address;
/// SSH_ERR_FILE, and nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn ssh_known_hosts_update(
    known_hosts: *mut ssh_known_hosts_t,
    host: *const c_char,
    port: u32,
    keys: *const ssh_host_key_t,
    keys_len: usize,
    path: *const c_char,
    hashed: bool,
    out_added: *mut usize,
    out_removed: *mut usize,
    out_reason: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out_added, out_removed, out_reason) =
            unsafe { (arg::opt_out(out_added), arg::opt_out(out_removed), arg::opt_out(out_reason)) };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (hosts, host, keys, path) = unsafe {
            (arg::handle(known_hosts)?, arg::text(host, "host")?, proven(keys, keys_len)?, arg::text(path, "path")?)
        };
        let known = hosts.read().clone();
        let in_use = keys.iter().find(|(_, in_use)| *in_use).map(|(key, _)| *key);
        let all: Vec<&PublicKey> = keys.iter().map(|(key, _)| *key).collect();
        let update = match in_use {
            Some(in_use) => known.update(path, host, self::port(port)?, &all, in_use, hashed)?,
            None => Update::Left("the server no longer announces the key in use".to_owned()),
        };
        let edited = match update {
            Update::Done(edited) => edited,
            Update::Left(reason) => {
                if let Some(out) = out_reason {
                    *out = text::give(&reason)?;
                }
                Edited::default()
            }
        };
        if edited.is_change() {
            let reread = KnownHosts::load(path)?;
            hosts.write().put(path, reread);
        }
        for (out, count) in [(out_added, edited.added), (out_removed, edited.removed.len())] {
            if let Some(out) = out {
                *out = count;
            }
        }
        Ok(())
    })
}
