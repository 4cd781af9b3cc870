//! Relays between channels and sockets, pipes, files and channels.

use super::super::sys::tests::shrink_send_buffer;
use super::super::{Progress, Relay};
use super::*;
use crate::error::ErrorKind;
use crate::wire::msg_channel::TcpipOpen;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::thread::JoinHandle;

/// A megabyte that differs with `seed`.
fn megabyte(seed: u8) -> Vec<u8> {
    let mut x = u32::from(seed) + 1;
    (0..1 << 20)
        .map(|_| {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (x >> 24) as u8
        })
        .collect()
}

/// Relays between the channel and a socket whose other end is given.
fn relayed(channel: &Channel) -> (Relay, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (Relay::with_descriptors(channel, ours.into(), None, None).unwrap(), theirs)
}

/// Writes `data` and the end on a thread.
fn writing(socket: &UnixStream, data: Vec<u8>) -> JoinHandle<()> {
    let mut socket = socket.try_clone().unwrap();
    std::thread::spawn(move || {
        socket.write_all(&data).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
    })
}

fn read_to_end(mut socket: &UnixStream) -> Vec<u8> {
    let mut all = Vec::new();
    socket.read_to_end(&mut all).unwrap();
    all
}

/// A megabyte each way between two sockets that are relayed to each other.
fn exchange(a: &UnixStream, b: &UnixStream) {
    let (x, y) = (megabyte(1), megabyte(2));
    let writers = [writing(a, x.clone()), writing(b, y.clone())];
    let at_b = {
        let b = b.try_clone().unwrap();
        std::thread::spawn(move || read_to_end(&b))
    };
    assert!(read_to_end(a) == y, "what b sent arrives at a");
    assert!(at_b.join().unwrap() == x, "what a sent arrives at b");
    for writer in writers {
        writer.join().unwrap();
    }
}

#[test]
fn a_megabyte_goes_each_way_and_both_ends_are_carried() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let event = Event::new();
    let (inner, a) = UnixStream::pair().unwrap();
    let relay = Relay::with_descriptors(&ours, inner.into(), None, Some(event.clone())).unwrap();
    let (other, b) = relayed(&theirs);
    assert!(!relay.is_over() && relay.wait(Deadline::after_ms(0)).unwrap_err().kind() == ErrorKind::Timeout);
    exchange(&a, &b);
    assert!(event.wait(soon()));
    relay.wait(soon()).unwrap();
    other.wait(soon()).unwrap();
    assert_eq!((relay.counts(), other.counts()), ((1 << 20, 1 << 20), (1 << 20, 1 << 20)));
    assert!(relay.is_over() && !ours.is_closed(), "a session is left for its exit status");
}

#[test]
fn one_direction_may_end_long_before_the_other() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let (relay, mut socket) = relayed(&ours);
    socket.write_all(b"question").unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(read_all(&theirs, Stream::Data), b"question");
    assert!(!theirs.is_closed() && !relay.is_over());
    theirs.send_all(b"answer", soon()).unwrap();
    theirs.shutdown_write().unwrap();
    assert_eq!(read_to_end(&socket), b"answer");
    relay.wait(soon()).unwrap();

    let (ours, theirs) = pair.channel();
    let (relay, mut socket) = relayed(&ours);
    theirs.send_all(b"question", soon()).unwrap();
    theirs.shutdown_write().unwrap();
    assert_eq!(read_to_end(&socket), b"question");
    socket.write_all(b"answer").unwrap();
    drop(socket);
    assert_eq!(read_all(&theirs, Stream::Data), b"answer");
    relay.wait(soon()).unwrap();
    assert!(!theirs.is_closed());
    drop(ours);
    eventually("the last handle closes it", || theirs.is_closed());
}

#[test]
fn any_channel_but_a_session_is_closed_at_the_end() {
    let pair = Pair::open();
    let open = TcpipOpen::new(b"host", 1, b"127.0.0.1", 2).encode_body();
    let ours = pair.client.open_channel("direct-tcpip", &open, None, None, soon()).unwrap();
    let theirs = pair.server.accept(soon()).unwrap();
    let (relay, socket) = relayed(&ours);
    theirs.shutdown_write().unwrap();
    drop(socket);
    relay.wait(soon()).unwrap();
    assert!(ours.is_closed());
    eventually("at both ends", || theirs.is_closed());
}

