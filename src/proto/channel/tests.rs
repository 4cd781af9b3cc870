//! Channels against a scripted peer: what arrives is fed in, what leaves is looked at.

use super::*;
use crate::proto::event::{Stream, Ticket};
use crate::wire::msg_channel::{
    ChannelClose, ChannelData, ChannelEof, ChannelExtendedData, ChannelFailure, ChannelOpen, ChannelOpenConfirmation,
    ChannelOpenFailure, ChannelRequest, ChannelSuccess, ChannelWindowAdjust, ExitSignal as ExitSignalBody, ExitStatus,
};

const WINDOW: u32 = 65536;
const PACKET: u32 = 32768;
/// The peer's number for every channel.
const PEER: u32 = 7000;

struct Side {
    channels: Channels,
    out: Outbox,
}

impl Side {
    fn new(role: Role) -> Self {
        Self::with(role, Limits::default())
    }

    fn with(role: Role, limits: Limits) -> Self {
        Self { channels: Channels::new(&limits, role, 100_000), out: Outbox::recording() }
    }

    fn feed(&mut self, payload: Vec<u8>) -> Result<()> {
        let (number, rest) = payload.split_first().unwrap();
        self.channels.handle(&mut self.out, *number, rest)
    }

    fn sent(&mut self) -> Vec<Vec<u8>> {
        self.out.take_payloads()
    }

    fn numbers(&mut self) -> Vec<u8> {
        self.sent().iter().map(|p| p[0]).collect()
    }

    /// Events since the last call as text, log lines left out.
    fn events(&mut self) -> Vec<String> {
        let all = std::iter::from_fn(|| self.out.next_event());
        all.filter(|e| !matches!(e, Event::Log(..))).map(|e| format!("{e:?}")).collect()
    }

    fn request_open(&mut self) -> ChannelId {
        self.channels.open_channel(&mut self.out, "session", b"", WINDOW, PACKET).unwrap()
    }

    fn open_with(&mut self, window: u32, max_packet: u32) -> ChannelId {
        self.events();
        let id = self.request_open();
        self.feed(ChannelOpenConfirmation::new(id.0, PEER, window, max_packet, b"").to_vec()).unwrap();
        self.sent();
        assert_eq!(self.events(), [format!("ChannelOpened({id:?})")]);
        id
    }

    fn open(&mut self) -> ChannelId {
        self.open_with(WINDOW, PACKET)
    }

    fn data(&mut self, id: ChannelId, data: &[u8]) -> Result<()> {
        self.feed(ChannelData::new(id.0, data).to_vec())
    }

    fn extended(&mut self, id: ChannelId, kind: u32, data: &[u8]) -> Result<()> {
        self.feed(ChannelExtendedData::new(id.0, kind, data).to_vec())
    }

    fn close(&mut self, id: ChannelId) {
        self.feed(ChannelClose::new(id.0).to_vec()).unwrap();
    }

    fn ask(&mut self, id: ChannelId, request: &str, want_reply: bool, body: &[u8]) -> Result<()> {
        self.feed(ChannelRequest::new(id.0, request, want_reply, body).to_vec())
    }

    fn send(&mut self, id: ChannelId, data: &[u8]) -> Result<usize> {
        self.channels.send(&mut self.out, id, Stream::Data, data)
    }

    fn recv(&mut self, id: ChannelId, stream: Stream, max: usize) -> (Recv, Vec<u8>) {
        let mut got = Vec::new();
        let r = self.channels.recv(&mut self.out, id, stream, max, &mut |s| got.extend_from_slice(s)).unwrap();
        (r, got)
    }

    /// Reads everything there is.
    fn drain(&mut self, id: ChannelId, stream: Stream) -> Vec<u8> {
        self.recv(id, stream, usize::MAX).1
    }

