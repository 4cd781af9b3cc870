//! The agent protocol's messages (draft-ietf-sshm-ssh-agent; OpenSSH PROTOCOL.agent): bytes to structs and back, for
//! both roles. Nothing here waits or keeps state.

use super::constraint::Constraints;
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::PrivateKey;
use crate::crypto::keyfile::fields;
use crate::error::{printable, Error, ErrorKind, Result};
use crate::wire::{Reader, Writer};
use zeroize::Zeroizing;

/// The largest message, bytes without its length (OpenSSH's bound too).
pub const MAX_MESSAGE: usize = 256 * 1024;
/// The most keys of one list that are looked at (OpenSSH's bound too).
pub const MAX_KEYS: usize = 2048;

/// Room for any key: what grows leaves copies behind that nobody wipes.
pub(super) const ROOM: usize = 32 * 1024;

/// Sign an RSA key's request with SHA-256 (RFC 8332).
pub const SIGN_RSA_SHA2_256: u32 = 2;
/// Sign an RSA key's request with SHA-512 (RFC 8332).
pub const SIGN_RSA_SHA2_512: u32 = 4;

const FAILURE: u8 = 5;
const SUCCESS: u8 = 6;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
const ADD_IDENTITY: u8 = 17;
const REMOVE_IDENTITY: u8 = 18;
const REMOVE_ALL: u8 = 19;
const LOCK: u8 = 22;
const UNLOCK: u8 = 23;
const ADD_CONSTRAINED: u8 = 25;
const EXTENSION: u8 = 27;
const EXTENSION_FAILURE: u8 = 28;
const EXTENSION_RESPONSE: u8 = 29;

/// The extension that lists an agent's extensions.
pub const EXT_QUERY: &str = "query";
/// The extension that ties an agent's connection to an SSH session (OpenSSH PROTOCOL.agent section 1).
pub const EXT_SESSION_BIND: &str = "session-bind@openssh.com";

