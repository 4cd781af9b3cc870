//! Lists made by ssh-keygen: tests/vectors/krls/README.md says how.

use super::*;
use crate::wire::Writer;

macro_rules! krl {
    ($name:literal) => {
        Krl::parse(include_bytes!(concat!("../../../tests/vectors/krls/", $name))).unwrap()
    };
}

macro_rules! cert {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../tests/vectors/certs/", $name, "-cert.pub")))
    };
}

macro_rules! key {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../tests/vectors/keys/", $name, ".pub")))
    };
}

const CERTS: &[(&str, &str)] = &[
    cert!("ed25519"),
    cert!("ecdsa_256"),
    cert!("ecdsa_384"),
    cert!("ecdsa_521"),
    cert!("rsa_2048"),
    cert!("rsa_sha1"),
    cert!("options"),
    cert!("host"),
];

const KEYS: &[(&str, &str)] =
    &[key!("ed25519"), key!("ecdsa_256"), key!("ecdsa_384"), key!("ecdsa_521"), key!("rsa_2048")];

fn revoked_certs(krl: &Krl) -> Vec<&'static str> {
    let revoked = |line: &str| krl.revokes_cert(&Certificate::parse_line(line).unwrap().0);
    CERTS.iter().filter(|(_, line)| revoked(line)).map(|(name, _)| *name).collect()
}

fn revoked_keys(krl: &Krl) -> Vec<&'static str> {
    let revoked = |line: &str| krl.revokes_key(&PublicKey::parse_line(line).unwrap().0);
    KEYS.iter().filter(|(_, line)| revoked(line)).map(|(name, _)| *name).collect()
}

/// What `ssh-keygen -Q` says of the same files.
#[test]
fn lists_revoke_what_ssh_keygen_says() {
    let of_ed25519 = ["ed25519", "ecdsa_256", "options", "host"];
    for (krl, certs, keys) in [
        (krl!("serials"), &["ed25519"][..], &[][..]),
        (krl!("any_authority"), &["options"], &[]),
        (krl!("explicit"), &["ecdsa_384", "ecdsa_521", "rsa_2048", "rsa_sha1"], &["ecdsa_384", "rsa_2048"]),
        (
            krl!("hashes"),
            &["ed25519", "ecdsa_256", "ecdsa_384", "ecdsa_521", "options", "host"],
            &["ed25519", "ecdsa_521"],
        ),
        (krl!("certs"), &["ed25519", "ecdsa_521", "host"], &[]),
        (
            krl!("text"),
            &[&of_ed25519[..2], &["rsa_2048", "rsa_sha1"], &of_ed25519[2..]].concat(),
            &["ed25519", "rsa_2048"],
        ),
    ] {
        for krl in [krl.clone(), Krl::parse(&krl.to_bytes().unwrap()).unwrap()] {
            assert_eq!(revoked_certs(&krl), certs);
            assert_eq!(revoked_keys(&krl), keys);
        }
    }
    assert!(Krl::parse(b"").unwrap().keys.is_empty());
    assert_eq!(krl!("serials").version(), 3);
}

#[test]
fn serials_are_those_given() {
    let krl = krl!("serials");
    let serials = &krl.certs.values().next().unwrap().serials;
    assert!(!serials.bitmaps.is_empty());
    let single = [5, 7, 1000, 1001, 1003, 1007, 1010, 1020, 1031, 1044];
    for serial in 0..2000 {
        assert_eq!(serials.contains(serial), single.contains(&serial) || (100..=500).contains(&serial), "{serial}");
    }
    assert!(serials.contains(u64::MAX) && !serials.contains(u64::MAX - 1));
}

#[test]
fn ranges_are_joined() {
    let mut serials = Serials::default();
    for (first, last) in
        [(10, 20), (30, 40), (21, 29), (50, 60), (45, 70), (1, 1), (2, 2), (u64::MAX, u64::MAX), (15, 16)]
    {
        serials.insert(first, last);
    }
    let joined: Vec<_> = serials.ranges.iter().map(|(first, last)| (*first, *last)).collect();
    assert_eq!(joined, [(1, 2), (10, 40), (45, 70), (u64::MAX, u64::MAX)]);
    serials.insert(1, u64::MAX);
    assert_eq!(serials.ranges.len(), 1);
}

#[test]
fn every_cut_is_an_error_or_a_shorter_list() {
    for bytes in [
        &include_bytes!("../../../tests/vectors/krls/serials")[..],
        include_bytes!("../../../tests/vectors/krls/hashes"),
    ] {
        for at in MAGIC.len()..bytes.len() {
            match Krl::parse(&bytes[..at]) {
                Ok(krl) => assert!(krl.to_bytes().unwrap().len() <= at, "cut at {at}"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::KrlCorrupt),
            }
        }
    }
}