    /// The window the peer was given back since the last look.
    fn adjusted(&mut self) -> u64 {
        let sent = self.sent();
        let adjusts = sent.iter().filter(|p| p[0] == ChannelWindowAdjust::NUMBER);
        adjusts.map(|p| u64::from(ChannelWindowAdjust::parse(&p[1..]).unwrap().bytes)).sum()
    }
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn an_open_is_confirmed_or_refused_with_the_peers_words() {
    let mut s = Side::new(Role::Client);
    let id = s.request_open();
    assert_eq!(s.sent(), [ChannelOpen::new("session", id.0, WINDOW, PACKET, b"").to_vec()]);
    assert_eq!(kind(s.send(id, b"x")), ErrorKind::InvalidState);
    s.feed(ChannelOpenConfirmation::new(id.0, PEER, 5, 6, b"").to_vec()).unwrap();
    let channel = s.channels.channel(id).unwrap();
    assert_eq!((channel.remote_id(), channel.send_space(), channel.send_max_packet()), (Some(PEER), 5, 6));
    assert!(channel.is_open() && !channel.is_closed());

    let expected = [
        (1, ErrorKind::ChannelProhibited),
        (2, ErrorKind::ChannelConnectFailed),
        (3, ErrorKind::ChannelUnknownType),
        (4, ErrorKind::ChannelShortage),
        (5, ErrorKind::ChannelRefused),
        (0, ErrorKind::ChannelRefused),
    ];
    for (reason, want) in expected {
        let id = s.request_open();
        s.events();
        s.feed(ChannelOpenFailure::new(id.0, reason, b"no\x1b[2J", b"en").to_vec()).unwrap();
        let Some(Event::ChannelRefused(got, error)) = s.out.next_event() else { panic!("no refusal") };
        assert_eq!((got, error.kind()), (id, want));
        assert!(error.text().ends_with("no\\x1b[2J"));
        let detail = error.detail().unwrap();
        assert_eq!((detail.peer_reason, detail.peer_text.as_deref()), (Some(reason), Some("no\x1b[2J")));
        assert!(s.channels.channel(id).is_none());
    }
}

#[test]
fn an_answer_nobody_asked_for_is_fatal() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    for n in [id.0, id.0 + 1, u32::MAX] {
        assert!(s.feed(ChannelOpenConfirmation::new(n, 1, 1, 1, b"").to_vec()).is_err());
        assert!(s.feed(ChannelOpenFailure::new(n, 1, b"", b"").to_vec()).is_err());
    }
    let pending = s.request_open();
    assert!(s.data(pending, b"early").is_err(), "not confirmed");
    assert!(s.data(ChannelId(77), b"").is_err(), "never opened");
}

#[test]
fn ten_thousand_refused_opens_leave_nothing_behind() {
    let mut s = Side::new(Role::Client);
    for _ in 0..10_000 {
        let id = s.request_open();
        s.feed(ChannelOpenFailure::new(id.0, 1, b"no", b"").to_vec()).unwrap();
        s.feed(ChannelOpen::new("x11", 1, 1, 1, b"").to_vec()).unwrap();
        s.channels.refuse_channel(&mut s.out, ChannelId(id.0 + 1), 1, "no").unwrap();
        s.sent();
        assert_eq!(s.events().len(), 2);
    }
    assert_eq!((s.channels.table.len(), s.channels.waiters.len(), s.channels.tickets.len()), (0, 0, 0));
}

#[test]
fn opens_past_the_limit_do_not_reach_the_application() {
    let mut s = Side::with(Role::Server, Limits { channels: 2, ..Limits::default() });
    for peer in 0..3 {
        s.feed(ChannelOpen::new("session", peer, 1, 1, b"").to_vec()).unwrap();
    }
    assert_eq!(s.events().len(), 2);
    assert_eq!(s.sent(), [ChannelOpenFailure::new(2, 4, b"too many channels", b"").to_vec()]);
    assert_eq!(kind(s.channels.open_channel(&mut s.out, "x", b"", 1, 1)), ErrorKind::ResourceLimit);
    s.channels.refuse_channel(&mut s.out, ChannelId(0), 1, "").unwrap();
    s.feed(ChannelOpen::new("session", 9, 1, 1, b"").to_vec()).unwrap();
    assert_eq!(s.events().len(), 1, "a refused one makes room");
}

#[test]
fn an_incoming_open_is_answered_once() {
    let mut s = Side::new(Role::Server);
    s.feed(ChannelOpen::new("direct-tcpip", PEER, 10, 20, b"where").to_vec()).unwrap();
    let id = ChannelId(0);
    assert!(s.events()[0].contains("direct-tcpip"));
    assert!(s.data(id, b"x").is_err(), "the peer cannot know the number yet");
    s.channels.accept_channel(&mut s.out, id, WINDOW, u32::MAX).unwrap();
    assert_eq!(s.sent(), [ChannelOpenConfirmation::new(PEER, id.0, WINDOW, MAX_RECV_PACKET, b"").to_vec()]);
    let channel = s.channels.channel(id).unwrap();
    assert_eq!((channel.kind(), channel.open_data(), channel.send_space()), ("direct-tcpip", &b"where"[..], 10));
    assert_eq!(kind(s.channels.accept_channel(&mut s.out, id, 1, 1)), ErrorKind::InvalidState);
    assert_eq!(kind(s.channels.refuse_channel(&mut s.out, id, 1, "")), ErrorKind::InvalidState);
}

