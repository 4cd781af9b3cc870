//! An agent: answers for a keyring to whoever is at the other end of a pipe.
#![allow(clippy::disallowed_types, reason = "connections share a keyring; nothing waits or signs under its lock")]

use super::keyring::{Held, Keyring};
use super::message::{self, Request, Response, EXT_QUERY, EXT_SESSION_BIND};
use crate::crypto::hostkey::PrivateKey;
use crate::engine::{run_on_pool, Deadline, Event, Listener, Pipe};
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{Reader, Writer};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long an answer may take to be read.
const SEND_PATIENCE: Duration = Duration::from_secs(60);
/// How long a use may take to be confirmed.
const CONFIRM_PATIENCE: Duration = Duration::from_secs(300);
/// How long a wrong passphrase is thought about.
const UNLOCK_DELAY: Duration = Duration::from_millis(500);
/// Connections of one agent at a time.
const MAX_CONNECTIONS: usize = 256;
/// Sessions one connection is tied to (OpenSSH's bound too).
const MAX_SESSIONS: usize = 16;

/// A use of a key that is to be confirmed. Dropped without an answer, it is denied.
pub struct Confirm {
    /// The key.
    pub key: PrivateKey,
    /// Its comment.
    pub comment: String,
    answer: Arc<Mutex<bool>>,
    given: Event,
}

impl Confirm {
    /// Allows or denies it, from any thread.
    pub fn answer(self, allow: bool) {
        *lock(&self.answer) = allow;
    }
}

impl Drop for Confirm {
    fn drop(&mut self) {
        self.given.set();
    }
}

/// Asks for a confirmation, which may be given later.
pub type Confirmer = Box<dyn Fn(Confirm) + Send + Sync>;

/// What a connection may do.
#[derive(Debug, Clone, Default)]
pub struct Exposure {
    /// Only these keys, by the blobs they are shown with; None: all.
    pub only: Option<Vec<Vec<u8>>>,
    /// Keys are listed and sign; nothing is added, removed or locked.
    pub sign_only: bool,
    /// Every use is confirmed, not only those of keys that ask for it.
    pub confirm: bool,
}

/// An agent. Clones name the same one.
#[derive(Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

struct Inner {
    /// Nothing is locked under it, and no key signs.
    ring: Mutex<Keyring>,
    confirm: Option<Confirmer>,
    /// Likewise a leaf.
    doors: Mutex<Doors>,
    /// Whose agent it is; a forked child that frees its copy must not end it.
    pid: u32,
}

/// What is to be closed in the end.
#[derive(Default)]
struct Doors {
    closed: bool,
    pipes: Vec<Weak<dyn Pipe>>,
    listeners: Vec<(Arc<Listener>, PathBuf)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    /// With an empty keyring. Without `confirm` keys that need a confirmation sign nothing.
    #[must_use]
    pub fn new(confirm: Option<Confirmer>) -> Self {
        let (ring, doors) = (Mutex::default(), Mutex::default());
        Self { inner: Arc::new(Inner { ring, confirm, doors, pid: std::process::id() }) }
    }

    /// Looks at the keyring or changes it. `work` must not wait.
    pub fn with_keyring<T>(&self, work: impl FnOnce(&mut Keyring) -> T) -> T {
        work(&mut lock(&self.inner.ring))
    }

    /// Answers what comes through a pipe, on a thread of the pool, until one side closes it.
    ///
    /// Errors: `ResourceLimit`; `Closed`.
    pub fn serve(&self, pipe: Arc<dyn Pipe>, exposure: Exposure) -> Result<()> {
        {
            let mut doors = lock(&self.inner.doors);
            doors.pipes.retain(|pipe| pipe.strong_count() > 0);
            if doors.closed {
                return Err(ErrorKind::Closed.into());
            }
            if doors.pipes.len() >= MAX_CONNECTIONS {
                return Err(Error::new(ErrorKind::ResourceLimit, "an agent has 256 connections at most"));
            }
            doors.pipes.push(Arc::downgrade(&pipe));
        }
        let connection = self.connection(exposure);
        run_on_pool(move || connection.run(pipe.as_ref()))
    }

    /// What answers one pipe's requests.
    pub(crate) fn connection(&self, exposure: Exposure) -> Connection {
        Connection { agent: self.clone(), exposure, sessions: 0 }
    }

    /// Listens on a Unix socket, which only this user can connect to, and serves whoever does.
    ///
    /// Errors: `File` where the socket cannot be made; `ResourceLimit`; `Closed`.
    pub fn listen(&self, path: &Path, exposure: Exposure) -> Result<()> {
        let listener = Arc::new(Listener::bind(path)?);
        {
            let mut doors = lock(&self.inner.doors);
            if doors.closed {
                let _ = std::fs::remove_file(path);
                return Err(ErrorKind::Closed.into());
            }
            doors.listeners.push((Arc::clone(&listener), path.to_owned()));
        }
        // Not a handle: the agent ends when its application drops it.
        let agent = Arc::downgrade(&self.inner);
        run_on_pool(move || {
            while let (Some(local), Some(inner)) = (listener.accept(), agent.upgrade()) {
                // A connection too many is closed.
                let _ = Self { inner }.serve(Arc::new(local), exposure.clone());
            }
        })
    }

    /// Ends listening and every connection. Signatures under way are made, and go nowhere.
    pub fn close(&self) {
        if self.inner.pid != std::process::id() {
            return;
        }
        let (pipes, listeners) = {
            let mut doors = lock(&self.inner.doors);
            doors.closed = true;
            (std::mem::take(&mut doors.pipes), std::mem::take(&mut doors.listeners))
        };
        for pipe in pipes.iter().filter_map(Weak::upgrade) {
            pipe.close();
        }
        for (listener, path) in listeners {
            listener.close();
            let _ = std::fs::remove_file(path);
        }
    }
}

