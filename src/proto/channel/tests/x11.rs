//! The cookie at the start of an X11 connection.

use super::*;
use crate::wire::x11::Authorization;

fn cookie(byte: u8) -> Authorization {
    Authorization { protocol: b"MIT-MAGIC-COOKIE-1".to_vec(), data: vec![byte; 16] }
}

/// What Xlib sends first on a machine with the big end first.
fn setup(byte: u8) -> Vec<u8> {
    let mut out = vec![b'B', 0, 0, 11, 0, 0, 0, 18, 0, 16, 0, 0];
    out.extend(b"MIT-MAGIC-COOKIE-1\0\0");
    out.extend([byte; 16]);
    out
}

impl Side {
    fn replace(&mut self, id: ChannelId) -> Result<bool> {
        self.channels.replace_x11_cookie(&mut self.out, id, &cookie(1), &cookie(2))
    }
}

#[test]
fn each_byte_that_comes_wakes_who_waits_and_what_is_read_has_the_displays_cookie() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    assert!(!s.replace(id).unwrap());
    let packet = setup(1);
    for (i, byte) in packet.iter().enumerate() {
        s.data(id, &[*byte]).unwrap();
        assert_eq!(s.events(), [format!("Readable({id:?})")]);
        assert_eq!(s.replace(id).unwrap(), i + 1 == packet.len());
    }
    s.data(id, b"a request").unwrap();
    assert!(s.events().is_empty(), "nobody waits any more");
    assert_eq!(s.drain(id, Stream::Data), [&setup(2)[..], b"a request"].concat());
    assert!(s.sent().is_empty());
}

#[test]
fn a_wrong_cookie_closes_the_channel_and_nothing_of_it_can_be_read() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    s.data(id, &setup(3)).unwrap();
    s.data(id, b"a request").unwrap();
    assert_eq!(kind(s.replace(id)), ErrorKind::X11Cookie);
    assert_eq!(s.numbers().last(), Some(&ChannelClose::NUMBER));
    assert_eq!(s.recv(id, Stream::Data, 100), (Recv::Eof, vec![]));
    assert_eq!(kind(s.replace(id)), ErrorKind::ChannelClosed);
}

#[test]
fn an_end_before_the_setup_is_complete_wakes_and_fails() {
    for closed in [false, true] {
        let mut s = Side::new(Role::Client);
        let id = s.open();
        s.data(id, &setup(1)[..47]).unwrap();
        s.extended(id, 1, b"stderr makes no difference").unwrap();
        assert!(!s.replace(id).unwrap());
        s.events();
        if closed {
            s.close(id);
        } else {
            s.feed(ChannelEof::new(id.0).to_vec()).unwrap();
        }
        assert!(s.events().contains(&format!("Readable({id:?})")));
        assert_eq!(kind(s.replace(id)), ErrorKind::X11Cookie);
    }
}

#[test]
fn closing_it_ourselves_is_no_fault_of_the_peer() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    s.data(id, &setup(1)[..47]).unwrap();
    assert!(!s.replace(id).unwrap());
    s.channels.close_channel(&mut s.out, id).unwrap();
    assert_eq!(kind(s.replace(id)), ErrorKind::ChannelClosed);
}

#[test]
fn the_end_right_behind_the_setup_is_no_failure() {
    let mut s = Side::new(Role::Client);
    let id = s.open();
    s.data(id, &setup(1)).unwrap();
    s.feed(ChannelEof::new(id.0).to_vec()).unwrap();
    assert!(s.replace(id).unwrap());
    assert_eq!(s.drain(id, Stream::Data), setup(2));
}
