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

#[test]
fn other_formats_are_named() {
    let crlf = String::from_utf8(file("ed25519")).unwrap().replace('\n', "\r\n");
    assert!(parse_private(crlf.as_bytes(), None).is_ok());
    for (name, wanted, word, help) in [
        ("pem_pkcs1", ErrorKind::KeyUnsupportedFormat, "PKCS#1", "ssh-keygen -p"),
        ("pem_pkcs8", ErrorKind::KeyUnsupportedFormat, "PKCS#8", "ssh-keygen -p"),
        ("ed25519.pub", ErrorKind::KeyPublicOnly, "public half", "without \".pub\""),
        ("dsa", ErrorKind::KeyUnsupportedType, "ssh-dss", "ed25519"),
    ] {
        let error = parse_private(&file(name), None).unwrap_err();
        assert_eq!(error.kind(), wanted, "{name}");
        assert!(error.text().contains(word), "{name}: {error}");
        assert!(error.hint().contains(help), "{name}: {}", error.hint());
    }
    let wrong_half = parse_public(&file("ed25519")).unwrap_err();
    assert!(wrong_half.text().contains("private key") && wrong_half.hint().contains("ssh-keygen -y"), "{wrong_half}");
    assert_eq!(kind(b"PuTTY-User-Key-File-3: ssh-ed25519\n", None), ErrorKind::KeyUnsupportedFormat);
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
