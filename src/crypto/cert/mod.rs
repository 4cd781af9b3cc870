//! Certificates: OpenSSH's PROTOCOL.certkeys, version 01 of the format.
//!
//! [`Certificate::parse`] takes what OpenSSH takes and proves one thing: that the certificate authority named in it
//! signed it. Whether that authority is trusted, and whether the certificate may be used here and now, is asked with
//! [`Certificate::check`].

mod check;
mod issue;
mod types;

pub use check::{address_matches, CertCheck, CA_ALGORITHMS};
pub use issue::{CertSpec, DEFAULT_EXTENSIONS};
pub use types::{algorithm_names, base_algorithm, is_cert_type};

use super::hostkey::PublicKey;
use crate::error::{printable, Error, ErrorKind, Result};
use crate::wire::{Reader, Writer};
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use std::fmt;
use std::sync::Arc;
use types::CertType;

/// Longer blobs are no certificates: no SSH packet of OpenSSH's could carry one.
const MAX_LEN: usize = 256 << 10;

/// The principals of one certificate, at most; OpenSSH's bound.
pub const MAX_PRINCIPALS: usize = 256;

/// Whom a certificate is for. The number is the one on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum CertKind {
    /// A user's, for authentication.
    User = 1,
    /// A host's, in place of a plain host key.
    Host = 2,
}

impl CertKind {
    /// "user" or "host".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Host => "host",
        }
    }
}

/// A critical option or an extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertOption {
    /// Its name.
    pub name: String,
    /// Its data as the certificate has it: empty, or a string with its length for the options that have a value.
    pub data: Vec<u8>,
}

impl CertOption {
    /// A value, which is one string; empty for an option that has none. None where the data is anything else.
    #[must_use]
    pub fn value(&self) -> Option<&[u8]> {
        if self.data.is_empty() {
            return Some(&[]);
        }
        let mut r = Reader::new(&self.data);
        r.string().ok().filter(|_| r.is_empty())
    }
}

/// A certificate whose authority's signature is verified. Cheap to clone.
#[derive(Clone)]
pub struct Certificate {
    inner: Arc<Inner>,
}

struct Inner {
    blob: Box<[u8]>,
    row: &'static CertType,
    key: PublicKey,
    serial: u64,
    kind: CertKind,
    key_id: String,
    principals: Vec<String>,
    valid_after: u64,
    valid_before: u64,
    critical_options: Vec<CertOption>,
    extensions: Vec<CertOption>,
    signature_key: PublicKey,
    signature_algorithm: &'static str,
}

impl Certificate {
    /// Parses a certificate's blob whole and verifies its authority's signature.
    ///
    /// Errors: `KeyUnsupportedType` where it is no certificate of a type that is known here; what
    /// [`PublicKey::parse`] says of its key or of its authority's; `CertCorrupt` for everything that is damaged, an
    /// authority's key that is itself a certificate among it; `CertSignature` where the signature does not verify.
    pub fn parse(blob: &[u8]) -> Result<Self> {
        if blob.len() > MAX_LEN {
            return Err(corrupt("it is longer than 256 KiB"));
        }
        let mut r = Reader::new(blob);
        let name = r.string().map_err(damaged)?;
        let row = types::by_name(name).ok_or_else(|| not_a_certificate(name))?;
        let _nonce = r.string().map_err(damaged)?;
        let key = subject(row, &mut r)?;
        let serial = r.u64().map_err(damaged)?;
        let kind = match r.u32().map_err(damaged)? {
            1 => CertKind::User,
            2 => CertKind::Host,
            n => return Err(corrupt(format!("its kind is {n}, neither user (1) nor host (2)"))),
        };
        let key_id = text(&mut r, "its key ID")?;
        let principals = principals(r.string().map_err(damaged)?)?;
        let (valid_after, valid_before) = (r.u64().map_err(damaged)?, r.u64().map_err(damaged)?);
        let critical_options = options(r.string().map_err(damaged)?)?;
        let extensions = options(r.string().map_err(damaged)?)?;
        let _reserved = r.string().map_err(damaged)?;
        let signature_key = authority(r.string().map_err(damaged)?)?;
        let signed = blob.get(..blob.len() - r.rest().len()).unwrap_or_default();
        let signature = r.string().map_err(damaged)?;
        r.end().map_err(damaged)?;
        let signature_algorithm = verify(&signature_key, signed, signature)?;
        Ok(Self {
            inner: Arc::new(Inner {
                blob: blob.into(),
                row,
                key,
                serial,
                kind,
                key_id,
                principals,
                valid_after,
                valid_before,
                critical_options,
                extensions,
                signature_key,
                signature_algorithm,
            }),
        })
    }

