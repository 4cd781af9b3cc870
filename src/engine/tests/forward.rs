//! Forwards a client asks for: they begin and end with the server's reply.

use super::super::ForwardHandler;
use super::*;
use crate::error::{ErrorKind, Result as SshResult};
use crate::wire::msg_channel::{ForwardedStreamlocalOpen, TcpipOpen, X11Open};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;

/// Grants what the script says, refuses without one; opens a channel right behind a grant.
#[derive(Default)]
struct Script {
    grants: Mutex<Vec<bool>>,
    /// Kept until the test answers.
    held: Mutex<Vec<Answer<Option<u16>>>>,
    hold: bool,
    open_at_once: bool,
    cancelled: Mutex<Vec<(String, u16)>>,
    opened: Mutex<Vec<SshResult<Channel>>>,
}

impl Script {
    fn grants(list: &[bool]) -> Arc<Self> {
        Arc::new(Self { grants: Mutex::new(list.to_vec()), ..Self::default() })
    }

    fn next(&self) -> bool {
        let mut grants = self.grants.lock().unwrap();
        !grants.is_empty() && grants.remove(0)
    }
}

impl Hooks for Script {
    fn allowed_auths(&self, _: &Transport, _: &str, _: &[&str]) -> Vec<String> {
        vec!["password".to_owned()]
    }

    fn check_auth(&self, _: &Transport, _: &AuthAsk, answer: Answer<AuthVerdict>) {
        answer.give(AuthVerdict::Success);
    }

    fn check_channel_open(&self, _: &Transport, _: u32, _: &IncomingOpen, answer: Answer<Result<(), Refusal>>) {
        answer.give(Ok(()));
    }

    fn check_channel_request(&self, _: &Channel, _: &ChannelAsk<'_>, answer: Answer<Verdict>) {
        answer.give(if self.next() { Verdict::Accept } else { Verdict::Refuse });
    }

    fn check_port_forward(&self, transport: &Transport, address: &str, port: u16, answer: Answer<Option<u16>>) {
        if self.hold {
            return self.held.lock().unwrap().push(answer);
        }
        let port = if port == 0 { 4242 } else { port };
        answer.give(self.next().then_some(port));
        if self.open_at_once {
            self.opened.lock().unwrap().push(forwarded(transport, address, port));
        }
    }

    fn cancel_port_forward(&self, _: &Transport, address: &str, port: u16, answer: Answer<bool>) {
        self.cancelled.lock().unwrap().push((address.to_owned(), port));
        answer.give(self.next());
    }

    fn check_streamlocal_forward(&self, _: &Transport, _: &str, answer: Answer<bool>) {
        answer.give(self.next());
    }

    fn cancel_streamlocal_forward(&self, _: &Transport, _: &str, answer: Answer<bool>) {
        answer.give(self.next());
    }
}

fn pair(script: &Arc<Script>) -> Pair {
    let (a, b) = fds();
    let (client, server) = (Transport::from_fd(a, options()).unwrap(), Transport::from_fd(b, options()).unwrap());
    server.add_server_key(host_key()).unwrap();
    server.start_server_event(Some(script.clone()), &Event::new()).unwrap();
    client.start_client(soon()).unwrap();
    Pair { client, server }.login()
}

fn forwarded(server: &Transport, address: &str, port: u16) -> SshResult<Channel> {
    let body = TcpipOpen::new(address.as_bytes(), port.into(), b"10.0.0.1", 1234).encode_body();
    server.open_channel("forwarded-tcpip", &body, None, None, soon())
}

/// Counts the channels it takes.
fn counting(count: &Arc<AtomicUsize>) -> Option<ForwardHandler> {
    let count = Arc::clone(count);
    Some(Arc::new(move |_: Channel| {
        count.fetch_add(1, Ordering::SeqCst);
    }))
}

#[test]
fn a_channel_may_come_right_behind_the_reply() {
    let script = Arc::new(Script { open_at_once: true, ..Script::default() });
    let pair = pair(&script);
    for _ in 0..30 {
        script.grants.lock().unwrap().extend([true, true]);
        assert_eq!(pair.client.request_port_forward("", 0, None, soon()).unwrap(), 4242);
        let ours = pair.client.accept(soon()).unwrap();
        assert_eq!(ours.destination(), Some((String::new(), 4242)));
        pair.client.cancel_port_forward("", 4242, soon()).unwrap();
    }
    assert!(script.opened.lock().unwrap().iter().all(SshResult::is_ok));
}

#[test]
fn a_refused_repetition_leaves_the_forward_as_it_was() {
    let pair = pair(&Script::grants(&[true, false, true]));
    let (first, second) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    pair.client.request_port_forward("", 99, counting(&first), soon()).unwrap();
    let refused = pair.client.request_port_forward("", 99, counting(&second), soon()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::RequestRefused);
    forwarded(&pair.server, "", 99).unwrap();
    eventually("the first handler takes it", || first.load(Ordering::SeqCst) == 1);
    pair.client.request_port_forward("", 99, counting(&second), soon()).unwrap();
    forwarded(&pair.server, "", 99).unwrap();
    eventually("the handler of the grant takes it", || second.load(Ordering::SeqCst) == 1);
    assert_eq!(first.load(Ordering::SeqCst), 1);
    drop(pair);
    eventually("handlers go with the connection", || Arc::strong_count(&first) == 1 && Arc::strong_count(&second) == 1);
}

