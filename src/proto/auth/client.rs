//! The client's half: one attempt at a time, each ended by exactly one [`Event::AuthDone`].

use super::interactive::{self, Rounds};
use super::{check_content, AuthRequest, INTERACTIVE, NONE, PASSWORD, PUBLICKEY, SERVICE_AUTH, SERVICE_CONNECTION};
use crate::error::{printable, Error, ErrorKind, Result, Stage};
use crate::proto::config::Limits;
use crate::proto::event::{AuthOutcome, Event, SecretBytes};
use crate::proto::outbox::Outbox;
use crate::wire::msg_auth::{
    HostboundRequest, InfoRequest, InteractiveRequest, PasswordRequest, PublickeyRequest, UserauthBanner,
    UserauthFailure, UserauthPasswdChangereq, UserauthPkOk, UserauthRequest, UserauthSuccess,
};
use crate::wire::msg_transport::{ServiceAccept, ServiceRequest};
use crate::wire::numbers;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The most bytes of banners kept, all together.
pub const MAX_BANNER: usize = 64 * 1024;

/// How far the "ssh-userauth" service is (RFC 4253 section 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    NotAsked,
    Asked,
    Accepted,
}

/// What was asked, as far as the answer's meaning depends on it. Holds no secret.
enum Asked {
    None,
    Password,
    Query { algorithm: String, key: Vec<u8> },
    Signed,
    Interactive(Rounds),
}

impl Asked {
    const fn method(&self) -> &'static str {
        match self {
            Self::None => NONE,
            Self::Password => PASSWORD,
            Self::Query { .. } | Self::Signed => PUBLICKEY,
            Self::Interactive(_) => INTERACTIVE,
        }
    }
}

/// Whose turn it is.
enum Turn {
    /// The request waits for SERVICE_ACCEPT, or for the answer to an attempt that was given up.
    Queued(AuthRequest),
    /// The server owes an answer.
    Server,
    /// Prompts are with the application; the clock stands still.
    Answers,
    /// The request for a new password is with the application; the clock stands still.
    NewPassword,
}

struct Attempt {
    user: String,
    asked: Asked,
    turn: Turn,
    deadline: Option<Instant>,
}

/// The client's authentication state.
pub struct ClientAuth {
    timeout: Duration,
    rounds: u32,
    service: Service,
    attempt: Option<Attempt>,
    /// The user of an attempt that was given up while the server owed its answer. Servers answer in order, so the
    /// next answer is that one's; no request is sent before it came (RFC 4252 section 5.1: "A client MUST NOT send a
    /// subsequent request if it has not received a response from the server for a previous request").
    owed: Option<String>,
    banner: Vec<u8>,
    methods: Vec<String>,
    username: Option<String>,
}

impl ClientAuth {
    /// `auth_timeout` bounds the server's time for each answer; zero means no bound.
    #[must_use]
    pub fn new(auth_timeout: Duration, limits: &Limits) -> Self {
        Self {
            timeout: auth_timeout,
            rounds: limits.interactive_rounds,
            service: Service::NotAsked,
            attempt: None,
            owed: None,
            banner: Vec::new(),
            methods: Vec::new(),
            username: None,
        }
    }

    /// The banners so far, joined by newlines; None before the first. The bytes are the server's: control characters
    /// are not filtered.
    #[must_use]
    pub fn banner(&self) -> Option<&[u8]> {
        (!self.banner.is_empty()).then_some(self.banner.as_slice())
    }

    /// The user name that was authenticated; None before success.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// Starts an attempt. The first one asks for the service before. `InvalidState` while another attempt runs or
    /// after success; `InvalidArgument` for what no message can carry.
    pub fn start(&mut self, out: &mut Outbox, now: Instant, request: AuthRequest) -> Result<()> {
        if self.username.is_some() {
            return Err(Error::new(ErrorKind::InvalidState, "already authenticated")
                .at(Stage::Auth)
                .helped_by("go on with channels; another user needs another transport"));
        }
        if self.attempt.is_some() {
            return Err(Error::new(ErrorKind::InvalidState, "an authentication attempt is under way")
                .at(Stage::Auth)
                .helped_by("wait for its end; one attempt at a time"));
        }
        request.check()?;
        self.ask_service(out);
        let asked = match &request {
            AuthRequest::None { .. } => Asked::None,
            AuthRequest::Password { .. } => Asked::Password,
            AuthRequest::PublickeyQuery { algorithm, key, .. } => {
                Asked::Query { algorithm: algorithm.clone(), key: key.clone() }
            }
            AuthRequest::PublickeySigned { .. } | AuthRequest::PublickeyBound { .. } => Asked::Signed,
            AuthRequest::Interactive { .. } => Asked::Interactive(Rounds::new(self.rounds)),
        };
        let deadline = self.deadline(now);
        self.attempt = Some(Attempt { user: request.user().to_owned(), asked, turn: Turn::Queued(request), deadline });
        self.send_queued(out, now);
        Ok(())
    }