#[test]
fn an_abandoned_open_is_closed_when_it_comes() {
    let mut s = Side::new(Role::Client);
    let (late, refused) = (s.request_open(), s.request_open());
    s.sent();
    s.channels.abandon_open(&mut s.out, late);
    s.channels.abandon_open(&mut s.out, refused);
    s.feed(ChannelOpenFailure::new(refused.0, 1, b"", b"").to_vec()).unwrap();
    s.feed(ChannelOpenConfirmation::new(late.0, PEER, 1, 1, b"").to_vec()).unwrap();
    assert_eq!(s.numbers(), [ChannelEof::NUMBER, ChannelClose::NUMBER]);
    s.data(late, b"already under way").unwrap();
    s.ask(late, "anything", true, b"").unwrap();
    s.close(late);
    assert!(s.numbers().is_empty());
    assert!(s.events().is_empty());
    assert_eq!(s.channels.table.len(), 0);
}

#[test]
fn a_maximum_packet_of_zero_never_becomes_a_channel() {
    let mut s = Side::new(Role::Client);
    let id = s.request_open();
    s.sent();
    s.feed(ChannelOpenConfirmation::new(id.0, PEER, 1, 0, b"").to_vec()).unwrap();
    assert!(s.events()[0].starts_with("ChannelRefused"));
    assert_eq!(s.numbers(), [ChannelEof::NUMBER, ChannelClose::NUMBER]);
    s.close(id);
    assert_eq!(s.channels.table.len(), 0);
    s.feed(ChannelOpen::new("session", PEER, 1, 0, b"").to_vec()).unwrap();
    assert_eq!(s.numbers(), [ChannelOpenFailure::NUMBER]);
}

#[test]
fn sending_keeps_to_window_and_packet() {
    for (window, packet, want) in [
        (0, 10, vec![]),
        (1, 10, vec![1]),
        (25, 10, vec![10, 10, 5]),
        (u32::MAX, 30, vec![30, 10]),
        (3, 1, vec![1, 1, 1]),
        (u32::MAX, u32::MAX, vec![40]),
    ] {
        let mut s = Side::new(Role::Client);
        let id = s.open_with(window, packet);
        let n = s.send(id, &[b'x'; 40]).unwrap();
        assert_eq!(n, want.iter().sum::<usize>(), "{window} {packet}");
        let lens: Vec<usize> = s.sent().iter().map(|p| ChannelData::parse(&p[1..]).unwrap().data.len()).collect();
        assert_eq!(lens, want);
    }
    let mut s = Side::new(Role::Client);
    let id = s.open();
    assert_eq!(s.channels.send(&mut s.out, id, Stream::Stderr, b"oops").unwrap(), 4);
    assert_eq!(s.sent(), [ChannelExtendedData::new(PEER, 1, b"oops").to_vec()]);
    assert_eq!(s.channels.channel(id).unwrap().bytes_out(), 4);
}

#[test]
fn an_adjust_wakes_the_sender_once_and_may_not_overflow() {
    let mut s = Side::new(Role::Client);
    let id = s.open_with(0, PACKET);
    let adjust = |n| ChannelWindowAdjust::new(id.0, n).to_vec();
    s.feed(adjust(0)).unwrap();
    assert_eq!(s.send(id, b"abc").unwrap(), 0);
    assert_eq!(s.send(id, b"abc").unwrap(), 0);
    s.feed(adjust(0)).unwrap();
    assert!(s.events().is_empty());
    s.feed(adjust(1)).unwrap();
    s.feed(adjust(u32::MAX - 1)).unwrap();
    assert_eq!(s.events(), [format!("Writable({id:?})")]);
    let error = s.feed(adjust(1)).unwrap_err();
    assert!(error.text().contains("RFC 4254 section 5.2"), "{error}");
}

#[test]
fn a_key_exchange_or_a_full_buffer_holds_senders_back() {
    let mut s = Side::new(Role::Client);
    let id = s.open_with(u32::MAX, 1000);
    s.out.hold();
    assert_eq!(s.send(id, b"abc").unwrap(), 0);
    s.channels.writable_again(&mut s.out);
    assert!(s.events().is_empty(), "still held");
    s.out.release();
    s.channels.writable_again(&mut s.out);
    s.channels.writable_again(&mut s.out);
    assert_eq!(s.events(), [format!("Writable({id:?})")]);
    s.sent();

    let n = s.send(id, &vec![0; 1_000_000]).unwrap();
    assert!((100_000..102_000).contains(&n), "{n}");
    assert_eq!(s.send(id, b"abc").unwrap(), 0);
    s.channels.writable_again(&mut s.out);
    assert!(s.events().is_empty(), "nothing was written yet");
    s.sent();
    s.channels.writable_again(&mut s.out);
    assert_eq!(s.events(), [format!("Writable({id:?})")]);
}

