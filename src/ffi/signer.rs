//! Keys whose private half an application holds: a callback that may answer later.
#![allow(clippy::disallowed_types, reason = "C answers from any thread; nothing waits under the lock")]

use super::agent_types::ssh_signer_t;
use super::arg::{self, invalid};
use super::guard::{guard_unit, guard_value};
use super::key::ssh_key_t;
use super::stream::UserData;
use super::text::c_string;
use super::types::{ssh_status_t, SSH_WAIT_FOREVER};
use crate::crypto::hostkey::{PrivateKey, PublicKey, Signer};
use crate::engine::{run_on_pool, Deadline, Event};
use crate::error::{printable, Error, ErrorKind, Result};
use std::ffi::{c_char, c_void, CString};
use std::ptr::null;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a signature is waited for where the application does not say, milliseconds.
const PATIENCE_MS: i64 = 120_000;

/// A signature that is asked for.
pub struct ssh_sign_request_t {
    algorithm: CString,
    data: Vec<u8>,
    key: ssh_key_t,
    reply: Arc<Reply>,
    /// Outlives the request, which the application may keep.
    _holder: Arc<Later>,
}

/// Where the answer is waited for.
#[derive(Default)]
struct Reply {
    /// Guards the answer; nothing is locked under it.
    answer: Mutex<Option<Result<Vec<u8>>>>,
    given: Event,
}

impl Reply {
    /// The first answer counts.
    fn give(&self, answer: Result<Vec<u8>>) {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(answer);
        self.given.set();
    }
}

impl Drop for ssh_sign_request_t {
    fn drop(&mut self) {
        self.reply.give(Err(Error::new(ErrorKind::SignRefused, "the signer freed the request without an answer")));
    }
}

/// An application's user_data that is released on the pool: whoever holds a key may drop it under a lock.
pub(super) struct Later(Option<UserData>);

impl Later {
    pub(super) fn new(data: UserData) -> Self {
        Self(Some(data))
    }

    pub(super) fn pointer(&self) -> *mut c_void {
        self.0.as_ref().map_or(std::ptr::null_mut(), UserData::pointer)
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        let data = self.0.take();
        // Without a thread it stays in the pool's queue.
        let _ = run_on_pool(move || drop(data));
    }
}

/// The application's struct as keys want it.
struct CSigner {
    sign: unsafe extern "C" fn(*mut c_void, *mut ssh_sign_request_t),
    patience_ms: i64,
    public: PublicKey,
    holder: Arc<Later>,
}

impl Signer for CSigner {
    fn sign(&self, algorithm: &str, data: &[u8]) -> Result<Vec<u8>> {
        let reply = Arc::new(Reply::default());
        let request = ssh_sign_request_t {
            algorithm: c_string(algorithm),
            data: data.to_vec(),
            key: ssh_key_t::of_public(self.public.clone()),
            reply: Arc::clone(&reply),
            _holder: Arc::clone(&self.holder),
        };
        // SAFETY: function and user_data came in one struct, and live as long as `holder`; C owns the request.
        unsafe { (self.sign)(self.holder.pointer(), Box::into_raw(Box::new(request))) };
        let deadline = Deadline::after_ms(self.patience_ms);
        if !reply.given.wait(deadline) {
            let text = format!("the signer did not answer within {} ms", self.patience_ms);
            return Err(Error::new(ErrorKind::Timeout, text));
        }
        let answer = reply.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.unwrap_or_else(|| Err(ErrorKind::SignRefused.into()))
    }
}

