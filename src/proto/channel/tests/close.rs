//! EOF, CLOSE and the end of the connection.

use super::*;

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
    assert_eq!(kind(s.channels.open_channel(&mut s.out, "x", b"", 1_u32, 1)), ErrorKind::PeerDead);
    assert_eq!(kind(s.channels.accept_channel(&mut s.out, ChannelId(3), 1_u32, 1)), ErrorKind::ChannelClosed);
    s.data(open, b"x").unwrap();
}
