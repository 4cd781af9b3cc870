//! What cannot be sent, and what no peer may send.

use super::*;

#[test]
fn what_fits_no_message_is_refused_before_it_is_sent() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    for name in ["", "a b", "\u{e9}", &"x".repeat(256)] {
        assert_eq!(kind(s.channels.channel_request(&mut s.out, id, name, b"", true)), ErrorKind::InvalidArgument);
        assert_eq!(kind(s.channels.open_channel(&mut s.out, name, b"", 1_u32, 1)), ErrorKind::InvalidArgument);
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