#[test]
fn a_close_after_the_end_of_file_is_noticed() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let (relay, socket) = relayed(&ours);
    theirs.shutdown_write().unwrap();
    assert_eq!(read_to_end(&socket), b"");
    assert!(!relay.is_over());
    theirs.close();
    relay.wait(soon()).unwrap();
    assert!((&socket).write_all(b"x").is_err(), "the socket is closed");
}

#[test]
fn data_before_a_close_is_written_and_waits_for_a_slow_socket_only_so_long() {
    let pair = Pair::open();
    for read_it in [true, false] {
        let (ours, theirs) = pair.channel();
        let (inner, socket) = UnixStream::pair().unwrap();
        shrink_send_buffer(inner.as_fd());
        let linger = std::time::Duration::from_millis(if read_it { 10_000 } else { 100 });
        let relay = Relay::descriptors(&ours, inner.into(), None, None, linger).unwrap();
        let data = megabyte(3);
        theirs.send_all(&data, soon()).unwrap();
        theirs.close();
        if read_it {
            assert!(read_to_end(&socket) == data);
            relay.wait(soon()).unwrap();
        } else {
            assert_eq!(relay.wait(soon()).unwrap_err().kind(), ErrorKind::Io);
            assert!(read_to_end(&socket).len() < data.len());
        }
    }
}

/// An HTTP server that refuses a large upload does this.
#[test]
fn the_last_answer_reaches_a_peer_that_still_sends() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (inner, _) = listener.accept().unwrap();
    let relay = Relay::with_descriptors(&ours, inner.into(), None, None).unwrap();
    let mut sending = client.try_clone().unwrap();
    let sender = std::thread::spawn(move || while sending.write_all(&[7; 4096]).is_ok() {});
    let data = megabyte(8);
    theirs.send_all(&data, soon()).unwrap();
    theirs.close();
    std::thread::sleep(std::time::Duration::from_millis(200));
    let mut got = vec![0; data.len()];
    client.read_exact(&mut got).unwrap();
    assert!(got == data);
    // Fails once the relay has hung up: all of it had arrived.
    let _ = client.shutdown(std::net::Shutdown::Both);
    sender.join().unwrap();
    relay.wait(soon()).unwrap();
}

#[test]
fn a_child_has_relays_of_its_own_and_none_of_its_parents() {
    let pair = Pair::open();
    let (ours, _theirs) = pair.channel();
    let (relay, _socket) = relayed(&ours);
    let ok = super::super::sys::tests::in_child(|| {
        let inherited = relay.wait(soon()).unwrap_err().kind() == ErrorKind::Forked;
        relay.stop();
        let pair = Pair::open();
        let (ours, theirs) = pair.channel();
        let ((_r1, a), (_r2, b)) = (relayed(&ours), relayed(&theirs));
        exchange(&a, &b);
        inherited
    });
    assert!(ok && !relay.is_over());
}

#[test]
fn a_reader_that_stops_stops_its_own_channel_only() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let (_stuck, socket) = relayed(&ours);
    let (mut sent, data) = (0, megabyte(0));
    while let Ok(n) = theirs.send(&data, Deadline::after_ms(300)) {
        sent += n;
    }
    assert!(sent < 8 << 20, "{sent} bytes are held for nobody");
    let (c, d) = pair.channel();
    let ((_r1, a), (_r2, b)) = (relayed(&c), relayed(&d));
    exchange(&a, &b);
    // And it goes on where it stopped.
    theirs.close();
    assert_eq!(read_to_end(&socket).len(), sent);
}

