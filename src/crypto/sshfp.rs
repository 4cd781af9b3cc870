//! SSHFP records: fingerprints of host keys in the DNS (RFC 4255; RFC 6594 for ECDSA and SHA-256; RFC 7479 for Ed25519).

use super::hash::HashAlg;
use super::hostkey::PublicKey;

/// The fingerprint is SHA-1's (RFC 4255 section 3.1.2).
const SHA1: u8 = 1;
/// The fingerprint is SHA-256's (RFC 6594 section 4.1).
const SHA256: u8 = 2;

/// A record's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The key's algorithm: 1 RSA, 3 ECDSA, 4 Ed25519.
    pub algorithm: u8,
    /// The hash: 1 SHA-1, 2 SHA-256.
    pub fp_type: u8,
    /// The hash of the key's blob.
    pub fingerprint: Vec<u8>,
}

/// What records say of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// No record speaks of a key.
    None,
    /// A record is the key's, and none of its kind another's.
    Match,
    /// There are records, and they are other keys'.
    Mismatch,
}

fn algorithm(key: &PublicKey) -> Option<u8> {
    Some(match key.key_type() {
        "ssh-rsa" => 1,
        "ssh-ed25519" => 4,
        "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ecdsa-sha2-nistp521" => 3,
        _ => return None,
    })
}

fn fingerprint(key: &PublicKey, fp_type: u8) -> Option<Vec<u8>> {
    match fp_type {
        SHA1 => Some(HashAlg::Sha1.digest(&[key.blob()]).to_vec()),
        SHA256 => Some(HashAlg::Sha256.digest(&[key.blob()]).to_vec()),
        _ => None,
    }
}

/// A key's records, SHA-1's before SHA-256's; none for a type that has no number.
#[must_use]
pub fn records(key: &PublicKey) -> Vec<Record> {
    let Some(algorithm) = algorithm(key) else { return Vec::new() };
    let record = |fp_type| Some(Record { algorithm, fp_type, fingerprint: fingerprint(key, fp_type)? });
    [SHA1, SHA256].into_iter().filter_map(record).collect()
}

impl Record {
    /// The record as a line of a zone file.
    #[must_use]
    pub fn to_line(&self, host: &str) -> String {
        let hex: String = self.fingerprint.iter().map(|b| format!("{b:02x}")).collect();
        format!("{host} IN SSHFP {} {} {hex}", self.algorithm, self.fp_type)
    }
}

/// Compares a host's records with the key it shows, as OpenSSH's VerifyHostKeyDNS does: one that is the same key's kind
/// and another's fingerprint outweighs those that fit.
#[must_use]
pub fn look_up(records: &[Record], key: &PublicKey) -> Lookup {
    let same_kind = records.iter().filter(|record| algorithm(key) == Some(record.algorithm));
    let mut fits =
        same_kind.filter_map(|record| Some(fingerprint(key, record.fp_type)? == record.fingerprint)).peekable();
    match (records.is_empty(), fits.peek().is_some() && fits.all(|fits| fits)) {
        (true, _) => Lookup::None,
        (false, true) => Lookup::Match,
        (false, false) => Lookup::Mismatch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `ssh-keygen -r host` of OpenSSH 9.2 says of the key.
    #[test]
    fn records_are_those_of_ssh_keygen() {
        let (key, _) = PublicKey::parse_line(include_str!("../../tests/vectors/keys/ed25519.pub")).unwrap();
        let lines: Vec<_> = records(&key).iter().map(|record| record.to_line("host")).collect();
        assert_eq!(lines, EXPECTED);
        assert_eq!(look_up(&[], &key), Lookup::None);
        assert_eq!(look_up(&records(&key), &key), Lookup::Match);
        let mut other = records(&key);
        other[0].fingerprint[0] ^= 1;
        assert_eq!(look_up(&other, &key), Lookup::Mismatch);
        assert_eq!(look_up(&other[1..], &key), Lookup::Match);
        let unknown = Record { algorithm: 9, fp_type: 2, fingerprint: vec![0; 32] };
        assert_eq!(look_up(std::slice::from_ref(&unknown), &key), Lookup::Mismatch);
        assert_eq!(look_up(&[unknown, other[1].clone()], &key), Lookup::Match);
    }

    const EXPECTED: [&str; 2] = [
        "host IN SSHFP 4 1 f9eaaf1b0998b52dd74994b5763eb74b8c12cb42",
        "host IN SSHFP 4 2 b52a05ce4aca05468ea340b050663702110124c296f542217e1f5579166c6b3e",
    ];
}