    /// Parses the one line of a certificate's file, `type base64 comment`; gives the certificate and the comment.
    ///
    /// Errors: those of [`Certificate::parse`], and `CertCorrupt` where the line is no such line or its type is not
    /// the blob's.
    pub fn parse_line(line: &str) -> Result<(Self, String)> {
        let line = line.trim();
        let (name, rest) =
            line.split_once([' ', '\t']).ok_or_else(|| corrupt("its line is not \"type base64 comment\""))?;
        let rest = rest.trim_start();
        let (encoded, comment) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        if !is_cert_type(name.as_bytes()) {
            return Err(not_a_certificate(name.as_bytes()));
        }
        let blob = STANDARD.decode(encoded).map_err(|_| corrupt("its base64 is damaged"))?;
        let cert = Self::parse(&blob)?;
        if cert.cert_type() != name {
            return Err(corrupt("its line names another type than its blob"));
        }
        Ok((cert, comment.trim().to_owned()))
    }

    /// The one-line format: type, base64, and the comment if there is one. Line ends in the comment become spaces.
    #[must_use]
    pub fn to_line(&self, comment: &str) -> String {
        let mut line = format!("{} {}", self.cert_type(), STANDARD.encode(self.blob()));
        if !comment.is_empty() {
            line.push(' ');
            line.extend(comment.chars().map(|c| if c.is_control() { ' ' } else { c }));
        }
        line
    }

    /// The blob it was parsed from.
    #[must_use]
    pub fn blob(&self) -> &[u8] {
        &self.inner.blob
    }

    /// The type, as at the start of the blob: `ssh-ed25519-cert-v01@openssh.com`.
    #[must_use]
    pub fn cert_type(&self) -> &'static str {
        self.inner.row.name
    }

    /// The key it certifies.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.inner.key
    }

    /// Whether it is this key that it certifies.
    ///
    /// Errors: `CertKeyMismatch`.
    pub fn check_key(&self, key: &PublicKey) -> Result<()> {
        if self.key() == key {
            return Ok(());
        }
        let (its, other) = (self.key().fingerprint_sha256(), key.fingerprint_sha256());
        let text = format!("the certificate is for the key {its}, this key is {other}");
        Err(Error::new(ErrorKind::CertKeyMismatch, text))
    }

    /// Whom it is for.
    #[must_use]
    pub fn kind(&self) -> CertKind {
        self.inner.kind
    }

    /// The serial number; 0 where the authority numbers none.
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.inner.serial
    }

    /// What the authority calls it, for logs and revocation. The authority chose the text: escape it before it is shown.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.inner.key_id
    }

    /// The user or host names it is for.
    #[must_use]
    pub fn principals(&self) -> &[String] {
        &self.inner.principals
    }

    /// Valid from this second since 1970 on, itself included.
    #[must_use]
    pub fn valid_after(&self) -> u64 {
        self.inner.valid_after
    }

    /// Valid until this second since 1970, itself excluded; `u64::MAX`: without end.
    #[must_use]
    pub fn valid_before(&self) -> u64 {
        self.inner.valid_before
    }

    /// The options that refuse whoever does not know them, in the certificate's order.
    #[must_use]
    pub fn critical_options(&self) -> &[CertOption] {
        &self.inner.critical_options
    }

    /// The options that may be passed over, in the certificate's order.
    #[must_use]
    pub fn extensions(&self) -> &[CertOption] {
        &self.inner.extensions
    }

    /// The value of a critical option; None where there is no such option, or its data is no string.
    #[must_use]
    pub fn critical_option(&self, name: &str) -> Option<&[u8]> {
        self.critical_options().iter().find(|option| option.name == name)?.value()
    }

    /// Whether there is an extension of this name: `permit-pty` and the like have no value.
    #[must_use]
    pub fn has_extension(&self, name: &str) -> bool {
        self.extensions().iter().any(|option| option.name == name)
    }

    /// The authority's key. That it is trusted is not said by its being here.
    #[must_use]
    pub fn signature_key(&self) -> &PublicKey {
        &self.inner.signature_key
    }

    /// The algorithm of the authority's signature, for OpenSSH's `CASignatureAlgorithms`.
    #[must_use]
    pub fn signature_algorithm(&self) -> &'static str {
        self.inner.signature_algorithm
    }

    /// The algorithm names that it can be presented under in authentication and key exchange, most preferred first.
    #[must_use]
    pub fn signature_algorithms(&self) -> &'static [&'static str] {
        self.inner.row.algorithms
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.inner.blob == other.inner.blob
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({} \"{}\" {:?})", self.cert_type(), self.key_id().escape_debug(), self.key())
    }
}

