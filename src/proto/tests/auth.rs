//! Authentication through whole connections.

use super::pair::{password, Pair};
use crate::crypto::hostkey::{PrivateKey, PublicKey};
use crate::error::ErrorKind;
use crate::proto::auth::{signing_data_bound, AuthRequest};
use crate::proto::config::Config;
use crate::proto::event::{AuthOutcome, Event};

fn outcomes(pair: &mut Pair) -> Vec<AuthOutcome> {
    pair.client
        .events
        .drain(..)
        .filter_map(|e| match e {
            Event::AuthDone(outcome) => Some(outcome),
            _ => None,
        })
        .collect()
}

#[test]
fn password_right_and_wrong() {
    let mut pair = Pair::keyed(Config::default(), Config::default());
    pair.client.conn.auth_start(pair.now, password("bob", "wrong")).unwrap();
    pair.drive();
    assert!(matches!(&outcomes(&mut pair)[..], [AuthOutcome::Failure { partial: false, .. }]));
    assert!(!pair.client.conn.is_authenticated());
    assert_eq!(pair.client.conn.username(), None);
    pair.log_in();
    pair.drive();
    assert!(matches!(&outcomes(&mut pair)[..], [AuthOutcome::Success]));
    assert_eq!(pair.client.conn.username(), Some("bob"));
    assert_eq!(pair.server.conn.username(), Some("bob"));
}

#[test]
fn a_login_is_told_once() {
    let pair = Pair::open(Config::default(), Config::default());
    assert_eq!(pair.server.events.iter().filter(|e| matches!(e, Event::Authenticated)).count(), 1);
}

#[test]
fn a_key_signs_for_this_session_only() {
    let key = PrivateKey::generate_ed25519().unwrap();
    let blob = key.public().blob().to_vec();
    let mut pair = Pair::keyed(Config::default(), Config::default());
    let other = Pair::keyed(Config::default(), Config::default());
    let sign = |p: &Pair, user: &str| {
        let data = p.client.conn.auth_signing_data(user, "ssh-ed25519", &blob).unwrap();
        key.sign("ssh-ed25519", &data).unwrap()
    };
    for (signature, good) in [(sign(&other, "bob"), false), (sign(&pair, "eve"), false), (sign(&pair, "bob"), true)] {
        let request = pair.client.conn.auth_signed_request("bob", "ssh-ed25519", &blob, signature);
        pair.client.conn.auth_start(pair.now, request).unwrap();
        pair.drive();
        assert_eq!(matches!(&outcomes(&mut pair)[..], [AuthOutcome::Success]), good);
    }
}

#[test]
fn a_signature_may_name_the_host_key_and_then_names_this_one() {
    let (key, stranger) = (PrivateKey::generate_ed25519().unwrap(), PrivateKey::generate_ed25519().unwrap());
    let blob = key.public().blob().to_vec();
    let mut pair = Pair::keyed(Config::default(), Config::default());
    let session = pair.client.conn.binding().unwrap().clone();
    // What an agent is told of the session is true.
    let shown = PublicKey::parse(&session.host_key).unwrap();
    assert!(shown
        .signature_algorithms()
        .iter()
        .any(|name| shown.verify(name, &session.session_id, &session.signature).is_ok()));
    for (host_key, good) in [(stranger.public().blob().to_vec(), false), (session.host_key, true)] {
        let data = signing_data_bound(&session.session_id, "bob", "ssh-ed25519", &blob, &host_key);
        let signature = key.sign("ssh-ed25519", &data).unwrap();
        let (user, algorithm, key) = ("bob".to_owned(), "ssh-ed25519".to_owned(), blob.clone());
        let request = AuthRequest::PublickeyBound { user, algorithm, key, host_key, signature };
        pair.client.conn.auth_start(pair.now, request).unwrap();
        pair.drive();
        assert_eq!(matches!(&outcomes(&mut pair)[..], [AuthOutcome::Success]), good);
    }
}

#[test]
fn six_failures_end_the_connection() {
    let mut pair = Pair::keyed(Config::default(), Config::default());
    let mut tries = 0;
    while pair.server.error().is_none() {
        tries += 1;
        assert!(tries < 20);
        if pair.client.conn.auth_start(pair.now, password(&format!("user{tries}"), "x")).is_err() {
            break;
        }
        pair.drive();
    }
    assert_eq!(pair.server.error(), Some(ErrorKind::AuthFailed));
    assert!((6..=7).contains(&tries), "{tries}");
    assert_eq!(pair.client.error(), Some(ErrorKind::PeerDisconnected));
}

#[test]
fn silence_after_a_request_times_out_and_the_connection_stays() {
    let mut pair = Pair::keyed(Config::default(), Config::default());
    pair.client.conn.auth_start(pair.now, password("bob", "secret")).unwrap();
    pair.client.pump(pair.now);
    pair.pass(Config::default().auth_timeout);
    pair.client.pump(pair.now);
    assert_eq!(outcomes(&mut pair), [AuthOutcome::TimedOut]);
    assert!(!pair.client.conn.is_ended());
}

#[test]
fn a_server_without_a_login_ends_after_its_grace_time() {
    let mut pair = Pair::keyed(Config::default(), Config::default());
    pair.pass(Config::default().login_grace);
    assert_eq!(pair.server.error(), Some(ErrorKind::Timeout));
}

#[test]
fn rekeying_before_authentication_is_survived() {
    let mut pair = Pair::keyed(Config::default(), Config::default());
    pair.client.conn.rekey(pair.now).unwrap();
    pair.log_in();
    pair.drive();
    assert!(pair.client.conn.is_authenticated() && pair.server.conn.is_authenticated());
}
