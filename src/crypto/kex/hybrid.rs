//! Post-quantum hybrids: a KEM beside X25519. What an attacker must break is both.
//!
//! INIT is the KEM's public key and the X25519 value, REPLY the ciphertext and the X25519 value; K is the hash of both
//! secrets, as an octet string (draft-ietf-sshm-ntruprime-ssh, draft-ietf-sshm-mlkem-hybrid-kex).

use super::ecdh::{RingShare, X25519_LEN};
use super::{ClientShare, Secret, ServerShare};
use crate::crypto::hash::HashAlg;
use crate::crypto::rng::KeyRng;
use crate::error::{Error, ErrorKind, Result};
use ml_kem::{Decapsulate, Encapsulate, Kem as _, KeyExport};
use sntrup::Sntrup761;
use zeroize::{Zeroize, Zeroizing};

/// The post-quantum half.
pub(in crate::crypto) trait Kem {
    /// The client's private key.
    type Private: Send;
    /// Hash of the two secrets.
    const HASH: HashAlg;
    /// Bytes of a public key.
    const PUBLIC_LEN: usize;
    /// Bytes of a ciphertext.
    const CIPHERTEXT_LEN: usize;
    /// The method's name in errors.
    const NAME: &'static str;

    /// A new key pair.
    fn generate() -> (Self::Private, Vec<u8>);
    /// A ciphertext and its secret. `public` has the right length.
    fn encapsulate(public: &[u8]) -> Result<(Vec<u8>, Secret)>;
    /// A ciphertext's secret; a wrong ciphertext gives a random one (implicit rejection), so nothing can be learnt
    /// from trying. `ciphertext` has the right length.
    fn decapsulate(private: &Self::Private, ciphertext: &[u8]) -> Result<Secret>;
}

fn wrong_length(name: &str, what: &str, wanted: usize) -> Error {
    Error::new(ErrorKind::KexFailed, format!("{name}: the {what} has not {wanted} bytes"))
}

/// ML-KEM-768 (FIPS 203), mlkem768x25519-sha256.
pub(in crate::crypto) struct MlKem768;

impl Kem for MlKem768 {
    type Private = ml_kem::ml_kem_768::DecapsulationKey;
    const HASH: HashAlg = HashAlg::Sha256;
    const PUBLIC_LEN: usize = 1184;
    const CIPHERTEXT_LEN: usize = 1088;
    const NAME: &'static str = "ML-KEM-768";

    fn generate() -> (Self::Private, Vec<u8>) {
        let (private, public) = ml_kem::MlKem768::generate_keypair_from_rng(&mut KeyRng);
        (private, public.to_bytes().to_vec())
    }

    fn encapsulate(public: &[u8]) -> Result<(Vec<u8>, Secret)> {
        let bytes = public.try_into().map_err(|_| wrong_length(Self::NAME, "public key", Self::PUBLIC_LEN))?;
        // Decoding refuses coefficients that are not reduced.
        let key = ml_kem::ml_kem_768::EncapsulationKey::new(bytes).map_err(|_| {
            Error::new(ErrorKind::KexFailed, "ML-KEM-768: the public key is not reduced (FIPS 203 section 7.2)")
        })?;
        let (ciphertext, mut secret) = key.encapsulate_with_rng(&mut KeyRng);
        let kept = Zeroizing::new(secret.to_vec());
        secret.as_mut_slice().zeroize();
        Ok((ciphertext.to_vec(), kept))
    }

    fn decapsulate(private: &Self::Private, ciphertext: &[u8]) -> Result<Secret> {
        let mut secret = private
            .decapsulate_slice(ciphertext)
            .map_err(|_| wrong_length(Self::NAME, "ciphertext", Self::CIPHERTEXT_LEN))?;
        let kept = Zeroizing::new(secret.to_vec());
        secret.as_mut_slice().zeroize();
        Ok(kept)
    }
}

/// Streamlined NTRU Prime 761, sntrup761x25519-sha512.
pub(in crate::crypto) struct NtruPrime761;

impl Kem for NtruPrime761 {
    type Private = sntrup::DecapsulationKey<sntrup::Sntrup761Params>;
    const HASH: HashAlg = HashAlg::Sha512;
    const PUBLIC_LEN: usize = 1158;
    const CIPHERTEXT_LEN: usize = 1039;
    const NAME: &'static str = "sntrup761";

    fn generate() -> (Self::Private, Vec<u8>) {
        let (public, private) = Sntrup761::generate_key(&mut KeyRng);
        (private, public.as_ref().to_vec())
    }

    fn encapsulate(public: &[u8]) -> Result<(Vec<u8>, Secret)> {
        let key = sntrup::EncapsulationKey::<sntrup::Sntrup761Params>::try_from(public)
            .map_err(|_| wrong_length(Self::NAME, "public key", Self::PUBLIC_LEN))?;
        let (ciphertext, secret) = key.encapsulate(&mut KeyRng);
        Ok((ciphertext.as_ref().to_vec(), Zeroizing::new(secret.as_ref().to_vec())))
    }

    fn decapsulate(private: &Self::Private, ciphertext: &[u8]) -> Result<Secret> {
        let ciphertext = sntrup::Ciphertext::try_from(ciphertext)
            .map_err(|_| wrong_length(Self::NAME, "ciphertext", Self::CIPHERTEXT_LEN))?;
        Ok(Zeroizing::new(private.decapsulate(&ciphertext).as_ref().to_vec()))
    }
}

struct Share<K: Kem> {
    private: K::Private,
    classic: RingShare,
    public: Vec<u8>,
}

impl<K: Kem> ClientShare for Share<K> {
    fn public(&self) -> &[u8] {
        &self.public
    }

    fn finish(self: Box<Self>, server_public: &[u8]) -> Result<Secret> {
        let (ciphertext, point) = split::<K>(server_public, K::CIPHERTEXT_LEN)?;
        let quantum = K::decapsulate(&self.private, ciphertext)?;
        let classic = self.classic.agree(point)?;
        Ok(combine::<K>(&quantum, &classic))
    }
}

/// The KEM's half and the X25519 half.
fn split<K: Kem>(value: &[u8], kem_len: usize) -> Result<(&[u8], &[u8])> {
    match value.split_at_checked(kem_len) {
        Some((kem, point)) if point.len() == X25519_LEN => Ok((kem, point)),
        _ => Err(wrong_length(K::NAME, "peer's value", kem_len + X25519_LEN)),
    }
}

fn combine<K: Kem>(quantum: &[u8], classic: &[u8]) -> Secret {
    Zeroizing::new(K::HASH.digest(&[quantum, classic]))
}

/// The client's first step.
pub(in crate::crypto) fn start<K: Kem + 'static>() -> Result<Box<dyn ClientShare>> {
    let (private, mut public) = K::generate();
    let classic = RingShare::x25519()?;
    public.extend_from_slice(classic.public_value());
    Ok(Box::new(Share::<K> { private, classic, public }))
}

/// The server's only step.
pub(in crate::crypto) fn respond<K: Kem>(client_public: &[u8]) -> Result<ServerShare> {
    let (key, point) = split::<K>(client_public, K::PUBLIC_LEN)?;
    let (mut public, quantum) = K::encapsulate(key)?;
    let share = RingShare::x25519()?;
    public.extend_from_slice(share.public_value());
    let classic = share.agree(point)?;
    Ok(ServerShare { public, secret: combine::<K>(&quantum, &classic) })
}
