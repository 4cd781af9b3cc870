//! Authentication.

use super::answers::{ssh_prompt_answers_t, terminated, CPrompts};
use super::arg;
use super::guard::{guard, guard_unit, Status};
use super::handle::ssh_transport_t;
use super::text;
use super::types::*;
use crate::engine::{AuthResult, Deadline, Transport};
use crate::error::Result;
use crate::proto::event::{Prompts, SecretBytes};
use std::ffi::{c_char, c_void};

/// Gives the new password for a prompt of the server's; None gives up.
type NewPassword<'a> = &'a mut dyn FnMut(&[u8]) -> Option<SecretBytes>;

/// The bound of an authentication step without a deadline is the options' auth_timeout_ms, which the core keeps.
fn deadline(timeout_ms: i64) -> Result<Deadline> {
    arg::deadline(timeout_ms, SSH_WAIT_FOREVER)
}

fn write_left(out: Option<&mut *mut c_char>, methods: &[String]) -> Result<()> {
    if let Some(out) = out {
        if !methods.is_empty() {
            *out = text::give(&methods.join(","))?;
        }
    }
    Ok(())
}

/// Runs one authentication step and says what is left.
pub(super) fn step(
    transport: &ssh_transport_t,
    left: Option<&mut *mut c_char>,
    call: impl FnOnce(&Transport) -> Result<AuthResult>,
) -> Result<Status> {
    match transport.run(call) {
        Ok(result) if result.left.is_empty() => Ok(Status::Ok),
        Ok(result) => write_left(left, &result.left).map(|()| Status::Partial),
        Err(error) => {
            write_left(left, error.detail().map_or(&[], |d| &d.methods))?;
            Err(error)
        }
    }
}

/// The questions' way to a C callback and the answers' way back.
fn ask(callback: ssh_interactive_cb_t, user_data: *mut c_void, prompts: &Prompts) -> Option<Vec<SecretBytes>> {
    let callback = callback?;
    let mut answers = ssh_prompt_answers_t::new(prompts.prompts.len());
    let status = CPrompts::new(prompts).lend(|c| {
        // SAFETY: the caller passed the function with this user_data; the rest lives during the call.
        unsafe { callback(user_data, c, &mut answers) }
    });
    answers.finish(status)
}

fn ask_new_password(options: &ssh_password_options_t, prompt: &[u8]) -> Option<SecretBytes> {
    let change = options.change?;
    let mut answers = ssh_prompt_answers_t::new(1);
    let prompt = terminated(prompt);
    // SAFETY: the caller passed the function with this user_data; the rest lives during the call.
    let status = unsafe { change(options.user_data, prompt.as_ptr().cast(), prompt.len() - 1, &mut answers) };
    answers.finish(status)?.pop()
}

/// Asks the server for access without credentials (RFC 4252 section 5.2). Servers hardly ever grant it; the answer says
/// which methods they take.
///
/// Blocks until the server answers.
/// timeout_ms: SSH_WAIT_DEFAULT is the options' auth_timeout_ms, as for all ssh_transport_auth_*.
/// out_methods_left: may be NULL; owned result, the methods that can continue, comma-separated. It is set with
/// SSH_PARTIAL, SSH_ERR_AUTH_FAILED and SSH_ERR_AUTH_METHOD_NOT_ALLOWED, and NULL otherwise; the same for all
/// ssh_transport_auth_*.
/// Returns SSH_OK: authenticated; SSH_PARTIAL: accepted, a further method must follow; SSH_ERR_AUTH_FAILED: refused;
/// SSH_ERR_AUTH_METHOD_NOT_ALLOWED: the server takes other methods; SSH_ERR_TIMEOUT; SSH_ERR_INVALID_STATE before the
/// negotiation and after success. Another thread's attempt is waited for. The connection stays up, for another attempt
/// with the same user name: many servers disconnect where it changes.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_auth_none(
    transport: *mut ssh_transport_t,
    username: *const c_char,
    timeout_ms: i64,
    out_methods_left: *mut *mut c_char,
) -> ssh_status_t {
    guard(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (left, transport, user) =
            unsafe { (arg::opt_out(out_methods_left), arg::handle(transport)?, arg::text(username, "username")?) };
        step(transport, left, |t| t.auth_none(user, deadline(timeout_ms)?))
    })
}

/// Authenticates with a password (RFC 4252 section 8). Where the server does not take the method but does take
/// keyboard-interactive and asks one question without echo, the password answers it.
///
/// Blocks until the server answers.
/// password: copied; any bytes.
/// options: may be NULL: with the fallback, without password changes.
/// timeout_ms, out_methods_left: see ssh_transport_auth_none.
/// Returns what ssh_transport_auth_none does, and SSH_ERR_AUTH_PASSWORD_CHANGE where the server wants another password
/// and there is no callback for it; SSH_ERR_AUTH_ABORTED where the callback gave up.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_auth_password(
    transport: *mut ssh_transport_t,
    username: *const c_char,
    password: *const c_void,
    password_len: usize,
    options: *const ssh_password_options_t,
    timeout_ms: i64,
    out_methods_left: *mut *mut c_char,
) -> ssh_status_t {
    guard(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (left, transport, user, password, options) = unsafe {
            (
                arg::opt_out(out_methods_left),
                arg::handle(transport)?,
                arg::text(username, "username")?,
                arg::bytes(password, password_len)?,
                arg::options(options)?,
            )
        };
        let mut ask = |prompt: &[u8]| ask_new_password(&options, prompt);
        let change: Option<NewPassword<'_>> = if options.change.is_some() { Some(&mut ask) } else { None };
        step(transport, left, |t| t.auth_password(user, password, !options.no_fallback, change, deadline(timeout_ms)?))
    })
}

