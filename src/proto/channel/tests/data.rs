//! Data both ways: windows, packets, stderr and its allowance.

use super::*;

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
fn who_polls_for_room_is_told_of_the_first_window_too() {
    let mut s = Side::new(Role::Client);
    let id = s.open_with(0, PACKET);
    assert!(!s.channels.channel(id).unwrap().writable());
    s.feed(ChannelWindowAdjust::new(id.0, 3).to_vec()).unwrap();
    assert_eq!(s.events(), [format!("Writable({id:?})")]);
    assert!(s.channels.channel(id).unwrap().writable());
    assert_eq!(s.send(id, b"abcd").unwrap(), 3);
    assert!(!s.channels.channel(id).unwrap().writable(), "known without another try");
    s.feed(ChannelWindowAdjust::new(id.0, 3).to_vec()).unwrap();
    assert_eq!(s.events(), [format!("Writable({id:?})")]);
    s.out.hold();
    assert!(!s.channels.send_ready(&s.out, id) && s.channels.channel(id).unwrap().writable());
    assert_eq!(s.send(id, b"abcd").unwrap(), 0);
    assert!(!s.channels.channel(id).unwrap().writable(), "until the key exchange is over");
    s.out.release();
    s.channels.writable_again(&mut s.out);
    assert!(s.channels.send_ready(&s.out, id) && s.channels.channel(id).unwrap().writable());
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
