use super::*;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use std::path::PathBuf;

const PASSPHRASE: &[u8] = b"a passphrase";

const PLAIN: &[&str] = &["ed25519", "ecdsa_256", "ecdsa_384", "ecdsa_521", "rsa_2048", "rsa_3072"];

const ENCRYPTED: &[&str] = &[
    "ed25519_3des-cbc",
    "ed25519_aes128-cbc",
    "ed25519_aes192-cbc",
    "ed25519_aes256-cbc",
    "ed25519_aes128-ctr",
    "ed25519_aes192-ctr",
    "ed25519_aes256-ctr",
    "ed25519_aes128-gcm",
    "ed25519_aes256-gcm",
    "ed25519_chacha20-poly1305",
    "rsa_2048_aes256-ctr",
    "ecdsa_521_aes256-ctr",
];

fn file(name: &str) -> Vec<u8> {
    let path = [env!("CARGO_MANIFEST_DIR"), "tests", "vectors", "keys", name].iter().collect::<PathBuf>();
    std::fs::read(path).unwrap()
}

fn kind(bytes: &[u8], passphrase: Option<&[u8]>) -> ErrorKind {
    parse_private(bytes, passphrase).unwrap_err().kind()
}

fn check(name: &str, key: &PrivateKey) {
    let (public, comment) = parse_public(&file(&format!("{name}.pub"))).unwrap();
    assert_eq!(key.public(), &public, "{name}");
    assert!(comment.starts_with("test "), "{name}");
    for algorithm in public.signature_algorithms() {
        public.verify(algorithm, b"data", &key.sign(algorithm, b"data").unwrap()).unwrap();
    }
}

#[test]
fn every_type_is_read() {
    for name in PLAIN {
        check(name, &parse_private(&file(name), None).unwrap());
        // A passphrase that is not needed does no harm.
        parse_private(&file(name), Some(b"another")).unwrap();
    }
}

/// `openssl ec -no_public` leaves the public half out, and PKCS#8 may too.
#[test]
fn a_public_half_left_out_is_worked_out() {
    use crate::crypto::hostkey::{Curve, Parts};
    check("ecdsa_256", &parse_private(&file("ecdsa_256_sec1_no_public"), None).unwrap());
    for (name, curve) in [("ecdsa_256", Curve::P256), ("ecdsa_384", Curve::P384), ("ecdsa_521", Curve::P521)] {
        let key = parse_private(&file(name), None).unwrap();
        key.with_parts(|parts| {
            let Parts::Ecdsa { scalar, point, .. } = parts else { panic!("{name}") };
            assert_eq!(curve.public_point(scalar).unwrap(), point, "{name}");
            // Leading zeros, as SEC1 has them, or none.
            let padded = [&[0, 0][..], scalar].concat();
            assert_eq!(curve.public_point(&padded).unwrap(), point, "{name}");
            for bad in [vec![], vec![0; scalar.len()], vec![0xff; 66], vec![1; 67]] {
                assert_eq!(curve.public_point(&bad).unwrap_err().kind(), ErrorKind::KeyCorrupt, "{name}");
            }
        })
        .unwrap();
    }
}

#[test]
fn comments_are_read() {
    for name in PLAIN {
        let (_, comment) = parse_public(&file(&format!("{name}.pub"))).unwrap();
        assert_eq!(parse_private_with_comment(&file(name), None).unwrap().1, comment, "{name}");
    }
    for (name, expected) in [("ecdsa_256_ppk3", "test"), ("ecdsa_256_sec1", "")] {
        let (_, comment) = parse_private_with_comment(&file(name), None).unwrap();
        assert!(comment.starts_with(expected) && comment.is_empty() == expected.is_empty(), "{name}: {comment}");
    }
}

#[test]
fn every_cipher_is_read() {
    for name in ENCRYPTED {
        let bytes = file(name);
        check(name, &parse_private(&bytes, Some(PASSPHRASE)).unwrap());
        assert_eq!(kind(&bytes, None), ErrorKind::KeyNeedsPassphrase, "{name}");
        assert_eq!(kind(&bytes, Some(b"")), ErrorKind::KeyBadPassphrase, "{name}");
        assert_eq!(kind(&bytes, Some(b"another")), ErrorKind::KeyBadPassphrase, "{name}");
    }
}

