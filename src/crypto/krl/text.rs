//! The text form: a public key a line. Empty lines and comments are passed over.

use super::{corrupt, Krl};
use crate::crypto::cert::is_cert_type;
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::PublicKey;
use crate::error::{ErrorKind, Result};

pub(super) fn parse(bytes: &[u8]) -> Result<Krl> {
    let mut krl = Krl::default();
    for (number, line) in bytes.split(|b| *b == b'\n').enumerate() {
        // A comment need not be UTF-8, and what comes before it is ASCII or wrong.
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match key(line) {
            Ok(key) => {
                krl.keys.insert(key.blob().into());
            }
            // Such keys are never accepted here, so nothing is lost.
            Err(error) if matches!(error.kind(), ErrorKind::KeyUnsupportedType | ErrorKind::KeyWeak) => {}
            Err(error) => return Err(corrupt(format_args!("line {}: {}", number + 1, error.text()))),
        }
    }
    Ok(krl)
}

/// A certificate stands for the key it certifies.
fn key(line: &str) -> Result<PublicKey> {
    let name = line.split([' ', '\t']).next().unwrap_or_default();
    if is_cert_type(name.as_bytes()) {
        return Ok(Certificate::parse_line(line)?.0.key().clone());
    }
    Ok(PublicKey::parse_line(line)?.0)
}
