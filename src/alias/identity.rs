//! The keys a host's options name: private key files with their certificates.

use super::trust::check_size;
use crate::config::{HostConfig, Local, World};
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::{PrivateKey, PublicKey};
use crate::crypto::keyfile::parse_private;
use crate::error::{printable, Error, ErrorKind, Result};
use zeroize::Zeroizing;

/// Longer files hold no key.
const MAX_LEN: usize = 1 << 20;

/// A private key file, or what stands for one that only an agent has.
pub(super) struct KeyFile {
    pub(super) path: String,
    /// A passphrase would open it.
    pub(super) is_encrypted: bool,
    bytes: Zeroizing<Vec<u8>>,
    /// None while it is encrypted.
    pub(super) key: Option<PrivateKey>,
    /// Its public half, where it is known without the passphrase.
    pub(super) public: Option<PublicKey>,
}

impl KeyFile {
    /// Decrypts it.
    pub(super) fn unlock(&mut self, passphrase: &[u8]) -> Result<()> {
        let key = parse_private(&self.bytes, Some(passphrase))?;
        self.public = Some(key.public().clone());
        self.key = Some(key);
        Ok(())
    }
}

/// What the files hold.
#[derive(Default)]
pub(super) struct Found {
    pub(super) files: Vec<KeyFile>,
    /// With the path of their files.
    pub(super) certificates: Vec<(String, Certificate)>,
    /// Why files were passed over.
    pub(super) passed_over: Vec<Error>,
}

/// Reads the files of IdentityFile and CertificateFile, and the certificates beside the first where none are named. That
/// a file does not exist is told of those that are named only: defaults hardly ever all exist.
pub(super) fn load(host: &HostConfig, local: &Local, world: &dyn World) -> Result<Found> {
    let mut found = Found::default();
    let mut beside = Vec::new();
    for index in 0..host.values("identityfile").map_or(0, <[String]>::len) {
        let path = host.expanded("identityfile", index, world)?;
        if path.eq_ignore_ascii_case("none") {
            continue;
        }
        beside.push(format!("{path}-cert.pub"));
        match key_file(&path, host, local, world) {
            Ok(None) => found.passed_over.extend(unread(&path, origin(host, "identityfile", index), world)),
            Ok(file) => found.files.extend(file),
            Err(error) => found.passed_over.push(error),
        }
    }
    let named = host.values("certificatefile").map_or(0, <[String]>::len);
    let paths = match named {
        0 => beside,
        _ => (0..named).map(|index| host.expanded("certificatefile", index, world)).collect::<Result<_>>()?,
    };
    for (index, path) in paths.into_iter().enumerate() {
        match certificate(&path, world) {
            Ok(None) => found.passed_over.extend(unread(&path, origin(host, "certificatefile", index), world)),
            Ok(Some(certificate)) => found.certificates.push((path, certificate)),
            Err(error) => found.passed_over.push(error),
        }
    }
    Ok(found)
}

/// Where an option that has values was set: None where it was not, and its default holds. Only of the first value the
/// line is known.
fn origin(host: &HostConfig, name: &str, index: usize) -> Option<String> {
    let origin = host.origin(name)?;
    Some(if index == 0 { format!(" ({origin})") } else { String::new() })
}

/// Why there is nothing in a file that somebody has named.
fn unread(path: &str, origin: Option<String>, world: &dyn World) -> Option<Error> {
    let origin = origin?;
    let why = match world.read(path) {
        Ok(_) => "no key or certificate is in it".to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "no such file".to_owned(),
        Err(error) => error.to_string(),
    };
    Some(Error::new(ErrorKind::File, format!("{}{origin}: {why}", printable(path.as_bytes()))))
}

pub(super) fn of_file(path: &str, error: &Error) -> Error {
    Error::new(error.kind(), format!("{}: {}", printable(path.as_bytes()), error.text())).helped_by(error.hint())
}

fn key_file(path: &str, host: &HostConfig, local: &Local, world: &dyn World) -> Result<Option<KeyFile>> {
    let of_agent = |public| KeyFile {
        path: path.to_owned(),
        is_encrypted: false,
        bytes: Zeroizing::default(),
        key: None,
        public: Some(public),
    };
    // The public half alone names a key of the agent's.
    let Ok(file) = world.read(path) else { return Ok(public_half(path, world).map(of_agent)) };
    let bytes = Zeroizing::new(file.bytes);
    let parsed = parse_private(&bytes, None);
    if parsed.as_ref().is_err_and(|error| error.kind() == ErrorKind::KeyPublicOnly) {
        return Ok(public_of(&bytes).map(of_agent));
    }
    if file.owner == local.uid && file.mode & 0o077 != 0 {
        let text = format!("{}: not used: others than its owner can read it", printable(path.as_bytes()));
        return Err(Error::new(ErrorKind::File, text).helped_by("make the key private with chmod 600"));
    }
    if bytes.len() > MAX_LEN {
        return Err(Error::new(
            ErrorKind::KeyUnsupportedFormat,
            format!("{}: too long for a key", printable(path.as_bytes())),
        ));
    }
    let (key, public) = match parsed {
        Ok(key) => (Some(key.clone()), Some(key.public().clone())),
        Err(error) if error.kind() == ErrorKind::KeyNeedsPassphrase => (None, public_half(path, world)),
        Err(error) => return Err(of_file(path, &error)),
    };
    if let Some(public) = &public {
        check_size(public, host).map_err(|error| of_file(path, &error))?;
    }
    Ok(Some(KeyFile { path: path.to_owned(), is_encrypted: key.is_none(), bytes, key, public }))
}

fn text_of(path: &str, world: &dyn World) -> Option<String> {
    let file = world.read(path).ok().filter(|file| file.bytes.len() <= MAX_LEN)?;
    String::from_utf8(file.bytes).ok()
}

fn public_of(text: &[u8]) -> Option<PublicKey> {
    let line = text.split(|&b| b == b'\n').next().and_then(|line| std::str::from_utf8(line).ok())?;
    PublicKey::parse_line(line).ok().map(|(key, _)| key)
}

fn public_half(path: &str, world: &dyn World) -> Option<PublicKey> {
    public_of(text_of(&format!("{path}.pub"), world)?.as_bytes())
}

fn certificate(path: &str, world: &dyn World) -> Result<Option<Certificate>> {
    let Some(text) = text_of(path, world) else { return Ok(None) };
    let line = text.lines().next().unwrap_or_default();
    Certificate::parse_line(line).map(|(certificate, _)| Some(certificate)).map_err(|error| of_file(path, &error))
}
