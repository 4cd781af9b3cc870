//! Files: private keys, public keys, known hosts, moduli.

use super::input::Input;
use crate::crypto::hostkey::PublicKey;
use crate::crypto::kex::dh::Group;
use crate::crypto::keyfile::{parse_private, parse_public};
use crate::crypto::moduli::Moduli;
use crate::known_hosts::{edit, name_of, KnownHosts, Verdict};
use crate::wire::Reader;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;

/// More bcrypt rounds are left out, so that every input is quick.
const MAX_ROUNDS: u32 = 2;
/// Key types whose signatures are quick to make and check.
const QUICK: &[&str] = &["ssh-ed25519", "ecdsa-sha2-nistp256"];

/// The armour of an OpenSSH private key.
pub(super) fn armour(body: &[u8]) -> String {
    let mut text = String::from("-----BEGIN OPENSSH PRIVATE KEY-----\n");
    let encoded = STANDARD.encode(body);
    for line in encoded.as_bytes().chunks(70) {
        text.push_str(std::str::from_utf8(line).expect("base64 is US-ASCII"));
        text.push('\n');
    }
    text.push_str("-----END OPENSSH PRIVATE KEY-----\n");
    text
}

/// Whether the key derivation of this container (PROTOCOL.key of OpenSSH) is quick; what is no container is.
fn is_quick(body: &[u8]) -> bool {
    let rounds = || {
        let mut r = Reader::new(body);
        r.take(b"openssh-key-v1\0".len()).ok()?;
        let (_cipher, _kdf, options) = (r.string().ok()?, r.string().ok()?, r.string().ok()?);
        let mut r = Reader::new(options);
        r.string().ok()?;
        r.u32().ok()
    };
    rounds().is_none_or(|rounds| rounds <= MAX_ROUNDS)
}

/// A byte tells whether a file's text or what it armours follows, another whether there is a passphrase.
pub(super) fn private_key(data: &[u8]) {
    let mut input = Input::new(data);
    let (armoured, with_passphrase) = (input.bool(), input.bool());
    let rest = input.rest();
    let (text, quick) = if armoured {
        (armour(rest).into_bytes(), is_quick(rest))
    } else {
        // Between the armour's lines, as a reader would see it.
        let inner: Vec<u8> = rest
            .split(|&b| b == b'\n')
            .filter(|line| !line.starts_with(b"-----"))
            .flatten()
            .copied()
            .filter(|b| !b.is_ascii_whitespace())
            .collect();
        // What decodes differently here and there must not be slow either: without a body it is not tried.
        (rest.to_vec(), STANDARD.decode(&inner).is_ok_and(|body| is_quick(&body)))
    };
    let passphrase: Option<&[u8]> = (with_passphrase && quick).then_some(b"secret");
    let Ok(key) = parse_private(&text, passphrase) else { return };
    let public = PublicKey::parse(key.public().blob()).expect("a parsed key's public half is valid");
    assert!(public == *key.public());
    let algorithm = public.signature_algorithms()[0];
    if QUICK.contains(&public.key_type()) {
        let signature = key.sign(algorithm, b"data").expect("a parsed key signs");
        public.verify(algorithm, b"data", &signature).expect("a key's halves belong together");
    }
}

/// A byte tells what follows: a file, a line, a blob, or a blob with a signature.
pub(super) fn public_key(data: &[u8]) {
    let mut input = Input::new(data);
    match input.u8() % 4 {
        0 => {
            let _ = parse_public(input.rest()).map(|(key, comment)| lines_agree(&key, &comment));
        }
        1 => {
            if let Ok(line) = std::str::from_utf8(input.rest()) {
                let _ = PublicKey::parse_line(line).map(|(key, comment)| lines_agree(&key, &comment));
            }
        }
        2 => {
            let blob = input.rest();
            let Ok(key) = PublicKey::parse(blob) else { return };
            assert_eq!(key.blob(), blob);
            assert!(key.bits() >= 256 && key.fingerprint_sha256().starts_with("SHA256:"));
            lines_agree(&key, "");
        }
        _ => {
            let blob = input.bytes();
            let Ok(key) = PublicKey::parse(blob) else { return };
            for algorithm in key.signature_algorithms() {
                // Nobody signed this text: the input would have to hold a signature found by chance.
                assert!(key.verify(algorithm, b"a text that no seed is a signature of", input.bytes()).is_err());
            }
        }
    }
}

