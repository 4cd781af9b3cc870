//! Logging in as a host's options say: methods in the user's order, each as far as the server takes it.

use super::identity::{self, Found, KeyFile};
use super::trust::check_size;
use super::Caller;
use crate::agent::{Agent, Identity};
use crate::config::{HostConfig, Local, World};
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::{PrivateKey, Signer};
use crate::engine::{wall_clock, AuthResult, Deadline, Transport};
use crate::error::{printable, Error, ErrorKind, Result, Stage};
use crate::proto::event::Prompts;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

const PUBLICKEY: &str = "publickey";
const PASSWORD: &str = "password";
const INTERACTIVE: &str = "keyboard-interactive";

/// The order where PreferredAuthentications says none.
const PREFERRED: &str = "publickey,keyboard-interactive,password";

/// A key to log in with.
enum Candidate {
    /// Its private half is at hand, or held elsewhere; with what to call it.
    Key(String, PrivateKey),
    /// One of the files.
    File(usize),
}

/// What is there to log in with on one host.
struct Login<'a, 'b> {
    transport: &'a Transport,
    host: &'a HostConfig,
    user: String,
    caller: &'b mut dyn Caller,
    deadline: Deadline,
    /// In the order in which they are tried; taken one by one.
    candidates: VecDeque<Candidate>,
    found: Found,
    /// How often each of the others may still be tried.
    passwords: u32,
    rounds: u32,
    tries: u32,
    asks: bool,
    /// Something was shown to the server.
    has_tried: bool,
    /// The last refusal.
    last: Option<Error>,
}

/// Logs in. `may_ask`: secrets may go to this server.
pub(super) fn log_in(
    transport: &Transport,
    host: &HostConfig,
    places: (&Local, &dyn World),
    caller: &mut dyn Caller,
    may_ask: bool,
    deadline: Deadline,
) -> Result<()> {
    let (mut found, mut candidates) = (Found::default(), VecDeque::new());
    if host.get("pubkeyauthentication") != Some("false") {
        found = identity::load(host, places.0, places.1)?;
        let held = agent_keys(transport, host, places.1, &mut found, deadline);
        candidates = order(caller.keys(), held, &found, host.is_yes("identitiesonly"));
    }
    let asks = !host.is_yes("batchmode");
    let tries = host.number("numberofpasswordprompts").and_then(|n| u32::try_from(n).ok()).unwrap_or(3);
    let bound = |allowed: bool| if allowed && asks && may_ask { tries } else { 0 };
    let (has_password, has_answers) = (caller.has_password(), caller.has_answers());
    let login = Login {
        transport,
        host,
        user: host.get("user").unwrap_or_default().to_owned(),
        deadline,
        caller,
        candidates,
        found,
        passwords: bound(has_password && host.is_yes("passwordauthentication")),
        rounds: bound((has_password || has_answers) && host.is_yes("kbdinteractiveauthentication")),
        tries,
        asks,
        has_tried: false,
        last: None,
    };
    login.run().map_err(|error| error.at(Stage::Auth))
}

impl Login<'_, '_> {
    fn run(mut self) -> Result<()> {
        let mut left = match self.transport.auth_none(&self.user, self.deadline) {
            Ok(result) if result.left.is_empty() => return Ok(()),
            Ok(result) => result.left,
            Err(error) => self.refused(error)?,
        };
        let preferred = self.host.get("preferredauthentications").unwrap_or(PREFERRED).to_owned();
        loop {
            let usable = |method: &&str| left.iter().any(|name| name == method) && self.can(method);
            let Some(method) = preferred.split(',').map(str::trim).find(usable) else {
                return Err(self.gave_up(&left));
            };
            match self.attempt(method) {
                Ok(None) => {}
                Ok(Some(result)) if result.left.is_empty() => return Ok(()),
                Ok(Some(result)) => left = result.left,
                Err(error) => {
                    let listed = self.refused(error)?;
                    if !listed.is_empty() {
                        left = listed;
                    }
                }
            }
        }
    }

