//! Who may log in with which key (sshd(8), AUTHORIZED_KEYS FILE FORMAT), decided as sshd decides: a user's authorized_keys,
//! the authorities trusted for all users, the principals a user goes by, and what is revoked.
//!
//! A line that cannot be read, or has an option that is not known, admits nobody; the other lines count, and
//! [`AuthorizedKeys::rejected`] tells of it.

mod address;
mod line;
mod options;
mod time;

pub use line::Place;

use crate::crypto::cert::{CertCheck, CertKind, Certificate};
use crate::crypto::hostkey::PublicKey;
use crate::crypto::krl::Krl;
use crate::crypto::pattern::wildcard;
use crate::engine::Permissions;
use crate::error::{printable, Error, ErrorKind, Result};
use line::{KeyLine, PrincipalLine};
use options::{Options, Reason};
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// Longer files are refused, so that a mistaken path does not fill the memory.
const MAX_LEN: u64 = 16 << 20;
/// The bound of [`Krl::parse`].
const MAX_KRL: u64 = 128 << 20;

/// A line that admits nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Where it is.
    pub place: Place,
    /// Why.
    pub reason: String,
}

/// Whom a server admits.
#[derive(Default)]
pub struct AuthorizedKeys {
    keys: Vec<KeyLine>,
    authorities: Vec<(PublicKey, Place)>,
    /// Once there is a list, a certificate of a trusted authority must hold a name that is on it.
    principals: Option<Vec<PrincipalLine>>,
    revoked: Vec<Arc<Krl>>,
    /// Files of what is revoked that could not be read: as long as there are any, nobody is admitted.
    unreadable: Vec<String>,
    rejected: Vec<Rejected>,
    /// The algorithms accepted of authorities' signatures; None: the usual ones.
    ca_algorithms: Option<Vec<String>>,
    /// Patterns of variables that `environment` may set.
    environment: Vec<String>,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The user to log in as.
    pub user: &'a str,
    /// The key.
    pub key: &'a PublicKey,
    /// The certificate that was shown for it.
    pub cert: Option<&'a Certificate>,
    /// The peer's address, in numbers.
    pub address: &'a str,
    /// The peer's name, where one is known.
    pub host: Option<&'a str>,
    /// Seconds since 1970.
    pub now: u64,
}

