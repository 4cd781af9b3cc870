//! Exceptions.

use super::guard::guard_value;
use super::handle::ssh_transport_t;
use super::text::c_string;
use super::types::{ssh_status_t, SSH_OK, SSH_PARTIAL, SSH_STAGE_NONE};
use crate::engine::Transport;
use crate::error::Error;
use std::cell::RefCell;
use std::ffi::{c_char, CString};
use std::ptr::null;

thread_local! {
    static LAST: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// Keeps an error as the calling thread's last one and gives its code.
pub(super) fn store(error: Error) -> ssh_status_t {
    let code = error.kind().code();
    // During a thread's end the slot may be gone: then nobody is left to ask for it.
    let _ = LAST.try_with(|last| last.try_borrow_mut().map(|mut slot| *slot = Some(error)));
    code
}

/// Keeps an error on a transport.
pub(super) fn store_on(transport: &Transport, error: &Error) {
    transport.store_exception(error.clone());
}

/// Takes the calling thread's last error.
pub(super) fn take_last() -> Option<Error> {
    LAST.try_with(|last| last.try_borrow_mut().ok().and_then(|mut slot| slot.take())).ok().flatten()
}

/// Everything known about an error.
pub struct ssh_exception_t {
    code: ssh_status_t,
    stage: i32,
    text: CString,
    hint: CString,
    peer_text: Option<CString>,
    peer_reason: i64,
    slot: Option<CString>,
    ours: Option<CString>,
    theirs: Option<CString>,
    methods: Option<CString>,
    addresses: Option<CString>,
}

impl From<&Error> for ssh_exception_t {
    fn from(error: &Error) -> Self {
        let detail = error.detail();
        let mismatch = detail.and_then(|d| d.mismatch.as_ref());
        let joined = |list: &[String], by: &str| (!list.is_empty()).then(|| c_string(&list.join(by)));
        Self {
            // How an _event login says what a blocking one returns.
            code: if error.detail().is_some_and(|detail| detail.partial) { SSH_PARTIAL } else { error.kind().code() },
            stage: error.stage() as i32,
            text: c_string(error.text()),
            hint: c_string(error.hint()),
            peer_text: detail.and_then(|d| d.peer_text.as_deref()).map(c_string),
            peer_reason: detail.and_then(|d| d.peer_reason).map_or(-1, i64::from),
            slot: mismatch.map(|m| c_string(m.slot)),
            ours: mismatch.map(|m| c_string(&m.ours.join(","))),
            theirs: mismatch.map(|m| c_string(&m.theirs.join(","))),
            methods: detail.and_then(|d| joined(&d.methods, ",")),
            addresses: detail.and_then(|d| joined(&d.addresses, "\n")),
        }
    }
}

/// Takes and clears the details of the last error on a transport or one of its channels.
///
/// transport: NULL asks for the calling thread's last error, whatever call failed.
/// Returns an owned result, ssh_exception_free; NULL if there is no error.
/// Allowed in callbacks.
#[no_mangle]
pub unsafe extern "C" fn ssh_get_exception(transport: *mut ssh_transport_t) -> *mut ssh_exception_t {
    guard_value(std::ptr::null_mut(), || {
        // SAFETY: NULL or a live handle, by the C contract.
        let error = match unsafe { transport.as_ref() } {
            Some(transport) => transport.inner.take_exception(),
            None => take_last(),
        };
        error.map(|error| Box::into_raw(Box::new(ssh_exception_t::from(&error))))
    })
}

/// Reads one field of a handle that may be NULL.
///
/// # Safety
/// `p` is NULL or a live handle.
unsafe fn read<T>(p: *const ssh_exception_t, fallback: T, field: impl FnOnce(&ssh_exception_t) -> T) -> T {
    // SAFETY: by this function's contract.
    unsafe { p.as_ref() }.map_or(fallback, field)
}

fn opt(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(null(), |t| t.as_ptr())
}

/// Returns the error's SSH_ERR_* status, or SSH_PARTIAL after an _event login that needs a further method; SSH_OK for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_exception_code(exception: *const ssh_exception_t) -> ssh_status_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { read(exception, SSH_OK, |e| e.code) }
}

