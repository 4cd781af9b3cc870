//! Beginning without waiting.

use super::super::sys::tests::polls_readable;
use super::super::{ready_flags as flags, Progress, ReadyQueue};
use super::*;
use crate::error::ErrorKind;

/// Takes the answer to the oldest thing begun, once a queue says it is there.
fn finish(channel: &Channel) -> crate::error::Result<Progress> {
    let queue = ReadyQueue::new().unwrap();
    let _in = channel.watch(&queue, flags::DONE, 0).unwrap();
    assert_eq!(queue.next(soon()).unwrap().flags, flags::DONE);
    channel.finish()
}

#[test]
fn an_opening_and_requests_are_answered_in_order() {
    let pair = Pair::open();
    let ours = pair.client.open_channel_begin("session", b"", None, None).unwrap();
    assert_eq!(finish(&ours).unwrap(), Progress::Done);
    assert_eq!(ours.finish().unwrap_err().kind(), ErrorKind::InvalidState);
    let theirs = pair.server.accept(soon()).unwrap();
    ours.request_begin("no-such-thing", b"").unwrap();
    ours.exec_command_begin(b"true").unwrap();
    let refused = finish(&ours).unwrap_err();
    assert_eq!(
        (refused.kind(), refused.text()),
        (ErrorKind::RequestRefused, "the peer refused the \"no-such-thing\" request")
    );
    assert_eq!(finish(&ours).unwrap(), Progress::Done);
    assert_eq!(ours.finish().unwrap_err().kind(), ErrorKind::InvalidState);
    theirs.send_all(b"x", soon()).unwrap();
    assert_eq!(ours.recv(Stream::Data, 1, &mut |_| (), soon()).unwrap(), Recv::Data(1));
}

#[test]
fn a_refused_opening_says_why() {
    let pair = Pair::open();
    let ours = pair.client.open_channel_begin("nonsense", b"", None, None).unwrap();
    let refused = finish(&ours).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ChannelUnknownType);
    assert!(refused.text().contains("no such type here"));
    assert!(ours.is_closed());
    assert_eq!(ours.exec_command_begin(b"true").unwrap_err().kind(), ErrorKind::ChannelClosed);
    let early = Pair::new();
    let not_yet = early.client.open_channel_begin("session", b"", None, None).err().unwrap();
    assert_eq!(not_yet.kind(), ErrorKind::InvalidState);
}

/// While the answer is on its way nothing can be done with a channel, and nothing about it is ready.
#[test]
fn a_pending_opening_is_neither_ready_nor_closed() {
    let pair = Pair::open();
    // The answer cannot be taken in before this lock is given back.
    let queue = ReadyQueue::new().unwrap();
    let gate = Event::new();
    let server = Pair::with(App { gate: Some(gate.clone()), ..App::default() }, options(), options()).login();
    drop(pair);
    // The hook of the first channel's request holds back the one that is asked about the second channel.
    let (first, _theirs) = server.channel();
    first.exec_command_begin(b"waits").unwrap();
    let second = server.client.open_channel_begin("session", b"", None, None).unwrap();
    let _in = second.watch(&queue, !flags::ONESHOT, 1).unwrap();
    let (fd, send_fd) = (second.fileno().unwrap(), second.send_fileno().unwrap());
    assert_eq!(first.finish().unwrap(), Progress::Pending);
    assert_eq!(second.finish().unwrap(), Progress::Pending);
    assert!(!second.is_closed() && !polls_readable(fd) && !polls_readable(send_fd));
    assert_eq!(second.send(b"x", soon()).unwrap_err().kind(), ErrorKind::InvalidState);
    assert_eq!(second.exec_command_begin(b"true").unwrap_err().kind(), ErrorKind::InvalidState);
    assert_eq!(queue.next(Deadline::after_ms(0)).unwrap_err().kind(), ErrorKind::Timeout);
    gate.set();
    assert_eq!(queue.next(soon()).unwrap().flags, flags::DONE | flags::WRITABLE);
    assert_eq!(second.finish().unwrap(), Progress::Done);
    assert!(polls_readable(send_fd));
    assert_eq!(finish(&first).unwrap(), Progress::Done);
}

#[test]
fn an_opening_that_is_given_up_is_closed_when_it_is_answered() {
    let gate = Event::new();
    let pair = Pair::with(App { gate: Some(gate.clone()), ..App::default() }, options(), options()).login();
    let (first, _theirs) = pair.channel();
    first.exec_command_begin(b"waits").unwrap();
    let begin = || pair.client.open_channel_begin("session", b"", None, None).unwrap();
    let (dropped, closed) = (begin(), begin());
    drop(dropped);
    closed.close();
    assert!(closed.is_closed());
    assert_eq!(closed.finish().unwrap_err().kind(), ErrorKind::ChannelClosed);
    gate.set();
    for _ in 0..2 {
        let theirs = pair.server.accept(soon()).unwrap();
        assert_eq!(theirs.recv(Stream::Data, 1, &mut |_| (), soon()).unwrap(), Recv::Eof);
    }
    assert_eq!(finish(&first).unwrap(), Progress::Done);
}

#[test]
fn the_end_answers_what_was_begun() {
    let gate = Event::new();
    let pair = Pair::with(App { gate: Some(gate.clone()), ..App::default() }, options(), options()).login();
    let (first, theirs) = pair.channel();
    let (second, _theirs_too) = pair.channel();
    second.exec_command_begin(b"waits").unwrap();
    let third = pair.client.open_channel_begin("session", b"", None, None).unwrap();
    first.exec_command_begin(b"waits").unwrap();
    // The channel's end refuses what waits on it.
    theirs.close();
    assert_eq!(finish(&first).unwrap_err().kind(), ErrorKind::ChannelClosed);
    pair.client.close();
    assert_eq!(finish(&second).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(finish(&third).unwrap_err().kind(), ErrorKind::Closed);
    gate.set();
}

#[test]
fn dropping_a_channel_forgets_what_was_begun() {
    let gate = Event::new();
    let pair = Pair::with(App { gate: Some(gate.clone()), ..App::default() }, options(), options()).login();
    let (ours, _theirs) = pair.channel();
    for _ in 0..3 {
        ours.exec_command_begin(b"waits").unwrap();
    }
    assert_eq!(pair.client.shared().lock().unwrap().replies.len(), 3);
    drop(ours);
    assert_eq!(pair.client.shared().lock().unwrap().replies.len(), 0);
    gate.set();
}
