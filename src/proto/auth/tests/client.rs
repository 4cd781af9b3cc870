//! The client against time, and against servers that do not play by the rules.

use super::*;
use crate::wire::msg_auth::{UserauthBanner, UserauthFailure, UserauthPkOk, UserauthSuccess};
use crate::wire::msg_transport::ServiceAccept;
use crate::wire::NameList;

fn failure() -> Vec<u8> {
    UserauthFailure::new(NameList::parse(b"password").unwrap(), false).to_vec()
}

/// A client whose service request was accepted and whose server is the test.
fn alone(request: Option<AuthRequest>) -> Pair {
    let mut pair = Pair::new();
    if let Some(request) = request {
        pair.start(request);
        pair.server_says(&ServiceAccept::new("ssh-userauth").to_vec());
    }
    pair.client_out.take_payloads();
    pair
}

fn sent(pair: &mut Pair) -> Vec<u8> {
    pair.client_out.take_payloads().iter().map(|p| p[0]).collect()
}

#[test]
fn the_service_is_requested_once_and_awaited() {
    let mut pair = Pair::new();
    pair.start(password("alice", "x"));
    assert_eq!(sent(&mut pair), [numbers::SERVICE_REQUEST]);
    pair.server_says(&ServiceAccept::new("ssh-userauth").to_vec());
    assert_eq!(sent(&mut pair), [numbers::USERAUTH_REQUEST]);
    pair.server_says(&failure());
    pair.outcome();
    pair.start(password("alice", "y"));
    assert_eq!(sent(&mut pair), [numbers::USERAUTH_REQUEST]);
    pair.server_says(&ServiceAccept::new("ssh-userauth").to_vec());
    assert_eq!(pair.client_kind(), Some(ErrorKind::UnexpectedMessage));
}

#[test]
fn another_service_is_not_taken() {
    let mut pair = Pair::new();
    pair.start(none("alice"));
    pair.server_says(&ServiceAccept::new("ssh-connection").to_vec());
    assert_eq!(pair.client_kind(), Some(ErrorKind::Protocol));
}

#[test]
fn one_attempt_at_a_time() {
    let mut pair = Pair::new();
    pair.start(none("alice"));
    let second = pair.client.start(&mut pair.client_out, pair.now, none("alice")).unwrap_err();
    assert_eq!(second.kind(), ErrorKind::InvalidState);
    pair.drive();
    assert_eq!(pair.outcome(), refused());
    assert_eq!(pair.attempt(password("alice", "secret")), AuthOutcome::Success);
    let third = pair.client.start(&mut pair.client_out, pair.now, none("alice")).unwrap_err();
    assert_eq!(third.kind(), ErrorKind::InvalidState);
}

#[test]
fn an_answer_needs_a_question() {
    for message in [UserauthSuccess::new().to_vec(), failure(), vec![60, 0, 0, 0, 0, 0, 0, 0, 0]] {
        let mut before = alone(None);
        before.server_says(&message);
        assert_eq!(before.client_kind(), Some(ErrorKind::UnexpectedMessage), "before any attempt");
        assert_eq!(before.client.username(), None);

        // The request still waits for SERVICE_ACCEPT.
        let mut early = Pair::new();
        early.start(none("alice"));
        early.server_says(&message);
        assert_eq!(early.client_kind(), Some(ErrorKind::UnexpectedMessage), "before the request");

        let mut between = alone(Some(password("alice", "x")));
        between.server_says(&failure());
        between.server_says(&message);
        assert_eq!(between.client_kind(), Some(ErrorKind::UnexpectedMessage), "between attempts");
        assert_eq!(between.client.username(), None);
    }
}

