//! System calls the standard library has no safe form of. Beside `sys_names`, the only file outside of ffi
//! with `unsafe`.
#![allow(unsafe_code, reason = "thin wrappers around libc; each block says what it relies on")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Turns a system call's -1 into `errno`.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

fn check_size(result: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// The second since 1970 of a date and time (year, month from 1, day, hour, minute, second) in the machine's own zone, as
/// the C library knows it.
pub(super) fn local_seconds(time: [i64; 6]) -> Option<u64> {
    let [year, month, day, hour, minute, second] = time.map(|number| libc::c_int::try_from(number).ok());
    // SAFETY: a tm of zeroes is valid: numbers, and a pointer that mktime does not read.
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    tm.tm_year = year?.checked_sub(1900)?;
    tm.tm_mon = month?.checked_sub(1)?;
    (tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec) = (day?, hour?, minute?, second?);
    // Whether it is summer time is for the C library to find out.
    tm.tm_isdst = -1;
    // SAFETY: one live struct of ours.
    let seconds = unsafe { libc::mktime(&raw mut tm) };
    u64::try_from(seconds).ok()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const NO_SIGNAL: libc::c_int = libc::MSG_NOSIGNAL;
// Elsewhere SO_NOSIGPIPE on the socket does the same; see `prepare_socket`.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const NO_SIGNAL: libc::c_int = 0;

/// Sends what the socket takes without waiting; raises no SIGPIPE. MSG_DONTWAIT rather than O_NONBLOCK alone, because
/// that flag is shared with every copy of the descriptor, other processes' included.
pub(super) fn send(fd: BorrowedFd<'_>, data: &[u8]) -> io::Result<usize> {
    // SAFETY: the descriptor is open for the borrow's life; pointer and length are one live slice.
    check_size(unsafe { libc::send(fd.as_raw_fd(), data.as_ptr().cast(), data.len(), NO_SIGNAL | libc::MSG_DONTWAIT) })
}

/// Receives what is there without waiting; 0 is end of file.
pub(super) fn recv(fd: BorrowedFd<'_>, into: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the descriptor is open for the borrow's life; pointer and length are one live, writable slice.
    check_size(unsafe { libc::recv(fd.as_raw_fd(), into.as_mut_ptr().cast(), into.len(), libc::MSG_DONTWAIT) })
}

/// Ends one or both directions of a socket. Errors mean that it is ended already.
pub(super) fn shutdown(fd: BorrowedFd<'_>, how: std::net::Shutdown) {
    let how = match how {
        std::net::Shutdown::Read => libc::SHUT_RD,
        std::net::Shutdown::Write => libc::SHUT_WR,
        std::net::Shutdown::Both => libc::SHUT_RDWR,
    };
    // SAFETY: the descriptor is open for the borrow's life.
    let _ = unsafe { libc::shutdown(fd.as_raw_fd(), how) };
}

/// Makes a connected stream socket ready for the engine: close-on-exec, non-blocking, no delay for small packets.
/// Anything but a stream socket is `InvalidInput`.
pub(super) fn prepare_socket(fd: BorrowedFd<'_>) -> io::Result<()> {
    if get_option(fd, libc::SOL_SOCKET, libc::SO_TYPE)? != libc::SOCK_STREAM {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a stream socket"));
    }
    // SAFETY: fcntl with these commands takes and returns integers only.
    unsafe {
        let flags = check(libc::fcntl(fd.as_raw_fd(), libc::F_GETFD))?;
        check(libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, flags | libc::FD_CLOEXEC))?;
        let flags = check(libc::fcntl(fd.as_raw_fd(), libc::F_GETFL))?;
        check(libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK))?;
    }
    // Fails on sockets that are not TCP, which have no such delay.
    let _ = set_option(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1);
    #[cfg(target_vendor = "apple")]
    set_option(fd, libc::SOL_SOCKET, libc::SO_NOSIGPIPE, 1)?;
    Ok(())
}

/// What a relayed descriptor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FdKind {
    /// A stream socket.
    Socket,
    /// A pipe, a terminal, a file.
    Other,
}