/// What a client asks.
pub enum Request<'a> {
    /// SSH_AGENTC_REQUEST_IDENTITIES.
    List,
    /// SSH_AGENTC_SIGN_REQUEST.
    Sign {
        /// The key's blob, or its certificate's.
        key: &'a [u8],
        /// What is to be signed.
        data: &'a [u8],
        /// [`SIGN_RSA_SHA2_256`], [`SIGN_RSA_SHA2_512`].
        flags: u32,
    },
    /// SSH_AGENTC_ADD_IDENTITY and SSH_AGENTC_ADD_ID_CONSTRAINED.
    Add {
        /// The key, with its certificate where one is added.
        key: PrivateKey,
        /// Its comment.
        comment: String,
        /// What it may be used for.
        constraints: Constraints,
    },
    /// SSH_AGENTC_REMOVE_IDENTITY: a key's blob, or a certificate's.
    Remove(&'a [u8]),
    /// SSH_AGENTC_REMOVE_ALL_IDENTITIES.
    RemoveAll,
    /// SSH_AGENTC_LOCK.
    Lock(&'a [u8]),
    /// SSH_AGENTC_UNLOCK.
    Unlock(&'a [u8]),
    /// SSH_AGENTC_EXTENSION.
    Extension {
        /// Its name.
        name: &'a str,
        /// Its data.
        data: &'a [u8],
    },
}

/// What the agent answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// SSH_AGENT_FAILURE.
    Failure,
    /// SSH_AGENT_SUCCESS. Some extensions put data behind it.
    Success(Vec<u8>),
    /// SSH_AGENT_IDENTITIES_ANSWER: blobs and comments.
    Identities(Vec<(Vec<u8>, String)>),
    /// SSH_AGENT_SIGN_RESPONSE: the signature's blob.
    Signature(Vec<u8>),
    /// SSH_AGENT_EXTENSION_FAILURE: the extension is known and failed.
    ExtensionFailure,
    /// SSH_AGENT_EXTENSION_RESPONSE: the extension's name and its data.
    Extension(String, Vec<u8>),
}

fn malformed(error: &Error) -> Error {
    Error::protocol(format!("the agent message is malformed: {}", error.text()))
}

/// The first message of `input` without its length, and the bytes it takes; None while it is not whole.
///
/// Errors: `LimitExceeded` for a message of more than [`MAX_MESSAGE`] bytes, `Protocol` for an empty one.
pub fn split(input: &[u8]) -> Result<Option<(&[u8], usize)>> {
    let Some((head, rest)) = input.split_first_chunk::<4>() else { return Ok(None) };
    // Bounded before anything is kept of it.
    let len = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
    if len > MAX_MESSAGE {
        let text = format!("an agent message of {len} bytes; at most {MAX_MESSAGE}");
        return Err(Error::new(ErrorKind::LimitExceeded, text));
    }
    if len == 0 {
        return Err(Error::protocol("an agent message has no type"));
    }
    Ok(rest.get(..len).map(|message| (message, len + 4)))
}

/// A message with its length in front.
fn framed(fill: impl FnOnce(&mut Writer<'_>)) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(ROOM));
    let mut w = Writer::new(&mut out);
    w.u32(0);
    fill(&mut w);
    let len = u32::try_from(out.len().saturating_sub(4)).unwrap_or(u32::MAX).to_be_bytes();
    if let Some(head) = out.first_chunk_mut::<4>() {
        *head = len;
    }
    out
}

impl<'a> Request<'a> {
    /// Parses a message without its length.
    ///
    /// Errors: `Unsupported` for types, key types and constraints this library does not know, so that the agent answers
    /// with a failure; those of keys; `Protocol` for what is malformed.
    pub fn parse(message: &'a [u8]) -> Result<Self> {
        Self::parse_raw(message).map_err(|error| match error.kind() {
            ErrorKind::Protocol => malformed(&error),
            _ => error,
        })
    }

    fn parse_raw(message: &'a [u8]) -> Result<Self> {
        let mut r = Reader::new(message);
        let request = match r.u8()? {
            REQUEST_IDENTITIES => Self::List,
            SIGN_REQUEST => Self::Sign { key: r.string()?, data: r.string()?, flags: r.u32()? },
            number @ (ADD_IDENTITY | ADD_CONSTRAINED) => return parse_add(r, number == ADD_CONSTRAINED),
            REMOVE_IDENTITY => Self::Remove(r.string()?),
            REMOVE_ALL => Self::RemoveAll,
            LOCK => Self::Lock(r.string()?),
            UNLOCK => Self::Unlock(r.string()?),
            EXTENSION => {
                let name = r.name()?;
                return Ok(Self::Extension { name, data: r.rest() });
            }
            number => {
                let text = format!("agent requests of type {number} are not supported");
                return Err(Error::new(ErrorKind::Unsupported, text));
            }
        };
        r.end()?;
        Ok(request)
    }

    /// The message with its length.
    ///
    /// Errors: `KeyNotExportable` where a key that is held elsewhere is to be added; `InvalidArgument` for a message that
    /// is too large for agents.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>> {
        let mut failed = None;
        let out = framed(|w| match self {
            Self::List => _ = w.u8(REQUEST_IDENTITIES),
            Self::Sign { key, data, flags } => _ = w.u8(SIGN_REQUEST).string(key).string(data).u32(*flags),
            Self::Add { key, comment, constraints } => {
                w.u8(if constraints.is_empty() { ADD_IDENTITY } else { ADD_CONSTRAINED });
                failed = fields::write(key, w).err();
                w.string(comment);
                constraints.encode(w);
            }
            Self::Remove(key) => _ = w.u8(REMOVE_IDENTITY).string(key),
            Self::RemoveAll => _ = w.u8(REMOVE_ALL),
            Self::Lock(passphrase) => _ = w.u8(LOCK).string(passphrase),
            Self::Unlock(passphrase) => _ = w.u8(UNLOCK).string(passphrase),
            Self::Extension { name, data } => _ = w.u8(EXTENSION).string(name).raw(data),
        });
        match failed {
            Some(error) => Err(error),
            None if out.len() > MAX_MESSAGE + 4 => {
                Err(Error::new(ErrorKind::InvalidArgument, format!("agents take messages of {MAX_MESSAGE} bytes")))
            }
            None => Ok(out),
        }
    }
}

fn parse_add(mut r: Reader<'_>, constrained: bool) -> Result<Request<'static>> {
    let key = fields::read(&mut r)?;
    let comment = String::from_utf8_lossy(r.string()?).into_owned();
    let constraints = if constrained { Constraints::parse(&mut r)? } else { Constraints::default() };
    r.end()?;
    Ok(Request::Add { key, comment, constraints })
}

impl Response {
    /// Parses a message without its length.
    ///
    /// Errors: `Protocol` for what is malformed or no answer; `LimitExceeded` for more than [`MAX_KEYS`] keys.
    pub fn parse(message: &[u8]) -> Result<Self> {
        Self::parse_raw(message).map_err(|error| match error.kind() {
            ErrorKind::Protocol => malformed(&error),
            _ => error,
        })
    }

    fn parse_raw(message: &[u8]) -> Result<Self> {
        let mut r = Reader::new(message);
        let response = match r.u8()? {
            // 30 and 102 are failures of old agents (OpenSSH's authfd.c takes them too).
            FAILURE | 30 | 102 => Self::Failure,
            SUCCESS => return Ok(Self::Success(r.rest().to_vec())),
            IDENTITIES_ANSWER => {
                let count = usize::try_from(r.u32()?).unwrap_or(usize::MAX);
                if count > MAX_KEYS {
                    let text = format!("the agent lists {count} keys; at most {MAX_KEYS}");
                    return Err(Error::new(ErrorKind::LimitExceeded, text));
                }
                let mut keys = Vec::new();
                for _ in 0..count {
                    keys.push((r.string()?.to_vec(), String::from_utf8_lossy(r.string()?).into_owned()));
                }
                Self::Identities(keys)
            }
            SIGN_RESPONSE => Self::Signature(r.string()?.to_vec()),
            EXTENSION_FAILURE => Self::ExtensionFailure,
            EXTENSION_RESPONSE => {
                let name = r.name()?.to_owned();
                return Ok(Self::Extension(name, r.rest().to_vec()));
            }
            number => return Err(Error::protocol(format!("type {number} is no answer"))),
        };
        r.end()?;
        Ok(response)
    }

    /// The message with its length. One that would be too large is a failure instead.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let out = framed(|w| match self {
            Self::Failure => _ = w.u8(FAILURE),
            Self::Success(data) => _ = w.u8(SUCCESS).raw(data),
            Self::Identities(keys) => {
                w.u8(IDENTITIES_ANSWER).u32(u32::try_from(keys.len()).unwrap_or(u32::MAX));
                for (blob, comment) in keys {
                    w.string(blob).string(comment);
                }
            }
            Self::Signature(blob) => _ = w.u8(SIGN_RESPONSE).string(blob),
            Self::ExtensionFailure => _ = w.u8(EXTENSION_FAILURE),
            Self::Extension(name, data) => _ = w.u8(EXTENSION_RESPONSE).string(name).raw(data),
        });
        match out.len() > MAX_MESSAGE + 4 {
            true => Self::Failure.encode(),
            false => out.to_vec(),
        }
    }
}