    /// Answers the open prompts, one answer each. `AuthAborted` for another number of answers: the prompts stay open,
    /// and the caller answers again or aborts. `InvalidState` when none are open.
    pub fn answer_prompts(&mut self, out: &mut Outbox, now: Instant, answers: &[SecretBytes]) -> Result<()> {
        let deadline = self.deadline(now);
        let Some(Attempt { turn: turn @ Turn::Answers, asked: Asked::Interactive(rounds), deadline: until, .. }) =
            self.attempt.as_mut()
        else {
            return Err(Error::new(ErrorKind::InvalidState, "no prompts are open").at(Stage::Auth));
        };
        if answers.len() != rounds.expected() {
            let text = format!("{} answers to {} prompts", answers.len(), rounds.expected());
            return Err(Error::new(ErrorKind::AuthAborted, text).at(Stage::Auth));
        }
        interactive::check_answers(answers)?;
        interactive::send_answers(out, answers);
        (*turn, *until) = (Turn::Server, deadline);
        Ok(())
    }

    /// Answers [`Event::AuthPasswordChange`]. `InvalidState` when the server did not ask.
    pub fn change_password(
        &mut self,
        out: &mut Outbox,
        now: Instant,
        old: &SecretBytes,
        new: &SecretBytes,
    ) -> Result<()> {
        let deadline = self.deadline(now);
        let Some(attempt @ Attempt { turn: Turn::NewPassword, .. }) = self.attempt.as_mut() else {
            return Err(Error::new(ErrorKind::InvalidState, "no password change was asked for").at(Stage::Auth));
        };
        check_content(attempt.user.len() + old.len() + new.len())?;
        let data = secret_data(old.len() + new.len(), |buf| {
            PasswordRequest { password: old, new_password: Some(new) }.encode(buf);
        });
        let user = attempt.user.as_str();
        out.message(|buf| UserauthRequest::new(user, SERVICE_CONNECTION, PASSWORD, &data).encode(buf));
        (attempt.turn, attempt.deadline) = (Turn::Server, deadline);
        Ok(())
    }

    /// Gives the attempt up: it ends as a failure. Without one, nothing happens. An open round of prompts needs no
    /// message: the next request abandons it (RFC 4256 section 3.1).
    pub fn abort(&mut self, out: &mut Outbox) {
        if self.attempt.is_some() {
            let methods = self.methods.clone();
            self.give_up(out, AuthOutcome::Failure { methods, partial: false });
        }
    }