#[test]
fn an_adjust_while_the_buffer_is_full_is_not_lost() {
    let mut s = Side::new(Role::Client);
    let id = s.open_with(100_001, 100_001);
    while s.send(id, &[0; 1000]).unwrap() > 0 {}
    s.feed(ChannelWindowAdjust::new(id.0, 5).to_vec()).unwrap();
    assert!(s.events().is_empty());
    s.sent();
    s.channels.writable_again(&mut s.out);
    assert_eq!(s.events(), [format!("Writable({id:?})")]);
}

#[test]
fn data_past_window_or_packet_or_eof_is_fatal() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    s.data(id, &[0; PACKET as usize]).unwrap();
    s.data(id, &[0; PACKET as usize]).unwrap();
    s.data(id, b"").unwrap();
    assert_eq!(kind(s.data(id, b"x")), ErrorKind::LimitExceeded);
    let id = s.open();
    assert_eq!(kind(s.data(id, &[0; PACKET as usize + 1])), ErrorKind::LimitExceeded);
    assert_eq!(kind(s.extended(id, 9, &[0; PACKET as usize + 1])), ErrorKind::LimitExceeded);
    s.feed(ChannelEof::new(id.0).to_vec()).unwrap();
    assert_eq!(kind(s.data(id, b"x")), ErrorKind::Protocol);
}

#[test]
fn bulk_reading_gives_all_the_window_back_in_few_messages() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    let (mut budget, mut messages) = (u64::from(WINDOW), 0);
    for round in 0..1000 {
        assert!(budget >= 1000, "round {round} would stall");
        s.data(id, &[1; 1000]).unwrap();
        budget -= 1000;
        assert_eq!(s.drain(id, Stream::Data).len(), 1000);
        let back = s.adjusted();
        messages += u32::from(back > 0);
        budget += back;
    }
    assert!((40..=62).contains(&messages), "{messages}");
    assert_eq!(s.events().len(), 1000, "Readable each time it was empty before");
}

#[test]
fn unknown_extended_data_gives_its_window_back() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    let mut budget = i64::from(WINDOW);
    for kind in (2..1002).chain([0]) {
        s.extended(id, kind, &[1; 1000]).unwrap();
        budget += i64::try_from(s.adjusted()).unwrap() - 1000;
        assert!(budget > 1000);
    }
    assert!(s.events().is_empty());
    assert_eq!(s.recv(id, Stream::Data, 9).0, Recv::Empty);
}

#[test]
fn unread_stderr_does_not_stall_stdout() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    let mut budget = i64::from(WINDOW);
    for round in 0..1000 {
        s.extended(id, 1, &[b'e'; 20_000]).unwrap();
        s.data(id, b"out").unwrap();
        assert_eq!(s.drain(id, Stream::Data), b"out");
        budget += i64::try_from(s.adjusted()).unwrap() - 20_003;
        assert!(budget > 20_003, "round {round}");
    }
    assert_eq!(s.drain(id, Stream::Stderr).len(), 20_000_000, "and nothing of it is lost");
    assert_eq!(s.channels.stderr_room, Limits::default().stderr_buffer);
}

#[test]
fn stderr_past_its_allowance_slows_the_peer_down_and_loses_nothing() {
    let mut s = Side::with(Role::Client, Limits { stderr_buffer: 100_000, ..Limits::default() });
    let (id, other) = (s.open(), s.open());
    let (mut budget, mut total) = (u64::from(WINDOW), 0);
    while budget >= 1000 {
        s.extended(id, 1, &[b'e'; 1000]).unwrap();
        total += 1000;
        budget = budget - 1000 + s.adjusted();
    }
    assert!((100_000..=100_000 + WINDOW as usize).contains(&total), "{total}");
    // Another channel has its own window still.
    s.data(other, &[1; 1000]).unwrap();
    assert_eq!(s.drain(id, Stream::Stderr).len(), total);
    budget += s.adjusted();
    assert_eq!(budget, u64::from(WINDOW));
    assert_eq!(s.channels.stderr_room, 100_000);
    // The allowance comes back from a channel that goes away, too.
    s.extended(id, 1, &[b'e'; 1000]).unwrap();
    assert_eq!(s.channels.stderr_room, 99_000);
    s.channels.release_channel(&mut s.out, id);
    assert_eq!(s.channels.stderr_room, 100_000);
    s.close(id);
    assert_eq!((s.channels.stderr_room, s.channels.table.len()), (100_000, 1));
}

