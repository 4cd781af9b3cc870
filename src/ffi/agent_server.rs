//! An agent of the application's own: a keyring that other programs use.

use super::agent::{blob, ssh_agent_keys_t};
use super::agent_types::{ssh_agent_add_options_t, ssh_agent_exposure_t, ssh_agent_server_options_t};
use super::arg::{self, invalid};
use super::guard::{guard_unit, guard_value};
use super::handle::ssh_channel_t;
use super::key::ssh_key_t;
use super::signer::Later;
use super::stream::UserData;
use super::text::c_string;
use super::types::ssh_status_t;
use crate::agent::{Confirm, Confirmer, Constraints, Exposure, Identities, Identity, Keyring, Server};
use crate::engine::Local;
use crate::error::{Error, ErrorKind, Result};
use std::ffi::{c_char, c_int, c_void, CString};
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::Path;
use std::ptr::null;
use std::sync::Arc;

/// An agent: a keyring in memory, and those it answers.
pub struct ssh_agent_server_t {
    server: Server,
}

/// A use of a key that is to be confirmed.
pub struct ssh_agent_confirm_t {
    confirm: Confirm,
    key: ssh_key_t,
    comment: CString,
    /// Outlives the question, which the application may keep.
    _holder: Arc<Later>,
}

/// # Safety
/// `options` came from C: function and user_data belong together.
unsafe fn confirmer(options: ssh_agent_server_options_t) -> Option<Confirmer> {
    let holder = Arc::new(Later::new(UserData::new(options.user_data, options.destroy)));
    let ask = options.confirm?;
    Some(Box::new(move |confirm: Confirm| {
        let question = ssh_agent_confirm_t {
            key: ssh_key_t::of_shown(confirm.key.public().clone(), confirm.key.certificate().cloned()),
            comment: c_string(&confirm.comment),
            confirm,
            _holder: Arc::clone(&holder),
        };
        // SAFETY: function and user_data came in one struct, and live as long as `holder`; C owns the question.
        unsafe { ask(holder.pointer(), Box::into_raw(Box::new(question))) };
    }))
}

/// # Safety
/// `exposure` is NULL or as the C contract says.
unsafe fn exposure(exposure: *const ssh_agent_exposure_t) -> Result<Exposure> {
    // SAFETY: passed on.
    let given = unsafe { arg::options(exposure)? };
    // SAFETY: an array of that many pointers, each a key.
    let keys = unsafe { blobs(arg::elements(given.keys, given.keys_len, "keys")?)? };
    // An array of none shows none.
    let only = (!given.keys.is_null()).then_some(keys);
    Ok(Exposure { only, sign_only: given.sign_only, confirm: given.confirm })
}

/// # Safety
/// Each is NULL or a key.
unsafe fn blobs(keys: &[*const ssh_key_t]) -> Result<Vec<Vec<u8>>> {
    // SAFETY: passed on.
    keys.iter().map(|&key| unsafe { arg::handle(key) }.map(|key| blob(key).to_vec())).collect()
}

/// Makes an agent with an empty keyring, which nobody is connected to yet.
///
/// options: may be NULL. Copied; its user_data is taken: destroy runs also when the call fails, unless options itself is
/// refused for its size.
/// out_server: owned result, ssh_agent_server_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_server_new(
    options: *const ssh_agent_server_options_t,
    out_server: *mut *mut ssh_agent_server_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, options) = unsafe { (arg::out(out_server), arg::options(options)?) };
        // SAFETY: as above.
        let confirm = unsafe { confirmer(options) };
        let out = out?;
        *out = Box::into_raw(Box::new(ssh_agent_server_t { server: Server::new(confirm) }));
        Ok(())
    })
}

/// Releases an agent: its connections end, its listening sockets are removed, its keys are wiped once no signature is under
/// way. Does not block. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_server_free(server: *mut ssh_agent_server_t) {
    guard_value((), || {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { server.as_ref() }?.server.close();
        // SAFETY: as above.
        unsafe { super::handle::free(server) };
        Some(())
    });
}