/// Files in other formats: the key they hold, by the name of its `.pub`, and what the name goes on with.
const CONVERTED: &[(&str, &str, bool)] = &[
    ("rsa_2048", "_pkcs1", false),
    ("rsa_2048", "_pkcs1_aes128", true),
    ("rsa_2048", "_pkcs1_aes192", true),
    ("rsa_2048", "_pkcs1_aes256", true),
    ("rsa_2048", "_pkcs1_des3", true),
    ("ecdsa_256", "_sec1", false),
    ("ecdsa_384", "_sec1", false),
    ("ecdsa_384", "_sec1_aes128", true),
    ("ecdsa_521", "_sec1", false),
    ("rsa_2048", "_pkcs8", false),
    ("rsa_2048", "_pkcs8_aes256", true),
    ("ecdsa_256", "_pkcs8", false),
    ("ecdsa_256", "_pkcs8_aes256", true),
    ("ecdsa_256", "_pkcs8_scrypt", true),
    ("ecdsa_256", "_pkcs8_des3", true),
    ("ecdsa_256", "_pkcs8_sha1", true),
    ("ecdsa_384", "_pkcs8", false),
    ("ecdsa_384", "_pkcs8_aes256", true),
    ("ecdsa_521", "_pkcs8", false),
    ("ecdsa_521", "_pkcs8_aes256", true),
    ("ed25519", "_ppk2", false),
    ("ed25519", "_ppk2_aes256", true),
    ("ed25519", "_ppk3", false),
    ("ed25519", "_ppk3_aes256", true),
    ("ed25519", "_ppk3_argon2i", true),
    ("ed25519", "_ppk3_argon2d", true),
    ("rsa_2048", "_ppk2", false),
    ("rsa_2048", "_ppk2_aes256", true),
    ("rsa_2048", "_ppk3", false),
    ("rsa_2048", "_ppk3_aes256", true),
    ("ecdsa_256", "_ppk2", false),
    ("ecdsa_256", "_ppk2_aes256", true),
    ("ecdsa_256", "_ppk3", false),
    ("ecdsa_256", "_ppk3_aes256", true),
    ("ecdsa_384", "_ppk2_aes256", true),
    ("ecdsa_384", "_ppk3", false),
    ("ecdsa_521", "_ppk2", false),
    ("ecdsa_521", "_ppk3_aes256", true),
];

#[test]
fn pem_and_putty_files_are_read() {
    for &(key, suffix, encrypted) in CONVERTED {
        let (name, bytes) = (format!("{key}{suffix}"), file(&format!("{key}{suffix}")));
        let passphrase = encrypted.then_some(PASSPHRASE);
        check(key, &parse_private(&bytes, passphrase).unwrap_or_else(|error| panic!("{name}: {error}")));
        let crlf = String::from_utf8(bytes.clone()).unwrap().replace('\n', "\r\n");
        check(key, &parse_private(crlf.as_bytes(), passphrase).unwrap());
        if encrypted {
            assert_eq!(kind(&bytes, None), ErrorKind::KeyNeedsPassphrase, "{name}");
            assert_eq!(kind(&bytes, Some(b"")), ErrorKind::KeyBadPassphrase, "{name}");
            assert_eq!(kind(&bytes, Some(b"another")), ErrorKind::KeyBadPassphrase, "{name}");
        }
    }
    let (public, _) = parse_public(&file("spki_ed25519")).unwrap();
    assert_eq!(parse_private(&file("pkcs8_ed25519"), None).unwrap().public(), &public);
    assert_eq!(parse_private(&file("pkcs8_ed25519_aes256"), Some(PASSPHRASE)).unwrap().public(), &public);
    let (public, _) = parse_public(&file("sec1_with_parameters.spki")).unwrap();
    assert_eq!(parse_private(&file("sec1_with_parameters"), None).unwrap().public(), &public);
}