#[test]
fn combined_stderr_follows_what_was_queued() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    s.extended(id, 1, b"e1 ").unwrap();
    s.data(id, b"o1 ").unwrap();
    assert!(!s.channels.set_combine_stderr(&mut s.out, id, true).unwrap());
    s.extended(id, 1, b"e2 ").unwrap();
    s.data(id, b"o2 ").unwrap();
    assert!(s.channels.set_combine_stderr(&mut s.out, id, false).unwrap());
    s.extended(id, 1, b"e3").unwrap();
    assert_eq!(s.drain(id, Stream::Data), b"o1 e1 e2 o2 ");
    assert_eq!(s.drain(id, Stream::Stderr), b"e3");
}

#[test]
fn buffered_data_outlives_close_and_connection() {
    for end in ["close", "connection"] {
        let mut s = Side::new(Role::Client);
        let id = s.open();
        s.data(id, b"out").unwrap();
        s.extended(id, 1, b"err").unwrap();
        s.ask(id, "exit-status", false, &ExitStatus::new(256).encode_body()).unwrap();
        s.feed(ChannelEof::new(id.0).to_vec()).unwrap();
        s.events();
        s.sent();
        if end == "close" {
            s.close(id);
            assert_eq!(s.numbers(), [ChannelClose::NUMBER]);
        } else {
            s.channels.connection_ended(&mut s.out, &ErrorKind::ConnectionLost.into());
        }
        assert!(s.events().contains(&format!("Changed({id:?})")));
        assert_eq!(kind(s.send(id, b"x")), ErrorKind::ChannelClosed);
        assert_eq!(s.recv(id, Stream::Data, 2), (Recv::Data(2), b"ou".to_vec()));
        assert_eq!(s.drain(id, Stream::Data), b"t");
        assert_eq!(s.recv(id, Stream::Data, 1).0, Recv::Eof);
        assert_eq!(s.drain(id, Stream::Stderr), b"err");
        assert_eq!(s.recv(id, Stream::Stderr, 1).0, Recv::Eof);
        let channel = s.channels.channel(id).unwrap();
        assert!(channel.is_closed());
        assert_eq!(channel.exit_status(), Some(256));
        assert!(s.numbers().is_empty(), "nothing is said on a closed channel");
        s.channels.release_channel(&mut s.out, id);
        assert_eq!(s.channels.table.len(), 0);
    }
}

#[test]
fn closing_from_both_sides_sends_one_close() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    s.channels.close_channel(&mut s.out, id).unwrap();
    s.channels.close_channel(&mut s.out, id).unwrap();
    assert_eq!(s.numbers(), [ChannelEof::NUMBER, ChannelClose::NUMBER]);
    assert_eq!(s.recv(id, Stream::Data, 1).0, Recv::Eof);
    // The peer's words and ours cross.
    s.data(id, b"late").unwrap();
    s.feed(ChannelWindowAdjust::new(id.0, 1).to_vec()).unwrap();
    s.ask(id, "exit-status", false, &ExitStatus::new(3).encode_body()).unwrap();
    s.feed(ChannelEof::new(id.0).to_vec()).unwrap();
    assert!(!s.channels.channel(id).unwrap().is_closed());
    s.close(id);
    s.close(id);
    s.data(id, b"after close").unwrap();
    assert!(s.numbers().is_empty());
    assert_eq!(s.channels.channel(id).unwrap().exit_status(), Some(3));
    s.channels.release_channel(&mut s.out, id);
    s.channels.close_channel(&mut s.out, id).unwrap();
    assert!(s.channels.channel(id).is_none());
    assert_eq!(kind(s.send(id, b"x")), ErrorKind::ChannelClosed);
    s.data(id, b"gone").unwrap();
    assert_ne!(s.request_open(), id, "the number is not used again");
}

#[test]
fn eof_and_close_do_not_overtake_data_around_a_key_exchange() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    assert_eq!(s.send(id, b"before").unwrap(), 6);
    s.out.hold();
    assert_eq!(s.send(id, b"during").unwrap(), 0);
    s.channels.send_eof(&mut s.out, id).unwrap();
    s.channels.close_channel(&mut s.out, id).unwrap();
    assert_eq!(s.numbers(), [ChannelData::NUMBER]);
    s.out.release();
    assert_eq!(s.numbers(), [ChannelEof::NUMBER, ChannelClose::NUMBER]);
}

