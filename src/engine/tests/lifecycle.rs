//! Deadlines, closing from everywhere, peers that vanish.

use super::super::sys::tests::{in_child, polls_readable};
use super::*;
use crate::error::{ErrorKind, Stage};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

#[test]
fn a_channel_echoes() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let echoing = std::thread::spawn(move || echo(&theirs));
    ours.send_all(b"hello", soon()).unwrap();
    ours.shutdown_write().unwrap();
    assert_eq!(read_all(&ours, Stream::Data), b"hello");
    echoing.join().unwrap();
    assert!(pair.client.describe().contains("active"), "{}", pair.client.describe());
}

#[test]
fn deadlines_poll_and_expire() {
    let pair = Pair::open();
    let (ours, _theirs) = pair.channel();
    let mut sink = |_: &[u8]| ();
    let began = Instant::now();
    let polled = ours.recv(Stream::Data, 10, &mut sink, Deadline::after_ms(0)).unwrap_err();
    assert_eq!(polled.kind(), ErrorKind::Timeout);
    let waited = ours.recv(Stream::Data, 10, &mut sink, Deadline::after_ms(50)).unwrap_err();
    assert_eq!(waited.kind(), ErrorKind::Timeout);
    assert!(waited.text().contains("no data") && waited.text().contains(" ms"), "{waited}");
    assert!(began.elapsed() >= Duration::from_millis(49));
    assert_eq!(pair.client.accept(Deadline::after_ms(0)).err().unwrap().kind(), ErrorKind::Timeout);
    assert_eq!(ours.recv_exit_status(Deadline::after_ms(10)).unwrap_err().kind(), ErrorKind::Timeout);
    assert!(pair.client.is_active());
}

#[test]
fn a_window_that_stays_full_is_a_timeout() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let data = vec![7; 4 << 20];
    let (error, sent) = ours.send_all(&data, Deadline::after_ms(300)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(sent >= 2_000_000, "the window was used: {sent}");
    assert!(!ours.send_ready());
    // Reading makes room again.
    let reading = std::thread::spawn(move || read_all(&theirs, Stream::Data).len());
    ours.send_all(&data, soon()).unwrap();
    ours.shutdown_write().unwrap();
    assert_eq!(reading.join().unwrap(), sent + data.len());
}

#[test]
fn close_wakes_every_waiter() {
    let pair = Pair::open();
    let (ours, _theirs) = pair.channel();
    let waiting: Vec<std::thread::JoinHandle<ErrorKind>> = vec![
        std::thread::spawn({
            let ours = ours.clone();
            move || ours.recv(Stream::Data, 10, &mut |_| (), Deadline::never()).unwrap_err().kind()
        }),
        std::thread::spawn({
            let ours = ours.clone();
            move || ours.recv_exit_status(Deadline::never()).unwrap_err().kind()
        }),
        std::thread::spawn({
            let client = pair.client.clone();
            move || client.accept(Deadline::never()).err().unwrap().kind()
        }),
        std::thread::spawn({
            let server = pair.server.clone();
            move || server.accept(Deadline::never()).err().unwrap().kind()
        }),
    ];
    std::thread::sleep(Duration::from_millis(50));
    pair.client.close();
    pair.client.close();
    let kinds: Vec<ErrorKind> = waiting.into_iter().map(|w| w.join().unwrap()).collect();
    assert_eq!(&kinds[..3], [ErrorKind::Closed; 3]);
    assert_eq!(kinds[3], ErrorKind::PeerDisconnected, "DISCONNECT reached the peer");
    assert!(!pair.client.is_active() && ours.is_closed());
    assert_eq!(ours.send(b"x", soon()).unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn closing_a_channel_wakes_its_waiters_only() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let waiter = std::thread::spawn({
        let ours = ours.clone();
        move || ours.recv(Stream::Data, 10, &mut |_| (), Deadline::never()).unwrap()
    });
    std::thread::sleep(Duration::from_millis(20));
    ours.close();
    assert_eq!(waiter.join().unwrap(), Recv::Eof);
    assert_eq!(theirs.recv(Stream::Data, 10, &mut |_| (), soon()).unwrap(), Recv::Eof);
    assert!(pair.client.is_active());
    assert_eq!(ours.recv_exit_status(soon()).unwrap_err().kind(), ErrorKind::NoExitStatus);
}

#[test]
fn data_before_the_end_is_delivered_and_a_cut_stream_is_an_error() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    theirs.send_all(b"last words", soon()).unwrap();
    drop(pair.server);
    eventually("the client sees the end", || !pair.client.is_active());
    let mut got = Vec::new();
    ours.recv(Stream::Data, 100, &mut |b| got.extend_from_slice(b), soon()).unwrap();
    assert_eq!(got, b"last words");
    let end = ours.recv(Stream::Data, 100, &mut |_| (), soon()).unwrap_err();
    assert_eq!(end.kind(), ErrorKind::PeerDisconnected);
    drop(pair.client);
    assert!(ours.is_closed());
}