    /// When [`ClientAuth::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.attempt.as_ref().and_then(|attempt| attempt.deadline)
    }

    /// Ends an attempt whose time is over; the connection stays up.
    pub fn handle_timeout(&mut self, out: &mut Outbox, now: Instant) {
        if self.poll_timeout().is_some_and(|deadline| now >= deadline) {
            self.give_up(out, AuthOutcome::TimedOut);
        }
    }

    /// Takes a message of the server: numbers 6 and 50 to 79. True exactly when it made us authenticated. Errors are
    /// fatal for the connection.
    pub fn handle(&mut self, out: &mut Outbox, now: Instant, number: u8, payload: &[u8]) -> Result<bool> {
        self.dispatch(out, now, number, payload).map_err(|error| error.at(Stage::Auth))
    }

    fn dispatch(&mut self, out: &mut Outbox, now: Instant, number: u8, payload: &[u8]) -> Result<bool> {
        match number {
            numbers::SERVICE_ACCEPT => self.service_accepted(out, now, payload)?,
            numbers::USERAUTH_BANNER => self.add_banner(out, UserauthBanner::parse(payload)?.text),
            numbers::USERAUTH_SUCCESS => {
                UserauthSuccess::parse(payload)?;
                return self.succeeded(out).map(|()| true);
            }
            numbers::USERAUTH_FAILURE => self.failed(out, now, &UserauthFailure::parse(payload)?)?,
            numbers::USERAUTH_PK_OK => self.method_message(out, now, payload)?,
            _ => return Err(unexpected("not a message a server sends during authentication (RFC 4252 section 6)")),
        }
        Ok(false)
    }

    /// Asks for the service, unless that was done. A server's EXT_INFO comes before its answer, `Event::AuthReady`, so
    /// whoever waits for that knows server-sig-algs where there are any.
    pub fn ask_service(&mut self, out: &mut Outbox) {
        if self.service == Service::NotAsked {
            out.message(|buf| ServiceRequest::new(SERVICE_AUTH).encode(buf));
            self.service = Service::Asked;
        }
    }

    /// The server has granted the service.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.service == Service::Accepted
    }

    fn service_accepted(&mut self, out: &mut Outbox, now: Instant, payload: &[u8]) -> Result<()> {
        let message = ServiceAccept::parse(payload)?;
        if self.service != Service::Asked {
            return Err(unexpected("SERVICE_ACCEPT without a SERVICE_REQUEST (RFC 4253 section 10)"));
        }
        if message.service != SERVICE_AUTH {
            return Err(Error::protocol("SERVICE_ACCEPT for a service that was not asked for (RFC 4253 section 10)"));
        }
        self.service = Service::Accepted;
        if self.attempt.is_none() {
            // Asked for ahead of an attempt; an attempt under way needs no telling.
            out.event(Event::AuthReady);
        }
        self.send_queued(out, now);
        Ok(())
    }

    fn add_banner(&mut self, out: &mut Outbox, text: &[u8]) {
        let joint: &[u8] = if self.banner.last().is_some_and(|&last| last != b'\n') { b"\n" } else { b"" };
        let room = MAX_BANNER.saturating_sub(self.banner.len());
        // The server sends banners unasked, as many as it likes: what does not fit is dropped.
        if text.is_empty() || room <= joint.len() {
            return;
        }
        self.banner.extend(joint.iter().chain(text).take(room));
        out.event(Event::Banner);
    }

    /// SUCCESS counts only as the answer to a request of ours (asyncssh CVE-2023-46446).
    fn succeeded(&mut self, out: &mut Outbox) -> Result<()> {
        if let Some(user) = self.owed.take() {
            // The server granted what was given up here. It counts: to the server, this session is that user's now. A
            // waiting attempt shares the outcome if it is for the same user, and must not if it is for another.
            if self.attempt.as_ref().is_some_and(|attempt| attempt.user != user) {
                return Err(Error::new(
                    ErrorKind::AuthAborted,
                    "the server granted an attempt that was given up, and the next one is for another user",
                ));
            }
            self.username = Some(user);
            if self.attempt.take().is_some() {
                out.event(Event::AuthDone(AuthOutcome::Success));
            }
            return Ok(());
        }
        match self.attempt.take() {
            Some(Attempt { turn: Turn::Server, user, .. }) => {
                self.username = Some(user);
                out.event(Event::AuthDone(AuthOutcome::Success));
                Ok(())
            }
            _ => Err(unexpected("USERAUTH_SUCCESS without a request (RFC 4252 section 5.1)")),
        }
    }

    fn failed(&mut self, out: &mut Outbox, now: Instant, message: &UserauthFailure<'_>) -> Result<()> {
        let methods = message.methods.to_vec();
        if self.owed.take().is_some() {
            self.methods = methods;
            self.send_queued(out, now);
            return Ok(());
        }
        let Some(Attempt { turn: Turn::Server, user, asked, .. }) = &self.attempt else {
            return Err(unexpected("USERAUTH_FAILURE without a request (RFC 4252 section 5.1)"));
        };
        out.log(3, || {
            let what = if message.partial_success { "accepted, and more is needed" } else { "refused" };
            let left = printable(methods.join(",").as_bytes());
            format!("\"{}\" for user \"{}\" {what}; the server takes: {left}", asked.method(), user.escape_debug())
        });
        self.methods.clone_from(&methods);
        self.finish(out, AuthOutcome::Failure { methods, partial: message.partial_success });
        Ok(())
    }

    /// Number 60 means what the method in progress says (RFC 4252 section 6).
    fn method_message(&mut self, out: &mut Outbox, now: Instant, payload: &[u8]) -> Result<()> {
        if self.owed.take().is_some() {
            // Whatever it asks, nobody is there to answer; the next request abandons it.
            self.send_queued(out, now);
            return Ok(());
        }
        let Some(Attempt { turn: turn @ Turn::Server, asked, deadline, .. }) = self.attempt.as_mut() else {
            return Err(unexpected("a method's message without a request (RFC 4252 section 6)"));
        };
        match asked {
            Asked::None | Asked::Signed => Err(unexpected("this request has no answer but success and failure")),
            Asked::Password => {
                let message = UserauthPasswdChangereq::parse(payload)?;
                (*turn, *deadline) = (Turn::NewPassword, None);
                out.event(Event::AuthPasswordChange(message.prompt.to_vec()));
                Ok(())
            }
            Asked::Query { algorithm, key } => {
                let message = UserauthPkOk::parse(payload)?;
                if message.algorithm != algorithm || message.key != key {
                    return Err(Error::protocol("PK_OK for a key that was not asked about (RFC 4252 section 7)"));
                }
                self.finish(out, AuthOutcome::KeyAccepted);
                Ok(())
            }
            Asked::Interactive(rounds) => {
                let message = InfoRequest::parse(payload)?;
                if !rounds.open(message.prompts.len()) {
                    return Err(Error::new(ErrorKind::LimitExceeded, "too many rounds of prompts in one attempt"));
                }
                (*turn, *deadline) = (Turn::Answers, None);
                out.event(Event::AuthPrompts(interactive::prompts_of(&message)));
                Ok(())
            }
        }
    }

    /// Sends the waiting request, once nothing stands before it.
    fn send_queued(&mut self, out: &mut Outbox, now: Instant) {
        if self.service != Service::Accepted || self.owed.is_some() {
            return;
        }
        let deadline = self.deadline(now);
        if let Some(attempt) = self.attempt.as_mut() {
            match std::mem::replace(&mut attempt.turn, Turn::Server) {
                Turn::Queued(request) => {
                    send_request(out, &request);
                    attempt.deadline = deadline;
                }
                turn => attempt.turn = turn,
            }
        }
    }

    fn give_up(&mut self, out: &mut Outbox, outcome: AuthOutcome) {
        if let Some(Attempt { user, asked, .. }) = &self.attempt {
            let why = if outcome == AuthOutcome::TimedOut { "not answered in time" } else { "given up" };
            out.log(3, || format!("\"{}\" for user \"{}\" {why}", asked.method(), user.escape_debug()));
        }
        if let Some(Attempt { turn: Turn::Server, user, .. }) = self.attempt.as_ref() {
            self.owed = Some(user.clone());
        }
        self.finish(out, outcome);
    }

    fn finish(&mut self, out: &mut Outbox, outcome: AuthOutcome) {
        self.attempt = None;
        out.event(Event::AuthDone(outcome));
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        if self.timeout.is_zero() {
            None
        } else {
            now.checked_add(self.timeout)
        }
    }
}

