//! Elliptic curve Diffie-Hellman: X25519 (RFC 8731) and the NIST curves (RFC 5656 section 4).

use super::{ClientShare, Secret, ServerShare};
use crate::crypto::rng::KeyRng;
use crate::error::{Error, ErrorKind, Result};
use p521::elliptic_curve::Generate;
use ring::agreement::{
    agree_ephemeral, Algorithm, EphemeralPrivateKey, UnparsedPublicKey, ECDH_P256, ECDH_P384, X25519,
};
use ring::rand::SystemRandom;
use zeroize::Zeroizing;

/// Bytes of an X25519 public value.
pub(super) const X25519_LEN: usize = 32;

fn internal() -> Error {
    Error::new(ErrorKind::Internal, "no ephemeral key could be made")
}

/// A share of one of ring's curves.
pub(super) struct RingShare {
    private: EphemeralPrivateKey,
    public: Vec<u8>,
}

impl RingShare {
    pub(super) fn generate(algorithm: &'static Algorithm) -> Result<Self> {
        let private = EphemeralPrivateKey::generate(algorithm, &SystemRandom::new()).map_err(|_| internal())?;
        let public = private.compute_public_key().map_err(|_| internal())?.as_ref().to_vec();
        Ok(Self { private, public })
    }

    pub(super) fn x25519() -> Result<Self> {
        Self::generate(&X25519)
    }

    pub(super) fn public_value(&self) -> &[u8] {
        &self.public
    }

    /// The shared secret. ring refuses points off the curve, and X25519's all-zero secret.
    pub(super) fn agree(self, peer: &[u8]) -> Result<Secret> {
        let algorithm = self.private.algorithm();
        if algorithm == &X25519 && peer.len() != X25519_LEN {
            return Err(Error::new(
                ErrorKind::KexFailed,
                "X25519: the peer's value has not 32 bytes (RFC 8731 section 3)",
            ));
        }
        agree_ephemeral(self.private, &UnparsedPublicKey::new(algorithm, peer), |secret| {
            Zeroizing::new(secret.to_vec())
        })
        .map_err(|_| {
            let rule = if algorithm == &X25519 {
                "X25519: the shared secret is all zero (RFC 8731 section 3)"
            } else {
                "ECDH: the peer's value is no point of the curve (RFC 5656 section 4)"
            };
            Error::new(ErrorKind::KexFailed, rule)
        })
    }
}

impl ClientShare for RingShare {
    fn public(&self) -> &[u8] {
        self.public_value()
    }

    fn finish(self: Box<Self>, server_public: &[u8]) -> Result<Secret> {
        self.agree(server_public)
    }
}

fn start(algorithm: &'static Algorithm) -> Result<Box<dyn ClientShare>> {
    Ok(Box::new(RingShare::generate(algorithm)?))
}

fn respond(algorithm: &'static Algorithm, peer: &[u8]) -> Result<ServerShare> {
    let share = RingShare::generate(algorithm)?;
    let public = share.public.clone();
    Ok(ServerShare { public, secret: share.agree(peer)? })
}

/// curve25519-sha256, client.
pub(in crate::crypto) fn start_x25519() -> Result<Box<dyn ClientShare>> {
    start(&X25519)
}

/// curve25519-sha256, server.
pub(in crate::crypto) fn respond_x25519(peer: &[u8]) -> Result<ServerShare> {
    respond(&X25519, peer)
}

/// ecdh-sha2-nistp256, client.
pub(in crate::crypto) fn start_p256() -> Result<Box<dyn ClientShare>> {
    start(&ECDH_P256)
}

/// ecdh-sha2-nistp256, server.
pub(in crate::crypto) fn respond_p256(peer: &[u8]) -> Result<ServerShare> {
    respond(&ECDH_P256, peer)
}

/// ecdh-sha2-nistp384, client.
pub(in crate::crypto) fn start_p384() -> Result<Box<dyn ClientShare>> {
    start(&ECDH_P384)
}

/// ecdh-sha2-nistp384, server.
pub(in crate::crypto) fn respond_p384(peer: &[u8]) -> Result<ServerShare> {
    respond(&ECDH_P384, peer)
}

/// A P-521 share; the crate wipes its secret when dropped.
struct P521Share {
    private: p521::ecdh::EphemeralSecret,
    public: Vec<u8>,
}

impl P521Share {
    fn generate() -> Result<Self> {
        let private = p521::ecdh::EphemeralSecret::try_generate_from_rng(&mut KeyRng).map_err(|_| internal())?;
        let public = p521::Sec1Point::from(private.public_key()).as_bytes().to_vec();
        Ok(Self { private, public })
    }

    fn agree(&self, peer: &[u8]) -> Result<Secret> {
        let bad =
            || Error::new(ErrorKind::KexFailed, "ECDH: the peer's value is no point of the curve (RFC 5656 section 4)");
        // Uncompressed only, as ring has it for the other curves.
        if peer.len() != self.public.len() {
            return Err(bad());
        }
        let peer = p521::PublicKey::from_sec1_bytes(peer).map_err(|_| bad())?;
        Ok(Zeroizing::new(self.private.diffie_hellman(&peer).raw_secret_bytes().to_vec()))
    }
}

impl ClientShare for P521Share {
    fn public(&self) -> &[u8] {
        &self.public
    }

    fn finish(self: Box<Self>, server_public: &[u8]) -> Result<Secret> {
        self.agree(server_public)
    }
}

/// ecdh-sha2-nistp521, client.
pub(in crate::crypto) fn start_p521() -> Result<Box<dyn ClientShare>> {
    Ok(Box::new(P521Share::generate()?))
}

/// ecdh-sha2-nistp521, server.
pub(in crate::crypto) fn respond_p521(peer: &[u8]) -> Result<ServerShare> {
    let share = P521Share::generate()?;
    let secret = share.agree(peer)?;
    Ok(ServerShare { public: share.public, secret })
}
