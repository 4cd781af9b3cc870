//! ECDSA over the NIST curves (RFC 5656): P-256 and P-384 by ring, P-521 by the p521 crate.

use super::{corrupt, Parts};
use crate::crypto::rng::KeyRng;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{mpint, Reader, Writer};
use num_bigint::BigUint;
use p521::ecdsa::signature::{Signer, Verifier};
use p521::elliptic_curve::Generate;
use ring::rand::SystemRandom;
use ring::signature as rs;
use zeroize::Zeroizing;

/// A NIST curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// nistp256, with SHA-256.
    P256,
    /// nistp384, with SHA-384.
    P384,
    /// nistp521, with SHA-512.
    P521,
}

impl Curve {
    /// Every curve.
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The name inside the key blob (RFC 5656 section 10.1).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "nistp256",
            Self::P384 => "nistp384",
            Self::P521 => "nistp521",
        }
    }

    /// The key type, which is also the signature algorithm.
    #[must_use]
    pub const fn key_type(self) -> &'static str {
        match self {
            Self::P256 => "ecdsa-sha2-nistp256",
            Self::P384 => "ecdsa-sha2-nistp384",
            Self::P521 => "ecdsa-sha2-nistp521",
        }
    }

    /// The curve's size in bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::P256 => 256,
            Self::P384 => 384,
            Self::P521 => 521,
        }
    }

    /// The public point of a private scalar (big-endian, leading zeros or none), uncompressed.
    ///
    /// Errors: `KeyCorrupt` for a scalar that is 0, or not below the curve's order.
    pub(in crate::crypto) fn public_point(self, scalar: &[u8]) -> Result<Vec<u8>> {
        let bad = || Error::new(ErrorKind::KeyCorrupt, "the private scalar is not from 1 to the curve's order");
        let zeros = scalar.iter().take_while(|&&b| b == 0).count();
        let digits = scalar.get(zeros..).unwrap_or_default();
        let mut fixed = Zeroizing::new(vec![0; self.scalar_len().checked_sub(digits.len()).ok_or_else(bad)?]);
        fixed.reserve_exact(digits.len());
        fixed.extend_from_slice(digits);
        Ok(match self {
            Self::P256 => {
                let key = p256::SecretKey::from_slice(&fixed).map_err(|_| bad())?.public_key();
                p256::Sec1Point::from(key).as_bytes().to_vec()
            }
            Self::P384 => {
                let key = p384::SecretKey::from_slice(&fixed).map_err(|_| bad())?.public_key();
                p384::Sec1Point::from(key).as_bytes().to_vec()
            }
            Self::P521 => {
                let key = p521::SecretKey::from_slice(&fixed).map_err(|_| bad())?.public_key();
                p521::Sec1Point::from(key).as_bytes().to_vec()
            }
        })
    }

    /// Bytes of a scalar or a coordinate.
    #[must_use]
    pub const fn scalar_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    pub(super) fn from_key_type(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.key_type().as_bytes() == name)
    }

    pub(super) const fn signature_algorithms(self) -> &'static [&'static str] {
        match self {
            Self::P256 => &["ecdsa-sha2-nistp256"],
            Self::P384 => &["ecdsa-sha2-nistp384"],
            Self::P521 => &["ecdsa-sha2-nistp521"],
        }
    }

    /// The key blob of an uncompressed point.
    pub(in crate::crypto) fn blob(self, point: &[u8]) -> Vec<u8> {
        let mut blob = Vec::new();
        Writer::new(&mut blob).string(self.key_type()).string(self.name()).string(point);
        blob
    }

    /// The prime and the coefficient b of y^2 = x^3 - 3x + b (FIPS 186-4 appendix D.1.2), for the curves whose
    /// crate has no check of a point by itself.
    const fn equation(self) -> Option<(&'static [u8], &'static [u8])> {
        match self {
            Self::P256 => Some((
                b"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
                b"5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
            )),
            Self::P384 => Some((
                b"fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
                b"b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
            )),
            Self::P521 => None,
        }
    }

    /// Whether `point` is an uncompressed point of the curve. Points are public: the arithmetic need not be
    /// constant-time.
    fn is_on_curve(self, point: &[u8]) -> bool {
        let [4, coordinates @ ..] = point else { return false };
        let Some((prime, b)) = self.equation() else { return p521::PublicKey::from_sec1_bytes(point).is_ok() };
        let (Some(p), Some(b)) = (BigUint::parse_bytes(prime, 16), BigUint::parse_bytes(b, 16)) else { return false };
        let Some((x, y)) = coordinates.split_at_checked(self.scalar_len()) else { return false };
        let (x, y) = (BigUint::from_bytes_be(x), BigUint::from_bytes_be(y));
        // Added as p - 3 so that the numbers stay non-negative.
        let minus_three = &p - 3u32;
        x < p && y < p && (&y * &y) % &p == (&x * &x * &x + minus_three * &x + b) % &p
    }
}

