//! Transports over something other than a socket: the application's stream, or a channel of another transport. Such a
//! stream may block, so it gets a thread for each direction.

use super::channel::Channel;
use super::deadline::Deadline;
use super::lock::Condvar;
use super::reader::{Reader, Step};
use super::runtime::Runtime;
use super::shared::Shared;
use super::writer::Batch;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::event::Stream;
use crate::proto::packet_in::MAX_PACKET;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// A reliable, ordered byte stream of the application's. Every method may block, and may be called from several
/// threads at once: `send` from one, `recv` from another, `close` from a third.
pub trait ByteStream: Send + Sync {
    /// Sends some of `data`, at least one byte; returns how many.
    fn send(&self, data: &[u8]) -> io::Result<usize>;
    /// Receives at least one byte; 0 is the end of the stream.
    fn recv(&self, into: &mut [u8]) -> io::Result<usize>;
    /// Ends the stream and makes `send` and `recv` that wait return. Called once.
    fn close(&self);
    /// The peer's address, where there is one.
    fn peer(&self) -> Option<(String, u16)> {
        None
    }
}

/// Asked of the stream in one read.
const READ: usize = 64 * 1024;

/// A stream and those who wait for it.
pub(super) struct StreamIo {
    stream: Box<dyn ByteStream>,
    /// The writer thread waits here, with the transport's lock.
    output: Condvar,
    /// The reader thread waits here while input is held, with the transport's lock.
    input: Condvar,
    closed: AtomicBool,
}

impl StreamIo {
    pub(super) fn new(stream: Box<dyn ByteStream>) -> Self {
        Self { stream, output: Condvar::new(), input: Condvar::new(), closed: AtomicBool::new(false) }
    }

    /// There is something to write. Called under the transport's lock.
    pub(super) fn output_waits(&self) {
        self.output.notify_one();
    }

    /// Input is wanted again. Called under the transport's lock.
    pub(super) fn resume_input(&self) {
        self.input.notify_one();
    }

    /// The transport is over. Called under the transport's lock, so the stream itself is closed on the pool.
    pub(super) fn end(self: &Arc<Self>, runtime: &Runtime) {
        self.output.notify_all();
        self.input.notify_all();
        let stream = Arc::clone(self);
        // Without a thread to be had the stream closes with its last user.
        let _ = runtime.pool.spawn(Box::new(move || stream.close()));
    }

    pub(super) fn close(&self) {
        if !self.closed.swap(true, Ordering::SeqCst) {
            self.stream.close();
        }
    }

    /// Starts both threads.
    pub(super) fn start(self: &Arc<Self>, shared: &Arc<Shared>, reader: Reader) -> Result<()> {
        let make = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let failed = |e: io::Error| Error::new(ErrorKind::ResourceLimit, format!("no thread for a stream: {e}"));
        let (io, owner) = (Arc::clone(self), Arc::clone(shared));
        make("sshrs-stream-in").spawn(move || io.read_all(&owner, reader)).map_err(failed)?;
        let (io, owner) = (Arc::clone(self), Arc::clone(shared));
        make("sshrs-stream-out").spawn(move || io.write_all(&owner)).map_err(failed)?;
        Ok(())
    }

    fn read_all(&self, shared: &Arc<Shared>, mut reader: Reader) {
        let mut buffer = vec![0; MAX_PACKET + READ];
        let mut filled = 0;
        loop {
            let Some(room) = buffer.get_mut(filled..filled + READ) else { return };
            match self.stream.recv(room) {
                Ok(0) => return shared.input_over(Ok(())),
                Ok(n) => filled += n.min(READ),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return shared.input_over(Err(e)),
            }
            loop {
                let Some(bytes) = buffer.get_mut(..filled) else { return };
                let (used, step) = reader.take(shared, bytes);
                buffer.copy_within(used..filled, 0);
                filled -= used;
                match step {
                    Step::More => break,
                    Step::Ended => return,
                    Step::Held => {
                        let Ok(mut core) = shared.lock() else { return };
                        core.wait(&self.input, Deadline::never(), |core| (!core.input_held).then_some(()));
                    }
                }
            }
        }
    }

    fn write_all(&self, shared: &Arc<Shared>) {
        loop {
            let Ok(mut core) = shared.lock() else { return };
            let batch = core.wait(&self.output, Deadline::never(), |core| {
                if core.io.is_none() {
                    return Some(None);
                }
                let Some(conn) = &mut core.conn else { return Some(None) };
                core.out.begin(conn).map(Some)
            });
            drop(core);
            let Some(Some(mut batch)) = batch else { return };
            let result = batch.write_with(|rest| self.stream.send(rest));
            let failed = result.as_ref().err().map(io::Error::kind);
            let Ok(mut core) = shared.lock() else { return };
            let core = &mut *core;
            core.out.finish(batch, result, core.conn.as_mut());
            if let (Some(kind), Ok(conn)) = (failed, core.live()) {
                let error = Error::new(ErrorKind::Io, format!("the stream failed: {}", io::Error::from(kind)));
                conn.handle_error(std::time::Instant::now(), error);
            }
        }
    }
}

impl Batch {
    /// Writes everything with a function that may block.
    fn write_with(&mut self, mut send: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<bool> {
        while let Some(rest) = self.rest() {
            match send(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => self.advance(n),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }
}

/// A channel as another transport's stream: jump hosts.
pub(super) struct ChannelStream(pub Channel);

impl ByteStream for ChannelStream {
    fn send(&self, data: &[u8]) -> io::Result<usize> {
        self.0.send(data, Deadline::never()).map_err(io::Error::other)
    }

    fn recv(&self, into: &mut [u8]) -> io::Result<usize> {
        let (mut at, max) = (0, into.len());
        let mut sink = |bytes: &[u8]| {
            if let Some(room) = into.get_mut(at..at + bytes.len()) {
                room.copy_from_slice(bytes);
            }
            at += bytes.len();
        };
        match self.0.recv(Stream::Data, max, &mut sink, Deadline::never()) {
            Ok(super::channel::Recv::Data(n)) => Ok(n),
            Ok(super::channel::Recv::Eof) => Ok(0),
            Err(e) => Err(io::Error::other(e)),
        }
    }

    fn close(&self) {
        self.0.close();
    }

    fn peer(&self) -> Option<(String, u16)> {
        self.0.origin()
    }
}
