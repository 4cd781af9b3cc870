//! Public and private keys, signatures. One algorithm family a file; what they share, and the blob and line formats
//! (RFC 4253 section 6.6, RFC 4716's one-line cousin), is here.

pub mod ecdsa;
mod ed25519;
mod private;
mod randomart;
mod rsa;
mod sk;

pub use ecdsa::Curve;
pub(in crate::crypto) use private::Parts;
pub use private::{PrivateKey, Signer};
pub(in crate::crypto) use rsa::Numbers as RsaNumbers;
pub use sk::SkSignature;

use super::hash::HashAlg;
use crate::error::{printable, Error, ErrorKind, Result};
use crate::wire::{Reader, Writer};
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use base64::Engine;
use md5::Digest;
use std::fmt;
use std::sync::Arc;

/// A public key: its blob (RFC 4253 section 6.6) and what was parsed from it. Cheap to clone.
#[derive(Clone)]
pub struct PublicKey {
    inner: Arc<Inner>,
}

struct Inner {
    blob: Box<[u8]>,
    kind: Kind,
}

enum Kind {
    Ed25519(ed25519::Public),
    Ecdsa(ecdsa::Public),
    Rsa(rsa::Public),
    Sk(sk::Public),
}

impl PublicKey {
    /// Parses a key blob and checks it whole: lengths, curve points, RSA sizes, no bytes left over.
    ///
    /// Errors: `KeyUnsupportedType` for a type this library does not know, `KeyWeak` for RSA below 2048 bits,
    /// `KeyCorrupt` for everything else.
    pub fn parse(blob: &[u8]) -> Result<Self> {
        let mut r = Reader::new(blob);
        let name = r.string().map_err(corrupt)?;
        let kind = match name {
            b"ssh-ed25519" => Kind::Ed25519(ed25519::Public::parse(&mut r)?),
            b"ssh-rsa" => Kind::Rsa(rsa::Public::parse(&mut r)?),
            _ => match Curve::from_key_type(name) {
                Some(curve) => Kind::Ecdsa(ecdsa::Public::parse(curve, &mut r)?),
                None => match sk::Public::parse(name, &mut r) {
                    Some(key) => Kind::Sk(key?),
                    None => return Err(unsupported_type(name)),
                },
            },
        };
        r.end().map_err(corrupt)?;
        Ok(Self { inner: Arc::new(Inner { blob: blob.into(), kind }) })
    }

    /// The blob it was parsed from. Each key has exactly one: non-canonical encodings do not parse.
    #[must_use]
    pub fn blob(&self) -> &[u8] {
        &self.inner.blob
    }

