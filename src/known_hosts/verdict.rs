//! What the entries say of a host's key.

use super::{name_of, Entry, KnownHosts, Marker, DEFAULT_PORT};
use crate::crypto::cert::{CertCheck, CertKind, Certificate};
use crate::crypto::hostkey::PublicKey;
use crate::crypto::krl::Krl;
use crate::error::{Error, ErrorKind};
use std::sync::Arc;

/// What is known of a host's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The key is listed for the host, or its certificate is signed by an authority that is.
    Match {
        /// The file of the line that says so.
        file: Arc<str>,
        /// The line, from 1.
        line: usize,
    },
    /// Nothing is listed for the host.
    Unknown,
    /// Other keys are listed for the host, and this one is not. Keys of another type count, as they do for OpenSSH:
    /// whoever stands between the two ends can choose the type. A client that asks for what
    /// [`KnownHosts::known_for`] gives first meets another type only where the server has none of those listed.
    Changed {
        /// The file of the listed key.
        file: Arc<str>,
        /// Its line, from 1.
        line: usize,
    },
    /// The key, or the authority of its certificate, is revoked; whatever else is listed, it must not be used.
    Revoked {
        /// The file that says so.
        file: Arc<str>,
        /// Its line, from 1; 0 where the file is a list of revoked keys.
        line: usize,
    },
}

impl Verdict {
    fn matched(entry: &Entry) -> Self {
        Self::Match { file: entry.file().clone(), line: entry.line() }
    }

    fn revoked(entry: &Entry) -> Self {
        Self::Revoked { file: entry.file().clone(), line: entry.line() }
    }
}

/// What is known of a host's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertVerdict {
    /// Whether to trust.
    pub verdict: Verdict,
    /// Why the certificate does not count, so that the verdict is that of its key, as if there were no certificate;
    /// None where the verdict is the certificate's.
    pub refused: Option<Error>,
}

/// What is listed for a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// The types of its keys, in file order and each once, as [`PublicKey::key_type`] names them.
    pub key_types: Vec<&'static str>,
    /// Whether there is an authority for its certificates.
    pub has_authority: bool,
}

impl KnownHosts {
    /// What is known of `key` for a host. `host` is the name as the user gave it, or an address; letter case does not
    /// matter. Where the port is not 22 and nothing is listed for it, a key listed without a port will do.
    #[must_use]
    pub fn check(&self, host: &str, port: u16, key: &PublicKey) -> Verdict {
        let listed = self.revoked.iter().find(|(_, list)| list.revokes_key(key));
        if let Some(revoked) = self.revoked_by(listed).or_else(|| self.revocation(host, port, &[key])) {
            return revoked;
        }
        self.names_to_try(host, port)
            .find_map(|(name, is_first)| match self.check_name(&name, key) {
                Verdict::Unknown => None,
                // Another key without a port says nothing of this port.
                Verdict::Changed { .. } if !is_first => None,
                verdict => Some(verdict),
            })
            .unwrap_or(Verdict::Unknown)
    }

    /// What is known of a host's certificate, as OpenSSH decides: it counts if an authority listed for the host signed
    /// it, for a host, for this name, now, and without options nobody knows. If it does not, its key is looked up as one
    /// without a certificate would be. `now`: seconds since 1970.
    #[must_use]
    pub fn check_cert(&self, host: &str, port: u16, cert: &Certificate, now: u64) -> CertVerdict {
        let keys = [cert.key(), cert.signature_key()];
        let listed = self.revoked.iter().find(|(_, list)| list.revokes_cert(cert));
        if let Some(verdict) = self.revoked_by(listed).or_else(|| self.revocation(host, port, &keys)) {
            return CertVerdict { verdict, refused: None };
        }
        match self.authority_verdict(host, port, cert, now) {
            Ok(verdict) => CertVerdict { verdict, refused: None },
            Err(error) => CertVerdict { verdict: self.check(host, port, cert.key()), refused: Some(error) },
        }
    }