/// The flags that make an agent sign with `algorithm`.
#[must_use]
pub fn sign_flags(algorithm: &str) -> u32 {
    match algorithm {
        "rsa-sha2-256" => SIGN_RSA_SHA2_256,
        "rsa-sha2-512" => SIGN_RSA_SHA2_512,
        _ => 0,
    }
}

/// The algorithm that a request's flags ask for, of those the key makes. RSA without a flag is SHA-1 (the protocol's
/// oldest form); where both flags are set SHA-512 wins, as it does in OpenSSH's agent.
#[must_use]
pub fn sign_algorithm(key: &PrivateKey, flags: u32) -> &'static str {
    match key.public().signature_algorithms() {
        ["rsa-sha2-512", ..] if flags & SIGN_RSA_SHA2_512 != 0 => "rsa-sha2-512",
        ["rsa-sha2-512", ..] if flags & SIGN_RSA_SHA2_256 != 0 => "rsa-sha2-256",
        ["rsa-sha2-512", ..] => "ssh-rsa",
        algorithms => algorithms.first().copied().unwrap_or_default(),
    }
}

/// Names one after the other, as the answer to [`EXT_QUERY`] has them.
pub(super) fn names(data: &[u8]) -> Result<Vec<String>> {
    let mut r = Reader::new(data);
    let mut names = Vec::new();
    while !r.is_empty() {
        names.push(printable(r.string().map_err(|error| malformed(&error))?));
    }
    Ok(names)
}

/// A key a client lists: a plain one, or one with a certificate.
///
/// Errors: those of parsing.
pub(super) fn identity(blob: &[u8]) -> Result<(crate::crypto::hostkey::PublicKey, Option<Certificate>)> {
    let name = Reader::new(blob).string().map_err(|error| malformed(&error))?;
    if name.ends_with(b"-cert-v01@openssh.com") {
        let certificate = Certificate::parse(blob)?;
        return Ok((certificate.key().clone(), Some(certificate)));
    }
    Ok((crate::crypto::hostkey::PublicKey::parse(blob)?, None))
}
