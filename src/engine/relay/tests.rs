//! The pump between two scripted ends.

use super::pump::*;
use crate::error::{Error, ErrorKind, Result};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

/// What a scripted end has and was told.
struct Script {
    gives: VecDeque<u8>,
    ended: bool,
    read_fails: bool,
    /// Bytes it takes yet, and in one write.
    room: usize,
    most: usize,
    refuses: bool,
    write_fails: bool,
    life: Life,
    took: Vec<u8>,
    /// What it took before it was told the end.
    end_after: Option<usize>,
    stopped: bool,
    reads: usize,
    /// What dropping the rest meets; then nothing.
    discards: VecDeque<Discard>,
}

#[derive(Clone)]
struct Scripted(Arc<Mutex<Script>>);

impl Scripted {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Script {
            gives: VecDeque::new(),
            ended: false,
            read_fails: false,
            room: usize::MAX,
            most: usize::MAX,
            refuses: false,
            write_fails: false,
            life: Life::Open,
            took: Vec::new(),
            end_after: None,
            stopped: false,
            reads: 0,
            discards: VecDeque::new(),
        })))
    }

    fn on(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap()
    }

    fn gives(&self, data: &[u8]) {
        self.on().gives.extend(data);
    }

    /// What it took, and how much of that before the end it was told.
    fn told(&self) -> (Vec<u8>, Option<usize>) {
        let s = self.on();
        (s.took.clone(), s.end_after)
    }

    fn ends(&self) {
        self.on().ended = true;
    }
}

impl End for Scripted {
    fn read(&mut self, into: &mut [u8]) -> Result<Read> {
        let mut s = self.on();
        s.reads += 1;
        assert!(!s.stopped, "nothing is read from an end that was told to drop");
        let n = s.gives.len().min(into.len());
        if n > 0 {
            for (to, from) in into.iter_mut().zip(s.gives.drain(..n)) {
                *to = from;
            }
            return Ok(Read::Data(n));
        }
        if s.read_fails {
            return Err(ErrorKind::Io.into());
        }
        Ok(if s.ended { Read::End } else { Read::Nothing })
    }

    fn write(&mut self, data: &[u8]) -> Result<Write> {
        let mut s = self.on();
        assert!(!data.is_empty() && s.end_after.is_none());
        if s.write_fails {
            return Err(ErrorKind::ConnectionLost.into());
        }
        if s.refuses {
            return Ok(Write::Refused);
        }
        let n = data.len().min(s.room).min(s.most);
        if n == 0 {
            return Ok(Write::Full);
        }
        s.room -= n;
        s.took.extend_from_slice(&data[..n]);
        Ok(Write::Took(n))
    }

    fn end_write(&mut self) {
        let mut s = self.on();
        assert_eq!(s.end_after, None, "the end is told once");
        s.end_after = Some(s.took.len());
    }

    fn end_read(&mut self) {
        let mut s = self.on();
        s.stopped = true;
        s.gives.clear();
    }

    fn discard(&mut self, _scratch: &mut [u8]) -> Discard {
        let mut s = self.on();
        assert!(s.stopped);
        s.discards.pop_front().unwrap_or(Discard::Over)
    }

    fn life(&mut self) -> Life {
        self.on().life.clone()
    }
}

struct Test {
    a: Scripted,
    b: Scripted,
    pump: Pump,
}

impl Test {
    fn new() -> Self {
        let (a, b) = (Scripted::new(), Scripted::new());
        let pump = Pump::new(Box::new(a.clone()), Box::new(b.clone()));
        Self { a, b, pump }
    }

    fn turn(&mut self) -> Turn {
        self.pump.turn(&mut vec![0; CHUNK])
    }

    /// A turn, and whether another is due at once.
    fn turn_more(&mut self) -> (Turn, bool) {
        (self.turn(), self.pump.has_more())
    }
}

fn pattern(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i * 7 + i / 251) as u8).collect()
}

