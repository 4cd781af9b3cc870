//! C arguments made into Rust values, each checked once.

use super::types::{SSH_WAIT_DEFAULT, SSH_WAIT_FOREVER};
use crate::engine::Deadline;
use crate::error::{Error, ErrorKind, Result};
use std::ffi::{c_char, c_void, CStr};
use std::mem::MaybeUninit;

/// An argument this library refuses.
pub(super) fn invalid(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidArgument, text)
}

/// A value that is valid with all bytes zero.
pub(super) trait Zero: Copy {
    /// That value.
    const ZERO: Self;
}
macro_rules! zero {
    ($($t:ty = $v:expr),+) => { $(impl Zero for $t { const ZERO: Self = $v; })+ };
}
zero!(usize = 0, u32 = 0, u64 = 0, i32 = 0, i64 = 0, bool = false);
impl<T> Zero for *mut T {
    const ZERO: Self = std::ptr::null_mut();
}
impl<T> Zero for *const T {
    const ZERO: Self = std::ptr::null();
}

/// An output: zeroed here, before anything can fail.
///
/// # Safety
/// `p` is NULL or writable and unaliased for `'a`; it need not be initialised.
pub(super) unsafe fn out<'a, T: Zero>(p: *mut T) -> Result<&'a mut T> {
    // SAFETY: passed on.
    unsafe { opt_out(p) }.ok_or_else(|| {
        invalid("an output pointer is NULL")
            .helped_by("pass the address of a variable; a comment in sshrs.h names those that may be NULL")
    })
}

/// An output that may be NULL.
///
/// # Safety
/// As for [`out`].
pub(super) unsafe fn opt_out<'a, T: Zero>(p: *mut T) -> Option<&'a mut T> {
    if p.is_null() {
        return None;
    }
    // SAFETY: writable by this function's contract; written before a reference is made, so it is initialised by then.
    unsafe {
        p.write(T::ZERO);
        Some(&mut *p)
    }
}

/// Two outputs: both are zeroed even if one is NULL.
///
/// # Safety
/// As for [`out`].
pub(super) unsafe fn outs<'a, A: Zero, B: Zero>(a: *mut A, b: *mut B) -> Result<(&'a mut A, &'a mut B)> {
    // SAFETY: passed on.
    let (a, b) = unsafe { (out(a), out(b)) };
    Ok((a?, b?))
}

/// A handle, or a struct of the caller's.
///
/// # Safety
/// `p` is NULL or valid for reads for `'a`.
pub(super) unsafe fn handle<'a, T>(p: *const T) -> Result<&'a T> {
    // SAFETY: passed on.
    unsafe { p.as_ref() }.ok_or_else(|| {
        invalid("a handle is NULL").helped_by("check the status of the call that was to make the handle")
    })
}

/// Text that may be NULL.
///
/// # Safety
/// `p` is NULL or a NUL-terminated string that stays unchanged for `'a`.
pub(super) unsafe fn opt_text<'a>(p: *const c_char, what: &'static str) -> Result<Option<&'a str>> {
    // SAFETY: passed on.
    let Some(bytes) = (unsafe { opt_c_bytes(p) }) else { return Ok(None) };
    std::str::from_utf8(bytes).map(Some).map_err(|_| {
        invalid(format!("{what} is not UTF-8")).helped_by("names and texts are UTF-8, whatever the locale")
    })
}

/// Text.
///
/// # Safety
/// As for [`opt_text`].
pub(super) unsafe fn text<'a>(p: *const c_char, what: &'static str) -> Result<&'a str> {
    // SAFETY: passed on.
    unsafe { opt_text(p, what) }?.ok_or_else(|| invalid(format!("{what} is NULL")))
}

/// The bytes of a NUL-terminated string that need not be UTF-8.
///
/// # Safety
/// As for [`opt_text`].
pub(super) unsafe fn opt_c_bytes<'a>(p: *const c_char) -> Option<&'a [u8]> {
    if p.is_null() {
        return None;
    }
    // SAFETY: NUL-terminated by this function's contract.
    Some(unsafe { CStr::from_ptr(p) }.to_bytes())
}

