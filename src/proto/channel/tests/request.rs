//! Requests, replies, and how a command ended.

use super::*;

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
    for i in 0..64 + MAX_ITEMS {
        assert_eq!(s.channels.requests_full(), i >= 64, "{i}");
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
