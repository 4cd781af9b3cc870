//! Two-way bytes that wait with a deadline, whatever carries them, and a dialogue of requests and answers over them: what
//! an agent's client and server are made of.

use super::channel::{Channel, Recv};
use super::deadline::Deadline;
use super::lock::{Condvar, Mutex};
use super::sys;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::event::Stream;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// Bytes one read takes at most.
const READ: usize = 16 * 1024;

/// Bytes both ways.
pub trait Pipe: Send + Sync {
    /// Sends all of it. After a failure it is not known how much was sent.
    fn send_all(&self, data: &[u8], deadline: Deadline) -> Result<()>;
    /// Appends what has come, at least a byte; false at the peer's end. After `Timeout` nothing is lost.
    fn recv(&self, into: &mut Vec<u8>, deadline: Deadline) -> Result<bool>;
    /// Ends both directions and wakes who waits.
    fn close(&self);
    /// The descriptor below, once more; None where there is none.
    fn descriptor(&self) -> Option<OwnedFd> {
        None
    }
}

impl Pipe for Channel {
    fn send_all(&self, data: &[u8], deadline: Deadline) -> Result<()> {
        Channel::send_all(self, data, deadline).map_err(|(error, _)| error)
    }

    fn recv(&self, into: &mut Vec<u8>, deadline: Deadline) -> Result<bool> {
        let got = Channel::recv(self, Stream::Data, READ, &mut |bytes| into.extend_from_slice(bytes), deadline)?;
        Ok(got != Recv::Eof)
    }

    fn close(&self) {
        Channel::close(self);
    }
}

/// A connected stream socket on this machine.
#[derive(Debug)]
pub struct Local {
    fd: OwnedFd,
    /// Who made it: a forked child has a copy, whose shutting down would be everybody's.
    pid: u32,
}

impl Local {
    /// Connects to a Unix socket. Does not wait: such a connection is there at once or not at all, as where the agent has
    /// stopped taking them.
    ///
    /// Errors: `AgentUnavailable`.
    pub fn connect(path: &Path) -> Result<Self> {
        // The standard library's way waits as long as the agent's queue of connections is full.
        let stream = mio::net::UnixStream::connect(path).map(|stream| UnixStream::from(OwnedFd::from(stream)));
        // Whoever the socket is given away to expects one that waits.
        let stream = stream.and_then(|stream| stream.set_nonblocking(false).map(|()| stream)).map_err(|e| {
            let text = format!("no agent answers at {}: {e}", path.display().to_string().escape_debug());
            Error::new(ErrorKind::AgentUnavailable, text)
        })?;
        Self::new(stream.into())
    }

    /// Takes a connected stream socket. Its O_NONBLOCK stays as it is: other copies of it may be in use.
    ///
    /// Errors: `InvalidArgument` for anything else.
    pub fn new(fd: OwnedFd) -> Result<Self> {
        match sys::prepare_relayed(fd.as_fd()) {
            Ok(sys::FdKind::Socket) => Ok(Self { fd, pid: std::process::id() }),
            Ok(sys::FdKind::Other) => Err(Error::new(ErrorKind::InvalidArgument, "no stream socket")),
            Err(e) => Err(Error::new(ErrorKind::InvalidArgument, format!("no stream socket: {e}"))),
        }
    }

    fn wait(&self, write: bool, deadline: Deadline, missing: &str) -> Result<()> {
        match sys::wait_for(self.fd.as_fd(), write, deadline.remaining()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(deadline.error(missing)),
            Err(e) => Err(failed(&e)),
        }
    }
}

fn failed(error: &io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("the local socket failed: {error}"))
}

impl Pipe for Local {
    fn send_all(&self, mut data: &[u8], deadline: Deadline) -> Result<()> {
        while !data.is_empty() {
            match sys::send(self.fd.as_fd(), data) {
                Ok(sent) => data = data.get(sent..).unwrap_or_default(),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.wait(true, deadline, "the local socket took no data")?;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(failed(&e)),
            }
        }
        Ok(())
    }

    fn recv(&self, into: &mut Vec<u8>, deadline: Deadline) -> Result<bool> {
        let mut space = zeroize::Zeroizing::new([0; READ]);
        loop {
            match sys::recv(self.fd.as_fd(), space.as_mut_slice()) {
                Ok(got) => {
                    into.extend_from_slice(space.get(..got).unwrap_or_default());
                    return Ok(got > 0);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.wait(false, deadline, "no data came on the local socket")?;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(failed(&e)),
            }
        }
    }

    fn close(&self) {
        if self.pid == std::process::id() {
            sys::shutdown(self.fd.as_fd(), std::net::Shutdown::Both);
        }
    }

    fn descriptor(&self) -> Option<OwnedFd> {
        self.fd.try_clone().ok()
    }
}

/// A Unix socket that only this user can connect to.
pub struct Listener {
    socket: UnixListener,
}

impl Listener {
    /// Listens at a path where nothing is yet.
    ///
    /// Errors: `File`.
    pub fn bind(path: &Path) -> Result<Self> {
        let error = |e: &io::Error| {
            let text = format!("{}: cannot listen there: {e}", path.display().to_string().escape_debug());
            Error::new(ErrorKind::File, text)
        };
        Self::bind_within(path).map_err(|e| error(&e))
    }