/// Bytes a pipe takes without waiting once it polls writable (pipe(7)).
pub(super) const PIPE_BUF: usize = libc::PIPE_BUF;

/// Makes a descriptor ready to be relayed: close-on-exec, and no delay for small packets. Its O_NONBLOCK stays as it
/// is, being shared with every copy of the descriptor. A socket that is no stream is `InvalidInput`.
pub(super) fn prepare_relayed(fd: BorrowedFd<'_>) -> io::Result<FdKind> {
    // SAFETY: fcntl with these commands takes and returns integers only.
    unsafe {
        let flags = check(libc::fcntl(fd.as_raw_fd(), libc::F_GETFD))?;
        check(libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, flags | libc::FD_CLOEXEC))?;
    }
    match get_option(fd, libc::SOL_SOCKET, libc::SO_TYPE) {
        Ok(libc::SOCK_STREAM) => {
            // Fails on sockets that are not TCP, which have no such delay.
            let _ = set_option(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1);
            #[cfg(target_vendor = "apple")]
            set_option(fd, libc::SOL_SOCKET, libc::SO_NOSIGPIPE, 1)?;
            Ok(FdKind::Socket)
        }
        Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a stream socket")),
        Err(e) if e.raw_os_error() == Some(libc::ENOTSOCK) => Ok(FdKind::Other),
        Err(e) => Err(e),
    }
}

/// A terminal.
pub(super) fn is_terminal(fd: BorrowedFd<'_>) -> bool {
    // SAFETY: asks for a property of an open descriptor.
    unsafe { libc::isatty(fd.as_raw_fd()) == 1 }
}

/// The same terminal opened once more, without blocking: O_NONBLOCK set on `fd` would be set for every process that has
/// a copy, the shell's among them. None for what is no terminal, or cannot be opened by its name.
pub(super) fn reopen_terminal(fd: BorrowedFd<'_>) -> Option<OwnedFd> {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

    if !is_terminal(fd) || is_master(fd) {
        return None;
    }
    let mut name: [libc::c_char; 256] = [0; 256];
    // SAFETY: the array is writable for its length.
    if unsafe { libc::ttyname_r(fd.as_raw_fd(), name.as_mut_ptr(), name.len()) } != 0 {
        return None;
    }
    // SAFETY: ttyname_r succeeded, so a NUL is within the array, which lives through the use of the text.
    let name = unsafe { std::ffi::CStr::from_ptr(name.as_ptr()) };
    let flags = libc::O_NOCTTY | libc::O_NONBLOCK;
    let path = std::ffi::OsStr::from_bytes(name.to_bytes());
    let again = std::fs::OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).ok()?;
    let first = std::fs::File::from(fd.try_clone_to_owned().ok()?).metadata().ok()?;
    (again.metadata().ok()?.rdev() == first.rdev()).then(|| again.into())
}

/// The master of a pseudoterminal: opening its name makes another.
fn is_master(fd: BorrowedFd<'_>) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let mut number: libc::c_uint = 0;
        // SAFETY: the request writes one unsigned int, which lives through the call.
        unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCGPTN, &raw mut number) == 0 }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = fd;
        true
    }
}

/// Reads what is there without waiting, whether the descriptor is blocking or not; 0 is end of file.
pub(super) fn read_now(fd: BorrowedFd<'_>, kind: FdKind, into: &mut [u8]) -> io::Result<usize> {
    if kind == FdKind::Socket {
        return recv(fd, into);
    }
    polls(fd, libc::POLLIN)?;
    // SAFETY: the descriptor is open for the borrow's life; pointer and length are one live, writable slice.
    let got = check_size(unsafe { libc::read(fd.as_raw_fd(), into.as_mut_ptr().cast(), into.len()) });
    match got {
        // A pseudoterminal's master says so when no process has the other side open any more.
        Err(e) if e.raw_os_error() == Some(libc::EIO) && is_terminal(fd) => Ok(0),
        got => got,
    }
}

