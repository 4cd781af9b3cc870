//! Client authentication (RFC 4252): one attempt at a time; handlers and signatures run on the calling thread with no
//! lock held.

use super::core::{AuthNews, AuthSlot};
use super::deadline::Deadline;
use super::requests::no_session;
use super::shared::{Locked, Shared};
use super::signing::sign;
use super::transport::Transport;
use crate::crypto::cert::base_algorithm;
use crate::crypto::hostkey::PrivateKey;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::proto::auth::AuthRequest;
use crate::proto::event::{AuthOutcome, Prompts, SecretBytes};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

const NONE: &str = "none";
const PASSWORD: &str = "password";
const PUBLICKEY: &str = "publickey";
const INTERACTIVE: &str = "keyboard-interactive";

/// A step that the server accepted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthResult {
    /// Methods for the next step; empty when authentication is complete.
    pub left: Vec<String>,
}

/// Asks for a new password; gets the server's prompt. None gives up.
pub type PasswordChange<'a> = &'a mut dyn FnMut(&[u8]) -> Option<SecretBytes>;

/// Answers one round of prompts, one answer each. None gives up.
pub type PromptHandler<'a> = &'a mut dyn FnMut(&Prompts) -> Option<Vec<SecretBytes>>;

impl Transport {
    /// The "none" method: succeeds where no authentication is needed; else `AuthMethodNotAllowed` lists the methods.
    pub fn auth_none(&self, user: &str, deadline: Deadline) -> Result<AuthResult> {
        let shared = self.shared();
        let attempt = Attempt { method: NONE, user };
        ask(shared, AuthRequest::None { user: user.to_owned() }, attempt, deadline)?;
        conclude(shared, attempt, outcome(shared, attempt, deadline)?)
    }

    /// The "password" method. With `fallback`, a server that does not list it but lists keyboard-interactive is given
    /// the password that way, when it asks for exactly one thing; any failure of that reports the original refusal.
    /// `change` is asked when the server wants another password first.
    pub fn auth_password(
        &self,
        user: &str,
        password: &[u8],
        fallback: bool,
        change: Option<PasswordChange<'_>>,
        deadline: Deadline,
    ) -> Result<AuthResult> {
        password_on(self.shared(), user, &SecretBytes::new(password.to_vec()), fallback, change, deadline)
    }

    /// The "publickey" method, signed at once, with the key's certificate where it has one. RSA keys sign with what the
    /// server lists in server-sig-algs (RFC 8332 section 3.3).
    pub fn auth_publickey(&self, user: &str, key: &PrivateKey, deadline: Deadline) -> Result<AuthResult> {
        publickey_on(self.shared(), user, key, deadline)
    }

    /// Asks whether the server would take a key, with its certificate where it has one (RFC 4252 section 7). Needs no
    /// private half. A refusal is an error, and counts as an attempt with most servers.
    pub fn auth_publickey_query(&self, user: &str, key: &PrivateKey, deadline: Deadline) -> Result<()> {
        query_on(self.shared(), user, key, deadline)
    }

    /// The "keyboard-interactive" method (RFC 4256). A wrong number of answers gives the attempt up.
    pub fn auth_interactive(
        &self,
        user: &str,
        submethods: &str,
        handler: PromptHandler<'_>,
        deadline: Deadline,
    ) -> Result<AuthResult> {
        interactive_on(self.shared(), user, submethods, handler, deadline)
    }
}

