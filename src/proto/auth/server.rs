//! The server's half: each request becomes at most one question to the application, and nothing but its answer, or a
//! refusal that needs none, goes back. A signature is verified before anybody is asked.

use super::interactive::{self, Rounds};
use super::{
    check_content, check_name, signing_data, signing_data_bound, HOSTBOUND, INTERACTIVE, NONE, PASSWORD, PUBLICKEY,
    SERVICE_AUTH, SERVICE_CONNECTION,
};
use crate::crypto::cert::{CertKind, Certificate};
use crate::crypto::hostkey::{PublicKey, SkSignature};
use crate::crypto::registry::{find, SIGNATURES};
use crate::error::{printable, Error, ErrorKind, Result, Stage};
use crate::proto::config::Limits;
use crate::proto::event::{AuthQuestion, AuthVerdict, Event, SecretBytes, Ticket};
use crate::proto::outbox::Outbox;
use crate::wire::msg_auth::{
    HostboundRequest, InteractiveRequest, PasswordRequest, PublickeyRequest, UserauthBanner, UserauthFailure,
    UserauthPasswdChangereq, UserauthPkOk, UserauthRequest, UserauthSuccess,
};
use crate::wire::msg_transport::{ServiceAccept, ServiceRequest};
use crate::wire::{numbers, NameList, Reader};

/// What an answer led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// Authentication goes on.
    Open,
    /// USERAUTH_SUCCESS was sent.
    Authenticated,
    /// Too many attempts failed: the connection must end with this error.
    Ended(Error),
}

/// What the open question is about, as far as the answer's effect depends on it.
enum Step {
    None,
    Password,
    Query { algorithm: String, key: Vec<u8> },
    Signed(Option<SkSignature>),
    Interactive(Rounds),
}

impl Step {
    const fn method(&self) -> &'static str {
        match self {
            Self::None => NONE,
            Self::Password => PASSWORD,
            Self::Query { .. } | Self::Signed(_) => PUBLICKEY,
            Self::Interactive(_) => INTERACTIVE,
        }
    }
}

/// What an authenticator's signature must say to be accepted (OpenSSH's "no-touch-required" and "verify-required").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkPolicy {
    /// Somebody touched it.
    pub touch_required: bool,
    /// It verified who touched it.
    pub verify_required: bool,
}

impl Default for SkPolicy {
    fn default() -> Self {
        Self { touch_required: true, verify_required: false }
    }
}

impl SkPolicy {
    /// Whether what it said is enough.
    #[must_use]
    pub const fn admits(self, said: SkSignature) -> bool {
        (said.user_present() || !self.touch_required) && (said.user_verified() || !self.verify_required)
    }
}

struct Pending {
    ticket: Ticket,
    step: Step,
    /// A refusal does not count as a failed attempt.
    free: bool,
}

/// The server's message for the user (RFC 4252 section 5.4).
enum Banner {
    None,
    /// Waits for the authentication protocol to start.
    Waiting {
        text: String,
        language: String,
    },
    Sent,
}

/// The server's authentication state.
pub struct ServerAuth {
    /// As it was shown; None before the first key exchange is over.
    host_key: Option<Vec<u8>>,
    limits: Limits,
    algorithms: Vec<&'static str>,
    started: bool,
    requested: bool,
    banner: Banner,
    failures: u32,
    /// The user of the last request; the one who is authenticated, once somebody is.
    user: String,
    authenticated: bool,
    /// Methods that ended in partial success for this user.
    passed: Vec<&'static str>,
    /// Methods listed in a FAILURE, joined by commas: the application's last list, all of ours before it gave one.
    methods: String,
    /// Likewise after a partial success, when no others are admitted any more.
    methods_left: Option<String>,
    pending: Option<Pending>,
    /// Prompts are with the client.
    round: Option<Rounds>,
    next_ticket: u64,
    /// For the open question only.
    sk_policy: SkPolicy,
}

