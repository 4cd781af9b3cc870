//! Resolving and connecting under one deadline. Every address is tried; attempts overlap, so that one dead address
//! does not eat the time of the others (RFC 8305, in its simplest form).

use super::deadline::Deadline;
use super::event::Event;
use super::lock::Mutex;
use super::runtime::Runtime;
use crate::error::{Error, ErrorKind, Result};
use mio::{Events, Interest, Poll, Token};
use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// SSH's port.
const PORT: u16 = 22;
/// How long an attempt is alone before the next address is tried beside it (RFC 8305 section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// Which addresses of a host are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressFamily {
    /// All.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl AddressFamily {
    fn has(self, address: &SocketAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

/// Splits "host", "host:port", "[v6]", "[v6]:port" and bare IPv6 addresses.
pub(super) fn split_host(host: &str) -> Result<(&str, u16)> {
    let bad = |why: &str| Err(Error::new(ErrorKind::InvalidArgument, format!("host: {why}")));
    let port = |text: &str| text.parse().ok().filter(|&p: &u16| p != 0);
    let (name, number) = if let Some(rest) = host.strip_prefix('[') {
        let Some((name, rest)) = rest.split_once(']') else { return bad("'[' without ']'") };
        match rest.strip_prefix(':') {
            Some(text) => (name, port(text)),
            None if rest.is_empty() => (name, Some(PORT)),
            None => return bad("only \":port\" may follow ']'"),
        }
    } else {
        match host.split_once(':') {
            // More than one colon: an IPv6 address without brackets, which leaves no room for a port.
            Some((_, text)) if text.contains(':') => (host, Some(PORT)),
            Some((name, text)) => (name, port(text)),
            None => (host, Some(PORT)),
        }
    };
    match number {
        _ if name.is_empty() => bad("the name is empty"),
        Some(number) => Ok((name, number)),
        None => bad("the port is not a number from 1 to 65535"),
    }
}

/// Connects to the first address of the family that answers.
pub(super) fn connect(host: &str, port: u16, family: AddressFamily, deadline: Deadline) -> Result<TcpStream> {
    let mut addresses = resolve(host, port, deadline)?;
    addresses.retain(|at| family.has(at));
    if addresses.is_empty() {
        let wanted = if family == AddressFamily::V4 { "IPv4" } else { "IPv6" };
        let text = format!("{}: it has addresses, but none for {wanted}", host.escape_debug());
        let error = Error::new(ErrorKind::ResolveFailed, text);
        return Err(error.with(|detail| detail.hint = Some("allow the other address family")));
    }
    race(host, interleave(addresses), deadline)
}

/// The system's resolver knows no deadline: it runs on the pool, and is left behind when it takes too long.
fn resolve(host: &str, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let (name, done) = (host.to_owned(), Event::new());
    let answer: Arc<Mutex<Option<io::Result<Vec<SocketAddr>>>>> = Arc::default();
    let (place, flag) = (Arc::clone(&answer), done.clone());
    Runtime::get().pool.spawn(Box::new(move || {
        let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect);
        *place.lock() = Some(found);
        flag.set();
    }))?;
    if !done.wait(deadline) {
        return Err(deadline.error(&format!("the resolver did not answer for {}", host.escape_debug())));
    }
    let answer = answer.lock().take();
    match answer {
        Some(Ok(found)) if !found.is_empty() => Ok(found),
        Some(Err(e)) => Err(Error::new(ErrorKind::ResolveFailed, format!("{}: {e}", host.escape_debug()))),
        _ => Err(Error::new(ErrorKind::ResolveFailed, format!("{}: no address", host.escape_debug()))),
    }
}

/// Alternates the address families, the resolver's first choice first (RFC 8305 section 4).
fn interleave(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (a, b): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|at| at.is_ipv6() == first_is_v6);
    let (mut a, mut b, mut out) = (a.into_iter(), b.into_iter(), VecDeque::new());
    loop {
        let pair = (a.next(), b.next());
        if pair == (None, None) {
            return out;
        }
        out.extend([pair.0, pair.1].into_iter().flatten().filter(|at| !out.contains(at)).collect::<Vec<_>>());
    }
}

/// Attempts under way.
struct Race {
    poll: Poll,
    running: Vec<(SocketAddr, mio::net::TcpStream, Token)>,
    failures: Vec<String>,
}