/// Writes what the descriptor takes without waiting, whether it is blocking or not. For a pipe that blocks, `data` has
/// no more than [`PIPE_BUF`] bytes. Raises no SIGPIPE for sockets; for pipes the thread has it blocked.
pub(super) fn write_now(fd: BorrowedFd<'_>, kind: FdKind, data: &[u8]) -> io::Result<usize> {
    if kind == FdKind::Socket {
        return send(fd, data);
    }
    polls(fd, libc::POLLOUT)?;
    // SAFETY: the descriptor is open for the borrow's life; pointer and length are one live slice.
    check_size(unsafe { libc::write(fd.as_raw_fd(), data.as_ptr().cast(), data.len()) })
}

/// `WouldBlock` unless a read or write, as `events` says, would not wait or would fail.
fn polls(fd: BorrowedFd<'_>, events: libc::c_short) -> io::Result<()> {
    let mut set = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    // SAFETY: one live pollfd.
    match check(unsafe { libc::poll(&raw mut set, 1, 0) })? {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(()),
    }
}

/// Waits until a read, or a write, would not wait or would fail; false when the time is over. None waits for ever.
pub(super) fn wait_for(fd: BorrowedFd<'_>, write: bool, wait: Option<std::time::Duration>) -> io::Result<bool> {
    let events = if write { libc::POLLOUT } else { libc::POLLIN };
    // Rounded up, so that the time is over when the wait ends.
    let ms = wait.map_or(-1, |wait| i32::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(i32::MAX));
    let mut set = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    // SAFETY: one live pollfd.
    match check(unsafe { libc::poll(&raw mut set, 1, ms) }) {
        Ok(ready) => Ok(ready > 0),
        Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(true),
        Err(e) => Err(e),
    }
}

/// Whether a TCP socket has sent data that its peer has not acknowledged; false where the system does not tell.
pub(super) fn is_unsent(fd: BorrowedFd<'_>) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let mut bytes: libc::c_int = 0;
        // SAFETY: the request writes one int, which lives through the call.
        let asked = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
        // The end of the stream counts as a byte.
        let tcp = get_option(fd, libc::SOL_SOCKET, libc::SO_PROTOCOL).is_ok_and(|p| p == libc::IPPROTO_TCP);
        tcp && asked == 0 && bytes > 1
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = fd;
        false
    }
}

/// Blocks SIGPIPE for the calling thread for good: a write to a pipe nobody reads then only fails.
pub(super) fn block_sigpipe() {
    // SAFETY: the set is initialised by sigemptyset before it is used, and lives through the calls.
    unsafe {
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
    }
}

fn get_option(fd: BorrowedFd<'_>, level: libc::c_int, name: libc::c_int) -> io::Result<libc::c_int> {
    let mut value: libc::c_int = 0;
    let mut len = libc::socklen_t::try_from(size_of::<libc::c_int>()).unwrap_or(4);
    // SAFETY: `value` is an int and `len` its size; both live through the call.
    check(unsafe {
        libc::getsockopt(fd.as_raw_fd(), level, name, std::ptr::from_mut(&mut value).cast(), &raw mut len)
    })?;
    Ok(value)
}

fn set_option(fd: BorrowedFd<'_>, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    let len = libc::socklen_t::try_from(size_of::<libc::c_int>()).unwrap_or(4);
    // SAFETY: `value` is an int, `len` its size; it lives through the call.
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, std::ptr::from_ref(&value).cast(), len) })?;
    Ok(())
}

/// Closes a descriptor by number, for a forked child whose owner object must never run its destructor.
pub(super) fn close_in_child(fd: RawFd) {
    // SAFETY: the caller gives up the owning object for good (see `Shared::atfork`), so the number is not used again.
    let _ = unsafe { libc::close(fd) };
}

/// A descriptor that polls readable while it is raised.
#[derive(Debug)]
pub(super) struct Signal {
    read: OwnedFd,
    /// The other end where the system has no eventfd.
    write: Option<OwnedFd>,
    raised: bool,
}

