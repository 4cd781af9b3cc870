//! Diffie-Hellman over the integers modulo a prime (RFC 4253 section 8, RFC 8268, RFC 4419).
//!
//! Secret exponents go through crypto-bigint, whose exponentiation takes the same time for each exponent of one
//! width. num-bigint, which does not, sees public values only.

use super::{ClientShare, Secret, ServerShare};
use crate::crypto::rng::{system_bytes, KeyRng};
use crate::error::{Error, ErrorKind, Result};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use num_bigint::BigUint;
use rand_core::Rng;
use std::sync::Arc;
use zeroize::{Zeroize, Zeroizing};

/// The smallest group that is accepted, in bits. RFC 8270 asks for 2048; smaller ones fell to Logjam's precomputation.
pub const MIN_BITS: u32 = 2048;

/// The largest group that is accepted, in bits (RFC 4419 section 3). Larger ones burn time.
pub const MAX_BITS: u32 = 8192;

/// Bytes of a secret exponent: 512 bits, twice the strength of the strongest hash in use, as OpenSSH has it; the
/// 8192-bit group's own strength would ask for 400 (RFC 3526 section 8).
const EXPONENT_LEN: usize = 64;

/// A group: a prime modulus and a generator, as big-endian magnitudes. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    p: Arc<[u8]>,
    g: Arc<[u8]>,
}

impl Group {
    /// One of [`super::groups`], from its hexadecimal text.
    pub(super) fn fixed(hex: &[u8]) -> Self {
        // The texts are constants that a test compares with their formula: parsing cannot fail.
        let p = BigUint::parse_bytes(hex, 16).unwrap_or_default();
        Self { p: p.to_bytes_be().into(), g: Arc::new([2]) }
    }

    /// A group from a file of our own (see [`crate::crypto::moduli`]), which vouches for its primality; the other
    /// checks of [`Group::from_peer`] are made.
    pub fn from_trusted(p: &[u8], g: &[u8]) -> Result<Self> {
        let group = Self { p: trim(p).into(), g: trim(g).into() };
        group.check_shape(MIN_BITS, MAX_BITS)?;
        Ok(group)
    }

    /// A group the peer chose (RFC 4419 section 3), as big-endian magnitudes.
    ///
    /// Errors (`KexFailed`): fewer than `min_bits` or more than `max_bits` bits, and never outside 2048 to 8192; an
    /// even modulus; a generator outside of 1 < g < p-1; a composite modulus. The last is told by Miller-Rabin with
    /// random bases: four rounds, or two beyond 4096 bits, where a round takes some 0.3 s. A modulus made to
    /// deceive passes with a chance below 1/256 (1/16); its maker is the server, which knows the secret anyway.
    pub fn from_peer(p: &[u8], g: &[u8], min_bits: u32, max_bits: u32) -> Result<Self> {
        let group = Self { p: trim(p).into(), g: trim(g).into() };
        group.check_shape(min_bits.max(MIN_BITS), max_bits.min(MAX_BITS))?;
        if !group.is_well_known() && !group.has_prime_modulus()? {
            return Err(failed("group exchange: the modulus is not prime (RFC 4419 section 3)"));
        }
        Ok(group)
    }

    /// The modulus.
    #[must_use]
    pub fn p(&self) -> &[u8] {
        &self.p
    }

    /// The generator.
    #[must_use]
    pub fn g(&self) -> &[u8] {
        &self.g
    }

    /// The modulus's size in bits.
    #[must_use]
    pub fn bits(&self) -> u32 {
        let unused = self.p.first().map_or(0, |b| b.leading_zeros());
        u32::try_from(self.p.len().saturating_mul(8)).unwrap_or(u32::MAX).saturating_sub(unused)
    }

    fn check_shape(&self, min_bits: u32, max_bits: u32) -> Result<()> {
        let bits = self.bits();
        if bits < min_bits || bits > max_bits {
            return Err(failed(format!(
                "group exchange: a modulus of {bits} bits is not within {min_bits} to {max_bits}"
            )));
        }
        if self.p.last().is_none_or(|b| b % 2 == 0) {
            return Err(failed("group exchange: the modulus is even, so not prime"));
        }
        let (p, g) = (BigUint::from_bytes_be(&self.p), BigUint::from_bytes_be(&self.g));
        if g <= BigUint::from(1u32) || g >= p - 1u32 {
            return Err(failed("group exchange: the generator is not within 1 < g < p-1"));
        }
        Ok(())
    }

    fn is_well_known(&self) -> bool {
        use super::groups::{group14, group16, group18};
        [group14, group16, group18].iter().any(|group| group().p == self.p)
    }

