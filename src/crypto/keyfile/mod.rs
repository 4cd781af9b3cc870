//! Key files: private keys in OpenSSH's own format, PEM (PKCS#1, SEC1, PKCS#8) and PuTTY's; public keys on one line, in
//! RFC 4716's format and PEM.
//!
//! Other formats are recognised and named in the error, so that a user knows what to convert.

mod armor;
mod decrypt;
pub mod fields;
mod openssh;
mod pem;
mod ppk;
mod public;
mod sshsig;
mod write;

pub use public::parse_public;
pub use sshsig::{sign_message, verify_message};
pub use write::{write_openssh, write_pkcs8, write_traditional, Protection};

use super::hostkey::{PrivateKey, PublicKey};
use crate::error::{Error, ErrorKind, Result};
use std::borrow::Cow;

/// Longer files are no key files. The longest RSA key takes about 12 KiB.
const MAX_LEN: usize = 1 << 20;

/// What helps.
const SSH_COM: &str = "ssh-keygen -i -f FILE converts it once it has no passphrase";
const NEW_KEY: &str = ErrorKind::KeyUnsupportedType.remedy();
const USE_PRIVATE: &str = ErrorKind::KeyPublicOnly.remedy();

/// How a file begins, what it is then, and what helps.
const FORMATS: &[(&str, ErrorKind, &str, &str)] = &[
    ("-----BEGIN DSA PRIVATE KEY-----", ErrorKind::KeyUnsupportedType, "a PEM DSA key", NEW_KEY),
    ("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----", ErrorKind::KeyUnsupportedFormat, "an ssh.com key", SSH_COM),
    ("SSH PRIVATE KEY FILE FORMAT 1.", ErrorKind::KeyUnsupportedFormat, "an SSH-1 key", NEW_KEY),
    ("---- BEGIN SSH2 PUBLIC KEY ----", ErrorKind::KeyPublicOnly, "a public key (RFC 4716)", USE_PRIVATE),
    ("-----BEGIN PUBLIC KEY-----", ErrorKind::KeyPublicOnly, "a public key (PEM)", USE_PRIVATE),
    ("-----BEGIN RSA PUBLIC KEY-----", ErrorKind::KeyPublicOnly, "a public key (PEM)", USE_PRIVATE),
];

/// Reads a private key file. `passphrase` is looked at only where the file is encrypted.
///
/// Errors: `KeyNeedsPassphrase`, `KeyBadPassphrase`, `KeyUnsupportedCipher` (cipher or KDF), `KeyUnsupportedFormat`,
/// `KeyUnsupportedType`, `KeyPublicOnly` (the file is the public half), `KeyWeak`, and `KeyCorrupt` for everything
/// that is damaged, halves that do not belong together among it.
pub fn parse_private(bytes: &[u8], passphrase: Option<&[u8]>) -> Result<PrivateKey> {
    parse_private_with_comment(bytes, passphrase).map(|(key, _)| key)
}

/// [`parse_private`], and the key's comment, empty where the format has none.
///
/// Errors: as [`parse_private`].
pub fn parse_private_with_comment(bytes: &[u8], passphrase: Option<&[u8]>) -> Result<(PrivateKey, String)> {
    let text = text(bytes)?.trim_start();
    if text.starts_with(openssh::BEGIN) {
        return openssh::parse(text, passphrase);
    }
    if text.starts_with(ppk::BEGIN) {
        return ppk::parse(text, passphrase);
    }
    if let Some(parsed) = pem::parse(text, passphrase) {
        return parsed.map(|key| (key, String::new()));
    }
    if let Some((_, kind, what, hint)) = FORMATS.iter().find(|(start, ..)| text.starts_with(start)) {
        let error = Error::new(*kind, format!("the file is {what}, not a private key that is read here"));
        return Err(error.with(|detail| detail.hint = Some(hint)));
    }
    if is_certificate(text) {
        return Err(Error::new(ErrorKind::KeyPublicOnly, CERTIFICATE).helped_by(USE_PRIVATE));
    }
    match text.lines().next().map(PublicKey::parse_line) {
        Some(Ok(_)) => Err(Error::new(ErrorKind::KeyPublicOnly, "the file is the public half of a key")),
        _ => Err(Error::new(ErrorKind::KeyCorrupt, "the file is no key file that is known here")),
    }
}

const CERTIFICATE: &str = "the file is a certificate; ssh_cert_load_file reads it";

/// Whether a line is a certificate's, by its first word.
fn is_certificate(line: &str) -> bool {
    line.split_whitespace().next().is_some_and(|name| name.ends_with("-cert-v01@openssh.com"))
}

fn corrupt(text: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::KeyCorrupt, text)
}

fn text(bytes: &[u8]) -> Result<&str> {
    if bytes.len() > MAX_LEN {
        return Err(Error::new(ErrorKind::KeyCorrupt, "the file is too long for a key file: more than 1 MiB"));
    }
    std::str::from_utf8(bytes).map_err(|_| Error::new(ErrorKind::KeyCorrupt, "the key file is not text"))
}

#[cfg(test)]
mod tests;
