//! Whether a server's key is the right one.

use super::Caller;
use crate::config::{HostConfig, World};
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::PublicKey;
use crate::crypto::krl::Krl;
use crate::engine::{wall_clock, Transport};
use crate::error::{printable, Error, ErrorKind, Result};
use crate::known_hosts::{prefer, CertVerdict, KnownHosts, Verdict};
use std::net::IpAddr;

const CA_ALGORITHMS: &str = "casignaturealgorithms";

/// What helps where nobody accepted a new key.
const ASKED: &str = "verify its fingerprint; then add it to known_hosts, or accept it in the callback accept_host_key";

/// `SSH_LOG_WARNING` as the log takes it.
const LOG_WARNING: u8 = 2;

/// StrictHostKeyChecking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strictness {
    /// "yes", and "ask" where the caller says no.
    Refuse,
    Ask,
    AcceptNew,
    /// Anything, but for revoked keys.
    Off,
}

/// What is known of hosts, and what to do about those that are not.
pub(super) struct Trust {
    known: KnownHosts,
    revoked: Option<(String, Krl)>,
    strictness: Strictness,
    /// What the key is filed under.
    name: String,
    port: u16,
    /// Where new keys go.
    file: Option<String>,
}

impl Trust {
    /// Reads the files that the host's options name.
    pub(super) fn load(host: &HostConfig, world: &dyn World) -> Result<Self> {
        let mut known = KnownHosts::default();
        for file in host.values("userknownhostsfile").unwrap_or_default() {
            known.append(KnownHosts::load(file)?);
        }
        for index in 0..host.values("globalknownhostsfile").map_or(0, <[String]>::len) {
            known.append(KnownHosts::load(host.expanded("globalknownhostsfile", index, world)?)?);
        }
        // A list of revoked keys that cannot be read must not let them through.
        let revoked = match host.get("revokedhostkeys") {
            None => None,
            Some(_) => {
                let path = host.expanded("revokedhostkeys", 0, world)?;
                let file = world.read(&path).map_err(|error| {
                    Error::new(ErrorKind::File, format!("revokedhostkeys: {}: {error}", printable(path.as_bytes())))
                })?;
                Some((path, Krl::parse(&file.bytes)?))
            }
        };
        let strictness = match host.get("stricthostkeychecking") {
            Some("false") => Strictness::Off,
            Some("accept-new") => Strictness::AcceptNew,
            Some("ask") if !host.is_yes("batchmode") => Strictness::Ask,
            _ => Strictness::Refuse,
        };
        // An alias stands for the key itself, whatever the port.
        let (name, port) = match host.get("hostkeyalias") {
            Some(alias) => (alias.to_owned(), 22),
            None => (host.host().to_owned(), super::settings::port(host)),
        };
        let file = host.values("userknownhostsfile").and_then(<[String]>::first).cloned();
        Ok(Self { known, revoked, strictness, name, port, file })
    }

    /// Has the server show a key that can be checked, unless the user has said which to ask for.
    pub(super) fn order_host_keys(&self, transport: &Transport, host: &HostConfig) -> Result<()> {
        match host.origin("hostkeyalgorithms") {
            Some(_) => Ok(()),
            None => prefer(transport, &self.known.known_for(&self.name, self.port)),
        }
    }

