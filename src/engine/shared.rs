//! What a transport's handles, its channels' handles, its poller and its hooks share: one lock around the protocol
//! core, and what happens each time that lock is given back.

use super::core::{After, Core};
use super::deadline::Deadline;
use super::lock::{Condvar, Mutex, MutexGuard};
use super::poller::{Command, PollerHandle};
use super::pool::Strand;
use super::runtime::Runtime;
use super::stream::StreamIo;
use super::{log, sys};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::kex::{KexJob, KexJobDone};
use once_cell::sync::OnceCell;
use std::io;
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::Arc;
use std::time::Instant;

/// A connected socket; closed when the last thread using it lets go, so that its number is never another file's.
pub(super) struct Socket(OwnedFd);

impl Socket {
    pub(super) fn new(fd: OwnedFd) -> Self {
        Self(fd)
    }

    pub(super) fn fd(&self) -> &OwnedFd {
        &self.0
    }
}

/// What carries the bytes.
#[derive(Clone)]
pub(super) enum Io {
    /// A socket, read by a poller.
    Socket(Arc<Socket>),
    /// The caller's stream, with threads of its own.
    Stream(Arc<StreamIo>),
}

/// Where a started transport is served.
pub(super) struct Home {
    pub runtime: &'static Runtime,
    pub poller: Arc<PollerHandle>,
    pub token: usize,
}

/// A transport's shared state.
pub(super) struct Shared {
    /// Protects the protocol core and everything that must change together with it. Never held across a call into C,
    /// a blocking system call, a join, or work on keys. Leaves that may be taken under it: an `Event`'s lock, a
    /// `Strand`'s, the pool's, a readiness queue's.
    core: Mutex<Core>,
    /// Notified, with `core`'s lock, for what concerns the transport rather than one channel.
    pub(super) changed: Condvar,
    /// Set at the start.
    pub(super) home: OnceCell<Home>,
    /// This process is a child that gave the session up.
    forked: AtomicBool,
    /// The socket's number for `atfork`, which may take no lock; -1 when there is none.
    raw_fd: AtomicI32,
    /// A write is under way or waits for the socket: the poller reports writability.
    wants_writable: AtomicBool,
    /// The error `ssh_get_exception` takes. A leaf.
    exception: Mutex<Option<Error>>,
    /// Name in log lines. A leaf.
    log_name: Mutex<Arc<str>>,
    /// The peer's address.
    pub(super) peer: (String, u16),
    /// What [`Shared::without_waiting`] has put off.
    put_off: Strand,
}

impl Shared {
    pub(super) fn new(core: Core, peer: (String, u16)) -> Arc<Self> {
        let raw_fd = match &core.io {
            Some(Io::Socket(socket)) => socket.fd().as_raw_fd(),
            _ => -1,
        };
        Arc::new(Self {
            core: Mutex::new(core),
            changed: Condvar::new(),
            home: OnceCell::new(),
            forked: AtomicBool::new(false),
            raw_fd: AtomicI32::new(raw_fd),
            wants_writable: AtomicBool::new(false),
            exception: Mutex::new(None),
            log_name: Mutex::new("sshrs.transport".into()),
            peer,
            put_off: Strand::default(),
        })
    }

