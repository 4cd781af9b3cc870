//! Certificates in place of plain keys (OpenSSH PROTOCOL.certkeys), of hosts and of users, through whole connections.

use super::pair::Pair;
use crate::crypto::cert::{CertKind, CertSpec, Certificate};
use crate::crypto::hostkey::{Curve, PrivateKey, PublicKey};
use crate::crypto::registry::{certificate_names, signature_names, SignatureInfo, SIGNATURES};
use crate::error::ErrorKind;
use crate::proto::auth::AuthRequest;
use crate::proto::config::Config;
use crate::proto::event::{AuthOutcome, AuthQuestion, Event};
use std::sync::OnceLock;

const USER: CertKind = CertKind::User;
const HOST: CertKind = CertKind::Host;

/// One of a type; made once, since some are slow to make.
fn key_of(key_type: &str) -> PrivateKey {
    static RSA: OnceLock<PrivateKey> = OnceLock::new();
    match key_type {
        "ssh-ed25519" => PrivateKey::generate_ed25519().unwrap(),
        "ssh-rsa" => RSA.get_or_init(|| PrivateKey::generate_rsa(2048).unwrap()).clone(),
        "ecdsa-sha2-nistp256" => PrivateKey::generate_ecdsa(Curve::P256).unwrap(),
        "ecdsa-sha2-nistp384" => PrivateKey::generate_ecdsa(Curve::P384).unwrap(),
        _ => PrivateKey::generate_ecdsa(Curve::P521).unwrap(),
    }
}

/// A certificate with nothing in it but the key, from a CA of its own.
fn certify(key: &PublicKey, kind: CertKind) -> Certificate {
    let spec = CertSpec {
        kind,
        serial: 0,
        key_id: "test",
        principals: &[],
        valid_after: 0,
        valid_before: u64::MAX,
        critical_options: &[],
        extensions: &[],
        algorithm: None,
    };
    Certificate::issue(&key_of("ssh-ed25519"), key, &spec).unwrap()
}

fn certified(key_type: &str, kind: CertKind) -> PrivateKey {
    let key = key_of(key_type);
    key.with_certificate(certify(key.public(), kind)).unwrap()
}

/// Without those of authenticators, with which nothing here signs.
fn certificates() -> impl Iterator<Item = &'static SignatureInfo> {
    SIGNATURES.iter().filter(|row| row.is_certificate() && !row.key_type.starts_with("sk-"))
}

/// The algorithm alone, or SHA-1 beside the defaults where the algorithm needs that.
fn configs(row: &SignatureInfo) -> (Config, Config) {
    let (mut client, mut server) = (Config::default(), Config::default());
    client.preferences.host_key = vec![row.name];
    if row.signs_with() == "ssh-rsa" {
        server.preferences.host_key.push("ssh-rsa");
    }
    (client, server)
}

fn negotiate(client: Config, server: Config, key: PrivateKey) -> Pair {
    let mut pair = Pair::with_keys(client, server, vec![key], 1);
    pair.start();
    pair.drive();
    pair
}

// ---- hosts ----

#[test]
fn a_host_shows_its_certificate_to_who_asks_for_it() {
    for row in certificates() {
        let key = certified(row.key_type, HOST);
        let (client, server) = configs(row);
        let pair = negotiate(client, server, key.clone());
        assert!(pair.client.conn.is_kex_done(), "{}: {:?}", row.name, pair.client.conn.error());
        assert_eq!(pair.client.conn.negotiated().unwrap().host_key.name, row.name);
        assert_eq!(pair.client.conn.remote_host_key(), Some(key.public()));
        assert_eq!(pair.client.conn.remote_host_certificate(), key.certificate());
        assert_eq!(pair.server.conn.server_key().unwrap().public(), key.public());
    }
}

