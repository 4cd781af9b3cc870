//! Signatures by keys that are held elsewhere: whoever waits for one has a deadline, whatever its holder does.

use super::deadline::Deadline;
use super::lock::Mutex;
use super::runtime::Runtime;
use super::shared::Shared;
use crate::crypto::hostkey::PrivateKey;
use crate::error::{Error, ErrorKind, Result, Stage};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

/// Runs `task` on a thread of the process's pool, soon; it may block. Destructors of an application's objects run like
/// that too, because what holds them may be dropped under a lock.
///
/// Errors: `ResourceLimit` where no thread can be made; the task runs once one can.
pub fn run_on_pool(task: impl FnOnce() + Send + 'static) -> Result<()> {
    Runtime::get().pool.spawn(Box::new(task))
}

/// Signs for a transport, on the calling thread where the key is in this process. Else its holder is asked on a thread
/// of the pool, which stays with the holder when the wait ends before: at the deadline, or with the transport.
pub(super) fn sign(
    shared: &Arc<Shared>,
    key: &PrivateKey,
    algorithm: &'static str,
    data: Vec<u8>,
    deadline: Deadline,
) -> Result<Vec<u8>> {
    if !key.is_external() {
        return key.sign(algorithm, &data);
    }
    // Protects the place of the result. Taken under the transport's lock; nothing is locked under it.
    let place: Arc<Mutex<Option<Result<Vec<u8>>>>> = Arc::default();
    let (key, owner, result) = (key.clone(), Arc::clone(shared), Arc::clone(&place));
    run_on_pool(move || {
        let signed = catch_unwind(AssertUnwindSafe(|| key.sign(algorithm, &data)));
        *result.lock() = Some(signed.unwrap_or_else(|_| Err(ErrorKind::Internal.into())));
        // The key goes first: its last use may run the application's code.
        drop(key);
        if let Ok(_core) = owner.lock() {
            owner.changed.notify_all();
        }
    })?;
    let mut core = shared.lock()?;
    let bound = deadline.earlier(Deadline::after(core.options.config.auth_timeout));
    let bound = if core.options.config.auth_timeout.is_zero() { deadline } else { bound };
    let answer = core.wait_changed(bound, |core| {
        let signed = place.lock().take();
        signed.or_else(|| core.error.clone().map(Err))
    });
    answer.unwrap_or_else(|| Err(unanswered(bound))).map_err(|error| error.at(Stage::Auth))
}

fn unanswered(bound: Deadline) -> Error {
    bound.error("the key's holder did not sign")
}