    /// Takes the lock. Fails only in a child that gave the session up.
    pub(super) fn lock(self: &Arc<Self>) -> Result<Locked<'_>> {
        if self.is_forked() {
            return Err(ErrorKind::Forked.into());
        }
        Ok(self.locked(self.core.lock()))
    }

    /// Looks at the state without changing it, so that nothing is to be done when the lock is given back. None in a child
    /// that gave the session up.
    pub(super) fn look<R>(&self, look: impl FnOnce(&Core) -> R) -> Option<R> {
        (!self.is_forked()).then(|| look(&self.core.lock()))
    }

    fn locked<'a>(self: &'a Arc<Self>, guard: MutexGuard<'a, Core>) -> Locked<'a> {
        Locked { shared: self, guard, was_panicking: std::thread::panicking(), settled: false }
    }

    /// Does `work` under the lock without waiting for the lock, which a poller that serves a flood may hold again and
    /// again: now if it is free, else on the pool, in order. For `_free`, which never waits.
    pub(super) fn without_waiting(self: &Arc<Self>, work: impl FnOnce(&mut Locked<'_>) + Send + 'static) {
        if self.is_forked() {
            return;
        }
        if self.home.get().is_some_and(|home| !home.runtime.is_ours()) {
            // A forked child frees what it inherited. The poller's queue and the locks may be as a thread of the parent
            // left them in the middle of something.
            return self.atfork();
        }
        if let Some(guard) = self.core.try_lock().filter(|_| self.put_off.is_idle()) {
            let mut core = self.locked(guard);
            work(&mut core);
            return core.leave();
        }
        let shared = Arc::clone(self);
        // Where no thread can be made, it stays queued until one can.
        let task = Box::new(move || {
            if let Ok(mut core) = shared.lock() {
                work(&mut core);
            }
        });
        let _ = self.put_off.post(&Runtime::get().pool, task);
    }

    pub(super) fn is_forked(&self) -> bool {
        self.forked.load(Ordering::Relaxed)
    }

    /// In a forked child: closes the copy of the socket, takes no lock, sends nothing. From here on every call fails.
    pub(super) fn atfork(self: &Arc<Self>) {
        if self.forked.swap(true, Ordering::SeqCst) {
            return;
        }
        let fd: RawFd = self.raw_fd.swap(-1, Ordering::SeqCst);
        if fd >= 0 {
            sys::close_in_child(fd);
        }
        // Destructors must never run here: they would close the number again, and take locks that another thread of
        // the parent may have held while forking.
        std::mem::forget(Arc::clone(self));
    }

    /// The peer's socket reported writable.
    pub(super) fn writable(self: &Arc<Self>) {
        if let Ok(mut core) = self.lock() {
            core.out.socket_is_writable();
        }
    }

    /// Whether [`Shared::writable`] is of interest.
    pub(super) fn wants_writable(&self) -> bool {
        self.wants_writable.load(Ordering::SeqCst)
    }

    /// The input ended, or failed.
    pub(super) fn input_over(self: &Arc<Self>, how: io::Result<()>) {
        let Ok(mut core) = self.lock() else { return };
        let now = Instant::now();
        let dead = core.out.take_dead();
        if let Ok(conn) = core.live() {
            match (how, dead) {
                (Ok(()), None) => conn.handle_eof(now),
                (Err(e), _) | (_, Some(e)) => conn.handle_error(now, lost(&e)),
            }
        }
        core.out.give_up();
        core.peer_gone = true;
    }

    /// Reading or writing is impossible.
    pub(super) fn io_failed(self: &Arc<Self>, error: &io::Error) {
        if let Ok(mut core) = self.lock() {
            if let Ok(conn) = core.live() {
                conn.handle_error(Instant::now(), lost(error));
            }
            core.out.give_up();
            core.peer_gone = true;
        }
    }

    /// The time asked for has come. Stale calls do nothing.
    pub(super) fn timer_fired(self: &Arc<Self>, at: Instant) {
        let Ok(mut core) = self.lock() else { return };
        if core.armed == Some(at) {
            core.armed = None;
            core.on_timer(Instant::now());
        }
    }

    /// Ends the transport because of a bug of ours.
    pub(super) fn fail_internal(self: &Arc<Self>) {
        if let Ok(mut core) = self.lock() {
            core.fail_internal();
        }
    }

    /// Keeps an error for [`Shared::take_exception`], unless one is kept.
    pub(super) fn store_exception(&self, error: Error) {
        self.exception.lock().get_or_insert(error);
    }

    /// Replaces the error kept.
    pub(super) fn replace_exception(&self, error: Error) {
        *self.exception.lock() = Some(error);
    }

    pub(super) fn take_exception(&self) -> Option<Error> {
        self.exception.lock().take()
    }

    pub(super) fn log_name(&self) -> Arc<str> {
        Arc::clone(&self.log_name.lock())
    }

    pub(super) fn set_log_name(&self, name: &str) {
        *self.log_name.lock() = name.into();
    }
}

/// Batches one thread writes before the poller takes over.
const MAX_ROUNDS: u32 = 8;

fn lost(error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {
            ErrorKind::ConnectionLost
        }
        _ => ErrorKind::Io,
    };
    Error::new(kind, format!("the connection failed: {error}"))
}

