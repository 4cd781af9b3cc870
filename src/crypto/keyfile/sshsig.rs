//! Signatures over messages and files, as `ssh-keygen -Y` makes them (OpenSSH's PROTOCOL.sshsig).

use super::write::wrap;
use super::{armor, corrupt};
use crate::crypto::hash::HashAlg;
use crate::crypto::hostkey::{PrivateKey, PublicKey};
use crate::error::{printable, Error, ErrorKind, Result};
use crate::wire::{Reader, Writer};

const MAGIC: &[u8] = b"SSHSIG";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const WIDTH: usize = 70;

/// What is signed: the message's hash, bound to what the signature is for.
fn signed_data(namespace: &str, hash_name: &str, hash: HashAlg, message: &[u8]) -> Vec<u8> {
    let mut data = MAGIC.to_vec();
    Writer::new(&mut data).string(namespace).string("").string(hash_name).string(hash.digest(&[message]));
    data
}

fn check_namespace(namespace: &str) -> Result<()> {
    if namespace.is_empty() {
        return Err(Error::new(ErrorKind::InvalidArgument, "a signature needs a namespace, as \"file\" or \"git\""));
    }
    Ok(())
}

/// Signs a message for a namespace, which says what the signature is good for; gives the armoured text. The message is
/// hashed with SHA-512, as `ssh-keygen` does.
pub fn sign_message(key: &PrivateKey, namespace: &str, message: &[u8]) -> Result<String> {
    check_namespace(namespace)?;
    let public = key.public();
    // The first is the best; for RSA never SHA-1.
    let algorithm = public.signature_algorithms().first().ok_or_else(|| Error::from(ErrorKind::Internal))?;
    let signature = key.sign(algorithm, &signed_data(namespace, "sha512", HashAlg::Sha512, message))?;
    let mut blob = MAGIC.to_vec();
    Writer::new(&mut blob).u32(1).string(public.blob()).string(namespace).string("").string("sha512").string(signature);
    Ok(wrap(&blob, BEGIN, END, WIDTH).to_string())
}

/// Verifies such a signature and gives the key that made it; whether that key is trusted is for the caller to say.
///
/// Errors: `KeyCorrupt` where the text is no signature; `HostKeySignature` where it is not for this message or
/// namespace; those of [`PublicKey::parse`]; `KeyUnsupportedFormat` for another version or hash.
pub fn verify_message(text: &[u8], namespace: &str, message: &[u8]) -> Result<PublicKey> {
    check_namespace(namespace)?;
    let damaged = |_| corrupt("the signature is damaged");
    let blob = armor::decode(armor::between(super::text(text)?.trim_start(), BEGIN, END)?)?;
    let mut r = Reader::new(&blob);
    if r.take(MAGIC.len()).map_err(damaged)? != MAGIC {
        return Err(corrupt("the signature does not begin with \"SSHSIG\""));
    }
    let version = r.u32().map_err(damaged)?;
    if version != 1 {
        return Err(Error::new(
            ErrorKind::KeyUnsupportedFormat,
            format!("signature version {version} is not supported"),
        ));
    }
    let key = PublicKey::parse(r.string().map_err(damaged)?)?;
    let made_for = r.string().map_err(damaged)?;
    let _reserved = r.string().map_err(damaged)?;
    let hash_name = r.string().map_err(damaged)?;
    let signature = r.string().map_err(damaged)?;
    r.end().map_err(damaged)?;
    let bad = |text: &'static str| Error::new(ErrorKind::HostKeySignature, text);
    if made_for != namespace.as_bytes() {
        return Err(bad("the signature was made for another namespace"));
    }
    let (hash_name, hash) = match hash_name {
        b"sha256" => ("sha256", HashAlg::Sha256),
        b"sha512" => ("sha512", HashAlg::Sha512),
        other => {
            let text = format!("signatures over \"{}\" are not supported", printable(other));
            return Err(Error::new(ErrorKind::KeyUnsupportedFormat, text));
        }
    };
    // PROTOCOL.sshsig section 3: RSA signatures with SHA-1 are not accepted.
    let algorithms = key.signature_algorithms().iter().filter(|&&name| name != "ssh-rsa");
    let data = signed_data(namespace, hash_name, hash, message);
    if algorithms.into_iter().any(|algorithm| key.verify(algorithm, &data, signature).is_ok()) {
        return Ok(key);
    }
    Err(bad("the signature is not of this message, or not by its key"))
}
