//! The way out of a socket: whoever seals something writes it, and writes what others sealed meanwhile. What the
//! socket does not take waits for the poller's word.

use super::shared::Socket;
use super::sys;
use crate::proto::connection::Connection;
use std::io;
use std::os::fd::AsFd;

/// Capacity that may stay with an idle transport.
const IDLE_CAPACITY: usize = 2048;

/// Sealed bytes on their way to the socket.
#[derive(Default)]
pub(super) struct Output {
    /// Taken from the connection; the first `at` are written.
    bytes: Vec<u8>,
    at: usize,
    /// A thread is writing, without the lock.
    writing: bool,
    /// The socket takes no more; the poller says when it does.
    blocked: bool,
    /// It became writable while a thread was writing: that thread's "takes no more" may be older.
    edge: bool,
    /// Writing failed; nothing more is written.
    dead: Option<io::Error>,
    given_up: bool,
    /// Batches so far, and how many there were at the last look at the memory.
    batches: u64,
    seen: u64,
    /// Buffers are large enough to be given back when the transport is idle.
    large: bool,
}

/// Bytes one thread writes without the lock.
pub(super) struct Batch {
    bytes: Vec<u8>,
    at: usize,
}

impl Batch {
    /// Writes until everything is out or the socket takes no more (`Ok(false)`).
    pub(super) fn write_to(&mut self, socket: &Socket) -> io::Result<bool> {
        while let Some(rest) = self.rest() {
            match sys::send(socket.fd().as_fd(), rest) {
                Ok(n) => self.advance(n),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }

    /// What is not written yet; None when nothing is left.
    pub(super) fn rest(&self) -> Option<&[u8]> {
        self.bytes.get(self.at..).filter(|rest| !rest.is_empty())
    }

    /// So many bytes were written.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.bytes.len());
    }

    fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }
}

impl Output {
    /// What there is to write, if this thread is the one to do it.
    pub(super) fn begin(&mut self, conn: &mut Connection) -> Option<Batch> {
        if self.writing || self.blocked {
            return None;
        }
        if self.is_closed() {
            // Nobody will ever write it: it must not pile up.
            if conn.has_output() {
                conn.take_output(&mut Vec::new());
                conn.output_written(0);
            }
            return None;
        }
        if self.at >= self.bytes.len() {
            if !conn.has_output() {
                return None;
            }
            self.bytes.clear();
            self.at = 0;
            conn.take_output(&mut self.bytes);
        }
        self.writing = true;
        self.edge = false;
        self.batches = self.batches.wrapping_add(1);
        Some(Batch { bytes: std::mem::take(&mut self.bytes), at: self.at })
    }

    /// Notes how writing went. True if the connection was found broken just now.
    pub(super) fn finish(&mut self, batch: Batch, result: io::Result<bool>, conn: Option<&mut Connection>) -> bool {
        self.writing = false;
        let left = batch.left();
        self.at = batch.at;
        self.bytes = batch.bytes;
        self.large |= self.bytes.capacity() > IDLE_CAPACITY;
        let mut lost = false;
        match result {
            Ok(true) => {}
            Ok(false) => self.blocked = !std::mem::take(&mut self.edge),
            Err(error) => {
                lost = !self.is_closed();
                self.dead = Some(error);
            }
        }
        if self.is_closed() {
            self.drop_bytes();
        }
        if let Some(conn) = conn {
            conn.output_written(if self.is_closed() { 0 } else { left });
        }
        lost
    }

    /// The poller saw the socket writable.
    pub(super) fn socket_is_writable(&mut self) {
        self.blocked = false;
        if self.writing {
            self.edge = true;
        }
    }

    /// Whether something waits for the socket to take it.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked || self.writing
    }

    /// Whether nothing taken is left to write.
    pub(super) fn is_empty(&self) -> bool {
        !self.writing && self.at >= self.bytes.len()
    }

    /// Nothing more can or will be written.
    pub(super) fn is_closed(&self) -> bool {
        self.given_up || self.dead.is_some()
    }

    /// Nothing more will be written.
    pub(super) fn give_up(&mut self) {
        self.given_up = true;
        self.blocked = false;
        if !self.writing {
            self.drop_bytes();
        }
    }

    /// Why writing failed, once.
    pub(super) fn take_dead(&mut self) -> Option<io::Error> {
        let error = self.dead.take();
        self.given_up |= error.is_some();
        error
    }

    fn drop_bytes(&mut self) {
        self.bytes = Vec::new();
        self.at = 0;
    }

    /// Whether [`Output::trim`] is to be called in a while.
    pub(super) fn holds_memory(&self) -> bool {
        self.large
    }

    /// Gives buffers back if nothing was written since the last call; called about once a second.
    pub(super) fn trim(&mut self, conn: &mut Connection) {
        let active = self.batches != self.seen;
        self.seen = self.batches;
        if active || !self.is_empty() || conn.has_output() {
            return;
        }
        self.drop_bytes();
        // An empty vector is swapped in for the connection's own buffer.
        conn.take_output(&mut Vec::new());
        self.large = false;
    }
}