/// A list of one section.
fn list(number: u8, section: &[u8]) -> Result<Krl> {
    let mut bytes = MAGIC.to_vec();
    Writer::new(&mut bytes).u32(1).u64(1).u64(1).u64(0).string("").string("").u8(number).string(section);
    Krl::parse(&bytes)
}

/// A section of certificates of every authority, with one subsection.
fn certs(number: u8, data: &[u8]) -> Result<Krl> {
    let mut section = Vec::new();
    Writer::new(&mut section).string("").string("").u8(number).string(data);
    list(1, &section)
}

#[test]
fn rules_of_the_format() {
    let pair = |a: u64, b: u64| [a.to_be_bytes(), b.to_be_bytes()].concat();
    let bitmap = |first: u64, bits: &[u8]| {
        let mut data = Vec::new();
        Writer::new(&mut data).u64(first).string(bits);
        certs(0x22, &data)
    };
    certs(0x20, &pair(1, 2)).unwrap();
    certs(0x21, &pair(1, u64::MAX)).unwrap();
    bitmap(0, b"\x02").unwrap();
    bitmap(0, b"").unwrap();
    bitmap(u64::MAX - 1, b"\x03").unwrap();
    bitmap(1, &[0; 2049]).unwrap();
    list(255, b"\0\0\0\x01a\0\0\0\0\0").unwrap();
    certs(0x39, b"\0\0\0\x01a\0\0\0\0\0").unwrap();
    for (case, bad) in [
        ("serial 0", certs(0x20, &pair(0, 1))),
        ("half a serial", certs(0x20, &[0; 7])),
        ("range from 0", certs(0x21, &pair(0, 1))),
        ("range backwards", certs(0x21, &pair(2, 1))),
        ("two ranges", certs(0x21, &[pair(1, 2), pair(3, 4)].concat())),
        ("bitmap of 0", bitmap(0, b"\x01")),
        ("bitmap past the end", bitmap(u64::MAX, b"\x02")),
        ("negative bitmap", bitmap(1, b"\x80")),
        ("long bitmap", bitmap(1, &[0; 2050])),
        ("unknown subsection", certs(0x24, b"")),
        ("critical subsection", certs(0x39, b"\0\0\0\x01a\x01\0\0\0\0")),
        ("authority", list(1, b"\0\0\0\x01a\0\0\0\0")),
        ("unknown section", list(6, b"")),
        ("signature", list(4, b"")),
        ("critical section", list(255, b"\0\0\0\x01a\x01\0\0\0\0")),
        ("short SHA-1", list(3, b"\0\0\0\x01a")),
        ("short SHA-256", list(5, b"\0\0\0\x01a")),
        ("version", Krl::parse(b"SSHKRL\n\0\0\0\0\x02")),
        ("text", Krl::parse(b"not a key\n")),
        ("text with a damaged key", Krl::parse(b"ssh-ed25519 AAAA\n")),
    ] {
        assert_eq!(bad.map(|_| ()).unwrap_err().kind(), ErrorKind::KrlCorrupt, "{case}");
    }
}

#[test]
fn lists_are_written() {
    let cert =
        |name: &str| Certificate::parse_line(CERTS.iter().find(|(known, _)| *known == name).unwrap().1).unwrap().0;
    let mut krl = Krl::default();
    krl.set_header(7, 9, "ours");
    krl.revoke_cert(&cert("ed25519"));
    krl.revoke_serials(None, 1, 8).unwrap();
    krl.revoke_key_id(Some(cert("host").signature_key()), "host id");
    krl.revoke_hash(&HashAlg::Sha1.digest(&[cert("ecdsa_521").key().blob()])).unwrap();
    krl.revoke_key(cert("rsa_2048").key());
    let read = Krl::parse(&krl.to_bytes().unwrap()).unwrap();
    assert_eq!((read.version(), read.generated(), read.comment()), (7, 9, "ours"));
    assert_eq!(
        revoked_certs(&read),
        ["ed25519", "ecdsa_256", "ecdsa_384", "ecdsa_521", "rsa_2048", "rsa_sha1", "host"]
    );
    assert_eq!(revoked_keys(&read), ["ecdsa_521", "rsa_2048"]);
    assert!(krl.revoke_serials(None, 0, 1).is_err() && krl.revoke_serials(None, 2, 1).is_err());
    assert!(krl.revoke_hash(&[0; 16]).is_err() && krl.revoke_fingerprint("SHA256:AAAA").is_err());
    let ed25519 = cert("ed25519").key().clone();
    krl.revoke_fingerprint(&ed25519.fingerprint_sha256()).unwrap();
    assert!(krl.revokes_key(&ed25519));
}
