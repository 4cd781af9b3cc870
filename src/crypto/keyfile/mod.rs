//! Key files: private keys in OpenSSH's own format, public keys on one line.
//!
//! Other formats are recognised and named in the error, so that a user knows what to convert.

mod decrypt;
mod openssh;

use super::hostkey::{PrivateKey, PublicKey};
use crate::error::{Error, ErrorKind, Result};

/// Longer files are no key files. The longest RSA key takes about 12 KiB.
const MAX_LEN: usize = 1 << 20;

/// How a file begins, and what it is then.
const FORMATS: &[(&str, ErrorKind, &str)] = &[
    ("-----BEGIN RSA PRIVATE KEY-----", ErrorKind::KeyUnsupportedFormat, "a PEM (PKCS#1) RSA key"),
    ("-----BEGIN EC PRIVATE KEY-----", ErrorKind::KeyUnsupportedFormat, "a PEM (SEC1) EC key"),
    ("-----BEGIN DSA PRIVATE KEY-----", ErrorKind::KeyUnsupportedType, "a PEM DSA key"),
    ("-----BEGIN PRIVATE KEY-----", ErrorKind::KeyUnsupportedFormat, "a PKCS#8 key"),
    ("-----BEGIN ENCRYPTED PRIVATE KEY-----", ErrorKind::KeyUnsupportedFormat, "an encrypted PKCS#8 key"),
    ("PuTTY-User-Key-File-", ErrorKind::KeyUnsupportedFormat, "a PuTTY key (.ppk)"),
    ("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----", ErrorKind::KeyUnsupportedFormat, "an ssh.com key"),
    ("SSH PRIVATE KEY FILE FORMAT 1.", ErrorKind::KeyUnsupportedFormat, "an SSH-1 key"),
    ("---- BEGIN SSH2 PUBLIC KEY ----", ErrorKind::KeyPublicOnly, "a public key (RFC 4716)"),
    ("-----BEGIN PUBLIC KEY-----", ErrorKind::KeyPublicOnly, "a public key (PEM)"),
    ("-----BEGIN RSA PUBLIC KEY-----", ErrorKind::KeyPublicOnly, "a public key (PEM)"),
];

/// Reads a private key file. `passphrase` is looked at only where the file is encrypted.
///
/// Errors: `KeyNeedsPassphrase`, `KeyBadPassphrase`, `KeyUnsupportedCipher` (cipher or KDF), `KeyUnsupportedFormat`,
/// `KeyUnsupportedType`, `KeyPublicOnly` (the file is the public half), `KeyWeak`, and `KeyCorrupt` for everything
/// that is damaged, halves that do not belong together among it.
pub fn parse_private(bytes: &[u8], passphrase: Option<&[u8]>) -> Result<PrivateKey> {
    let text = text(bytes)?.trim_start();
    if text.starts_with(openssh::BEGIN) {
        return openssh::parse(text, passphrase);
    }
    if let Some((_, kind, what)) = FORMATS.iter().find(|(start, _, _)| text.starts_with(start)) {
        return Err(Error::new(*kind, format!("the file is {what}, not an OpenSSH private key")));
    }
    match text.lines().next().map(PublicKey::parse_line) {
        Some(Ok(_)) => Err(Error::new(ErrorKind::KeyPublicOnly, "the file is the public half of a key")),
        _ => Err(Error::new(ErrorKind::KeyCorrupt, "the file is no key file that is known here")),
    }
}

/// Reads a public key file: one line, `type base64 comment`; lines that are empty or start with `#` are passed over.
/// Gives the key and its comment.
///
/// Errors: those of [`PublicKey::parse_line`]; `KeyUnsupportedFormat` for other formats of public keys.
pub fn parse_public(bytes: &[u8]) -> Result<(PublicKey, String)> {
    let text = text(bytes)?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let line = line.ok_or_else(|| Error::new(ErrorKind::KeyCorrupt, "the public key file is empty"))?;
    if line.starts_with("----") {
        return Err(Error::new(ErrorKind::KeyUnsupportedFormat, "the file is no one-line public key"));
    }
    PublicKey::parse_line(line)
}

fn text(bytes: &[u8]) -> Result<&str> {
    if bytes.len() > MAX_LEN {
        return Err(Error::new(ErrorKind::KeyCorrupt, "the file is too long for a key file: more than 1 MiB"));
    }
    std::str::from_utf8(bytes).map_err(|_| Error::new(ErrorKind::KeyCorrupt, "the key file is not text"))
}

#[cfg(test)]
mod tests;
