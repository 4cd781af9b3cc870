//! A descriptor, or two, as one side of a relay: sockets, pipes, terminals, files.

use super::pump::{Discard, End, Life, Read, Ready, Write, CHUNK};
use super::worker::{tokens, WorkerHandle};
use crate::engine::sys::{self, FdKind};
use crate::error::{Error, ErrorKind, Result};
use mio::unix::SourceFd;
use mio::{Interest, Token};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;

/// A descriptor in a worker's poll; out of it, and closed, when dropped.
struct Watched {
    fd: OwnedFd,
    kind: FdKind,
    /// Bytes it takes in one write without waiting, once it polls writable.
    most: usize,
    /// None where the system reports no readiness, because a read or write of it never waits long.
    worker: Option<Arc<WorkerHandle>>,
}

impl Watched {
    fn new(fd: OwnedFd, worker: &Arc<WorkerHandle>, token: Token, interest: Interest) -> io::Result<Self> {
        let reopened = sys::reopen_terminal(fd.as_fd());
        let is_own = reopened.is_some();
        let fd = reopened.unwrap_or(fd);
        let kind = sys::prepare_relayed(fd.as_fd())?;
        let worker = match worker.registry().register(&mut SourceFd(&fd.as_raw_fd()), token, interest) {
            Ok(()) => Some(Arc::clone(worker)),
            // Regular files, and devices like /dev/null (epoll_ctl(2)).
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => None,
            Err(e) => return Err(e),
        };
        let most = match kind {
            FdKind::Other if is_own || worker.is_none() => usize::MAX,
            FdKind::Other if sys::is_terminal(fd.as_fd()) => 1,
            FdKind::Other => sys::PIPE_BUF,
            FdKind::Socket => usize::MAX,
        };
        Ok(Self { fd, kind, most, worker })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(worker) = &self.worker {
            let _ = worker.registry().deregister(&mut SourceFd(&self.fd.as_raw_fd()));
        }
    }
}

/// What is read from and written to; the same thing twice for a socket. Each is let go when its direction is done.
pub(super) struct DescriptorEnd {
    read: Option<Arc<Watched>>,
    write: Option<Arc<Watched>>,
    /// They may have something to give, and to take; edge-triggered readiness says when that begins.
    readable: bool,
    writable: bool,
    /// Nothing can be written any more.
    deaf: bool,
}

impl Drop for DescriptorEnd {
    fn drop(&mut self) {
        // Closing alone would leave the connection open where a forked child has a copy of the descriptor.
        for watched in [&self.read, &self.write].into_iter().flatten() {
            if watched.kind == FdKind::Socket {
                sys::shutdown(watched.fd.as_fd(), std::net::Shutdown::Both);
            }
        }
    }
}

fn failed(error: &io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("a relayed descriptor failed: {error}"))
}

impl DescriptorEnd {
    /// Takes the descriptors, also on failure; without `write`, `read` serves both ways. What happens to them is told to
    /// the relay `id`.
    pub(super) fn new(read: OwnedFd, write: Option<OwnedFd>, worker: &Arc<WorkerHandle>, id: usize) -> Result<Self> {
        let (reading, writing, both) = tokens(id);
        let watch = |fd, token, interest| Watched::new(fd, worker, token, interest).map(Arc::new);
        let made = match write {
            None => watch(read, both, Interest::READABLE | Interest::WRITABLE).map(|both| (Arc::clone(&both), both)),
            Some(write) => watch(read, reading, Interest::READABLE)
                .and_then(|read| Ok((read, watch(write, writing, Interest::WRITABLE)?))),
        };
        let (read, write) = made.map_err(|e| match e.kind() {
            io::ErrorKind::InvalidInput => Error::new(ErrorKind::InvalidArgument, "a relay takes stream sockets only"),
            _ => failed(&e),
        })?;
        Ok(Self { read: Some(read), write: Some(write), readable: true, writable: true, deaf: false })
    }

    /// Whether what was written to the socket is still on its way.
    fn is_unsent(&self) -> bool {
        !self.deaf
            && (self.write.is_some() || self.read.as_ref().is_some_and(|watched| sys::is_unsent(watched.fd.as_fd())))
    }

    fn is_one(&self) -> bool {
        matches!((&self.read, &self.write), (Some(read), Some(write)) if Arc::ptr_eq(read, write))
    }
}

impl End for DescriptorEnd {
    fn read(&mut self, into: &mut [u8]) -> Result<Read> {
        let Some(watched) = &self.read else { return Ok(Read::End) };
        if !self.readable {
            return Ok(Read::Nothing);
        }
        loop {
            match sys::read_now(watched.fd.as_fd(), watched.kind, into) {
                Ok(0) => return Ok(Read::End),
                Ok(n) => return Ok(Read::Data(n)),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.readable = false;
                    return Ok(Read::Nothing);
                }
                Err(e) => {
                    // A socket that was reset takes nothing either; a write would say so, but none may be due.
                    self.deaf |= self.is_one();
                    return Err(failed(&e));
                }
            }
        }
    }

    fn write(&mut self, data: &[u8]) -> Result<Write> {
        let Some(watched) = &self.write else { return Ok(Write::Refused) };
        if !self.writable {
            return Ok(Write::Full);
        }
        let data = data.get(..watched.most).unwrap_or(data);
        loop {
            match sys::write_now(watched.fd.as_fd(), watched.kind, data) {
                Ok(0) => return Err(failed(&io::ErrorKind::WriteZero.into())),
                Ok(n) => return Ok(Write::Took(n)),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.writable = false;
                    return Ok(Write::Full);
                }
                Err(e) => {
                    self.deaf = true;
                    return match e.kind() {
                        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Ok(Write::Refused),
                        _ => Err(failed(&e)),
                    };
                }
            }
        }
    }

    fn end_write(&mut self) {
        if let Some(watched) = self.write.take() {
            if watched.kind == FdKind::Socket {
                sys::shutdown(watched.fd.as_fd(), std::net::Shutdown::Write);
            }
        }
    }

    fn end_read(&mut self) {
        // Whoever writes to a pipe learns of it; a socket stays, see `discard`.
        self.read = self.read.take().filter(|watched| watched.kind == FdKind::Socket);
    }

    fn discard(&mut self, scratch: &mut [u8]) -> Discard {
        // TCP answers what comes to a closed socket, or was not read from it, by resetting the connection, and forgets
        // what it has yet to send: the last that was written to it could be lost.
        let mut left = 4 * CHUNK;
        while left > 0 {
            match self.read(scratch) {
                Ok(Read::Data(n)) => left = left.saturating_sub(n),
                Ok(Read::Nothing) if self.is_unsent() => return Discard::Wait,
                Ok(_) | Err(_) => return Discard::Over,
            }
        }
        Discard::More
    }

    fn life(&mut self) -> Life {
        if self.deaf {
            Life::Deaf
        } else {
            Life::Open
        }
    }

    fn ready(&mut self, what: Ready) {
        self.readable |= what.readable;
        self.writable |= what.writable;
        self.deaf |= what.deaf;
    }
}