#[test]
fn public_formats_are_read() {
    let line = |name: &str| parse_public(&file(&format!("{name}.pub"))).unwrap().0;
    for name in ["ed25519", "rsa_2048", "ecdsa_256", "ecdsa_384", "ecdsa_521"] {
        let (key, comment) = parse_public(&file(&format!("{name}_rfc4716"))).unwrap();
        assert_eq!(key, line(name));
        assert!(comment.contains("converted by"), "{comment}");
    }
    for (name, of) in
        [("spki_rsa_2048", "rsa_2048"), ("pkcs1_rsa_2048_pub", "rsa_2048"), ("spki_ecdsa_521", "ecdsa_521")]
    {
        assert_eq!(parse_public(&file(name)).unwrap().0, line(of));
    }
    for name in ["pkcs8_ed25519", "rsa_2048_pkcs1", "ed25519_ppk3"] {
        assert_eq!(parse_public(&file(name)).unwrap_err().kind(), ErrorKind::KeyUnsupportedFormat);
    }
    let continued = b"---- BEGIN SSH2 PUBLIC KEY ----\nComment: \"one \\\nline\"\nx-other: 1\n";
    let mut continued = continued.to_vec();
    let base64 = String::from_utf8(file("ed25519.pub")).unwrap().split(' ').nth(1).unwrap().to_owned();
    continued.extend_from_slice(format!("{base64}\n---- END SSH2 PUBLIC KEY ----\n").as_bytes());
    assert_eq!(parse_public(&continued).unwrap(), (line("ed25519"), "one line".to_owned()));
}

/// Files that are cut or have a bit wrong: an error or, where the change is not seen, the same key; never a panic, never
/// another key.
#[test]
fn damaged_pem_and_putty_files_are_errors() {
    for name in ["rsa_2048_pkcs1", "ecdsa_384_sec1", "ecdsa_521_pkcs8", "ed25519_ppk2", "ecdsa_256_ppk3"] {
        let bytes = file(name);
        let key = parse_private(&bytes, None).unwrap();
        for cut in 0..bytes.len() - 1 {
            if let Ok(cut) = parse_private(&bytes[..cut], None) {
                assert_eq!(cut.public(), key.public(), "{name}");
            }
        }
        // Each flip of an RSA key that parses checks primes: not all of them.
        let step = if name.starts_with("rsa") { 41 } else { 3 };
        for bit in (0..bytes.len() * 8).step_by(step) {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(flipped) = parse_private(&flipped, None) {
                assert_eq!(flipped.public(), key.public(), "{name} bit {bit}");
            }
        }
    }
}

#[test]
fn costs_are_bounded() {
    let text = String::from_utf8(file("ed25519_ppk3_aes256")).unwrap();
    for (from, to, wanted) in [
        ("Argon2-Memory: 64", "Argon2-Memory: 2097152", ErrorKind::KeyUnsupportedCipher),
        ("Argon2-Passes: 2", "Argon2-Passes: 4294967295", ErrorKind::KeyUnsupportedCipher),
        ("Argon2-Passes: 2", "Argon2-Passes: 0", ErrorKind::KeyCorrupt),
        ("Argon2-Parallelism: 1", "Argon2-Parallelism: 4294967295", ErrorKind::KeyCorrupt),
        ("Argon2id", "Argon3", ErrorKind::KeyUnsupportedCipher),
        ("Public-Lines: 2", "Public-Lines: 18446744073709551615", ErrorKind::KeyCorrupt),
        ("aes256-cbc", "aes512-cbc", ErrorKind::KeyUnsupportedCipher),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(kind(text.replace(from, to).as_bytes(), Some(PASSPHRASE)), wanted, "{to}");
    }
}