#[test]
fn a_host_with_a_certificate_serves_its_plain_key_to_all_others() {
    let key = certified("ssh-rsa", HOST);
    let pair = negotiate(Config::default(), Config::default(), key.clone());
    assert_eq!(pair.client.conn.negotiated().unwrap().host_key.name, "rsa-sha2-512");
    assert_eq!(pair.client.conn.remote_host_key(), Some(key.public()));
    assert_eq!(pair.client.conn.remote_host_certificate(), None);
}

#[test]
fn a_host_without_a_certificate_offers_none() {
    let (client, server) = configs(certificates().next().unwrap());
    let pair = negotiate(client, server, key_of("ssh-ed25519"));
    assert_eq!(pair.client.error(), Some(ErrorKind::NoCommonHostKey));
    // A certificate's algorithm is offered only where the plain one is enabled.
    let (client, mut server) = configs(certificates().next().unwrap());
    server.preferences.host_key = vec!["rsa-sha2-512"];
    let pair = negotiate(client, server, certified("ssh-ed25519", HOST));
    assert_eq!(pair.client.error(), Some(ErrorKind::NoCommonHostKey));
}

#[test]
fn new_keys_leave_the_certificate_as_it_was() {
    let key = certified("ssh-ed25519", HOST);
    let (client, server) = configs(certificates().next().unwrap());
    let mut pair = negotiate(client, server, key.clone());
    pair.client.conn.rekey(pair.now).unwrap();
    pair.drive();
    let rekeys = pair.client.events.iter().filter(|e| matches!(e, Event::KexDone { first: false })).count();
    assert_eq!((rekeys, pair.client.error()), (1, None));
    assert_eq!(pair.client.conn.remote_host_certificate(), key.certificate());
}

#[test]
fn a_host_that_shows_anothers_certificate_is_found_out() {
    for row in certificates() {
        let stolen = certified(row.key_type, HOST).certificate().unwrap().clone();
        // Another key of the type; RSA's is made once only, so there an ed25519 key has to do.
        let thief = key_of(if row.key_type == "ssh-rsa" { "ssh-ed25519" } else { row.key_type });
        let (client, server) = configs(row);
        let pair = negotiate(client, server, thief.with_stolen_certificate(stolen));
        assert!(!pair.client.conn.is_kex_done(), "{}", row.name);
        assert_eq!(pair.client.conn.remote_host_key(), None);
        // One of another type makes no such signature at all, which ends the server first.
        if row.key_type != "ssh-rsa" {
            assert_eq!(pair.client.error(), Some(ErrorKind::HostKeySignature), "{}", row.name);
        }
    }
}

#[test]
fn a_key_takes_no_certificate_of_another() {
    let (key, other) = (key_of("ssh-ed25519"), key_of("ssh-ed25519"));
    let error = key.with_certificate(certify(other.public(), USER)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CertKeyMismatch);
}

// ---- users ----