#[test]
fn a_reader_that_is_gone_ends_its_direction_only() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let ((read_end, mut feed), (sink, write_end)) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    let relay = Relay::with_descriptors(&ours, OwnedFd::from(read_end), Some(OwnedFd::from(write_end)), None).unwrap();
    drop(sink);
    // No byte needs to be lost to find that out, and what the peer sends keeps no window.
    let data = megabyte(4);
    for _ in 0..4 {
        theirs.send_all(&data, soon()).unwrap();
    }
    feed.write_all(b"still here").unwrap();
    drop(feed);
    assert_eq!(read_all(&theirs, Stream::Data), b"still here");
    relay.wait(soon()).unwrap();
}

#[test]
fn pipes_and_files_are_relayed_and_keep_their_flags() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let path = std::env::temp_dir().join(format!("sshrs-relay-{}", std::process::id()));
    let data = megabyte(5);
    std::fs::write(&path, &data).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let (mut sink, write_end) = std::io::pipe().unwrap();
    let kept = write_end.try_clone().unwrap();
    let relay = Relay::with_descriptors(&ours, file.into(), Some(write_end.into()), None).unwrap();
    assert!(read_all(&theirs, Stream::Data) == data);
    let peer = std::thread::spawn(move || {
        theirs.send_all(&megabyte(6), soon()).unwrap();
        theirs.send_all_stderr(&megabyte(7), soon()).unwrap();
        theirs.send_all_stderr(&megabyte(7), soon()).unwrap();
        theirs.send_all_stderr(&megabyte(7), soon()).unwrap();
        theirs.shutdown_write().unwrap();
    });
    let mut got = vec![0; 1 << 20];
    sink.read_exact(&mut got).unwrap();
    assert!(got == megabyte(6), "stderr is dropped, and its window comes back");
    relay.wait(soon()).unwrap();
    peer.join().unwrap();
    assert!(!super::super::sys::tests::is_nonblocking(kept.as_fd()));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn channels_are_relayed_within_a_transport_and_between_two() {
    let (one, two) = (Pair::open(), Pair::open());
    for other in [&one, &two] {
        let ((a, a_peer), (b, b_peer)) = (one.channel(), other.channel());
        let relay = Relay::between(&a, &b, None).unwrap();
        assert_eq!(Relay::between(&a, &b, None).err().unwrap().kind(), ErrorKind::InvalidState);
        drop((a, b));
        let ((_r1, x), (_r2, y)) = (relayed(&a_peer), relayed(&b_peer));
        exchange(&x, &y);
        relay.wait(soon()).unwrap();
        assert_eq!(relay.counts(), (1 << 20, 1 << 20));
    }
}

#[test]
fn everything_may_be_freed_while_it_runs() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let event = Event::new();
    let (inner, mut socket) = UnixStream::pair().unwrap();
    drop(Relay::with_descriptors(&ours, inner.into(), None, Some(event.clone())).unwrap());
    drop(ours);
    socket.write_all(b"alive").unwrap();
    let mut got = Vec::new();
    theirs.recv(Stream::Data, 5, &mut |b| got.extend_from_slice(b), soon()).unwrap();
    assert_eq!(got, b"alive");
    drop(pair);
    assert!(event.wait(soon()), "a transport that nobody names ends its relays");
    assert_eq!(read_to_end(&socket), b"");
}

#[test]
fn a_relay_ends_with_the_error_of_its_transport() {
    let pair = Pair::open();
    let ((ours, theirs), (c, _d)) = (pair.channel(), pair.channel());
    let ((relay, socket), (idle, _s)) = (relayed(&ours), relayed(&c));
    theirs.send_all(b"before", soon()).unwrap();
    let mut got = [0; 6];
    (&socket).read_exact(&mut got).unwrap();
    pair.server.close();
    assert_eq!(relay.wait(soon()).unwrap_err().kind(), ErrorKind::PeerDisconnected);
    assert_eq!(idle.wait(soon()).unwrap_err().kind(), ErrorKind::PeerDisconnected);
    assert_eq!(read_to_end(&socket), b"");
}

#[test]
fn a_relay_can_be_stopped() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let (relay, socket) = relayed(&ours);
    relay.stop();
    assert_eq!(relay.wait(soon()).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(read_to_end(&socket), b"");
    eventually("the channel is closed", || theirs.is_closed());
    relay.stop();
}