#[test]
fn each_end_is_passed_on_behind_its_data_and_the_other_direction_goes_on() {
    for a_first in [true, false] {
        let mut t = Test::new();
        let (first, second) = if a_first { (t.a.clone(), t.b.clone()) } else { (t.b.clone(), t.a.clone()) };
        first.gives(b"question");
        first.ends();
        assert_eq!(t.turn(), Turn::Wait);
        assert_eq!(second.told(), (b"question".to_vec(), Some(8)));
        second.gives(b"the answer");
        assert_eq!(t.turn(), Turn::Wait);
        second.gives(b", in two");
        second.ends();
        assert_eq!(t.turn(), Turn::Over);
        assert_eq!(first.told(), (b"the answer, in two".to_vec(), Some(18)));
        assert_eq!(t.pump.carried(), if a_first { (8, 18) } else { (18, 8) });
        assert_eq!(t.pump.result(), Ok(()));
        assert!(!first.on().stopped);
        assert!(!second.on().stopped);
    }
}

#[test]
fn both_sides_may_end_at_once_without_a_byte() {
    let mut t = Test::new();
    t.a.ends();
    t.b.ends();
    assert_eq!(t.turn(), Turn::Over);
    assert_eq!((t.a.told(), t.b.told()), ((Vec::new(), Some(0)), (Vec::new(), Some(0))));
}

#[test]
fn what_a_full_side_does_not_take_is_held_and_no_more_is_read() {
    let mut t = Test::new();
    let data = pattern(5 * CHUNK);
    t.a.gives(&data);
    t.a.ends();
    t.b.on().room = 10;
    assert_eq!(t.turn(), Turn::Wait);
    assert_eq!((t.a.on().gives.len(), t.b.on().took.len()), (4 * CHUNK, 10));
    let reads = t.a.on().reads;
    assert_eq!(t.turn(), Turn::Wait);
    assert_eq!(t.a.on().reads, reads, "back-pressure: the source is left alone");
    // The other direction is not held up.
    t.b.gives(b"x");
    assert_eq!(t.turn(), Turn::Wait);
    assert_eq!(t.a.on().took, b"x");
    while t.b.on().end_after.is_none() {
        t.b.on().room = 1000;
        let _ = t.turn();
    }
    assert_eq!(t.b.told(), (data.clone(), Some(data.len())));
}

#[test]
fn tiny_writes_lose_nothing() {
    let mut t = Test::new();
    let data = pattern(CHUNK + 3);
    t.b.gives(&data);
    t.b.ends();
    t.a.on().most = 1;
    assert_eq!(t.turn(), Turn::Wait);
    assert_eq!(t.a.on().took, data);
}

#[test]
fn a_turn_has_a_budget() {
    let mut t = Test::new();
    t.a.gives(&pattern(10 * CHUNK));
    assert_eq!(t.turn_more(), (Turn::Wait, true));
    let moved = t.b.on().took.len();
    assert!(moved > 0 && moved < 10 * CHUNK, "{moved}");
    while t.turn_more().1 {}
    assert_eq!(t.b.on().took.len(), 10 * CHUNK);
}

#[test]
fn a_side_that_takes_no_more_ends_that_direction_only() {
    for by_life in [true, false] {
        let mut t = Test::new();
        t.a.gives(b"for nobody");
        if by_life {
            t.b.on().life = Life::Deaf;
        } else {
            t.b.on().refuses = true;
        }
        t.b.gives(b"still ");
        assert_eq!(t.turn(), Turn::Wait);
        assert!(t.a.on().stopped, "the source is told to drop what it gives");
        assert_eq!(t.b.on().end_after, None, "and no end is passed on");
        t.b.gives(b"here");
        t.b.ends();
        assert_eq!(t.turn(), Turn::Over);
        assert_eq!(t.a.on().took, b"still here");
        assert_eq!(t.pump.result(), Ok(()));
    }
}

#[test]
fn a_close_ends_the_other_direction_and_keeps_what_came_before() {
    let mut t = Test::new();
    t.a.gives(b"last words");
    t.a.ends();
    t.a.on().life = Life::Gone;
    t.b.gives(b"too late");
    t.b.on().room = 4;
    assert_eq!(t.turn(), Turn::Linger);
    assert!(t.b.on().stopped && t.a.on().took.is_empty());
    t.b.on().room = 100;
    assert_eq!(t.turn(), Turn::Over);
    assert_eq!(t.b.told(), (b"last words".to_vec(), Some(10)));
    assert_eq!(t.pump.result(), Ok(()));
}

