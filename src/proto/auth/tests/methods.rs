//! Each method, right and wrong.

use super::*;

#[test]
fn none_lists_the_methods() {
    let mut pair = Pair::new();
    assert_eq!(pair.attempt(none("alice")), refused());
    assert_eq!(pair.client.username(), None);
}

#[test]
fn password_right_and_wrong() {
    let mut pair = Pair::new();
    assert_eq!(pair.attempt(password("alice", "wrong")), refused());
    // Lengths are explicit: a NUL ends nothing.
    assert_eq!(pair.attempt(password("alice", "secret\0tail")), refused());
    assert_eq!(pair.attempt(password("alice", "secret")), AuthOutcome::Success);
    assert_eq!((pair.client.username(), pair.server.username()), (Some("alice"), Some("alice")));
}

#[test]
fn password_change() {
    let mut pair = Pair::new();
    pair.start(password("alice", "expired"));
    pair.drive();
    assert!(matches!(pair.client_event(), Some(Event::AuthPasswordChange(p)) if p == b"choose another"));
    // The user is thinking: the clock stands still.
    assert_eq!(pair.client.poll_timeout(), None);
    let (old, new) = (secret("expired"), secret("fresh"));
    pair.client.change_password(&mut pair.client_out, pair.now, &old, &new).unwrap();
    pair.drive();
    assert_eq!(pair.outcome(), AuthOutcome::Success);
}

#[test]
fn a_password_change_can_be_given_up() {
    let mut pair = Pair::new();
    pair.start(password("alice", "expired"));
    pair.drive();
    pair.client_event();
    pair.client.abort(&mut pair.client_out);
    assert!(matches!(pair.outcome(), AuthOutcome::Failure { partial: false, .. }));
    let old = secret("expired");
    let late = pair.client.change_password(&mut pair.client_out, pair.now, &old, &old).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::InvalidState);
    assert_eq!(pair.attempt(password("alice", "secret")), AuthOutcome::Success);
}

#[test]
fn a_query_authenticates_nobody() {
    let mut pair = Pair::new();
    assert_eq!(pair.attempt(pair.query("alice")), AuthOutcome::KeyAccepted);
    assert_eq!((pair.client.username(), pair.server.username()), (None, None));
    assert_eq!(pair.attempt(pair.query("bob")), refused());
    assert_eq!(pair.attempt(pair.signed("alice", SESSION, "alice")), AuthOutcome::Success);
}

#[test]
fn a_signature_for_anything_else_is_never_shown_to_the_application() {
    let mut pair = Pair::new();
    let wrong_session = pair.signed("alice", b"another session", "alice");
    let wrong_user = pair.signed("alice", SESSION, "bob");
    let mut tampered = pair.signed("alice", SESSION, "alice");
    if let AuthRequest::PublickeySigned { signature, .. } = &mut tampered {
        *signature.last_mut().unwrap() ^= 1;
    }
    for request in [wrong_session, wrong_user, tampered] {
        assert!(matches!(pair.attempt(request), AuthOutcome::Failure { partial: false, .. }));
    }
    assert_eq!(pair.asked, 0);
    assert_eq!(pair.attempt(pair.signed("alice", SESSION, "alice")), AuthOutcome::Success);
}

#[test]
fn algorithm_key_and_signature_must_be_of_one_type() {
    let pair = Pair::new();
    let key = pair.key.public().blob().to_vec();
    // The signature is right for the name it covers, but the name is not the key's, or the signature's own differs.
    for (name, own) in [("ssh-foo", "ssh-ed25519"), ("rsa-sha2-256", "ssh-ed25519"), ("ssh-ed25519", "ssh-foo")] {
        let mut pair = Pair::new();
        let good = pair.key.sign("ssh-ed25519", &signing_data(SESSION, "alice", name, &key)).unwrap();
        let mut signature = Vec::new();
        crate::wire::Writer::new(&mut signature).string(own).raw(&good[4 + "ssh-ed25519".len()..]);
        let request =
            AuthRequest::PublickeySigned { user: "alice".into(), algorithm: name.into(), key: key.clone(), signature };
        assert!(matches!(pair.attempt(request), AuthOutcome::Failure { .. }), "{name} {own}");
        assert_eq!((pair.asked, pair.server_kind()), (0, None), "{name} {own}");
    }
}

#[test]
fn keys_and_signatures_that_are_garbage_are_plain_failures() {
    let mut pair = Pair::new();
    let blob = pair.key.public().blob().to_vec();
    for (key, signature) in [
        (vec![], vec![]),
        (vec![0xff; 40], vec![1; 64]),
        (blob[..blob.len() - 1].to_vec(), vec![]),
        (blob.clone(), vec![]),
        (blob, vec![0xff; 80]),
    ] {
        let algorithm = "ssh-ed25519".to_owned();
        let request = AuthRequest::PublickeySigned { user: "alice".into(), algorithm, key, signature };
        assert!(matches!(pair.attempt(request), AuthOutcome::Failure { .. }));
    }
    assert_eq!((pair.asked, pair.server_kind()), (0, None));
}

#[test]
fn a_key_then_a_password() {
    let mut pair = Pair::new();
    assert_eq!(pair.attempt(password("carol", "secret")), refused());
    let left = AuthOutcome::Failure { methods: vec!["password".to_owned()], partial: true };
    assert_eq!(pair.attempt(pair.signed("carol", SESSION, "carol")), left);
    let asked = pair.asked;
    // What was not listed as left is not even asked about.
    let refused = AuthOutcome::Failure { methods: vec!["password".to_owned()], partial: false };
    assert_eq!(pair.attempt(pair.signed("carol", SESSION, "carol")), refused);
    assert_eq!(pair.asked, asked);
    assert_eq!(pair.attempt(password("carol", "secret")), AuthOutcome::Success);
}

#[test]
fn another_user_inherits_no_step() {
    let mut pair = Pair::new();
    pair.attempt(pair.signed("carol", SESSION, "carol"));
    assert_eq!(pair.attempt(password("mallory", "secret")), refused());
    // Nor does the first user find it again.
    assert_eq!(pair.attempt(password("carol", "secret")), refused());
    assert_eq!(pair.server.username(), None);
}

#[test]
fn the_data_signed_is_that_of_rfc_4252_section_7() {
    let mut want = vec![0, 0, 0, 2, 7, 8, 50];
    for field in ["bob", "ssh-connection", "publickey"] {
        crate::wire::Writer::new(&mut want).string(field);
    }
    want.push(1);
    crate::wire::Writer::new(&mut want).string("ssh-ed25519").string([1, 2, 3]);
    assert_eq!(signing_data(&[7, 8], "bob", "ssh-ed25519", &[1, 2, 3]), want);
}
