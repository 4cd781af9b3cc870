//! Certificates made by ssh-keygen: tests/vectors/certs/README.md says how.

use super::*;
use crate::crypto::keyfile::parse_private;

macro_rules! cert {
    ($name:literal) => {
        include_str!(concat!("../../../tests/vectors/certs/", $name, "-cert.pub"))
    };
}

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("../../../tests/vectors/keys/", $name))
    };
}

fn parse(line: &str) -> Certificate {
    Certificate::parse_line(line).unwrap().0
}

fn kind<T: fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn every_type_parses() {
    for (line, key, ca, algorithm) in [
        (cert!("ed25519"), key!("ed25519.pub"), key!("ecdsa_256.pub"), "ecdsa-sha2-nistp256"),
        (cert!("ecdsa_256"), key!("ecdsa_256.pub"), key!("ed25519.pub"), "ssh-ed25519"),
        (cert!("ecdsa_384"), key!("ecdsa_384.pub"), key!("ecdsa_521.pub"), "ecdsa-sha2-nistp521"),
        (cert!("ecdsa_521"), key!("ecdsa_521.pub"), key!("ecdsa_384.pub"), "ecdsa-sha2-nistp384"),
        (cert!("rsa_2048"), key!("rsa_2048.pub"), key!("rsa_2048.pub"), "rsa-sha2-512"),
        (cert!("rsa_sha256"), key!("rsa_2048.pub"), key!("rsa_2048.pub"), "rsa-sha2-256"),
        (cert!("rsa_sha1"), key!("rsa_2048.pub"), key!("rsa_2048.pub"), "ssh-rsa"),
    ] {
        let cert = parse(line);
        assert_eq!(*cert.key(), PublicKey::parse_line(key).unwrap().0, "{line}");
        assert_eq!(*cert.signature_key(), PublicKey::parse_line(ca).unwrap().0, "{line}");
        assert_eq!(cert.signature_algorithm(), algorithm, "{line}");
        assert_eq!(base_algorithm(cert.cert_type()), Some(cert.key().key_type()));
        assert!(line.starts_with(cert.cert_type()));
        assert_eq!((cert.valid_after(), cert.valid_before()), (1_577_836_800, 2_208_988_800));
    }
}

#[test]
fn fields_are_those_given_to_ssh_keygen() {
    let (cert, comment) = Certificate::parse_line(cert!("ed25519")).unwrap();
    assert_eq!((cert.kind(), cert.serial(), cert.key_id()), (CertKind::User, 7, "the key's ID"));
    assert_eq!(cert.principals(), ["alice", "bob"]);
    assert_eq!(parse(&cert.to_line(&comment)), cert);
    assert_eq!(cert.to_line(&comment), cert!("ed25519").trim_end());
    let defaults: Vec<_> = cert.extensions().iter().map(|option| option.name.as_str()).collect();
    let expected =
        ["permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc"];
    assert_eq!(defaults, expected);
    assert_eq!(parse(cert!("rsa_2048")).serial(), u64::MAX);

    let cert = parse(cert!("options"));
    assert_eq!(cert.critical_option("force-command"), Some(&b"/bin/echo forced"[..]));
    assert_eq!(cert.critical_option("verify-required"), Some(&b""[..]));
    assert_eq!(cert.critical_option("permit-pty"), None);
    assert!(cert.has_extension("permit-pty") && !cert.has_extension("permit-user-rc"));
    assert_eq!(cert.extensions()[0].value(), Some(&b"text"[..]));

    let host = parse(cert!("host"));
    assert_eq!((host.kind(), host.principals().len()), (CertKind::Host, 2));
    assert_eq!(parse(cert!("forever")).valid_before(), u64::MAX);
    assert!(parse(cert!("no_principals")).principals().is_empty());
}

#[test]
fn every_flipped_bit_and_every_cut_is_an_error() {
    for line in [cert!("ed25519"), cert!("ecdsa_256")] {
        let blob = parse(line).blob().to_vec();
        for at in 0..blob.len() {
            let mut bad = blob.clone();
            bad[at] ^= 1 << (at % 8);
            assert!(Certificate::parse(&bad).is_err(), "byte {at}");
            assert!(Certificate::parse(&blob[..at]).is_err(), "cut at {at}");
        }
        let mut longer = blob.clone();
        longer.push(0);
        assert_eq!(kind(Certificate::parse(&longer)), ErrorKind::CertCorrupt);
        // Only the signature: an ed25519 or ECDSA one is refused as such.
        let mut bad = blob;
        *bad.last_mut().unwrap() ^= 1;
        assert_eq!(kind(Certificate::parse(&bad)), ErrorKind::CertSignature);
    }
}

/// A certificate with fields of the caller's, signed by the ed25519 key of the vectors.
fn forge(kind: u32, principals: &[u8], options: &[u8], authority: Option<&[u8]>, key_id: &[u8]) -> Result<Certificate> {
    let ca = parse_private(key!("ed25519").as_bytes(), None).unwrap();
    let mut blob = Vec::new();
    let mut w = Writer::new(&mut blob);
    w.string("ssh-ed25519-cert-v01@openssh.com").string("nonce").string(&ca.public().blob()[19..]);
    w.u64(1).u32(kind).string(key_id).string(principals).u64(0).u64(u64::MAX).string(options).string("").string("");
    w.string(authority.unwrap_or(ca.public().blob()));
    let signature = ca.sign("ssh-ed25519", &blob).unwrap();
    Writer::new(&mut blob).string(signature);
    Certificate::parse(&blob)
}

#[test]
fn rules_of_the_format() {
    let mut names = Vec::new();
    for _ in 0..MAX_PRINCIPALS {
        Writer::new(&mut names).string("a");
    }
    assert_eq!(forge(1, &names, b"", None, b"id").unwrap().principals().len(), MAX_PRINCIPALS);
    Writer::new(&mut names).string("a");
    assert_eq!(kind(forge(1, &names, b"", None, b"id")), ErrorKind::CertCorrupt);
    for (cert_kind, principals, options, key_id) in [
        (0, &b""[..], &b""[..], &b"id"[..]),
        (3, b"", b"", b"id"),
        (1, b"\0\0\0\x02a", b"", b"id"),
        (1, b"\0\0\0\x02a\0", b"", b"id"),
        (1, b"\0\0\0\x01\xff", b"", b"id"),
        (1, b"", b"\0\0\0\x01a", b"id"),
        (1, b"", b"", b"i\0d"),
    ] {
        assert_eq!(kind(forge(cert_kind, principals, options, None, key_id)), ErrorKind::CertCorrupt);
    }
}

#[test]
fn chains_and_plain_keys_are_refused() {
    let nested = parse(cert!("ed25519"));
    let error = forge(1, b"", b"", Some(nested.blob()), b"id").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CertCorrupt);
    assert!(error.text().contains("chains"), "{error}");
    assert_eq!(kind(Certificate::parse_line(key!("ed25519.pub"))), ErrorKind::KeyUnsupportedType);
    assert_eq!(kind(Certificate::parse(nested.key().blob())), ErrorKind::KeyUnsupportedType);
    assert_eq!(kind(PublicKey::parse(nested.blob())), ErrorKind::KeyUnsupportedType);
    let swapped = cert!("ed25519").replacen("ssh-ed25519", "ecdsa-sha2-nistp256", 1);
    assert_eq!(kind(Certificate::parse_line(&swapped)), ErrorKind::CertCorrupt);
}
