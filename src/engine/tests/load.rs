//! Bulk data, small buffers, rekeying, many transports.

use super::super::sys::tests::shrink_send_buffer;
use super::*;
use crate::error::ErrorKind;
use std::os::fd::AsFd;
use std::time::Duration;

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect()
}

/// Sends `data` both ways at once and checks what arrives.
fn both_ways(a: &Channel, b: &Channel, data: &[u8]) {
    std::thread::scope(|scope| {
        for (from, to) in [(a, b), (b, a)] {
            scope.spawn(move || {
                from.send_all(data, soon()).unwrap();
                from.shutdown_write().unwrap();
            });
            scope.spawn(move || assert!(read_all(to, Stream::Data) == data));
        }
    });
}

#[test]
fn bulk_both_ways_over_tiny_socket_buffers() {
    let (a, b) = fds();
    shrink_send_buffer(a.as_fd());
    shrink_send_buffer(b.as_fd());
    let join = |fd| Transport::from_fd(fd, options()).unwrap();
    let pair = Pair::join(join(a), join(b), App::default()).login();
    let (ours, theirs) = pair.channel();
    both_ways(&ours, &theirs, &pattern(3 << 20));
}

#[test]
fn rekeying_under_load_both_ways() {
    let mut small = options();
    small.config.rekey_bytes = 1 << 20;
    let pair = Pair::with(App::default(), small.clone(), small).login();
    let (ours, theirs) = pair.channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..5 {
                pair.client.renegotiate_keys(soon()).unwrap();
                pair.server.renegotiate_keys(soon()).unwrap();
            }
        });
        both_ways(&ours, &theirs, &pattern(8 << 20));
    });
    assert!(pair.client.is_active());
}

#[test]
fn a_slow_key_exchange_runs_on_the_pool() {
    let mut slow = options();
    slow.config.preferences.kex = vec!["diffie-hellman-group16-sha512"];
    let pair = Pair::with(App::default(), slow.clone(), slow).login();
    assert_eq!(pair.client.negotiated().unwrap().kex.name, "diffie-hellman-group16-sha512");
    pair.client.renegotiate_keys(soon()).unwrap();
}

#[test]
fn compression_and_many_channels() {
    let mut zlib = options();
    zlib.config.preferences.compression_c2s = vec!["zlib@openssh.com"];
    zlib.config.preferences.compression_s2c = vec!["zlib@openssh.com"];
    let pair = Pair::with(App::default(), zlib.clone(), zlib).login();
    let data = pattern(300_000);
    std::thread::scope(|scope| {
        let ends: Vec<_> = (0..10).map(|_| pair.channel()).collect();
        for (ours, theirs) in ends {
            let data = &data;
            scope.spawn(move || both_ways(&ours, &theirs, data));
        }
    });
}

#[test]
fn many_transports_share_few_threads() {
    let pairs: Vec<Pair> = (0..40).map(|_| Pair::open()).collect();
    for pair in &pairs {
        let (ours, theirs) = pair.channel();
        ours.send_all(b"x", soon()).unwrap();
        theirs.recv(Stream::Data, 1, &mut |b| assert_eq!(b, b"x"), soon()).unwrap();
    }
}

#[test]
fn keepalive_is_answered_and_a_deaf_peer_is_declared_dead() {
    let pair = Pair::open();
    pair.client.set_keepalive(Duration::from_millis(20), 2).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert!(pair.client.is_active(), "{:?}", pair.client.end_reason());
}

#[test]
fn concurrent_global_requests_keep_their_replies() {
    let pair = Pair::open();
    std::thread::scope(|scope| {
        for port in 1000..1040u16 {
            let client = &pair.client;
            scope.spawn(move || {
                if port % 2 == 0 {
                    assert_eq!(client.request_port_forward("", port, None, soon()).unwrap(), port);
                } else {
                    client.global_request("nonsense@example.org", b"", true, soon()).unwrap_err();
                }
            });
        }
    });
    assert_eq!(pair.client.request_port_forward("", 0, None, soon()).unwrap(), 4242);
}

#[test]
fn requests_that_arrive_in_one_batch_are_not_taken_for_unanswered_ones() {
    let pair = Pair::open();
    // While the client's lock is held its poller can read but not handle what comes.
    let held = pair.client.shared().lock().unwrap();
    for _ in 0..300 {
        let sent = pair.server.global_request("anybody-there@example.com", b"", true, Deadline::after_ms(0));
        assert_eq!(sent.unwrap_err().kind(), ErrorKind::Timeout);
    }
    drop(held);
    let refused = pair.server.global_request("anybody-there@example.com", b"", true, soon());
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::RequestRefused);
    assert!(pair.client.is_active(), "{:?}", pair.client.end_reason());
}
