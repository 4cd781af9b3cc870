//! Ends: close, DISCONNECT, keepalive; what was received stays readable.

use super::pair::Pair;
use crate::error::ErrorKind;
use crate::proto::channel::Recv;
use crate::proto::config::Config;
use crate::proto::event::{Event, Stream};
use std::time::Duration;

#[test]
fn disconnect_reaches_the_peer_and_data_stays() {
    let mut pair = Pair::open(Config::default(), Config::default());
    let (ours, theirs) = pair.channel();
    pair.server.conn.send(theirs, Stream::Data, b"last words").unwrap();
    pair.server.conn.disconnect(pair.now, 11, "bye");
    pair.drive();
    assert_eq!(pair.server.error(), Some(ErrorKind::Closed));
    assert_eq!(pair.client.error(), Some(ErrorKind::PeerDisconnected));
    let detail = pair.client.conn.error().unwrap().detail().unwrap().clone();
    assert_eq!((detail.peer_reason, detail.peer_text.as_deref()), (Some(11), Some("bye")));
    assert_eq!(pair.client.read_all(ours, Stream::Data), b"last words");
    assert!(matches!(pair.client.conn.recv(pair.now, ours, Stream::Data, 1, &mut |_| {}), Ok(Recv::Eof)));
    assert!(pair.client.conn.open_channel("session", b"", 1_u32 << 20, 1 << 15).is_err());
    assert!(matches!(pair.client.events.last(), Some(Event::Ended(_))));
}

#[test]
fn a_peer_that_answers_no_keepalive_is_dead() {
    let mut pair = Pair::open(Config::default(), Config::default());
    let second = Duration::from_secs(1);
    pair.client.conn.set_keepalive(pair.now, second, 2);
    // Answered: alive.
    for _ in 0..5 {
        pair.pass(second);
        pair.drive();
    }
    assert_eq!(pair.client.error(), None);
    // Unanswered: dead after two.
    for _ in 0..4 {
        pair.pass(second);
        pair.client.pump(pair.now);
        pair.client.wire.clear();
    }
    assert_eq!(pair.client.error(), Some(ErrorKind::PeerDead));
}

#[test]
fn closes_that_cross_keep_what_had_arrived_and_end_clean() {
    let mut pair = Pair::open(Config::default(), Config::default());
    let (ours, theirs) = pair.channel();
    pair.client.conn.send(ours, Stream::Data, b"to the server").unwrap();
    pair.server.conn.send(theirs, Stream::Data, b"to the client").unwrap();
    pair.drive();
    pair.client.conn.close_channel(ours).unwrap();
    pair.server.conn.close_channel(theirs).unwrap();
    pair.drive();
    assert_eq!(pair.server.read_all(theirs, Stream::Data), b"to the server");
    assert_eq!(pair.client.read_all(ours, Stream::Data), b"to the client");
    pair.client.conn.release_channel(ours);
    pair.server.conn.release_channel(theirs);
    assert_eq!(pair.client.conn.open_channels() + pair.server.conn.open_channels(), 0);
    assert_eq!((pair.client.error(), pair.server.error()), (None, None));
}

#[test]
fn a_close_right_behind_data_does_not_overtake_it() {
    let mut pair = Pair::open(Config::default(), Config::default());
    let (ours, theirs) = pair.channel();
    pair.server.conn.send(theirs, Stream::Data, b"tail").unwrap();
    pair.server.conn.close_channel(theirs).unwrap();
    pair.server.conn.release_channel(theirs);
    pair.drive();
    assert_eq!(pair.client.read_all(ours, Stream::Data), b"tail");
    assert!(matches!(pair.client.conn.recv(pair.now, ours, Stream::Data, 1, &mut |_| {}), Ok(Recv::Eof)));
}