impl ServerAuth {
    /// `algorithms` are the signature algorithms accepted for public key authentication.
    #[must_use]
    pub fn new(limits: &Limits, algorithms: Vec<&'static str>) -> Self {
        Self {
            host_key: None,
            limits: limits.clone(),
            algorithms,
            started: false,
            requested: false,
            banner: Banner::None,
            failures: 0,
            user: String::new(),
            authenticated: false,
            passed: Vec::new(),
            methods: [PUBLICKEY, PASSWORD, INTERACTIVE].join(","),
            methods_left: None,
            pending: None,
            round: None,
            next_ticket: 0,
            sk_policy: SkPolicy::default(),
        }
    }

    /// Says what an authenticator's signature must say for the open question to be answered with success; each
    /// question begins with the default.
    pub fn set_sk_policy(&mut self, policy: SkPolicy) {
        self.sk_policy = policy;
    }

    /// The user name that was authenticated; None before success.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.authenticated.then_some(self.user.as_str())
    }

    /// Whether a question is open: no further message of the client is to be handled until it is answered.
    #[must_use]
    pub const fn holds_input(&self) -> bool {
        self.pending.is_some()
    }

    /// Sends the banner, or keeps it until authentication starts. `InvalidState` for a second one and after success.
    pub fn send_banner(&mut self, out: &mut Outbox, text: &str, language: &str) -> Result<()> {
        if self.authenticated || !matches!(self.banner, Banner::None) {
            return Err(Error::new(ErrorKind::InvalidState, "a banner goes out once, before authentication succeeds"));
        }
        check_content(text.len() + language.len())?;
        self.banner = Banner::Waiting { text: text.to_owned(), language: language.to_owned() };
        if self.started {
            self.flush_banner(out);
        }
        Ok(())
    }

    fn flush_banner(&mut self, out: &mut Outbox) {
        if let Banner::Waiting { text, language } = &self.banner {
            out.message(|buf| UserauthBanner::new(text.as_bytes(), language.as_bytes()).encode(buf));
            self.banner = Banner::Sent;
        }
    }

    /// Takes a message of the client: numbers 5 and 50 to 79. Errors are fatal for the connection.
    pub fn handle(&mut self, out: &mut Outbox, session_id: &[u8], number: u8, payload: &[u8]) -> Result<()> {
        let handled = match number {
            numbers::SERVICE_REQUEST => self.service_request(out, payload),
            numbers::USERAUTH_REQUEST => self.request(out, session_id, payload),
            numbers::USERAUTH_INFO_RESPONSE => self.info_response(out, payload),
            // SUCCESS from a client was taken for the server's own in more than one library (CVE-2018-10933).
            _ => Err(unexpected("not a message a client sends during authentication (RFC 4252 section 6)")),
        };
        handled.map_err(|error| error.at(Stage::Auth))
    }

    fn service_request(&mut self, out: &mut Outbox, payload: &[u8]) -> Result<()> {
        let message = ServiceRequest::parse(payload)?;
        if message.service != SERVICE_AUTH || self.authenticated {
            let name = printable(message.service.as_bytes());
            return Err(Error::new(
                ErrorKind::ServiceNotAvailable,
                format!("service \"{name}\" is not available now (RFC 4253 section 10)"),
            ));
        }
        self.started = true;
        out.message(|buf| ServiceAccept::new(SERVICE_AUTH).encode(buf));
        self.flush_banner(out);
        Ok(())
    }

    fn request(&mut self, out: &mut Outbox, session_id: &[u8], payload: &[u8]) -> Result<()> {
        if self.authenticated {
            // RFC 4252 section 5.1: "further authentication requests received after that SHOULD be silently ignored".
            return Ok(());
        }
        if !self.started {
            return Err(unexpected("USERAUTH_REQUEST before its service was requested (RFC 4253 section 10)"));
        }
        self.check_not_held()?;
        let message = UserauthRequest::parse(payload)?;
        let first = !std::mem::replace(&mut self.requested, true);
        if self.round.take().is_some() {
            // Abandoned prompts get no FAILURE (RFC 4252 section 5.1), yet count: a client could otherwise look at how
            // each first round is received and walk away for free.
            self.count_failure()?;
        }
        if message.user != self.user || message.service != SERVICE_CONNECTION {
            self.forget();
            message.user.clone_into(&mut self.user);
        }
        let asked = if message.service == SERVICE_CONNECTION && self.admits(plain(message.method)) {
            self.question(out, session_id, &message)?
        } else {
            None
        };
        // The very first "none" is how a client learns the methods.
        let free = first && message.method == NONE;
        match asked {
            Some((step, question)) => self.ask(out, step, free, question),
            None => self.refuse(out, message.method, free)?,
        }
        Ok(())
    }

    /// RFC 4252 section 5: where user or service change, what was accumulated for the former one is flushed.
    fn forget(&mut self) {
        self.passed.clear();
        self.methods_left = None;
    }

    /// The host key that the first key exchange showed: clients may name it in what they sign.
    pub fn set_host_key(&mut self, blob: Vec<u8>) {
        self.host_key = Some(blob);
    }

    fn admits(&self, method: &str) -> bool {
        self.methods_left.as_ref().is_none_or(|left| left.split(',').any(|name| name == method))
    }

    /// What to ask about a request; None where it is refused without asking.
    fn question(
        &self,
        out: &mut Outbox,
        session_id: &[u8],
        message: &UserauthRequest<'_>,
    ) -> Result<Option<(Step, AuthQuestion)>> {
        Ok(match message.method {
            NONE => {
                Reader::new(message.method_data).end()?;
                Some((Step::None, AuthQuestion::None))
            }
            PASSWORD => {
                let request = PasswordRequest::parse(message.method_data)?;
                let password = SecretBytes::new(request.password.to_vec());
                let question = match request.new_password {
                    None => AuthQuestion::Password(password),
                    Some(new) => AuthQuestion::PasswordChange { old: password, new: SecretBytes::new(new.to_vec()) },
                };
                Some((Step::Password, question))
            }
            PUBLICKEY => {
                let request = PublickeyRequest::parse(message.method_data)?;
                let signed = signing_data(session_id, message.user, request.algorithm, request.key);
                self.key_question(out, &signed, &request)
            }
            HOSTBOUND => {
                let request = HostboundRequest::parse(message.method_data)?;
                // Whoever relays the request to us from a session of its own showed another key there.
                if self.host_key.as_deref() != Some(request.host_key) {
                    return Ok(None);
                }
                let HostboundRequest { algorithm, key, signature, host_key } = request;
                let signed = signing_data_bound(session_id, message.user, algorithm, key, host_key);
                self.key_question(out, &signed, &PublickeyRequest { algorithm, key, signature })
            }
            INTERACTIVE => {
                let submethods = InteractiveRequest::parse(message.method_data)?.submethods.to_vec();
                let rounds = Rounds::new(self.limits.interactive_rounds);
                Some((Step::Interactive(rounds), AuthQuestion::InteractiveStart { submethods }))
            }
            _ => None,
        })
    }

    /// The algorithm must be one we offer and one of the key's, the signature of that algorithm and over exactly this
    /// request (RFC 4252 section 7). The application hears of no key whose signature is wrong, and of certificates only
    /// if their algorithms are among those it accepts, which they are not unless it put them there.
    fn key_question(
        &self,
        out: &mut Outbox,
        signed: &[u8],
        request: &PublickeyRequest<'_>,
    ) -> Option<(Step, AuthQuestion)> {
        let row = find(SIGNATURES, request.algorithm)?;
        if !self.algorithms.contains(&request.algorithm) {
            if row.is_certificate() {
                let name = request.algorithm;
                out.log(3, || format!("\"{name}\" is not among the algorithms accepted (SSH_LIST_PUBKEY)"));
            }
            return None;
        }
        let (key, cert) = identity(row.is_certificate(), request)?;
        key.require_rsa_bits(self.limits.rsa_bits).ok()?;
        let algorithm = request.algorithm.to_owned();
        let Some(signature) = request.signature else {
            let step = Step::Query { algorithm: algorithm.clone(), key: request.key.to_vec() };
            return Some((step, AuthQuestion::KeyQuery { key, algorithm, cert }));
        };
        // The request names the certificate's algorithm, the signature in it the key's (PROTOCOL.certkeys).
        let sk = match key.is_sk() {
            // Whether the user must have been there is decided with the answer.
            true => Some(key.verify_sk(row.signs_with(), signed, signature).ok()?),
            false => key.verify(row.signs_with(), signed, signature).map(|()| None).ok()?,
        };
        Some((Step::Signed(sk), AuthQuestion::KeySigned { key, algorithm, cert, sk }))
    }

    fn info_response(&mut self, out: &mut Outbox, payload: &[u8]) -> Result<()> {
        self.check_not_held()?;
        let Some(rounds) = self.round.take() else {
            return Err(unexpected("USERAUTH_INFO_RESPONSE without open prompts (RFC 4256 section 3.4)"));
        };
        let answers = interactive::answers_of(payload)?;
        if answers.len() == rounds.expected() {
            self.ask(out, Step::Interactive(rounds), false, AuthQuestion::InteractiveAnswers(answers));
            Ok(())
        } else {
            // RFC 4256 section 3.4: another number of responses "MUST" be answered with FAILURE.
            self.refuse(out, INTERACTIVE, false)
        }
    }

    fn check_not_held(&self) -> Result<()> {
        if self.pending.is_some() {
            return Err(Error::new(ErrorKind::Internal, "a message passed while an authentication question is open"));
        }
        Ok(())
    }

    fn ask(&mut self, out: &mut Outbox, step: Step, free: bool, question: AuthQuestion) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.sk_policy = SkPolicy::default();
        self.pending = Some(Pending { ticket, step, free });
        out.event(Event::AuthAsk { ticket, user: self.user.clone(), passed: self.passed.clone(), question });
    }

    /// Refuses a request, counting it unless it is free.
    fn refuse(&mut self, out: &mut Outbox, method: &str, free: bool) -> Result<()> {
        out.log(3, || {
            let (method, user) = (printable(method.as_bytes()), printable(self.user.as_bytes()));
            let count = if free { self.failures } else { self.failures.saturating_add(1) };
            format!("\"{method}\" for user \"{user}\" refused; failures: {count} of {}", self.limits.auth_attempts)
        });
        if !free {
            self.count_failure()?;
        }
        self.send_failure(out, false)
    }

    fn count_failure(&mut self) -> Result<()> {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.limits.auth_attempts {
            return Err(Error::new(ErrorKind::AuthFailed, "too many failed authentication attempts"));
        }
        Ok(())
    }

    fn send_failure(&self, out: &mut Outbox, partial: bool) -> Result<()> {
        let methods = NameList::parse(self.methods_left.as_ref().unwrap_or(&self.methods).as_bytes())?;
        out.message(|buf| UserauthFailure::new(methods, partial).encode(buf));
        Ok(())
    }

    /// The application's answer to the question with this ticket. `methods_left` are those that can continue; they are
    /// told to the client with a failure or a partial success, and after a partial success no others are admitted.
    /// `Err` is only the caller's: `InvalidState` for a ticket that is not open, `InvalidArgument` for a verdict that
    /// does not fit the question (which stays open then).
    pub fn answer(
        &mut self,
        out: &mut Outbox,
        ticket: Ticket,
        verdict: &AuthVerdict,
        methods_left: &[&str],
    ) -> Result<Answered> {
        let methods = self.check_answer(ticket, verdict, methods_left)?;
        let Some(pending) = self.pending.take() else {
            return Err(not_open());
        };
        Ok(self.decide(out, pending, verdict, methods).unwrap_or_else(|error| Answered::Ended(error.at(Stage::Auth))))
    }

    /// The errors [`ServerAuth::answer`] would give now, for whoever keeps an answer back for a while. On success the
    /// methods as the wire has them.
    pub fn check_answer(&self, ticket: Ticket, verdict: &AuthVerdict, methods_left: &[&str]) -> Result<String> {
        let pending = self.pending.as_ref().filter(|pending| pending.ticket == ticket).ok_or_else(not_open)?;
        check_verdict(&pending.step, verdict, methods_left)
    }

    fn decide(
        &mut self,
        out: &mut Outbox,
        pending: Pending,
        verdict: &AuthVerdict,
        methods: String,
    ) -> Result<Answered> {
        match (verdict, pending.step) {
            // Either says that the key would do; nothing is passed before a signature was verified.
            (AuthVerdict::Success | AuthVerdict::Partial, Step::Query { algorithm, key }) => {
                out.message(|buf| UserauthPkOk::new(&algorithm, &key).encode(buf));
            }
            (AuthVerdict::Success | AuthVerdict::Partial, Step::Signed(Some(said))) if !self.sk_policy.admits(said) => {
                out.log(2, || format!("the authenticator's flags {:#04x} are not enough: refused", said.flags));
                self.refuse(out, PUBLICKEY, false)?;
            }
            (AuthVerdict::Success, _) => {
                self.authenticated = true;
                out.message(|buf| UserauthSuccess::new().encode(buf));
                out.event(Event::Authenticated);
                return Ok(Answered::Authenticated);
            }
            (AuthVerdict::Partial, step) => {
                out.log(3, || {
                    let (method, user) = (step.method(), printable(self.user.as_bytes()));
                    format!("\"{method}\" for user \"{user}\" accepted, and more is needed: {methods}")
                });
                self.passed.push(step.method());
                self.methods_left = Some(methods);
                self.send_failure(out, true)?;
            }
            (AuthVerdict::Ask(prompts), Step::Interactive(mut rounds)) => {
                if rounds.open(prompts.prompts.len()) {
                    self.round = Some(rounds);
                    interactive::send_prompts(out, prompts);
                } else {
                    out.log(2, || "more rounds of prompts than the limit allows: refused".to_owned());
                    self.refuse(out, INTERACTIVE, false)?;
                }
            }
            (AuthVerdict::ChangePassword(prompt), Step::Password) => {
                out.message(|buf| UserauthPasswdChangereq::new(prompt, b"").encode(buf));
            }
            (_, step) => {
                let method = step.method();
                match self.methods_left.as_mut() {
                    Some(left) => *left = methods,
                    None => self.methods = methods,
                }
                self.refuse(out, method, pending.free)?;
            }
        }
        Ok(Answered::Open)
    }
}