fn lines_agree(key: &PublicKey, comment: &str) {
    let line = key.to_line(comment);
    assert!(!line.contains('\n'));
    let (again, _) = PublicKey::parse_line(&line).expect("what was written reads");
    assert!(again == *key);
}

/// A byte tells whether a moduli file's text follows, or a group of a peer; the latter in sizes that are quick.
pub(super) fn moduli(data: &[u8]) {
    let mut input = Input::new(data);
    if input.bool() {
        let (p, g) = (input.bytes(), input.bytes());
        let _ = Group::from_peer(p, g, 64, 512).map(|group| assert!((64..=512).contains(&group.bits())));
        return;
    }
    let (min, preferred, max) = (input.u16().into(), input.u16().into(), input.u16().into());
    if let Ok(text) = std::str::from_utf8(input.rest()) {
        let moduli = Moduli::parse(text);
        if let Some(group) = moduli.select(min, preferred, max) {
            assert!(!moduli.is_empty() && (min..=max).contains(&group.bits()));
        }
    }
}

/// A known_hosts file: whatever it says, verdicts and key types agree, a line we would write is read back, and changes
/// do what they say.
pub(super) fn known_hosts(data: &[u8]) {
    let mut input = Input::new(data);
    let port = input.pick(&[22, 2222, 0, 65535]);
    let host = String::from_utf8_lossy(input.bytes()).into_owned();
    let key = super::core::host_key().public().clone();
    let text = input.rest();
    let known = KnownHosts::parse(text, "file");
    let count = text.split(|&b| b == b'\n').count();
    let types = known.known_for(&host, port).key_types;
    match known.check(&host, port, &key) {
        Verdict::Match { line, .. } => assert!(types.contains(&key.key_type()) && (1..=count).contains(&line)),
        Verdict::Unknown => assert!(types.is_empty() || port != 22),
        Verdict::Changed { line, .. } => assert!(!types.is_empty() && (1..=count).contains(&line)),
        Verdict::Revoked { line, .. } => assert!((1..=count).contains(&line)),
    }
    known_hosts_changes(text, &host, port, &key);
    // A line for the host itself, before everything else.
    if host.bytes().all(|b| b.is_ascii_alphanumeric()) && !host.is_empty() {
        let name = if port == 22 { host.clone() } else { format!("[{host}]:{port}") };
        let line = format!("{name} {}\n", key.to_line(""));
        let with_ours = KnownHosts::parse(&[line.as_bytes(), text].concat(), "file");
        assert!(matches!(with_ours.check(&host, port, &key), Verdict::Match { .. } | Verdict::Revoked { .. }));
    }
}

/// What was removed is gone, what was hashed means the same, and doing either again changes nothing.
fn known_hosts_changes(text: &[u8], host: &str, port: u16, key: &PublicKey) {
    let verdict = |text: &[u8]| KnownHosts::parse(text, "file").check(host, port, key);
    let kind = |verdict: Verdict| std::mem::discriminant(&verdict);
    let name = name_of(host, port);
    let hashed = edit::hash(text);
    assert_eq!(kind(verdict(text)), kind(verdict(&hashed.text)));
    assert!(!edit::hash(&hashed.text).is_change());
    for all in [true, false] {
        let gone = edit::remove(text, &name, (!all).then_some(key));
        assert!(port != 22 || !matches!(verdict(&gone.text), Verdict::Match { .. }));
        assert!(!edit::remove(&gone.text, &name, (!all).then_some(key)).is_change());
    }
    if host.bytes().all(|b| b.is_ascii_alphanumeric()) && !host.is_empty() {
        let replaced = edit::replace(text, &name, &[key], false);
        assert!(!edit::replace(&replaced.text, &name, &[key], false).is_change());
    }
}
