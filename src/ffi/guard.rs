//! The one panic boundary and the one place where errors become status codes.

use super::exception;
use super::types::ssh_status_t;
use crate::error::{Error, ErrorKind, Result};
use std::panic::{catch_unwind, AssertUnwindSafe};

/// What a call that did not fail reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// SSH_OK
    Ok,
    /// SSH_EOF
    Eof,
    /// SSH_PARTIAL
    Partial,
    /// SSH_PENDING
    Pending,
}

impl Status {
    const fn code(self) -> ssh_status_t {
        match self {
            Self::Ok => super::types::SSH_OK,
            Self::Eof => super::types::SSH_EOF,
            Self::Partial => super::types::SSH_PARTIAL,
            Self::Pending => super::types::SSH_PENDING,
        }
    }
}

/// Runs one exported function's body. A panic becomes `SSH_ERR_INTERNAL`; it never unwinds into C.
pub(super) fn guard(body: impl FnOnce() -> Result<Status>) -> ssh_status_t {
    // AssertUnwindSafe: after a panic the transport is poisoned and refuses every further call.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(status)) => status.code(),
        Ok(Err(error)) => exception::store(error),
        Err(_) => exception::store(Error::new(ErrorKind::Internal, "a panic was caught at the C border")),
    }
}

/// Like [`guard`] for a body without a status of its own.
pub(super) fn guard_unit(body: impl FnOnce() -> Result<()>) -> ssh_status_t {
    guard(|| body().map(|()| Status::Ok))
}

/// For functions that return a value rather than a status: `fallback` where the body fails or panics.
pub(super) fn guard_value<T>(fallback: T, body: impl FnOnce() -> Option<T>) -> T {
    catch_unwind(AssertUnwindSafe(body)).ok().flatten().unwrap_or(fallback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status() {
        assert_eq!(guard(|| panic!("provoked")), ErrorKind::Internal.code());
        assert_eq!(exception::take_last().unwrap().kind(), ErrorKind::Internal);
        assert_eq!(guard_value(7, || panic!("provoked")), 7);
    }
}