    /// Keeps a refusal and gives the methods that the server lists with it; what is no refusal ends the login.
    fn refused(&mut self, error: Error) -> Result<Vec<String>> {
        use ErrorKind::{
            AgentRefused, AuthAborted, AuthFailed, AuthMethodNotAllowed, AuthNoSignatureAlgorithm, AuthPasswordChange,
            SignRefused, SignerFault,
        };
        let is_refusal = matches!(
            error.kind(),
            AgentRefused
                | AuthAborted
                | AuthFailed
                | AuthMethodNotAllowed
                | AuthNoSignatureAlgorithm
                | AuthPasswordChange
                | SignRefused
                | SignerFault
        );
        if !is_refusal || !self.transport.is_active() {
            return Err(error);
        }
        let methods = error.detail().map(|detail| detail.methods.clone()).unwrap_or_default();
        self.last = Some(error);
        Ok(methods)
    }

    /// What is told in the end: which methods the server would still take, and why keys were not used.
    fn gave_up(self, left: &[String]) -> Error {
        let strangers = self.strangers();
        let mut text = format!("{}: no way to log in is left; the server takes {}", self.host.host(), left.join(", "));
        let passed_over = self.found.passed_over.iter().chain(&strangers);
        for error in passed_over.clone() {
            text.push_str(&format!("; {}", error.text()));
        }
        let of_passphrase =
            |error: &&Error| matches!(error.kind(), ErrorKind::KeyBadPassphrase | ErrorKind::KeyNeedsPassphrase);
        let only_reason = passed_over
            .clone()
            .last()
            .filter(|_| !self.has_tried && passed_over.clone().all(|error| of_passphrase(&error)));
        let error = match (&self.last, only_reason) {
            (Some(last), _) if last.kind() == ErrorKind::AuthAborted => Error::new(last.kind(), text),
            (_, Some(reason)) => Error::new(reason.kind(), text).helped_by(reason.hint()),
            _ => Error::new(ErrorKind::AuthFailed, text),
        };
        error.with(|detail| detail.methods = left.to_vec())
    }

    /// The certificates that are named and are for none of the keys.
    fn strangers(&self) -> Vec<Error> {
        let keys = self.caller.keys().iter().map(PrivateKey::public);
        let known: Vec<_> = keys.chain(self.found.files.iter().filter_map(|file| file.public.as_ref())).collect();
        // What an encrypted file holds may be unknown still; of what was refused it is told already.
        let may_be = self.found.files.iter().any(|file| file.public.is_none());
        let is_told = |path: &str| self.found.passed_over.iter().any(|error| error.text().starts_with(path));
        let is_strange = |(path, certificate): &&(String, Certificate)| {
            !may_be && !known.contains(&certificate.key()) && !is_told(&printable(path.as_bytes()))
        };
        let certificates = self.found.certificates.iter().filter(is_strange);
        let error = Error::new(ErrorKind::CertKeyMismatch, "the certificate is for none of the keys");
        certificates.map(|(path, _)| identity::of_file(path, &error)).collect()
    }

    fn can(&self, method: &str) -> bool {
        match method {
            PUBLICKEY => !self.candidates.is_empty(),
            PASSWORD => self.passwords > 0,
            INTERACTIVE => self.rounds > 0,
            _ => false,
        }
    }

    /// One attempt; None where there was nothing to try after all.
    fn attempt(&mut self, method: &str) -> Result<Option<AuthResult>> {
        match method {
            PUBLICKEY => self.key(),
            PASSWORD => self.password(),
            _ => self.interactive().map(Some),
        }
    }

    fn key(&mut self) -> Result<Option<AuthResult>> {
        match self.candidates.pop_front() {
            None => Ok(None),
            Some(Candidate::Key(name, key)) => {
                self.has_tried = true;
                // Shown without a signature first: nobody should confirm, or touch, what would not do.
                let shown = match key.is_external() {
                    true => self.transport.auth_publickey_query(&self.user, &key, self.deadline),
                    false => Ok(()),
                };
                let done = shown.and_then(|()| self.transport.auth_publickey(&self.user, &key, self.deadline));
                if let Err(error) = &done {
                    self.found.passed_over.push(told(&name, &key, error));
                }
                done.map(Some)
            }
            Some(Candidate::File(index)) => {
                self.file(index)?;
                Ok(None)
            }
        }
    }

