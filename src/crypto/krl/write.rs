//! Making lists.

use super::{binary, corrupt, Krl, MAGIC};
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::PublicKey;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::Writer;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::Engine;
use std::collections::BTreeSet;

impl Krl {
    /// Revokes a plain key, and with it every certificate that certifies it or that it signed.
    pub fn revoke_key(&mut self, key: &PublicKey) {
        self.keys.insert(key.blob().into());
    }

    /// Revokes the plain key with this SHA-1 or SHA-256 hash.
    ///
    /// Errors: `InvalidArgument` for another length.
    pub fn revoke_hash(&mut self, hash: &[u8]) -> Result<()> {
        if let Ok(hash) = hash.try_into() {
            self.sha1.insert(hash);
        } else if let Ok(hash) = hash.try_into() {
            self.sha256.insert(hash);
        } else {
            return Err(Error::new(ErrorKind::InvalidArgument, "a hash has 20 bytes (SHA-1) or 32 (SHA-256)"));
        }
        Ok(())
    }

    /// Revokes the plain key with this fingerprint: "SHA256:" and base64 without padding.
    ///
    /// Errors: `InvalidArgument`.
    pub fn revoke_fingerprint(&mut self, fingerprint: &str) -> Result<()> {
        let hash = fingerprint.strip_prefix("SHA256:").and_then(|hash| STANDARD_NO_PAD.decode(hash).ok());
        match hash.as_deref().map(<[u8; 32]>::try_from) {
            Some(Ok(hash)) => {
                self.sha256.insert(hash);
                Ok(())
            }
            _ => {
                Err(Error::new(ErrorKind::InvalidArgument, "a fingerprint is \"SHA256:\" and 43 characters of base64"))
            }
        }
    }

    /// Revokes the certificates of one authority, None: of every one, with these serial numbers, both included.
    ///
    /// Errors: `InvalidArgument` for 0, which stands for no number, and for a last number before the first.
    pub fn revoke_serials(&mut self, authority: Option<&PublicKey>, first: u64, last: u64) -> Result<()> {
        if first == 0 || first > last {
            return Err(Error::new(ErrorKind::InvalidArgument, "serial numbers go from 1 on, and from low to high"));
        }
        self.certs(authority).serials.insert(first, last);
        Ok(())
    }

    /// Revokes the certificates of one authority, None: of every one, with this key ID.
    pub fn revoke_key_id(&mut self, authority: Option<&PublicKey>, key_id: &str) {
        self.certs(authority).key_ids.insert(key_id.as_bytes().into());
    }

    /// Revokes a certificate as `ssh-keygen -k` does: by its serial number where it has one, by its key ID otherwise.
    pub fn revoke_cert(&mut self, cert: &Certificate) {
        let certs = self.certs(Some(cert.signature_key()));
        match cert.serial() {
            0 => {
                certs.key_ids.insert(cert.key_id().as_bytes().into());
            }
            serial => certs.serials.insert(serial, serial),
        }
    }

    /// Sets what the header says: a version number, the time in seconds since 1970, and a comment.
    pub fn set_header(&mut self, version: u64, generated: u64, comment: &str) {
        (self.version, self.generated, self.comment) = (version, generated, comment.to_owned());
    }

    fn certs(&mut self, authority: Option<&PublicKey>) -> &mut super::Certs {
        self.certs.entry(authority.map_or(&[][..], PublicKey::blob).into()).or_default()
    }

    /// The list in the binary format.
    ///
    /// Errors: `KrlCorrupt` where it grew longer than any that is read again.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        Writer::new(&mut out)
            .raw(MAGIC)
            .u32(1)
            .u64(self.version)
            .u64(self.generated)
            .u64(0)
            .string("")
            .string(&self.comment);
        for (authority, certs) in &self.certs {
            let mut section = Vec::new();
            Writer::new(&mut section).string(authority).string("");
            serials(&mut section, &certs.serials);
            put(&mut section, binary::KEY_ID, &strings(&certs.key_ids));
            put(&mut out, binary::CERTIFICATES, &section);
        }
        put(&mut out, binary::EXPLICIT_KEY, &strings(&self.keys));
        put(&mut out, binary::FINGERPRINT_SHA1, &strings(&self.sha1));
        put(&mut out, binary::FINGERPRINT_SHA256, &strings(&self.sha256));
        if out.len() as u64 > super::MAX_LEN {
            return Err(corrupt("it is longer than 128 MiB"));
        }
        Ok(out)
    }
}

/// Appends a section, unless it is empty.
fn put(out: &mut Vec<u8>, number: u8, data: &[u8]) {
    if !data.is_empty() {
        Writer::new(out).u8(number).string(data);
    }
}

fn strings<T: AsRef<[u8]>>(set: &BTreeSet<T>) -> Vec<u8> {
    let mut out = Vec::new();
    for item in set {
        Writer::new(&mut out).string(item);
    }
    out
}

/// Ranges that are worth a section of their own, which has 21 bytes; the others in one list. Bitmaps that were read are
/// written again; none is made.
fn serials(out: &mut Vec<u8>, serials: &super::Serials) {
    let mut list = Vec::new();
    for (&first, &last) in &serials.ranges {
        if last - first < 3 {
            for serial in first..=last {
                Writer::new(&mut list).u64(serial);
            }
        } else {
            let mut range = Vec::new();
            Writer::new(&mut range).u64(first).u64(last);
            put(out, binary::SERIAL_RANGE, &range);
        }
    }
    put(out, binary::SERIAL_LIST, &list);
    for (first, bits) in &serials.bitmaps {
        let mut bitmap = Vec::new();
        Writer::new(&mut bitmap).u64(*first).mpint(&bits.iter().rev().copied().collect::<Vec<_>>());
        put(out, binary::SERIAL_BITMAP, &bitmap);
    }
}