    /// Decides over the key that the server has proved to hold. True: secrets may be typed; false: the host's key is
    /// another one than is known, and the user has said to go on all the same. `is_direct`: neither a proxy nor another
    /// host is between.
    pub(super) fn check(
        &mut self,
        transport: &Transport,
        host: &HostConfig,
        caller: &mut dyn Caller,
        is_direct: bool,
    ) -> Result<bool> {
        let (key, cert) = (transport.remote_server_key()?, transport.remote_server_certificate());
        self.check_revoked(&key, cert.as_ref())?;
        check_size(&key, host)?;
        let peer = transport.peer_name().0.parse::<IpAddr>();
        // What a proxy or another host leads to is elsewhere, wherever the proxy itself is.
        let at_home = is_direct && peer.is_ok_and(|address| address.is_loopback());
        if at_home && host.is_yes("nohostauthenticationforlocalhost") {
            return Ok(true);
        }
        let CertVerdict { verdict, refused } = self.look_up(&key, cert.as_ref(), host);
        let why = refused.map(|error| format!("; its certificate does not count: {error}")).unwrap_or_default();
        let refuse = |kind, what: String| {
            let (print, name) = (key.fingerprint_sha256(), printable(self.name.as_bytes()));
            Err(Error::new(kind, format!("the host key {print} of {name}, port {}, {what}{why}", self.port)))
        };
        match verdict {
            Verdict::Match { .. } => Ok(true),
            Verdict::Revoked { file, line } => {
                refuse(ErrorKind::HostKeyRevoked, format!("is marked as revoked in {file}, line {line}"))
            }
            Verdict::Changed { .. } if self.strictness == Strictness::Off => Ok(false),
            Verdict::Changed { file, line } => {
                refuse(ErrorKind::HostKeyMismatch, format!("is not the one in {file}, line {line}"))
            }
            Verdict::Unknown => match self.strictness {
                Strictness::Refuse => refuse(ErrorKind::HostKeyUnknown, "is not known".to_owned()),
                Strictness::Ask if !caller.trusts(&self.name, self.port, &key) => {
                    let error = refuse(ErrorKind::HostKeyUnknown, "is not known, and was not accepted".to_owned());
                    error.map_err(|error| error.helped_by(ASKED))
                }
                _ => {
                    // That it cannot be written down, as where ~/.ssh does not exist, makes it no less accepted.
                    if let Err(error) = self.remember(&key, host) {
                        transport.log(LOG_WARNING, &format!("the new host key is not remembered: {}", error.text()));
                    }
                    Ok(true)
                }
            },
        }
    }

    /// What is known of the key and of its certificate, which counts for nothing where CASignatureAlgorithms, if the user
    /// has set it, does not list how it is signed.
    fn look_up(&self, key: &PublicKey, cert: Option<&Certificate>, host: &HostConfig) -> CertVerdict {
        let found = self.known.check_shown(&self.name, self.port, key, cert, wall_clock());
        let counts = matches!((&found.verdict, &found.refused), (Verdict::Match { .. }, None));
        let (Some(cert), true, Some(_)) = (cert, counts, host.origin(CA_ALGORITHMS)) else { return found };
        let algorithm = cert.signature_algorithm();
        if host.get(CA_ALGORITHMS).unwrap_or_default().split(',').any(|listed| listed == algorithm) {
            return found;
        }
        let text = format!("it is signed with {algorithm}, which {CA_ALGORITHMS} does not list");
        let refused = Some(Error::new(ErrorKind::CertWeakSignature, text));
        CertVerdict { verdict: self.known.check(&self.name, self.port, key), refused }
    }

    fn check_revoked(&self, key: &PublicKey, cert: Option<&Certificate>) -> Result<()> {
        let Some((path, list)) = &self.revoked else { return Ok(()) };
        if list.revokes_key(key) || cert.is_some_and(|cert| list.revokes_cert(cert)) {
            let text =
                format!("the host key {} is revoked by {}", key.fingerprint_sha256(), printable(path.as_bytes()));
            return Err(Error::new(ErrorKind::HostKeyRevoked, text));
        }
        Ok(())
    }

    /// Writes a new key down. Where there is no file for it, it is accepted this once.
    fn remember(&self, key: &PublicKey, host: &HostConfig) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        KnownHosts::add(file, &self.name, self.port, key, host.is_yes("hashknownhosts")).map(drop)
    }
}

/// RequiredRSASize.
pub(super) fn check_size(key: &PublicKey, host: &HostConfig) -> Result<()> {
    let least = host.number("requiredrsasize").unwrap_or(0);
    if key.key_type() == "ssh-rsa" && u64::from(key.bits()) < least {
        let text = format!("the RSA key has {} bits, requiredrsasize asks for {least}", key.bits());
        return Err(Error::new(ErrorKind::KeyWeak, text));
    }
    Ok(())
}
