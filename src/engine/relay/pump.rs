//! What a relay does, without descriptors, channels or threads: two ends, and the bytes, ends and failures that go from
//! each to the other.

use crate::error::{Error, Result};

/// Asked of an end in one read; no more than this waits in one direction.
pub(super) const CHUNK: usize = 64 * 1024;

/// Bytes read in one turn for one direction before other relays have theirs.
const BUDGET: usize = 4 * CHUNK;

/// What a read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// So many bytes, at least one.
    Data(usize),
    /// Nothing is there now; a turn comes when there is.
    Nothing,
    /// No more will come.
    End,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    /// So many bytes went, at least one.
    Took(usize),
    /// There is no room now; a turn comes when there is.
    Full,
    /// It will never take another byte.
    Refused,
}

/// How far dropping what an end still gives has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Discard {
    /// There may be more now.
    More,
    /// Nothing is there now, and letting go of the end could cost what was written to it.
    Wait,
    /// It may be let go.
    Over,
}

/// What can still be done with an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Life {
    /// It neither takes nor gives anything yet.
    Opening,
    /// It takes data, as far as is known.
    Open,
    /// It takes no more data, and may have some to give.
    Deaf,
    /// It takes no more, and gives what it has and nothing else.
    Gone,
    /// As `Gone`, by the application: what it has goes where it is taken at once.
    Cut,
    /// As `Gone`, and not because one side wanted it.
    Lost(Error),
}

/// One side of a relay.
pub(super) trait End: Send {
    /// Reads what is there, without waiting. A failure is the end of what it gives.
    fn read(&mut self, into: &mut [u8]) -> Result<Read>;
    /// Writes some of `data`, which is not empty, without waiting. A failure is the end of what it takes.
    fn write(&mut self, data: &[u8]) -> Result<Write>;
    /// Passes an end of file on, behind what was written.
    fn end_write(&mut self);
    /// Nobody wants what it still gives.
    fn end_read(&mut self);
    /// Reads, without waiting, and drops what it gives; after `end_read`.
    fn discard(&mut self, _scratch: &mut [u8]) -> Discard {
        Discard::Over
    }
    /// What can still be done with it.
    fn life(&mut self) -> Life;
    /// Both directions are done, and nothing failed.
    fn complete(&mut self) {}
    /// Its descriptor reported something.
    fn ready(&mut self, _what: Ready) {}
}

/// What a descriptor reported.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ready {
    pub readable: bool,
    pub writable: bool,
    /// It takes no more.
    pub deaf: bool,
}

/// One direction.
#[derive(Debug, Default)]
struct Way {
    /// Bytes read and not written, from `at` on; without capacity while there are none.
    held: Vec<u8>,
    at: usize,
    /// The source gives no more.
    ended: bool,
    /// The target was told, or takes no more.
    done: bool,
    /// What the source still gives is dropped.
    dropping: bool,
    /// Bytes written.
    carried: u64,
}

/// How a turn ended. There may be more to do all the same, see [`Pump::has_more`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing can be done until an end changes.
    Wait,
    /// As `Wait`, and an end that is gone has left data that the other does not take.
    Linger,
    /// Both directions are done, but what was written to an end may not have gone yet.
    Part,
    /// Both directions are done.
    Over,
}

/// A relay's two ends and what is on the way between them.
pub(super) struct Pump {
    a: Box<dyn End>,
    b: Box<dyn End>,
    from_a: Way,
    from_b: Way,
    /// There is more to do; others first.
    more: bool,
    /// The first failure.
    error: Option<Error>,
}

impl Pump {
    pub(super) fn new(a: Box<dyn End>, b: Box<dyn End>) -> Self {
        Self { a, b, from_a: Way::default(), from_b: Way::default(), more: false, error: None }
    }

    /// Moves what can be moved. `scratch` has [`CHUNK`] bytes.
    pub(super) fn turn(&mut self, scratch: &mut [u8]) -> Turn {
        if self.is_too_early() {
            self.more = false;
            return Turn::Wait;
        }
        let more_a = self.from_a.step(&mut *self.a, &mut *self.b, scratch, &mut self.error);
        let more_b = self.from_b.step(&mut *self.b, &mut *self.a, scratch, &mut self.error);
        // The second direction may have found out that `b` is broken, and no event says so again.
        let given_up = self.from_a.look(&mut *self.a, &mut *self.b, &mut self.error);
        let more_a = more_a || (given_up && self.from_a.drop_rest(&mut *self.a, scratch));
        self.more = more_a || more_b;
        self.from_a.cut(&mut *self.a, &mut *self.b);
        self.from_b.cut(&mut *self.b, &mut *self.a);
        let done = self.from_a.done && self.from_b.done;
        if done && self.error.is_none() {
            self.a.complete();
            self.b.complete();
        }
        if done && !self.from_a.dropping && !self.from_b.dropping {
            return Turn::Over;
        }
        // Whatever else goes on: a side that never stops sending keeps nothing for ever.
        if done {
            return Turn::Part;
        }
        let stuck =
            |way: &Way, source: &mut dyn End| way.holds() && matches!(source.life(), Life::Gone | Life::Lost(_));
        if stuck(&self.from_a, &mut *self.a) || stuck(&self.from_b, &mut *self.b) {
            return Turn::Linger;
        }
        Turn::Wait
    }

