//! Tickets: the right to answer a server hook's question, and what an answer needs beyond a number.
#![allow(clippy::disallowed_types, reason = "C uses a ticket from several threads; nothing waits under its lock")]

use super::arg::{self, invalid};
use super::guard::{guard_unit, guard_value};
use super::server_types::*;
use super::types::ssh_status_t;
use crate::crypto::hostkey::SkSignature;
use crate::engine::{Answer, Refusal, Transport, Verdict};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::event::{AuthVerdict, Prompts};
use std::ffi::{c_char, c_void, CString};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One question to a server's application.
pub struct ssh_ticket_t {
    /// Guards what is put in; no other lock is taken and nothing of the application's runs under it.
    state: Mutex<State>,
    facts: Facts,
}

/// What a question is about, beyond what its hook gets.
#[derive(Default)]
pub(super) struct Facts {
    /// Methods the user passed.
    pub passed: CString,
    /// What the authenticator said that signed.
    pub sk: Option<SkSignature>,
    /// Asked for the user's permissions, not by the client.
    pub by_permissions: bool,
}

struct State {
    /// None once it is settled.
    question: Option<Question>,
    prompts: Prompts,
    text: String,
    port: Option<u16>,
    reply: Vec<u8>,
}

/// What is asked, each with the right to answer it.
pub(super) enum Question {
    Auth(Answer<AuthVerdict>),
    Open(Answer<std::result::Result<(), Refusal>>),
    Request(Answer<Verdict>),
    /// With the port asked for.
    Forward(u16, Answer<Option<u16>>),
    Grant(Answer<bool>),
    Global(Answer<Option<Vec<u8>>>),
}

impl ssh_ticket_t {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what goes with the answer.
    fn edit(&self, edit: impl FnOnce(&mut State)) -> Result<()> {
        let mut state = self.lock();
        if state.question.is_none() {
            return Err(Error::new(ErrorKind::InvalidState, "the ticket was settled"));
        }
        edit(&mut state);
        Ok(())
    }