fn accepting(names: &[&'static str]) -> Pair {
    let mut server = Config::default();
    server.preferences.pubkey = names.to_vec();
    Pair::keyed(Config::default(), server)
}

fn request(pair: &Pair, algorithm: &str, blob: &[u8], key: &PrivateKey, signs_with: &str) -> AuthRequest {
    let data = pair.client.conn.auth_signing_data("bob", algorithm, blob).unwrap();
    pair.client.conn.auth_signed_request("bob", algorithm, blob, key.sign(signs_with, &data).unwrap())
}

/// Whether it got in, and what the application was asked.
fn ask(pair: &mut Pair, request: AuthRequest) -> (bool, Vec<AuthQuestion>) {
    pair.client.conn.auth_start(pair.now, request).unwrap();
    pair.drive();
    let done = pair.client.events.drain(..).any(|e| matches!(e, Event::AuthDone(AuthOutcome::Success)));
    (done, std::mem::take(&mut pair.server.asked))
}

#[test]
fn a_user_shows_a_certificate_and_the_application_gets_it() {
    for row in certificates() {
        let key = certified(row.key_type, USER);
        let mut pair = accepting(&[row.name]);
        let query = AuthRequest::PublickeyQuery {
            user: "bob".to_owned(),
            algorithm: row.name.to_owned(),
            key: key.shown_blob().to_vec(),
        };
        let (done, asked) = ask(&mut pair, query);
        let [AuthQuestion::KeyQuery { key: shown, algorithm, cert }] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!((done, shown, algorithm.as_str()), (false, key.public(), row.name));
        assert_eq!(cert.as_ref(), key.certificate());
        let signed = request(&pair, row.name, key.shown_blob(), &key, row.signs_with());
        let (done, asked) = ask(&mut pair, signed);
        let [AuthQuestion::KeySigned { key: shown, algorithm, cert, .. }] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!((done, shown, algorithm.as_str()), (true, key.public(), row.name));
        assert_eq!(cert.as_ref(), key.certificate());
    }
}

#[test]
fn a_server_that_did_not_ask_for_certificates_hears_of_none() {
    let key = certified("ssh-ed25519", USER);
    let name = "ssh-ed25519-cert-v01@openssh.com";
    let mut pair = Pair::keyed(Config::default(), Config::default());
    // Nor does a plain algorithm's name let one in.
    for algorithm in [name, "ssh-ed25519"] {
        let signed = request(&pair, algorithm, key.shown_blob(), &key, "ssh-ed25519");
        let (done, asked) = ask(&mut pair, signed);
        assert!(!done && asked.is_empty(), "{algorithm}");
    }
    let plain = request(&pair, "ssh-ed25519", key.public().blob(), &key, "ssh-ed25519");
    assert!(ask(&mut pair, plain).0, "the key under it is a key still");
}

#[test]
fn what_is_no_proof_of_the_certified_key_is_refused_unasked() {
    let (key, other) = (certified("ssh-rsa", USER), PrivateKey::generate_ed25519().unwrap());
    let host = certified("ssh-ed25519", HOST);
    let (rsa, ed) = ("rsa-sha2-512-cert-v01@openssh.com", "ssh-ed25519-cert-v01@openssh.com");
    let cut = &key.shown_blob()[..key.shown_blob().len() - 1];
    let cases: [(&str, &[u8], &PrivateKey, &str, &str); 7] = [
        (ed, host.shown_blob(), &host, "ssh-ed25519", "a host's certificate"),
        (rsa, key.shown_blob(), &other, "ssh-ed25519", "another key's signature"),
        (rsa, key.shown_blob(), &key, "rsa-sha2-256", "a signature of another algorithm"),
        (rsa, key.public().blob(), &key, "rsa-sha2-512", "no certificate"),
        (ed, key.shown_blob(), &key, "rsa-sha2-512", "a name of another type"),
        (rsa, cut, &key, "rsa-sha2-512", "a certificate cut short"),
        ("ssh-rsa-cert-v01@openssh.com", key.shown_blob(), &key, "ssh-rsa", "SHA-1, which is not accepted"),
    ];
    for (algorithm, blob, signer, signs_with, what) in cases {
        let mut pair = accepting(&[ed, rsa, "ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"]);
        let signed = request(&pair, algorithm, blob, signer, signs_with);
        let (done, asked) = ask(&mut pair, signed);
        assert!(!done && asked.is_empty(), "{what}");
    }
}

#[test]
fn a_server_lists_signatures_and_not_certificates() {
    let names = ["ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", "rsa-sha2-256-cert-v01@openssh.com"];
    let pair = accepting(&names);
    assert_eq!(pair.client.conn.server_sig_algs().unwrap(), ["ssh-ed25519", "rsa-sha2-256"]);
    assert_eq!(signature_names(&names), ["ssh-ed25519", "rsa-sha2-256"]);
    assert_eq!(certificate_names(&["rsa-sha2-256", "none", "ssh-ed25519"]), [names[2], names[0]]);
}