/// The lock, held. When it is given back, events are handed out, jobs started, output is written.
pub(super) struct Locked<'a> {
    pub(super) shared: &'a Arc<Shared>,
    guard: MutexGuard<'a, Core>,
    was_panicking: bool,
    /// What the change asks for is left to the poller.
    settled: bool,
}

impl Deref for Locked<'_> {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.guard
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Core {
        &mut self.guard
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        if std::thread::panicking() && !self.was_panicking {
            self.guard.fail_internal();
        }
        if catch_unwind(AssertUnwindSafe(|| self.settle())).is_err() {
            self.guard.fail_internal();
            self.hand_over();
        }
    }
}

impl Locked<'_> {
    /// Does what the last change of the core asks for. True if the lock was released meanwhile: what was found out
    /// before no longer counts.
    pub(super) fn settle(&mut self) -> bool {
        let mut released = false;
        let mut rounds = 0;
        loop {
            self.guard.dispatch(self.shared);
            if !self.guard.after.is_empty() {
                self.run_after();
            } else if rounds == MAX_ROUNDS {
                // Others seal as fast as we write: a call with a deadline, or a poller, must not stay for all of it.
                if let Some(home) = self.shared.home.get() {
                    home.poller.send(Command::Flush(home.token));
                }
                break;
            } else if self.flush() {
                rounds += 1;
            } else {
                break;
            }
            released = true;
        }
        self.hand_over();
        released
    }

    /// Gives the lock back and leaves output and callbacks to the poller: whoever does them takes the lock again, and so
    /// waits. Those who wait for what changed are told here.
    fn leave(mut self) {
        // Without a poller, or once the socket is gone, there is nothing that takes long.
        let Some(home) = self.shared.home.get().filter(|_| self.guard.io.is_some()) else { return };
        if catch_unwind(AssertUnwindSafe(|| self.guard.dispatch(self.shared))).is_err() {
            self.guard.fail_internal();
        }
        self.settled = true;
        home.poller.send(Command::Flush(home.token));
    }

    /// Tells poller and stream threads what they need to know.
    fn hand_over(&mut self) {
        let Some(home) = self.shared.home.get() else {
            // Never started: nobody serves it and nothing is to be sent.
            if self.guard.is_over() {
                if let Some(Io::Stream(stream)) = self.guard.io.take() {
                    stream.end(Runtime::get());
                }
                self.forget_socket();
            }
            return;
        };
        if let Some(at) = self.guard.next_time() {
            if self.guard.armed.is_none_or(|armed| at < armed) {
                self.guard.armed = Some(at);
                home.poller.send(Command::Timer(home.token, at));
            }
        }
        if self.guard.may_resume_input() {
            match &self.guard.io {
                Some(Io::Stream(stream)) => stream.resume_input(),
                _ => home.poller.send(Command::Resume(home.token)),
            }
        }
        self.end_io(home);
    }

    /// After the end, once the output is gone or time is up: the socket goes.
    fn end_io(&mut self, home: &Home) {
        let core = &mut *self.guard;
        if !core.is_over() || core.io.is_none() || !core.may_end_io(Instant::now()) {
            return;
        }
        match core.io.take() {
            Some(Io::Socket(socket)) => {
                let linger = core.closing.filter(|_| !core.peer_gone);
                // A socket closed with unread input resets the connection, which can cost the peer our DISCONNECT:
                // say that no more comes, and read until the peer has closed as well, for a bounded time.
                let how = if linger.is_some() { std::net::Shutdown::Write } else { std::net::Shutdown::Both };
                sys::shutdown(std::os::fd::AsFd::as_fd(socket.fd()), how);
                home.poller.send(match linger {
                    Some(until) => Command::Linger(home.token, until),
                    None => Command::Remove(home.token),
                });
            }
            Some(Io::Stream(stream)) => {
                stream.end(home.runtime);
                home.poller.send(Command::Remove(home.token));
            }
            None => {}
        }
        core.closing = None;
        self.forget_socket();
    }

    fn forget_socket(&self) {
        self.shared.raw_fd.store(-1, Ordering::SeqCst);
        self.shared.changed.notify_all();
    }

    /// Runs, without the lock, what may not run under it.
    fn run_after(&mut self) {
        let work = std::mem::take(&mut self.guard.after);
        let shared = self.shared;
        let mut done: Vec<KexJobDone> = Vec::new();
        MutexGuard::unlocked(&mut self.guard, || {
            for item in work {
                match item {
                    After::Log(level, None, text) => log::write(level, &shared.log_name(), &text),
                    After::Log(level, Some(channel), text) => {
                        log::write(level, &format!("{}.{channel}", shared.log_name()), &text);
                    }
                    After::Job(job) if job.is_slow() => spawn_job(shared, job),
                    After::Job(job) => done.push(job.run()),
                    // A poller must not wait for the application. Without a thread the item stays in the queue.
                    After::Drop(item) => drop(Runtime::get().pool.spawn(Box::new(move || drop(item)))),
                }
            }
        });
        for result in done {
            if let Some(conn) = &mut self.guard.conn {
                conn.finish_job(Instant::now(), result);
            }
        }
    }

    /// Writes sealed output, unless another thread is at it; that one will see ours. True if the lock was released.
    fn flush(&mut self) -> bool {
        let core = &mut *self.guard;
        let socket = match &core.io {
            Some(Io::Socket(socket)) => Arc::clone(socket),
            Some(Io::Stream(stream)) => {
                if core.conn.as_ref().is_some_and(|conn| conn.has_output()) {
                    stream.output_waits();
                }
                return false;
            }
            None => return false,
        };
        let Some(conn) = &mut core.conn else { return false };
        let Some(mut batch) = core.out.begin(conn) else { return false };
        self.shared.wants_writable.store(true, Ordering::SeqCst);
        let result = MutexGuard::unlocked(&mut self.guard, || batch.write_to(&socket));
        let core = &mut *self.guard;
        let lost = core.out.finish(batch, result, core.conn.as_mut());
        self.shared.wants_writable.store(core.out.is_blocked(), Ordering::SeqCst);
        if lost {
            // The peer may have said why before it hung up: that is in the input, which is read to its end first.
            core.lost_by = Instant::now().checked_add(core.options.close_timeout);
            if let Some(home) = self.shared.home.get() {
                home.poller.send(Command::Resume(home.token));
            }
        }
        true
    }

    /// Asks `poll` until it has an answer or the deadline is past. Asks before it looks at the clock, so that what
    /// came in time is delivered. Waits on `condvar`, which is notified under this lock.
    pub(super) fn wait<R>(
        &mut self,
        condvar: &Condvar,
        deadline: Deadline,
        mut poll: impl FnMut(&mut Core) -> Option<R>,
    ) -> Option<R> {
        loop {
            if let Some(answer) = poll(&mut self.guard) {
                return Some(answer);
            }
            if self.wait_once(condvar, deadline) {
                return poll(&mut self.guard);
            }
        }
    }

    /// One wait; true if the deadline passed. What is waited for is asked again in either case.
    pub(super) fn wait_once(&mut self, condvar: &Condvar, deadline: Deadline) -> bool {
        if self.settle() {
            return deadline.is_past();
        }
        match deadline.instant() {
            None => {
                condvar.wait(&mut self.guard);
                false
            }
            Some(at) => condvar.wait_until(&mut self.guard, at),
        }
    }

    /// Waits for what `changed` announces.
    pub(super) fn wait_changed<R>(
        &mut self,
        deadline: Deadline,
        poll: impl FnMut(&mut Core) -> Option<R>,
    ) -> Option<R> {
        let shared = Arc::clone(self.shared);
        self.wait(&shared.changed, deadline, poll)
    }
}

/// Slow arithmetic goes to the pool, so that no poller and no caller waits for it.
fn spawn_job(shared: &Arc<Shared>, job: KexJob) {
    let owner = Arc::clone(shared);
    let spawned = Runtime::get().pool.spawn(Box::new(move || {
        let done = catch_unwind(AssertUnwindSafe(|| job.run()));
        match (done, owner.lock()) {
            (Ok(done), Ok(mut core)) => {
                if let Some(conn) = &mut core.conn {
                    conn.finish_job(Instant::now(), done);
                }
            }
            (Err(_), Ok(mut core)) => core.fail_internal(),
            (_, Err(_)) => {}
        }
    }));
    if let Err(error) = spawned {
        if let Ok(mut core) = shared.lock() {
            if let Ok(conn) = core.live() {
                conn.handle_error(Instant::now(), error);
            }
        }
    }
}
