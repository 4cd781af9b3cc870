//! Certificates: deciding and issuing.

use super::arg::{self, invalid};
use super::cert::ssh_cert_t;
use super::guard::guard_unit;
use super::key::ssh_key_t;
use super::types::{
    ssh_cert_check_options_t, ssh_cert_issue_options_t, ssh_cert_option_t, ssh_status_t, SSH_CERT_HOST, SSH_CERT_USER,
};
use crate::crypto::cert::{CertCheck, CertKind, CertOption, CertSpec, Certificate, CA_ALGORITHMS, DEFAULT_EXTENSIONS};
use crate::engine::wall_clock;
use crate::error::{Error, ErrorKind, Result};
use std::ffi::c_char;

/// # Safety
/// As for [`arg::elements`], of NUL-terminated strings.
unsafe fn texts<'a>(p: *const *const c_char, count: usize, what: &'static str) -> Result<Vec<&'a str>> {
    // SAFETY: passed on.
    unsafe { arg::elements(p, count, what) }?
        .iter()
        // SAFETY: passed on.
        .map(|text| unsafe { arg::text(*text, what) })
        .collect()
}

fn kind(number: u32) -> Result<CertKind> {
    match number {
        0 | SSH_CERT_USER => Ok(CertKind::User),
        SSH_CERT_HOST => Ok(CertKind::Host),
        _ => Err(invalid("kind is neither SSH_CERT_USER nor SSH_CERT_HOST")),
    }
}

/// Whether the certificate's authority is one of those given; without any, that is for the caller to say.
///
/// # Safety
/// Each of `authorities` is NULL or a handle.
unsafe fn check_authority(cert: &Certificate, authorities: &[*const ssh_key_t]) -> Result<()> {
    let mut trusted = authorities.is_empty();
    for authority in authorities {
        // SAFETY: passed on.
        trusted |= unsafe { arg::handle(*authority)? }.public() == cert.signature_key();
    }
    let text = || format!("the authority {} is not trusted", cert.signature_key().fingerprint_sha256());
    trusted.then_some(()).ok_or_else(|| Error::new(ErrorKind::CertUntrusted, text()))
}

/// Decides whether a certificate may be used, as OpenSSH decides: its authority, revocation, kind, time, names, the
/// authority's algorithm, critical options, and where the peer is.
///
/// options: borrowed; NULL: a user's, now, for any name, of any authority. Without authorities the caller has to compare
/// ssh_cert_get_signature_key with those it trusts: anyone can sign a certificate.
/// Returns SSH_OK, or what is wrong, the first in this order: SSH_ERR_CERT_UNTRUSTED; SSH_ERR_CERT_REVOKED;
/// SSH_ERR_CERT_WRONG_KIND; SSH_ERR_CERT_NOT_YET_VALID; SSH_ERR_CERT_EXPIRED; SSH_ERR_CERT_WRONG_PRINCIPAL;
/// SSH_ERR_CERT_WEAK_SIGNATURE; SSH_ERR_CERT_UNKNOWN_OPTION; SSH_ERR_CERT_SOURCE_ADDRESS.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_check(
    cert: *const ssh_cert_t,
    options: *const ssh_cert_check_options_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (cert, o) = unsafe { (arg::handle(cert)?.certificate(), arg::options(options)?) };
        // SAFETY: as above.
        let (principals, algorithms, authorities) = unsafe {
            (
                texts(o.principals, o.principal_count, "a principal")?,
                texts(o.ca_algorithms, o.ca_algorithm_count, "an algorithm")?,
                arg::elements(o.authorities, o.authority_count, "authorities")?,
            )
        };
        // SAFETY: as above.
        let (peer, krl) = unsafe { (arg::opt_text(o.peer_address, "peer_address")?, o.krl.as_ref()) };
        let peer = peer.map(str::parse).transpose().map_err(|_| invalid("peer_address is no IP address"))?;
        let kind = kind(o.kind)?;
        // SAFETY: as above.
        unsafe { check_authority(cert, authorities)? };
        if krl.is_some_and(|krl| krl.read().revokes_cert(cert)) {
            return Err(ErrorKind::CertRevoked.into());
        }
        cert.check(&CertCheck {
            kind,
            principals: &principals,
            now: if o.now == 0 { wall_clock() } else { o.now },
            no_principals_is_any: o.no_principals_is_any,
            peer,
            ca_algorithms: if algorithms.is_empty() { CA_ALGORITHMS } else { &algorithms },
        })
    })
}

/// # Safety
/// As for [`arg::elements`]; the elements hold what `ssh_cert_option_t` says.
unsafe fn options(p: *const ssh_cert_option_t, count: usize, what: &str) -> Result<Vec<CertOption>> {
    // SAFETY: passed on.
    unsafe { arg::elements(p, count, what) }?
        .iter()
        .map(|option| {
            // SAFETY: passed on.
            let (name, value) =
                unsafe { (arg::text(option.name, "an option's name")?, arg::bytes(option.value, option.value_len)?) };
            Ok(match option.value.is_null() {
                true => CertOption::flag(name),
                false => CertOption::with_value(name, value),
            })
        })
        .collect()
}

/// Issues a certificate.
///
/// Blocks where the authority's key is held elsewhere.
/// ca_key: borrowed; the authority's private key.
/// subject_key: borrowed; the key that is certified; its public half is enough.
/// options: borrowed; NULL: a user's, for nobody.
/// out_cert: owned result, ssh_cert_free.
/// Returns SSH_OK; SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_INVALID_ARGUMENT, with the rule that is broken.
#[no_mangle]
pub unsafe extern "C" fn ssh_cert_issue(
    ca_key: *const ssh_key_t,
    subject_key: *const ssh_key_t,
    options: *const ssh_cert_issue_options_t,
    out_cert: *mut *mut ssh_cert_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, ca, subject, o) = unsafe {
            (
                arg::out(out_cert)?,
                arg::handle(ca_key)?.private()?,
                arg::handle(subject_key)?.public(),
                arg::options(options)?,
            )
        };
        // SAFETY: as above.
        let (key_id, principals, algorithm) = unsafe {
            (
                arg::opt_text(o.key_id, "key_id")?.unwrap_or(""),
                texts(o.principals, o.principal_count, "a principal")?,
                arg::opt_text(o.algorithm, "algorithm")?,
            )
        };
        // SAFETY: as above.
        let (critical_options, mut extensions) = unsafe {
            (
                self::options(o.critical_options, o.critical_option_count, "critical_options")?,
                self::options(o.extensions, o.extension_count, "extensions")?,
            )
        };
        let kind = kind(o.kind)?;
        if kind == CertKind::User && !o.no_default_extensions {
            extensions.extend(DEFAULT_EXTENSIONS.iter().map(|name| CertOption::flag(name)));
        }
        *out = ssh_cert_t::give(Certificate::issue(
            ca,
            subject,
            &CertSpec {
                kind,
                serial: o.serial,
                key_id,
                principals: &principals,
                valid_after: o.valid_after,
                valid_before: if o.valid_before == 0 { u64::MAX } else { o.valid_before },
                critical_options: &critical_options,
                extensions: &extensions,
                algorithm,
            },
        )?);
        Ok(())
    })
}