impl AuthorizedKeys {
    /// Adds a file of authorized_keys. One that does not exist lists nothing.
    ///
    /// Errors: `File`, where it cannot be read or is longer than 16 MiB.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let text = read(path, true, MAX_LEN)?;
        self.add(&text, &path.to_string_lossy());
        Ok(())
    }

    /// Adds the text of such a file; `name` is for reports.
    pub fn add(&mut self, text: &[u8], name: &str) {
        let read = self.read_lines(text, name, line::key_line);
        self.keys.extend(read.into_iter().map(|(place, (key, options))| KeyLine { place, key, options }));
    }

    /// Adds all that others list.
    pub fn append(&mut self, others: Self) {
        self.keys.extend(others.keys);
        self.authorities.extend(others.authorities);
        if let Some(lines) = others.principals {
            self.principals.get_or_insert_default().extend(lines);
        }
        self.revoked.extend(others.revoked);
        self.unreadable.extend(others.unreadable);
        self.rejected.extend(others.rejected);
        self.environment.extend(others.environment);
        self.ca_algorithms = others.ca_algorithms.or(self.ca_algorithms.take());
    }

    /// Trusts an authority for the certificates of all users (OpenSSH's TrustedUserCAKeys).
    pub fn add_authority(&mut self, key: PublicKey, place: Place) {
        self.authorities.push((key, place));
    }

    /// Trusts the authorities whose keys a file lists.
    ///
    /// Errors: `File`, where it does not exist as well.
    pub fn load_authorities(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let text = read(path, false, MAX_LEN)?;
        let read = self.read_lines(&text, &path.to_string_lossy(), line::authority_line);
        self.authorities.extend(read.into_iter().map(|(place, key)| (key, place)));
        Ok(())
    }

    /// Adds a file of the names the user goes by (OpenSSH's AuthorizedPrincipalsFile). From here on a certificate of a
    /// trusted authority needs one of them in place of the user's name; a file that does not exist lists none.
    ///
    /// Errors: `File`.
    pub fn load_principals(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let text = read(path, true, MAX_LEN)?;
        self.add_principals(&text, &path.to_string_lossy());
        Ok(())
    }

    /// Adds the text of such a file.
    pub fn add_principals(&mut self, text: &[u8], name: &str) {
        let read = self.read_lines(text, name, line::principal_line);
        let lines = read.into_iter().map(|(place, (name, options))| PrincipalLine { place, name, options });
        self.principals.get_or_insert_default().extend(lines);
    }

    /// Revokes what a list revokes: keys, certificates, authorities (OpenSSH's RevokedKeys).
    pub fn add_krl(&mut self, krl: Arc<Krl>) {
        self.revoked.push(krl);
    }

    /// Revokes what a file revokes: a list of `ssh-keygen -k`, or public keys, one a line.
    ///
    /// Errors: those of [`AuthorizedKeys::read_krl`]; [`AuthorizedKeys::put_krl`] says what follows.
    pub fn load_krl(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        self.put_krl(&path.to_string_lossy(), Self::read_krl(path))
    }

    /// Reads such a file.
    ///
    /// Errors: `File`, where it does not exist as well; what [`Krl::parse`] says.
    pub fn read_krl(path: impl AsRef<Path>) -> Result<Krl> {
        let path = path.as_ref();
        Krl::parse(&read(path, false, MAX_KRL)?).map_err(|error| error.in_file(&path.to_string_lossy()))
    }

    /// Adds what was read of such a file. If that failed nobody is admitted, as what the file would revoke is not known
    /// (sshd says the same of RevokedKeys), until the same file is read.
    ///
    /// Errors: the one of `krl`.
    pub fn put_krl(&mut self, name: &str, krl: Result<Krl>) -> Result<()> {
        self.unreadable.retain(|file| file != name);
        match krl {
            Ok(krl) => self.add_krl(Arc::new(krl)),
            Err(error) => {
                self.unreadable.push(name.to_owned());
                return Err(error);
            }
        }
        Ok(())
    }

    /// Sets the algorithms that are accepted of authorities' signatures (OpenSSH's CASignatureAlgorithms).
    pub fn set_ca_algorithms(&mut self, names: Vec<String>) {
        self.ca_algorithms = Some(names);
    }

    /// Lets `environment` options set the variables that fit one of these patterns, as OpenSSH's PermitUserEnvironment. A
    /// variable can change how every program of the user runs, LD_PRELOAD for one: none may be set before this is called.
    pub fn permit_environment(&mut self, patterns: impl IntoIterator<Item = String>) {
        self.environment.extend(patterns);
    }

    /// The lines that admit nobody because they could not be read, in the order they were added.
    #[must_use]
    pub fn rejected(&self) -> &[Rejected] {
        &self.rejected
    }

    fn read_lines<T>(
        &mut self,
        text: &[u8],
        name: &str,
        read: impl Fn(&[u8]) -> Option<std::result::Result<T, Reason>>,
    ) -> Vec<(Place, T)> {
        let file: Arc<str> = name.into();
        let mut out = Vec::new();
        for (line, content) in line::lines(text) {
            let place = Place { file: Arc::clone(&file), line };
            match read(content) {
                Some(Ok(found)) => out.push((place, found)),
                Some(Err(reason)) => self.rejected.push(Rejected { place, reason }),
                None => {}
            }
        }
        out
    }

    /// Decides whether a user may log in with a key, and what may be done then. A key whose signature is verified is not
    /// asked for: that is the caller's part, and so are an authenticator's flags.
    ///
    /// Errors: `File` while a list of what is revoked could not be read; `KeyRevoked`, `CertRevoked`; what [`Certificate::check`] says; `CertUntrusted`; `KeyNotAuthorized` where
    /// nothing lists the key, or an option of the line that does refuses. The text says which line.
    pub fn check(&self, request: &Request<'_>) -> Result<Permissions> {
        self.check_revoked(request)?;
        let mut refusal = None;
        let wanted = request.cert.map_or(request.key, Certificate::signature_key);
        for line in &self.keys {
            if line.options.cert_authority != request.cert.is_some() || &line.key != wanted {
                continue;
            }
            match self.by_line(line, request) {
                Ok(found) => return Ok(self.limit_environment(found)),
                // A later line may admit the same key. The first reason is the one to tell.
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        if let Some(cert) = request.cert {
            if let Some((_, place)) = self.authorities.iter().find(|(key, _)| key == wanted) {
                return self.by_authority(cert, place, request).map(|found| self.limit_environment(found));
            }
        }
        Err(refusal.unwrap_or_else(|| match request.cert {
            Some(cert) => {
                let authority = cert.signature_key().fingerprint_sha256();
                Error::new(ErrorKind::CertUntrusted, format!("the certificate's authority {authority} is not trusted"))
            }
            None => Error::from(ErrorKind::KeyNotAuthorized),
        }))
    }

    fn check_revoked(&self, request: &Request<'_>) -> Result<()> {
        if let Some(file) = self.unreadable.first() {
            let text = format!("the revocation list {} could not be read", printable(file.as_bytes()));
            return Err(Error::new(ErrorKind::File, text));
        }
        for krl in &self.revoked {
            match request.cert {
                Some(cert) if krl.revokes_cert(cert) || krl.revokes_key(cert.signature_key()) => {
                    return Err(ErrorKind::CertRevoked.into());
                }
                None if krl.revokes_key(request.key) => return Err(ErrorKind::KeyRevoked.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// A certificate of an authority that is trusted for all users.
    fn by_authority(&self, cert: &Certificate, place: &Place, request: &Request<'_>) -> Result<Permissions> {
        let listed = |line: &&PrincipalLine| cert.principals().iter().any(|name| name.as_bytes() == line.name);
        let line = match &self.principals {
            None => None,
            Some(lines) => Some(lines.iter().find(listed).ok_or_else(|| {
                Error::new(
                    ErrorKind::CertWrongPrincipal,
                    "the certificate lists no name that the user goes by (authorized principals)",
                )
            })?),
        };
        let user = [request.user];
        let found = self.by_certificate(cert, if line.is_some() { &[] } else { &user }, request)?;
        let found = Permissions { file: place.file.to_string(), line: place.line, ..found };
        let Some(line) = line else { return Ok(found) };
        by_options(&line.options, &line.place, false, request)?;
        merge(&line.options, &line.place, &found)
    }

    /// Whether a line that lists the key, or the certificate's authority, admits the user.
    fn by_line(&self, line: &KeyLine, request: &Request<'_>) -> Result<Permissions> {
        by_options(&line.options, &line.place, request.cert.is_some(), request)?;
        let Some(cert) = request.cert else { return Ok(at_place(&line.options, &line.place)) };
        let user = [request.user];
        let names = match &line.options.principals {
            None => &user[..],
            Some(names) => {
                // As OpenSSH reads it: an empty name ends the list.
                let mut names = names.split(|&b| b == b',').take_while(|name| !name.is_empty());
                if !names.any(|name| cert.principals().iter().any(|own| own.as_bytes() == name)) {
                    let text = format!("{}: the certificate lists none of the line's principals", show(&line.place));
                    return Err(Error::new(ErrorKind::CertWrongPrincipal, text));
                }
                &[]
            }
        };
        let found = self.by_certificate(cert, names, request)?;
        merge(&line.options, &line.place, &found)
    }

    /// What a certificate permits, once it is found to be good for one of `names`, or for any where there are none.
    fn by_certificate(&self, cert: &Certificate, names: &[&str], request: &Request<'_>) -> Result<Permissions> {
        let peer: Option<IpAddr> = request.address.split('%').next().and_then(|ip| ip.parse().ok());
        let usual = CertCheck { principals: names, peer, ..CertCheck::new(CertKind::User, request.now) };
        match &self.ca_algorithms {
            Some(names) => {
                let ca_algorithms: Vec<&str> = names.iter().map(String::as_str).collect();
                cert.check(&CertCheck { ca_algorithms: &ca_algorithms, ..usual })?;
            }
            None => cert.check(&usual)?,
        }
        if peer.is_none() && cert.critical_option("source-address").is_some() {
            let text = "the certificate is bound to addresses, and the peer's is not known";
            return Err(Error::new(ErrorKind::CertSourceAddress, text));
        }
        Ok(Permissions {
            pty: cert.has_extension("permit-pty"),
            agent_forwarding: cert.has_extension("permit-agent-forwarding"),
            x11_forwarding: cert.has_extension("permit-X11-forwarding"),
            port_forwarding: cert.has_extension("permit-port-forwarding"),
            user_rc: cert.has_extension("permit-user-rc"),
            touch_required: !cert.has_extension("no-touch-required"),
            verify_required: cert.critical_options().iter().any(|option| option.name == "verify-required"),
            command: cert.critical_option("force-command").map(<[u8]>::to_vec),
            certificate: Some((cert.key_id().to_owned(), cert.serial())),
            ..Permissions::none()
        })
    }

    fn limit_environment(&self, mut found: Permissions) -> Permissions {
        let permitted = |name: &str| self.environment.iter().any(|own| wildcard(own.as_bytes(), name.as_bytes()));
        found.environment.retain(|(name, _)| permitted(name));
        found
    }
}

/// What options ask of the peer and of the time.
fn by_options(options: &Options, place: &Place, may_be_authority: bool, request: &Request<'_>) -> Result<()> {
    let refused = |why: &str| Err(Error::new(ErrorKind::KeyNotAuthorized, format!("{}: {why}", show(place))));
    if options.expires.is_some_and(|expires| expires < request.now) {
        return refused("the line has expired (expiry-time)");
    }
    if options.principals.is_some() && !options.cert_authority {
        return refused("principals= without cert-authority");
    }
    if options.cert_authority && !may_be_authority {
        return refused("cert-authority has no meaning here");
    }
    match options.from.as_deref().map(|list| address::admits(list, request.host, request.address)) {
        None | Some(Ok(true)) => Ok(()),
        Some(Ok(false)) => {
            let peer = request.host.unwrap_or(request.address);
            refused(&format!("the key may not be used from {} (from=)", printable(peer.as_bytes())))
        }
        Some(Err(_)) => refused("the list of from= cannot be used"),
    }
}

fn at_place(options: &Options, place: &Place) -> Permissions {
    Permissions { file: place.file.to_string(), line: place.line, ..options.permissions.clone() }
}

fn merge(options: &Options, place: &Place, cert: &Permissions) -> Result<Permissions> {
    at_place(options, place)
        .merge(cert)
        .map_err(|error| Error::new(ErrorKind::KeyNotAuthorized, format!("{}: {}", show(place), error.text())))
}

fn show(place: &Place) -> String {
    format!("{}:{}", printable(place.file.as_bytes()), place.line)
}

fn read(path: &Path, may_be_missing: bool, most: u64) -> Result<Vec<u8>> {
    let failed =
        |why: &dyn std::fmt::Display| Error::new(ErrorKind::File, format!("{}: {why}", path.to_string_lossy()));
    let file = match File::open(path) {
        Err(error) if may_be_missing && error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file.map_err(|error| failed(&error))?,
    };
    let mut text = Vec::new();
    file.take(most + 1).read_to_end(&mut text).map_err(|error| failed(&error))?;
    if text.len() as u64 > most {
        return Err(failed(&format!("longer than {most} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