/// Makes a private key whose private half is elsewhere: a callback signs, now or later.
///
/// It is used like any other key, for logging in, as a host key, for signing. Each signature is verified before it is
/// used. Only writing it fails, with SSH_ERR_KEY_NOT_EXPORTABLE.
/// public_key: borrowed; a private key's public half will do.
/// signer: copied. Its user_data is taken: destroy runs also when the call fails, unless signer itself is refused for its
/// size.
/// out_key: owned result, ssh_key_free.
/// Returns SSH_OK. Calls that sign with the key return SSH_ERR_SIGN_REFUSED where the signer refuses;
/// SSH_ERR_SIGNER_FAULT where it gives something else than a signature by this key and algorithm; SSH_ERR_TIMEOUT.
#[no_mangle]
pub unsafe extern "C" fn ssh_key_new_signer(
    public_key: *const ssh_key_t,
    signer: *const ssh_signer_t,
    out_key: *mut *mut ssh_key_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, key, signer) = unsafe { (arg::out(out_key), arg::handle(public_key), arg::handle(signer)?) };
        // SAFETY: as above.
        let signer = unsafe { arg::options(signer)? };
        let holder = Arc::new(Later::new(UserData::new(signer.user_data, signer.destroy)));
        let (out, key) = (out?, key?);
        let Some(sign) = signer.sign else { return Err(invalid("sign of a signer must not be NULL")) };
        let patience_ms = match signer.timeout_ms {
            0 => PATIENCE_MS,
            SSH_WAIT_FOREVER.. => signer.timeout_ms,
            _ => return Err(invalid("timeout_ms of a signer is below SSH_WAIT_FOREVER (-1)")),
        };
        let public = key.public().clone();
        let held = CSigner { sign, patience_ms, public: public.clone(), holder };
        *out = ssh_key_t::give_private(PrivateKey::external(public, Arc::new(held)));
        Ok(())
    })
}

/// Returns the algorithm to sign with: "rsa-sha2-512" or "rsa-sha2-256" for RSA keys, the key's type for most others.
/// Borrowed result until the request is answered or freed; NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_sign_request_get_algorithm(request: *const ssh_sign_request_t) -> *const c_char {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(null(), || unsafe { request.as_ref() }.map(|request| request.algorithm.as_ptr()))
}

/// Returns what is to be signed, with its bytes in out_len. Borrowed result until the request is answered or freed; NULL for
/// NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_sign_request_get_data(
    request: *const ssh_sign_request_t,
    out_len: *mut usize,
) -> *const c_void {
    guard_value(null(), || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (len, request) = unsafe { (arg::opt_out(out_len)?, request.as_ref()?) };
        *len = request.data.len();
        Some(request.data.as_ptr().cast())
    })
}

/// Returns the public key to sign for. Borrowed result until the request is answered or freed; NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_sign_request_get_key(request: *const ssh_sign_request_t) -> *const ssh_key_t {
    // SAFETY: the C contract, see ffi/mod.rs.
    guard_value(null(), || unsafe { request.as_ref() }.map(|request| std::ptr::from_ref(&request.key)))
}

/// # Safety
/// `request` is NULL or the application's, which gives it up.
unsafe fn taken(request: *mut ssh_sign_request_t) -> Result<Box<ssh_sign_request_t>> {
    // SAFETY: passed on.
    unsafe { arg::handle(request.cast_const())? };
    // SAFETY: made by `CSigner::sign`, and given up by this function's contract.
    Ok(unsafe { Box::from_raw(request) })
}

/// Answers a request with a signature, and releases it. From any thread; allowed in the callback itself.
///
/// request: taken, also when the call fails.
/// signature_blob: copied; `string algorithm, string signature` (RFC 4253 section 6.6), as ssh_key_sign makes it.
/// Returns SSH_OK, also where nobody waits for the answer any more.
#[no_mangle]
pub unsafe extern "C" fn ssh_sign_request_answer(
    request: *mut ssh_sign_request_t,
    signature_blob: *const c_void,
    signature_blob_len: usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (request, blob) = unsafe { (taken(request)?, arg::bytes(signature_blob, signature_blob_len)?) };
        request.reply.give(Ok(blob.to_vec()));
        Ok(())
    })
}

/// Refuses a request, and releases it. From any thread; allowed in the callback itself.
///
/// request: taken, also when the call fails.
/// text: copied; why, for the error of whoever wanted the signature; may be NULL.
#[no_mangle]
pub unsafe extern "C" fn ssh_sign_request_refuse(
    request: *mut ssh_sign_request_t,
    text: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (request, text) = unsafe { (taken(request)?, arg::opt_text(text, "text")?) };
        let error = match text {
            Some(text) => {
                Error::new(ErrorKind::SignRefused, format!("the signer refused: {}", printable(text.as_bytes())))
            }
            None => Error::new(ErrorKind::SignRefused, "the signer refused"),
        };
        request.reply.give(Err(error));
        Ok(())
    })
}

/// Releases a request without an answer, which refuses it. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_sign_request_free(request: *mut ssh_sign_request_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(request) }
}