/// The public half: a point of the curve.
pub(super) struct Public {
    curve: Curve,
    point: Box<[u8]>,
}

impl Public {
    /// Parses what follows the type name (RFC 5656 section 3.1). Points must be uncompressed, as OpenSSH has it, so
    /// that a key has one encoding.
    pub(super) fn parse(curve: Curve, r: &mut Reader<'_>) -> Result<Self> {
        let name = r.string().map_err(corrupt)?;
        if name != curve.name().as_bytes() {
            return Err(Error::new(
                ErrorKind::KeyCorrupt,
                "the curve is not that of the key type (RFC 5656 section 3.1)",
            ));
        }
        let point = r.string().map_err(corrupt)?;
        if point.len() != 1 + 2 * curve.scalar_len() || !curve.is_on_curve(point) {
            return Err(Error::new(ErrorKind::KeyCorrupt, "the point is not on the curve (RFC 5656 section 3.1)"));
        }
        Ok(Self { curve, point: point.into() })
    }

    pub(super) const fn curve(&self) -> Curve {
        self.curve
    }

    pub(super) fn verify(&self, data: &[u8], signature: &[u8]) -> Option<()> {
        let fixed = fixed_from_mpints(self.curve, signature)?;
        let algorithm = match self.curve {
            Curve::P256 => &rs::ECDSA_P256_SHA256_FIXED,
            Curve::P384 => &rs::ECDSA_P384_SHA384_FIXED,
            Curve::P521 => {
                let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(&self.point).ok()?;
                return key.verify(data, &p521::ecdsa::Signature::from_slice(&fixed).ok()?).ok();
            }
        };
        rs::UnparsedPublicKey::new(algorithm, &self.point).verify(data, &fixed).ok()
    }
}

/// `mpint r, mpint s` (RFC 5656 section 3.1.2) to the two numbers at their full width.
fn fixed_from_mpints(curve: Curve, signature: &[u8]) -> Option<Vec<u8>> {
    let mut r = Reader::new(signature);
    let mut out = Vec::with_capacity(2 * curve.scalar_len());
    for _ in 0..2 {
        let number = mpint::non_negative(r.mpint().ok()?).ok()?;
        let pad = curve.scalar_len().checked_sub(number.len())?;
        out.resize(out.len() + pad, 0);
        out.extend_from_slice(number);
    }
    r.is_empty().then_some(out)
}

/// The private half. ring's key pairs, which it does not wipe, are made on the stack for each signature; the p521
/// crate wipes its own.
pub(super) enum Secret {
    Ring { curve: Curve, scalar: Zeroizing<Vec<u8>>, point: Box<[u8]> },
    P521(Box<p521::ecdsa::SigningKey>),
}

impl Secret {
    /// Joins the halves, refusing those that do not belong together. `scalar` is a big-endian magnitude.
    pub(super) fn new(curve: Curve, scalar: &[u8], point: &[u8]) -> Result<Self> {
        let mismatch =
            || Error::new(ErrorKind::KeyCorrupt, "the key's private half does not belong to its public half");
        let pad = curve.scalar_len().checked_sub(scalar.len()).ok_or_else(mismatch)?;
        let mut full = Zeroizing::new(vec![0; pad]);
        full.reserve_exact(scalar.len());
        full.extend_from_slice(scalar);
        if curve == Curve::P521 {
            let key = p521::ecdsa::SigningKey::from_slice(&full).map_err(|_| mismatch())?;
            if key.verifying_key().to_sec1_point(false).as_bytes() != point {
                return Err(mismatch());
            }
            return Ok(Self::P521(Box::new(key)));
        }
        let secret = Self::Ring { curve, scalar: full, point: point.into() };
        // ring compares the point it computes from the scalar.
        secret.pair().map_err(|_| mismatch())?;
        Ok(secret)
    }