#[test]
fn what_is_no_stream_is_refused_and_the_channel_left_alone() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let refused = Relay::with_descriptors(&ours, datagrams.into(), None, None).err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    let (relay, socket) = relayed(&ours);
    drop(socket);
    assert_eq!(read_all(&theirs, Stream::Data), b"");
    theirs.close();
    relay.wait(soon()).unwrap();
}

#[test]
fn two_hundred_relays_share_few_threads() {
    let pair = Pair::open();
    let mut all = Vec::new();
    for _ in 0..200 {
        let (ours, theirs) = pair.channel();
        let ((r1, a), (r2, b)) = (relayed(&ours), relayed(&theirs));
        all.push((r1, r2, a, b));
    }
    let writers: Vec<_> = all
        .iter()
        .enumerate()
        .map(|(i, (.., a, b))| {
            let text = format!("relay {i} ").repeat(500).into_bytes();
            (writing(a, text.clone()), writing(b, text.clone()), text)
        })
        .collect();
    for ((r1, r2, a, b), (wa, wb, text)) in all.iter().zip(writers) {
        assert!(read_to_end(a) == text && read_to_end(b) == text);
        wa.join().unwrap();
        wb.join().unwrap();
        r1.wait(soon()).unwrap();
        r2.wait(soon()).unwrap();
    }
}

/// A client and a server that answers no opening before the event is set, because it answers in order.
fn gated() -> (Pair, Event) {
    let gate = Event::new();
    let pair = Pair::with(App { gate: Some(gate.clone()), ..App::default() }, options(), options()).login();
    let (first, theirs) = pair.channel();
    first.exec_command_begin(b"waits").unwrap();
    // Their handles would close it.
    std::mem::forget((first, theirs));
    (pair, gate)
}

#[test]
fn a_relay_waits_for_the_answer_to_an_opening() {
    let (pair, gate) = gated();
    let begin = || pair.client.open_channel_begin("session", b"", None, None).unwrap();
    let (one, two, three) = (begin(), begin(), begin());
    let (relay, mut socket) = relayed(&one);
    socket.write_all(b"question").unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    let channels = Relay::between(&two, &three, None).unwrap();
    assert_eq!(relay.wait(Deadline::after_ms(100)).unwrap_err().kind(), ErrorKind::Timeout);
    assert!(!channels.is_over() && one.finish().unwrap() == Progress::Pending && !one.is_closed());
    gate.set();
    let accept = || pair.server.accept(soon()).unwrap();
    let (theirs, a, b) = (accept(), accept(), accept());
    assert_eq!(read_all(&theirs, Stream::Data), b"question");
    theirs.send_all(b"answer", soon()).unwrap();
    theirs.shutdown_write().unwrap();
    assert_eq!(read_to_end(&socket), b"answer");
    relay.wait(soon()).unwrap();
    let ((_r1, x), (_r2, y)) = (relayed(&a), relayed(&b));
    exchange(&x, &y);
    channels.wait(soon()).unwrap();
    for channel in [&one, &two, &three] {
        assert_eq!(channel.finish().unwrap(), Progress::Done);
    }
}

#[test]
fn a_refused_opening_ends_the_relay_with_its_error() {
    let (pair, gate) = gated();
    let refused = pair.client.open_channel_begin("nonsense", b"", None, None).unwrap();
    let closed = pair.client.open_channel_begin("session", b"", None, None).unwrap();
    let ((relay, socket), (other, other_socket)) = (relayed(&refused), relayed(&closed));
    closed.close();
    assert_eq!(other.wait(soon()).unwrap_err().kind(), ErrorKind::ChannelClosed);
    assert_eq!(read_to_end(&other_socket), b"");
    assert!(!relay.is_over());
    gate.set();
    let error = relay.wait(soon()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ChannelUnknownType);
    assert_eq!(read_to_end(&socket), b"");
    assert_eq!(refused.finish().unwrap_err(), error);

    let (pair, gate) = gated();
    let pending = pair.client.open_channel_begin("session", b"", None, None).unwrap();
    let (relay, _socket) = relayed(&pending);
    let early = Transport::from_channel(pending.clone(), options()).err().unwrap();
    assert_eq!(early.kind(), ErrorKind::InvalidState);
    pair.client.close();
    assert_eq!(relay.wait(soon()).unwrap_err().kind(), ErrorKind::Closed);
    gate.set();
}

