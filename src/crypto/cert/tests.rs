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

/// 2030.
const NOW: u64 = 1_893_456_000;

fn check<'a>(line: &str, change: impl FnOnce(&mut CertCheck<'a>)) -> Result<()> {
    let mut check = CertCheck { principals: &["alice"], ..CertCheck::new(CertKind::User, NOW) };
    change(&mut check);
    parse(line).check(&check)
}

#[test]
fn what_may_be_used() {
    use ErrorKind as K;
    check(cert!("ed25519"), |_| ()).unwrap();
    check(cert!("ed25519"), |c| c.now = 1_577_836_800).unwrap();
    assert_eq!(kind(check(cert!("ed25519"), |c| c.now = 1_577_836_799)), K::CertNotYetValid);
    check(cert!("ed25519"), |c| c.now = 2_208_988_799).unwrap();
    assert_eq!(kind(check(cert!("ed25519"), |c| c.now = 2_208_988_800)), K::CertExpired);
    check(cert!("forever"), |c| c.now = u64::MAX - 1).unwrap();
    assert_eq!(kind(check(cert!("ed25519"), |c| c.kind = CertKind::Host)), K::CertWrongKind);
    assert_eq!(kind(check(cert!("host"), |_| ())), K::CertWrongKind);
    check(cert!("ed25519"), |c| c.principals = &["carol", "bob"]).unwrap();
    check(cert!("ed25519"), |c| c.principals = &[]).unwrap();
    for name in ["carol", "ali", "alice2", "*", "Alice", ""] {
        let names = [name];
        assert_eq!(kind(check(cert!("ed25519"), |c| c.principals = &names)), K::CertWrongPrincipal, "{name}");
    }
    assert_eq!(kind(check(cert!("no_principals"), |_| ())), K::CertWrongPrincipal);
    assert_eq!(kind(check(cert!("no_principals"), |c| c.principals = &[])), K::CertWrongPrincipal);
    check(cert!("no_principals"), |c| c.no_principals_is_any = true).unwrap();
    assert_eq!(kind(check(cert!("unknown_critical"), |_| ())), K::CertUnknownOption);
    assert_eq!(kind(check(cert!("rsa_sha1"), |_| ())), K::CertWeakSignature);
    check(cert!("rsa_sha1"), |c| c.ca_algorithms = &["ssh-rsa"]).unwrap();
    check(cert!("rsa_sha256"), |_| ()).unwrap();
}

#[test]
fn where_it_may_be_used_from() {
    for (address, good) in [("192.0.2.3", true), ("10.1.2.3", true), ("2001:db8::5", true), ("127.0.0.1", false)] {
        let result = check(cert!("options"), |c| c.peer = Some(address.parse().unwrap()));
        assert_eq!(result.map_err(|error| error.kind()), if good { Ok(()) } else { Err(ErrorKind::CertSourceAddress) });
    }
}

#[test]
fn hosts_may_be_patterns_and_have_no_critical_options() {
    let host = |line, name: &str| {
        let names = [name];
        check(line, |c| (c.kind, c.principals) = (CertKind::Host, &names))
    };
    host(cert!("host"), "host.example.com").unwrap();
    host(cert!("host"), "a.test.example.com").unwrap();
    assert_eq!(kind(host(cert!("host"), "test.example.com")), ErrorKind::CertWrongPrincipal);
    assert_eq!(kind(host(cert!("host_option"), "host.example.com")), ErrorKind::CertUnknownOption);
}

fn spec<'a>(critical_options: &'a [CertOption], extensions: &'a [CertOption]) -> CertSpec<'a> {
    CertSpec {
        kind: CertKind::User,
        serial: 5,
        key_id: "id",
        principals: &["alice"],
        valid_after: 0,
        valid_before: u64::MAX,
        critical_options,
        extensions,
        algorithm: None,
    }
}