impl Signal {
    /// Not raised.
    pub(super) fn new() -> io::Result<Self> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            // SAFETY: no pointers; a fresh descriptor nobody else owns.
            let read =
                unsafe { OwnedFd::from_raw_fd(check(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK))?) };
            Ok(Self { read, write: None, raised: false })
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        {
            let mut ends = [0; 2];
            // SAFETY: the array has room for two descriptors, which nobody else owns.
            let (read, write) = unsafe {
                check(libc::pipe(ends.as_mut_ptr()))?;
                (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
            };
            for end in [&read, &write] {
                // SAFETY: fcntl with these commands takes integers only.
                unsafe {
                    check(libc::fcntl(end.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC))?;
                    check(libc::fcntl(end.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK))?;
                }
            }
            Ok(Self { read, write: Some(write), raised: false })
        }
    }

    /// The descriptor to poll.
    pub(super) fn fd(&self) -> RawFd {
        self.read.as_raw_fd()
    }

    /// Raises or lowers it. The owner's lock makes flag and descriptor change together.
    pub(super) fn set(&mut self, raised: bool) {
        if raised == self.raised {
            return;
        }
        self.raised = raised;
        let mut word = 1u64.to_ne_bytes();
        let len = if self.write.is_some() { 1 } else { word.len() };
        if raised {
            let end = self.write.as_ref().unwrap_or(&self.read);
            // SAFETY: `word` is at least `len` bytes; the descriptor is ours and open. It cannot fail: the counter or
            // pipe is empty.
            let _ = unsafe { libc::write(end.as_raw_fd(), word.as_ptr().cast(), len) };
        } else {
            // SAFETY: as above; it cannot block: the descriptor is non-blocking.
            let _ = unsafe { libc::read(self.read.as_raw_fd(), word.as_mut_ptr().cast(), len) };
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    /// Whether `fd` polls readable now.
    pub(in crate::engine) fn polls_readable(fd: RawFd) -> bool {
        let mut set = [libc::pollfd { fd, events: libc::POLLIN, revents: 0 }];
        // SAFETY: one live pollfd.
        let ready = unsafe { libc::poll(set.as_mut_ptr(), 1, 0) };
        ready == 1 && set[0].revents & libc::POLLIN != 0
    }

    /// Whether the open file has O_NONBLOCK.
    pub(in crate::engine) fn is_nonblocking(fd: BorrowedFd<'_>) -> bool {
        // SAFETY: fcntl with this command takes and returns integers only.
        unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) & libc::O_NONBLOCK != 0 }
    }

    /// Makes the kernel's send buffer of a socket as small as it goes.
    pub(in crate::engine) fn shrink_send_buffer(fd: BorrowedFd<'_>) {
        set_option(fd, libc::SOL_SOCKET, libc::SO_SNDBUF, 1).unwrap();
    }

    /// Runs `work` in a forked child; whether it returned true there.
    pub(in crate::engine) fn in_child(work: impl FnOnce() -> bool) -> bool {
        // SAFETY: the child runs the engine's own fork-safe paths and leaves with _exit, so that nothing of the test
        // harness runs twice. The parent waits for that child only.
        unsafe {
            let pid = libc::fork();
            assert!(pid >= 0);
            if pid == 0 {
                let good = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(false);
                libc::_exit(if good { 0 } else { 1 });
            }
            let mut status = 0;
            assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
            libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
        }
    }

    #[test]
    fn a_signal_is_level_triggered() {
        let mut signal = Signal::new().unwrap();
        assert!(!polls_readable(signal.fd()));
        signal.set(true);
        signal.set(true);
        assert!(polls_readable(signal.fd()) && polls_readable(signal.fd()));
        signal.set(false);
        assert!(!polls_readable(signal.fd()));
    }

    #[test]
    fn sending_to_a_closed_peer_is_an_error_not_a_signal() {
        let (a, b) = UnixStream::pair().unwrap();
        prepare_socket(a.as_fd()).unwrap();
        drop(b);
        assert_eq!(send(a.as_fd(), b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(recv(a.as_fd(), &mut [0; 4]).unwrap(), 0);
    }

    #[test]
    fn only_stream_sockets_are_taken() {
        let datagram = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(prepare_socket(datagram.as_fd()).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(prepare_socket(file.as_fd()).is_err());
    }
}