#[test]
fn success_while_prompts_are_open_is_no_answer() {
    let mut pair = alone(Some(interactive("alice")));
    pair.server_says(&[60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(pair.prompts(), Prompts::default());
    pair.server_says(&UserauthSuccess::new().to_vec());
    assert_eq!(pair.client_kind(), Some(ErrorKind::UnexpectedMessage));
    assert_eq!(pair.client.username(), None);
}

#[test]
fn sixty_is_read_as_the_method_says() {
    let pk_ok = |pair: &Pair, algorithm: &str| UserauthPkOk::new(algorithm, pair.key.public().blob()).to_vec();
    for request in [none("alice"), Pair::new().signed("alice", SESSION, "alice")] {
        let mut pair = alone(Some(request));
        pair.server_says(&pk_ok(&pair, "ssh-ed25519"));
        assert_eq!(pair.client_kind(), Some(ErrorKind::UnexpectedMessage));
    }
    let mut other_key = alone(Some(Pair::new().query("alice")));
    other_key.server_says(&pk_ok(&other_key, "ssh-ed25519"));
    assert_eq!(other_key.client_kind(), Some(ErrorKind::Protocol));
    let mut other_algorithm = alone(None);
    other_algorithm.start(other_algorithm.query("alice"));
    other_algorithm.server_says(&ServiceAccept::new("ssh-userauth").to_vec());
    other_algorithm.server_says(&pk_ok(&other_algorithm, "ssh-rsa"));
    assert_eq!(other_algorithm.client_kind(), Some(ErrorKind::Protocol));
}

#[test]
fn a_late_answer_is_not_the_next_attempts() {
    let mut pair = alone(Some(password("alice", "x")));
    pair.now += TIMEOUT;
    assert!(pair.client.poll_timeout().is_some_and(|at| at <= pair.now));
    pair.client.handle_timeout(&mut pair.client_out, pair.now);
    assert_eq!(pair.outcome(), AuthOutcome::TimedOut);
    // The server still owes an answer: the next request waits for it.
    pair.start(password("alice", "y"));
    assert!(sent(&mut pair).is_empty());
    pair.now += Duration::from_secs(20);
    pair.server_says(&failure());
    assert!(pair.client_event().is_none());
    assert_eq!(sent(&mut pair), [numbers::USERAUTH_REQUEST]);
    // Its own time starts as it is sent.
    assert_eq!(pair.client.poll_timeout(), Some(pair.now + TIMEOUT));
    pair.server_says(&failure());
    assert!(matches!(pair.outcome(), AuthOutcome::Failure { .. }));
    // Ignored exactly once.
    pair.server_says(&failure());
    assert_eq!(pair.client_kind(), Some(ErrorKind::UnexpectedMessage));
}

#[test]
fn late_prompts_reach_nobody() {
    let mut pair = alone(Some(interactive("alice")));
    pair.client.abort(&mut pair.client_out);
    assert!(matches!(pair.outcome(), AuthOutcome::Failure { partial: false, .. }));
    pair.start(password("alice", "y"));
    pair.server_says(&[60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert!(pair.client_event().is_none());
    assert_eq!(sent(&mut pair), [numbers::USERAUTH_REQUEST]);
    pair.server_says(&UserauthSuccess::new().to_vec());
    assert_eq!(pair.outcome(), AuthOutcome::Success);
}

#[test]
fn a_late_success_is_its_own_users() {
    for (next, name, kind) in [
        (None, Some("alice"), None),
        (Some("alice"), Some("alice"), None),
        (Some("bob"), None, Some(ErrorKind::AuthAborted)),
    ] {
        let mut pair = alone(Some(password("alice", "x")));
        pair.client.abort(&mut pair.client_out);
        pair.outcome();
        if let Some(user) = next {
            pair.start(password(user, "y"));
        }
        pair.server_says(&UserauthSuccess::new().to_vec());
        assert_eq!((pair.client.username(), pair.client_kind()), (name, kind), "{next:?}");
        assert!(sent(&mut pair).is_empty());
    }
}

#[test]
fn time_runs_before_the_service_is_accepted_too() {
    let mut pair = Pair::new();
    pair.start(none("alice"));
    pair.now += TIMEOUT;
    pair.client.handle_timeout(&mut pair.client_out, pair.now);
    assert_eq!(pair.outcome(), AuthOutcome::TimedOut);
    // Nothing was asked, so nothing is owed.
    pair.client_out.take_payloads();
    pair.start(none("alice"));
    pair.server_says(&ServiceAccept::new("ssh-userauth").to_vec());
    assert_eq!(sent(&mut pair), [numbers::USERAUTH_REQUEST]);
}

#[test]
fn no_time_out_when_none_is_set() {
    let mut pair = Pair::new();
    pair.client = ClientAuth::new(Duration::ZERO, &Limits::default());
    pair.start(none("alice"));
    assert_eq!(pair.client.poll_timeout(), None);
}

#[test]
fn banners_are_joined_and_bounded() {
    let mut pair = alone(Some(password("alice", "x")));
    for text in [&b"one"[..], b"", b"two\n", b"three"] {
        pair.server_says(&UserauthBanner::new(text, b"").to_vec());
    }
    assert_eq!(pair.client.banner(), Some(&b"one\ntwo\nthree"[..]));
    let events = std::iter::from_fn(|| pair.client_event()).count();
    assert_eq!(events, 3);
    for _ in 0..100 {
        pair.server_says(&UserauthBanner::new(&[b'x'; 10_000], b"").to_vec());
    }
    assert_eq!(pair.client.banner().unwrap().len(), crate::proto::auth::client::MAX_BANNER);
    assert!(std::iter::from_fn(|| pair.client_event()).count() <= 7);
    // Kept across attempts.
    pair.server_says(&failure());
    assert!(pair.client.banner().is_some());
}

#[test]
fn what_no_message_can_carry_is_refused() {
    let mut pair = Pair::new();
    let long = "x".repeat(40_000);
    let bad_name = AuthRequest::PublickeyQuery { user: "a".into(), algorithm: "a,b".into(), key: vec![] };
    for request in [password("alice", &long), none(&long), bad_name] {
        let error = pair.client.start(&mut pair.client_out, pair.now, request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
    assert!(pair.client_out.take_payloads().is_empty());
}

#[test]
fn every_truncation_is_an_error() {
    let whole = [
        UserauthFailure::new(NameList::parse(b"a,b").unwrap(), true).to_vec(),
        UserauthBanner::new(b"text", b"en").to_vec(),
        ServiceAccept::new("ssh-userauth").to_vec(),
        [&[60][..], &[0, 0, 0, 1, b'n', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, b'?', 1]].concat(),
    ];
    for message in whole {
        for end in 1..message.len() {
            let mut pair = alone(Some(interactive("alice")));
            pair.server_says(&message[..end]);
            assert_eq!(pair.client_kind(), Some(ErrorKind::Protocol), "{} at {end}", message[0]);
        }
    }
}
