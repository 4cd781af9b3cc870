//! Authenticators' keys, played by software: the same numbers as plain keys, signed as PROTOCOL.u2f has it.

use super::*;

const ED25519: &str = "sk-ssh-ed25519@openssh.com";
const ECDSA: &str = "sk-ecdsa-sha2-nistp256@openssh.com";
const WEBAUTHN: &str = "webauthn-sk-ecdsa-sha2-nistp256@openssh.com";

/// The key with another type's name in front and the application behind.
fn sk(plain: &PrivateKey, name: &str, application: &str) -> PublicKey {
    let mut r = Reader::new(plain.public().blob());
    r.string().unwrap();
    let mut blob = Vec::new();
    Writer::new(&mut blob).string(name).raw(r.rest()).string(application);
    PublicKey::parse(&blob).unwrap()
}

/// What an authenticator answers: `flags`, `counter`, and the extensions it signed.
fn signature(plain: &PrivateKey, name: &str, message: &[u8], flags: u8, extensions: &[u8]) -> Vec<u8> {
    let mut signed = HashAlg::Sha256.digest(&[b"ssh:"]);
    signed.extend_from_slice(&[flags, 0, 0, 0, 7]);
    signed.extend_from_slice(extensions);
    signed.extend_from_slice(&HashAlg::Sha256.digest(&[message]));
    let algorithm = plain.public().signature_algorithms()[0];
    let made = plain.sign(algorithm, &signed).unwrap();
    let mut r = Reader::new(&made);
    r.string().unwrap();
    let mut blob = Vec::new();
    Writer::new(&mut blob).string(name).string(r.string().unwrap()).u8(flags).u32(7);
    blob
}

fn both() -> [(PrivateKey, &'static str); 2] {
    [(PrivateKey::generate_ed25519().unwrap(), ED25519), (PrivateKey::generate_ecdsa(Curve::P256).unwrap(), ECDSA)]
}

#[test]
fn flags_and_counter_are_signed_and_given() {
    for (plain, name) in both() {
        let key = sk(&plain, name, "ssh:");
        assert_eq!((key.key_type(), key.bits(), key.sk_application()), (name, 256, Some(&b"ssh:"[..])));
        let blob = signature(&plain, name, b"data", 5, &[]);
        let said = key.verify_sk(name, b"data", &blob).unwrap();
        assert_eq!(
            (said, said.user_present(), said.user_verified()),
            (SkSignature { flags: 5, counter: 7 }, true, true)
        );
        key.verify(name, b"data", &blob).unwrap();
        assert!(key.verify(name, b"date", &blob).is_err());
        for at in 0..blob.len() {
            let mut flipped = blob.clone();
            flipped[at] ^= 1;
            assert!(key.verify_sk(name, b"data", &flipped).is_err(), "{name} byte {at}");
            assert!(key.verify_sk(name, b"data", &blob[..at]).is_err(), "{name} cut at {at}");
        }
        assert!(key.verify_sk(name, b"data", &[&blob[..], &[0]].concat()).is_err());
        assert!(sk(&plain, name, "ssh:other").verify_sk(name, b"data", &blob).is_err());
        assert!(plain.public().verify_sk(name, b"data", &blob).is_err());
    }
}

#[test]
fn verify_asks_for_a_present_user() {
    for (plain, name) in both() {
        let key = sk(&plain, name, "ssh:");
        let blob = signature(&plain, name, b"data", 0, &[]);
        assert!(!key.verify_sk(name, b"data", &blob).unwrap().user_present());
        assert!(key.verify(name, b"data", &blob).is_err());
    }
}

#[test]
fn web_authentication_signs_the_client_data() {
    let plain = PrivateKey::generate_ecdsa(Curve::P256).unwrap();
    let key = sk(&plain, ECDSA, "ssh:");
    let try_it = |client_data: &str, origin: &str, flags: u8, extensions: &[u8]| {
        let mut blob = signature(&plain, WEBAUTHN, client_data.as_bytes(), flags, extensions);
        Writer::new(&mut blob).string(origin).string(client_data).string(extensions);
        key.verify_sk(WEBAUTHN, b"data", &blob).is_ok()
    };
    // "ZGF0YQ" is base64 of "data".
    let good = r#"{"type":"webauthn.get","challenge":"ZGF0YQ","origin":"https://x.example","crossOrigin":false}"#;
    assert!(try_it(good, "https://x.example", 1, &[]));
    assert!(try_it(good, "https://x.example", 0x81, b"\xa0"));
    assert!(!try_it(good, "https://y.example", 1, &[]));
    assert!(!try_it(good, "https://x.example", 1, b"\xa0"));
    assert!(!try_it(good, "https://x.example", 0x81, &[]));
    assert!(!try_it(good, "https://x.example", 0x41, &[]));
    assert!(!try_it(&good.replace("ZGF0YQ", "ZGF0ZQ"), "https://x.example", 1, &[]));
    let quoted = r#"{"type":"webauthn.get","challenge":"ZGF0YQ","origin":"a"b""#;
    assert!(!try_it(quoted, "a\"b", 1, &[]));
    // The same signature under the plain name lacks nothing but covers other data.
    assert!(key.verify_sk(ECDSA, b"data", &signature(&plain, ECDSA, good.as_bytes(), 1, &[])).is_err());
}

#[test]
fn damaged_keys_do_not_parse() {
    for (plain, name) in both() {
        let key = sk(&plain, name, "ssh:");
        for cut in 0..key.blob().len() {
            assert!(PublicKey::parse(&key.blob()[..cut]).is_err());
        }
        assert!(PublicKey::parse(&[key.blob(), &[0]].concat()).is_err());
        let mut nul = key.blob().to_vec();
        *nul.last_mut().unwrap() = 0;
        assert_eq!(PublicKey::parse(&nul).unwrap_err().kind(), ErrorKind::KeyCorrupt);
        let (again, comment) = PublicKey::parse_line(&key.to_line("a device")).unwrap();
        assert_eq!((again, comment.as_str()), (key, "a device"));
    }
}
