//! RSA signatures, PKCS#1 v1.5 (RFC 8332; RFC 4253 section 6.6 for ssh-rsa). Signing and verifying only: nothing in
//! SSH decrypts with RSA, and nothing here does.

use super::{corrupt, Parts};
use crate::crypto::hash::HashAlg;
use crate::crypto::rng::KeyRng;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{mpint, Reader, Writer};
use ::rsa::traits::PublicKeyParts;
use ::rsa::BoxedUint;
use ring::signature as rs;
use zeroize::Zeroizing;

/// The sizes of moduli that are accepted, in bits. Below is breakable, above only burns time.
const MODULUS_BITS: std::ops::RangeInclusive<u32> = 2048..=16384;

/// ring verifies up to here, the rsa crate beyond.
const RING_VERIFY_MAX_BITS: u32 = 8192;

/// The public half.
pub(super) struct Public {
    n: Box<[u8]>,
    e: Box<[u8]>,
    bits: u32,
}

impl Public {
    /// Parses what follows the type name: `mpint e, mpint n`. Sizes are checked before any arithmetic.
    pub(super) fn parse(r: &mut Reader<'_>) -> Result<Self> {
        let e = magnitude(r)?;
        let n = magnitude(r)?;
        Self::new(n, e)
    }

    /// Checks the numbers.
    fn new(n: &[u8], e: &[u8]) -> Result<Self> {
        let bits = bit_len(n);
        if bits < *MODULUS_BITS.start() {
            return Err(Error::new(
                ErrorKind::KeyWeak,
                format!("an RSA key of {bits} bits is too short: at least 2048"),
            ));
        }
        if bits > *MODULUS_BITS.end() {
            return Err(Error::new(
                ErrorKind::KeyCorrupt,
                format!("an RSA key of {bits} bits is too long: at most 16384"),
            ));
        }
        // A sum in 64 bits cannot overflow: the length is checked first. ring and the rsa crate refuse larger ones.
        let exponent = (e.len() <= 5).then(|| e.iter().fold(0u64, |sum, &b| (sum << 8) | u64::from(b)));
        if !exponent.is_some_and(|e| e % 2 == 1 && (3..1 << 33).contains(&e)) {
            return Err(Error::new(ErrorKind::KeyCorrupt, "an RSA exponent must be odd, at least 3 and below 2^33"));
        }
        if n.last().is_none_or(|b| b % 2 == 0) {
            return Err(Error::new(ErrorKind::KeyCorrupt, "an RSA modulus must be odd"));
        }
        Ok(Self { n: n.into(), e: e.into(), bits })
    }

    pub(super) const fn bits(&self) -> u32 {
        self.bits
    }

    pub(super) fn verify(&self, algorithm: &str, data: &[u8], signature: &[u8]) -> Option<()> {
        let hash = hash_of(algorithm)?;
        // Some signers drop leading zeros; OpenSSH puts them back, and so do we. Longer than the modulus is wrong.
        let pad = self.n.len().checked_sub(signature.len())?;
        let mut full = vec![0; pad];
        full.extend_from_slice(signature);
        let parameters = match hash {
            HashAlg::Sha256 => &rs::RSA_PKCS1_2048_8192_SHA256,
            HashAlg::Sha512 => &rs::RSA_PKCS1_2048_8192_SHA512,
            _ => return self.verify_soft(hash, data, &full),
        };
        if self.bits > RING_VERIFY_MAX_BITS {
            return self.verify_soft(hash, data, &full);
        }
        rs::RsaPublicKeyComponents { n: &self.n, e: &self.e }.verify(parameters, data, &full).ok()
    }

    /// For what ring does not verify: SHA-1, and moduli beyond 8192 bits.
    fn verify_soft(&self, hash: HashAlg, data: &[u8], signature: &[u8]) -> Option<()> {
        let (n, e) = (BoxedUint::from_be_slice_vartime(&self.n), BoxedUint::from_be_slice_vartime(&self.e));
        let key = ::rsa::PublicKey::new_with_size_limits(n, e, 2048..=16384).ok()?;
        let digest = hash.digest(&[data]);
        match hash {
            HashAlg::Sha1 => key.pkcs1v15_verify_prehash::<sha1::Sha1>(&digest, signature),
            HashAlg::Sha256 => key.pkcs1v15_verify_prehash::<sha2::Sha256>(&digest, signature),
            HashAlg::Sha512 => key.pkcs1v15_verify_prehash::<sha2::Sha512>(&digest, signature),
            HashAlg::Sha384 => return None,
        }
        .ok()
    }
}