/// Sends on the channel until nobody takes it.
fn flooding(channel: &Channel) -> JoinHandle<()> {
    let channel = channel.clone();
    std::thread::spawn(move || while channel.send(&[7; 4096], soon()).is_ok() {})
}

#[test]
fn a_session_left_in_the_middle_is_closed_and_one_whose_output_ended_is_not() {
    let pair = Pair::open();
    let ((a, a_peer), (b, b_peer)) = (pair.channel(), pair.channel());
    let relay = Relay::between(&a, &b, None).unwrap();
    let flood = flooding(&b_peer);
    a_peer.close();
    relay.wait(soon()).unwrap();
    assert!(b.is_closed());
    flood.join().unwrap();

    let ((a, a_peer), (b, b_peer)) = (pair.channel(), pair.channel());
    let relay = Relay::between(&a, &b, None).unwrap();
    b_peer.shutdown_write().unwrap();
    eventually("the end is passed on", || a_peer.eof_received());
    a_peer.close();
    relay.wait(soon()).unwrap();
    assert!(!b.is_closed(), "its exit status may come");
}

/// As one that runs a command does: the command ends while the client could still send.
#[test]
fn a_servers_session_is_left_for_the_exit_status_it_sends() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let (relay, socket) = relayed(&theirs);
    (&socket).write_all(b"output").unwrap();
    drop(socket);
    relay.wait(soon()).unwrap();
    assert_eq!(read_all(&ours, Stream::Data), b"output");
    theirs.send_exit_status(3).unwrap();
    theirs.close();
    assert_eq!(ours.recv_exit_status(soon()).unwrap(), 3);
}

#[test]
fn a_close_by_the_application_does_not_wait_for_the_other_side() {
    let pair = Pair::open();
    let ((a, a_peer), (b, b_peer)) = (pair.channel(), pair.channel());
    let relay = Relay::between(&a, &b, None).unwrap();
    // Neither reads: what each has sent is stuck at the other.
    let data = megabyte(1);
    for peer in [&a_peer, &b_peer] {
        while peer.send(&data, Deadline::after_ms(100)).is_ok() {}
    }
    assert!(!relay.is_over());
    a.close();
    relay.wait(Deadline::after_ms(5_000)).unwrap();
    assert!(b.is_closed());

    let (a, a_peer) = pair.channel();
    let (relay, socket) = relayed(&a);
    while a_peer.send(&data, Deadline::after_ms(100)).is_ok() {}
    a.close();
    relay.wait(Deadline::after_ms(5_000)).unwrap();
    assert!(!read_to_end(&socket).is_empty());
}

#[test]
fn a_closed_channel_with_nothing_left_is_refused() {
    let pair = Pair::open();
    let refusal = |channel: &Channel| Relay::between(channel, &pair.channel().0, None).err().map(|e| e.kind());
    let (ours, theirs) = pair.channel();
    theirs.send_all(b"left", soon()).unwrap();
    theirs.close();
    eventually("closed", || ours.is_closed());
    let (relay, socket) = relayed(&ours);
    assert_eq!(read_to_end(&socket), b"left");
    relay.wait(soon()).unwrap();
    assert_eq!(refusal(&ours), Some(ErrorKind::ChannelClosed));
    let (ours, _theirs) = pair.channel();
    ours.close();
    assert_eq!(refusal(&ours), Some(ErrorKind::ChannelClosed));
    let refused = pair.client.open_channel_begin("nonsense", b"", None, None).unwrap();
    eventually("refused", || refused.finish().is_err());
    assert_eq!(refusal(&refused), Some(ErrorKind::ChannelClosed));
    let (ours, _theirs) = pair.channel();
    pair.client.close();
    assert_eq!(Relay::between(&ours, &refused, None).err().unwrap().kind(), ErrorKind::Closed);
}