#[test]
fn eof_ends_our_direction_only() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    s.channels.send_eof(&mut s.out, id).unwrap();
    s.channels.send_eof(&mut s.out, id).unwrap();
    assert_eq!(s.numbers(), [ChannelEof::NUMBER]);
    assert_eq!(kind(s.send(id, b"x")), ErrorKind::ChannelEofSent);
    s.data(id, b"still").unwrap();
    assert_eq!(s.drain(id, Stream::Data), b"still");
    s.channels.close_channel(&mut s.out, id).unwrap();
    assert_eq!(s.numbers(), [ChannelClose::NUMBER]);
}

#[test]
fn shutdown_read_keeps_what_is_there_and_drops_the_rest() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    s.data(id, b"before").unwrap();
    s.channels.shutdown_read(&mut s.out, id).unwrap();
    let mut budget = i64::from(WINDOW);
    for _ in 0..200 {
        s.data(id, &[0; 1000]).unwrap();
        budget += i64::try_from(s.adjusted()).unwrap() - 1000;
        assert!(budget > 1000);
    }
    assert_eq!(s.drain(id, Stream::Data), b"before");
    assert_eq!(s.recv(id, Stream::Data, 1).0, Recv::Eof);
    assert!(s.channels.channel(id).unwrap().is_open());
}

#[test]
fn replies_match_requests_in_order() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    let ask = |s: &mut Side, reply| s.channels.channel_request(&mut s.out, id, "exec", b"", reply).unwrap();
    let (a, _, b, c) = (ask(&mut s, true), ask(&mut s, false), ask(&mut s, true), ask(&mut s, true));
    s.feed(ChannelSuccess::new(id.0).to_vec()).unwrap();
    s.feed(ChannelFailure::new(id.0).to_vec()).unwrap();
    s.close(id);
    let replies: Vec<_> = std::iter::from_fn(|| s.out.next_event())
        .filter_map(|e| match e {
            Event::ChannelReply { token, ok, .. } => Some((token, ok)),
            _ => None,
        })
        .collect();
    assert_eq!(replies, [(a, true), (b, false), (c, false)]);
    let id = s.open_with(1, 1);
    assert!(s.feed(ChannelSuccess::new(id.0).to_vec()).is_err(), "nothing was asked");
}

#[test]
fn a_reply_that_crosses_our_close_is_no_error() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    let token = s.channels.channel_request(&mut s.out, id, "shell", b"", true).unwrap();
    s.channels.close_channel(&mut s.out, id).unwrap();
    assert!(s.events().iter().any(|e| e.contains(&format!("token: {token}, ok: false"))));
    s.feed(ChannelSuccess::new(id.0).to_vec()).unwrap();
    assert!(s.events().is_empty());
}

fn server() -> (Side, ChannelId) {
    let mut s = Side::new(Role::Server);
    s.feed(ChannelOpen::new("session", PEER, WINDOW, PACKET, b"").to_vec()).unwrap();
    s.channels.accept_channel(&mut s.out, ChannelId(0), WINDOW, PACKET).unwrap();
    s.sent();
    s.events();
    (s, ChannelId(0))
}

#[test]
fn answers_leave_in_the_order_of_the_requests() {
    let (mut s, id) = server();
    s.ask(id, "pty-req", true, b"").unwrap();
    s.ask(id, "window-change", false, b"").unwrap();
    s.ask(id, "keepalive@openssh.com", true, b"").unwrap();
    s.ask(id, "shell", true, b"").unwrap();
    let events = s.events();
    assert_eq!(events.len(), 3, "{events:?}");
    assert!(events[1].contains("ticket: None"));
    s.channels.answer_channel_request(&mut s.out, Ticket(2), false).unwrap();
    assert!(s.numbers().is_empty());
    s.channels.answer_channel_request(&mut s.out, Ticket(1), true).unwrap();
    s.channels.answer_channel_request(&mut s.out, Ticket(1), true).unwrap();
    assert_eq!(s.numbers(), [ChannelSuccess::NUMBER, ChannelFailure::NUMBER, ChannelFailure::NUMBER]);
    assert!(s.channels.answer_channel_request(&mut s.out, Ticket(3), true).is_err());
    s.ask(id, "exec", true, b"").unwrap();
    s.close(id);
    s.numbers();
    s.channels.answer_channel_request(&mut s.out, Ticket(3), true).unwrap();
    assert!(s.numbers().is_empty(), "the channel is closed");
    assert!(s.channels.tickets.is_empty());
}