pub(super) fn password_on(
    shared: &Arc<Shared>,
    user: &str,
    password: &SecretBytes,
    fallback: bool,
    mut change: Option<PasswordChange<'_>>,
    deadline: Deadline,
) -> Result<AuthResult> {
    let attempt = Attempt { method: PASSWORD, user };
    ask(shared, AuthRequest::Password { user: user.to_owned(), password: password.clone() }, attempt, deadline)?;
    let done = loop {
        match news(shared, attempt, deadline)? {
            AuthNews::Done(done) => break done,
            AuthNews::ChangePassword(prompt) => {
                let Some(change) = &mut change else {
                    give_up(shared);
                    return Err(Error::from(ErrorKind::AuthPasswordChange).at(Stage::Auth));
                };
                let Some(new) = change(&prompt) else { return Err(aborted(shared, "no new password was given")) };
                let mut core = shared.lock()?;
                core.live()?.auth_change_password(Instant::now(), password.clone(), new)?;
            }
            AuthNews::Prompts(_) => return Err(unasked(shared)),
        }
    };
    let refusal = match conclude(shared, attempt, done) {
        Err(refusal) => refusal,
        accepted => return accepted,
    };
    let listed = refusal.detail().is_some_and(|detail| detail.methods.iter().any(|method| method == INTERACTIVE));
    if !fallback || refusal.kind() != ErrorKind::AuthMethodNotAllowed || !listed {
        return Err(refusal);
    }
    let mut answer = |prompts: &Prompts| match prompts.prompts.len() {
        0 => Some(Vec::new()),
        1 => Some(vec![password.clone()]),
        // Whatever else is asked for is not the password.
        _ => None,
    };
    interactive_on(shared, user, "", &mut answer, deadline).map_err(|_| refusal)
}

pub(super) fn publickey_on(
    shared: &Arc<Shared>,
    user: &str,
    key: &PrivateKey,
    deadline: Deadline,
) -> Result<AuthResult> {
    let (algorithm, data) = {
        let mut core = shared.lock()?;
        let algorithm = settle_algorithm(&mut core, key, deadline)?;
        (algorithm, core.live()?.auth_signing_data(user, algorithm, key.shown_blob())?)
    };
    let signature = sign(shared, key, base_algorithm(algorithm).unwrap_or(algorithm), data, deadline)?;
    let request = shared.lock()?.live()?.auth_signed_request(user, algorithm, key.shown_blob(), signature);
    let attempt = Attempt { method: PUBLICKEY, user };
    ask(shared, request, attempt, deadline)?;
    conclude(shared, attempt, outcome(shared, attempt, deadline)?)
}

/// Asks whether a key would do, without a signature.
fn query_on(shared: &Arc<Shared>, user: &str, key: &PrivateKey, deadline: Deadline) -> Result<()> {
    let algorithm = settle_algorithm(&mut shared.lock()?, key, deadline)?;
    let request = AuthRequest::PublickeyQuery {
        user: user.to_owned(),
        algorithm: algorithm.to_owned(),
        key: key.shown_blob().to_vec(),
    };
    let attempt = Attempt { method: PUBLICKEY, user };
    ask(shared, request, attempt, deadline)?;
    match outcome(shared, attempt, deadline)? {
        AuthOutcome::KeyAccepted => Ok(()),
        other => conclude(shared, attempt, other).map(|_| ()),
    }
}

