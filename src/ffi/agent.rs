//! An agent's client.

use super::agent_types::{ssh_agent_add_options_t, ssh_agent_auth_options_t};
use super::arg;
use super::auth::step;
use super::guard::{guard, guard_unit, guard_value};
use super::handle::{ssh_channel_t, ssh_transport_t};
use super::key::ssh_key_t;
use super::text::{self, c_string};
use super::types::{ssh_status_t, SSH_WAIT_FOREVER};
use crate::agent::{login, Agent, Choice, Constraints, Identities};
use crate::crypto::hostkey::{PrivateKey, Signer};
use crate::engine::Deadline;
use crate::error::{Error, ErrorKind, Result};
use std::ffi::{c_char, c_int, c_void, CString};
use std::os::fd::IntoRawFd;
use std::path::Path;
use std::ptr::null;
use std::sync::Arc;

/// A connection to an agent.
pub struct ssh_agent_t {
    agent: Agent,
}

/// Keys an agent listed.
pub struct ssh_agent_keys_t {
    keys: Vec<(ssh_key_t, CString)>,
}

impl ssh_agent_keys_t {
    pub(super) fn new(listed: Identities) -> Self {
        let keys = listed.keys.into_iter();
        Self { keys: keys.map(|held| (ssh_key_t::of_private(held.key), c_string(&held.comment))).collect() }
    }
}

fn deadline(timeout_ms: i64) -> Result<Deadline> {
    arg::deadline(timeout_ms, SSH_WAIT_FOREVER)
}

/// A public key where a private one is expected: it can be shown, and signs nothing.
struct Nobody;

impl Signer for Nobody {
    fn sign(&self, _algorithm: &str, _data: &[u8]) -> Result<Vec<u8>> {
        Err(ErrorKind::KeyPublicOnly.into())
    }
}

/// The key as a server is shown it.
fn shown(key: &ssh_key_t) -> Result<PrivateKey> {
    if let Ok(private) = key.private() {
        return Ok(private.clone());
    }
    let public = PrivateKey::external(key.public().clone(), Arc::new(Nobody));
    key.certificate().map_or(Ok(public.clone()), |certificate| public.with_certificate(certificate.clone()))
}

/// The blob that names a key to an agent.
pub(super) fn blob(key: &ssh_key_t) -> &[u8] {
    key.certificate().map_or(key.public().blob(), |certificate| certificate.blob())
}

/// Connects to an agent: ssh-agent, or another one that listens on a Unix socket.
///
/// path: borrowed; NULL: the environment variable SSH_AUTH_SOCK names it.
/// out_agent: owned result, ssh_agent_free.
/// Returns SSH_OK; SSH_ERR_AGENT_UNAVAILABLE.
#[no_mangle]
#[allow(clippy::disallowed_methods, reason = "NULL asks for the environment variable")]
pub unsafe extern "C" fn ssh_agent_connect(path: *const c_char, out_agent: *mut *mut ssh_agent_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, path) = unsafe { (arg::out(out_agent)?, arg::opt_text(path, "path")?) };
        let path = match path {
            Some(path) => path.into(),
            None => std::env::var_os("SSH_AUTH_SOCK")
                .filter(|path| !path.is_empty())
                .ok_or_else(|| Error::new(ErrorKind::AgentUnavailable, "SSH_AUTH_SOCK is not set"))?,
        };
        *out = Box::into_raw(Box::new(ssh_agent_t { agent: Agent::connect(Path::new(&path))? }));
        Ok(())
    })
}

/// Talks to an agent at the other end of a channel: a server uses its client's keys like this, over a channel of
/// ssh_transport_open_forward_agent_channel.
///
/// channel: borrowed; from here on nothing else reads or writes it. Its handle may be freed before the agent's, which keeps
/// the channel open.
/// out_agent: owned result, ssh_agent_free, which closes the channel.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_connect_channel(
    channel: *mut ssh_channel_t,
    out_agent: *mut *mut ssh_agent_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, channel) = unsafe { (arg::out(out_agent)?, arg::handle(channel.cast_const())?) };
        *out = Box::into_raw(Box::new(ssh_agent_t { agent: Agent::on_channel(channel.inner.clone()) }));
        Ok(())
    })
}

/// Releases a connection to an agent; keys it listed keep it open as long as they live. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_free(agent: *mut ssh_agent_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(agent) }
}

/// Lists an agent's keys. Those of types this library does not know are left out.
///
/// Blocks until the agent answers. Several threads may use one agent; their requests follow each other.
/// timeout_ms: SSH_WAIT_DEFAULT waits for ever; the same for all ssh_agent_*. When it passes, the agent stays usable: the
/// answer is passed over when it comes.
/// out_keys: owned result, ssh_agent_keys_free.
/// Returns SSH_OK; SSH_ERR_AGENT_REFUSED; SSH_ERR_AGENT_UNAVAILABLE once the agent has gone; SSH_ERR_TIMEOUT;
/// SSH_ERR_PROTOCOL where it does not answer as agents do; the same for all ssh_agent_*. A locked agent lists no key.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_list(
    agent: *mut ssh_agent_t,
    timeout_ms: i64,
    out_keys: *mut *mut ssh_agent_keys_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, agent) = unsafe { (arg::out(out_keys)?, arg::handle(agent.cast_const())?) };
        *out = Box::into_raw(Box::new(ssh_agent_keys_t::new(agent.agent.list(deadline(timeout_ms)?)?)));
        Ok(())
    })
}

