//! Ed25519 (RFC 8709 over RFC 8032).

use super::{corrupt, Parts, PublicKey};
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{Reader, Writer};
use ring::signature::{Ed25519KeyPair, KeyPair, UnparsedPublicKey, ED25519};
use zeroize::Zeroizing;

/// The public half.
pub(super) struct Public([u8; 32]);

impl Public {
    /// Parses what follows the type name.
    pub(super) fn parse(r: &mut Reader<'_>) -> Result<Self> {
        let bytes = r.string().map_err(corrupt)?;
        let key = <[u8; 32]>::try_from(bytes)
            .map_err(|_| Error::new(ErrorKind::KeyCorrupt, "an ed25519 key has 32 bytes (RFC 8709 section 4)"))?;
        Ok(Self(key))
    }

    pub(super) fn verify(&self, data: &[u8], signature: &[u8]) -> Option<()> {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(data, signature).ok()
    }
}

/// The private half: the seed. ring's key pair, which it does not wipe, is made on the stack for each signature.
pub(super) struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    pub(super) fn new(seed: Zeroizing<[u8; 32]>) -> Self {
        Self(seed)
    }

    fn pair(&self) -> Result<Ed25519KeyPair> {
        Ed25519KeyPair::from_seed_unchecked(self.0.as_slice())
            .map_err(|_| Error::new(ErrorKind::Internal, "ed25519 seed refused"))
    }

    pub(super) fn with_parts<T>(&self, public: &PublicKey, take: impl FnOnce(Parts<'_>) -> T) -> T {
        let public = public.blob().last_chunk::<32>().map_or(&[][..], |key| key.as_slice());
        take(Parts::Ed25519 { seed: self.0.as_slice(), public })
    }

    /// The public half's blob.
    pub(super) fn public_blob(&self) -> Result<Vec<u8>> {
        let pair = self.pair()?;
        let mut blob = Vec::new();
        Writer::new(&mut blob).string("ssh-ed25519").string(pair.public_key());
        Ok(blob)
    }

    pub(super) fn sign(&self, data: &[u8]) -> Result<Vec<u8>> {
        Ok(self.pair()?.sign(data).as_ref().to_vec())
    }
}