/// Like [`opt_c_bytes`], NULL refused.
///
/// # Safety
/// As for [`opt_text`].
pub(super) unsafe fn c_bytes<'a>(p: *const c_char, what: &'static str) -> Result<&'a [u8]> {
    // SAFETY: passed on.
    unsafe { opt_c_bytes(p) }.ok_or_else(|| invalid(format!("{what} is NULL")))
}

fn check_len(is_null: bool, len: usize) -> Result<()> {
    if is_null && len != 0 {
        return Err(invalid("a pointer is NULL but its length is not 0"));
    }
    // No object is larger; a larger length is a negative number on its way through a size_t.
    if isize::try_from(len).is_err() {
        return Err(invalid("a length is above the largest object size"));
    }
    Ok(())
}

/// Bytes; NULL with length 0 is empty.
///
/// # Safety
/// `p` is NULL or valid for reads of `len` bytes that stay unchanged for `'a`.
pub(super) unsafe fn bytes<'a>(p: *const c_void, len: usize) -> Result<&'a [u8]> {
    check_len(p.is_null(), len)?;
    if p.is_null() {
        return Ok(&[]);
    }
    // SAFETY: valid by this function's contract, and `len` was checked.
    Ok(unsafe { std::slice::from_raw_parts(p.cast(), len) })
}

/// Elements of an array that are taken at most: more are a length that went wrong.
const MAX_ELEMENTS: usize = 1 << 16;

/// The elements of an array of a caller's; NULL with length 0 is empty.
///
/// # Safety
/// `p` is NULL or points to `len` elements that stay unchanged for `'a`.
pub(super) unsafe fn elements<'a, T>(p: *const T, len: usize, what: &str) -> Result<&'a [T]> {
    match (p.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(invalid(format!("{what} is NULL and its length is not 0"))),
        (false, MAX_ELEMENTS..) => Err(invalid(format!("{what} has more elements than anything here may have"))),
        // SAFETY: by this function's contract.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(p, len) }),
    }
}

/// A C buffer, write-only because C buffers are not initialised.
pub(super) struct OutBytes<'a> {
    space: &'a mut [MaybeUninit<u8>],
    len: usize,
}

impl OutBytes<'_> {
    /// Bytes that still fit.
    pub(super) fn room(&self) -> usize {
        self.space.len().saturating_sub(self.len)
    }

    /// Appends what fits; callers ask for no more than [`Self::room`].
    pub(super) fn push(&mut self, data: &[u8]) {
        if let Some(space) = self.space.get_mut(self.len..) {
            for (to, from) in space.iter_mut().zip(data) {
                to.write(*from);
            }
            self.len += data.len().min(space.len());
        }
    }
}

/// A buffer to fill. Length 0 is refused: a read of nothing could not be told from one that waits.
///
/// # Safety
/// `p` is NULL or valid for writes of `len` bytes for `'a`.
pub(super) unsafe fn out_bytes<'a>(p: *mut c_void, len: usize) -> Result<OutBytes<'a>> {
    check_len(p.is_null(), len)?;
    if len == 0 {
        return Err(invalid("the buffer has length 0"));
    }
    // SAFETY: valid for writes by this function's contract; MaybeUninit asks for no initialisation.
    Ok(OutBytes { space: unsafe { std::slice::from_raw_parts_mut(p.cast(), len) }, len: 0 })
}

/// A caller's struct that begins with its size and only ever grew: what the caller's version lacks is zero.
///
/// # Safety
/// Implemented only for `repr(C)` structs whose first field is `size: usize` and for which all-zero bytes are valid.
pub(super) unsafe trait Sized0: Copy {
    /// Size of the first published version.
    const FIRST: usize;
}

