//! PEM private keys, as OpenSSL and older programs write them: PKCS#1 (RFC 8017) and SEC1 (RFC 5915), perhaps encrypted
//! the old way (a DEK-Info header, RFC 1421), and PKCS#8 (RFC 5958), perhaps encrypted with PBES2 (RFC 8018).

use super::{armor, corrupt, decrypt};
use crate::crypto::hostkey::{Curve, PrivateKey, RsaNumbers};
use crate::error::{printable, Error, ErrorKind, Result};
use md5::{Digest, Md5};
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::{Decode, Reader, SliceReader};
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef};
use zeroize::Zeroizing;

pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(super) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
pub(super) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(super) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
pub(super) const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// The most rounds of PBKDF2 that are worked through, some seconds; OpenSSL writes 2048 unless told otherwise.
pub(super) const MAX_ROUNDS: u32 = 10_000_000;
/// The most memory that scrypt may take, bytes; OpenSSL's own bound is 32 MiB.
const MAX_SCRYPT_MEMORY: u64 = 1 << 28;
/// The most times scrypt may go over that memory.
const MAX_SCRYPT_PASSES: u16 = 16;

/// What is between the lines, by the first line's label.
#[derive(Clone, Copy)]
enum Content {
    Pkcs1,
    Sec1,
    Pkcs8,
    EncryptedPkcs8,
}

const LABELS: &[(&str, Content)] = &[
    ("RSA PRIVATE KEY", Content::Pkcs1),
    ("EC PRIVATE KEY", Content::Sec1),
    ("PRIVATE KEY", Content::Pkcs8),
    ("ENCRYPTED PRIVATE KEY", Content::EncryptedPkcs8),
];

/// What `openssl ecparam -genkey` writes before the key, which says it again.
const PARAMETERS: (&str, &str) = ("-----BEGIN EC PARAMETERS-----", "-----END EC PARAMETERS-----");

/// Parses a file if it begins as one of these formats do.
pub(super) fn parse(text: &str, passphrase: Option<&[u8]>) -> Option<Result<PrivateKey>> {
    let parameters = text.strip_prefix(PARAMETERS.0).and_then(|rest| rest.split_once(PARAMETERS.1));
    let text = parameters.map_or(text, |(_, key)| key.trim_start());
    LABELS.iter().find_map(|(label, content)| {
        let begin = format!("-----BEGIN {label}-----");
        text.starts_with(&begin).then(|| {
            let body = armor::between(text, &begin, &format!("-----END {label}-----"))?;
            read(body, *content, passphrase)
        })
    })
}

fn read(body: &str, content: Content, passphrase: Option<&[u8]>) -> Result<PrivateKey> {
    let (headers, encoded) = split_headers(body);
    let mut bytes = armor::decode(encoded)?;
    let dek = headers.and_then(|headers| header(headers, "DEK-Info"));
    if let Some(dek) = dek {
        bytes = decrypt_dek(dek, &bytes, passphrase)?;
    }
    let parsed = match content {
        Content::Pkcs1 => rsa(&bytes),
        Content::Sec1 => ec(&bytes, None),
        Content::Pkcs8 => pkcs8(&bytes),
        Content::EncryptedPkcs8 => return encrypted_pkcs8(&bytes, passphrase),
    };
    // Nothing but the content tells a wrong passphrase from the right one whose padding happens to fit.
    parsed.map_err(|error| match (dek, error.kind()) {
        (Some(_), ErrorKind::KeyCorrupt) => ErrorKind::KeyBadPassphrase.into(),
        _ => error,
    })
}

/// Headers end at an empty line (RFC 1421 section 4.4); without any there is none.
fn split_headers(body: &str) -> (Option<&str>, &str) {
    let body = body.trim_start_matches(['\r', '\n']);
    if !body.lines().next().is_some_and(|line| line.contains(':')) {
        return (None, body);
    }
    let end = body.find("\n\n").or_else(|| body.find("\n\r\n"));
    end.and_then(|end| body.split_at_checked(end)).map_or((None, body), |(headers, rest)| (Some(headers), rest))
}

