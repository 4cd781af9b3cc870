//! From a name in an ssh_config to a connection that is logged in, in one call.

use super::answers::{ssh_prompt_answers_t, CPrompts};
use super::arg;
use super::config::Parts;
use super::config_types::*;
use super::guard::guard_unit;
use super::handle::{ssh_transport_t, Origin};
use super::key::ssh_key_t;
use super::text::c_string;
use super::types::*;
use crate::alias::{self, Caller, Connected};
use crate::crypto::hostkey::{PrivateKey, PublicKey};
use crate::engine::{Deadline, TransportOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::event::{Prompts, SecretBytes};
use std::ffi::{c_char, c_void};
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Arc;

/// The C callbacks.
struct CCaller {
    options: ssh_connect_alias_options_t,
    keys: Vec<PrivateKey>,
}

/// One answer, from a callback that gets room for it.
fn one_answer(call: impl FnOnce(*mut ssh_prompt_answers_t) -> ssh_status_t) -> Option<SecretBytes> {
    let mut answers = ssh_prompt_answers_t::new(1);
    let status = call(&mut answers);
    answers.finish(status)?.pop()
}

impl CCaller {
    fn data(&self) -> *mut c_void {
        self.options.user_data
    }
}

impl Caller for CCaller {
    fn passphrase(&mut self, file: &str, attempt: u32) -> Option<SecretBytes> {
        let (callback, file) = (self.options.passphrase?, c_string(file));
        // SAFETY: the caller passed the function with this user_data; the rest lives during the call.
        one_answer(|answers| unsafe { callback(self.data(), file.as_ptr(), attempt, answers) })
    }

    fn password(&mut self, user: &str, host: &str, attempt: u32) -> Option<SecretBytes> {
        let (callback, user, host) = (self.options.password?, c_string(user), c_string(host));
        // SAFETY: as above.
        one_answer(|answers| unsafe { callback(self.data(), user.as_ptr(), host.as_ptr(), attempt, answers) })
    }

    fn answers(&mut self, host: &str, prompts: &Prompts) -> Option<Vec<SecretBytes>> {
        let (callback, host) = (self.options.interactive?, c_string(host));
        let mut answers = ssh_prompt_answers_t::new(prompts.prompts.len());
        let status = CPrompts::new(prompts).lend(|c| {
            // SAFETY: as above.
            unsafe { callback(self.data(), host.as_ptr(), c, &mut answers) }
        });
        answers.finish(status)
    }

    fn has_password(&self) -> bool {
        self.options.password.is_some()
    }

    fn has_answers(&self) -> bool {
        self.options.interactive.is_some()
    }

    fn trusts(&mut self, host: &str, port: u16, key: &PublicKey) -> bool {
        let Some(callback) = self.options.accept_host_key else { return false };
        let (host, shown) = (c_string(host), ssh_key_t::of_shown(key.clone(), None));
        // SAFETY: as above.
        unsafe { callback(self.data(), host.as_ptr(), u32::from(port), &shown) }
    }

    fn run_proxy(&mut self, command: &str) -> Result<OwnedFd> {
        let Some(callback) = self.options.run_proxy else {
            let text = "the host has a ProxyCommand, which needs permission to be run";
            return Err(Error::new(ErrorKind::Unsupported, text).helped_by("set the callback run_proxy"));
        };
        let command = c_string(command);
        // SAFETY: as above.
        let fd = unsafe { callback(self.data(), command.as_ptr()) };
        // An OwnedFd must hold an open descriptor: closing any other aborts the process.
        // SAFETY: asks for a flag of a number; any number is allowed.
        if fd < 0 || unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
            return Err(Error::new(ErrorKind::ConnectFailed, "the proxy command could not be run"));
        }
        // SAFETY: the callback gives the descriptor up.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    fn keys(&self) -> &[PrivateKey] {
        &self.keys
    }
}

/// The configuration to look in: the caller's, or the user's and the system's, behind the settings given here.
///
/// # Safety
/// The struct's pointers hold what its comment says.
unsafe fn parts(options: &ssh_connect_alias_options_t) -> Result<Parts> {
    // SAFETY: passed on.
    let (config, settings) =
        unsafe { (options.config.as_ref(), arg::elements(options.settings, options.settings_len, "settings")?) };
    let mut parts = match config {
        Some(config) => config.parts(),
        None => Parts::of_defaults()?,
    };
    for setting in settings {
        // SAFETY: passed on.
        parts.set_option(unsafe { arg::text(*setting, "a setting")? })?;
    }
    Ok(parts)
}

/// Connects to a host by the name it has in the user's ssh configuration, and logs in: looks the name up, goes over the
/// hosts of ProxyJump, each looked up too, or through ProxyCommand, checks every host key against the known hosts and
/// logs in with the identities, certificates and methods the configuration names. docs/CONFIG.md lists the options that
/// are followed, and ~ is the account's home whatever $HOME says (for another: ssh_config_new, ssh_config_set_home,
/// ssh_config_load_defaults); one that changes where a connection comes from or whom it trusts and is not followed is an
/// error.
///
/// Blocks; the callbacks run on the calling thread, with no lock held. No command is run but by them.
/// alias: borrowed; the host, without user and port: give those as settings.
/// options: may be NULL: the user's and the system's files, and nobody to ask. Borrowed, with what it points to.
/// out_transport: owned result, ssh_transport_free; it holds the transports it runs through.
/// Returns SSH_OK: logged in; what ssh_config_lookup, ssh_transport_new_host, ssh_transport_start_client and
/// ssh_transport_auth_* return; SSH_ERR_HOST_KEY_UNKNOWN, _MISMATCH or _REVOKED; SSH_ERR_AUTH_FAILED with what the server
/// would have taken and, for each key and certificate, why it did not do; SSH_ERR_KEY_NEEDS_PASSPHRASE or _BAD_PASSPHRASE
/// where nothing but that kept keys from being tried; SSH_ERR_UNSUPPORTED for an option that is not followed, with its file
/// and line, and for a ProxyCommand without a callback. Details are in ssh_get_exception(NULL).
#[no_mangle]
pub unsafe extern "C" fn ssh_connect_alias(
    alias: *const c_char,
    options: *const ssh_connect_alias_options_t,
    out_transport: *mut *mut ssh_transport_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_transport)? };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (alias, options) = unsafe { (arg::text(alias, "alias")?, arg::options(options)?) };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (parts, keys) = unsafe { (parts(&options)?, arg::elements(options.keys, options.keys_len, "keys")?) };
        let mut caller = CCaller { options, keys: Vec::new() };
        for key in keys {
            // SAFETY: the C contract, see ffi/mod.rs.
            caller.keys.push(unsafe { arg::handle(*key)? }.private()?.clone());
        }
        let deadline = match options.timeout_ms {
            0 => Deadline::never(),
            ms => arg::deadline(ms, SSH_WAIT_FOREVER)?,
        };
        let Connected { transport, way, host } = alias::connect(&parts.book(), alias, &mut caller, deadline)?;
        let channel_timeout = TransportOptions::default().channel_timeout;
        let channel_timeout_ms = i64::try_from(channel_timeout.as_millis()).unwrap_or(i64::MAX);
        let origin = Arc::new(Origin { host: Some(host), channel_timeout_ms });
        *out = Box::into_raw(Box::new(ssh_transport_t::new(transport, origin).through(way)));
        Ok(())
    })
}
