//! An agent's client.

use super::constraint::Constraints;
use super::message::{self, Request, Response, EXT_QUERY, EXT_SESSION_BIND};
use crate::crypto::hostkey::{PrivateKey, PublicKey, Signer};
use crate::engine::{Channel, Deadline, Dialogue, Local, Pipe};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::event::SessionBinding;
use crate::wire::Writer;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long an agent may take for a signature: somebody may have to confirm it, or to touch a token.
const SIGN_PATIENCE: Duration = Duration::from_secs(120);

/// A connection to an agent. Clones name the same one; requests of several threads follow each other.
#[derive(Clone)]
pub struct Agent {
    dialogue: Arc<Dialogue>,
}

/// A key an agent holds.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Signs through the agent. With its certificate, where the agent lists it with one.
    pub key: PrivateKey,
    /// Its comment, as the agent has it; not filtered.
    pub comment: String,
}

/// What an agent holds.
#[derive(Debug, Clone, Default)]
pub struct Identities {
    /// In the agent's order.
    pub keys: Vec<Identity>,
    /// Why others were passed over: types this library does not know, weak keys.
    pub skipped: Vec<Error>,
}

impl Agent {
    /// Connects to an agent's socket.
    ///
    /// Errors: `AgentUnavailable`.
    pub fn connect(path: &Path) -> Result<Self> {
        Ok(Self::over(Box::new(Local::connect(path)?)))
    }

    /// An agent at the other end of a channel: a server's way to its client's keys.
    #[must_use]
    pub fn on_channel(channel: Channel) -> Self {
        Self::over(Box::new(channel))
    }

    pub(super) fn over(pipe: Box<dyn Pipe>) -> Self {
        Self { dialogue: Arc::new(Dialogue::new(pipe, message::split)) }
    }

    /// Gives the socket away, for a relay to a forwarded channel. The agent answers nothing here any more.
    ///
    /// Errors: `InvalidState` while an answer is owed, and on a channel.
    pub fn detach(&self) -> Result<OwnedFd> {
        self.dialogue.detach()
    }

    fn ask(&self, request: &Request<'_>, deadline: Deadline) -> Result<Response> {
        Response::parse(&self.dialogue.ask(&request.encode()?, deadline)?)
    }

    /// For requests that succeed or fail.
    fn order(&self, request: &Request<'_>, what: &str, deadline: Deadline) -> Result<()> {
        match self.ask(request, deadline)? {
            Response::Success(_) => Ok(()),
            Response::Failure | Response::ExtensionFailure => Err(refused(what)),
            _ => Err(wrong_answer(what)),
        }
    }

    /// The keys. A key is listed once with a certificate and once without, if it was added with both.
    ///
    /// Errors: `AgentRefused`; `Protocol`, `LimitExceeded` for what is no list; those of the connection.
    pub fn list(&self, deadline: Deadline) -> Result<Identities> {
        let listed = match self.ask(&Request::List, deadline)? {
            Response::Identities(listed) => listed,
            Response::Failure => return Err(refused("to list its keys")),
            _ => return Err(wrong_answer("to list its keys")),
        };
        let mut out = Identities::default();
        for (blob, comment) in listed {
            match self.identity(&blob) {
                Ok(key) => out.keys.push(Identity { key, comment }),
                Err(error) => out.skipped.push(error),
            }
        }
        Ok(out)
    }

    fn identity(&self, blob: &[u8]) -> Result<PrivateKey> {
        let (public, certificate) = message::identity(blob)?;
        let key = self.key(&public, blob);
        certificate.map_or(Ok(key.clone()), |certificate| key.with_certificate(certificate))
    }

    /// A key that signs through the agent, which is not asked whether it has it.
    fn key(&self, public: &PublicKey, blob: &[u8]) -> PrivateKey {
        PrivateKey::external(public.clone(), Arc::new(Held { agent: self.clone(), blob: blob.to_vec() }))
    }

    /// Adds a key, with its certificate where it has one. An agent that has it already takes the new constraints.
    ///
    /// Errors: `KeyNotExportable`; `AgentRefused`, also where the agent does not know a constraint.
    pub fn add(&self, key: &PrivateKey, comment: &str, constraints: &Constraints, deadline: Deadline) -> Result<()> {
        let request = Request::Add { key: key.clone(), comment: comment.to_owned(), constraints: constraints.clone() };
        self.order(&request, "the key", deadline)
    }

