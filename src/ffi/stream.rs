//! What C lends for longer than a call: `user_data`, and byte streams.

use super::types::{ssh_destroy_cb_t, ssh_stream_t, SSH_WAIT_FOREVER};
use crate::engine::ByteStream;
use crate::error::Result;
use std::ffi::c_void;
use std::io;

/// A C callback's `void *`, taken from the caller: `destroy` runs exactly once, when the last call is over.
pub(super) struct UserData {
    pointer: *mut c_void,
    destroy: ssh_destroy_cb_t,
}

// SAFETY: the header tells callers that user_data is used and destroyed on the library's threads.
unsafe impl Send for UserData {}
// SAFETY: likewise, and several at once where the callback's type says so.
unsafe impl Sync for UserData {}

impl UserData {
    pub(super) fn new(pointer: *mut c_void, destroy: ssh_destroy_cb_t) -> Self {
        Self { pointer, destroy }
    }

    pub(super) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: `pointer` came with `destroy` in one call and is not used again.
            unsafe { destroy(self.pointer) }
        }
    }
}

/// A caller's stream as the engine wants it.
pub(super) struct CStream {
    data: UserData,
    send: unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> i64,
    recv: unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> i64,
    close: unsafe extern "C" fn(*mut c_void),
}

impl CStream {
    /// Checks the struct; `data` is released if it is refused.
    pub(super) fn new(stream: &ssh_stream_t, data: UserData) -> Result<Self> {
        let (Some(send), Some(recv), Some(close)) = (stream.send, stream.recv, stream.close) else {
            return Err(super::arg::invalid("send, recv and close of a stream must not be NULL"));
        };
        if let Some(settimeout) = stream.settimeout {
            // SAFETY: function and user_data came in one struct.
            unsafe { settimeout(data.pointer(), SSH_WAIT_FOREVER) }
        }
        Ok(Self { data, send, recv, close })
    }
}

/// A callback's count, checked against what was asked for.
fn count(returned: i64, asked: usize, what: &str) -> io::Result<usize> {
    if returned < 0 {
        return Err(io::Error::other(format!("the stream's {what} failed with {returned}")));
    }
    usize::try_from(returned).ok().filter(|&n| n <= asked).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, format!("the stream's {what} returned {returned} of {asked} bytes"))
    })
}

impl ByteStream for CStream {
    fn send(&self, data: &[u8]) -> io::Result<usize> {
        // SAFETY: function and user_data came in one struct; the bytes are valid during the call.
        let n = unsafe { (self.send)(self.data.pointer(), data.as_ptr().cast(), data.len()) };
        count(n, data.len(), "send")
    }

    fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        // SAFETY: likewise; `buf` is writable for its length.
        let n = unsafe { (self.recv)(self.data.pointer(), buf.as_mut_ptr().cast(), buf.len()) };
        count(n, buf.len(), "recv")
    }

    fn close(&self) {
        // SAFETY: likewise.
        unsafe { (self.close)(self.data.pointer()) }
    }

    fn peer(&self) -> Option<(String, u16)> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_a_stream_cannot_have_moved_are_refused() {
        assert_eq!(count(3, 4, "recv").unwrap(), 3);
        assert_eq!(count(5, 4, "recv").unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(count(-1, 4, "send").is_err());
    }
}
