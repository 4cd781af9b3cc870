//! Channels and requests through whole connections.

use super::pair::Pair;
use crate::proto::config::Config;
use crate::proto::event::{Event, Stream};
use crate::proto::packet_in::MAX_ITEMS;
use std::time::Duration;

#[test]
fn replies_come_in_order() {
    let mut pair = Pair::open(Config::default(), Config::default());
    let (ours, _) = pair.channel();
    let tokens: Vec<u64> = ["exec", "refused", "shell"]
        .iter()
        .map(|name| pair.client.conn.channel_request(ours, name, &[], true).unwrap())
        .collect();
    pair.drive();
    let replies: Vec<(u64, bool)> = pair
        .client
        .events
        .iter()
        .filter_map(|e| match e {
            Event::ChannelReply { token, ok, .. } => Some((*token, *ok)),
            _ => None,
        })
        .collect();
    assert_eq!(replies, [(tokens[0], true), (tokens[1], false), (tokens[2], true)]);
}

#[test]
fn a_megabyte_with_a_slow_reader_stops_only_its_channel() {
    let mut pair = Pair::open(Config::default(), Config::default());
    let (slow, _) = pair.channel();
    let (quick, quick_there) = pair.channel();
    let data = vec![9; 1 << 20];
    let mut sent = 0;
    loop {
        match pair.client.conn.send(slow, Stream::Data, &data).unwrap() {
            0 => break,
            n => sent += n,
        }
        pair.drive();
    }
    assert_eq!(sent, 1 << 21, "one window");
    assert_eq!(pair.client.conn.send(quick, Stream::Data, b"hello").unwrap(), 5);
    pair.drive();
    assert_eq!(pair.server.read_all(quick_there, Stream::Data), b"hello");
}

#[test]
fn stderr_nobody_reads_does_not_stop_stdout() {
    let mut pair = Pair::open(Config::default(), Config::default());
    let (ours, theirs) = pair.channel();
    let chunk = vec![1; 1 << 16];
    let mut stdout = 0;
    for _ in 0..100 {
        for stream in [Stream::Stderr, Stream::Data] {
            let mut left = chunk.as_slice();
            while !left.is_empty() {
                let n = pair.server.conn.send(theirs, stream, left).unwrap();
                left = &left[n..];
                pair.drive();
                stdout += pair.client.read_all(ours, Stream::Data).len();
            }
        }
    }
    assert_eq!(stdout, 100 << 16);
    assert_eq!(pair.client.read_all(ours, Stream::Stderr).len(), 100 << 16);
}

#[test]
fn requests_beyond_the_bound_wait_for_answers_and_lose_nothing() {
    let mut pair = Pair::open(Config::default(), Config::default());
    let (ours, theirs) = pair.channel();
    let limit = Config::default().limits.pending_requests;
    for _ in 0..300 {
        pair.client.conn.channel_request(ours, "later", b"", true).unwrap();
    }
    pair.client.conn.send(ours, Stream::Data, b"behind").unwrap();
    pair.drive();
    let waiting = pair.server.unanswered.len();
    assert!((limit..=limit + MAX_ITEMS).contains(&waiting), "{waiting}");
    assert!(!pair.server.conn.wants_input() && pair.server.read_all(theirs, Stream::Data).is_empty());
    // Nor are its answers to keepalives read.
    let second = Duration::from_secs(1);
    pair.server.conn.set_keepalive(pair.now, second, 1);
    for _ in 0..5 {
        pair.pass(second);
        pair.drive();
    }
    assert_eq!(pair.server.error(), None);
    // A key exchange meanwhile is answered behind what waits, which is not the peer's fault.
    pair.server.conn.rekey(pair.now).unwrap();
    pair.drive();
    pair.server.conn.handle_timeout(pair.now + Duration::from_secs(60));
    pair.now += Duration::from_secs(60);
    let mut answered = 0;
    while let Some(ticket) = pair.server.unanswered.pop_front() {
        pair.server.conn.answer_channel_request(ticket, true).unwrap();
        answered += 1;
        pair.drive();
    }
    assert_eq!((answered, pair.server.error(), pair.client.error()), (300, None, None));
    assert_eq!(pair.server.read_all(theirs, Stream::Data), b"behind");
    let replies = pair.client.events.iter().filter(|e| matches!(e, Event::ChannelReply { ok: true, .. }));
    assert_eq!(replies.count(), 300);
}