    /// What is known of a key and the certificate shown for it, if one was.
    #[must_use]
    pub fn check_shown(
        &self,
        host: &str,
        port: u16,
        key: &PublicKey,
        cert: Option<&Certificate>,
        now: u64,
    ) -> CertVerdict {
        match cert {
            Some(cert) => self.check_cert(host, port, cert, now),
            None => CertVerdict { verdict: self.check(host, port, key), refused: None },
        }
    }

    /// A list that could not be read may hold any key.
    fn revoked_by(&self, list: Option<&(Arc<str>, Arc<Krl>)>) -> Option<Verdict> {
        let file = self.unreadable.first().or(list.map(|(file, _)| file))?;
        Some(Verdict::Revoked { file: file.clone(), line: 0 })
    }

    fn authority_verdict(&self, host: &str, port: u16, cert: &Certificate, now: u64) -> Result<Verdict, Error> {
        let signer = cert.signature_key();
        for (name, _) in self.names_to_try(host, port) {
            let mut listed = self
                .entries
                .iter()
                .filter(|entry| entry.marker() == Marker::Authority && entry.matches(&name))
                .peekable();
            // Where authorities are listed with the port, those without are not for it.
            if listed.peek().is_none() {
                continue;
            }
            let Some(entry) = listed.find(|entry| entry.is_of(signer)) else { break };
            let principal = host.to_ascii_lowercase();
            cert.check(&CertCheck { principals: &[&principal], ..CertCheck::new(CertKind::Host, now) })?;
            return Ok(Verdict::matched(entry));
        }
        let text = format!("the authority {} of its certificate is not listed for it", signer.fingerprint_sha256());
        Err(Error::new(ErrorKind::HostKeyUnknown, text))
    }

    /// Whether one of the keys is revoked: this outranks whatever else is listed, with a port or without.
    fn revocation(&self, host: &str, port: u16, keys: &[&PublicKey]) -> Option<Verdict> {
        let revoked = |name: &str| {
            let mut entries = self.entries.iter().filter(|entry| entry.marker() == Marker::Revoked);
            entries.find(|entry| entry.matches(name) && keys.iter().any(|key| entry.is_of(key)))
        };
        self.names_to_try(host, port).find_map(|(name, _)| revoked(&name)).map(Verdict::revoked)
    }

    /// The name with the port, then the one without.
    fn names_to_try(&self, host: &str, port: u16) -> impl Iterator<Item = (String, bool)> {
        let without = (port != DEFAULT_PORT).then(|| (name_of(host, DEFAULT_PORT), false));
        std::iter::once((name_of(host, port), true)).chain(without)
    }

    fn check_name(&self, name: &str, key: &PublicKey) -> Verdict {
        let (mut matched, mut other) = (None, None);
        for entry in self.entries.iter().filter(|entry| entry.marker() == Marker::None && entry.matches(name)) {
            if entry.is_of(key) {
                matched = matched.or(Some(entry));
                continue;
            }
            // An entry of the same type explains the change best.
            let explains = |old: &Entry| old.key_type() != key.key_type() && entry.key_type() == key.key_type();
            if other.is_none_or(explains) && entry.is_sound() {
                other = Some(entry);
            }
        }
        match (matched, other) {
            (Some(entry), _) => Verdict::matched(entry),
            (None, Some(entry)) => Verdict::Changed { file: entry.file().clone(), line: entry.line() },
            (None, None) => Verdict::Unknown,
        }
    }

    /// What is listed for a host: a client that asks for these algorithms first meets a key it can check.
    #[must_use]
    pub fn known_for(&self, host: &str, port: u16) -> Known {
        let mut known = Known::default();
        for (name, _) in self.names_to_try(host, port) {
            for entry in self.entries.iter().filter(|entry| entry.matches(&name)) {
                match entry.marker() {
                    Marker::Authority => known.has_authority = true,
                    Marker::None if !known.key_types.contains(&entry.key_type()) && entry.is_sound() => {
                        known.key_types.push(entry.key_type());
                    }
                    _ => {}
                }
            }
            if known != Known::default() {
                break;
            }
        }
        known
    }
}
