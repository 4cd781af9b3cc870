//! Global requests (RFC 4254 section 4), both ways.

use super::channel::check_outgoing;
use super::config::Limits;
use super::event::{Event, Ticket};
use super::in_order::InOrder;
use super::outbox::Outbox;
use super::packet_in::MAX_ITEMS;
use super::phase::Role;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{msg_global as msg, numbers};
use std::collections::VecDeque;

const KEEPALIVE: &str = "keepalive@openssh.com";
/// OpenSSH PROTOCOL section 2.2.
const NO_MORE_SESSIONS: &str = "no-more-sessions@openssh.com";
/// Never issued as a ticket: marks requests that were answered without asking.
const NO_TICKET: u64 = 0;

/// A connection's global requests.
#[derive(Debug)]
pub struct Globals {
    max_owed: usize,
    last_token: u64,
    last_ticket: u64,
    /// Our requests without a reply, oldest first: their tokens, or None for a keepalive.
    awaited: VecDeque<Option<u64>>,
    /// The peer's requests we have not replied to.
    owed: InOrder<Option<Vec<u8>>>,
    /// Our side; only a client may say that it opens no more sessions.
    role: Role,
    sessions_over: bool,
    ended: bool,
}

impl Globals {
    /// Nothing asked yet.
    #[must_use]
    pub fn new(limits: &Limits, role: Role) -> Self {
        Self {
            max_owed: limits.pending_globals,
            last_token: 0,
            last_ticket: 0,
            awaited: VecDeque::new(),
            owed: InOrder::new(),
            role,
            sessions_over: false,
            ended: false,
        }
    }

    /// Sends a global request; with `want_reply`, `GlobalReply` with the token returned follows, or `GlobalUnanswered` where
    /// the connection ends first. Fails with `InvalidArgument` for a name or data that fit no message, `ConnectionLost` after
    /// the end.
    pub fn request(&mut self, out: &mut Outbox, request: &str, data: &[u8], want_reply: bool) -> Result<u64> {
        check_outgoing(request, data)?;
        if self.ended {
            return Err(ErrorKind::ConnectionLost.into());
        }
        self.last_token += 1;
        if want_reply {
            self.awaited.push_back(Some(self.last_token));
        }
        out.message(|b| msg::GlobalRequest::new(request, want_reply, data).encode(b));
        Ok(self.last_token)
    }

    /// Asks for a sign of life. The reply, whichever it is, causes no event.
    pub fn keepalive(&mut self, out: &mut Outbox) {
        if !self.ended {
            self.awaited.push_back(None);
            out.message(|b| msg::GlobalRequest::new(KEEPALIVE, true, b"").encode(b));
        }
    }

    /// Client: says that no more sessions will be opened, once; without a reply.
    pub fn no_more_sessions(&mut self, out: &mut Outbox) -> Result<()> {
        if !self.sessions_over {
            self.request(out, NO_MORE_SESSIONS, b"", false)?;
            self.sessions_over = true;
        }
        Ok(())
    }

    /// The client has said that it opens no more sessions.
    #[must_use]
    pub fn sessions_over(&self) -> bool {
        self.sessions_over
    }

    /// Answers the peer's request with data, or refuses it; the reply leaves once those before it have. A second
    /// answer is ignored, as is one after the connection's end. Fails with `InvalidArgument` for a ticket that was
    /// never issued or data that fit no message.
    pub fn answer(&mut self, out: &mut Outbox, ticket: Ticket, reply: Option<&[u8]>) -> Result<()> {
        check_outgoing("reply", reply.unwrap_or_default())?;
        if ticket.0 == NO_TICKET || ticket.0 > self.last_ticket {
            return Err(Error::new(ErrorKind::InvalidArgument, "no global request has this ticket"));
        }
        self.owed.answer(ticket.0, reply.map(<[u8]>::to_vec));
        self.send_replies(out);
        Ok(())
    }