    /// Miller-Rabin with random bases.
    fn has_prime_modulus(&self) -> Result<bool> {
        let p = BigUint::from_bytes_be(&self.p);
        for small in [3u32, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53] {
            if &p % small == BigUint::default() {
                return Ok(false);
            }
        }
        let one = BigUint::from(1u32);
        let minus_one = &p - &one;
        let twos = minus_one.trailing_zeros().unwrap_or(0);
        let odd_part = BoxedUint::from_be_slice_vartime(&(&minus_one >> twos).to_bytes_be());
        let params = self.params()?;
        let rounds = if self.bits() > 4096 { 2 } else { 4 };
        'round: for _ in 0..rounds {
            let mut base = vec![0; self.p.len()];
            KeyRng.fill_bytes(&mut base);
            let base = BigUint::from_bytes_be(&base) % &minus_one + &one;
            let base =
                BoxedUint::from_be_slice(&base.to_bytes_be(), params.bits_precision()).map_err(|_| internal())?;
            let mut x = BoxedMontyForm::new(base, &params).pow(&odd_part);
            for step in 0..twos {
                let value = BigUint::from_bytes_be(&x.retrieve().to_be_bytes());
                if value == minus_one || (step == 0 && value == one) {
                    continue 'round;
                }
                x = x.square();
            }
            return Ok(false);
        }
        Ok(true)
    }

    fn params(&self) -> Result<BoxedMontyParams> {
        let p = Odd::new(BoxedUint::from_be_slice_vartime(&self.p)).into_option().ok_or_else(internal)?;
        // Variable time in the modulus only, which is public.
        Ok(BoxedMontyParams::new_vartime(p))
    }

    /// `base ^ exponent mod p`, at the modulus's width; in time that does not depend on the exponent.
    fn pow(&self, base: &[u8], exponent: &[u8; EXPONENT_LEN]) -> Result<Secret> {
        let params = self.params()?;
        let base = BoxedUint::from_be_slice(base, params.bits_precision()).map_err(|_| internal())?;
        let width = EXPONENT_LEN as u32 * 8;
        let exponent = Zeroizing::new(BoxedUint::from_be_slice(exponent, width).map_err(|_| internal())?);
        let mut power = BoxedMontyForm::new(base, &params).pow(&exponent);
        let value = Zeroizing::new(power.retrieve());
        power.zeroize();
        Ok(Zeroizing::new(value.to_be_bytes().into_vec()))
    }

    /// Whether the peer's value is usable: 1 < v < p-1 (RFC 4253 section 8 asks for [1, p-1]; both ends give the
    /// secret away) and, as OpenSSH asks, at least four bits set.
    fn check_public(&self, value: &[u8]) -> Result<()> {
        let value = trim(value);
        let number = BigUint::from_bytes_be(value);
        let p = BigUint::from_bytes_be(&self.p);
        if value.len() > self.p.len() || number <= BigUint::from(1u32) || number >= p - 1u32 {
            return Err(failed("Diffie-Hellman: the peer's value is not within 1 < v < p-1 (RFC 4253 section 8)"));
        }
        if value.iter().map(|b| b.count_ones()).sum::<u32>() < 4 {
            return Err(failed("Diffie-Hellman: the peer's value has fewer than four bits set"));
        }
        Ok(())
    }

    /// A secret exponent and its public value.
    fn generate(&self) -> Result<(Zeroizing<[u8; EXPONENT_LEN]>, Vec<u8>)> {
        let mut exponent = Zeroizing::new([0; EXPONENT_LEN]);
        system_bytes(exponent.as_mut_slice());
        let public = trim(&self.pow(&self.g, &exponent)?).to_vec();
        Ok((exponent, public))
    }

    fn agree(&self, exponent: &[u8; EXPONENT_LEN], peer: &[u8]) -> Result<Secret> {
        self.check_public(peer)?;
        let secret = self.pow(trim(peer), exponent)?;
        // Only a group with small subgroups gets here (NIST SP 800-56A section 5.7.1.1); no secret leaks by failing.
        let number = Zeroizing::new(trim(&secret).to_vec());
        if matches!(number.as_slice(), [] | [1]) || self.is_minus_one(&number) {
            return Err(failed("Diffie-Hellman: the shared secret is degenerate"));
        }
        Ok(secret)
    }

    fn is_minus_one(&self, number: &[u8]) -> bool {
        // p is odd, so p-1 differs in the last bit only.
        let last = number.last().zip(self.p.last()).is_some_and(|(a, b)| *a == b ^ 1);
        let len = self.p.len().saturating_sub(1);
        last && number.len() == self.p.len() && number.iter().take(len).eq(self.p.iter().take(len))
    }
}

fn trim(magnitude: &[u8]) -> &[u8] {
    let zeros = magnitude.iter().take_while(|&&b| b == 0).count();
    magnitude.get(zeros..).unwrap_or_default()
}

fn failed(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::KexFailed, text)
}

fn internal() -> Error {
    Error::new(ErrorKind::Internal, "Diffie-Hellman arithmetic refused its numbers")
}