/// One client.
pub(crate) struct Connection {
    agent: Server,
    exposure: Exposure,
    /// How many it is tied to.
    sessions: usize,
}

impl Connection {
    fn run(mut self, pipe: &dyn Pipe) {
        let mut input = Zeroizing::new(Vec::with_capacity(message::ROOM));
        loop {
            match message::split(&input) {
                Ok(Some((message, len))) => {
                    let answer = self.answer(message).encode();
                    input.drain(..len);
                    if pipe.send_all(&answer, Deadline::after(SEND_PATIENCE)).is_err() {
                        break;
                    }
                }
                Ok(None) => {
                    if !pipe.recv(&mut input, Deadline::never()).unwrap_or(false) {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        pipe.close();
    }

    /// What is malformed, unknown or refused is a failure: the protocol knows no reasons.
    pub(crate) fn answer(&mut self, message: &[u8]) -> Response {
        let Ok(request) = Request::parse(message) else { return Response::Failure };
        let done = |good: bool| if good { Response::Success(Vec::new()) } else { Response::Failure };
        match request {
            Request::List => {
                let keys = self.exposed().into_iter();
                Response::Identities(keys.map(|held| (held.key.shown_blob().to_vec(), held.comment)).collect())
            }
            Request::Sign { key, data, flags } => {
                self.sign(key, data, flags).map_or(Response::Failure, Response::Signature)
            }
            Request::Extension { name, data } => self.extension(name, data),
            _ if self.exposure.sign_only => Response::Failure,
            Request::Add { key, comment, constraints } => {
                done(self.agent.with_keyring(|ring| ring.add(key, comment, &constraints)).is_ok())
            }
            Request::Remove(blob) => done(self.is_exposed(blob) && self.agent.with_keyring(|ring| ring.remove(blob))),
            Request::RemoveAll => {
                match self.exposure.only.clone() {
                    None => self.agent.with_keyring(Keyring::remove_all),
                    Some(only) => self.agent.with_keyring(|ring| only.iter().for_each(|blob| _ = ring.remove(blob))),
                }
                done(true)
            }
            Request::Lock(passphrase) => done(self.agent.with_keyring(|ring| ring.lock(passphrase))),
            Request::Unlock(passphrase) => {
                let opened = self.agent.with_keyring(|ring| ring.unlock(passphrase));
                if !opened {
                    // Nobody sets it: this only waits, so that guesses take their time.
                    let _ = Event::new().wait(Deadline::after(UNLOCK_DELAY));
                }
                done(opened)
            }
        }
    }

    fn is_exposed(&self, blob: &[u8]) -> bool {
        self.exposure.only.as_ref().is_none_or(|only| only.iter().any(|listed| listed == blob))
    }

    fn exposed(&self) -> Vec<Held> {
        let mut keys = self.agent.with_keyring(Keyring::list);
        keys.retain(|held| self.is_exposed(held.key.shown_blob()));
        keys
    }

    fn sign(&self, blob: &[u8], data: &[u8], flags: u32) -> Option<Vec<u8>> {
        let held = self.exposed().into_iter().find(|held| held.key.shown_blob() == blob)?;
        let algorithm = message::sign_algorithm(&held.key, flags);
        let key = held.key.clone();
        if held.confirm || self.exposure.confirm {
            // While somebody thought it over the key may have been removed, or the keyring locked.
            let is_there = || self.exposed().iter().any(|held| held.key.shown_blob() == blob);
            if !(self.is_confirmed(held) && is_there()) {
                return None;
            }
        }
        key.sign(algorithm, data).ok()
    }

    fn is_confirmed(&self, held: Held) -> bool {
        let Some(ask) = &self.agent.inner.confirm else { return false };
        let (answer, given) = (Arc::new(Mutex::new(false)), Event::new());
        ask(Confirm { key: held.key, comment: held.comment, answer: Arc::clone(&answer), given: given.clone() });
        let in_time = given.wait(Deadline::after(CONFIRM_PATIENCE));
        let allowed = *lock(&answer);
        in_time && allowed
    }

    fn extension(&mut self, name: &str, data: &[u8]) -> Response {
        match name {
            EXT_QUERY if data.is_empty() => {
                let mut known = Vec::new();
                Writer::new(&mut known).string(EXT_QUERY).string(EXT_SESSION_BIND);
                Response::Extension(EXT_QUERY.to_owned(), known)
            }
            EXT_SESSION_BIND => match self.bind(data) {
                Ok(()) => Response::Success(Vec::new()),
                Err(_) => Response::ExtensionFailure,
            },
            _ => Response::Failure,
        }
    }

    /// Takes that the connection belongs to a session, which its host key signed for. No key here is restricted to
    /// destinations, so that nothing else follows from it.
    fn bind(&mut self, data: &[u8]) -> Result<()> {
        let mut r = Reader::new(data);
        let (blob, session_id, signature, _forwarding) = (r.string()?, r.string()?, r.string()?, r.bool()?);
        r.end()?;
        let (key, _) = message::identity(blob)?;
        let made_with = Reader::new(signature).name()?;
        key.verify(made_with, session_id, signature)?;
        if self.sessions >= MAX_SESSIONS {
            return Err(ErrorKind::LimitExceeded.into());
        }
        self.sessions += 1;
        Ok(())
    }
}