#[test]
fn unanswered_requests_and_environment_are_bounded() {
    let (mut s, id) = server();
    for _ in 0..200 {
        s.ask(id, "env", false, b"").unwrap();
    }
    assert_eq!(s.events().len(), 128);
    s.ask(id, "env", true, b"").unwrap();
    assert_eq!(s.numbers(), [ChannelFailure::NUMBER]);
    for _ in 0..64 {
        s.ask(id, "exec", true, b"").unwrap();
    }
    assert_eq!(kind(s.ask(id, "exec", true, b"")), ErrorKind::LimitExceeded);
}

#[test]
fn a_client_answers_what_it_does_not_know_itself() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    for (request, reply) in [
        ("keepalive@openssh.com", true),
        ("eow@openssh.com", false),
        ("xon-xoff", false),
        ("exec", true),
        ("unknown@example.com", false),
    ] {
        s.ask(id, request, reply, b"x").unwrap();
        assert_eq!(s.numbers(), if reply { vec![ChannelFailure::NUMBER] } else { vec![] }, "{request}");
    }
    assert!(s.events().is_empty());
}

#[test]
fn how_the_command_ended_is_parsed_strictly_and_kept() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    let body = ExitSignalBody::new(b"TERM", true, b"ended", b"en").encode_body();
    s.ask(id, "exit-signal", false, &body).unwrap();
    s.ask(id, "exit-status", false, &ExitStatus::new(u32::MAX).encode_body()).unwrap();
    s.ask(id, "exit-status", false, &ExitStatus::new(0).encode_body()).unwrap();
    let channel = s.channels.channel(id).unwrap();
    assert_eq!(channel.exit_status(), Some(u32::MAX), "the first counts");
    let signal = channel.exit_signal().unwrap();
    assert_eq!((signal.signal.as_str(), signal.core_dumped, signal.text.as_str()), ("TERM", true, "ended"));
    for (request, body) in [
        ("exit-status", &b""[..]),
        ("exit-status", b"\0\0\0"),
        ("exit-status", b"\0\0\0\0\0"),
        ("exit-signal", b"\0\0\0\xffTERM"),
        ("exit-signal", &ExitSignalBody::new(b"A B", false, b"", b"").encode_body()),
        ("exit-signal", &body[..body.len() - 1]),
    ] {
        assert_eq!(kind(s.ask(id, request, false, body)), ErrorKind::Protocol, "{request} {body:?}");
    }
}

#[test]
fn the_end_of_the_connection_reaches_everyone() {
    let mut s = Side::new(Role::Server);
    let (pending, open, abandoned) = (s.request_open(), s.open(), s.request_open());
    s.channels.abandon_open(&mut s.out, abandoned);
    s.feed(ChannelOpen::new("session", 1, 1, 1, b"").to_vec()).unwrap();
    let token = s.channels.channel_request(&mut s.out, open, "x", b"", true).unwrap();
    s.events();
    s.channels.connection_ended(&mut s.out, &ErrorKind::PeerDead.into());
    let events = s.events();
    assert_eq!(events.len(), 5, "{events:?}");
    assert!(events[0].starts_with(&format!("ChannelRefused({pending:?}")) && events[0].contains("PeerDead"));
    assert!(events[1].contains(&format!("token: {token}, ok: false")));
    for (event, name) in events[2..].iter().zip(["Readable", "Writable", "Changed"]) {
        assert_eq!(*event, format!("{name}({open:?})"));
    }
    assert_eq!(s.channels.table.len(), 1);
    assert_eq!(kind(s.channels.open_channel(&mut s.out, "x", b"", 1, 1)), ErrorKind::PeerDead);
    assert_eq!(kind(s.channels.accept_channel(&mut s.out, ChannelId(3), 1, 1)), ErrorKind::ChannelClosed);
    s.data(open, b"x").unwrap();
}

#[test]
fn what_fits_no_message_is_refused_before_it_is_sent() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    for name in ["", "a b", "\u{e9}", &"x".repeat(256)] {
        assert_eq!(kind(s.channels.channel_request(&mut s.out, id, name, b"", true)), ErrorKind::InvalidArgument);
        assert_eq!(kind(s.channels.open_channel(&mut s.out, name, b"", 1, 1)), ErrorKind::InvalidArgument);
    }
    let long = vec![0; 300_000];
    assert_eq!(kind(s.channels.channel_request(&mut s.out, id, "x", &long, true)), ErrorKind::InvalidArgument);
    assert!(s.sent().is_empty());
}