    /// As many of the peer's requests wait for an answer as may.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.owed.len() >= self.max_owed
    }

    /// Handles a message with a number from 80 to 82. An error is fatal for the connection.
    pub fn handle(&mut self, out: &mut Outbox, number: u8, payload: &[u8]) -> Result<()> {
        if self.ended {
            return Ok(());
        }
        match number {
            numbers::GLOBAL_REQUEST => self.on_request(out, payload),
            numbers::REQUEST_SUCCESS => {
                let data = msg::RequestSuccess::parse(payload)?.data.to_vec();
                self.on_reply(out, Some(data))
            }
            numbers::REQUEST_FAILURE => {
                msg::RequestFailure::parse(payload)?;
                self.on_reply(out, None)
            }
            _ => Err(Error::new(ErrorKind::UnexpectedMessage, format!("message {number} is no global request"))),
        }
    }

    /// The connection is over: what has no reply will get none. That is no refusal, and is not told as one.
    pub fn connection_ended(&mut self, out: &mut Outbox) {
        self.ended = true;
        self.owed.forget();
        for token in std::mem::take(&mut self.awaited).into_iter().flatten() {
            out.event(Event::GlobalUnanswered { token });
        }
    }

    fn on_reply(&mut self, out: &mut Outbox, data: Option<Vec<u8>>) -> Result<()> {
        let asked = self
            .awaited
            .pop_front()
            .ok_or_else(|| Error::protocol("reply to a global request that was not sent (RFC 4254 section 4)"))?;
        if let Some(token) = asked {
            out.event(Event::GlobalReply { token, data });
        }
        Ok(())
    }

    fn on_request(&mut self, out: &mut Outbox, payload: &[u8]) -> Result<()> {
        let m = msg::GlobalRequest::parse(payload)?;
        let at_once = match m.request {
            // Any answer proves that we are alive; failure is what OpenSSH gives.
            KEEPALIVE => Some(None),
            NO_MORE_SESSIONS if self.role == Role::Server => {
                self.sessions_over = true;
                out.log(4, || "the client opens no more sessions".to_owned());
                Some(Some(Vec::new()))
            }
            _ => None,
        };
        let is_question = at_once.is_none();
        let mut ticket = None;
        if m.want_reply {
            // Input is held before: only a caller that handles it all the same gets here.
            if self.owed.len() >= self.max_owed.saturating_add(MAX_ITEMS) {
                let text = format!("{} global requests wait for an answer (RFC 4254 section 4)", self.owed.len());
                return Err(Error::new(ErrorKind::LimitExceeded, text));
            }
            if at_once.is_some() {
                self.owed.push(NO_TICKET, at_once);
            } else {
                self.last_ticket += 1;
                self.owed.push(self.last_ticket, None);
                ticket = Some(Ticket(self.last_ticket));
            }
            self.send_replies(out);
        }
        if is_question {
            out.event(Event::GlobalRequest { ticket, request: m.request.to_owned(), data: m.data.to_vec() });
        }
        Ok(())
    }

    fn send_replies(&mut self, out: &mut Outbox) {
        while let Some(reply) = self.owed.next_reply() {
            match reply {
                Some(data) => out.message(|b| msg::RequestSuccess::new(&data).encode(b)),
                None => out.message(|b| msg::RequestFailure::new().encode(b)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::msg_global::{GlobalRequest, RequestFailure, RequestSuccess};

    struct Side {
        globals: Globals,
        out: Outbox,
    }

    impl Side {
        fn new() -> Self {
            Self { globals: Globals::new(&Limits::default(), Role::Server), out: Outbox::recording() }
        }

        fn feed(&mut self, payload: Vec<u8>) -> Result<()> {
            let (number, rest) = payload.split_first().unwrap();
            self.globals.handle(&mut self.out, *number, rest)
        }

        fn replies(&mut self) -> Vec<(u64, Option<Vec<u8>>)> {
            std::iter::from_fn(|| self.out.next_event())
                .filter_map(|e| match e {
                    Event::GlobalReply { token, data } => Some((token, data)),
                    _ => None,
                })
                .collect()
        }
    }

    #[test]
    fn replies_match_requests_in_order() {
        let mut s = Side::new();
        let a = s.globals.request(&mut s.out, "tcpip-forward", b"x", true).unwrap();
        s.globals.request(&mut s.out, "no-reply", b"", false).unwrap();
        s.globals.keepalive(&mut s.out);
        let b = s.globals.request(&mut s.out, "b", b"", true).unwrap();
        let c = s.globals.request(&mut s.out, "c", b"", true).unwrap();
        s.feed(RequestSuccess::new(b"port").to_vec()).unwrap();
        s.feed(RequestFailure::new().to_vec()).unwrap();
        s.feed(RequestFailure::new().to_vec()).unwrap();
        assert_eq!(s.replies(), [(a, Some(b"port".to_vec())), (b, None)]);
        s.globals.connection_ended(&mut s.out);
        assert!(matches!(s.out.next_event(), Some(Event::GlobalUnanswered { token }) if token == c));
        assert!(s.out.next_event().is_none());
        assert!(s.globals.request(&mut s.out, "d", b"", true).is_err());
    }

    #[test]
    fn a_reply_nobody_asked_for_is_fatal() {
        for reply in [RequestSuccess::new(b"").to_vec(), RequestFailure::new().to_vec()] {
            let mut s = Side::new();
            s.globals.request(&mut s.out, "x", b"", false).unwrap();
            assert_eq!(s.feed(reply).unwrap_err().kind(), ErrorKind::Protocol);
        }
    }

    #[test]
    fn answers_leave_in_the_order_of_the_requests() {
        let mut s = Side::new();
        for (name, reply) in [("a", true), (KEEPALIVE, true), ("note", false), (KEEPALIVE, false), ("b", true)] {
            s.feed(GlobalRequest::new(name, reply, b"").to_vec()).unwrap();
        }
        let events: Vec<_> = std::iter::from_fn(|| s.out.next_event()).map(|e| format!("{e:?}")).collect();
        assert_eq!(events.len(), 3, "{events:?}");
        s.globals.answer(&mut s.out, Ticket(2), Some(b"B")).unwrap();
        assert!(s.out.take_payloads().is_empty());
        s.globals.answer(&mut s.out, Ticket(1), None).unwrap();
        s.globals.answer(&mut s.out, Ticket(1), None).unwrap();
        let refusal = RequestFailure::new().to_vec();
        assert_eq!(s.out.take_payloads(), [refusal.clone(), refusal, RequestSuccess::new(b"B").to_vec()]);
        assert!(s.globals.answer(&mut s.out, Ticket(3), None).is_err());
    }

    #[test]
    fn unanswered_requests_are_bounded() {
        let mut s = Side::new();
        for i in 0..64 + MAX_ITEMS {
            assert_eq!(s.globals.is_full(), i >= 64, "{i}");
            s.feed(GlobalRequest::new("x", true, b"").to_vec()).unwrap();
        }
        let error = s.feed(GlobalRequest::new("x", true, b"").to_vec()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    }
}
