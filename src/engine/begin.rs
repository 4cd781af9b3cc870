//! Beginning what others wait for: the question is sent, and the answer is taken once it is there.

use super::channel::Channel;
use super::channel_requests::{refused, PtySize};
use super::core::{ChannelState, Core};
use super::transport::Transport;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::event::ChannelId;
use crate::wire::msg_channel as msg;

/// Something begun on a channel whose answer was not taken.
pub(super) struct Begun {
    /// The request's; None for the opening.
    token: Option<u64>,
    /// The request's name; the channel's kind for the opening.
    name: String,
}

/// How far the oldest thing begun is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The peer agreed.
    Done,
    /// It has not answered.
    Pending,
}

impl Transport {
    /// As [`Transport::open_channel`] without waiting for the answer, which [`Channel::finish`] takes. Until it is there
    /// the channel is good for nothing but a relay; closing or dropping it closes the channel when the peer has opened it.
    pub fn open_channel_begin(
        &self,
        kind: &str,
        open_data: &[u8],
        window: Option<u32>,
        max_packet: Option<u32>,
    ) -> Result<Channel> {
        let mut core = self.shared().lock()?;
        let id = core.ask_open(kind, open_data, window, max_packet)?;
        if let Some(state) = core.channels.get_mut(&id) {
            state.begun.push_back(Begun { token: None, name: kind.to_owned() });
        }
        Channel::adopt(&mut core, id, true)
    }
}

impl Channel {
    /// As [`Channel::request_pty`] without waiting; see [`Channel::request_begin`].
    pub fn request_pty_begin(&self, term: &str, size: PtySize, modes: &[u8]) -> Result<()> {
        let PtySize { columns, rows, width, height } = size;
        let body = msg::PtyRequest::new(term.as_bytes(), columns, rows, width, height, modes).encode_body();
        self.request_begin("pty-req", &body)
    }

    /// As [`Channel::invoke_shell`] without waiting; see [`Channel::request_begin`].
    pub fn invoke_shell_begin(&self) -> Result<()> {
        self.request_begin("shell", &[])
    }

    /// As [`Channel::exec_command`] without waiting; see [`Channel::request_begin`].
    pub fn exec_command_begin(&self, command: &[u8]) -> Result<()> {
        self.request_begin("exec", &msg::ExecRequest::new(command).encode_body())
    }

    /// As [`Channel::invoke_subsystem`] without waiting; see [`Channel::request_begin`].
    pub fn invoke_subsystem_begin(&self, name: &str) -> Result<()> {
        self.request_begin("subsystem", &msg::SubsystemRequest::new(name.as_bytes()).encode_body())
    }

    /// Sends any request; [`Channel::finish`] takes the reply. Fails with `InvalidState` before the channel is open.
    pub fn request_begin(&self, name: &str, body: &[u8]) -> Result<()> {
        let id = self.channel_id();
        let mut core = self.lock()?;
        let token = core.live()?.channel_request(id, name, body, true)?;
        core.replies.insert(token, None);
        if let Some(state) = core.channels.get_mut(&id) {
            state.begun.push_back(Begun { token: Some(token), name: name.to_owned() });
        }
        Ok(())
    }

    /// Whether the peer has answered the opening.
    pub(super) fn is_answered(&self) -> Result<bool> {
        Ok(self.lock()?.channels.get(&self.channel_id()).is_none_or(|state| state.opened.is_some()))
    }

    /// Takes the answer to the oldest thing begun: what the call that waits would have returned.
    pub fn finish(&self) -> Result<Progress> {
        let id = self.channel_id();
        let mut core = self.lock()?;
        let state = core.channels.get(&id).ok_or(ErrorKind::ChannelClosed)?;
        if state.begun.is_empty() {
            return Err(Error::new(ErrorKind::InvalidState, "nothing was begun on this channel"));
        }
        let Some(answer) = core.begun_answer(id) else { return Ok(Progress::Pending) };
        let begun = core.channels.get_mut(&id).and_then(|state| state.begun.pop_front());
        let name = begun.map(|begun| core.forget_begun(begun)).unwrap_or_default();
        if answer? {
            return Ok(Progress::Done);
        }
        Err(refused(&mut core, self, &name))
    }
}

impl Core {
    /// The answer to the oldest thing begun on a channel; None while there is none, or nothing was begun.
    pub(super) fn begun_answer(&self, id: ChannelId) -> Option<Result<bool>> {
        let state = self.channels.get(&id)?;
        let answer = match state.begun.front()?.token {
            None => state.opened.clone().map(|opened| opened.map(|()| true)),
            Some(token) => self.replies.get(&token).copied().flatten().map(Ok),
        };
        answer.or_else(|| self.error.clone().map(Err))
    }

    /// The channel has no handles any more: answers that come find nobody.
    pub(super) fn forget_all_begun(&mut self, state: ChannelState) {
        for begun in state.begun {
            self.forget_begun(begun);
        }
    }

    fn forget_begun(&mut self, begun: Begun) -> String {
        if let Some(token) = begun.token {
            self.replies.remove(&token);
        }
        begun.name
    }
}