#[test]
fn dropping_the_last_handle_sends_disconnect_and_closes_the_socket() {
    let (a, b) = fds();
    let client = Transport::from_fd(a, options()).unwrap();
    client.start_client_event(&Event::new()).unwrap();
    let mut peer = UnixStream::from(b);
    peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    peer.write_all(b"SSH-2.0-test\r\n").unwrap();
    eventually("the identification arrived", || client.remote_version().is_some());
    drop(client);
    let mut all = Vec::new();
    // The end comes before the peer closes: the write side is shut down at once.
    peer.read_to_end(&mut all).unwrap();
    assert!(all.windows(11).any(|w| w == b"application"), "DISCONNECT and its text");
}

#[test]
fn an_unstarted_transport_closes_its_socket() {
    let (a, b) = fds();
    let client = Transport::from_fd(a, options()).unwrap();
    client.close();
    assert_eq!(client.start_client(soon()).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(UnixStream::from(b).read(&mut [0; 4]).unwrap(), 0);
}

#[test]
fn a_session_over_tcp_knows_its_peer() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = Transport::connect_host(&format!("127.0.0.1:{port}"), options(), soon()).unwrap();
    let server = Transport::from_fd(listener.accept().unwrap().0.into(), options()).unwrap();
    assert_eq!(client.peer_name(), ("127.0.0.1".to_owned(), port));
    let pair = Pair::join(client, server, App::default()).login();
    let (ours, theirs) = pair.channel();
    ours.send_all(b"tcp", soon()).unwrap();
    theirs.recv(Stream::Data, 3, &mut |bytes| assert_eq!(bytes, b"tcp"), soon()).unwrap();
}

#[test]
fn a_silent_peer_is_a_timeout_and_the_transport_ends() {
    let (a, b) = fds();
    let client = Transport::from_fd(a, options()).unwrap();
    let error = client.start_client(Deadline::after_ms(50)).unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Timeout, Stage::Ident));
    assert!(!client.is_active());
    assert_eq!(client.start_client(soon()).unwrap_err().kind(), ErrorKind::Timeout);
    drop(b);
}

#[test]
fn the_configured_ident_timeout_fires() {
    let (a, _b) = fds();
    let client = Transport::from_fd(a, options()).unwrap();
    client.edit_config(|config| config.ident_timeout = Duration::from_millis(60)).unwrap();
    let error = client.start_client(soon()).unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Timeout, Stage::Ident));
    assert_eq!(client.edit_config(|_| ()).unwrap_err().kind(), ErrorKind::InvalidState);
}

#[test]
fn a_peer_that_vanishes_frees_everything() {
    let pair = Pair::open();
    let shared = Arc::downgrade(pair.client.shared());
    let (ours, theirs) = pair.channel();
    drop((theirs, pair.server));
    eventually("the end is seen", || !pair.client.is_active());
    drop((ours, pair.client));
    eventually("nothing keeps the state", || shared.strong_count() == 0);
}

#[test]
fn garbage_is_an_error_with_its_stage() {
    let (a, b) = fds();
    let client = Transport::from_fd(a, options()).unwrap();
    let mut peer = UnixStream::from(b);
    peer.write_all(b"HTTP/1.0 400 Bad Request\r\n").unwrap();
    drop(peer);
    let error = client.start_client(soon()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ConnectionLost | ErrorKind::Ident), "{error:?}");
    assert_eq!(error.stage(), Stage::Ident);
    assert_eq!(client.end_reason(), Some(error));
}

