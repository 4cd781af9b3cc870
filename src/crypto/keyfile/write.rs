//! Writing private keys: OpenSSH's format, and PKCS#8 for everything else.

use super::{decrypt, openssh};
use crate::crypto::hostkey::{Curve, Parts, PrivateKey};
use crate::crypto::rng::system_bytes;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::Writer;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use pkcs8::der::asn1::{OctetStringRef, UintRef};
use pkcs8::der::Encode;
use pkcs8::pkcs5::pbes2;
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use zeroize::Zeroizing;

/// bcrypt rounds where the caller names none; `ssh-keygen`'s since OpenSSH 9.4.
const ROUNDS: u32 = 24;

/// Rounds of PBKDF2 with SHA-256, for the same cause; OpenSSL's own 2048 are far too few.
const PBKDF2_ROUNDS: u32 = 600_000;

/// How many characters of base64 `ssh-keygen` and OpenSSL put on a line.
const OPENSSH_WIDTH: usize = 70;
const PEM_WIDTH: usize = 64;

/// What protects a file: a passphrase that is not empty, and rounds of the KDF (0: the default).
#[derive(Clone, Copy)]
pub struct Protection<'a> {
    /// Any bytes.
    pub passphrase: &'a [u8],
    /// Of bcrypt, or of PBKDF2.
    pub rounds: u32,
}

fn failed() -> Error {
    Error::new(ErrorKind::Internal, "the key could not be encoded")
}

fn check(protection: Option<Protection<'_>>, max_rounds: u32) -> Result<()> {
    match protection {
        Some(p) if p.passphrase.is_empty() => {
            Err(Error::new(ErrorKind::InvalidArgument, "a passphrase is not empty; without one pass none"))
        }
        Some(p) if p.rounds > max_rounds => {
            Err(Error::new(ErrorKind::InvalidArgument, format!("at most {max_rounds} rounds are read again")))
        }
        _ => Ok(()),
    }
}

/// The key in OpenSSH's format (its PROTOCOL.key); encrypted with aes256-ctr where there is a passphrase.
///
/// Errors: `InvalidArgument` for an empty passphrase, or more rounds than are read again.
pub fn write_openssh(key: &PrivateKey, comment: &str, protection: Option<Protection<'_>>) -> Result<Zeroizing<String>> {
    check(protection, decrypt::MAX_ROUNDS)?;
    let (cipher, kdf, block_len) = match protection {
        Some(_) => ("aes256-ctr", "bcrypt", 16),
        None => ("none", "none", decrypt::PLAIN_BLOCK_LEN),
    };
    let mut section = section(key, comment, block_len)?;
    let mut options = Vec::new();
    if let Some(p) = protection {
        let mut salt = [0; 16];
        system_bytes(&mut salt);
        let rounds = if p.rounds == 0 { ROUNDS } else { p.rounds };
        Writer::new(&mut options).string(salt).u32(rounds);
        // A counter mode's encryption is its decryption.
        section =
            decrypt::Key::new(cipher.as_bytes(), kdf.as_bytes(), &options)?.decrypt(p.passphrase, &section, b"")?;
    }
    let mut file = Zeroizing::new(Vec::with_capacity(section.len() + key.public().blob().len() + 128));
    file.extend_from_slice(openssh::MAGIC);
    Writer::new(&mut file)
        .string(cipher)
        .string(kdf)
        .string(&options)
        .u32(1)
        .string(key.public().blob())
        .string(&section);
    Ok(wrap(&file, openssh::BEGIN, openssh::END, OPENSSH_WIDTH))
}

/// A private key's fields behind its type, without a comment. `KeyNotExportable` where the private half is elsewhere.
pub(super) fn write_fields(key: &PrivateKey, w: &mut Writer<'_>) -> Result<()> {
    key.with_parts(|parts| match parts {
        Parts::Ed25519 { seed, public } => {
            let mut both = Zeroizing::new([0; 64]);
            for (to, from) in both.iter_mut().zip(seed.iter().chain(public)) {
                *to = *from;
            }
            w.string(public).string(both.as_slice());
        }
        Parts::Ecdsa { curve, scalar, point } => {
            w.string(curve.name()).string(point).mpint(scalar);
        }
        Parts::Rsa { n, e, d, p, q, coefficient, .. } => {
            w.mpint(n).mpint(e).mpint(d).mpint(coefficient).mpint(p).mpint(q);
        }
    })
}

/// The private section: check numbers, the key, its comment, padding.
fn section(key: &PrivateKey, comment: &str, block_len: usize) -> Result<Zeroizing<Vec<u8>>> {
    let mut number = [0; 4];
    system_bytes(&mut number);
    // Room for all of it at once: a vector that grows leaves copies behind.
    let mut out = Zeroizing::new(Vec::with_capacity(8 * key.public().blob().len() + comment.len() + 512));
    let mut w = Writer::new(&mut out);
    w.u32(u32::from_be_bytes(number)).u32(u32::from_be_bytes(number)).string(key.public().key_type());
    write_fields(key, &mut w)?;
    w.string(comment);
    let padding = out.len().next_multiple_of(block_len) - out.len();
    out.extend((1..=u8::MAX).take(padding));
    Ok(out)
}