/// Adds a private key to an agent's keyring, with its certificate where it has one. A key that is held elsewhere, by a signer
/// or another agent, will do too. One that is there already takes the new comment and constraints.
///
/// key: borrowed.
/// options: may be NULL: with the key's own comment and without constraints.
/// Returns SSH_OK; SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_INVALID_STATE while the agent is locked; SSH_ERR_RESOURCE_LIMIT.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_server_add(
    server: *mut ssh_agent_server_t,
    key: *const ssh_key_t,
    options: *const ssh_agent_add_options_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (server, key, options) =
            unsafe { (arg::handle(server.cast_const())?, arg::handle(key)?, arg::options(options)?) };
        // SAFETY: as above.
        let comment = unsafe { arg::opt_text(options.comment, "comment")? };
        let comment = comment.map_or_else(|| key.comment_or(None), |comment| Ok(comment.to_owned()))?;
        let lifetime = (options.lifetime_s != 0).then_some(options.lifetime_s);
        let constraints = Constraints { lifetime, confirm: options.confirm, ..Constraints::default() };
        let key = key.private()?.clone();
        server.server.with_keyring(|ring| ring.add(key, comment, &constraints))
    })
}

/// Removes a key from an agent's keyring: the one with the certificate where key has one, else the plain one.
///
/// key: borrowed; the public half will do.
/// Returns SSH_OK; SSH_ERR_AGENT_REFUSED where it is not there, or the agent is locked.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_server_remove(
    server: *mut ssh_agent_server_t,
    key: *const ssh_key_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (server, key) = unsafe { (arg::handle(server.cast_const())?, arg::handle(key)?) };
        match server.server.with_keyring(|ring| ring.remove(blob(key))) {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::AgentRefused, "the keyring does not have the key, or is locked")),
        }
    })
}

/// Removes all keys from an agent's keyring.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_server_remove_all(server: *mut ssh_agent_server_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(server.cast_const())? }.server.with_keyring(Keyring::remove_all);
        Ok(())
    })
}

/// Locks an agent: until ssh_agent_server_unlock, or an unlocking by somebody connected, it lists nothing and signs nothing.
///
/// passphrase: borrowed; what unlocks it; any bytes.
/// Returns SSH_OK; SSH_ERR_INVALID_STATE where it is locked.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_server_lock(
    server: *mut ssh_agent_server_t,
    passphrase: *const c_void,
    passphrase_len: usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (server, passphrase) =
            unsafe { (arg::handle(server.cast_const())?, arg::bytes(passphrase, passphrase_len)?) };
        match server.server.with_keyring(|ring| ring.lock(passphrase)) {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::InvalidState, "the agent is locked")),
        }
    })
}

/// Unlocks an agent.
///
/// passphrase: borrowed; the one it was locked with.
/// Returns SSH_OK; SSH_ERR_AGENT_REFUSED for another passphrase, and where it is not locked.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_server_unlock(
    server: *mut ssh_agent_server_t,
    passphrase: *const c_void,
    passphrase_len: usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (server, passphrase) =
            unsafe { (arg::handle(server.cast_const())?, arg::bytes(passphrase, passphrase_len)?) };
        match server.server.with_keyring(|ring| ring.unlock(passphrase)) {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::AgentRefused, "the agent is not locked, or with another passphrase")),
        }
    })
}

/// Lists the keys an agent holds now; none while it is locked.
///
/// out_keys: owned result, ssh_agent_keys_free. Its keys are the keyring's own: they sign without anybody being asked.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_server_list(
    server: *mut ssh_agent_server_t,
    out_keys: *mut *mut ssh_agent_keys_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, server) = unsafe { (arg::out(out_keys)?, arg::handle(server.cast_const())?) };
        let held = server.server.with_keyring(Keyring::list).into_iter();
        let keys = held.map(|held| Identity { key: held.key, comment: held.comment }).collect();
        *out = Box::into_raw(Box::new(ssh_agent_keys_t::new(Identities { keys, skipped: Vec::new() })));
        Ok(())
    })
}