/// Returns how many keys a list has; 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_keys_get_count(keys: *const ssh_agent_keys_t) -> usize {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(0, || unsafe { keys.as_ref() }.map(|keys| keys.keys.len()))
}

/// Returns a key of a list, which signs through the agent and is used like any other private key; with its certificate,
/// where the agent lists it with one. A signature waits for the agent, which may have to ask its user, two minutes at most.
/// Borrowed result until ssh_agent_keys_free; NULL where there is none.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_keys_get_key(keys: *const ssh_agent_keys_t, index: usize) -> *const ssh_key_t {
    guard_value(null(), || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let keys = unsafe { keys.as_ref() }?;
        keys.keys.get(index).map(|(key, _)| std::ptr::from_ref(key))
    })
}

/// Returns the comment of a list's key; the agent's text, not filtered. Borrowed result until ssh_agent_keys_free; NULL where
/// there is none.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_keys_get_comment(keys: *const ssh_agent_keys_t, index: usize) -> *const c_char {
    guard_value(null(), || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let keys = unsafe { keys.as_ref() }?;
        keys.keys.get(index).map(|(_, comment)| comment.as_ptr())
    })
}

/// Releases a list and its keys. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_keys_free(keys: *mut ssh_agent_keys_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(keys) }
}

/// Adds a private key to an agent, with its certificate where it has one.
///
/// key: borrowed.
/// options: may be NULL: with the key's own comment and without constraints.
/// Returns what ssh_agent_list does; SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_KEY_NOT_EXPORTABLE for a key that is held elsewhere.
/// SSH_ERR_AGENT_REFUSED also where the agent does not know a constraint.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_add(
    agent: *mut ssh_agent_t,
    key: *const ssh_key_t,
    options: *const ssh_agent_add_options_t,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (agent, key, options) =
            unsafe { (arg::handle(agent.cast_const())?, arg::handle(key)?, arg::options(options)?) };
        // SAFETY: as above.
        let comment = unsafe { arg::opt_text(options.comment, "comment")? };
        let comment = comment.map_or_else(|| key.comment_or(None), |comment| Ok(comment.to_owned()))?;
        let lifetime = (options.lifetime_s != 0).then_some(options.lifetime_s);
        let constraints = Constraints { lifetime, confirm: options.confirm, ..Constraints::default() };
        agent.agent.add(key.private()?, &comment, &constraints, deadline(timeout_ms)?)
    })
}

/// Removes a key from an agent: the one with the certificate where key has one, else the plain one.
///
/// key: borrowed; the public half will do.
/// Returns what ssh_agent_list does; SSH_ERR_AGENT_REFUSED also where the agent does not hold the key.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_remove(
    agent: *mut ssh_agent_t,
    key: *const ssh_key_t,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (agent, key) = unsafe { (arg::handle(agent.cast_const())?, arg::handle(key)?) };
        agent.agent.remove(blob(key), deadline(timeout_ms)?)
    })
}

/// Removes all keys from an agent.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_remove_all(agent: *mut ssh_agent_t, timeout_ms: i64) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let agent = unsafe { arg::handle(agent.cast_const())? };
        agent.agent.remove_all(deadline(timeout_ms)?)
    })
}

/// Locks an agent: until ssh_agent_unlock it lists nothing and signs nothing.
///
/// passphrase: borrowed; what unlocks it; any bytes.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_lock(
    agent: *mut ssh_agent_t,
    passphrase: *const c_void,
    passphrase_len: usize,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (agent, passphrase) =
            unsafe { (arg::handle(agent.cast_const())?, arg::bytes(passphrase, passphrase_len)?) };
        agent.agent.lock(passphrase, deadline(timeout_ms)?)
    })
}

/// Unlocks an agent.
///
/// passphrase: borrowed; the one it was locked with.
/// Returns what ssh_agent_list does; SSH_ERR_AGENT_REFUSED for another passphrase.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_unlock(
    agent: *mut ssh_agent_t,
    passphrase: *const c_void,
    passphrase_len: usize,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (agent, passphrase) =
            unsafe { (arg::handle(agent.cast_const())?, arg::bytes(passphrase, passphrase_len)?) };
        agent.agent.unlock(passphrase, deadline(timeout_ms)?)
    })
}

