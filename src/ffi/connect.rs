//! Negotiating, checking the host key and logging in, in one call.

use super::arg::{self, invalid};
use super::auth::step;
use super::guard::{guard, Status};
use super::handle::ssh_transport_t;
use super::known_hosts::prefer;
use super::sshfp::{Found, Resolver};
use super::types::*;
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::PublicKey;
use crate::crypto::sshfp::Lookup;
use crate::engine::{wall_clock, Deadline};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::known_hosts::{CertVerdict, Known, KnownHosts, Verdict};

/// What decides over the host key.
enum Trust<'a> {
    Anyone,
    Key(&'a PublicKey),
    /// A copy, for no lock may be held while the negotiation waits.
    Known {
        hosts: KnownHosts,
        name: String,
        port: u16,
        accept_new: bool,
        dns: Option<Resolver>,
    },
}

/// Everything of the C struct, checked.
struct Plan<'a> {
    trust: Trust<'a>,
    user: Option<&'a str>,
    key: Option<&'a ssh_key_t>,
    password: Option<&'a [u8]>,
}

/// # Safety
/// The struct's pointers hold what its comment says.
unsafe fn plan<'a>(transport: &ssh_transport_t, o: &ssh_connect_options_t) -> Result<Plan<'a>> {
    // SAFETY: passed on.
    let (hostkey, hosts, name, user, key, password) = unsafe {
        (
            o.hostkey.as_ref(),
            o.known_hosts.as_ref(),
            arg::opt_text(o.known_host_name, "known_host_name")?,
            arg::opt_text(o.username, "username")?,
            o.key.as_ref(),
            if o.password.is_null() { None } else { Some(arg::bytes(o.password, o.password_len)?) },
        )
    };
    if user.is_none() && (key.is_some() || password.is_some()) {
        return Err(invalid("a key or password is given, but no username"));
    }
    let dns = Resolver::new(o.sshfp_lookup, o.sshfp_user_data);
    let trust = match (o.hostkey_policy, hostkey, hosts) {
        (SSH_HOSTKEY_ANY, _, _) => Trust::Anyone,
        (SSH_HOSTKEY_CHECK | SSH_HOSTKEY_ACCEPT_NEW, Some(key), _) => Trust::Key(key.public()),
        (policy @ (SSH_HOSTKEY_CHECK | SSH_HOSTKEY_ACCEPT_NEW), None, hosts) if hosts.is_some() || dns.is_some() => {
            let origin = transport.origin.host.as_ref();
            let name = name.map(str::to_owned).or_else(|| origin.map(|o| o.0.clone()));
            let port = match o.known_host_port {
                0 => origin.map_or(22, |o| o.1),
                port => arg::port(port, "known_host_port")?,
            };
            let name = name.ok_or_else(|| invalid("this transport has no host name: set known_host_name"))?;
            let hosts = hosts.map(|hosts| hosts.read().clone()).unwrap_or_default();
            Trust::Known { hosts, name, port, accept_new: policy == SSH_HOSTKEY_ACCEPT_NEW, dns }
        }
        (SSH_HOSTKEY_CHECK | SSH_HOSTKEY_ACCEPT_NEW, None, _) => {
            return Err(invalid(
                "nothing decides over the server's host key: set hostkey or known_hosts, or ask for no check with SSH_HOSTKEY_ANY",
            ))
        }
        _ => return Err(invalid("hostkey_policy is not one of SSH_HOSTKEY_*")),
    };
    Ok(Plan { trust, user, key, password })
}

/// Asks for a host key that can be checked, before the negotiation.
fn order_host_keys(transport: &ssh_transport_t, trust: &Trust<'_>) -> Result<()> {
    match trust {
        Trust::Anyone => Ok(()),
        Trust::Key(key) => prefer(&transport.inner, &Known { key_types: vec![key.key_type()], has_authority: false }),
        Trust::Known { hosts, name, port, .. } => prefer(&transport.inner, &hosts.known_for(name, *port)),
    }
}

/// The verdict over the key the server proved to hold, and the certificate it showed for it.
fn check(trust: &Trust<'_>, key: &PublicKey, cert: Option<&Certificate>) -> Result<()> {
    let refuse = |kind: ErrorKind, text: String| Err(Error::new(kind, text).at(Stage::Kex));
    match trust {
        Trust::Anyone => Ok(()),
        Trust::Key(expected) if *expected == key => Ok(()),
        Trust::Key(expected) => refuse(
            ErrorKind::HostKeyMismatch,
            format!(
                "the server's host key is {}, expected was {}",
                key.fingerprint_sha256(),
                expected.fingerprint_sha256()
            ),
        ),
        Trust::Known { hosts, name, port, accept_new, dns } => {
            let found = hosts.check_shown(name, *port, key, cert, wall_clock());
            let is_revoked = matches!(found.verdict, Verdict::Revoked { .. });
            let dns = dns.filter(|_| !is_revoked).map(|resolver| resolver.ask(name, key));
            check_known(&found, dns, *accept_new).map_err(|(kind, what)| {
                let host = crate::error::printable(name.as_bytes());
                let fingerprint = key.fingerprint_sha256();
                Error::new(kind, format!("the host key {fingerprint} of {host}, port {port}, {what}")).at(Stage::Kex)
            })
        }
    }
}