/// The algorithm that a key is shown with.
fn settle_algorithm(core: &mut Locked<'_>, key: &PrivateKey, deadline: Deadline) -> Result<&'static str> {
    if !core.is_active() {
        core.live()?;
        return Err(no_session());
    }
    // What the server takes it may still be saying: EXT_INFO comes ahead of the service's grant.
    let bound = deadline.earlier(Deadline::after(core.options.config.auth_timeout));
    core.wait_changed(bound, |core| match core.live().and_then(|conn| conn.auth_prepare(Instant::now())) {
        Ok(false) => None,
        Ok(true) | Err(_) => Some(()),
    });
    let allowed = core.options.config.preferences.pubkey.clone();
    let conn = core.live()?;
    choose_algorithm(key, &allowed, conn.server_sig_algs(), conn.remote_ident())
}

pub(super) fn interactive_on(
    shared: &Arc<Shared>,
    user: &str,
    submethods: &str,
    handler: PromptHandler<'_>,
    deadline: Deadline,
) -> Result<AuthResult> {
    let request = AuthRequest::Interactive { user: user.to_owned(), submethods: submethods.to_owned() };
    let attempt = Attempt { method: INTERACTIVE, user };
    ask(shared, request, attempt, deadline)?;
    loop {
        match news(shared, attempt, deadline)? {
            AuthNews::Done(done) => return conclude(shared, attempt, done),
            AuthNews::Prompts(prompts) => {
                let Some(answers) = handler(&prompts) else { return Err(aborted(shared, "no answers were given")) };
                if answers.len() != prompts.prompts.len() {
                    let text = format!("{} answers to {} prompts", answers.len(), prompts.prompts.len());
                    return Err(aborted(shared, text));
                }
                shared.lock()?.live()?.auth_answer_prompts(Instant::now(), answers)?;
            }
            AuthNews::ChangePassword(_) => return Err(unasked(shared)),
        }
    }
}

/// The algorithm to sign with: of those we allow for this key, the first that the server lists. Lists of servers are
/// binding for RSA only, whose key type leaves the choice open. Whoever gives a key a certificate wants it used: it needs
/// no names of its own in our list, only those of the signatures under it, as the server's list has them.
pub(super) fn choose_algorithm(
    key: &PrivateKey,
    allowed: &[&'static str],
    server: Option<&[String]>,
    ident: Option<&[u8]>,
) -> Result<&'static str> {
    let able = key.shown_algorithms();
    let base = |name: &'static str| base_algorithm(name).unwrap_or(name);
    let rank = |name: &'static str| allowed.iter().position(|&known| known == name || known == base(name));
    let mut ours: Vec<_> = able.iter().filter_map(|&name| Some((rank(name)?, name))).collect();
    ours.sort_unstable();
    let mut ours = ours.into_iter().map(|(_, name)| name);
    let is_certificate = key.certificate().is_some();
    let chosen = match server {
        _ if is_certificate && able.len() > 1 && ident.is_some_and(knows_old_certificates_only) => {
            ours.find(|&name| base(name) == "ssh-rsa")
        }
        Some(listed) if able.len() > 1 => {
            ours.find(|&name| listed.iter().any(|theirs| theirs == name || theirs == base(name)))
        }
        _ => ours.next(),
    };
    chosen.ok_or_else(|| {
        let what = if is_certificate { "certificate" } else { "key" };
        let kind = key.public().key_type();
        let text = match server {
            Some(listed) => format!(
                "no common signature algorithm for a {what} of type {kind}; the server lists {}",
                crate::error::printable(listed.join(",").as_bytes())
            ),
            None => format!("the preferences allow no signature algorithm for a {what} of type {kind}"),
        };
        Error::new(ErrorKind::AuthNoSignatureAlgorithm, text).at(Stage::Auth)
    })
}

/// OpenSSH before 7.8 takes RSA certificates with SHA-1 signatures alone, whatever it lists in server-sig-algs.
fn knows_old_certificates_only(ident: &[u8]) -> bool {
    let Some(version) = ident.strip_prefix(b"SSH-2.0-OpenSSH_").and_then(|rest| std::str::from_utf8(rest).ok()) else {
        return false;
    };
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().ok());
    matches!((numbers.next().flatten(), numbers.next().flatten()), (Some(major), Some(minor)) if (major, minor) < (7, 8))
}

/// What errors call an attempt.
#[derive(Debug, Clone, Copy)]
struct Attempt<'a> {
    method: &'static str,
    user: &'a str,
}

impl fmt::Display for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" for user \"{}\"", self.method, self.user.escape_debug())
    }
}

/// Starts an attempt, after those before it.
fn ask(shared: &Arc<Shared>, request: AuthRequest, attempt: Attempt<'_>, deadline: Deadline) -> Result<()> {
    let mut core = shared.lock()?;
    if !core.is_active() {
        core.live()?;
        return Err(no_session());
    }
    let free = core.wait_changed(deadline, |core| match &core.error {
        Some(error) => Some(Err(error.clone())),
        None => (!core.auth.busy).then_some(Ok(())),
    });
    free.unwrap_or_else(|| {
        let missing = format!("the attempt before {attempt} did not end");
        Err(deadline.error(&missing).at(Stage::Auth))
    })?;
    core.live()?.auth_start(Instant::now(), request)?;
    core.auth = AuthSlot { busy: true, abandoned: false, news: None };
    Ok(())
}