#[test]
fn damaged_options_are_refused() {
    let ca = parse_private(key!("ed25519").as_bytes(), None).unwrap();
    let raw = |name: &str, data: &[u8]| CertOption { name: name.to_owned(), data: data.to_vec() };
    let checked = |critical: &[CertOption], extensions: &[CertOption]| {
        let cert = Certificate::issue_unchecked(&ca, ca.public(), &spec(critical, extensions)).unwrap();
        cert.check(&CertCheck { principals: &["alice"], ..CertCheck::new(CertKind::User, NOW) })
    };
    for critical in [
        raw("force-command", b""),
        raw("force-command", b"ls"),
        raw("force-command", b"\0\0\0\x02ls+"),
        CertOption::with_value("force-command", b"l\0s"),
        CertOption::with_value("source-address", b"10.0.0.1/8"),
        CertOption::with_value("source-address", b"\xff"),
        CertOption::with_value("verify-required", b"x"),
        CertOption::flag("permit-pty"),
    ] {
        assert_eq!(kind(checked(std::slice::from_ref(&critical), &[])), ErrorKind::CertUnknownOption, "{critical:?}");
    }
    // What is not known among the extensions is passed over, whatever it holds; what is known has no data.
    checked(&[], &[raw("force-command", b"ls"), raw("other@example.com", b"\xff")]).unwrap();
    assert_eq!(kind(checked(&[], &[raw("permit-pty", b"x")])), ErrorKind::CertUnknownOption);

    // Twice: no certificate that is issued here has that.
    let mut list = Vec::new();
    for _ in 0..2 {
        Writer::new(&mut list).string("force-command").string(b"\0\0\0\x02ls");
    }
    let cert = forge(1, b"\0\0\0\x05alice", &list, None, b"id").unwrap();
    assert_eq!(kind(cert.check(&CertCheck::new(CertKind::User, NOW))), ErrorKind::CertUnknownOption);
}

#[test]
fn issued_certificates_say_what_was_asked() {
    for (ca, algorithm) in [
        (key!("ed25519"), "ssh-ed25519"),
        (key!("ecdsa_384"), "ecdsa-sha2-nistp384"),
        (key!("rsa_2048"), "rsa-sha2-512"),
    ] {
        let ca = parse_private(ca.as_bytes(), None).unwrap();
        for subject in [key!("ed25519.pub"), key!("ecdsa_521.pub"), key!("rsa_3072.pub")] {
            let subject = PublicKey::parse_line(subject).unwrap().0;
            let options =
                [CertOption::with_value("source-address", b"10.0.0.1"), CertOption::with_value("force-command", b"ls")];
            let extensions: Vec<_> = DEFAULT_EXTENSIONS.iter().rev().map(|name| CertOption::flag(name)).collect();
            let cert = Certificate::issue(&ca, &subject, &spec(&options, &extensions)).unwrap();
            assert_eq!(
                (cert.key(), cert.signature_key(), cert.signature_algorithm()),
                (&subject, ca.public(), algorithm)
            );
            assert_eq!((cert.serial(), cert.key_id(), cert.principals()), (5, "id", &["alice".to_owned()][..]));
            let names: Vec<_> = cert.extensions().iter().map(|option| option.name.as_str()).collect();
            assert_eq!(names, DEFAULT_EXTENSIONS);
            assert_eq!(cert.critical_options()[0].name, "force-command");
            let again = Certificate::issue(&ca, &subject, &spec(&options, &extensions)).unwrap();
            assert_ne!(cert, again, "the nonce is the same");
        }
    }
}

#[test]
fn what_cannot_be_issued() {
    let ca = parse_private(key!("ed25519").as_bytes(), None).unwrap();
    let many = vec!["a"; MAX_PRINCIPALS + 1];
    let twice = [CertOption::flag("a"), CertOption::flag("b"), CertOption::flag("a")];
    let unnamed = [CertOption::flag("")];
    for bad in [
        CertSpec { valid_after: 5, valid_before: 5, ..spec(&[], &[]) },
        CertSpec { principals: &many, ..spec(&[], &[]) },
        CertSpec { principals: &["a\0"], ..spec(&[], &[]) },
        CertSpec { principals: &["a", ""], ..spec(&[], &[]) },
        CertSpec { key_id: "\0", ..spec(&[], &[]) },
        CertSpec { algorithm: Some("rsa-sha2-512"), ..spec(&[], &[]) },
        spec(&twice, &[]),
        spec(&[], &unnamed),
        CertSpec { principals: &["a,b"], ..spec(&[], &[]) },
        spec(&[CertOption::with_value("source-address", b"nonsense")], &[]),
        spec(&[CertOption::flag("force-command")], &[]),
        spec(&[CertOption::with_value("verify-required", b"x")], &[]),
        spec(&[CertOption::flag("permit-pty")], &[]),
        spec(&[], &[CertOption::with_value("permit-pty", b"x")]),
    ] {
        assert_eq!(kind(Certificate::issue(&ca, ca.public(), &bad)), ErrorKind::InvalidArgument, "{bad:?}");
    }
}
