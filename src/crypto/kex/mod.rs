//! Key agreement: ephemeral shares in, shared secret out. What is hashed and signed is `proto/kex`'s business.

pub mod dh;
pub(in crate::crypto) mod ecdh;
pub mod groups;
pub(in crate::crypto) mod hybrid;

use crate::error::Result;
use zeroize::Zeroizing;

/// A shared secret, wiped when dropped: big-endian magnitude bytes or an octet string, as
/// [`SecretEncoding`] says.
pub type Secret = Zeroizing<Vec<u8>>;

/// How the shared secret enters the exchange hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretEncoding {
    /// As `mpint K` (RFC 4253 section 8, RFC 5656 section 4, RFC 8731 section 3).
    Mpint,
    /// As `string K`: the hybrids (draft-ietf-sshm-ntruprime-ssh, draft-ietf-sshm-mlkem-hybrid-kex).
    Octets,
}

/// The client's ephemeral half, made by [`crate::crypto::registry::KexInfo::start`].
pub trait ClientShare: Send {
    /// What goes into KEX_ECDH_INIT or KEXDH_INIT: an octet string, or the big-endian magnitude of `e`.
    fn public(&self) -> &[u8];

    /// The shared secret. Degenerate or malformed values of the peer are [`crate::error::ErrorKind::KexFailed`],
    /// with a text that names the rule.
    fn finish(self: Box<Self>, server_public: &[u8]) -> Result<Secret>;
}

/// What the server answers: its public value and the shared secret.
pub struct ServerShare {
    /// An octet string, or the big-endian magnitude of `f`.
    pub public: Vec<u8>,
    /// The shared secret.
    pub secret: Secret,
}

#[cfg(test)]
mod tests;
