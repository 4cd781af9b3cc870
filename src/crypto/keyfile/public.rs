//! Public key files: one line, RFC 4716, and PEM (RFC 5480 and RFC 8017's own).

use super::{armor, corrupt, text};
use crate::crypto::hostkey::PublicKey;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::Writer;
use pkcs8::der::Decode;
use pkcs8::spki::SubjectPublicKeyInfoRef;

const RFC4716: (&str, &str) = ("---- BEGIN SSH2 PUBLIC KEY ----", "---- END SSH2 PUBLIC KEY ----");
const SPKI: (&str, &str) = ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----");
const PKCS1: (&str, &str) = ("-----BEGIN RSA PUBLIC KEY-----", "-----END RSA PUBLIC KEY-----");

/// Reads a public key file and gives the key and its comment. One line is `type base64 comment`; lines before it that
/// are empty or start with `#` are passed over.
///
/// Errors: those of [`PublicKey::parse_line`]; `KeyUnsupportedFormat` for a private key.
pub fn parse_public(bytes: &[u8]) -> Result<(PublicKey, String)> {
    let text = text(bytes)?.trim_start();
    if text.starts_with(RFC4716.0) {
        return rfc4716(armor::between(text, RFC4716.0, RFC4716.1)?);
    }
    if text.starts_with(SPKI.0) {
        return Ok((spki(&armor::decode(armor::between(text, SPKI.0, SPKI.1)?)?)?, String::new()));
    }
    if text.starts_with(PKCS1.0) {
        return Ok((rsa(&armor::decode(armor::between(text, PKCS1.0, PKCS1.1)?)?)?, String::new()));
    }
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let line = line.ok_or_else(|| corrupt("the public key file is empty"))?;
    if text.contains("PRIVATE KEY-----") || line.starts_with(super::ppk::BEGIN) {
        // Only the public half can be had from a private key, never the other way round.
        let error = Error::new(ErrorKind::KeyUnsupportedFormat, "the file is a private key, not a public one");
        return Err(error.with(|detail| detail.hint = Some("ssh-keygen -y -f FILE prints the public half")));
    }
    if line.starts_with("----") {
        let text = "the file is no public key in a format that is read here";
        return Err(Error::new(ErrorKind::KeyUnsupportedFormat, text));
    }
    PublicKey::parse_line(line).map_err(|error| match super::is_certificate(line) {
        true => Error::new(error.kind(), super::CERTIFICATE),
        false => error,
    })
}

/// Headers, each perhaps going on behind a backslash, then base64 (RFC 4716 section 3).
fn rfc4716(body: &str) -> Result<(PublicKey, String)> {
    let mut comment = String::new();
    let mut encoded = String::new();
    let mut lines = body.lines().filter(|line| !line.trim().is_empty());
    while let Some(line) = lines.next() {
        let Some((name, value)) = line.split_once(':') else {
            encoded.push_str(line);
            continue;
        };
        let mut value = value.trim_start().to_owned();
        while value.ends_with('\\') {
            value.pop();
            value.push_str(lines.next().ok_or_else(|| corrupt("the public key file's header has no end"))?);
        }
        if name.eq_ignore_ascii_case("comment") {
            comment = value.trim_matches('"').to_owned();
        }
    }
    Ok((PublicKey::parse(&armor::decode(&encoded)?)?, comment))
}

fn damaged(_: pkcs8::der::Error) -> Error {
    corrupt("the public key file's DER is damaged")
}

fn spki(bytes: &[u8]) -> Result<PublicKey> {
    let info = SubjectPublicKeyInfoRef::from_der(bytes).map_err(damaged)?;
    let key = info.subject_public_key.as_bytes().ok_or_else(|| corrupt("the public key has a broken byte"))?;
    match info.algorithm.oid {
        super::pem::RSA => rsa(key),
        super::pem::EC => {
            let oid = info.algorithm.parameters_oid().map_err(|_| corrupt("the key file's curve has no name"))?;
            PublicKey::parse(&super::pem::curve(oid)?.blob(key))
        }
        super::pem::ED25519 => {
            let mut blob = Vec::new();
            Writer::new(&mut blob).string("ssh-ed25519").string(key);
            PublicKey::parse(&blob)
        }
        oid => Err(super::pem::unsupported_type(oid)),
    }
}

fn rsa(bytes: &[u8]) -> Result<PublicKey> {
    let key = pkcs1::RsaPublicKeyRef::from_der(bytes).map_err(damaged)?;
    let mut blob = Vec::new();
    Writer::new(&mut blob).string("ssh-rsa").mpint(key.public_exponent.as_bytes()).mpint(key.modulus.as_bytes());
    PublicKey::parse(&blob)
}