/// The key as PKCS#8 (RFC 5958); encrypted with PBES2, PBKDF2 and AES-256-CBC where there is a passphrase. It holds no
/// comment.
///
/// Errors: as [`write_openssh`].
pub fn write_pkcs8(key: &PrivateKey, protection: Option<Protection<'_>>) -> Result<Zeroizing<String>> {
    check(protection, super::pem::MAX_ROUNDS)?;
    let der = pkcs8_der(key)?;
    let Some(p) = protection else {
        return Ok(wrap(&der, "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", PEM_WIDTH));
    };
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    system_bytes(&mut salt);
    system_bytes(&mut iv);
    let rounds = if p.rounds == 0 { PBKDF2_ROUNDS } else { p.rounds };
    let scheme = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(rounds, &salt, iv).map_err(|_| failed())?;
    let sealed = scheme.encrypt(p.passphrase, &der).map_err(|_| failed())?;
    let encrypted_data = OctetStringRef::new(&sealed).map_err(|_| failed())?;
    let info = EncryptedPrivateKeyInfoRef { encryption_algorithm: scheme.into(), encrypted_data };
    let der = info.to_der().map_err(|_| failed())?;
    Ok(wrap(&der, "-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----END ENCRYPTED PRIVATE KEY-----", PEM_WIDTH))
}

/// The key as OpenSSL wrote it before PKCS#8: PKCS#1 for RSA (RFC 8017), SEC1 for ECDSA (RFC 5915). Never encrypted: the
/// old way to do that (RFC 1421) hardly slows down guessing.
///
/// Errors: `KeyUnsupportedType` for ed25519 keys, which never had such a form.
pub fn write_traditional(key: &PrivateKey) -> Result<Zeroizing<String>> {
    let label = match key.public().key_type() {
        "ssh-rsa" => "RSA",
        "ssh-ed25519" => {
            let text = "ed25519 keys have no PKCS#1 or SEC1 form: write PKCS#8";
            return Err(Error::new(ErrorKind::KeyUnsupportedType, text));
        }
        _ => "EC",
    };
    let der = key.with_parts(|parts| inner_der(parts, true))?.map_err(|_| failed())?;
    let (begin, end) = (format!("-----BEGIN {label} PRIVATE KEY-----"), format!("-----END {label} PRIVATE KEY-----"));
    Ok(wrap(&der, &begin, &end, PEM_WIDTH))
}

fn pkcs8_der(key: &PrivateKey) -> Result<Zeroizing<Vec<u8>>> {
    key.with_parts(|parts| -> pkcs8::der::Result<_> {
        let curve = match &parts {
            Parts::Ecdsa { curve, .. } => Some(curve_oid(*curve)),
            _ => None,
        };
        let algorithm = match &parts {
            Parts::Ed25519 { .. } => AlgorithmIdentifierRef { oid: super::pem::ED25519, parameters: None },
            Parts::Ecdsa { .. } => {
                AlgorithmIdentifierRef { oid: super::pem::EC, parameters: curve.as_ref().map(Into::into) }
            }
            Parts::Rsa { .. } => pkcs1::ALGORITHM_ID,
        };
        let inner = inner_der(parts, false)?;
        PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(&inner)?).to_der().map(Zeroizing::new)
    })?
    .map_err(|_| failed())
}

/// The key's own structure. PKCS#8 names an EC key's curve outside of it, a file without PKCS#8 inside.
fn inner_der(parts: Parts<'_>, name_curve: bool) -> pkcs8::der::Result<Zeroizing<Vec<u8>>> {
    match parts {
        Parts::Ed25519 { seed, .. } => OctetStringRef::new(seed)?.to_der(),
        Parts::Ecdsa { curve, scalar, point } => {
            let parameters = name_curve.then(|| sec1::EcParameters::NamedCurve(curve_oid(curve)));
            sec1::EcPrivateKey { private_key: scalar, parameters, public_key: Some(point) }.to_der()
        }
        Parts::Rsa { n, e, d, p, q, dp, dq, coefficient } => pkcs1::RsaPrivateKeyRef {
            modulus: UintRef::new(n)?,
            public_exponent: UintRef::new(e)?,
            private_exponent: UintRef::new(d)?,
            prime1: UintRef::new(p)?,
            prime2: UintRef::new(q)?,
            exponent1: UintRef::new(dp)?,
            exponent2: UintRef::new(dq)?,
            coefficient: UintRef::new(coefficient)?,
            other_prime_infos: None,
        }
        .to_der(),
    }
    .map(Zeroizing::new)
}

fn curve_oid(curve: Curve) -> pkcs8::ObjectIdentifier {
    match curve {
        Curve::P256 => super::pem::P256,
        Curve::P384 => super::pem::P384,
        Curve::P521 => super::pem::P521,
    }
}

/// Base64 in lines between a first and a last one.
pub(super) fn wrap(bytes: &[u8], begin: &str, end: &str, width: usize) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(bytes));
    let mut out =
        Zeroizing::new(String::with_capacity(encoded.len() + encoded.len() / width + begin.len() + end.len() + 8));
    out.push_str(begin);
    out.push('\n');
    let mut rest = encoded.as_str();
    while let Some((line, after)) = rest.split_at_checked(width.min(rest.len())).filter(|(line, _)| !line.is_empty()) {
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out.push_str(end);
    out.push('\n');
    out
}