    /// Made in a directory nobody else can enter and linked into place once its mode is set: the umask is the whole
    /// process's, and a socket that others can connect to must not exist for a moment.
    fn bind_within(path: &Path) -> io::Result<Self> {
        let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_os_string();
        let mut number = [0; 4];
        crate::crypto::rng::system_bytes(&mut number);
        name.push(format!(".{:08x}", u32::from_ne_bytes(number)));
        let folder = path.with_file_name(name);
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let inner = folder.join("s");
        let made = UnixListener::bind(&inner).and_then(|socket| {
            std::fs::set_permissions(&inner, std::fs::Permissions::from_mode(0o600))?;
            // Unlike a rename it takes nothing's place.
            std::fs::hard_link(&inner, path)?;
            socket.set_nonblocking(true)?;
            Ok(Self { socket })
        });
        let _ = std::fs::remove_file(&inner);
        let _ = std::fs::remove_dir(&folder);
        made
    }

    /// Waits for a connection; None once [`Listener::close`] was called.
    pub fn accept(&self) -> Option<Local> {
        loop {
            match self.socket.accept() {
                Ok((stream, _)) => {
                    // One that is gone already is no reason to stop.
                    if let Ok(local) = Local::new(stream.into()) {
                        return Some(local);
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    sys::wait_for(self.socket.as_fd(), false, None).ok()?;
                }
                Err(e) if matches!(e.kind(), io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted) => {}
                // EINVAL after the shutdown.
                Err(e) if e.raw_os_error() == Some(libc::EINVAL) => return None,
                // No descriptors left, for one: some will be given back.
                Err(_) => std::thread::sleep(std::time::Duration::from_millis(100)),
            }
        }
    }

    /// Ends the listening and wakes who waits.
    pub fn close(&self) {
        sys::shutdown(self.socket.as_fd(), std::net::Shutdown::Both);
    }
}

/// Finds the first whole message of what has come, and the bytes it takes with what frames it.
pub type Split = for<'a> fn(&'a [u8]) -> Result<Option<(&'a [u8], usize)>>;

/// Requests and their answers, in order, from any thread.
pub struct Dialogue {
    pipe: Box<dyn Pipe>,
    split: Split,
    /// Protects whose turn it is and what was read ahead. Nothing is locked under it, and nothing waits for the pipe.
    state: Mutex<State>,
    turn: Condvar,
}

#[derive(Default)]
struct State {
    /// Somebody is talking.
    busy: bool,
    /// Why nobody can any more.
    over: Option<Error>,
    read: Vec<u8>,
    /// Answers to requests whose askers gave up: they come first.
    owed: usize,
    /// Somebody else talks now.
    detached: bool,
}

impl Dialogue {
    /// Over a pipe; `split` says where an answer ends.
    #[must_use]
    pub fn new(pipe: Box<dyn Pipe>, split: Split) -> Self {
        Self { pipe, split, state: Mutex::default(), turn: Condvar::new() }
    }

    /// Sends a request and waits for its answer, which comes without what frames it. A deadline that passes while an
    /// answer is waited for leaves the dialogue usable: the answer is passed over when it comes.
    ///
    /// Errors: `Timeout`; `AgentUnavailable` once the other side has gone; what `split` finds wrong. But for `Timeout`
    /// they end the dialogue.
    pub fn ask(&self, request: &[u8], deadline: Deadline) -> Result<Vec<u8>> {
        let mut state = self.state.lock();
        while state.busy {
            match deadline.instant() {
                None => self.turn.wait(&mut state),
                Some(at) => {
                    if self.turn.wait_until(&mut state, at) && state.busy {
                        return Err(deadline.error("another request is not answered"));
                    }
                }
            }
        }
        if let Some(error) = &state.over {
            // The turn goes on: each who waits for it hears that there is none.
            self.turn.notify_one();
            return Err(error.clone());
        }
        state.busy = true;
        let (mut read, mut owed) = (std::mem::take(&mut state.read), state.owed);
        drop(state);
        let sent = self.pipe.send_all(request, deadline);
        // A part of a request may have been sent: nothing can follow it.
        let fatal = sent.is_err();
        let answer = sent.and_then(|()| {
            owed += 1;
            self.answer(&mut read, &mut owed, deadline)
        });
        let answer = answer.map_err(|error| match error.kind() {
            ErrorKind::Io => Error::new(ErrorKind::AgentUnavailable, format!("the agent has gone: {}", error.text())),
            _ => error,
        });
        let mut state = self.state.lock();
        (state.busy, state.read, state.owed) = (false, read, owed);
        if let Err(error) = &answer {
            if fatal || error.kind() != ErrorKind::Timeout {
                state.over = Some(error.clone());
                self.pipe.close();
            }
        }
        self.turn.notify_one();
        answer
    }

    /// Gives the descriptor below away, for whoever goes on with it. Nothing can be asked any more.
    ///
    /// Errors: `InvalidState` while an answer is owed, or where there is no descriptor.
    pub fn detach(&self) -> Result<OwnedFd> {
        let wrong = |text| Error::new(ErrorKind::InvalidState, text);
        let mut state = self.state.lock();
        if let Some(error) = &state.over {
            return Err(error.clone());
        }
        if state.busy || state.owed > 0 || !state.read.is_empty() {
            return Err(wrong("a request is not answered yet"));
        }
        let fd = self.pipe.descriptor().ok_or_else(|| wrong("there is no descriptor below"))?;
        state.detached = true;
        state.over = Some(wrong("the descriptor was given away"));
        Ok(fd)
    }

    fn answer(&self, read: &mut Vec<u8>, owed: &mut usize, deadline: Deadline) -> Result<Vec<u8>> {
        loop {
            while let Some((message, len)) = (self.split)(read)? {
                let message = message.to_vec();
                read.drain(..len);
                *owed = owed.saturating_sub(1);
                if *owed == 0 {
                    return Ok(message);
                }
            }
            if !self.pipe.recv(read, deadline)? {
                return Err(Error::new(ErrorKind::AgentUnavailable, "the agent closed the connection"));
            }
        }
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        if !self.state.lock().detached {
            self.pipe.close();
        }
    }
}