/// The key of a request, and the certificate for it. A host's certificate is no user's, whoever signed it.
fn identity(certified: bool, request: &PublickeyRequest<'_>) -> Option<(PublicKey, Option<Certificate>)> {
    if !certified {
        let key = PublicKey::parse(request.key).ok()?;
        return key.signature_algorithms().contains(&request.algorithm).then_some((key, None));
    }
    let cert = Certificate::parse(request.key).ok()?;
    let fits = cert.kind() == CertKind::User && cert.signature_algorithms().contains(&request.algorithm);
    fits.then(|| (cert.key().clone(), Some(cert)))
}

/// The method whose rights a method has: a signature that names the host key is a public key's all the same.
fn plain(method: &str) -> &str {
    if method == HOSTBOUND {
        PUBLICKEY
    } else {
        method
    }
}

/// Whether the verdict fits the question; returns the methods, joined for the wire.
fn check_verdict(step: &Step, verdict: &AuthVerdict, methods_left: &[&str]) -> Result<String> {
    let mut listed = Vec::with_capacity(methods_left.len());
    for &method in methods_left {
        check_name(method)?;
        // RFC 4252 section 5.2: "none" must not be listed.
        if method != NONE {
            listed.push(method);
        }
    }
    let methods = listed.join(",");
    check_content(methods.len())?;
    NameList::parse(methods.as_bytes()).map_err(|error| invalid(error.text().to_owned()))?;
    match verdict {
        AuthVerdict::Partial if listed.is_empty() && !matches!(step, Step::Query { .. }) => {
            Err(invalid("a partial success must name the methods that can follow"))
        }
        AuthVerdict::Ask(_) if !matches!(step, Step::Interactive(_)) => {
            Err(invalid("prompts are only for keyboard-interactive (RFC 4256)"))
        }
        AuthVerdict::ChangePassword(_) if !matches!(step, Step::Password) => {
            Err(invalid("a password change is only for the method \"password\" (RFC 4252 section 8)"))
        }
        AuthVerdict::Ask(prompts) => interactive::check_prompts(prompts).map(|()| methods),
        AuthVerdict::ChangePassword(prompt) => check_content(prompt.len()).map(|()| methods),
        _ => Ok(methods),
    }
}

fn not_open() -> Error {
    Error::new(ErrorKind::InvalidState, "this authentication question is not open (any more)")
}

fn invalid(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidArgument, text)
}

fn unexpected(text: &'static str) -> Error {
    Error::new(ErrorKind::UnexpectedMessage, text)
}