#[test]
fn damaged_messages_are_errors() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    let whole = [
        ChannelData::new(id.0, b"abc").to_vec(),
        ChannelExtendedData::new(id.0, 1, b"abc").to_vec(),
        ChannelWindowAdjust::new(id.0, 1).to_vec(),
        ChannelEof::new(id.0).to_vec(),
        ChannelClose::new(id.0).to_vec(),
        ChannelSuccess::new(id.0).to_vec(),
    ];
    for message in whole {
        for len in 1..message.len() {
            assert!(s.feed(message[..len].to_vec()).is_err());
        }
        assert!(s.feed([message, vec![0]].concat()).is_err(), "a byte too many");
    }
    for number in [80, 89, 101, 255] {
        assert_eq!(kind(s.feed(vec![number])), ErrorKind::UnexpectedMessage);
    }
}

/// Two sides joined; messages wait in `wire` until they are pumped.
struct Pair {
    sides: [Side; 2],
    wire: [std::collections::VecDeque<Vec<u8>>; 2],
    id: ChannelId,
}

impl Pair {
    fn open(window: u32, max_packet: u32) -> Self {
        let limits = Limits { stderr_buffer: 50_000, ..Limits::default() };
        let sides = [Side::with(Role::Client, limits.clone()), Side::with(Role::Server, limits)];
        let mut pair = Self { sides, wire: Default::default(), id: ChannelId(0) };
        let [client, server] = &mut pair.sides;
        client.channels.open_channel(&mut client.out, "session", b"", window, max_packet).unwrap();
        server.feed(client.sent().remove(0)).unwrap();
        server.channels.accept_channel(&mut server.out, pair.id, window, max_packet).unwrap();
        client.feed(server.sent().remove(0)).unwrap();
        pair
    }

    /// Delivers up to `count` messages from one side to the other.
    fn pump(&mut self, from: usize, count: usize) {
        let sent = self.sides[from].sent();
        self.wire[from].extend(sent);
        for _ in 0..count {
            let Some(message) = self.wire[from].pop_front() else { break };
            self.sides[1 - from].feed(message).unwrap();
        }
        let side = &mut self.sides[from];
        side.channels.writable_again(&mut side.out);
    }
}

#[test]
fn whatever_two_sides_do_no_byte_is_lost_and_no_rule_broken() {
    let mut seed = 1_u64;
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for (window, packet) in [(1, 1), (7, 3), (1000, 9999), (32768, 32768), (2_097_152, 100_000), (u32::MAX, u32::MAX)] {
        let mut pair = Pair::open(window, packet);
        let id = pair.id;
        let streams = [Stream::Data, Stream::Stderr];
        // By sending side and stream.
        let mut sent = [[Vec::new(), Vec::new()], [Vec::new(), Vec::new()]];
        let mut got = sent.clone();
        for step in 0..4000 {
            let (side, s) = (random(2), random(2));
            match random(6) {
                0 | 1 => {
                    let data: Vec<u8> = (0..random(3000)).map(|i| (i + step).to_le_bytes()[0]).collect();
                    let peer = &mut pair.sides[side];
                    let n = peer.channels.send(&mut peer.out, id, streams[s], &data).unwrap();
                    sent[side][s].extend_from_slice(&data[..n]);
                }
                2 => got[1 - side][s].extend(pair.sides[side].recv(id, streams[s], random(5000)).1),
                3 if random(10) == 0 => pair.sides[side].out.hold(),
                3 => pair.sides[side].out.release(),
                _ => pair.pump(side, random(8)),
            }
        }
        for side in &mut pair.sides {
            side.out.release();
            side.channels.send_eof(&mut side.out, id).unwrap();
        }
        while pair.wire.iter().any(|w| !w.is_empty()) || pair.sides.iter().any(|s| s.out.backlog() > 0) {
            pair.pump(0, 99);
            pair.pump(1, 99);
        }
        for side in 0..2 {
            for s in 0..2 {
                got[1 - side][s].extend(pair.sides[side].drain(id, streams[s]));
                assert_eq!(pair.sides[side].recv(id, streams[s], 1).0, Recv::Eof);
                assert!(got[1 - side][s] == sent[1 - side][s], "window {window}: {side} {s}");
            }
            assert_eq!(pair.sides[side].channels.stderr_room, 50_000);
        }
        let total = sent.iter().flatten().map(Vec::len).sum::<usize>();
        assert!(
            total > 500 * usize::try_from(window.min(4)).unwrap() / 4,
            "window {window}: only {total} bytes went through"
        );
    }
}