    /// Puts a file's key first, decrypted, with its certificates: a server that trusts their authority need not know it.
    fn file(&mut self, index: usize) -> Result<()> {
        let Some(file) = self.found.files.get_mut(index) else { return Ok(()) };
        if file.key.is_none() {
            if !self.asks || !file.is_encrypted {
                let (kind, text) = match file.is_encrypted {
                    true => (ErrorKind::KeyNeedsPassphrase, "encrypted, and batchmode says not to ask"),
                    false => (ErrorKind::KeyPublicOnly, "only the public half is there, and no agent has the key"),
                };
                self.found.passed_over.push(identity::of_file(&file.path, &Error::new(kind, text)));
                return Ok(());
            }
            // Nobody is asked for the passphrase of a key that the server does not take.
            if let Some(public) = &file.public {
                let shown = PrivateKey::external(public.clone(), Arc::new(Locked));
                let mut variants = certified(&shown, &self.found.certificates);
                variants.push((file.path.clone(), shown));
                let mut taken = Err(Error::from(ErrorKind::AuthFailed));
                let mut refusals = Vec::new();
                for (name, variant) in &variants {
                    taken = self.transport.auth_publickey_query(&self.user, variant, self.deadline);
                    match &taken {
                        Ok(()) => break,
                        Err(error) => refusals.push(told(name, variant, error)),
                    }
                }
                if taken.is_err() {
                    self.has_tried = true;
                    self.found.passed_over.append(&mut refusals);
                }
                taken?;
            }
            // Only now the size is known of a key without its public half beside it, and what else is wrong with it.
            let fits = unlock(file, self.caller, self.tries)
                .and_then(|()| file.public.as_ref().map_or(Ok(()), |public| check_size(public, self.host)));
            if let Err(error) = fits {
                self.found.passed_over.push(identity::of_file(&file.path, &error));
                return Ok(());
            }
        }
        if let Some(key) = file.key.clone() {
            let name = file.path.clone();
            self.candidates.push_front(Candidate::Key(name, key.clone()));
            for (name, certified) in certified(&key, &self.found.certificates).into_iter().rev() {
                self.candidates.push_front(Candidate::Key(name, certified));
            }
        }
        Ok(())
    }

    fn password(&mut self) -> Result<Option<AuthResult>> {
        let attempt = self.tries - self.passwords;
        self.passwords -= 1;
        let Some(password) = self.caller.password(&self.user, self.host.host(), attempt) else {
            self.passwords = 0;
            return Ok(None);
        };
        self.has_tried = true;
        self.transport.auth_password(&self.user, &password, false, None, self.deadline).map(Some)
    }

    fn interactive(&mut self) -> Result<AuthResult> {
        let attempt = self.tries - self.rounds;
        self.rounds -= 1;
        self.has_tried = true;
        let devices = self.host.get("kbdinteractivedevices").unwrap_or_default();
        let (caller, user, name) = (&mut *self.caller, &self.user, self.host.host());
        let mut answer = |prompts: &Prompts| match prompts.prompts.as_slice() {
            [] => Some(Vec::new()),
            _ if caller.has_answers() => caller.answers(name, prompts),
            [(_, false)] => caller.password(user, name, attempt).map(|password| vec![password]),
            // Whatever else is asked for is not the password.
            _ => None,
        };
        let done = self.transport.auth_interactive(&self.user, devices, &mut answer, self.deadline);
        if done.as_ref().is_err_and(|error| error.kind() == ErrorKind::AuthAborted) {
            self.rounds = 0;
        }
        done
    }
}

/// Asks for a passphrase until it is right, the caller gives up, or it was asked often enough.
fn unlock(file: &mut KeyFile, caller: &mut dyn Caller, tries: u32) -> Result<()> {
    let mut why = Error::new(ErrorKind::KeyNeedsPassphrase, "encrypted, and no passphrase was given")
        .helped_by("answer the callback passphrase");
    for attempt in 0..tries {
        let Some(passphrase) = caller.passphrase(&file.path, attempt) else { break };
        match file.unlock(&passphrase) {
            Err(error) if error.kind() == ErrorKind::KeyBadPassphrase => {
                why = Error::new(error.kind(), "wrong passphrase");
            }
            done => return done,
        }
    }
    Err(why)
}

