//! Issuing certificates.

use super::check::require_usable;
use super::{types, CertKind, CertOption, Certificate, MAX_PRINCIPALS};
use crate::crypto::hostkey::{PrivateKey, PublicKey};
use crate::crypto::rng::system_bytes;
use crate::error::{printable, Error, ErrorKind, Result};
use crate::wire::{Reader, Writer};

/// The extensions that `ssh-keygen -s` gives a user's certificate by default.
pub const DEFAULT_EXTENSIONS: &[&str] =
    &["permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc"];

/// What a new certificate says.
#[derive(Debug, Clone)]
pub struct CertSpec<'a> {
    /// Whom it is for.
    pub kind: CertKind,
    /// A number for revocation; 0: none.
    pub serial: u64,
    /// A name for logs and revocation.
    pub key_id: &'a str,
    /// The user or host names it is for, at most 256.
    pub principals: &'a [&'a str],
    /// In seconds since 1970.
    pub valid_after: u64,
    /// In seconds since 1970, later than `valid_after`; `u64::MAX`: without end.
    pub valid_before: u64,
    /// In any order.
    pub critical_options: &'a [CertOption],
    /// In any order.
    pub extensions: &'a [CertOption],
    /// The signature's algorithm; None: the authority's best.
    pub algorithm: Option<&'a str>,
}

impl CertOption {
    /// An option without a value.
    #[must_use]
    pub fn flag(name: &str) -> Self {
        Self { name: name.to_owned(), data: Vec::new() }
    }

    /// An option with a value.
    #[must_use]
    pub fn with_value(name: &str, value: &[u8]) -> Self {
        let mut data = Vec::new();
        Writer::new(&mut data).string(value);
        Self { name: name.to_owned(), data }
    }
}

impl Certificate {
    /// Issues a certificate for `subject`, signed by `authority`. Options are sorted, and the nonce is new.
    ///
    /// Errors: `InvalidArgument` for what no certificate may say (no time in which it is valid, too many principals, an
    /// option twice, a zero byte in a name, an algorithm the authority's key does not make), and for what makes it
    /// useless: a known option of a user's certificate with a value that [`Certificate::check`] refuses, an extension
    /// among the critical options, a comma in a principal, which lists of principals separate by it; what signing says.
    pub fn issue(authority: &PrivateKey, subject: &PublicKey, spec: &CertSpec<'_>) -> Result<Self> {
        if spec.valid_before <= spec.valid_after {
            return Err(invalid("a certificate's validity must end after it begins"));
        }
        if spec.principals.len() > MAX_PRINCIPALS {
            return Err(invalid(format!("a certificate has at most {MAX_PRINCIPALS} principals")));
        }
        if spec.principals.iter().chain([&spec.key_id]).any(|name| name.contains('\0')) {
            return Err(invalid("a certificate's names hold no zero byte"));
        }
        if spec.principals.contains(&"") {
            return Err(invalid("a principal is a name, and not empty"));
        }
        if spec.principals.iter().any(|name| name.contains(',')) {
            return Err(invalid("a principal holds no comma: each is given by itself"));
        }
        if spec.kind == CertKind::User {
            require_usable(spec.critical_options, spec.extensions)?;
        }
        Self::issue_unchecked(authority, subject, spec)
    }

    /// Issues what may be of no use to anybody.
    pub(super) fn issue_unchecked(authority: &PrivateKey, subject: &PublicKey, spec: &CertSpec<'_>) -> Result<Self> {
        let row = types::by_key_type(subject.key_type())
            .ok_or_else(|| invalid(format!("a {} key cannot be certified", subject.key_type())))?;
        let mut key = Reader::new(subject.blob());
        let _type = key.string()?;
        let mut nonce = [0; 32];
        system_bytes(&mut nonce);
        let mut principals = Vec::new();
        for name in spec.principals {
            Writer::new(&mut principals).string(name);
        }
        let mut blob = Vec::new();
        Writer::new(&mut blob)
            .string(row.name)
            .string(nonce)
            .raw(key.rest())
            .u64(spec.serial)
            .u32(spec.kind as u32)
            .string(spec.key_id)
            .string(&principals)
            .u64(spec.valid_after)
            .u64(spec.valid_before)
            .string(sorted(spec.critical_options)?)
            .string(sorted(spec.extensions)?)
            .string("") // reserved
            .string(authority.public().blob());
        let algorithm = spec.algorithm.or_else(|| authority.public().signature_algorithms().first().copied());
        let signature = authority.sign(algorithm.unwrap_or_default(), &blob)?;
        Writer::new(&mut blob).string(signature);
        Self::parse(&blob)
    }
}

fn invalid(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidArgument, text)
}

/// Pairs of a name and its data, "lexically ordered by name", each name once (PROTOCOL.certkeys).
fn sorted(options: &[CertOption]) -> Result<Vec<u8>> {
    let mut sorted: Vec<_> = options.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut out = Vec::new();
    let mut last = None;
    for option in sorted {
        let shown = printable(option.name.as_bytes());
        if last.replace(&option.name) == Some(&option.name) {
            return Err(invalid(format!("the option \"{shown}\" is given twice")));
        }
        if option.name.is_empty() || option.name.contains('\0') {
            return Err(invalid(format!("\"{shown}\" is no name for an option")));
        }
        Writer::new(&mut out).string(&option.name).string(&option.data);
    }
    Ok(out)
}
