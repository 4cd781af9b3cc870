//! ssh_config: what was found for a host.

use super::arg::{self, invalid};
use super::guard::{guard_unit, guard_value};
use super::text;
use super::types::ssh_status_t;
use crate::config::{HostConfig, System};
use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeMap;
use std::ffi::{c_char, CString};
use std::ptr;

/// The options of one host. It never changes, so results borrowed from it live as long as it.
pub struct ssh_host_config_t {
    found: HostConfig,
    /// For C: names in order, values and origins by name, warnings.
    names: Vec<CString>,
    values: BTreeMap<String, Vec<CString>>,
    origins: BTreeMap<String, CString>,
    warnings: Vec<CString>,
}

/// A value holds no NUL: the lines of a file and texts from C have none.
fn c_text(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}

impl ssh_host_config_t {
    pub(super) fn new(found: HostConfig) -> Self {
        let (mut names, mut values, mut origins) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        for name in HostConfig::names() {
            let words = found.values(name).unwrap_or_default();
            if !words.is_empty() {
                names.push(c_text(name));
                values.insert(name.to_owned(), words.iter().map(|word| c_text(word)).collect());
            }
            if let Some(origin) = found.origin(name) {
                origins.insert(name.to_owned(), c_text(origin));
            }
        }
        let warnings = found.warnings().iter().map(|warning| c_text(warning)).collect();
        Self { found, names, values, origins, warnings }
    }

    fn words(&self, name: &str) -> &[CString] {
        self.values.get(&name.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// An option's first value; an error where there is no such option, or no value.
    fn value(&self, name: &str) -> Result<&str> {
        if self.found.values(name).is_none() {
            return Err(invalid(format!("{}: there is no such option", name.escape_debug())));
        }
        self.found.get(name).ok_or_else(|| Error::new(ErrorKind::InvalidState, format!("{name} has no value")))
    }
}

/// A borrowed text, NULL where there is none.
///
/// # Safety
/// As the C contract says.
unsafe fn borrow(
    host_config: *const ssh_host_config_t,
    name: *const c_char,
    find: impl FnOnce(&'static ssh_host_config_t, &str) -> Option<&'static CString>,
) -> *const c_char {
    guard_value(ptr::null(), || {
        // SAFETY: the C contract, see ffi/mod.rs: the handle outlives what is borrowed from it.
        let (host, name) = unsafe { (arg::handle(host_config).ok()?, arg::text(name, "name").ok()?) };
        find(host, name).map(|text| text.as_ptr())
    })
}

/// Gives an option's first value, as `ssh -G` prints it.
///
/// name: borrowed; OpenSSH's name, in any case.
/// Returns a borrowed result, valid until the handle is freed; NULL where the option has no value, or does not exist.
#[no_mangle]
pub unsafe extern "C" fn ssh_host_config_get(
    host_config: *const ssh_host_config_t,
    name: *const c_char,
) -> *const c_char {
    // SAFETY: passed on.
    unsafe { borrow(host_config, name, |host, name| host.words(name).first()) }
}

/// Counts an option's values: more than one for lists such as IdentityFile or UserKnownHostsFile.
///
/// name: borrowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_host_config_get_count(
    host_config: *const ssh_host_config_t,
    name: *const c_char,
) -> usize {
    guard_value(0, || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (host, name) = unsafe { (arg::handle(host_config).ok()?, arg::text(name, "name").ok()?) };
        Some(host.words(name).len())
    })
}

/// Gives one of an option's values.
///
/// name: borrowed.
/// index: from 0.
/// Returns a borrowed result, valid until the handle is freed; NULL behind the last.
#[no_mangle]
pub unsafe extern "C" fn ssh_host_config_get_at(
    host_config: *const ssh_host_config_t,
    name: *const c_char,
    index: usize,
) -> *const c_char {
    // SAFETY: passed on.
    unsafe { borrow(host_config, name, |host, name| host.words(name).get(index)) }
}

/// Names the options that have a value, in the order in which `ssh -G` prints them, in lower case.
///
/// index: from 0.
/// Returns a borrowed result, valid until the handle is freed; NULL behind the last.
#[no_mangle]
pub unsafe extern "C" fn ssh_host_config_get_name(
    host_config: *const ssh_host_config_t,
    index: usize,
) -> *const c_char {
    guard_value(ptr::null(), || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let host = unsafe { arg::handle(host_config).ok()? };
        host.names.get(index).map(|name| name.as_ptr())
    })
}