    /// Gives the answer, with no lock held. A number that does not fit denies, and is an error.
    fn settle(&self, result: i32) -> Result<()> {
        let (question, prompts, text, port, reply) = {
            let mut state = self.lock();
            let Some(question) = state.question.take() else {
                return Err(Error::new(ErrorKind::InvalidState, "the ticket was settled"));
            };
            let prompts = std::mem::take(&mut state.prompts);
            (question, prompts, std::mem::take(&mut state.text), state.port, std::mem::take(&mut state.reply))
        };
        let unfit = || Err(invalid(format!("{result} is no answer to this question, which is denied")));
        match question {
            Question::Auth(answer) => answer.give(match result {
                SSH_AUTH_SUCCESSFUL => AuthVerdict::Success,
                SSH_AUTH_PARTIALLY_SUCCESSFUL => AuthVerdict::Partial,
                SSH_AUTH_FAILED => AuthVerdict::Failure,
                SSH_AUTH_ASK => AuthVerdict::Ask(prompts),
                SSH_AUTH_CHANGE_PASSWORD => AuthVerdict::ChangePassword(text.into_bytes()),
                _ => return unfit(),
            }),
            Question::Open(answer) => answer.give(match u32::try_from(result) {
                Ok(0) => Ok(()),
                Ok(reason @ 1..=4) => Err((reason, text)),
                _ => return unfit(),
            }),
            Question::Request(answer) => answer.give(match result {
                SSH_REQUEST_GRANTED => Verdict::Accept,
                SSH_REQUEST_REFUSED => Verdict::Refuse,
                SSH_REQUEST_UNDECIDED => Verdict::Undecided,
                _ => return unfit(),
            }),
            Question::Forward(asked, answer) => match result {
                SSH_REQUEST_GRANTED if asked == 0 && port.is_none() => {
                    return Err(invalid("no port was put into the ticket with ssh_ticket_set_port: refused"));
                }
                SSH_REQUEST_GRANTED => answer.give(if asked == 0 { port } else { Some(asked) }),
                SSH_REQUEST_REFUSED => answer.give(None),
                _ => return unfit(),
            },
            Question::Grant(answer) => match result {
                SSH_REQUEST_GRANTED | SSH_REQUEST_REFUSED => answer.give(result == SSH_REQUEST_GRANTED),
                _ => return unfit(),
            },
            Question::Global(answer) => match result {
                SSH_REQUEST_GRANTED | SSH_REQUEST_REFUSED => {
                    answer.give((result == SSH_REQUEST_GRANTED).then_some(reply));
                }
                _ => return unfit(),
            },
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        self.lock().question.is_none()
    }
}

/// `SSH_LOG_WARNING` as the log takes it.
const LOG_WARNING: u8 = 2;

/// Puts a question to a hook, which gets a ticket and returns a number; None: there is no hook, which denies. A number that
/// does not fit denies too, and the log of `transport` tells, under the hook's `name`.
pub(super) fn put(
    transport: &Transport,
    name: &str,
    question: Question,
    facts: Facts,
    hook: impl FnOnce(*mut ssh_ticket_t) -> Option<i32>,
) {
    let state = Mutex::new(State {
        question: Some(question),
        prompts: Prompts::default(),
        text: String::new(),
        port: None,
        reply: Vec::new(),
    });
    let ours = Arc::new(ssh_ticket_t { state, facts });
    let theirs = Arc::into_raw(Arc::clone(&ours)).cast_mut();
    let result = hook(theirs);
    if result == Some(SSH_HOOK_PENDING) {
        return; // The ticket is the application's, or was settled already.
    }
    // A hook that both settled its ticket and returned an answer gave the reference up itself.
    if !ours.is_settled() {
        // SAFETY: made above, and not given up by ssh_ticket_settle or ssh_ticket_free, which leave a settled ticket.
        drop(unsafe { Arc::from_raw(theirs.cast_const()) });
        if let Some(Err(error)) = result.map(|result| ours.settle(result)) {
            transport.log(LOG_WARNING, &format!("hook {name}: {error}"));
        }
    }
}

/// Answers a hook's question, and releases its ticket. From any thread; allowed in the hook itself, which returns
/// SSH_HOOK_PENDING then, or later, after a hook that kept its ticket and returned SSH_HOOK_PENDING.
///
/// ticket: taken.
/// result: what the hook would have returned: SSH_AUTH_*, SSH_OPEN_* or SSH_REQUEST_*.
/// Returns SSH_OK, also where the connection is over and nobody waits for the answer; SSH_ERR_INVALID_ARGUMENT where
/// result does not fit the question, which is denied.
#[no_mangle]
pub unsafe extern "C" fn ssh_ticket_settle(ticket: *mut ssh_ticket_t, result: i32) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        unsafe { arg::handle(ticket)? };
        // SAFETY: tickets come from `put`, and this call takes the application's reference.
        let ticket = unsafe { Arc::from_raw(ticket.cast_const()) };
        ticket.settle(result)
    })
}

/// Releases a ticket without an answer: the question is denied. Only for a ticket that was kept with SSH_HOOK_PENDING.
/// NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_ticket_free(ticket: *mut ssh_ticket_t) {
    guard_value((), || {
        if ticket.is_null() {
            return Some(());
        }
        // SAFETY: as for `ssh_ticket_settle`.
        let ticket = unsafe { Arc::from_raw(ticket.cast_const()) };
        let question = ticket.lock().question.take();
        // Denies, outside of the lock.
        drop(question);
        Some(())
    });
}

/// Returns the authentication methods the user passed so far, comma-separated; "" where there are none and outside of
/// authentication. Borrowed result until the ticket is settled; NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_ticket_get_passed(ticket: *const ssh_ticket_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(std::ptr::null(), || unsafe { ticket.as_ref() }.map(|ticket| ticket.facts.passed.as_ptr()))
}