#[test]
fn after_atfork_every_call_says_so() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    pair.client.atfork();
    pair.client.atfork();
    assert_eq!(ours.send(b"x", soon()).unwrap_err().kind(), ErrorKind::Forked);
    assert_eq!(pair.client.auth_none("user", soon()).unwrap_err().kind(), ErrorKind::Forked);
    pair.client.close();
    assert!(!pair.client.is_active());
    drop((ours, theirs, pair));
}

#[test]
fn a_forked_child_gives_the_session_up_and_starts_its_own() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    assert!(in_child(|| {
        pair.client.atfork();
        pair.server.atfork();
        pair.client.close();
        let gave_up = ours.send(b"x", soon()).unwrap_err().kind() == ErrorKind::Forked;
        // New pollers and pool threads: the parent's do not run here.
        let own = Pair::open();
        let (a, b) = own.channel();
        a.send_all(b"child", soon()).unwrap();
        b.recv(Stream::Data, 5, &mut |bytes| assert_eq!(bytes, b"child"), soon()).unwrap();
        gave_up
    }));
    ours.send_all(b"parent", soon()).unwrap();
    theirs.recv(Stream::Data, 6, &mut |bytes| assert_eq!(bytes, b"parent"), soon()).unwrap();
    assert!(pair.client.is_active() && pair.server.is_active());
}

#[test]
fn the_descriptor_of_a_channel_is_level_triggered() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let fd = ours.fileno().unwrap();
    assert_eq!(ours.fileno().unwrap(), fd);
    assert!(!polls_readable(fd));
    theirs.send_all(b"abcd", soon()).unwrap();
    eventually("data raises it", || polls_readable(fd));
    ours.recv(Stream::Data, 2, &mut |_| (), soon()).unwrap();
    assert!(polls_readable(fd), "more is there");
    ours.recv(Stream::Data, 2, &mut |_| (), soon()).unwrap();
    assert!(!polls_readable(fd));
    theirs.send_all_stderr(b"x", soon()).unwrap();
    eventually("stderr raises it", || polls_readable(fd));
    ours.recv(Stream::Stderr, 2, &mut |_| (), soon()).unwrap();
    assert!(!polls_readable(fd));
    pair.client.close();
    assert!(polls_readable(fd), "the end raises it for good");
}

#[test]
fn a_bug_under_the_lock_ends_that_transport_only() {
    let (pair, other) = (Pair::open(), Pair::open());
    let shared = Arc::clone(pair.client.shared());
    let waiter = std::thread::spawn({
        let client = pair.client.clone();
        move || client.accept(Deadline::never()).err().unwrap().kind()
    });
    let bug = std::thread::spawn(move || {
        let _core = shared.lock().unwrap();
        std::panic::resume_unwind(Box::new("a bug"));
    });
    assert!(bug.join().is_err());
    assert_eq!(waiter.join().unwrap(), ErrorKind::Internal);
    assert_eq!(pair.client.send_ignore(None).unwrap_err().kind(), ErrorKind::Internal);
    eventually("the peer sees the socket close", || !pair.server.is_active());
    other.client.send_ignore(None).unwrap();
    assert!(other.client.is_active());
}

/// A poller that serves a flood holds the lock most of the time, so nothing that frees may wait for it: here it is held
/// by the thread that frees.
#[test]
fn whatever_drops_waits_for_no_lock() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let (shared, denied) = (Arc::clone(pair.client.shared()), Event::new());
    let flag = denied.clone();
    let answer = Answer::<Verdict>::new(&shared, move |_, said| {
        assert_eq!(said, None);
        flag.set();
    });
    let held = shared.lock().unwrap();
    drop(ours);
    drop(answer);
    drop(pair.client);
    assert!(!held.is_over() && !denied.is_set());
    drop(held);
    assert!(denied.wait(soon()));
    assert_eq!(theirs.recv(Stream::Data, 1, &mut |_| (), soon()).unwrap(), Recv::Eof);
    eventually("the server is told", || {
        pair.server.end_reason().is_some_and(|end| end.kind() == ErrorKind::PeerDisconnected)
    });
}