fn hash_of(algorithm: &str) -> Option<HashAlg> {
    match algorithm {
        "rsa-sha2-512" => Some(HashAlg::Sha512),
        "rsa-sha2-256" => Some(HashAlg::Sha256),
        "ssh-rsa" => Some(HashAlg::Sha1),
        _ => None,
    }
}

fn magnitude<'a>(r: &mut Reader<'a>) -> Result<&'a [u8]> {
    mpint::non_negative(r.mpint().map_err(corrupt)?).map_err(corrupt)
}

fn bit_len(magnitude: &[u8]) -> u32 {
    let bits = magnitude.len().saturating_mul(8);
    let unused = magnitude.first().map_or(0, |b| b.leading_zeros());
    u32::try_from(bits).unwrap_or(u32::MAX).saturating_sub(unused)
}

/// The numbers of a private key as a key file holds them: big-endian magnitudes.
pub(in crate::crypto) struct Numbers<'a> {
    /// Modulus.
    pub(in crate::crypto) n: &'a [u8],
    /// Public exponent.
    pub(in crate::crypto) e: &'a [u8],
    /// Private exponent.
    pub(in crate::crypto) d: &'a [u8],
    /// First prime.
    pub(in crate::crypto) p: &'a [u8],
    /// Second prime.
    pub(in crate::crypto) q: &'a [u8],
}

/// The private half. The rsa crate's form is wiped when dropped. ring's, three to four times as fast, is kept beside it
/// where ring takes the key; ring wipes nothing, so its copy of the primes outlives the key in freed memory.
pub(super) struct Secret {
    soft: ::rsa::PrivateKey,
    fast: Option<rs::RsaKeyPair>,
}

impl Secret {
    /// Joins a key file's numbers, refusing those that do not belong together; gives the public blob as well.
    pub(super) fn new(numbers: &Numbers<'_>) -> Result<(Self, Vec<u8>)> {
        Public::new(numbers.n, numbers.e)?;
        let mismatch = || Error::new(ErrorKind::KeyCorrupt, "the RSA key's numbers do not belong together");
        // The width is the modulus's, which is public: how long a secret number is does not show in the time taken.
        let width = u32::try_from(numbers.n.len().next_multiple_of(8) * 8).map_err(|_| mismatch())?;
        let secret = |bytes| BoxedUint::from_be_slice(bytes, width).map_err(|_| mismatch());
        let soft = ::rsa::PrivateKey::from_components(
            BoxedUint::from_be_slice_vartime(numbers.n),
            BoxedUint::from_be_slice_vartime(numbers.e),
            secret(numbers.d)?,
            vec![secret(numbers.p)?, secret(numbers.q)?],
        )
        .map_err(|_| mismatch())?;
        Ok(Self::from_soft(soft))
    }

    /// A new key and its public blob.
    pub(super) fn generate(bits: u32) -> Result<(Self, Vec<u8>)> {
        if !MODULUS_BITS.contains(&bits) {
            return Err(Error::new(ErrorKind::InvalidArgument, "an RSA key has 2048 to 16384 bits"));
        }
        let soft = ::rsa::PrivateKey::new(&mut KeyRng, bits as usize)
            .map_err(|_| Error::new(ErrorKind::Internal, "no RSA key could be made"))?;
        Ok(Self::from_soft(soft))
    }

    fn from_soft(soft: ::rsa::PrivateKey) -> (Self, Vec<u8>) {
        let mut blob = Vec::new();
        Writer::new(&mut blob).string("ssh-rsa").mpint(&soft.e_bytes()).mpint(&soft.n_bytes());
        let fast = ring_pair(&soft);
        (Self { soft, fast }, blob)
    }

