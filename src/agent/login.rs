//! Logging in with an agent's keys, in the order ssh has.

use super::client::{Agent, Identity};
use crate::crypto::hostkey::PrivateKey;
use crate::engine::{AuthResult, Deadline, Transport};
use crate::error::{Error, ErrorKind, Result, Stage};

/// Which keys of an agent are shown to the server. Showing one it does not take costs one of the tries that it allows,
/// six with OpenSSH, so an agent with many keys needs to be told.
#[derive(Default)]
pub struct Choice<'a> {
    /// The user's own keys, of which the private halves need not be at hand: those the agent holds come first, in this
    /// order.
    pub identities: &'a [PrivateKey],
    /// None but those (IdentitiesOnly).
    pub only: bool,
}

impl Choice<'_> {
    /// The keys to show, in order.
    fn order(&self, held: Vec<Identity>) -> Vec<Identity> {
        let mut rest = held;
        let mut out = Vec::new();
        for wanted in self.identities {
            while let Some(at) = rest.iter().position(|held| held.key.shown_blob() == wanted.shown_blob()) {
                out.push(rest.remove(at));
            }
        }
        if !self.only {
            out.append(&mut rest);
        }
        out
    }
}

/// Logs in with the first of the agent's keys that the server takes. Each is shown without a signature first, so that
/// nobody is asked to confirm one that would not do.
///
/// Errors: `AuthFailed` where the server takes none; `AgentRefused` where there is none to show; those of the agent and
/// the connection. A key whose signature the agent refuses is passed over.
pub fn login(
    transport: &Transport,
    user: &str,
    agent: &Agent,
    choice: &Choice<'_>,
    deadline: Deadline,
) -> Result<AuthResult> {
    if let Some(session) = transport.session_binding() {
        // An agent that refuses it sees to its keys itself.
        match agent.bind_session(&session, false, deadline) {
            Err(error) if error.kind() != ErrorKind::AgentRefused => return Err(error),
            _ => {}
        }
    }
    let keys = choice.order(agent.list(deadline)?.keys);
    let mut last = Error::new(ErrorKind::AgentRefused, "the agent has no key to show to the server").at(Stage::Auth);
    for held in keys {
        let tried = transport
            .auth_publickey_query(user, &held.key, deadline)
            .and_then(|()| transport.auth_publickey(user, &held.key, deadline));
        match tried {
            Err(error) if passes_over(error.kind()) => last = error,
            other => return other,
        }
    }
    Err(last)
}

fn passes_over(kind: ErrorKind) -> bool {
    use ErrorKind::{AgentRefused, AuthFailed, AuthNoSignatureAlgorithm, SignRefused, SignerFault};
    matches!(kind, AgentRefused | AuthFailed | AuthNoSignatureAlgorithm | SignRefused | SignerFault)
}