/// Copies a struct of options; NULL is all defaults.
///
/// # Safety
/// `p` is NULL or points to a struct that is as long as its first field says.
pub(super) unsafe fn options<T: Sized0>(p: *const T) -> Result<T> {
    let mut copy = MaybeUninit::<T>::zeroed();
    if !p.is_null() {
        // SAFETY: the first field is the size, by T's contract.
        let size = unsafe { p.cast::<usize>().read() };
        if size < T::FIRST || size > 4096 {
            return Err(invalid("the size field of a struct is wrong: initialise it with its _INIT macro"));
        }
        let known = size.min(std::mem::size_of::<T>());
        // SAFETY: `size` bytes are readable by this function's contract, `known` fits both sides.
        let rest = unsafe {
            std::ptr::copy_nonoverlapping(p.cast::<u8>(), copy.as_mut_ptr().cast::<u8>(), known);
            std::slice::from_raw_parts(p.cast::<u8>().add(known), size - known)
        };
        // An option this version does not know must not be ignored silently.
        if rest.iter().any(|&b| b != 0) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "an option struct sets fields that this version of the library does not have",
            ));
        }
    }
    // SAFETY: zeroed and then partly overwritten with a valid prefix; both are valid by T's contract.
    Ok(unsafe { copy.assume_init() })
}

/// A deadline; `default_ms` stands for `SSH_WAIT_DEFAULT`.
pub(super) fn deadline(timeout_ms: i64, default_ms: i64) -> Result<Deadline> {
    match timeout_ms {
        SSH_WAIT_DEFAULT => Ok(Deadline::after_ms(default_ms)),
        SSH_WAIT_FOREVER.. => Ok(Deadline::after_ms(timeout_ms)),
        _ => Err(invalid("timeout_ms is below SSH_WAIT_DEFAULT (-2)")
            .helped_by("use milliseconds, SSH_WAIT_FOREVER or SSH_WAIT_DEFAULT")),
    }
}

/// A port number.
pub(super) fn port(number: u32, what: &'static str) -> Result<u16> {
    u16::try_from(number).map_err(|_| invalid(format!("{what} is above 65535")))
}

#[cfg(test)]
mod tests {
    use super::super::types::ssh_transport_options_t;
    use super::*;

    #[test]
    fn outputs_are_zeroed_although_a_later_one_is_null() {
        let mut len = 7usize;
        // SAFETY: NULL or a local.
        let result = unsafe { outs(&mut len, std::ptr::null_mut::<u32>()) };
        assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(len, 0);
    }

    #[test]
    fn lengths_and_time_outs_are_checked() {
        // SAFETY: NULL is allowed; the length of the other is refused before it is read.
        unsafe {
            assert!(bytes(std::ptr::null(), 0).unwrap().is_empty());
            assert!(bytes(std::ptr::null(), 1).is_err());
            assert!(bytes([0u8].as_ptr().cast(), usize::MAX).is_err());
        }
        assert!(deadline(-3, -1).is_err());
        assert!(deadline(i64::MAX, -1).is_ok());
        assert!(port(65_536, "port").is_err());
    }

    #[test]
    fn structs_of_other_versions_are_taken_if_nothing_is_lost() {
        #[repr(C)]
        struct Later {
            now: ssh_transport_options_t,
            more: u64,
        }
        // SAFETY: all-zero is valid for this struct; sizes are as stored.
        unsafe {
            let mut later: Later = std::mem::zeroed();
            later.now.size = std::mem::size_of::<Later>();
            later.now.window = 5;
            let p: *const Later = &later;
            assert_eq!(options::<ssh_transport_options_t>(p.cast()).unwrap().window, 5);
            later.more = 1;
            let p: *const Later = &later;
            assert_eq!(options::<ssh_transport_options_t>(p.cast()).err().unwrap().kind(), ErrorKind::Unsupported);
            later.now.size = 0;
            assert!(options::<ssh_transport_options_t>(std::ptr::from_ref(&later).cast()).is_err());
        }
    }
}