/// What is told of a key that did not do.
fn told(name: &str, key: &PrivateKey, error: &Error) -> Error {
    let now = wall_clock();
    let text = match (error.kind(), key.certificate()) {
        (ErrorKind::AuthFailed, Some(shown)) if shown.valid_before() <= now => "expired, and refused by the server",
        (ErrorKind::AuthFailed, Some(shown)) if shown.valid_after() > now => "not yet valid, and refused by the server",
        (ErrorKind::AuthFailed, _) => "refused by the server",
        _ => error.text(),
    };
    identity::of_file(name, &Error::new(error.kind(), text.to_owned()))
}

/// What to call a key that no file is known of.
fn nameless(whose: &str, key: &PrivateKey) -> String {
    format!("{whose} key {}", key.public().fingerprint_sha256())
}

/// Stands for a key whose file is still encrypted: it can be shown, not sign.
struct Locked;

impl Signer for Locked {
    fn sign(&self, _: &str, _: &[u8]) -> Result<Vec<u8>> {
        Err(Error::from(ErrorKind::KeyNeedsPassphrase))
    }
}

/// The key with each of the certificates that are for it, and their files.
fn certified(key: &PrivateKey, certificates: &[(String, Certificate)]) -> Vec<(String, PrivateKey)> {
    let with = |(path, certificate): &(String, Certificate)| {
        Some((path.clone(), key.with_certificate(certificate.clone()).ok()?))
    };
    match key.certificate() {
        Some(_) => Vec::new(),
        None => certificates.iter().filter_map(with).collect(),
    }
}

/// The caller's keys; those of the agent that the files name, in the files' order; the agent's others unless they are not
/// wanted; the files that the agent does not hold. Six tries are all that many servers allow.
fn order(callers: &[PrivateKey], mut held: Vec<PrivateKey>, found: &Found, only: bool) -> VecDeque<Candidate> {
    let mut out: VecDeque<Candidate> =
        callers.iter().map(|key| Candidate::Key(nameless("the caller's", key), key.clone())).collect();
    let mut left = Vec::new();
    let mut push = |key: PrivateKey| {
        out.extend(certified(&key, &found.certificates).into_iter().map(|(name, key)| Candidate::Key(name, key)));
        out.push_back(Candidate::Key(nameless("the agent's", &key), key));
    };
    for (index, file) in found.files.iter().enumerate() {
        let is_of = |key: &PrivateKey| file.public.as_ref() == Some(key.public());
        let (of_file, rest): (Vec<_>, Vec<_>) = held.into_iter().partition(is_of);
        held = rest;
        if of_file.is_empty() {
            left.push(Candidate::File(index));
        }
        of_file.into_iter().for_each(&mut push);
    }
    // A certificate that is named is an identity too.
    let is_named =
        |key: &PrivateKey| found.certificates.iter().any(|(_, certificate)| certificate.key() == key.public());
    held.into_iter().filter(|key| !only || is_named(key)).for_each(&mut push);
    out.extend(left);
    out
}

/// What the agent of IdentityAgent or SSH_AUTH_SOCK holds; nothing where there is none. An agent that fails is no reason
/// not to go on without it.
fn agent_keys(
    transport: &Transport,
    host: &HostConfig,
    world: &dyn World,
    found: &mut Found,
    deadline: Deadline,
) -> Vec<PrivateKey> {
    const USUAL: &str = "SSH_AUTH_SOCK";
    let named = host.get("identityagent");
    let path = match named {
        Some("none") => None,
        None | Some(USUAL) => world.variable(USUAL),
        Some(path) => match path.strip_prefix('$') {
            Some(name) => world.variable(name),
            None => Some(path.to_owned()),
        },
    };
    let Some(path) = path.filter(|path| !path.is_empty()) else { return Vec::new() };
    let keys = Agent::connect(Path::new(&path)).and_then(|agent| {
        if let Some(session) = transport.session_binding() {
            // An agent that refuses it sees to its keys itself.
            match agent.bind_session(&session, false, deadline) {
                Err(error) if error.kind() != ErrorKind::AgentRefused => return Err(error),
                _ => {}
            }
        }
        agent.list(deadline)
    });
    match keys {
        Ok(listed) => {
            let mut keys = Vec::new();
            for Identity { key, .. } in listed.keys {
                match check_size(key.public(), host) {
                    Ok(()) => keys.push(key),
                    Err(error) => found.passed_over.push(error),
                }
            }
            keys
        }
        Err(error) => {
            found.passed_over.push(error);
            Vec::new()
        }
    }
}