#[test]
fn a_failing_write_ends_its_direction_and_is_reported() {
    let mut t = Test::new();
    t.a.gives(b"x");
    t.b.on().write_fails = true;
    assert_eq!(t.turn(), Turn::Wait);
    assert!(t.a.on().stopped);
    t.b.gives(b"y");
    t.b.ends();
    assert_eq!(t.turn(), Turn::Over);
    assert_eq!(t.a.on().took, b"y");
    assert_eq!(t.pump.result().unwrap_err().kind(), ErrorKind::ConnectionLost);
}

#[test]
fn a_failing_read_comes_behind_the_data_before_it() {
    let mut t = Test::new();
    t.b.gives(b"before");
    t.b.on().read_fails = true;
    t.b.on().life = Life::Deaf;
    t.a.gives(b"for nobody");
    assert_eq!(t.turn(), Turn::Over);
    assert_eq!(t.a.on().took, b"before");
    assert!(t.a.on().stopped);
    assert_eq!(t.pump.result().unwrap_err().kind(), ErrorKind::Io);
}

#[test]
fn a_lost_connection_is_what_ends_the_relay() {
    let mut t = Test::new();
    t.a.on().life = Life::Lost(Error::from(ErrorKind::PeerDead));
    t.a.on().read_fails = true;
    assert_eq!(t.turn(), Turn::Over);
    assert!(t.b.on().stopped);
    assert_eq!(t.b.told().1, Some(0));
    assert_eq!(t.pump.result().unwrap_err().kind(), ErrorKind::Io, "the first failure counts");
}

#[test]
fn an_end_is_kept_while_letting_go_could_cost_what_was_written() {
    let mut t = Test::new();
    t.a.gives(b"last words");
    t.a.ends();
    t.a.on().life = Life::Gone;
    t.b.on().discards = VecDeque::from([Discard::Wait, Discard::More, Discard::Wait, Discard::Wait, Discard::Over]);
    // The second direction is looked at behind the first.
    for more in [false, true, false, false] {
        assert_eq!(t.turn_more(), (Turn::Part, more), "what still comes does not put the end off");
    }
    assert_eq!(t.turn(), Turn::Over);
    assert_eq!(t.b.told(), (b"last words".to_vec(), Some(10)));
    assert_eq!(t.pump.result(), Ok(()));
}

#[test]
fn a_side_that_sends_without_end_and_reads_nothing_does_not_put_the_end_off() {
    let mut t = Test::new();
    t.a.gives(b"for the other");
    t.a.on().life = Life::Gone;
    t.b.on().room = 3;
    t.b.on().discards = VecDeque::from([Discard::More; 2]);
    assert_eq!(t.turn_more(), (Turn::Linger, true));
    assert_eq!(t.turn_more(), (Turn::Linger, true));
    assert_eq!(t.turn_more(), (Turn::Linger, false));
}

#[test]
fn what_the_application_has_closed_gives_what_is_taken_at_once() {
    let mut t = Test::new();
    t.a.gives(b"last words");
    t.a.ends();
    t.a.on().life = Life::Cut;
    t.b.gives(b"too late");
    t.b.on().room = 4;
    assert_eq!(t.turn(), Turn::Over);
    assert_eq!(t.b.told(), (b"last".to_vec(), Some(4)));
    assert!(t.b.on().stopped);
    assert_eq!(t.pump.result(), Ok(()));
}

#[test]
fn nothing_is_moved_before_both_ends_are_open_unless_one_is_lost() {
    let mut t = Test::new();
    t.a.on().life = Life::Opening;
    t.b.gives(b"early");
    t.b.ends();
    assert_eq!((t.turn(), t.b.on().reads, t.a.told()), (Turn::Wait, 0, (Vec::new(), None)));
    t.a.on().life = Life::Open;
    assert_eq!((t.turn(), t.a.told()), (Turn::Wait, (b"early".to_vec(), Some(5))));

    let mut t = Test::new();
    t.a.on().life = Life::Opening;
    t.b.on().life = Life::Lost(Error::from(ErrorKind::PeerDead));
    t.b.ends();
    assert_eq!(t.turn(), Turn::Over);
    assert_eq!(t.pump.result().unwrap_err().kind(), ErrorKind::PeerDead);
}
