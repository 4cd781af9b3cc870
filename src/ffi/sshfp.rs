//! Fingerprints of host keys in the DNS.

use super::arg;
use super::guard::guard_unit;
use super::key::ssh_key_t;
use super::text;
use super::types::{ssh_sshfp_lookup_cb_t, ssh_status_t};
use crate::crypto::hostkey::PublicKey;
use crate::crypto::sshfp::{look_up, records, Lookup, Record};
use crate::error::{Error, ErrorKind};
use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_void, CString};
use std::net::IpAddr;

/// More records than a host has keys are somebody's mistake.
const MAX_RECORDS: usize = 256;

/// SSHFP records of a host, as a lookup finds them; see ssh_sshfp_answer_add.
#[derive(Default)]
pub struct ssh_sshfp_answer_t {
    records: RefCell<Vec<Record>>,
    secure: Cell<bool>,
}

/// Who looks records up.
#[derive(Clone, Copy)]
pub(super) struct Resolver {
    pub(super) callback: unsafe extern "C" fn(*mut c_void, *const c_char, *mut ssh_sshfp_answer_t),
    pub(super) user_data: *mut c_void,
}

/// What the DNS says of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) lookup: Lookup,
    /// Validated by DNSSEC.
    pub(super) secure: bool,
}

impl Resolver {
    /// None where nobody looks.
    pub(super) fn new(callback: ssh_sshfp_lookup_cb_t, user_data: *mut c_void) -> Option<Self> {
        callback.map(|callback| Self { callback, user_data })
    }

    /// Asks for a host's records. Addresses have none, as for ssh.
    pub(super) fn ask(self, host: &str, key: &PublicKey) -> Found {
        let answer = ssh_sshfp_answer_t::default();
        if host.parse::<IpAddr>().is_err() {
            if let Ok(host) = CString::new(host) {
                let handle = std::ptr::from_ref(&answer).cast_mut();
                // SAFETY: function and user_data came in one struct that the caller keeps during the call; the answer
                // outlives the call, and is reached through shared references only.
                unsafe { (self.callback)(self.user_data, host.as_ptr(), handle) };
            }
        }
        let lookup = look_up(&answer.records.borrow(), key);
        Found { lookup, secure: answer.secure.get() }
    }
}

/// Adds an SSHFP record to an answer (RFC 4255 section 3.1). In an ssh_sshfp_lookup_cb_t only.
///
/// algorithm, fp_type: the record's first two bytes; records of unknown ones may be added, and fit no key.
/// fingerprint: copied.
/// Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT for a number above 255; SSH_ERR_RESOURCE_LIMIT after 256 records.
#[no_mangle]
pub unsafe extern "C" fn ssh_sshfp_answer_add(
    answer: *mut ssh_sshfp_answer_t,
    algorithm: u32,
    fp_type: u32,
    fingerprint: *const c_void,
    fingerprint_len: usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (answer, fingerprint) =
            unsafe { (arg::handle(answer.cast_const())?, arg::bytes(fingerprint, fingerprint_len)?) };
        let byte = |number: u32| u8::try_from(number).map_err(|_| arg::invalid("a record's numbers are one byte each"));
        let (algorithm, fp_type) = (byte(algorithm)?, byte(fp_type)?);
        let mut records = answer.records.borrow_mut();
        if records.len() == MAX_RECORDS {
            return Err(Error::new(ErrorKind::ResourceLimit, "an answer has at most 256 SSHFP records"));
        }
        records.push(Record { algorithm, fp_type, fingerprint: fingerprint.to_vec() });
        Ok(())
    })
}

/// Says that the records are validated by DNSSEC, by the caller or by a resolver it reaches through a path it trusts. In an
/// ssh_sshfp_lookup_cb_t only.
#[no_mangle]
pub unsafe extern "C" fn ssh_sshfp_answer_set_secure(answer: *mut ssh_sshfp_answer_t, secure: bool) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(answer.cast_const())? }.secure.set(secure);
        Ok(())
    })
}

/// Gives a key's SSHFP records as lines for a zone file, as `ssh-keygen -r` prints them: "host IN SSHFP 4 2 ...".
///
/// host: borrowed; the owner name, as it is to stand there.
/// out_text: owned result; each line ends in a newline. Empty for a type that has no number.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_get_sshfp(
    key: *const ssh_key_t,
    host: *const c_char,
    out_text: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, key, host) = unsafe { (arg::out(out_text)?, arg::handle(key)?, arg::text(host, "host")?) };
        let lines: String = records(key.public()).iter().map(|record| record.to_line(host) + "\n").collect();
        *out = text::give(&lines)?;
        Ok(())
    })
}
