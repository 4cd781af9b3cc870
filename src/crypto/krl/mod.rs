//! Key revocation lists: OpenSSH's binary format (its PROTOCOL.krl) and its text form, one public key a line.
//!
//! A list is read whole before anything is asked of it, and one that is damaged anywhere is an error: what it might have
//! revoked must not be accepted.

mod binary;
mod text;
mod write;

use super::cert::Certificate;
use super::hash::HashAlg;
use super::hostkey::PublicKey;
use crate::error::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Longer lists are not read; OpenSSH's bound.
pub const MAX_LEN: u64 = 128 << 20;

/// What a binary list begins with.
const MAGIC: &[u8] = b"SSHKRL\n\0";

/// A key revocation list.
#[derive(Debug, Clone, Default)]
pub struct Krl {
    version: u64,
    generated: u64,
    comment: String,
    /// Blobs of plain keys.
    keys: BTreeSet<Box<[u8]>>,
    sha1: BTreeSet<[u8; 20]>,
    sha256: BTreeSet<[u8; 32]>,
    /// By the blob of the authority's key; empty: of every authority.
    certs: BTreeMap<Box<[u8]>, Certs>,
}

/// What is revoked of one authority's certificates.
#[derive(Debug, Clone, Default)]
struct Certs {
    serials: Serials,
    key_ids: BTreeSet<Box<[u8]>>,
}

/// Serial numbers.
#[derive(Debug, Clone, Default)]
struct Serials {
    /// Ranges, first to last, which never touch each other.
    ranges: BTreeMap<u64, u64>,
    /// Bitmaps by the number that their first bit stands for; least significant byte first. They stay what they are: as
    /// ranges, one could take a hundred times its size.
    bitmaps: BTreeMap<u64, Vec<u8>>,
}

impl Serials {
    fn contains(&self, serial: u64) -> bool {
        let in_range = self.ranges.range(..=serial).next_back().is_some_and(|(_, last)| *last >= serial);
        // No bitmap reaches further.
        let nearest = serial.saturating_sub(8 * binary::MAX_BITMAP as u64);
        in_range || self.bitmaps.range(nearest..=serial).any(|(first, bits)| bit(bits, serial - first))
    }

    fn insert(&mut self, mut first: u64, mut last: u64) {
        if let Some((&before, &end)) = self.ranges.range(..=first).next_back() {
            if end.checked_add(1).is_none_or(|next| next >= first) {
                first = before;
                last = last.max(end);
            }
        }
        while let Some((&from, &to)) = self.ranges.range(first..=last.saturating_add(1)).next() {
            last = last.max(to);
            self.ranges.remove(&from);
        }
        self.ranges.insert(first, last);
    }

    fn insert_bitmap(&mut self, first: u64, bits: Vec<u8>) {
        let there = self.bitmaps.entry(first).or_default();
        if there.len() < bits.len() {
            there.resize(bits.len(), 0);
        }
        there.iter_mut().zip(bits).for_each(|(to, from)| *to |= from);
    }
}

fn bit(bits: &[u8], at: u64) -> bool {
    usize::try_from(at / 8).ok().and_then(|byte| bits.get(byte)).is_some_and(|byte| byte >> (at % 8) & 1 != 0)
}

impl Krl {
    /// Reads a list in either form: what does not begin as a binary list is text.
    ///
    /// Errors: `KrlCorrupt`.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() as u64 > MAX_LEN {
            return Err(corrupt("it is longer than 128 MiB"));
        }
        match bytes.strip_prefix(MAGIC) {
            Some(rest) => binary::parse(rest),
            None => text::parse(bytes),
        }
    }

    /// Its version number, which whoever makes lists counts up; 0 for text.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When it was made, in seconds since 1970; 0 for text.
    #[must_use]
    pub fn generated(&self) -> u64 {
        self.generated
    }

    /// Its comment.
    #[must_use]
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// Whether a plain key is revoked, by itself or by its hash.
    #[must_use]
    pub fn revokes_key(&self, key: &PublicKey) -> bool {
        let hashed = |alg: HashAlg| alg.digest(&[key.blob()]);
        self.keys.contains(key.blob())
            || !self.sha1.is_empty() && contains(&self.sha1, &hashed(HashAlg::Sha1))
            || !self.sha256.is_empty() && contains(&self.sha256, &hashed(HashAlg::Sha256))
    }

    /// Whether a certificate is revoked: by its serial number or key ID, by the key it certifies, or because its
    /// authority's key is.
    #[must_use]
    pub fn revokes_cert(&self, cert: &Certificate) -> bool {
        let listed = |authority: &[u8]| {
            self.certs.get(authority).is_some_and(|certs| {
                // Serial 0 is what certificates have that nobody numbered.
                certs.key_ids.contains(cert.key_id().as_bytes())
                    || cert.serial() != 0 && certs.serials.contains(cert.serial())
            })
        };
        self.revokes_key(cert.key())
            || self.revokes_key(cert.signature_key())
            || listed(cert.signature_key().blob())
            || listed(&[])
    }
}

fn contains<const N: usize>(set: &BTreeSet<[u8; N]>, digest: &[u8]) -> bool {
    <&[u8; N]>::try_from(digest).is_ok_and(|digest| set.contains(digest))
}

fn corrupt(text: impl fmt::Display) -> Error {
    Error::new(ErrorKind::KrlCorrupt, format!("the key revocation list is damaged: {text}"))
}

fn damaged(error: Error) -> Error {
    corrupt(error.text())
}

#[cfg(test)]
mod tests;