#[test]
fn other_formats_are_named() {
    let crlf = String::from_utf8(file("ed25519")).unwrap().replace('\n', "\r\n");
    assert!(parse_private(crlf.as_bytes(), None).is_ok());
    for (name, wanted, word, help) in [
        ("ed25519.pub", ErrorKind::KeyPublicOnly, "public half", "without \".pub\""),
        ("ed25519_rfc4716", ErrorKind::KeyPublicOnly, "RFC 4716", "without \".pub\""),
        ("spki_ed25519", ErrorKind::KeyPublicOnly, "PEM", "without \".pub\""),
        ("dsa", ErrorKind::KeyUnsupportedType, "ssh-dss", "ed25519"),
        ("pkcs8_dsa", ErrorKind::KeyUnsupportedType, "1.2.840.10040.4.1", "ed25519"),
        ("pkcs8_x25519", ErrorKind::KeyUnsupportedType, "1.3.101.110", "ed25519"),
        ("pkcs8_ed448", ErrorKind::KeyUnsupportedType, "1.3.101.113", "ed25519"),
        ("sec1_secp256k1", ErrorKind::KeyUnsupportedType, "1.3.132.0.10", "ed25519"),
        ("ecdsa_256_pkcs8_pbes1", ErrorKind::KeyUnsupportedCipher, "1.2.840.113549.1.12.1.3", "ssh-keygen -p"),
    ] {
        let error = parse_private(&file(name), None).unwrap_err();
        assert_eq!(error.kind(), wanted, "{name}: {error}");
        assert!(error.text().contains(word), "{name}: {error}");
        assert!(error.hint().contains(help), "{name}: {}", error.hint());
    }
    let wrong_half = parse_public(&file("ed25519")).unwrap_err();
    assert!(wrong_half.text().contains("private key") && wrong_half.hint().contains("ssh-keygen -y"), "{wrong_half}");
    let cert = include_bytes!("../../../tests/vectors/certs/ed25519-cert.pub");
    let errors = [parse_private(cert, None).unwrap_err(), parse_public(cert).unwrap_err()];
    assert!(errors.iter().all(|error| error.text().contains("ssh_cert_load_file")), "{errors:?}");
    assert_eq!(errors.map(|error| error.kind()), [ErrorKind::KeyPublicOnly, ErrorKind::KeyUnsupportedType]);
    assert_eq!(kind(b"PuTTY-User-Key-File-1: ssh-rsa\n", None), ErrorKind::KeyUnsupportedFormat);
    assert_eq!(kind(b"", None), ErrorKind::KeyCorrupt);
    assert_eq!(kind(&[0xff, 0xfe], None), ErrorKind::KeyCorrupt);
    assert_eq!(kind(&vec![b'A'; MAX_LEN + 1], None), ErrorKind::KeyCorrupt);
    assert_eq!(parse_public(&file("dsa.pub")).unwrap_err().kind(), ErrorKind::KeyUnsupportedType);
    assert_eq!(parse_public(&file("ed25519")).unwrap_err().kind(), ErrorKind::KeyUnsupportedFormat);
    assert_eq!(parse_public(b"\n# comment\n").unwrap_err().kind(), ErrorKind::KeyCorrupt);
}

/// The decoded bytes of a file, and a file of decoded bytes.
fn unwrap(bytes: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    STANDARD.decode(text.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}

fn wrap(bytes: &[u8]) -> Vec<u8> {
    format!("{}\n{}\n-----END OPENSSH PRIVATE KEY-----\n", openssh::BEGIN, STANDARD.encode(bytes)).into_bytes()
}

#[test]
fn truncations_are_errors() {
    for name in PLAIN.iter().chain(&["ed25519_aes128-gcm"]) {
        let text = file(name);
        for cut in 0..text.len() - 1 {
            parse_private(&text[..cut], None).unwrap_err();
        }
        let bytes = unwrap(&text);
        for cut in 0..bytes.len() {
            parse_private(&wrap(&bytes[..cut]), None).unwrap_err();
        }
    }
}

#[test]
fn flipped_bits_are_errors() {
    // What a flip may hit unseen: the comment, which is free text, and the last bit of its length, which takes the
    // one byte of padding for a part of it.
    let comment = b"test ed25519";
    let bytes = unwrap(&file("ed25519"));
    let at = bytes.windows(comment.len()).position(|w| w == comment).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let result = parse_private(&wrap(&flipped), None);
        let unseen = (at..at + comment.len()).contains(&(bit / 8)) || bit == (at - 1) * 8;
        assert_eq!(result.is_ok(), unseen, "bit {bit}");
    }
    let bytes = unwrap(&file("ecdsa_256"));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let _total = parse_private(&wrap(&flipped), None);
    }
}

#[test]
fn halves_of_two_keys_are_refused() {
    // The clear public half of one key before the private section of another.
    let (one, two) = (unwrap(&file("ed25519")), unwrap(&file("ed25519_chacha20-poly1305")));
    let public = |bytes: &[u8]| {
        let at = bytes.windows(11).position(|w| w == b"ssh-ed25519").unwrap();
        at + 15..at + 47
    };
    let mut mixed = one.clone();
    mixed[public(&one)].copy_from_slice(&two[public(&two)]);
    assert_eq!(kind(&wrap(&mixed), None), ErrorKind::KeyCorrupt);
}