/// Asks an agent for something beyond the protocol's core. "query" lists what it knows.
///
/// name: borrowed; "session-bind@openssh.com" for one.
/// data: borrowed; as the extension has it.
/// out_data: owned result, ssh_bytes_free: what the answer holds; NULL where that is nothing.
/// out_len: its bytes.
/// Returns what ssh_agent_list does; SSH_ERR_UNSUPPORTED where the agent does not know the extension.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_extension(
    agent: *mut ssh_agent_t,
    name: *const c_char,
    data: *const c_void,
    data_len: usize,
    timeout_ms: i64,
    out_data: *mut *mut u8,
    out_len: *mut usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let ((out, len), agent) = unsafe { (arg::outs(out_data, out_len)?, arg::handle(agent.cast_const())?) };
        // SAFETY: as above.
        let (name, data) = unsafe { (arg::text(name, "name")?, arg::bytes(data, data_len)?) };
        let answer = agent.agent.extension(name, data, deadline(timeout_ms)?)?;
        if !answer.is_empty() {
            *out = text::give_bytes(&answer)?;
            *len = answer.len();
        }
        Ok(())
    })
}

/// Ties an agent's connection to an SSH session, so that the agent can keep to the destinations its keys are restricted to
/// (session-bind@openssh.com). ssh_transport_auth_agent does it by itself; call this for a connection whose keys are used
/// otherwise, and for one that is relayed to a forwarded agent channel.
///
/// transport: used, not taken; a client past the negotiation.
/// forwarding: others will use the connection from behind that session.
/// Returns what ssh_agent_list does; SSH_OK also where the agent does not know of it; SSH_ERR_INVALID_STATE.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_bind_session(
    agent: *mut ssh_agent_t,
    transport: *mut ssh_transport_t,
    forwarding: bool,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (agent, transport) = unsafe { (arg::handle(agent.cast_const())?, arg::handle(transport.cast_const())?) };
        let session = transport
            .inner
            .session_binding()
            .ok_or_else(|| Error::new(ErrorKind::InvalidState, "there is no session to bind to yet"))?;
        agent.agent.bind_session(&session, forwarding, deadline(timeout_ms)?)
    })
}

/// Gives an agent's socket away, for a relay to a forwarded agent channel: connect, ssh_agent_bind_session with forwarding,
/// detach, ssh_relay_new_fd. The handle is only good for ssh_agent_free then, as are keys it listed.
///
/// out_fd: the caller's, to be closed.
/// Returns SSH_OK; SSH_ERR_INVALID_STATE while a request is not answered, and for an agent on a channel.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_detach(agent: *mut ssh_agent_t, out_fd: *mut c_int) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, agent) = unsafe { (arg::out(out_fd)?, arg::handle(agent.cast_const())?) };
        *out = -1;
        *out = agent.agent.detach()?.into_raw_fd();
        Ok(())
    })
}

/// Logs in with an agent's keys, in the order ssh has. Each key is shown without a signature first; the first that the
/// server takes signs.
///
/// A key the server does not take costs one of the tries it allows, six with OpenSSH: name the user's own keys in options
/// where the agent may hold many.
/// agent: used, not taken. Tied to the session (ssh_agent_bind_session), which agents take once a connection: one agent
/// handle a transport, where keys are restricted to destinations.
/// options: may be NULL: all keys in the agent's order.
/// timeout_ms: for each step; SSH_WAIT_DEFAULT is the transport options' auth_timeout_ms.
/// out_methods_left: see ssh_transport_auth_none.
/// Returns what ssh_transport_auth_publickey does, SSH_ERR_AUTH_FAILED where the server takes none of the keys; what
/// ssh_agent_list does, SSH_ERR_AGENT_REFUSED where there is no key to show.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_auth_agent(
    transport: *mut ssh_transport_t,
    username: *const c_char,
    agent: *mut ssh_agent_t,
    options: *const ssh_agent_auth_options_t,
    timeout_ms: i64,
    out_methods_left: *mut *mut c_char,
) -> ssh_status_t {
    guard(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (left, transport, user) = unsafe {
            (arg::opt_out(out_methods_left), arg::handle(transport.cast_const())?, arg::text(username, "username")?)
        };
        // SAFETY: as above.
        let (agent, options) = unsafe { (arg::handle(agent.cast_const())?, arg::options(options)?) };
        // SAFETY: as above: an array of that many pointers.
        let identities = unsafe { arg::elements(options.identities, options.identities_len, "identities")? };
        // SAFETY: as above: each is a key.
        let identities: Result<Vec<PrivateKey>> =
            identities.iter().map(|&key| unsafe { arg::handle(key) }.and_then(shown)).collect();
        let choice = Choice { identities: &identities?, only: options.identities_only };
        step(transport, left, |t| login(t, user, &agent.agent, &choice, deadline(timeout_ms)?))
    })
}

/// Asks whether the server would take a key, without a signature (RFC 4252 section 7).
///
/// Blocks until the server answers. Most servers count a refusal as an attempt.
/// key: borrowed; the public half will do.
/// timeout_ms: see ssh_transport_auth_none.
/// Returns SSH_OK: it would; otherwise what ssh_transport_auth_publickey does.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_auth_publickey_query(
    transport: *mut ssh_transport_t,
    username: *const c_char,
    key: *const ssh_key_t,
    timeout_ms: i64,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (transport, user, key) =
            unsafe { (arg::handle(transport.cast_const())?, arg::text(username, "username")?, arg::handle(key)?) };
        let key = shown(key)?;
        transport.run(|t| t.auth_publickey_query(user, &key, deadline(timeout_ms)?))
    })
}