/// What speaks against a key, if anything does.
fn check_known(
    found: &CertVerdict,
    dns: Option<Found>,
    accept_new: bool,
) -> std::result::Result<(), (ErrorKind, String)> {
    let lookup = dns.map(|found| found.lookup);
    if dns == Some(Found { lookup: Lookup::Match, secure: true }) {
        return Ok(());
    }
    let (kind, mut what) = match &found.verdict {
        Verdict::Match { .. } => return Ok(()),
        Verdict::Unknown if accept_new && lookup != Some(Lookup::Mismatch) => return Ok(()),
        Verdict::Unknown => (ErrorKind::HostKeyUnknown, "is not known".to_owned()),
        Verdict::Changed { file, line } => {
            (ErrorKind::HostKeyMismatch, format!("is not the one in {file}, line {line}"))
        }
        Verdict::Revoked { file, line: 0 } => (ErrorKind::HostKeyRevoked, format!("is revoked by {file}")),
        Verdict::Revoked { file, line } => {
            (ErrorKind::HostKeyRevoked, format!("is marked as revoked in {file}, line {line}"))
        }
    };
    if let Some(error) = &found.refused {
        what.push_str(&format!("; its certificate does not count: {error}"));
    }
    match lookup {
        Some(Lookup::Match) => what.push_str("; the DNS has its fingerprint, but that is not validated"),
        Some(Lookup::Mismatch) => what.push_str("; the DNS has fingerprints of other keys"),
        Some(Lookup::None) => what.push_str("; the DNS has no fingerprint of it"),
        None => {}
    }
    Err((kind, what))
}

/// Logs in with the key, then the password, as far as needed and given.
fn log_in(transport: &ssh_transport_t, plan: &Plan<'_>, deadline: Deadline) -> Result<Status> {
    let Some(user) = plan.user else { return Ok(Status::Ok) };
    let mut outcome = Ok(Status::Ok);
    if let Some(key) = plan.key {
        outcome = step(transport, None, |t| t.auth_publickey(user, key.private()?, deadline));
        match &outcome {
            Ok(Status::Partial) => {}
            // The server refused the key, or the key does not fit: the password may do. Anything else is final.
            Err(e) if transport.inner.is_active() && e.kind() != ErrorKind::Timeout => {}
            _ => return outcome,
        }
    }
    match plan.password {
        Some(password) => step(transport, None, |t| t.auth_password(user, password, true, None, deadline)),
        None => outcome,
    }
}

/// Negotiates, checks the server's host key and logs in: ssh_transport_start_client, the check, and
/// ssh_transport_auth_publickey and ssh_transport_auth_password, as far as the options give what they need.
///
/// Blocks. Something must decide over the host key: hostkey, known_hosts, sshfp_lookup, or SSH_HOSTKEY_ANY. Host key algorithms
/// for which a key is known are asked for first. A wrong key closes the transport before any secret is sent;
/// ssh_transport_get_remote_server_key gives it, to show it, and to be the hostkey of another try.
/// Once a transport: after SSH_PARTIAL and errors of -5xx go on with ssh_transport_auth_*.
/// options: borrowed, with what it points to.
/// timeout_ms: for all of it together; SSH_WAIT_DEFAULT leaves the bounds to the transport's options. Expiry during the
/// negotiation ends the transport.
/// Returns SSH_OK; SSH_PARTIAL: accepted, but the server wants a further method; SSH_ERR_HOST_KEY_UNKNOWN,
/// SSH_ERR_HOST_KEY_MISMATCH or SSH_ERR_HOST_KEY_REVOKED; SSH_ERR_INVALID_ARGUMENT where nothing decides over the host
/// key; what ssh_transport_start_client and the last ssh_transport_auth_* return.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_connect(
    transport: *mut ssh_transport_t,
    options: *const ssh_connect_options_t,
    timeout_ms: i64,
) -> ssh_status_t {
    guard(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (transport, options) = unsafe { (arg::handle(transport.cast_const())?, arg::options(options)?) };
        // SAFETY: the C contract, see ffi/mod.rs.
        let plan = transport.run(|_| unsafe { plan(transport, &options) })?;
        let deadline = arg::deadline(timeout_ms, SSH_WAIT_FOREVER)?;
        transport.run(|t| {
            order_host_keys(transport, &plan.trust)?;
            t.start_client(deadline)?;
            let cert = t.remote_server_certificate();
            check(&plan.trust, &t.remote_server_key()?, cert.as_ref()).inspect_err(|_| t.close())
        })?;
        log_in(transport, &plan, deadline)
    })
}
