//! What a transport can be asked beside channels and authentication: global requests, rekeying, keepalive, IGNORE.

use super::deadline::Deadline;
use super::forward::Effect;
use super::transport::Transport;
use crate::crypto::rng::system_bytes;
use crate::error::{Error, ErrorKind, Result};
use std::time::{Duration, Instant};

impl Transport {
    /// Asks for new keys and waits until they are in force. Traffic of both directions goes on.
    pub fn renegotiate_keys(&self, deadline: Deadline) -> Result<()> {
        let mut core = self.shared().lock()?;
        if !core.is_active() {
            core.live()?;
            return Err(no_session());
        }
        let before = core.exchanges;
        core.live()?.rekey(Instant::now())?;
        core.wait_changed(deadline, |core| match &core.error {
            Some(error) => Some(Err(error.clone())),
            None => (core.exchanges > before).then_some(Ok(())),
        })
        .unwrap_or_else(|| Err(deadline.error("the new keys were not in force")))
    }

    /// Sends IGNORE (RFC 4253 section 11.2) with so many bytes; 10 to 41, at random, for None.
    pub fn send_ignore(&self, bytes: Option<usize>) -> Result<()> {
        let bytes = bytes.unwrap_or_else(|| {
            let mut random = [0];
            system_bytes(&mut random);
            10 + usize::from(random[0] % 32)
        });
        self.shared().lock()?.live()?.send_ignore(bytes)
    }

    /// Tells the server that no more sessions will be opened (OpenSSH PROTOCOL section 2.2), once.
    pub fn send_no_more_sessions(&self) -> Result<()> {
        self.shared().lock()?.live()?.no_more_sessions()
    }

    /// Sends a keepalive request after each `interval` without a packet sent; zero turns it off. After
    /// `max_unanswered` of them without an answer (zero: no bound) the peer is declared dead.
    pub fn set_keepalive(&self, interval: Duration, max_unanswered: u32) -> Result<()> {
        self.shared().lock()?.live()?.set_keepalive(Instant::now(), interval, max_unanswered);
        Ok(())
    }

    /// Sends a global request (RFC 4254 section 4). With `want_reply` waits for the reply's data; a refusal is
    /// `RequestRefused`. Concurrent calls never mix up their replies.
    pub fn global_request(
        &self,
        name: &str,
        data: &[u8],
        want_reply: bool,
        deadline: Deadline,
    ) -> Result<Option<Vec<u8>>> {
        if want_reply {
            return self.ask_global(name, data, None, deadline).map(Some);
        }
        self.shared().lock()?.live()?.global_request(name, data, false).map(|_| None)
    }

    /// Sends a global request and waits for the reply's data; `effect` takes place with the reply, if it is granted.
    pub(super) fn ask_global(
        &self,
        name: &str,
        data: &[u8],
        effect: Option<Effect>,
        deadline: Deadline,
    ) -> Result<Vec<u8>> {
        // The lock is given back before `effect` is dropped, where an early return leaves it.
        let mut core = self.shared().lock()?;
        let token = core.live()?.global_request(name, data, true)?;
        core.globals.insert(token, None);
        if let Some(effect) = effect {
            core.forwards.ask(token, effect);
        }
        let answer = core.wait_changed(deadline, |core| {
            let answered = core.globals.get_mut(&token).and_then(Option::take);
            answered.map(Ok).or_else(|| core.error.clone().map(Err))
        });
        // A reply that comes later finds nobody.
        core.globals.remove(&token);
        core.forwards.abandon(token);
        match answer {
            Some(Ok(Some(data))) => Ok(data),
            Some(Ok(None)) => {
                let text = format!("the peer refused the global request \"{}\"", name.escape_debug());
                Err(Error::new(ErrorKind::RequestRefused, text))
            }
            Some(Err(error)) => Err(error),
            None => {
                Err(deadline.error(&format!("the peer did not answer the global request \"{}\"", name.escape_debug())))
            }
        }
    }
}

/// What calls that need a key exchange report before there was one.
pub(super) fn no_session() -> Error {
    Error::new(ErrorKind::InvalidState, "No existing session").helped_by("wait for the first key exchange to end")
}