    /// A new key and its public blob.
    pub(super) fn generate(curve: Curve) -> Result<(Self, Vec<u8>)> {
        let failed = || Error::new(ErrorKind::Internal, "no ECDSA key could be made");
        let Some(algorithm) = ring_algorithm(curve) else {
            let key = p521::ecdsa::SigningKey::try_generate_from_rng(&mut KeyRng).map_err(|_| failed())?;
            let blob = curve.blob(key.verifying_key().to_sec1_point(false).as_bytes());
            return Ok((Self::P521(Box::new(key)), blob));
        };
        let document = rs::EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).map_err(|_| failed())?;
        // ring's document ends in the scalar, a five byte header and the point; `new` proves that it does.
        let bytes = document.as_ref();
        let point_len = 1 + 2 * curve.scalar_len();
        let (rest, point) = bytes.split_at_checked(bytes.len().saturating_sub(point_len)).ok_or_else(failed)?;
        let scalar_end = rest.len().checked_sub(5).ok_or_else(failed)?;
        let scalar_start = scalar_end.checked_sub(curve.scalar_len()).ok_or_else(failed)?;
        let scalar = rest.get(scalar_start..scalar_end).ok_or_else(failed)?;
        let secret = Self::new(curve, scalar, point).map_err(|_| failed())?;
        Ok((secret, curve.blob(point)))
    }

    pub(super) fn with_parts<T>(&self, take: impl FnOnce(Parts<'_>) -> T) -> T {
        match self {
            Self::Ring { curve, scalar, point } => take(Parts::Ecdsa { curve: *curve, scalar, point }),
            Self::P521(key) => {
                let scalar = Zeroizing::new(key.to_bytes());
                let point = key.verifying_key().to_sec1_point(false);
                take(Parts::Ecdsa { curve: Curve::P521, scalar: &scalar, point: point.as_bytes() })
            }
        }
    }

    fn pair(&self) -> Result<rs::EcdsaKeyPair> {
        let refused = || Error::new(ErrorKind::Internal, "ECDSA key refused");
        let Self::Ring { curve, scalar, point } = self else { return Err(refused()) };
        let algorithm = ring_algorithm(*curve).ok_or_else(refused)?;
        rs::EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, point, &SystemRandom::new())
            .map_err(|_| refused())
    }

    pub(super) fn sign(&self, data: &[u8]) -> Result<Vec<u8>> {
        let failed = || Error::new(ErrorKind::Internal, "ECDSA signing failed");
        let fixed = match self {
            // The nonce is deterministic (RFC 6979): no randomness to get wrong.
            Self::P521(key) => {
                let signature: p521::ecdsa::Signature = key.try_sign(data).map_err(|_| failed())?;
                signature.to_bytes().to_vec()
            }
            Self::Ring { .. } => self.pair()?.sign(&SystemRandom::new(), data).map_err(|_| failed())?.as_ref().to_vec(),
        };
        let (r, s) = fixed.split_at_checked(fixed.len() / 2).ok_or_else(failed)?;
        let mut out = Vec::with_capacity(fixed.len() + 10);
        Writer::new(&mut out).mpint(r).mpint(s);
        Ok(out)
    }
}

const fn ring_algorithm(curve: Curve) -> Option<&'static rs::EcdsaSigningAlgorithm> {
    match curve {
        Curve::P256 => Some(&rs::ECDSA_P256_SHA256_FIXED_SIGNING),
        Curve::P384 => Some(&rs::ECDSA_P384_SHA384_FIXED_SIGNING),
        Curve::P521 => None,
    }
}