/// Returns where in a connection's life the error happened: SSH_STAGE_*.
#[no_mangle]
pub unsafe extern "C" fn ssh_exception_stage(exception: *const ssh_exception_t) -> i32 {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { read(exception, SSH_STAGE_NONE, |e| e.stage) }
}

/// Returns what happened, in words. Borrowed result until ssh_exception_free; "" for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_exception_text(exception: *const ssh_exception_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { read(exception, c"".as_ptr(), |e| e.text.as_ptr()) }
}

/// Returns what would help, "" where nothing general can be said. Borrowed result until ssh_exception_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_exception_hint(exception: *const ssh_exception_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { read(exception, c"".as_ptr(), |e| e.hint.as_ptr()) }
}

/// Returns the peer's own words from its DISCONNECT (RFC 4253 section 11.1) or refusal (RFC 4254 section 5.1), NULL if
/// it gave none. Borrowed result until ssh_exception_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_exception_peer_text(exception: *const ssh_exception_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { read(exception, null(), |e| opt(&e.peer_text)) }
}

/// Returns the peer's reason number from its DISCONNECT or refusal, -1 if it gave none.
#[no_mangle]
pub unsafe extern "C" fn ssh_exception_peer_reason(exception: *const ssh_exception_t) -> i64 {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { read(exception, -1, |e| e.peer_reason) }
}

/// Returns what had no common algorithm ("key exchange", "cipher client to server", ...), NULL if that was not the error.
/// Borrowed result until ssh_exception_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_exception_slot(exception: *const ssh_exception_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { read(exception, null(), |e| opt(&e.slot)) }
}

/// Returns our list for that slot, comma-separated, NULL likewise. Borrowed result until ssh_exception_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_exception_our_offer(exception: *const ssh_exception_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { read(exception, null(), |e| opt(&e.ours)) }
}

/// Returns the peer's list for that slot, comma-separated, NULL likewise. Borrowed result until ssh_exception_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_exception_their_offer(exception: *const ssh_exception_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { read(exception, null(), |e| opt(&e.theirs)) }
}

/// Returns the authentication methods that can continue (RFC 4252 section 5.1), comma-separated, NULL if none are
/// known. Borrowed result until ssh_exception_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_exception_methods(exception: *const ssh_exception_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { read(exception, null(), |e| opt(&e.methods)) }
}

/// Returns one line for each address that was tried and why it failed, NULL if that was not the error. Borrowed result
/// until ssh_exception_free.
#[no_mangle]
pub unsafe extern "C" fn ssh_exception_addresses(exception: *const ssh_exception_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { read(exception, null(), |e| opt(&e.addresses)) }
}

/// Releases an exception. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_exception_free(exception: *mut ssh_exception_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(exception) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorKind, Mismatch, Stage};

    #[test]
    fn every_detail_reaches_c() {
        let error = Error::new(ErrorKind::NoCommonKex, "no\u{1b} match").at(Stage::Kex).with(|d| {
            d.peer_reason = Some(3);
            d.methods = vec!["publickey".into(), "password".into()];
            d.mismatch = Some(Mismatch { slot: "kex", ours: vec!["a".into(), "b".into()], theirs: vec!["c".into()] });
        });
        let e = ssh_exception_t::from(&error);
        assert_eq!((e.code, e.stage, e.peer_reason), (-401, 3, 3));
        assert_eq!(e.text.to_str().unwrap(), "no\\u{1b} match");
        assert_eq!(e.ours.unwrap().to_str().unwrap(), "a,b");
        assert_eq!(e.methods.unwrap().to_str().unwrap(), "publickey,password");
        assert!(e.peer_text.is_none() && e.addresses.is_none());
    }

    #[test]
    fn taking_clears() {
        assert_eq!(store(ErrorKind::Timeout.into()), -202);
        assert_eq!(take_last().unwrap().kind(), ErrorKind::Timeout);
        assert!(take_last().is_none());
    }
}