#[test]
fn a_forward_ends_with_the_servers_word_not_with_ours() {
    let pair = pair(&Script::grants(&[true, true, false, true]));
    pair.client.request_port_forward("a", 99, None, soon()).unwrap();
    pair.client.request_port_forward("b", 99, None, soon()).unwrap();
    assert!(pair.client.cancel_port_forward("a", 99, soon()).is_err());
    forwarded(&pair.server, "a", 99).unwrap();
    pair.client.cancel_port_forward("a", 99, soon()).unwrap();
    assert_eq!(forwarded(&pair.server, "a", 99).err().unwrap().kind(), ErrorKind::ChannelProhibited);
    forwarded(&pair.server, "b", 99).unwrap();
}

#[test]
fn a_forward_granted_too_late_is_cancelled() {
    let script = Arc::new(Script { hold: true, ..Script::default() });
    let pair = pair(&script);
    let late = pair.client.request_port_forward("", 0, None, Deadline::after_ms(50)).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Timeout);
    eventually("the request arrives", || !script.held.lock().unwrap().is_empty());
    script.held.lock().unwrap().pop().unwrap().give(Some(4242));
    eventually("it is cancelled", || *script.cancelled.lock().unwrap() == [(String::new(), 4242)]);
    assert_eq!(forwarded(&pair.server, "", 4242).err().unwrap().kind(), ErrorKind::ChannelProhibited);
}

#[test]
fn a_connection_may_be_faster_than_the_reply() {
    let script = Arc::new(Script { hold: true, ..Script::default() });
    let pair = pair(&script);
    let client = pair.client.clone();
    let asking = std::thread::spawn(move || client.request_port_forward("", 99, None, soon()));
    eventually("the request arrives", || !script.held.lock().unwrap().is_empty());
    forwarded(&pair.server, "", 99).unwrap();
    assert_eq!(forwarded(&pair.server, "", 98).err().unwrap().kind(), ErrorKind::ChannelProhibited);
    script.held.lock().unwrap().pop().unwrap().give(None);
    assert!(asking.join().unwrap().is_err());
    assert_eq!(forwarded(&pair.server, "", 99).err().unwrap().kind(), ErrorKind::ChannelProhibited);
}

#[test]
fn sockets_are_forwarded_as_ports_are() {
    let pair = pair(&Script::grants(&[true, false, true]));
    let open = |path: &[u8]| {
        let body = ForwardedStreamlocalOpen::new(path, b"").encode_body();
        pair.server.open_channel("forwarded-streamlocal@openssh.com", &body, None, None, soon())
    };
    pair.client.request_streamlocal_forward("/run/a", None, soon()).unwrap();
    assert!(pair.client.request_streamlocal_forward("/run/b", None, soon()).is_err());
    open(b"/run/a").unwrap();
    assert_eq!(pair.client.accept(soon()).unwrap().destination(), Some(("/run/a".to_owned(), 0)));
    assert_eq!(open(b"/run/b").err().unwrap().kind(), ErrorKind::ChannelProhibited);
    pair.client.cancel_streamlocal_forward("/run/a", soon()).unwrap();
    assert_eq!(open(b"/run/a").err().unwrap().kind(), ErrorKind::ChannelProhibited);
}

#[test]
fn x11_and_agent_channels_come_once_they_were_granted() {
    let script = Script::grants(&[true, false, true]);
    let pair = pair(&script);
    let (ours, _theirs) = pair.channel();
    let x11 = || {
        let body = X11Open::new(b"10.0.0.1", 1234).encode_body();
        pair.server.open_channel("x11", &body, None, None, soon())
    };
    let agent = || pair.server.open_channel("auth-agent@openssh.com", b"", None, None, soon());
    assert!(x11().is_err() && agent().is_err());
    ours.request_x11(true, "MIT-MAGIC-COOKIE-1", "00", 0, soon()).unwrap();
    assert!(ours.request_forward_agent(soon()).is_err());
    x11().unwrap();
    assert_eq!(pair.client.accept(soon()).unwrap().origin(), Some(("10.0.0.1".to_owned(), 1234)));
    assert_eq!(x11().err().unwrap().kind(), ErrorKind::ChannelProhibited, "a single connection was asked for");
    assert_eq!(agent().err().unwrap().kind(), ErrorKind::ChannelProhibited);
    ours.request_forward_agent(soon()).unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    pair.client.set_agent_handler(counting(&taken)).unwrap();
    agent().unwrap();
    eventually("the handler takes it", || taken.load(Ordering::SeqCst) == 1);
}