    /// None where the rsa crate did not work the numbers out, which it does for every key it takes.
    pub(super) fn with_parts<T>(&self, take: impl FnOnce(Parts<'_>) -> T) -> Option<T> {
        let crt = Crt::of(&self.soft)?;
        Some(take(Parts::Rsa {
            n: &self.soft.n_bytes(),
            e: &self.soft.e_bytes(),
            d: &crt.d,
            p: &crt.p,
            q: &crt.q,
            dp: &crt.dp,
            dq: &crt.dq,
            coefficient: &crt.coefficient,
        }))
    }

    /// Signs; the caller verifies what comes out.
    pub(super) fn sign(&self, algorithm: &str, data: &[u8]) -> Result<Vec<u8>> {
        let failed = || Error::new(ErrorKind::Internal, "RSA signing failed");
        let hash = hash_of(algorithm).ok_or_else(failed)?;
        let padding: &dyn rs::RsaEncoding = match hash {
            HashAlg::Sha256 => &rs::RSA_PKCS1_SHA256,
            HashAlg::Sha512 => &rs::RSA_PKCS1_SHA512,
            _ => return self.sign_soft(hash, data).ok_or_else(failed),
        };
        let Some(pair) = &self.fast else { return self.sign_soft(hash, data).ok_or_else(failed) };
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(padding, &ring::rand::SystemRandom::new(), data, &mut signature).map_err(|_| failed())?;
        Ok(signature)
    }

    /// For what ring does not sign: SHA-1, and keys outside 2048 to 4096 bits or with a small exponent. Blinded.
    fn sign_soft(&self, hash: HashAlg, data: &[u8]) -> Option<Vec<u8>> {
        let digest = hash.digest(&[data]);
        match hash {
            HashAlg::Sha1 => self.soft.pkcs1v15_sign_prehash_with_rng::<sha1::Sha1, _>(&mut KeyRng, &digest),
            HashAlg::Sha256 => self.soft.pkcs1v15_sign_prehash_with_rng::<sha2::Sha256, _>(&mut KeyRng, &digest),
            HashAlg::Sha512 => self.soft.pkcs1v15_sign_prehash_with_rng::<sha2::Sha512, _>(&mut KeyRng, &digest),
            HashAlg::Sha384 => return None,
        }
        .ok()
    }
}

/// A private key's secret numbers, big-endian; None where the crate did not work one of them out.
struct Crt {
    d: Zeroizing<Vec<u8>>,
    p: Zeroizing<Vec<u8>>,
    q: Zeroizing<Vec<u8>>,
    dp: Zeroizing<Vec<u8>>,
    dq: Zeroizing<Vec<u8>>,
    coefficient: Zeroizing<Vec<u8>>,
}

impl Crt {
    fn of(key: &::rsa::PrivateKey) -> Option<Self> {
        use ::rsa::traits::PrivateKeyParts;
        let bytes = |number: &BoxedUint| Zeroizing::new(number.to_be_bytes_trimmed_vartime().into_vec());
        let (p, q) = (key.primes().first()?, key.primes().get(1)?);
        let coefficient = key.crt_coefficient().map(Zeroizing::new)?;
        Some(Self {
            d: bytes(key.d()),
            p: bytes(p),
            q: bytes(q),
            dp: bytes(key.dp()?),
            dq: bytes(key.dq()?),
            coefficient: bytes(&coefficient),
        })
    }
}

/// ring's form of the key, if ring takes it.
fn ring_pair(key: &::rsa::PrivateKey) -> Option<rs::RsaKeyPair> {
    let Crt { d, p, q, dp, dq, coefficient } = Crt::of(key)?;
    rs::RsaKeyPair::from_components(&ring::rsa::KeyPairComponents {
        public_key: ring::rsa::PublicKeyComponents {
            n: Zeroizing::new(key.n_bytes().into_vec()),
            e: Zeroizing::new(key.e_bytes().into_vec()),
        },
        d,
        p,
        q,
        dP: dp,
        dQ: dq,
        qInv: coefficient,
    })
    .ok()
}