#[test]
fn kdf_bounds() {
    let bytes = unwrap(&file("ed25519_aes256-ctr"));
    // The round count follows the 16 byte salt: string options (24) { string salt (16), uint32 rounds }.
    let at = bytes.windows(6).position(|w| w == b"bcrypt").unwrap() + 6 + 4 + 4 + 16;
    assert_eq!(bytes[at..at + 4], 1u32.to_be_bytes());
    let mut with = bytes.clone();
    with[at..at + 4].copy_from_slice(&4097u32.to_be_bytes());
    assert_eq!(kind(&wrap(&with), Some(PASSPHRASE)), ErrorKind::KeyUnsupportedCipher);
    with[at..at + 4].copy_from_slice(&0u32.to_be_bytes());
    assert_eq!(kind(&wrap(&with), Some(PASSPHRASE)), ErrorKind::KeyCorrupt);
    let mut with = bytes;
    with[at - 30..at - 24].copy_from_slice(b"scrypt");
    assert_eq!(kind(&wrap(&with), Some(PASSPHRASE)), ErrorKind::KeyUnsupportedCipher);
}

/// What is written is read again; what ssh-keygen and others read of it is shown by the C tests.
#[test]
fn written_files_are_read() {
    let protections = [None, Some(Protection { passphrase: PASSPHRASE, rounds: 2 })];
    for name in PLAIN {
        let key = parse_private(&file(name), None).unwrap();
        for protection in protections {
            let passphrase = protection.map(|p| p.passphrase);
            let openssh = write_openssh(&key, "a comment", protection).unwrap();
            let pkcs8 = write_pkcs8(&key, protection).unwrap();
            for text in [&openssh, &pkcs8] {
                check(name, &parse_private(text.as_bytes(), passphrase).unwrap());
                if protection.is_some() {
                    assert_eq!(kind(text.as_bytes(), None), ErrorKind::KeyNeedsPassphrase);
                    assert_eq!(kind(text.as_bytes(), Some(b"another")), ErrorKind::KeyBadPassphrase);
                }
            }
        }
    }
    for name in PLAIN.iter().filter(|name| !name.starts_with("ed25519")) {
        let key = parse_private(&file(name), None).unwrap();
        check(name, &parse_private(write_traditional(&key).unwrap().as_bytes(), None).unwrap());
    }
    let key = parse_private(&file("ed25519"), None).unwrap();
    assert_eq!(write_traditional(&key).unwrap_err().kind(), ErrorKind::KeyUnsupportedType);
    for (passphrase, rounds) in [(b"".as_slice(), 0), (PASSPHRASE, u32::MAX)] {
        let protection = Some(Protection { passphrase, rounds });
        assert_eq!(write_openssh(&key, "", protection).unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(write_pkcs8(&key, protection).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
}

#[test]
fn message_signatures() {
    for name in PLAIN {
        let key = parse_private(&file(name), None).unwrap();
        let text = sign_message(&key, "file", b"a message").unwrap();
        assert_eq!(&verify_message(text.as_bytes(), "file", b"a message").unwrap(), key.public());
        let kind = |text: &str, namespace: &str, message: &[u8]| {
            verify_message(text.as_bytes(), namespace, message).unwrap_err().kind()
        };
        assert_eq!(kind(&text, "git", b"a message"), ErrorKind::HostKeySignature);
        assert_eq!(kind(&text, "file", b"another"), ErrorKind::HostKeySignature);
        assert_eq!(kind(&text, "", b""), ErrorKind::InvalidArgument);
        assert_eq!(kind("", "file", b""), ErrorKind::KeyCorrupt);
        for cut in 0..text.len() - 1 {
            verify_message(&text.as_bytes()[..cut], "file", b"a message").unwrap_err();
        }
    }
}

/// By `ssh-keygen -Y sign -n file` of OpenSSH 9.2, over "a message\n".
#[test]
fn openssh_message_signature() {
    for (signature, name) in [("sshsig_ed25519", "ed25519"), ("sshsig_rsa_2048", "rsa_2048")] {
        let key = verify_message(&file(signature), "file", b"a message\n").unwrap();
        assert_eq!(key, parse_public(&file(&format!("{name}.pub"))).unwrap().0);
        verify_message(&file(signature), "file", b"a message").unwrap_err();
    }
}
