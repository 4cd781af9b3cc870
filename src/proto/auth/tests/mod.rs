//! Both machines joined in memory, with an application that knows a few users.

mod client;
mod interactive;
mod methods;
mod server;

use super::client::ClientAuth;
use super::server::{Answered, ServerAuth};
use super::{signing_data, AuthRequest};
use crate::crypto::hostkey::PrivateKey;
use crate::error::{Error, ErrorKind};
use crate::proto::config::Limits;
use crate::proto::event::{AuthOutcome, AuthQuestion, AuthVerdict, Event, Prompts, SecretBytes, Ticket};
use crate::proto::outbox::Outbox;
use crate::wire::numbers;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

const SESSION: &[u8] = b"the session's identifier";
const TIMEOUT: Duration = Duration::from_secs(30);
const METHODS: &[&str] = &["publickey", "password"];

fn secret(text: &str) -> SecretBytes {
    SecretBytes::new(text.as_bytes().to_vec())
}

fn prompts(texts: &[&str]) -> Prompts {
    Prompts { prompts: texts.iter().map(|t| (t.as_bytes().to_vec(), false)).collect(), ..Prompts::default() }
}

fn verdict_if(good: bool) -> AuthVerdict {
    if good {
        AuthVerdict::Success
    } else {
        AuthVerdict::Failure
    }
}

/// "alice" logs in by password, key or two rounds of prompts, the first without any. "carol" needs a key, then a
/// password. "loop" is asked forever.
fn decide(user: &str, passed: &[&str], question: &AuthQuestion) -> AuthVerdict {
    match (user, question) {
        ("alice", AuthQuestion::Password(p)) if p.as_slice() == b"expired" => {
            AuthVerdict::ChangePassword(b"choose another".to_vec())
        }
        ("alice", AuthQuestion::Password(p)) => verdict_if(p.as_slice() == b"secret"),
        ("alice", AuthQuestion::PasswordChange { old, new }) => {
            verdict_if(old.as_slice() == b"expired" && new.as_slice() == b"fresh")
        }
        ("alice" | "carol", AuthQuestion::KeyQuery { .. }) | ("alice", AuthQuestion::KeySigned { .. }) => {
            AuthVerdict::Success
        }
        ("carol", AuthQuestion::KeySigned { .. }) => AuthVerdict::Partial,
        ("carol" | "mallory", AuthQuestion::Password(p)) => {
            verdict_if(passed == ["publickey"] && p.as_slice() == b"secret")
        }
        ("alice", AuthQuestion::InteractiveStart { .. }) => AuthVerdict::Ask(prompts(&[])),
        ("alice", AuthQuestion::InteractiveAnswers(answers)) if answers.is_empty() => {
            AuthVerdict::Ask(prompts(&["Password: ", "Code: "]))
        }
        ("alice", AuthQuestion::InteractiveAnswers(answers)) => {
            verdict_if(answers.iter().map(|a| a.as_slice()).eq([&b"secret"[..], b"123"]))
        }
        ("loop", AuthQuestion::InteractiveStart { .. } | AuthQuestion::InteractiveAnswers(_)) => {
            AuthVerdict::Ask(prompts(&["Again: "]))
        }
        _ => AuthVerdict::Failure,
    }
}

struct Pair {
    client: ClientAuth,
    client_out: Outbox,
    server: ServerAuth,
    server_out: Outbox,
    /// What the server has not looked at: it holds input while a question is open.
    to_server: VecDeque<Vec<u8>>,
    now: Instant,
    key: PrivateKey,
    /// Questions stay open while this is false.
    answering: bool,
    open: Vec<(Ticket, AuthVerdict)>,
    asked: usize,
    client_error: Option<Error>,
    server_error: Option<Error>,
}

impl Pair {
    fn new() -> Self {
        let limits = Limits::default();
        Self {
            client: ClientAuth::new(TIMEOUT, &limits),
            client_out: Outbox::recording(),
            server: ServerAuth::new(&limits, vec!["ssh-ed25519", "rsa-sha2-256"]),
            server_out: Outbox::recording(),
            to_server: VecDeque::new(),
            now: Instant::now(),
            key: PrivateKey::generate_ed25519().unwrap(),
            answering: true,
            open: Vec::new(),
            asked: 0,
            client_error: None,
            server_error: None,
        }
    }

    fn start(&mut self, request: AuthRequest) {
        self.client.start(&mut self.client_out, self.now, request).unwrap();
    }