    /// Whether the last turn left something that can be done now.
    pub(super) fn has_more(&self) -> bool {
        self.more
    }

    /// Whether an end is still being opened, and the other not lost: ends of file are passed on only to what is open.
    fn is_too_early(&mut self) -> bool {
        let lives = (self.a.life(), self.b.life());
        matches!(lives, (Life::Opening, _) | (_, Life::Opening))
            && !matches!(lives, (Life::Lost(_), _) | (_, Life::Lost(_)))
    }

    /// A descriptor reported something; only the second end may be one.
    pub(super) fn ready(&mut self, what: Ready) {
        self.b.ready(what);
    }

    /// Bytes written so far that came from each end.
    pub(super) fn carried(&self) -> (u64, u64) {
        (self.from_a.carried, self.from_b.carried)
    }

    /// The first failure, once it is over.
    pub(super) fn result(&self) -> Result<()> {
        self.error.clone().map_or(Ok(()), Err)
    }
}

impl Way {
    fn holds(&self) -> bool {
        self.at < self.held.len()
    }

    /// Moves data until a side has to wait or the turn's budget is used up; true in the latter case.
    fn step(
        &mut self,
        source: &mut dyn End,
        target: &mut dyn End,
        scratch: &mut [u8],
        error: &mut Option<Error>,
    ) -> bool {
        if self.look(source, target, error) {
            return self.drop_rest(source, scratch);
        }
        let mut budget = BUDGET;
        loop {
            if !self.write_held(source, target, error) {
                return self.drop_rest(source, scratch);
            }
            if self.ended {
                self.done = true;
                target.end_write();
                return false;
            }
            if budget == 0 {
                return true;
            }
            match source.read(scratch) {
                Ok(Read::Data(n)) => {
                    budget = budget.saturating_sub(n);
                    self.pass(scratch.get(..n).unwrap_or_default(), source, target, error);
                }
                Ok(Read::Nothing) => return false,
                Ok(Read::End) => self.ended = true,
                Err(e) => {
                    error.get_or_insert(e);
                    self.ended = true;
                }
            }
        }
    }

    /// Drops what the source gives that nobody wants; true if there may be more.
    fn drop_rest(&mut self, source: &mut dyn End, scratch: &mut [u8]) -> bool {
        let found = if self.dropping { source.discard(scratch) } else { Discard::Over };
        self.dropping = found != Discard::Over;
        found == Discard::More
    }

    /// Gives up if the target takes no more; true if this direction is done.
    fn look(&mut self, source: &mut dyn End, target: &mut dyn End, error: &mut Option<Error>) -> bool {
        if !self.done {
            match target.life() {
                Life::Opening | Life::Open => return false,
                Life::Deaf | Life::Gone | Life::Cut => {}
                Life::Lost(e) => {
                    error.get_or_insert(e);
                }
            }
            self.give_up(source);
        }
        true
    }

    /// Drops what the target does not take now of a source that the application has closed.
    fn cut(&mut self, source: &mut dyn End, target: &mut dyn End) {
        if self.holds() && source.life() == Life::Cut {
            self.held = Vec::new();
            self.at = 0;
            self.done = true;
            target.end_write();
        }
    }

    /// Writes what is on the way; true once nothing is and the direction goes on.
    fn write_held(&mut self, source: &mut dyn End, target: &mut dyn End, error: &mut Option<Error>) -> bool {
        if self.done {
            return false;
        }
        if self.holds() {
            let held = std::mem::take(&mut self.held);
            let n = self.write(held.get(self.at..).unwrap_or_default(), source, target, error);
            self.at += n;
            if !self.done && self.at < held.len() {
                self.held = held;
                return false;
            }
            self.at = 0;
        }
        !self.done
    }

    /// Writes what was just read, and keeps what the target does not take.
    fn pass(&mut self, data: &[u8], source: &mut dyn End, target: &mut dyn End, error: &mut Option<Error>) {
        let n = self.write(data, source, target, error);
        if !self.done {
            self.held = data.get(n..).unwrap_or_default().to_vec();
        }
    }

    /// Writes until the target is full; returns how many bytes went.
    fn write(&mut self, data: &[u8], source: &mut dyn End, target: &mut dyn End, error: &mut Option<Error>) -> usize {
        let mut n = 0;
        while let Some(rest) = data.get(n..).filter(|rest| !rest.is_empty()) {
            match target.write(rest) {
                Ok(Write::Took(some)) => {
                    let some = some.min(rest.len());
                    n += some;
                    self.carried = self.carried.saturating_add(u64::try_from(some).unwrap_or(0));
                }
                Ok(Write::Full) => break,
                Ok(Write::Refused) => {
                    self.give_up(source);
                    break;
                }
                Err(e) => {
                    error.get_or_insert(e);
                    self.give_up(source);
                    break;
                }
            }
        }
        n
    }

    /// The target takes no more: what the source still gives is of no use. The other direction goes on.
    fn give_up(&mut self, source: &mut dyn End) {
        self.held = Vec::new();
        self.at = 0;
        self.done = true;
        self.dropping = true;
        source.end_read();
    }
}
