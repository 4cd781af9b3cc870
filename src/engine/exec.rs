//! Running a command and collecting what it says, in one call.

use super::channel::Channel;
use super::core::Core;
use super::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::channel::{ExitSignal, Recv};
use crate::proto::event::Stream;
use std::time::Instant;

/// What a command left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Collected {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    /// Its exit status; None where none was reported.
    pub exit_status: Option<u32>,
    /// The signal that ended it, if one did.
    pub exit_signal: Option<ExitSignal>,
    /// What ended the collecting before the command did; everything else is what had come by then.
    pub cut_short: Option<Error>,
}

/// A command under way.
struct Run<'a> {
    input: &'a [u8],
    max_output: usize,
    eof_sent: bool,
    out: Collected,
}

impl Channel {
    /// Runs `command`, feeds it `input` and then EOF, reads both streams to their ends, waits for its exit and closes
    /// the channel, which must be a fresh session. Fails where the command does not start; whatever ends it later is
    /// in [`Collected::cut_short`], so that no output is lost: the deadline, the connection's end, or `ResourceLimit`
    /// where there is more than `max_output` bytes of output, both streams together; the rest can be read then.
    pub fn exec_collect(
        &self,
        command: &[u8],
        input: &[u8],
        max_output: usize,
        deadline: Deadline,
    ) -> Result<Collected> {
        self.exec_command(command, deadline)?;
        let id = self.channel_id();
        let mut run = Run { input, max_output, eof_sent: false, out: Collected::default() };
        let done = {
            let mut core = self.lock()?;
            if let Some(state) = core.channels.get_mut(&id) {
                state.both = true;
            }
            let done = core.wait(&self.waits().readable, deadline, |core| run.step(core, self));
            if let Some(state) = core.channels.get_mut(&id) {
                state.both = false;
            }
            core.update_signal(id);
            done.unwrap_or_else(|| Err(deadline.error("the command's output did not end")))
        };
        // Where the output was cut short, only a report that is here already counts.
        let until = if done.is_ok() { deadline } else { Deadline::after_ms(0) };
        let exit = self.recv_exit_status(until).map(|status| run.out.exit_status = Some(status));
        let exit = exit.or_else(|error| match error.kind() {
            ErrorKind::NoExitStatus => self.recv_exit_signal(until).map(|signal| run.out.exit_signal = signal),
            _ => Err(error),
        });
        run.out.cut_short = done.and(exit).err();
        self.close();
        Ok(run.out)
    }
}

impl Run<'_> {
    /// Writes and reads what goes without waiting; the end once both streams are over.
    fn step(&mut self, core: &mut Core, channel: &Channel) -> Option<Result<()>> {
        let mut ended = [false; 2];
        let work = self.feed(core, channel).and_then(|()| {
            ended = [self.drain(core, channel, Stream::Data)?, self.drain(core, channel, Stream::Stderr)?];
            Ok(())
        });
        match work {
            Err(error) => Some(Err(error)),
            Ok(()) if ended != [true, true] => None,
            Ok(()) => {
                let whole = core.conn.as_ref().and_then(|conn| conn.channel(channel.channel_id()));
                let whole = whole.is_some_and(|state| state.end_is_deliberate());
                Some(core.error.clone().filter(|_| !whole).map_or(Ok(()), Err))
            }
        }
    }

    /// A command may end without reading its input: that is no error.
    fn feed(&mut self, core: &mut Core, channel: &Channel) -> Result<()> {
        let id = channel.channel_id();
        let Ok(conn) = core.live() else { return Ok(()) };
        if !conn.channel(id).is_some_and(|state| state.is_open()) {
            return Ok(());
        }
        while !self.input.is_empty() {
            let sent = conn.send(id, Stream::Data, self.input)?;
            if sent == 0 {
                return Ok(());
            }
            self.input = self.input.get(sent..).unwrap_or_default();
        }
        if !std::mem::replace(&mut self.eof_sent, true) {
            conn.send_eof(id)?;
        }
        Ok(())
    }

    /// Reads what is there; true at the stream's end.
    fn drain(&mut self, core: &mut Core, channel: &Channel, stream: Stream) -> Result<bool> {
        let conn = core.conn()?;
        loop {
            let room = self.max_output.saturating_sub(self.out.stdout.len() + self.out.stderr.len());
            let into = match stream {
                Stream::Data => &mut self.out.stdout,
                Stream::Stderr => &mut self.out.stderr,
            };
            let mut sink = |bytes: &[u8]| into.extend_from_slice(bytes);
            match conn.recv(Instant::now(), channel.channel_id(), stream, room.min(256 * 1024), &mut sink)? {
                Recv::Data(0) => {
                    let text = format!("the command wrote more than {} bytes", self.max_output);
                    return Err(Error::new(ErrorKind::ResourceLimit, text));
                }
                Recv::Data(_) => {}
                Recv::Eof => return Ok(true),
                Recv::Empty => return Ok(false),
            }
        }
    }
}