struct Share {
    group: Group,
    exponent: Zeroizing<[u8; EXPONENT_LEN]>,
    public: Vec<u8>,
}

impl ClientShare for Share {
    fn public(&self) -> &[u8] {
        &self.public
    }

    fn finish(self: Box<Self>, server_public: &[u8]) -> Result<Secret> {
        self.group.agree(&self.exponent, server_public)
    }
}

/// The client's first step over a group.
pub fn start(group: &Group) -> Result<Box<dyn ClientShare>> {
    let (exponent, public) = group.generate()?;
    Ok(Box::new(Share { group: group.clone(), exponent, public }))
}

/// The server's only step over a group; `e` is the client's value as a big-endian magnitude.
pub fn respond(group: &Group, e: &[u8]) -> Result<ServerShare> {
    // Checked before the first exponentiation: a bad value must not cost one.
    group.check_public(e)?;
    let (exponent, public) = group.generate()?;
    let secret = group.agree(&exponent, e)?;
    Ok(ServerShare { public, secret })
}

/// The `start` of methods that negotiate their group first: a caller's mistake.
pub(in crate::crypto) fn start_without_group() -> Result<Box<dyn ClientShare>> {
    Err(without_group())
}

/// The `respond` of methods that negotiate their group first: a caller's mistake.
pub(in crate::crypto) fn respond_without_group(_: &[u8]) -> Result<ServerShare> {
    Err(without_group())
}

fn without_group() -> Error {
    Error::new(ErrorKind::InvalidState, "group exchange needs a group first (RFC 4419 section 3)")
}

#[cfg(test)]
mod tests {
    use super::super::groups::{group14, group16};
    use super::*;

    fn refused(p: &[u8], g: &[u8]) {
        assert_eq!(Group::from_peer(p, g, MIN_BITS, MAX_BITS).unwrap_err().kind(), ErrorKind::KexFailed);
    }

    #[test]
    fn bad_groups_are_refused() {
        let p = group14().p().to_vec();
        assert!(Group::from_peer(&p, &[2], MIN_BITS, MAX_BITS).is_ok());
        refused(&p, &[]);
        refused(&p, &[1]);
        refused(&p, &p);
        let mut minus_one = p.clone();
        minus_one[255] ^= 1;
        refused(&p, &minus_one);
        refused(&minus_one, &[2]);
        refused(&p[1..], &[2]);
        refused(&[], &[]);
        refused(&[&p[..], &[0xff; 1024]].concat(), &[2]);
        assert!(Group::from_peer(group16().p(), &[2], MIN_BITS, 3072).is_err());
        assert!(Group::from_peer(&p, &[2], 3072, MAX_BITS).is_err());
    }

    #[test]
    fn composite_moduli_are_refused() {
        // The next odd numbers behind a prime that have no factor among the small ones.
        let p = BigUint::from_bytes_be(group14().p());
        for add in [2u32, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30] {
            refused(&(&p + add).to_bytes_be(), &[2]);
        }
    }

    /// A prime of another form than the well-known ones: 2^2203 - 1 (Mersenne's, proven).
    #[test]
    fn other_primes_are_accepted() {
        let p = (BigUint::from(1u32) << 2203u32) - 1u32;
        assert!(Group::from_peer(&p.to_bytes_be(), &[3], MIN_BITS, MAX_BITS).is_ok());
    }

    #[test]
    fn degenerate_values_are_refused() {
        let group = group14();
        let p = group.p().to_vec();
        let mut minus_one = p.clone();
        minus_one[255] ^= 1;
        let mut plus_two = p.clone();
        plus_two[255] = 1;
        plus_two[254] = 0;
        let long = [&[1][..], &p].concat();
        for value in [&[][..], &[0], &[1], &[2], &[7], &minus_one, &p, &long, &vec![0xff; 256]] {
            assert_eq!(respond(&group, value).err().unwrap().kind(), ErrorKind::KexFailed, "{value:02x?}");
            assert_eq!(start(&group).unwrap().finish(value).unwrap_err().kind(), ErrorKind::KexFailed);
        }
        assert!(respond(&group, &[15]).is_ok());
    }

    #[test]
    fn the_power_is_right() {
        let group = group14();
        let mut exponent = [0; EXPONENT_LEN];
        system_bytes(&mut exponent);
        let expected =
            BigUint::from(2u32).modpow(&BigUint::from_bytes_be(&exponent), &BigUint::from_bytes_be(group.p()));
        assert_eq!(BigUint::from_bytes_be(&group.pow(&[2], &exponent).unwrap()), expected);
    }

    #[test]
    fn a_degenerate_secret_is_told() {
        let group = group14();
        let mut minus_one = group.p().to_vec();
        minus_one[255] ^= 1;
        assert!(group.is_minus_one(&minus_one));
        assert!(!group.is_minus_one(group.p()));
    }
}