fn corrupt(text: impl fmt::Display) -> Error {
    Error::new(ErrorKind::CertCorrupt, format!("the certificate is damaged: {text}"))
}

fn damaged(error: Error) -> Error {
    corrupt(error.text())
}

fn not_a_certificate(name: &[u8]) -> Error {
    Error::new(ErrorKind::KeyUnsupportedType, format!("\"{}\" is no type of certificate known here", printable(name)))
        .helped_by("certificates have the type of their key with \"-cert-v01@openssh.com\" behind it")
}

/// The certified key: the fields of its blob without the type name in front.
fn subject(row: &CertType, r: &mut Reader<'_>) -> Result<PublicKey> {
    let mut blob = Vec::new();
    let mut w = Writer::new(&mut blob);
    w.string(row.key_type);
    for _ in 0..row.key_fields {
        w.string(r.string().map_err(damaged)?);
    }
    PublicKey::parse(&blob)
}

/// The authority's key. One that is a certificate would make chains, which PROTOCOL.certkeys forbids.
fn authority(blob: &[u8]) -> Result<PublicKey> {
    if Reader::new(blob).string().is_ok_and(is_cert_type) {
        return Err(corrupt("its authority's key is itself a certificate, and chains are not allowed"));
    }
    PublicKey::parse(blob)
}

/// A string that OpenSSH keeps as a C string.
fn text(r: &mut Reader<'_>, what: &str) -> Result<String> {
    let bytes = r.string().map_err(damaged)?;
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text.to_owned()),
        Ok(_) => Err(corrupt(format!("{what} holds a zero byte"))),
        Err(_) => Err(corrupt(format!("{what} is not UTF-8"))),
    }
}

fn principals(list: &[u8]) -> Result<Vec<String>> {
    let mut r = Reader::new(list);
    let mut out = Vec::new();
    while !r.is_empty() {
        if out.len() >= MAX_PRINCIPALS {
            return Err(corrupt(format!("it has more than {MAX_PRINCIPALS} principals")));
        }
        out.push(text(&mut r, "a principal")?);
    }
    Ok(out)
}

/// Pairs of a name and its data. PROTOCOL.certkeys wants them sorted and each name once; OpenSSH reads them in any order,
/// and [`Certificate::check`] refuses what it refuses twice.
fn options(list: &[u8]) -> Result<Vec<CertOption>> {
    let mut r = Reader::new(list);
    let mut out = Vec::new();
    while !r.is_empty() {
        let name = text(&mut r, "an option's name")?;
        out.push(CertOption { name, data: r.string().map_err(damaged)?.to_vec() });
    }
    Ok(out)
}

/// Verifies the authority's signature; gives its algorithm. SHA-1 verifies here, as it does in OpenSSH: which algorithms
/// are good enough is asked when the certificate is checked.
fn verify(authority: &PublicKey, signed: &[u8], signature: &[u8]) -> Result<&'static str> {
    let name = Reader::new(signature).string().map_err(damaged)?;
    let wrong = || Error::from(ErrorKind::CertSignature);
    let algorithm = authority.signature_algorithms().iter().find(|known| known.as_bytes() == name).ok_or_else(wrong)?;
    // An authority's key in an authenticator need not be touched: OpenSSH does not ask for it.
    match authority.is_sk() {
        true => authority.verify_sk(algorithm, signed, signature).map(drop),
        false => authority.verify(algorithm, signed, signature),
    }
    .map_err(|_| wrong())?;
    Ok(algorithm)
}

#[cfg(test)]
mod tests;