/// Answers what comes through a channel, until one side closes it: how an application gives a server the use of its keys, on
/// the channels that a handler of ssh_transport_set_agent_handler gets.
///
/// Does not block.
/// channel: borrowed; from here on nothing else reads or writes it. Its handle may be freed at once: the agent keeps the
/// channel open.
/// exposure: copied; may be NULL: everything.
/// Returns SSH_OK; SSH_ERR_RESOURCE_LIMIT: 256 connections are served.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_server_serve_channel(
    server: *mut ssh_agent_server_t,
    channel: *mut ssh_channel_t,
    exposure: *const ssh_agent_exposure_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (server, channel, exposure) = unsafe {
            (arg::handle(server.cast_const())?, arg::handle(channel.cast_const())?, self::exposure(exposure)?)
        };
        server.server.serve(Arc::new(channel.inner.clone()), exposure)
    })
}

/// Answers what comes through a connected stream socket, until one side closes it.
///
/// Does not block.
/// fd: taken, also when the call fails.
/// exposure: copied; may be NULL: everything.
/// Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT for what is no stream socket; SSH_ERR_RESOURCE_LIMIT.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_server_serve_fd(
    server: *mut ssh_agent_server_t,
    fd: c_int,
    exposure: *const ssh_agent_exposure_t,
) -> ssh_status_t {
    guard_unit(|| {
        if fd < 0 {
            return Err(invalid("fd is negative"));
        }
        // SAFETY: the caller gives the descriptor away.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (server, exposure) = unsafe { (arg::handle(server.cast_const())?, self::exposure(exposure)?) };
        server.server.serve(Arc::new(Local::new(fd)?), exposure)
    })
}

/// Listens on a Unix socket and serves whoever connects, which only this user can: SSH_AUTH_SOCK for other programs.
///
/// Does not block.
/// path: borrowed; nothing may be there yet. The socket is removed with the agent.
/// exposure: copied; may be NULL: everything.
/// Returns SSH_OK; SSH_ERR_FILE.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_server_listen(
    server: *mut ssh_agent_server_t,
    path: *const c_char,
    exposure: *const ssh_agent_exposure_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (server, path, exposure) =
            unsafe { (arg::handle(server.cast_const())?, arg::text(path, "path")?, self::exposure(exposure)?) };
        server.server.listen(Path::new(path), exposure)
    })
}

/// Returns the public key whose use is to be confirmed. Borrowed result until the question is answered or freed; NULL for
/// NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_confirm_get_key(confirm: *const ssh_agent_confirm_t) -> *const ssh_key_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(null(), || unsafe { confirm.as_ref() }.map(|confirm| std::ptr::from_ref(&confirm.key)))
}

/// Returns the comment of the key whose use is to be confirmed; not filtered: it may come from whoever added the key.
/// Borrowed result until the question is answered or freed; NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_confirm_get_comment(confirm: *const ssh_agent_confirm_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(null(), || unsafe { confirm.as_ref() }.map(|confirm| confirm.comment.as_ptr()))
}

/// Allows or denies the use of a key, and releases the question. From any thread; allowed in the callback itself.
///
/// confirm: taken.
/// Returns SSH_OK, also where nobody waits for the answer any more.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_confirm_answer(confirm: *mut ssh_agent_confirm_t, allow: bool) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(confirm.cast_const())? };
        // SAFETY: made by `confirmer`, and given up by the caller.
        let question = unsafe { Box::from_raw(confirm) };
        question.confirm.answer(allow);
        Ok(())
    })
}

/// Releases a question without an answer, which denies. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_agent_confirm_free(confirm: *mut ssh_agent_confirm_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(confirm) }
}