    /// Carries messages until nothing moves.
    fn drive(&mut self) {
        loop {
            let sent = self.client_out.take_payloads();
            let mut moved = !sent.is_empty();
            self.to_server.extend(sent);
            while !self.server.holds_input() && self.server_error.is_none() {
                let Some(payload) = self.to_server.pop_front() else { break };
                moved = true;
                let done = self.server.handle(&mut self.server_out, SESSION, payload[0], &payload[1..]);
                self.server_error = done.err();
                self.note_questions();
            }
            moved |= self.answer_open();
            for payload in self.server_out.take_payloads() {
                moved = true;
                self.server_says(&payload);
            }
            if !moved {
                return;
            }
        }
    }

    fn note_questions(&mut self) {
        while let Some(event) = self.server_out.next_event() {
            if let Event::AuthAsk { ticket, user, passed, question } = event {
                self.asked += 1;
                self.open.push((ticket, decide(&user, &passed, &question)));
            }
        }
    }

    fn answer_open(&mut self) -> bool {
        if !self.answering || self.open.is_empty() {
            return false;
        }
        for (ticket, verdict) in std::mem::take(&mut self.open) {
            let left = if verdict == AuthVerdict::Partial { &["password"] } else { METHODS };
            match self.server.answer(&mut self.server_out, ticket, &verdict, left).unwrap() {
                Answered::Ended(error) => self.server_error = Some(error),
                Answered::Open => assert!(self.server.username().is_none()),
                Answered::Authenticated => assert!(self.server.username().is_some()),
            }
        }
        true
    }

    fn server_says(&mut self, payload: &[u8]) {
        if self.client_error.is_none() {
            let done = self.client.handle(&mut self.client_out, self.now, payload[0], &payload[1..]);
            self.client_error = done.err();
        }
    }

    fn client_event(&mut self) -> Option<Event> {
        // Log lines are for another test.
        std::iter::from_fn(|| self.client_out.next_event()).find(|event| !matches!(event, Event::Log(..)))
    }

    /// Runs an attempt to its end.
    fn attempt(&mut self, request: AuthRequest) -> AuthOutcome {
        self.start(request);
        self.drive();
        self.outcome()
    }

    /// The attempt's end, which must be the only event.
    fn outcome(&mut self) -> AuthOutcome {
        let Some(Event::AuthDone(outcome)) = self.client_event() else {
            panic!("no outcome; client {:?}, server {:?}", self.client_error, self.server_error)
        };
        assert!(self.client_event().is_none());
        outcome
    }

    fn prompts(&mut self) -> Prompts {
        match self.client_event() {
            Some(Event::AuthPrompts(prompts)) => prompts,
            other => panic!("no prompts but {other:?}"),
        }
    }

    fn answer(&mut self, answers: &[&str]) {
        let answers: Vec<SecretBytes> = answers.iter().map(|a| secret(a)).collect();
        self.client.answer_prompts(&mut self.client_out, self.now, &answers).unwrap();
        self.drive();
    }

    /// A signed request, over whatever session and user are given.
    fn signed(&self, user: &str, session: &[u8], signed_user: &str) -> AuthRequest {
        let key = self.key.public().blob().to_vec();
        let data = signing_data(session, signed_user, "ssh-ed25519", &key);
        let signature = self.key.sign("ssh-ed25519", &data).unwrap();
        AuthRequest::PublickeySigned { user: user.into(), algorithm: "ssh-ed25519".into(), key, signature }
    }

    fn query(&self, user: &str) -> AuthRequest {
        let key = self.key.public().blob().to_vec();
        AuthRequest::PublickeyQuery { user: user.into(), algorithm: "ssh-ed25519".into(), key }
    }

    fn server_kind(&self) -> Option<ErrorKind> {
        self.server_error.as_ref().map(Error::kind)
    }

    fn client_kind(&self) -> Option<ErrorKind> {
        self.client_error.as_ref().map(Error::kind)
    }
}

fn none(user: &str) -> AuthRequest {
    AuthRequest::None { user: user.into() }
}

fn password(user: &str, password: &str) -> AuthRequest {
    AuthRequest::Password { user: user.into(), password: secret(password) }
}

fn interactive(user: &str) -> AuthRequest {
    AuthRequest::Interactive { user: user.into(), submethods: String::new() }
}

fn refused() -> AuthOutcome {
    AuthOutcome::Failure { methods: METHODS.iter().map(|&m| m.to_owned()).collect(), partial: false }
}