fn race(host: &str, mut waiting: VecDeque<SocketAddr>, deadline: Deadline) -> Result<TcpStream> {
    let internal = |e: io::Error| Error::new(ErrorKind::ResourceLimit, format!("cannot wait for sockets: {e}"));
    let mut race = Race { poll: Poll::new().map_err(internal)?, running: Vec::new(), failures: Vec::new() };
    let mut events = Events::with_capacity(16);
    let mut number = 0;
    loop {
        if let Some(address) = waiting.pop_front() {
            number += 1;
            race.begin(address, Token(number));
        }
        let next = Deadline::after(STAGGER);
        loop {
            if let Some(stream) = race.winner() {
                return Ok(stream);
            }
            if race.running.is_empty() {
                break;
            }
            if deadline.is_past() {
                let error = deadline.error(&format!("no address of {} answered", host.escape_debug()));
                return Err(race.error(error.kind(), error.text()));
            }
            if !waiting.is_empty() && next.is_past() {
                break;
            }
            let until = if waiting.is_empty() { deadline } else { deadline.earlier(next) };
            let wait =
                until.instant().map(|at| at.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
            match race.poll.poll(&mut events, wait) {
                Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(internal(e)),
                _ => {}
            }
        }
        if race.running.is_empty() && waiting.is_empty() {
            let text = format!("no address of {} accepted", host.escape_debug());
            return Err(race.error(ErrorKind::ConnectFailed, &text));
        }
    }
}

impl Race {
    fn begin(&mut self, address: SocketAddr, token: Token) {
        let started = mio::net::TcpStream::connect(address).and_then(|mut stream| {
            self.poll.registry().register(&mut stream, token, Interest::WRITABLE)?;
            Ok(stream)
        });
        match started {
            Ok(stream) => self.running.push((address, stream, token)),
            Err(e) => self.failures.push(format!("{address}: {e}")),
        }
    }

    /// The first attempt that succeeded; those that failed are noted.
    fn winner(&mut self) -> Option<TcpStream> {
        let mut i = 0;
        while let Some((address, stream, _)) = self.running.get(i) {
            let failure = match stream.take_error() {
                Ok(None) => match stream.peer_addr() {
                    Ok(_) => {
                        let (_, mut stream, _) = self.running.swap_remove(i);
                        let _ = self.poll.registry().deregister(&mut stream);
                        return Some(TcpStream::from(OwnedFd::from(stream)));
                    }
                    // Under way still.
                    Err(_) => {
                        i += 1;
                        continue;
                    }
                },
                Ok(Some(e)) | Err(e) => format!("{address}: {e}"),
            };
            self.failures.push(failure);
            self.running.swap_remove(i);
        }
        None
    }

    fn error(self, kind: ErrorKind, text: &str) -> Error {
        let pending = self.running.iter().map(|(address, ..)| format!("{address}: no answer"));
        let lines: Vec<String> = self.failures.into_iter().chain(pending).collect();
        Error::new(kind, format!("{text} ({})", lines.join("; "))).with(|detail| detail.addresses = lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_forms() {
        assert_eq!(split_host("a.example").unwrap(), ("a.example", 22));
        assert_eq!(split_host("a:2222").unwrap(), ("a", 2222));
        assert_eq!(split_host("[::1]:2222").unwrap(), ("::1", 2222));
        assert_eq!(split_host("[::1]").unwrap(), ("::1", 22));
        assert_eq!(split_host("fe80::1").unwrap(), ("fe80::1", 22));
        for bad in ["", ":22", "a:", "a:0", "a:70000", "a:x", "[::1", "[::1]22", "[]:22"] {
            assert_eq!(split_host(bad).unwrap_err().kind(), ErrorKind::InvalidArgument, "{bad}");
        }
    }

    #[test]
    fn families_alternate() {
        let parse = |list: &[&str]| list.iter().map(|a| a.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let mixed = parse(&["[::1]:1", "[::2]:1", "1.1.1.1:1", "[::1]:1"]);
        assert_eq!(interleave(mixed), parse(&["[::1]:1", "1.1.1.1:1", "[::2]:1"]));
    }

    #[test]
    fn a_listener_is_reached_and_a_closed_port_is_listed() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        connect("127.0.0.1", port, AddressFamily::Any, Deadline::after_ms(5000)).unwrap();
        drop(listener);
        let error = connect("127.0.0.1", port, AddressFamily::Any, Deadline::after_ms(5000)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectFailed);
        assert_eq!(error.detail().unwrap().addresses.len(), 1, "{error}");
    }

    #[test]
    fn one_family_alone_is_tried() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        connect("localhost", port, AddressFamily::V4, Deadline::after_ms(5000)).unwrap();
        let error = connect("127.0.0.1", port, AddressFamily::V6, Deadline::after_ms(5000)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResolveFailed);
        assert!(error.text().contains("IPv6"), "{error}");
    }

    #[test]
    fn an_expired_deadline_is_a_timeout() {
        // RFC 5737 documentation address: nobody answers; some systems refuse at once, which is fine as well.
        let error = connect("192.0.2.1", 22, AddressFamily::Any, Deadline::after_ms(30)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout | ErrorKind::ConnectFailed), "{error}");
    }
}
