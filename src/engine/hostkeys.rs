//! A server's announcement of its host keys and the proof for them (OpenSSH PROTOCOL section 2.5), both roles. Keys are
//! parsed, signed with and checked on the transport's strand, never under its lock.

use super::core::{After, Core};
use super::log;
use super::runtime::Runtime;
use super::shared::Shared;
use super::transport::Transport;
use crate::error::Result;
use crate::proto::event::Ticket;
use crate::proto::hostkeys::{self, Announced, HostKey};
use crate::proto::phase::Role;
use std::sync::Arc;
use std::time::Instant;

/// Takes the keys a server proved to hold; runs on a thread of the pool and may block.
pub type HostkeysHandler = Box<dyn FnOnce(&[HostKey]) + Send>;

/// A client's part.
#[derive(Default)]
pub(super) struct Hostkeys {
    handler: Option<HostkeysHandler>,
    /// The server has announced its keys, which it does once.
    announced: bool,
    /// The announcement, while there is no handler.
    waiting: Option<Vec<u8>>,
    /// The proof is under way; the request's token.
    asked: Option<(u64, Announced, HostkeysHandler)>,
}

impl Hostkeys {
    /// Whether dropping it may run the application's code.
    pub(super) fn is_of_application(&self) -> bool {
        self.handler.is_some() || self.asked.is_some()
    }
}

impl Transport {
    /// Sets who takes the server's host keys, once it has proven that it holds them; called once at most. The server
    /// announces them behind the login: a handler set later gets them too. None: nobody, and no proof is asked for.
    pub fn set_hostkeys_handler(&self, handler: Option<HostkeysHandler>) -> Result<()> {
        let mut core = self.shared().lock()?;
        // After the end nothing would drop it.
        if let Some(error) = &core.error {
            return Err(error.clone());
        }
        core.require_role(Role::Client)?;
        let old = std::mem::replace(&mut core.hostkeys.handler, handler);
        begin(&mut core, self.shared());
        drop(core);
        // Outside of the lock: its destructor is the application's code.
        drop(old);
        Ok(())
    }
}

/// Client: the server announces its keys.
pub(super) fn announced(core: &mut Core, shared: &Arc<Shared>, data: Vec<u8>) {
    if std::mem::replace(&mut core.hostkeys.announced, true) {
        return note(core, 2, "the server announces its host keys again: ignored".to_owned());
    }
    if data.len() > hostkeys::MAX_BYTES {
        return note(core, 2, format!("an announcement of host keys with {} bytes: ignored", data.len()));
    }
    core.hostkeys.waiting = Some(data);
    begin(core, shared);
}

/// Looks at the announcement, if there is one and somebody to tell.
fn begin(core: &mut Core, shared: &Arc<Shared>) {
    let Some(in_use) = core.conn.as_ref().and_then(|conn| conn.remote_host_key().cloned()) else { return };
    if core.hostkeys.handler.is_none() || core.hostkeys.waiting.is_none() {
        return;
    }
    let (Some(handler), Some(data)) = (core.hostkeys.handler.take(), core.hostkeys.waiting.take()) else { return };
    post(core, shared, move |shared| match Announced::parse(&data, &in_use) {
        Err(error) => say(shared, 2, format!("the server's announcement of host keys is ignored: {error}")),
        Ok(mut announced) => {
            passed_over(shared, &mut announced);
            match announced.question() {
                None => handler(&announced.into_keys()),
                Some(question) => ask(shared, &question, announced, handler),
            }
        }
    });
}

fn passed_over(shared: &Arc<Shared>, announced: &mut Announced) {
    for error in announced.skipped.drain(..) {
        say(shared, 4, format!("a host key the server announces is passed over: {error}"));
    }
}

fn ask(shared: &Arc<Shared>, question: &[u8], announced: Announced, handler: HostkeysHandler) {
    // The lock is given back before the handler is dropped, where the connection is over.
    let Ok(mut core) = shared.lock() else { return };
    let asked = core.live().and_then(|conn| conn.global_request(hostkeys::PROVE, question, true));
    if let Ok(token) = asked {
        core.hostkeys.asked = Some((token, announced, handler));
    }
}

/// Client: the reply to a global request, None for a refusal, if it is the one for the proof.
pub(super) fn replied(core: &mut Core, shared: &Arc<Shared>, token: u64, reply: Option<&[u8]>) {
    let Some((_, announced, handler)) = core.hostkeys.asked.take_if(|(asked, ..)| *asked == token) else { return };
    let Some(conn) = core.conn.as_ref().filter(|conn| !conn.is_ended()) else {
        return core.after.push(After::Drop(Box::new(handler)));
    };
    let session_id = conn.session_id().unwrap_or_default().to_vec();
    let reply = reply.map(<[u8]>::to_vec);
    post(core, shared, move |shared| match reply.map(|reply| announced.verify(&session_id, &reply)) {
        Some(Ok(mut proven)) => {
            passed_over(shared, &mut proven);
            handler(&proven.into_keys());
        }
        Some(Err(error)) => say(shared, 2, format!("the host keys the server announces are ignored: {error}")),
        None => say(shared, 2, "the server does not prove that it holds the host keys it announces".to_owned()),
    });
}

/// Server: the client is in and learns of all host keys.
pub(super) fn announce(core: &mut Core) {
    if !core.options.announce_host_keys {
        return;
    }
    let data = hostkeys::announcement(&core.server.keys);
    if let Ok(conn) = core.live().map(|conn| (conn.role() == Role::Server).then_some(conn)) {
        // Keys that fit no message are not announced.
        let _ = conn.map(|conn| conn.global_request(hostkeys::ANNOUNCE, &data, false));
    }
}

/// Server: the client wants a proof.
pub(super) fn prove(core: &mut Core, shared: &Arc<Shared>, ticket: Option<Ticket>, data: Vec<u8>) {
    let Some(ticket) = ticket else { return };
    let announces = core.options.announce_host_keys;
    let keys = core.server.keys.clone();
    let Ok(conn) = core.live() else { return };
    let Some(names) = conn.negotiated().filter(|_| announces) else {
        let _ = conn.answer_global(ticket, None);
        return;
    };
    let (session_id, algorithm) = (conn.session_id().unwrap_or_default().to_vec(), names.host_key.signs_with());
    post(core, shared, move |shared| {
        let proof = hostkeys::prove(&keys, &session_id, algorithm, &data);
        if let Err(error) = &proof {
            say(shared, 2, format!("no proof for host keys: {error}"));
        }
        if let Ok(mut core) = shared.lock() {
            // Fails where the connection is over.
            let _ = core.live().and_then(|conn| conn.answer_global(ticket, proof.ok().as_deref()));
        }
    });
}

fn post(core: &mut Core, shared: &Arc<Shared>, task: impl FnOnce(&Arc<Shared>) + Send + 'static) {
    let owner = Arc::clone(shared);
    let posted = core.strand.clone().post(&Runtime::get().pool, Box::new(move || task(&owner)));
    if let (Err(error), Ok(conn)) = (posted, core.live()) {
        conn.handle_error(Instant::now(), error);
    }
}

fn note(core: &mut Core, level: u8, text: String) {
    core.after.push(After::Log(level, None, text));
}

/// Without the lock.
fn say(shared: &Arc<Shared>, level: u8, text: String) {
    log::write(level, &shared.log_name(), &text);
}