fn send_request(out: &mut Outbox, request: &AuthRequest) {
    out.log(4, || {
        let with = match request {
            AuthRequest::PublickeyQuery { algorithm, .. } => format!(", asking about a key for {algorithm}"),
            AuthRequest::PublickeySigned { algorithm, .. } | AuthRequest::PublickeyBound { algorithm, .. } => {
                format!(", signed with {algorithm}")
            }
            _ => String::new(),
        };
        format!("trying \"{}\" for user \"{}\"{with}", request.method(), request.user().escape_debug())
    });
    let secret = if let AuthRequest::Password { password, .. } = request { password.len() } else { 0 };
    let data = secret_data(secret, |buf| match request {
        AuthRequest::None { .. } => {}
        AuthRequest::Password { password, .. } => PasswordRequest { password, new_password: None }.encode(buf),
        AuthRequest::PublickeyQuery { algorithm, key, .. } => {
            PublickeyRequest { algorithm, key, signature: None }.encode(buf);
        }
        AuthRequest::PublickeySigned { algorithm, key, signature, .. } => {
            PublickeyRequest { algorithm, key, signature: Some(signature) }.encode(buf);
        }
        AuthRequest::PublickeyBound { algorithm, key, host_key, signature, .. } => {
            HostboundRequest { algorithm, key, host_key, signature: Some(signature) }.encode(buf);
        }
        AuthRequest::Interactive { submethods, .. } => {
            InteractiveRequest { submethods: submethods.as_bytes() }.encode(buf);
        }
    });
    out.message(|buf| UserauthRequest::new(request.user(), SERVICE_CONNECTION, request.method(), &data).encode(buf));
}

/// Bytes that are wiped. Their room is taken at once: a vector that grows leaves copies behind.
fn secret_data(secret: usize, write: impl FnOnce(&mut Vec<u8>)) -> Zeroizing<Vec<u8>> {
    let mut data = Zeroizing::new(Vec::with_capacity(secret + 32));
    write(&mut data);
    data
}

fn unexpected(text: &'static str) -> Error {
    Error::new(ErrorKind::UnexpectedMessage, text)
}