fn header<'a>(headers: &'a str, name: &str) -> Option<&'a str> {
    headers.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// OpenSSL's way before PKCS#8: the key from MD5 over the passphrase and the IV's first eight bytes.
fn decrypt_dek(dek: &str, data: &[u8], passphrase: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>> {
    let (name, iv) = dek.split_once(',').ok_or_else(|| corrupt("the key file's DEK-Info is damaged"))?;
    let (cipher, key_len) = match name.trim() {
        "AES-128-CBC" => (decrypt::Cbc::Aes128, 16),
        "AES-192-CBC" => (decrypt::Cbc::Aes192, 24),
        "AES-256-CBC" => (decrypt::Cbc::Aes256, 32),
        "DES-EDE3-CBC" => (decrypt::Cbc::TripleDes, 24),
        other => {
            let text = format!("key file cipher \"{}\" is not supported", printable(other.as_bytes()));
            return Err(Error::new(ErrorKind::KeyUnsupportedCipher, text));
        }
    };
    let passphrase = passphrase.ok_or_else(|| Error::from(ErrorKind::KeyNeedsPassphrase))?;
    let iv = armor::hex(iv.trim()).ok_or_else(|| corrupt("the key file's IV is damaged"))?;
    let salt = iv.first_chunk::<8>().ok_or_else(|| corrupt("the key file's IV is too short"))?;
    let mut key = Zeroizing::new(Vec::with_capacity(48));
    let mut last = Zeroizing::new([0u8; 16]);
    while key.len() < key_len {
        let mut hash = Md5::new();
        if !key.is_empty() {
            hash.update(last.as_slice());
        }
        hash.update(passphrase);
        hash.update(salt);
        last.copy_from_slice(&hash.finalize());
        key.extend_from_slice(last.as_slice());
    }
    key.truncate(key_len);
    let mut data = Zeroizing::new(data.to_vec());
    cipher.decrypt(&key, &iv, &mut data)?;
    let padding = data.last().copied().unwrap_or(0);
    let kept = data.len().checked_sub(padding.into()).filter(|_| padding != 0);
    let kept = kept.filter(|&kept| data.iter().skip(kept).all(|&b| b == padding));
    data.truncate(kept.ok_or_else(|| Error::from(ErrorKind::KeyBadPassphrase))?);
    Ok(data)
}

fn encrypted_pkcs8(bytes: &[u8], passphrase: Option<&[u8]>) -> Result<PrivateKey> {
    let damaged = |_| corrupt("the key file's encryption fields are damaged");
    // RFC 8018's older schemes and PKCS#12's have parameters of other kinds: told apart before those are looked at.
    let scheme = scheme(bytes).map_err(damaged)?;
    if scheme != PBES2 {
        return Err(unsupported(&scheme));
    }
    let info = EncryptedPrivateKeyInfoRef::from_der(bytes).map_err(|error| match error.kind() {
        pkcs8::der::ErrorKind::OidUnknown { oid } => unsupported(&oid),
        _ => damaged(error),
    })?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else { return Err(unsupported(&scheme)) };
    check_cost(&parameters.kdf)?;
    let passphrase = passphrase.ok_or_else(|| Error::from(ErrorKind::KeyNeedsPassphrase))?;
    let plain = parameters.decrypt(passphrase, info.encrypted_data.as_bytes()).map_err(|error| match error {
        pkcs8::pkcs5::Error::UnsupportedAlgorithm { oid } => unsupported(&oid),
        pkcs8::pkcs5::Error::AlgorithmParametersInvalid { .. } => {
            corrupt("the key file's encryption fields are damaged")
        }
        _ => ErrorKind::KeyBadPassphrase.into(),
    })?;
    let plain = Zeroizing::new(plain);
    // Padding that fits by chance: see `read`.
    pkcs8(&plain).map_err(|error| match error.kind() {
        ErrorKind::KeyCorrupt => ErrorKind::KeyBadPassphrase.into(),
        _ => error,
    })
}

fn scheme(bytes: &[u8]) -> pkcs8::der::Result<ObjectIdentifier> {
    SliceReader::new(bytes)?.sequence(|r| {
        let scheme = AlgorithmIdentifierRef::decode(r)?;
        <&OctetStringRef>::decode(r)?;
        Ok(scheme.oid)
    })
}

/// A file must not stop a program for hours, or take its memory.
fn check_cost(kdf: &Kdf) -> Result<()> {
    let (fits, what) = match kdf {
        Kdf::Pbkdf2(p) => (p.iteration_count <= MAX_ROUNDS, format!("{} rounds of PBKDF2", p.iteration_count)),
        Kdf::Scrypt(p) => {
            let memory = u64::from(p.block_size).saturating_mul(p.cost_parameter).saturating_mul(128);
            let fits = memory <= MAX_SCRYPT_MEMORY && p.parallelization <= MAX_SCRYPT_PASSES;
            (fits, format!("{memory} bytes for scrypt, {} times", p.parallelization))
        }
        _ => (false, "a KDF that is not known here".to_owned()),
    };
    if fits {
        return Ok(());
    }
    Err(Error::new(ErrorKind::KeyUnsupportedCipher, format!("the key file asks for {what}")))
}

fn unsupported(oid: &ObjectIdentifier) -> Error {
    Error::new(ErrorKind::KeyUnsupportedCipher, format!("key file encryption with algorithm {oid} is not supported"))
}

fn damaged(_: pkcs8::der::Error) -> Error {
    corrupt("the key file's DER is damaged")
}

fn pkcs8(bytes: &[u8]) -> Result<PrivateKey> {
    let info = PrivateKeyInfoRef::from_der(bytes).map_err(damaged)?;
    let key = info.private_key.as_bytes();
    match info.algorithm.oid {
        RSA => rsa(key),
        EC => {
            let curve = info.algorithm.parameters_oid().map_err(|_| corrupt("the key file's curve has no name"))?;
            ec(key, Some(curve))
        }
        ED25519 => {
            // RFC 8410 section 7: an octet string inside the octet string.
            let seed = <&OctetStringRef>::from_der(key).map_err(damaged)?;
            let seed = <[u8; 32]>::try_from(seed.as_bytes())
                .map_err(|_| corrupt("an ed25519 private key has 32 bytes (RFC 8410 section 7)"))?;
            PrivateKey::from_ed25519_seed(Zeroizing::new(seed))
        }
        oid => Err(unsupported_type(oid)),
    }
}

fn rsa(bytes: &[u8]) -> Result<PrivateKey> {
    let key = pkcs1::RsaPrivateKeyRef::from_der(bytes).map_err(damaged)?;
    PrivateKey::from_rsa(&RsaNumbers {
        n: key.modulus.as_bytes(),
        e: key.public_exponent.as_bytes(),
        d: key.private_exponent.as_bytes(),
        p: key.prime1.as_bytes(),
        q: key.prime2.as_bytes(),
    })
}

/// `outer`: the curve that PKCS#8 names outside of the key.
fn ec(bytes: &[u8], outer: Option<ObjectIdentifier>) -> Result<PrivateKey> {
    let key = sec1::EcPrivateKey::from_der(bytes).map_err(damaged)?;
    let inner = key.parameters.and_then(sec1::EcParameters::named_curve);
    let curve = curve(outer.or(inner).ok_or_else(|| corrupt("the key file's curve has no name"))?)?;
    match key.public_key {
        Some(point) => PrivateKey::from_ecdsa(curve, key.private_key, point),
        // The field is optional (RFC 5915 section 3); `openssl ec -no_public` leaves it out.
        None => PrivateKey::from_ecdsa(curve, key.private_key, &curve.public_point(key.private_key)?),
    }
}

/// The curve that an OID names (RFC 5480 section 2.1.1.1).
pub(super) fn curve(oid: ObjectIdentifier) -> Result<Curve> {
    match oid {
        P256 => Ok(Curve::P256),
        P384 => Ok(Curve::P384),
        P521 => Ok(Curve::P521),
        _ => Err(Error::new(ErrorKind::KeyUnsupportedType, format!("elliptic curve {oid} is not supported"))),
    }
}

/// The error for another algorithm than those of SSH.
pub(super) fn unsupported_type(oid: ObjectIdentifier) -> Error {
    Error::new(ErrorKind::KeyUnsupportedType, format!("keys of algorithm {oid} are not supported"))
}