/// Waits for what the server says.
fn news(shared: &Arc<Shared>, attempt: Attempt<'_>, deadline: Deadline) -> Result<AuthNews> {
    let mut core = shared.lock()?;
    let news = core.wait_changed(deadline, |core| {
        core.auth.news.take().map(Ok).or_else(|| core.error.clone().map(|error| Err(error.at(Stage::Auth))))
    });
    match news {
        Some(Ok(news)) => {
            if matches!(news, AuthNews::Done(_)) {
                core.auth = AuthSlot::default();
                shared.changed.notify_all();
            }
            Ok(news)
        }
        Some(Err(error)) => Err(error),
        None => {
            drop(core);
            give_up(shared);
            Err(unanswered(attempt, deadline))
        }
    }
}

/// Waits for the end of a method that asks nothing.
fn outcome(shared: &Arc<Shared>, attempt: Attempt<'_>, deadline: Deadline) -> Result<AuthOutcome> {
    match news(shared, attempt, deadline)? {
        AuthNews::Done(outcome) => Ok(outcome),
        AuthNews::Prompts(_) | AuthNews::ChangePassword(_) => Err(unasked(shared)),
    }
}

fn conclude(shared: &Arc<Shared>, attempt: Attempt<'_>, outcome: AuthOutcome) -> Result<AuthResult> {
    match outcome {
        AuthOutcome::Success => Ok(AuthResult::default()),
        AuthOutcome::Failure { methods, partial: true } => Ok(AuthResult { left: methods }),
        AuthOutcome::Failure { methods, partial: false } => {
            let accepts = match methods.is_empty() {
                true => "no method at all".to_owned(),
                false => crate::error::printable(methods.join(",").as_bytes()),
            };
            let (kind, what) = match methods.iter().any(|name| name == attempt.method) {
                true => (ErrorKind::AuthFailed, "refused"),
                false => (ErrorKind::AuthMethodNotAllowed, "does not take"),
            };
            let error = Error::new(kind, format!("the server {what} {attempt}; it accepts: {accepts}"));
            Err(error.at(Stage::Auth).with(|detail| detail.methods = methods))
        }
        AuthOutcome::TimedOut => Err(unanswered(attempt, Deadline::after(shared.lock()?.options.config.auth_timeout))),
        AuthOutcome::KeyAccepted => Err(Error::from(ErrorKind::Internal).at(Stage::Auth)),
    }
}

fn unanswered(attempt: Attempt<'_>, deadline: Deadline) -> Error {
    deadline.error(&format!("the server did not answer {attempt}")).at(Stage::Auth)
}

/// Leaves an attempt whose end nobody waits for any more.
fn give_up(shared: &Arc<Shared>) {
    let Ok(mut core) = shared.lock() else { return };
    if matches!(core.auth.news, Some(AuthNews::Done(_))) {
        // It ended while we gave up.
        core.auth = AuthSlot::default();
        shared.changed.notify_all();
    } else if core.auth.busy {
        // Before the abort, whose event may come at once.
        core.auth.abandoned = true;
        core.auth.news = None;
        if let Ok(conn) = core.live() {
            conn.auth_abort(Instant::now());
        }
    }
}

fn aborted(shared: &Arc<Shared>, why: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    give_up(shared);
    Error::new(ErrorKind::AuthAborted, why).at(Stage::Auth)
}

/// The core matches questions to methods, so another method's question here is a bug.
fn unasked(shared: &Arc<Shared>) -> Error {
    give_up(shared);
    Error::from(ErrorKind::Internal).at(Stage::Auth)
}
