//! OpenSSH's private key format (its PROTOCOL.key): a clear public half, and a private section that may be encrypted.

use super::{armor, corrupt, decrypt};
use crate::crypto::hostkey::{Curve, PrivateKey, PublicKey, RsaNumbers};
use crate::error::{printable, Error, ErrorKind, Result};
use crate::wire::{mpint, Reader};
use zeroize::Zeroizing;

/// The first line.
pub(super) const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
/// The last line.
pub(super) const END: &str = "-----END OPENSSH PRIVATE KEY-----";
/// What the decoded bytes begin with.
pub(super) const MAGIC: &[u8] = b"openssh-key-v1\0";

fn damaged(error: Error) -> Error {
    Error::new(ErrorKind::KeyCorrupt, format!("the key file is damaged: {}", error.text()))
}

/// Parses a file that begins with [`BEGIN`].
pub(super) fn parse(text: &str, passphrase: Option<&[u8]>) -> Result<(PrivateKey, String)> {
    let bytes = armor::decode(armor::between(text, BEGIN, END)?)?;
    let mut r = Reader::new(&bytes);
    if r.take(MAGIC.len()).map_err(damaged)? != MAGIC {
        return Err(corrupt("the key file does not begin with \"openssh-key-v1\""));
    }
    let cipher_name = r.string().map_err(damaged)?;
    let kdf_name = r.string().map_err(damaged)?;
    let kdf_options = r.string().map_err(damaged)?;
    if r.u32().map_err(damaged)? != 1 {
        return Err(Error::new(ErrorKind::KeyUnsupportedFormat, "the key file does not hold exactly one key"));
    }
    // The public half first: an unsupported type is told before a passphrase is asked for.
    let public = PublicKey::parse(r.string().map_err(damaged)?)?;
    let encrypted = r.string().map_err(damaged)?;
    let tag = r.rest();
    let section = if cipher_name == b"none" && kdf_name == b"none" && kdf_options.is_empty() {
        if !tag.is_empty() || !encrypted.len().is_multiple_of(decrypt::PLAIN_BLOCK_LEN) {
            return Err(corrupt("the key file's private section has a wrong length"));
        }
        Section { bytes: Zeroizing::new(encrypted.to_vec()), encrypted: false }
    } else {
        let key = decrypt::Key::new(cipher_name, kdf_name, kdf_options)?;
        let passphrase = passphrase.ok_or_else(|| Error::from(ErrorKind::KeyNeedsPassphrase))?;
        Section { bytes: key.decrypt(passphrase, encrypted, tag)?, encrypted: true }
    };
    section.parse(&public)
}

/// The decrypted private section.
struct Section {
    bytes: Zeroizing<Vec<u8>>,
    encrypted: bool,
}

impl Section {
    fn parse(&self, public: &PublicKey) -> Result<(PrivateKey, String)> {
        let mut r = Reader::new(&self.bytes);
        let (one, two) = (r.u32().map_err(damaged)?, r.u32().map_err(damaged)?);
        // Two equal numbers, so that a wrong passphrase shows.
        if one != two {
            return Err(if self.encrypted {
                ErrorKind::KeyBadPassphrase.into()
            } else {
                corrupt("the key file's check numbers differ")
            });
        }
        let name = r.string().map_err(damaged)?;
        if name != public.key_type().as_bytes() {
            return Err(corrupt("the key file's halves are of different types"));
        }
        let key = fields(name, &mut r)?;
        let comment = String::from_utf8_lossy(r.string().map_err(damaged)?).into_owned();
        if r.rest().len() > usize::from(u8::MAX) || !r.rest().iter().copied().eq((1..=u8::MAX).take(r.rest().len())) {
            return Err(corrupt("the key file's padding is not 1, 2, 3, ..."));
        }
        if key.public() != public {
            return Err(corrupt("the key file's halves do not belong together"));
        }
        Ok((key, comment))
    }
}

/// A private key's fields, up to the comment behind them.
pub(super) fn fields(name: &[u8], r: &mut Reader<'_>) -> Result<PrivateKey> {
    match name {
        b"ssh-ed25519" => ed25519(r),
        b"ssh-rsa" => rsa(r),
        _ => ecdsa(name, r),
    }
}

/// `string public, string seed || public, string comment`.
fn ed25519(r: &mut Reader<'_>) -> Result<PrivateKey> {
    let public = r.string().map_err(damaged)?;
    let both = r.string().map_err(damaged)?;
    let (seed, again) = both.split_first_chunk::<32>().ok_or_else(|| corrupt("an ed25519 private key has 64 bytes"))?;
    if again != public {
        return Err(corrupt("the key file's halves do not belong together"));
    }
    PrivateKey::from_ed25519_seed(Zeroizing::new(*seed))
}

/// `string curve, string point, mpint scalar, string comment`.
fn ecdsa(name: &[u8], r: &mut Reader<'_>) -> Result<PrivateKey> {
    let curve = Curve::ALL.into_iter().find(|curve| curve.key_type().as_bytes() == name).ok_or_else(|| {
        Error::new(ErrorKind::KeyUnsupportedType, format!("key type \"{}\" is not supported", printable(name)))
    })?;
    if r.string().map_err(damaged)? != curve.name().as_bytes() {
        return Err(corrupt("the key file's curve is not that of its type"));
    }
    let point = r.string().map_err(damaged)?;
    PrivateKey::from_ecdsa(curve, number(r)?, point)
}

/// `mpint n, e, d, iqmp, p, q, string comment`. iqmp is passed over: what it could speed up is worked out anew.
fn rsa(r: &mut Reader<'_>) -> Result<PrivateKey> {
    let (n, e, d, _) = (number(r)?, number(r)?, number(r)?, number(r)?);
    let (p, q) = (number(r)?, number(r)?);
    PrivateKey::from_rsa(&RsaNumbers { n, e, d, p, q })
}

fn number<'a>(r: &mut Reader<'a>) -> Result<&'a [u8]> {
    mpint::non_negative(r.mpint().map_err(damaged)?).map_err(damaged)
}