/// Authenticates with a private key (RFC 4252 section 7), and with its certificate if it has one
/// (ssh_key_with_certificate); a server that refuses the certificate may still take the key alone. An RSA key signs with
/// SHA-2 as the server's server-sig-algs allow (RFC 8332). A certificate needs no algorithm of its own in
/// SSH_LIST_PUBKEY: those of its key's signatures will do. To OpenSSH before 7.8, which knows no better, an RSA
/// certificate is shown with a SHA-1 signature, if "ssh-rsa" is enabled.
///
/// Blocks until the server answers.
/// key: borrowed.
/// timeout_ms, out_methods_left: see ssh_transport_auth_none.
/// Returns what ssh_transport_auth_none does, and SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_AUTH_NO_SIGNATURE_ALGORITHM where no
/// signature algorithm of the key is both enabled here and taken by the server.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_auth_publickey(
    transport: *mut ssh_transport_t,
    username: *const c_char,
    key: *const ssh_key_t,
    timeout_ms: i64,
    out_methods_left: *mut *mut c_char,
) -> ssh_status_t {
    guard(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (left, transport, user, key) = unsafe {
            (
                arg::opt_out(out_methods_left),
                arg::handle(transport)?,
                arg::text(username, "username")?,
                arg::handle(key)?,
            )
        };
        step(transport, left, |t| t.auth_publickey(user, key.private()?, deadline(timeout_ms)?))
    })
}

/// Authenticates by answering the server's questions (RFC 4256).
///
/// Blocks until the server decides; calls the callback on this thread for every round of questions.
/// submethods: may be NULL; a hint for the server, comma-separated.
/// callback: must not be NULL; user_data is borrowed.
/// timeout_ms: bounds the waiting for the server, the callback's time not included.
/// out_methods_left: see ssh_transport_auth_none.
/// Returns what ssh_transport_auth_none does, and SSH_ERR_AUTH_ABORTED where the callback gave up.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_auth_interactive(
    transport: *mut ssh_transport_t,
    username: *const c_char,
    submethods: *const c_char,
    callback: ssh_interactive_cb_t,
    user_data: *mut c_void,
    timeout_ms: i64,
    out_methods_left: *mut *mut c_char,
) -> ssh_status_t {
    guard(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (left, transport, user, submethods) = unsafe {
            (
                arg::opt_out(out_methods_left),
                arg::handle(transport)?,
                arg::text(username, "username")?,
                arg::opt_text(submethods, "submethods")?.unwrap_or(""),
            )
        };
        if callback.is_none() {
            return Err(arg::invalid("callback is NULL"));
        }
        let mut handler = |prompts: &Prompts| ask(callback, user_data, prompts);
        step(transport, left, |t| t.auth_interactive(user, submethods, &mut handler, deadline(timeout_ms)?))
    })
}

/// Like ssh_transport_auth_interactive, with a person at the terminal: questions are printed on stdout, answers read from
/// stdin, without echo where the server asks for that and stdin is a terminal. The end of stdin gives up.
///
/// timeout_ms: bounds the waiting for the server, not for the person.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_auth_interactive_dumb(
    transport: *mut ssh_transport_t,
    username: *const c_char,
    submethods: *const c_char,
    timeout_ms: i64,
    out_methods_left: *mut *mut c_char,
) -> ssh_status_t {
    guard(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (left, transport, user, submethods) = unsafe {
            (
                arg::opt_out(out_methods_left),
                arg::handle(transport)?,
                arg::text(username, "username")?,
                arg::opt_text(submethods, "submethods")?.unwrap_or(""),
            )
        };
        step(transport, left, |t| {
            t.auth_interactive(user, submethods, &mut super::auth_dumb::ask, deadline(timeout_ms)?)
        })
    })
}

/// Like ssh_transport_auth_password with its fallback, without waiting.
///
/// event: used, not taken; set when the attempt is over, and cleared by nobody but you (ssh_event_clear).
/// ssh_transport_is_authenticated says how it ended, ssh_get_exception why: the exception's code is SSH_PARTIAL where the
/// step was accepted and a further method must follow. The bound is the options' auth_timeout_ms.
/// Returns SSH_OK where the attempt began; SSH_ERR_INVALID_STATE before the negotiation, after success, and while another
/// attempt is running.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_auth_password_event(
    transport: *mut ssh_transport_t,
    username: *const c_char,
    password: *const c_void,
    password_len: usize,
    event: *mut ssh_event_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (transport, user, password, event) = unsafe {
            (
                arg::handle(transport)?,
                arg::text(username, "username")?,
                arg::bytes(password, password_len)?,
                arg::handle(event)?,
            )
        };
        transport.run(|t| t.auth_password_event(user, password, true, &event.inner))
    })
}

/// Like ssh_transport_auth_publickey, without waiting.
///
/// key: borrowed.
/// event: see ssh_transport_auth_password_event.
/// Returns SSH_OK where the attempt began; SSH_ERR_INVALID_STATE; SSH_ERR_KEY_PUBLIC_ONLY;
/// SSH_ERR_AUTH_NO_SIGNATURE_ALGORITHM.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_auth_publickey_event(
    transport: *mut ssh_transport_t,
    username: *const c_char,
    key: *const ssh_key_t,
    event: *mut ssh_event_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (transport, user, key, event) = unsafe {
            (arg::handle(transport)?, arg::text(username, "username")?, arg::handle(key)?, arg::handle(event)?)
        };
        transport.run(|t| t.auth_publickey_event(user, key.private()?, &event.inner))
    })
}