/// Gives what an authenticator (FIDO) said with the signature that is asked about: check_auth_publickey, is_signed.
///
/// The library refuses a signature without a present user (flag 0x01) by itself, unless ssh_transport_set_permissions
/// said otherwise; what the counter must be, greater than at the last login if the authenticator counts at all, is for
/// the application to remember and decide.
/// out_flags: 0x01: its user was present; 0x04: its user was verified.
/// out_counter: how many signatures it made.
/// Returns SSH_OK, or SSH_ERR_INVALID_STATE where no authenticator signed.
#[no_mangle]
pub unsafe extern "C" fn ssh_ticket_get_sk(
    ticket: *const ssh_ticket_t,
    out_flags: *mut u32,
    out_counter: *mut u32,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let ((out_flags, out_counter), ticket) = unsafe { (arg::outs(out_flags, out_counter)?, arg::handle(ticket)?) };
        let said = ticket.facts.sk.ok_or_else(|| Error::new(ErrorKind::InvalidState, "no authenticator signed"))?;
        (*out_flags, *out_counter) = (said.flags.into(), said.counter);
        Ok(())
    })
}

/// Returns whether a question is put for the user's permissions (ssh_transport_set_permissions) rather than asked by the
/// client: a variable that check_channel_env_request is to set for the program. The answer changes nothing.
#[no_mangle]
pub unsafe extern "C" fn ssh_ticket_is_by_permissions(ticket: *const ssh_ticket_t) -> bool {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(false, || unsafe { ticket.as_ref() }.map(|ticket| ticket.facts.by_permissions))
}

/// Puts the text that goes with an answer: why a channel is refused, or what to show with SSH_AUTH_CHANGE_PASSWORD.
///
/// text: copied.
/// Returns SSH_OK, or SSH_ERR_INVALID_STATE where the ticket was settled in this hook; the same for all of these. A ticket
/// is gone once its hook has returned anything but SSH_HOOK_PENDING, and after the hook once it was settled or freed.
#[no_mangle]
pub unsafe extern "C" fn ssh_ticket_set_text(ticket: *mut ssh_ticket_t, text: *const c_char) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (ticket, text) = unsafe { (arg::handle(ticket.cast_const())?, arg::text(text, "text")?) };
        ticket.edit(|state| text.clone_into(&mut state.text))
    })
}

/// Puts what is shown above the questions of SSH_AUTH_ASK (RFC 4256 section 3.2).
///
/// name: copied; a title, may be NULL.
/// instruction: copied; may be NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_ticket_set_instruction(
    ticket: *mut ssh_ticket_t,
    name: *const c_char,
    instruction: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (ticket, name, instruction) = unsafe {
            (
                arg::handle(ticket.cast_const())?,
                arg::opt_text(name, "name")?.unwrap_or(""),
                arg::opt_text(instruction, "instruction")?.unwrap_or(""),
            )
        };
        ticket.edit(|state| {
            state.prompts.name = name.as_bytes().to_vec();
            state.prompts.instruction = instruction.as_bytes().to_vec();
        })
    })
}

/// Adds a question for SSH_AUTH_ASK. Answers come to check_auth_interactive_response in the same order.
///
/// text: copied; "Password: " for one.
/// echo: the answer may be shown while it is typed.
#[no_mangle]
pub unsafe extern "C" fn ssh_ticket_add_prompt(
    ticket: *mut ssh_ticket_t,
    text: *const c_char,
    echo: bool,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (ticket, text) = unsafe { (arg::handle(ticket.cast_const())?, arg::text(text, "text")?) };
        ticket.edit(|state| state.prompts.prompts.push((text.as_bytes().to_vec(), echo)))
    })
}

/// Puts the port that is listened on, for check_port_forward_request with port 0.
///
/// port: 1 to 65535.
#[no_mangle]
pub unsafe extern "C" fn ssh_ticket_set_port(ticket: *mut ssh_ticket_t, port: u32) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let ticket = unsafe { arg::handle(ticket.cast_const())? };
        let port = arg::port(port, "port")?;
        if port == 0 {
            return Err(invalid("port is 0"));
        }
        ticket.edit(|state| state.port = Some(port))
    })
}

/// Puts the data of the reply to check_global_request.
///
/// data: copied.
#[no_mangle]
pub unsafe extern "C" fn ssh_ticket_set_reply(
    ticket: *mut ssh_ticket_t,
    data: *const c_void,
    data_len: usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (ticket, data) = unsafe { (arg::handle(ticket.cast_const())?, arg::bytes(data, data_len)?) };
        ticket.edit(|state| state.reply = data.to_vec())
    })
}
