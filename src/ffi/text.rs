//! Text and bytes handed to C. They live in malloc's memory, so that releasing them needs no length.

use crate::error::{Error, ErrorKind, Result};
use std::ffi::{c_char, CString};

/// Makes text safe for a terminal and for C: control characters, NUL among them, are escaped.
pub(super) fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Newline and tab stay: they structure multi-line texts and move no cursor backwards.
        if c.is_control() && c != '\n' && c != '\t' {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// [`safe`] text as a C string.
pub(super) fn c_string(text: &str) -> CString {
    // `safe` leaves no NUL, so the fallback is never taken.
    CString::new(safe(text)).unwrap_or_default()
}

/// Copies bytes into malloc's memory with a NUL behind them.
pub(super) fn give_bytes(bytes: &[u8]) -> Result<*mut u8> {
    let full = || Error::new(ErrorKind::ResourceLimit, "out of memory");
    let size = bytes.len().checked_add(1).ok_or_else(full)?;
    // SAFETY: malloc takes any size.
    let p = unsafe { libc::malloc(size) }.cast::<u8>();
    if p.is_null() {
        return Err(full());
    }
    // SAFETY: `p` has room for the bytes and the NUL, and is fresh.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), p, bytes.len());
        p.add(bytes.len()).write(0);
    }
    Ok(p)
}

/// Owned text for C, made [`safe`].
pub(super) fn give(text: &str) -> Result<*mut c_char> {
    give_bytes(safe(text).as_bytes()).map(<*mut u8>::cast)
}

/// Releases text the library returned. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_string_free(string: *mut c_char) {
    // SAFETY: NULL, or from `give`, by the C contract.
    unsafe { libc::free(string.cast()) }
}

/// Releases bytes the library returned. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_bytes_free(bytes: *mut u8) {
    // SAFETY: NULL, or from `give_bytes`, by the C contract.
    unsafe { libc::free(bytes.cast()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_reach_a_terminal() {
        assert_eq!(safe("a\u{1b}[2J\u{0}\u{9b}ä\n"), "a\\u{1b}[2J\\u{0}\\u{9b}ä\n");
    }
}
