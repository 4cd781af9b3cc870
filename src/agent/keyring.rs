//! Keys in memory, with what they may be used for. Waits for nothing and asks nobody.

use super::constraint::Constraints;
use crate::crypto::hash::HashAlg;
use crate::crypto::hostkey::PrivateKey;
use crate::crypto::rng::system_bytes;
use crate::engine::Deadline;
use crate::error::{Error, ErrorKind, Result};
use std::time::Duration;

/// Keys one keyring holds at most.
const MAX_KEYS: usize = 1024;

/// One key.
#[derive(Clone)]
pub struct Held {
    /// With its certificate, where it was added with one.
    pub key: PrivateKey,
    /// Its comment.
    pub comment: String,
    /// Each use is to be confirmed.
    pub confirm: bool,
    until: Deadline,
}

/// Keys, in the order they were added.
#[derive(Default)]
pub struct Keyring {
    keys: Vec<Held>,
    lock: Option<Lock>,
}

/// What is kept of the passphrase.
struct Lock {
    salt: [u8; 16],
    digest: Vec<u8>,
}

impl Lock {
    fn new(passphrase: &[u8]) -> Self {
        let mut salt = [0; 16];
        system_bytes(&mut salt);
        Self { salt, digest: HashAlg::Sha256.digest(&[&salt, passphrase]) }
    }

    /// What is compared are digests with a salt nobody knows: the time it takes tells nothing.
    fn opens(&self, passphrase: &[u8]) -> bool {
        HashAlg::Sha256.digest(&[&self.salt, passphrase]) == self.digest
    }
}

impl Keyring {
    /// Adds a key. One that is there already takes the new comment and constraints.
    ///
    /// Errors: `Unsupported` for a constraint that is not kept to here; `InvalidState` while locked; `ResourceLimit`.
    pub fn add(&mut self, key: PrivateKey, comment: String, constraints: &Constraints) -> Result<()> {
        self.forget_old();
        if let Some((name, _)) = constraints.extensions.first() {
            let text = format!("the constraint \"{}\" is not supported", name.escape_debug());
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        if self.lock.is_some() {
            return Err(Error::new(ErrorKind::InvalidState, "the keyring is locked"));
        }
        let life = constraints.lifetime.map(|seconds| Duration::from_secs(seconds.into()));
        let until = life.map_or(Deadline::never(), Deadline::after);
        let held = Held { key, comment, confirm: constraints.confirm, until };
        let name = held.key.shown_blob().to_vec();
        let same = |other: &Held| other.key.shown_blob() == name;
        let full = self.keys.len() >= MAX_KEYS;
        match self.keys.iter_mut().find(|other| same(other)) {
            Some(place) => *place = held,
            None if full => {
                return Err(Error::new(ErrorKind::ResourceLimit, format!("a keyring holds {MAX_KEYS} keys at most")));
            }
            None => self.keys.push(held),
        }
        Ok(())
    }

    /// Removes a key, given by its blob or its certificate's; false where it is not there, or the keyring is locked.
    pub fn remove(&mut self, blob: &[u8]) -> bool {
        self.forget_old();
        let at = self.keys.iter().position(|held| held.key.shown_blob() == blob).filter(|_| self.lock.is_none());
        at.map(|at| self.keys.remove(at)).is_some()
    }

    /// Removes all keys, locked or not: what can only lose keys needs no passphrase.
    pub fn remove_all(&mut self) {
        self.keys.clear();
    }

    /// The keys; none while locked.
    pub fn list(&mut self) -> Vec<Held> {
        self.forget_old();
        if self.lock.is_some() {
            return Vec::new();
        }
        self.keys.clone()
    }

    /// Locks it; false where it is locked.
    pub fn lock(&mut self, passphrase: &[u8]) -> bool {
        if self.lock.is_some() {
            return false;
        }
        self.lock = Some(Lock::new(passphrase));
        true
    }

    /// Unlocks it; false where it is not locked, and for another passphrase.
    pub fn unlock(&mut self, passphrase: &[u8]) -> bool {
        let opens = self.lock.as_ref().is_some_and(|lock| lock.opens(passphrase));
        if opens {
            self.lock = None;
        }
        opens
    }

    fn forget_old(&mut self) {
        self.keys.retain(|held| !held.until.is_past());
    }
}