    /// The key type, as at the start of the blob.
    #[must_use]
    pub fn key_type(&self) -> &'static str {
        match &self.inner.kind {
            Kind::Ed25519(_) => "ssh-ed25519",
            Kind::Ecdsa(key) => key.curve().key_type(),
            Kind::Rsa(_) => "ssh-rsa",
            Kind::Sk(key) => key.key_type(),
        }
    }

    /// The size shown to people: the RSA modulus's bits, or the curve's.
    #[must_use]
    pub fn bits(&self) -> u32 {
        match &self.inner.kind {
            Kind::Ed25519(_) | Kind::Sk(_) => 256,
            Kind::Ecdsa(key) => key.curve().bits(),
            Kind::Rsa(key) => key.bits(),
        }
    }

    /// Refuses an RSA key with fewer bits; keys of other types have the one size that is theirs.
    ///
    /// Errors: `KeyWeak`.
    pub fn require_rsa_bits(&self, least: u32) -> Result<()> {
        if self.key_type() != "ssh-rsa" || self.bits() >= least {
            return Ok(());
        }
        let text = format!("an RSA key of {} bits is not accepted here, but from {least} on", self.bits());
        Err(Error::new(ErrorKind::KeyWeak, text))
    }

    /// The signature algorithms this key can make, most preferred first.
    #[must_use]
    pub fn signature_algorithms(&self) -> &'static [&'static str] {
        match &self.inner.kind {
            Kind::Ed25519(_) => &["ssh-ed25519"],
            Kind::Ecdsa(key) => key.curve().signature_algorithms(),
            Kind::Rsa(_) => &["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
            Kind::Sk(key) => key.signature_algorithms(),
        }
    }

    /// Verifies a signature blob (`string algorithm, string signature`) over `data`. The algorithm asked for, the
    /// name inside the blob and the key's type must all agree (RFC 8332 section 3.2 forbids mixing them). A signature
    /// of an authenticator (FIDO) counts only where its user was present; see [`PublicKey::verify_sk`].
    ///
    /// Any failure is `HostKeySignature` with one neutral text.
    pub fn verify(&self, algorithm: &str, data: &[u8], signature_blob: &[u8]) -> Result<()> {
        match self.verify_any(algorithm, data, signature_blob) {
            Some(Some(said)) if !said.user_present() => Err(bad_signature()),
            Some(_) => Ok(()),
            None => Err(bad_signature()),
        }
    }

    /// Verifies the signature of an authenticator (FIDO) and gives the flags and the counter it signed; who calls
    /// decides what they must be. Fails as [`PublicKey::verify`] does, and for keys of other types.
    pub fn verify_sk(&self, algorithm: &str, data: &[u8], signature_blob: &[u8]) -> Result<SkSignature> {
        self.verify_any(algorithm, data, signature_blob).flatten().ok_or_else(bad_signature)
    }

    /// None where the signature is wrong.
    fn verify_any(&self, algorithm: &str, data: &[u8], signature_blob: &[u8]) -> Option<Option<SkSignature>> {
        let mut r = Reader::new(signature_blob);
        if r.string().ok()? != algorithm.as_bytes() || !self.signature_algorithms().contains(&algorithm) {
            return None;
        }
        if let Kind::Sk(key) = &self.inner.kind {
            return key.verify(algorithm, data, &mut r).map(Some);
        }
        let signature = r.string().ok()?;
        r.end().ok()?;
        match &self.inner.kind {
            Kind::Ed25519(key) => key.verify(data, signature)?,
            Kind::Ecdsa(key) => key.verify(data, signature)?,
            Kind::Rsa(key) => key.verify(algorithm, data, signature)?,
            Kind::Sk(_) => return None,
        }
        Some(None)
    }

    /// Whether an authenticator (FIDO) holds the private half: its signatures carry flags and a counter.
    #[must_use]
    pub fn is_sk(&self) -> bool {
        matches!(self.inner.kind, Kind::Sk(_))
    }

    /// The application an authenticator's key is bound to, usually "ssh:"; None for keys of other types.
    #[must_use]
    pub fn sk_application(&self) -> Option<&[u8]> {
        match &self.inner.kind {
            Kind::Sk(key) => Some(key.application()),
            _ => None,
        }
    }

    /// The fingerprint as OpenSSH shows it: "SHA256:" and base64 without padding.
    #[must_use]
    pub fn fingerprint_sha256(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(HashAlg::Sha256.digest(&[self.blob()])))
    }

    /// The fingerprint in its old form: "MD5:" and hexadecimal bytes between colons.
    #[must_use]
    pub fn fingerprint_md5(&self) -> String {
        let bytes = md5::Md5::digest(self.blob()).iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>();
        format!("MD5:{}", bytes.join(":"))
    }

    /// The key's picture, as `ssh-keygen -lv` shows it.
    #[must_use]
    pub fn randomart(&self) -> String {
        randomart::draw(self)
    }

    /// The one-line format: type, base64, and the comment if there is one. Line ends in the comment become spaces.
    #[must_use]
    pub fn to_line(&self, comment: &str) -> String {
        let mut line = format!("{} {}", self.key_type(), STANDARD.encode(self.blob()));
        if !comment.is_empty() {
            line.push(' ');
            line.extend(comment.chars().map(|c| if c.is_control() { ' ' } else { c }));
        }
        line
    }

    /// Parses the one-line format; gives the key and its comment.
    ///
    /// Errors: those of [`PublicKey::parse`], and `KeyCorrupt` where the line is no such line or its type is not
    /// the blob's.
    pub fn parse_line(line: &str) -> Result<(Self, String)> {
        let line = line.trim();
        let (name, rest) = line
            .split_once([' ', '\t'])
            .ok_or_else(|| Error::new(ErrorKind::KeyCorrupt, "a public key line is \"type base64 comment\""))?;
        let rest = rest.trim_start();
        let (encoded, comment) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        let blob = STANDARD
            .decode(encoded)
            .map_err(|_| Error::new(ErrorKind::KeyCorrupt, "the public key line's base64 is damaged"))?;
        let key = Self::parse(&blob)?;
        if key.key_type() != name {
            return Err(Error::new(ErrorKind::KeyCorrupt, "the public key line's type is not that of its key"));
        }
        Ok((key, comment.trim().to_owned()))
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.inner.blob == other.inner.blob
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.key_type(), self.fingerprint_sha256())
    }
}

/// A parse error inside a key.
fn corrupt(error: Error) -> Error {
    Error::new(ErrorKind::KeyCorrupt, format!("the key is damaged: {}", error.text()))
}

fn unsupported_type(name: &[u8]) -> Error {
    Error::new(ErrorKind::KeyUnsupportedType, format!("key type \"{}\" is not supported", printable(name)))
}

fn bad_signature() -> Error {
    Error::new(ErrorKind::HostKeySignature, "the signature does not verify")
}

/// `string algorithm, string signature` (RFC 4253 section 6.6).
fn signature_blob(algorithm: &str, signature: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + algorithm.len() + signature.len());
    Writer::new(&mut out).string(algorithm).string(signature);
    out
}

#[cfg(test)]
mod tests;
