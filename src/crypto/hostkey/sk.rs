//! Keys held by FIDO authenticators (OpenSSH's PROTOCOL.u2f): an ed25519 or P-256 key bound to an application, whose
//! signatures carry the authenticator's flags and counter. They verify here and sign only where the device is.

use super::{corrupt, ecdsa, ed25519, Curve};
use crate::crypto::hash::HashAlg;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::Reader;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;

const ED25519: &str = "sk-ssh-ed25519@openssh.com";
const ECDSA: &str = "sk-ecdsa-sha2-nistp256@openssh.com";
const WEBAUTHN: &str = "webauthn-sk-ecdsa-sha2-nistp256@openssh.com";

/// Flag bits of the authenticator data (W3C WebAuthn, section 6.1).
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED_DATA: u8 = 0x40;
const EXTENSION_DATA: u8 = 0x80;

/// What an authenticator said with a signature of its.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkSignature {
    /// The authenticator's flags: 0x01 for a user who touched it, 0x04 for one who was verified (PIN, fingerprint).
    pub flags: u8,
    /// The authenticator's signature counter. One that goes back betrays a copied key, for authenticators that count
    /// at all; to remember it is the application's part.
    pub counter: u32,
}

impl SkSignature {
    /// Whether somebody touched the authenticator.
    #[must_use]
    pub const fn user_present(&self) -> bool {
        self.flags & USER_PRESENT != 0
    }

    /// Whether the authenticator verified who it was.
    #[must_use]
    pub const fn user_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }
}

/// The public half.
pub(super) struct Public {
    key: Key,
    application: Box<[u8]>,
}

enum Key {
    Ed25519(ed25519::Public),
    P256(ecdsa::Public),
}

impl Public {
    /// Parses what follows the type name; None for a type that is no authenticator's.
    pub(super) fn parse(name: &[u8], r: &mut Reader<'_>) -> Option<Result<Self>> {
        let key = if name == ED25519.as_bytes() {
            ed25519::Public::parse(r).map(Key::Ed25519)
        } else if name == ECDSA.as_bytes() {
            ecdsa::Public::parse(Curve::P256, r).map(Key::P256)
        } else {
            return None;
        };
        Some(key.and_then(|key| Self::join(key, r)))
    }

    fn join(key: Key, r: &mut Reader<'_>) -> Result<Self> {
        let application = r.string().map_err(corrupt)?;
        if application.contains(&0) {
            return Err(Error::new(ErrorKind::KeyCorrupt, "an application's name has no NUL (PROTOCOL.u2f)"));
        }
        Ok(Self { key, application: application.into() })
    }

    pub(super) const fn key_type(&self) -> &'static str {
        match self.key {
            Key::Ed25519(_) => ED25519,
            Key::P256(_) => ECDSA,
        }
    }

    pub(super) const fn signature_algorithms(&self) -> &'static [&'static str] {
        match self.key {
            Key::Ed25519(_) => &[ED25519],
            Key::P256(_) => &[ECDSA, WEBAUTHN],
        }
    }

    pub(super) fn application(&self) -> &[u8] {
        &self.application
    }

    /// Verifies what follows the algorithm name in a signature blob: `string signature, byte flags, uint32 counter`,
    /// and for WebAuthn `string origin, string client data, string extensions`.
    pub(super) fn verify(&self, algorithm: &str, data: &[u8], r: &mut Reader<'_>) -> Option<SkSignature> {
        let signature = r.string().ok()?;
        let said = SkSignature { flags: r.u8().ok()?, counter: r.u32().ok()? };
        let (message, extensions) = if algorithm == WEBAUTHN {
            let (origin, client_data) = (r.string().ok()?, r.string().ok()?);
            let extensions = r.string().ok()?;
            (webauthn_message(data, origin, client_data, said.flags, extensions)?, extensions)
        } else {
            (data, &[][..])
        };
        r.end().ok()?;
        let mut signed = HashAlg::Sha256.digest(&[&self.application]);
        signed.push(said.flags);
        signed.extend_from_slice(&said.counter.to_be_bytes());
        signed.extend_from_slice(extensions);
        signed.extend_from_slice(&HashAlg::Sha256.digest(&[message]));
        match &self.key {
            Key::Ed25519(key) => key.verify(&signed, signature)?,
            Key::P256(key) => key.verify(&signed, signature)?,
        }
        Some(said)
    }
}

/// What a browser's authenticator signed in place of `data`: the client data, which must begin with the challenge and
/// the origin exactly where WebAuthn's canonical form (section 5.8.1.1) has them, so that no JSON need be parsed.
fn webauthn_message<'a>(
    data: &[u8],
    origin: &[u8],
    client_data: &'a [u8],
    flags: u8,
    extensions: &[u8],
) -> Option<&'a [u8]> {
    // A quote in the origin could move the end of the field; attested data belongs to enrolment.
    let flags_fit = flags & ATTESTED_DATA == 0 && (flags & EXTENSION_DATA != 0) != extensions.is_empty();
    if origin.contains(&b'"') || origin.contains(&0) || !flags_fit {
        return None;
    }
    let challenge = URL_SAFE_NO_PAD.encode(data);
    let start =
        [br#"{"type":"webauthn.get","challenge":""#, challenge.as_bytes(), br#"","origin":""#, origin, b"\""].concat();
    client_data.starts_with(&start).then_some(client_data)
}