    /// Removes a key, given by its blob or its certificate's.
    ///
    /// Errors: `AgentRefused`, also where the agent does not have it.
    pub fn remove(&self, blob: &[u8], deadline: Deadline) -> Result<()> {
        self.order(&Request::Remove(blob), "to remove the key", deadline)
    }

    /// Removes all keys.
    pub fn remove_all(&self, deadline: Deadline) -> Result<()> {
        self.order(&Request::RemoveAll, "to remove its keys", deadline)
    }

    /// Locks the agent: until it is unlocked it lists nothing and signs nothing.
    pub fn lock(&self, passphrase: &[u8], deadline: Deadline) -> Result<()> {
        self.order(&Request::Lock(passphrase), "to be locked", deadline)
    }

    /// Unlocks the agent.
    pub fn unlock(&self, passphrase: &[u8], deadline: Deadline) -> Result<()> {
        self.order(&Request::Unlock(passphrase), "to be unlocked", deadline)
    }

    /// Asks for something beyond the protocol's core; gives the answer's data, which is often empty.
    ///
    /// Errors: `Unsupported` where the agent does not know it; `AgentRefused` where it does and fails.
    pub fn extension(&self, name: &str, data: &[u8], deadline: Deadline) -> Result<Vec<u8>> {
        match self.ask(&Request::Extension { name, data }, deadline)? {
            Response::Success(data) => Ok(data),
            Response::Extension(answered, data) if answered == name => Ok(data),
            Response::Failure => {
                let text = format!("the agent does not know the extension \"{}\"", name.escape_debug());
                Err(Error::new(ErrorKind::Unsupported, text))
            }
            Response::ExtensionFailure => Err(refused(&format!("the extension \"{}\"", name.escape_debug()))),
            _ => Err(wrong_answer("an extension")),
        }
    }

    /// The extensions the agent says it knows; none where it does not say.
    pub fn extensions(&self, deadline: Deadline) -> Result<Vec<String>> {
        match self.extension(EXT_QUERY, &[], deadline) {
            Ok(data) => message::names(&data),
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Ties this connection to an SSH session, so that the agent can keep to a key's destinations. `forwarding`: others
    /// will use the connection from behind that session. Agents that do not know this are left as they are.
    ///
    /// Errors: `AgentRefused` where an agent does know it and refuses. Keys with destinations sign nothing then; that is
    /// the agent's to see to. Nobody may be given the use of such an agent: it cannot tell where they come from.
    pub fn bind_session(&self, session: &SessionBinding, forwarding: bool, deadline: Deadline) -> Result<()> {
        match self.extension(EXT_SESSION_BIND, &binding(session, forwarding), deadline) {
            Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
            _ => Ok(()),
        }
    }
}

/// The data of a "session-bind@openssh.com" request.
pub(super) fn binding(session: &SessionBinding, forwarding: bool) -> Vec<u8> {
    let mut data = Vec::new();
    Writer::new(&mut data)
        .string(&session.host_key)
        .string(&session.session_id)
        .string(&session.signature)
        .bool(forwarding);
    data
}

fn refused(what: &str) -> Error {
    Error::new(ErrorKind::AgentRefused, format!("the agent refused {what}"))
}

fn wrong_answer(what: &str) -> Error {
    Error::protocol(format!("the agent was asked {what} and gave another answer"))
}

/// A key's private half in an agent.
struct Held {
    agent: Agent,
    /// As the agent lists it.
    blob: Vec<u8>,
}

impl Signer for Held {
    fn sign(&self, algorithm: &str, data: &[u8]) -> Result<Vec<u8>> {
        let request = Request::Sign { key: &self.blob, data, flags: message::sign_flags(algorithm) };
        match self.agent.ask(&request, Deadline::after(SIGN_PATIENCE))? {
            Response::Signature(blob) => Ok(blob),
            Response::Failure => Err(Error::new(ErrorKind::SignRefused, "the agent refused to sign")),
            _ => Err(wrong_answer("to sign")),
        }
    }
}
