use super::*;
use crate::crypto::hostkey::Curve;

const SESSION: &[u8] = b"a session's id";

fn keys() -> Vec<PrivateKey> {
    vec![
        PrivateKey::generate_ed25519().unwrap(),
        PrivateKey::generate_ecdsa(Curve::P256).unwrap(),
        PrivateKey::generate_rsa(2048).unwrap(),
    ]
}

fn strings_of(parts: &[&[u8]]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut writer = Writer::new(&mut data);
    for part in parts {
        writer.string(part);
    }
    data
}

#[test]
fn what_a_server_proves_a_client_believes() {
    let keys = keys();
    for negotiated in ["ssh-ed25519", "rsa-sha2-256", "rsa-sha2-512"] {
        let announced = Announced::parse(&announcement(&keys), keys[0].public()).unwrap();
        let question = announced.question().unwrap();
        let proof = prove(&keys, SESSION, negotiated, &question).unwrap();
        let rsa = if negotiated == "rsa-sha2-256" { b"rsa-sha2-256" } else { b"rsa-sha2-512" };
        assert!(proof.windows(rsa.len()).any(|part| part == rsa), "{negotiated}");
        let proven = announced.verify(SESSION, &proof).unwrap().into_keys();
        let found: Vec<_> = proven.iter().map(|key| (key.key.key_type(), key.in_use)).collect();
        assert_eq!(found, [("ssh-ed25519", true), ("ecdsa-sha2-nistp256", false), ("ssh-rsa", false)]);
    }
}

#[test]
fn one_key_alone_needs_no_proof() {
    let key = PrivateKey::generate_ed25519().unwrap();
    let announced = Announced::parse(&announcement(std::slice::from_ref(&key)), key.public()).unwrap();
    assert!(announced.question().is_none());
    assert_eq!(announced.into_keys(), [HostKey { key: key.public().clone(), in_use: true }]);
    assert!(Announced::parse(b"", key.public()).unwrap().into_keys().is_empty());
}

#[test]
fn a_lie_is_not_believed() {
    let keys = keys();
    let data = announcement(&keys);
    let proof = {
        let announced = Announced::parse(&data, keys[0].public()).unwrap();
        prove(&keys, SESSION, "ssh-ed25519", &announced.question().unwrap()).unwrap()
    };
    let refused = |session: &[u8], reply: &[u8]| {
        Announced::parse(&data, keys[0].public()).unwrap().verify(session, reply).unwrap_err().kind()
    };
    assert_eq!(refused(b"another session", &proof), ErrorKind::HostKeySignature);
    assert_eq!(refused(SESSION, &[]), ErrorKind::Protocol);
    assert_eq!(refused(SESSION, &[proof.clone(), proof.clone()].concat()), ErrorKind::Protocol);
    let parts = strings(&proof).unwrap();
    assert_eq!(refused(SESSION, &strings_of(&[parts[1], parts[0]])), ErrorKind::HostKeySignature);
    assert_eq!(refused(SESSION, &strings_of(&[b"", parts[1]])), ErrorKind::HostKeySignature);
    for cut in 0..proof.len() {
        assert_ne!(refused(SESSION, &proof[..cut]), ErrorKind::Internal, "{cut}");
    }
    for at in (0..proof.len()).step_by(7) {
        let mut flipped = proof.clone();
        flipped[at] ^= 1;
        refused(SESSION, &flipped);
    }
    // The right key and the right words, with SHA-1: that key is left out.
    let old = keys[2].sign("ssh-rsa", &signed(SESSION, keys[2].public())).unwrap();
    let announced = Announced::parse(&data, keys[0].public()).unwrap();
    let rest = announced.verify(SESSION, &strings_of(&[parts[0], &old])).unwrap();
    assert_eq!((rest.skipped.len(), rest.into_keys().len()), (1, 2));
}

#[test]
fn announcements_that_make_no_sense_are_refused() {
    let key = PrivateKey::generate_ed25519().unwrap();
    let blob = key.public().blob();
    let kind = |data: &[u8]| Announced::parse(data, key.public()).unwrap_err().kind();
    assert_eq!(kind(&strings_of(&[blob, blob])), ErrorKind::Protocol);
    assert_eq!(kind(&strings_of(&[blob])[..20]), ErrorKind::Protocol);
    assert_eq!(kind(&[0xff; 8]), ErrorKind::Protocol);
    let many: Vec<[u8; 2]> = (0..=64).map(|i| [0, i]).collect();
    assert_eq!(kind(&strings_of(&many.iter().map(<[u8; 2]>::as_slice).collect::<Vec<_>>())), ErrorKind::LimitExceeded);
    // What is not known, or broken, is passed over.
    let certificate = strings_of(&[b"ssh-ed25519-cert-v01@openssh.com", b"nonce"]);
    let announced = Announced::parse(&strings_of(&[&certificate, b"", &blob[..30], blob]), key.public()).unwrap();
    assert_eq!((announced.skipped.len(), announced.into_keys().len()), (3, 1));
}

#[test]
fn a_server_signs_for_its_own_keys_only_and_once() {
    let keys = keys();
    let other = PrivateKey::generate_ed25519().unwrap();
    let (first, rsa) = (keys[0].public().blob(), keys[2].public().blob());
    let kind = |algorithm, parts: &[&[u8]]| prove(&keys, SESSION, algorithm, &strings_of(parts)).unwrap_err().kind();
    assert_eq!(kind("ssh-ed25519", &[first, other.public().blob()]), ErrorKind::InvalidArgument);
    assert_eq!(kind("ssh-ed25519", &[b"rubbish"]), ErrorKind::InvalidArgument);
    assert_eq!(kind("ssh-ed25519", &[first, first]), ErrorKind::Protocol);
    assert_eq!(kind("ssh-ed25519", &[]), ErrorKind::Protocol);
    assert_eq!(kind("ssh-rsa", &[rsa]), ErrorKind::Unsupported);
    assert!(prove(&keys, SESSION, "ssh-ed25519", &[0, 0]).is_err());
}
