//! A private key's fields as agents send them (draft-ietf-sshm-ssh-agent section 3.2): those of OpenSSH's key files, and
//! shorter ones behind a certificate.

use super::openssh;
use super::write::write_fields;
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::{Curve, Parts, PrivateKey, RsaNumbers};
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{mpint, Reader, Writer};

fn damaged(error: Error) -> Error {
    Error::new(ErrorKind::KeyCorrupt, format!("the key is damaged: {}", error.text()))
}

/// Reads type and fields, up to the comment behind them. A certificate is checked to be the key's.
///
/// Errors: `KeyUnsupportedType`; `KeyCorrupt`, `KeyWeak`, those of certificates.
pub fn read(r: &mut Reader<'_>) -> Result<PrivateKey> {
    let name = r.string().map_err(damaged)?;
    if !name.ends_with(b"-cert-v01@openssh.com") {
        return openssh::fields(name, r);
    }
    let certificate = Certificate::parse(r.string().map_err(damaged)?)?;
    if certificate.cert_type().as_bytes() != name {
        return Err(Error::new(ErrorKind::KeyCorrupt, "the certificate is not of the key's type"));
    }
    let mut public = Reader::new(certificate.key().blob());
    let kind = public.string().map_err(damaged)?;
    let key = match kind {
        b"ssh-ed25519" => openssh::fields(kind, r)?,
        b"ssh-rsa" => {
            let (e, n) = (number(&mut public)?, number(&mut public)?);
            let (d, _iqmp) = (number(r)?, number(r)?);
            let (p, q) = (number(r)?, number(r)?);
            PrivateKey::from_rsa(&RsaNumbers { n, e, d, p, q })?
        }
        _ => {
            let known = Curve::ALL.into_iter().find(|curve| curve.key_type().as_bytes() == kind);
            let curve = known.ok_or_else(|| {
                Error::new(ErrorKind::KeyUnsupportedType, "private keys of this type are not in files or agents")
            })?;
            let _name = public.string().map_err(damaged)?;
            let point = public.string().map_err(damaged)?;
            PrivateKey::from_ecdsa(curve, number(r)?, point)?
        }
    };
    key.with_certificate(certificate)
}

/// Writes type and fields; a key with a certificate as a certificate.
///
/// Errors: `KeyNotExportable` where the private half is elsewhere.
pub fn write(key: &PrivateKey, w: &mut Writer<'_>) -> Result<()> {
    let Some(certificate) = key.certificate() else {
        w.string(key.public().key_type());
        return write_fields(key, w);
    };
    w.string(certificate.cert_type()).string(certificate.blob());
    key.with_parts(|parts| match parts {
        Parts::Ecdsa { scalar, .. } => {
            w.mpint(scalar);
            Ok(())
        }
        Parts::Rsa { d, p, q, coefficient, .. } => {
            w.mpint(d).mpint(coefficient).mpint(p).mpint(q);
            Ok(())
        }
        Parts::Ed25519 { .. } => Err(()),
    })?
    .or_else(|()| write_fields(key, w))
}

fn number<'a>(r: &mut Reader<'a>) -> Result<&'a [u8]> {
    mpint::non_negative(r.mpint().map_err(damaged)?).map_err(damaged)
}
