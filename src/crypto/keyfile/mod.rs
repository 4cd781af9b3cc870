//! Key files: private keys in OpenSSH's own format, public keys on one line.
//!
//! Other formats are recognised and named in the error, so that a user knows what to convert.

mod decrypt;
mod openssh;

use super::hostkey::{PrivateKey, PublicKey};
use crate::error::{Error, ErrorKind, Result};

/// Longer files are no key files. The longest RSA key takes about 12 KiB.
const MAX_LEN: usize = 1 << 20;

/// What helps with PEM files, which OpenSSH reads and can rewrite.
const REWRITE: &str = "ssh-keygen -p -f FILE rewrites it in OpenSSH's format";
const PUTTY: &str = "puttygen FILE -O private-openssh-new -o NEWFILE converts it";
const SSH_COM: &str = "ssh-keygen -i -f FILE converts it once it has no passphrase";
const NEW_KEY: &str = ErrorKind::KeyUnsupportedType.remedy();
const USE_PRIVATE: &str = ErrorKind::KeyPublicOnly.remedy();

/// How a file begins, what it is then, and what helps.
const FORMATS: &[(&str, ErrorKind, &str, &str)] = &[
    ("-----BEGIN RSA PRIVATE KEY-----", ErrorKind::KeyUnsupportedFormat, "a PEM (PKCS#1) RSA key", REWRITE),
    ("-----BEGIN EC PRIVATE KEY-----", ErrorKind::KeyUnsupportedFormat, "a PEM (SEC1) EC key", REWRITE),
    ("-----BEGIN DSA PRIVATE KEY-----", ErrorKind::KeyUnsupportedType, "a PEM DSA key", NEW_KEY),
    ("-----BEGIN PRIVATE KEY-----", ErrorKind::KeyUnsupportedFormat, "a PKCS#8 key", REWRITE),
    ("-----BEGIN ENCRYPTED PRIVATE KEY-----", ErrorKind::KeyUnsupportedFormat, "an encrypted PKCS#8 key", REWRITE),
    ("PuTTY-User-Key-File-", ErrorKind::KeyUnsupportedFormat, "a PuTTY key (.ppk)", PUTTY),
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
    let text = text(bytes)?.trim_start();
    if text.starts_with(openssh::BEGIN) {
        return openssh::parse(text, passphrase);
    }
    if let Some((_, kind, what, hint)) = FORMATS.iter().find(|(start, ..)| text.starts_with(start)) {
        let error = Error::new(*kind, format!("the file is {what}, not an OpenSSH private key"));
        return Err(error.with(|detail| detail.hint = Some(hint)));
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
        // Only the public half can be had from a private key, never the other way round.
        let (text, hint) = match line.contains("PRIVATE KEY") {
            true => ("the file is a private key, not a public one", "ssh-keygen -y -f FILE prints the public half"),
            false => (
                "the file is no one-line public key",
                "ssh-keygen -i -f FILE converts it (RFC 4716; -m PKCS8 or PEM for those)",
            ),
        };
        return Err(Error::new(ErrorKind::KeyUnsupportedFormat, text).with(|detail| detail.hint = Some(hint)));
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