/// Says where an option was first set.
///
/// name: borrowed.
/// Returns a borrowed result, "file:line" or "command line", valid until the handle is freed; NULL where its default
/// holds.
#[no_mangle]
pub unsafe extern "C" fn ssh_host_config_get_origin(
    host_config: *const ssh_host_config_t,
    name: *const c_char,
) -> *const c_char {
    // SAFETY: passed on.
    unsafe { borrow(host_config, name, |host, name| host.origins.get(&name.to_ascii_lowercase())) }
}

/// Gives what was odd, but no mistake: options of the past, which mean nothing any more.
///
/// index: from 0.
/// Returns a borrowed result with "file:line" at its start, valid until the handle is freed; NULL behind the last.
#[no_mangle]
pub unsafe extern "C" fn ssh_host_config_get_warning(
    host_config: *const ssh_host_config_t,
    index: usize,
) -> *const c_char {
    guard_value(ptr::null(), || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let host = unsafe { arg::handle(host_config).ok()? };
        host.warnings.get(index).map(|warning| warning.as_ptr())
    })
}

/// Whether an option's value is yes.
///
/// name: borrowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_host_config_is_yes(host_config: *const ssh_host_config_t, name: *const c_char) -> bool {
    guard_value(false, || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (host, name) = unsafe { (arg::handle(host_config).ok()?, arg::text(name, "name").ok()?) };
        Some(host.found.is_yes(name))
    })
}

/// Reads an option's value as a number: Port, RekeyLimit's bytes, NumberOfPasswordPrompts.
///
/// name: borrowed.
/// Returns SSH_OK; SSH_ERR_INVALID_STATE where it has no value, or none that is a number; SSH_ERR_INVALID_ARGUMENT where
/// there is no such option.
#[no_mangle]
pub unsafe extern "C" fn ssh_host_config_get_number(
    host_config: *const ssh_host_config_t,
    name: *const c_char,
    out_number: *mut u64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_number)? };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (host, name) = unsafe { (arg::handle(host_config)?, arg::text(name, "name")?) };
        *out = number(name, host.value(name)?)?;
        Ok(())
    })
}

fn number(name: &str, value: &str) -> Result<u64> {
    value.parse().map_err(|_| Error::new(ErrorKind::InvalidState, format!("{name}: \"{value}\" is not a number")))
}

/// Reads an option's value as a time, in milliseconds: ConnectTimeout, ServerAliveInterval. For RekeyLimit it is the
/// second value. "none" and no value are 0.
///
/// name: borrowed.
/// Returns SSH_OK; SSH_ERR_INVALID_STATE where it is no time; SSH_ERR_INVALID_ARGUMENT where there is no such option.
#[no_mangle]
pub unsafe extern "C" fn ssh_host_config_get_duration(
    host_config: *const ssh_host_config_t,
    name: *const c_char,
    out_ms: *mut i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_ms)? };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (host, name) = unsafe { (arg::handle(host_config)?, arg::text(name, "name")?) };
        let missing = || invalid(format!("{}: there is no such option", name.escape_debug()));
        let words = host.found.values(name).ok_or_else(missing)?;
        let index = usize::from(name.eq_ignore_ascii_case("rekeylimit"));
        let seconds = words.get(index).map_or(Ok(0), |word| number(name, word))?;
        *out = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        Ok(())
    })
}

/// Gives a value as it is used: with `~`, tokens such as `%h` and variables such as `${HOME}` in it expanded. `ssh -G`
/// prints most of them unexpanded, and so do the functions above.
///
/// name: borrowed; IdentityFile, CertificateFile, RevokedHostKeys, GlobalKnownHostsFile, ProxyCommand, LocalCommand;
/// for others the value is what it is.
/// index: from 0.
/// out_value: owned result, ssh_string_free.
/// Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT where there is no such value; SSH_ERR_CONFIG where something in it stands for
/// nothing, or where a host or user name would mean more than a name to the shell that runs a ProxyCommand.
#[no_mangle]
pub unsafe extern "C" fn ssh_host_config_get_expanded(
    host_config: *const ssh_host_config_t,
    name: *const c_char,
    index: usize,
    out_value: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_value)? };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (host, name) = unsafe { (arg::handle(host_config)?, arg::text(name, "name")?) };
        *out = text::give(&host.found.expanded(name, index, &System)?)?;
        Ok(())
    })
}

/// Writes all options as `ssh -G` prints them.
///
/// out_text: owned result, ssh_string_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_host_config_to_text(
    host_config: *const ssh_host_config_t,
    out_text: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_text)? };
        // SAFETY: the C contract, see ffi/mod.rs.
        let host = unsafe { arg::handle(host_config)? };
        *out = text::give(&host.found.dump())?;
        Ok(())
    })
}

/// Releases what was found. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_host_config_free(host_config: *mut ssh_host_config_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(host_config) }
}
