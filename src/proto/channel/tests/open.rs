//! Opening: confirmed, refused, answered, abandoned.

use super::*;

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
        let mut events = std::iter::from_fn(|| s.out.next_event()).filter(|event| !matches!(event, Event::Log(..)));
        let Some(Event::ChannelRefused(got, error)) = events.next() else { panic!("no refusal") };
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
    assert_eq!(kind(s.channels.open_channel(&mut s.out, "x", b"", 1_u32, 1)), ErrorKind::ResourceLimit);
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
    assert_eq!(kind(s.channels.accept_channel(&mut s.out, id, 1_u32, 1)), ErrorKind::InvalidState);
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
