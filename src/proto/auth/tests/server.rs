//! The server against clients that do not play by the rules, and applications that err.

use super::*;
use crate::wire::msg_auth::{UserauthBanner, UserauthRequest};
use crate::wire::msg_transport::ServiceRequest;

/// A server that accepted the service request and whose client is the test.
fn alone() -> Pair {
    let mut pair = Pair::new();
    feed(&mut pair, &ServiceRequest::new("ssh-userauth").to_vec());
    pair.server_out.take_payloads();
    pair
}

/// Hands a message over and lets the application answer; returns the numbers of what the server sent.
fn feed(pair: &mut Pair, payload: &[u8]) -> Vec<u8> {
    let done = pair.server.handle(&mut pair.server_out, SESSION, payload[0], &payload[1..]);
    pair.server_error = done.err();
    pair.note_questions();
    pair.answer_open();
    pair.server_out.take_payloads().iter().map(|p| p[0]).collect()
}

fn request(user: &str, service: &str, method: &str, data: &[u8]) -> Vec<u8> {
    UserauthRequest::new(user, service, method, data).to_vec()
}

fn password_request(user: &str, password: &str) -> Vec<u8> {
    let mut data = vec![0];
    crate::wire::Writer::new(&mut data).string(password);
    request(user, "ssh-connection", "password", &data)
}

#[test]
fn only_the_authentication_service_is_there() {
    for name in ["ssh-connection", "", "ssh-userauth2"] {
        let mut pair = Pair::new();
        feed(&mut pair, &ServiceRequest::new(name).to_vec());
        assert_eq!(pair.server_kind(), Some(ErrorKind::ServiceNotAvailable), "{name}");
        assert_eq!(ErrorKind::ServiceNotAvailable.disconnect_reason(), Some(7));
    }
    let mut pair = Pair::new();
    feed(&mut pair, &request("alice", "ssh-connection", "none", b""));
    assert_eq!(pair.server_kind(), Some(ErrorKind::UnexpectedMessage));
}

#[test]
fn six_failures_end_it_whatever_method_or_user() {
    let mut pair = alone();
    // The very first "none" is free.
    assert_eq!(feed(&mut pair, &request("alice", "ssh-connection", "none", b"")), [numbers::USERAUTH_FAILURE]);
    for message in [
        request("alice", "ssh-connection", "none", b""),
        password_request("bob", "secret"),
        request("alice", "ssh-connection", "hostbased", b"anything"),
        request("alice", "another-service", "none", b""),
        request("alice", "ssh-connection", "publickey", &[0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ] {
        assert_eq!(feed(&mut pair, &message), [numbers::USERAUTH_FAILURE]);
        assert_eq!(pair.server_kind(), None);
    }
    assert!(feed(&mut pair, &password_request("carol", "wrong")).is_empty());
    assert_eq!(pair.server_kind(), Some(ErrorKind::AuthFailed));
    assert_eq!(ErrorKind::AuthFailed.disconnect_reason(), Some(14));
}

#[test]
fn a_none_that_is_not_the_first_request_counts() {
    let mut pair = alone();
    feed(&mut pair, &password_request("alice", "wrong"));
    for _ in 0..4 {
        feed(&mut pair, &request("alice", "ssh-connection", "none", b""));
        assert_eq!(pair.server_kind(), None);
    }
    feed(&mut pair, &request("alice", "ssh-connection", "none", b""));
    assert_eq!(pair.server_kind(), Some(ErrorKind::AuthFailed));
}

#[test]
fn another_service_gets_nobody_in() {
    let mut pair = alone();
    let mut data = vec![0];
    crate::wire::Writer::new(&mut data).string("secret");
    assert_eq!(feed(&mut pair, &request("alice", "ssh-other", "password", &data)), [numbers::USERAUTH_FAILURE]);
    assert_eq!(pair.asked, 0);
}

#[test]
fn requests_after_success_are_ignored() {
    let mut pair = alone();
    assert_eq!(feed(&mut pair, &password_request("alice", "secret")), [numbers::USERAUTH_SUCCESS]);
    for message in [password_request("bob", "x"), vec![numbers::USERAUTH_REQUEST, 1, 2]] {
        assert!(feed(&mut pair, &message).is_empty());
        assert_eq!((pair.server_kind(), pair.server.username()), (None, Some("alice")));
    }
    feed(&mut pair, &ServiceRequest::new("ssh-userauth").to_vec());
    assert_eq!(pair.server_kind(), Some(ErrorKind::ServiceNotAvailable));
}

#[test]
fn a_client_never_speaks_as_the_server() {
    for number in [6, 51, 52, 53, 60] {
        let mut pair = alone();
        feed(&mut pair, &[number]);
        assert_eq!(pair.server_kind(), Some(ErrorKind::UnexpectedMessage), "{number}");
        assert_eq!(pair.server.username(), None);
    }
}

#[test]
fn a_question_holds_input_and_is_answered_once() {
    let mut pair = alone();
    pair.answering = false;
    feed(&mut pair, &password_request("alice", "secret"));
    assert!(pair.server.holds_input());
    let (ticket, verdict) = pair.open.pop().unwrap();
    let stale = pair.server.answer(&mut pair.server_out, Ticket(99), &verdict, METHODS).unwrap_err();
    assert_eq!(stale.kind(), ErrorKind::InvalidState);
    assert!(pair.server.holds_input());
    let done = pair.server.answer(&mut pair.server_out, ticket, &AuthVerdict::Failure, METHODS).unwrap();
    assert_eq!(done, Answered::Open);
    let again = pair.server.answer(&mut pair.server_out, ticket, &AuthVerdict::Success, METHODS).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::InvalidState);
    assert_eq!(pair.server.username(), None);
}

#[test]
fn a_verdict_that_does_not_fit_leaves_the_question_open() {
    let mut pair = alone();
    pair.answering = false;
    feed(&mut pair, &password_request("alice", "secret"));
    let (ticket, _) = pair.open.pop().unwrap();
    let many = vec!["again"; 101];
    let cases: [(AuthVerdict, &[&str]); 4] = [
        (AuthVerdict::Ask(prompts(&many)), METHODS),
        (AuthVerdict::Ask(prompts(&["x"])), METHODS),
        (AuthVerdict::Partial, &["none"]),
        (AuthVerdict::Failure, &["pass word"]),
    ];
    for (verdict, methods) in &cases {
        let error = pair.server.answer(&mut pair.server_out, ticket, verdict, methods).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{verdict:?}");
    }
    let done = pair.server.answer(&mut pair.server_out, ticket, &AuthVerdict::Success, METHODS).unwrap();
    assert_eq!(done, Answered::Authenticated);
}

#[test]
fn a_query_is_only_ever_accepted_or_refused() {
    let cases = [
        (AuthVerdict::Success, numbers::USERAUTH_PK_OK),
        // Of a key that is one step of several, too: the client signs only after this answer.
        (AuthVerdict::Partial, numbers::USERAUTH_PK_OK),
        (AuthVerdict::Failure, numbers::USERAUTH_FAILURE),
    ];
    for (verdict, answer) in cases {
        let mut pair = alone();
        pair.answering = false;
        let mut data = vec![0];
        crate::wire::Writer::new(&mut data).string("ssh-ed25519").string(pair.key.public().blob());
        feed(&mut pair, &request("carol", "ssh-connection", "publickey", &data));
        let (ticket, _) = pair.open.pop().unwrap();
        pair.server.answer(&mut pair.server_out, ticket, &verdict, METHODS).unwrap();
        let sent = pair.server_out.take_payloads();
        assert_eq!(sent[0][0], answer, "{verdict:?}");
        assert!(answer == numbers::USERAUTH_PK_OK || sent[0].last() == Some(&0), "no partial success");
        feed(&mut pair, &password_request("carol", "secret"));
        assert_eq!(pair.open.pop().unwrap().1, AuthVerdict::Failure, "her password counts once a key was passed");
    }
}

#[test]
fn the_banner_goes_out_once_when_authentication_starts() {
    let mut pair = Pair::new();
    pair.server.send_banner(&mut pair.server_out, "hello", "en").unwrap();
    assert!(pair.server_out.take_payloads().is_empty());
    let sent = feed(&mut pair, &ServiceRequest::new("ssh-userauth").to_vec());
    assert_eq!(sent, [numbers::SERVICE_ACCEPT, numbers::USERAUTH_BANNER]);
    let second = pair.server.send_banner(&mut pair.server_out, "again", "").unwrap_err();
    assert_eq!(second.kind(), ErrorKind::InvalidState);

    let mut late = alone();
    late.server.send_banner(&mut late.server_out, "hello", "en").unwrap();
    assert_eq!(late.server_out.take_payloads(), [UserauthBanner::new(b"hello", b"en").to_vec()]);
    let mut over = alone();
    feed(&mut over, &password_request("alice", "secret"));
    assert!(over.server.send_banner(&mut over.server_out, "hello", "en").is_err());
}

#[test]
fn every_truncation_is_an_error() {
    let whole = [
        ServiceRequest::new("ssh-userauth").to_vec(),
        password_request("alice", "secret"),
        request("alice", "ssh-connection", "publickey", &[1, 0, 0, 0, 1, b'a', 0, 0, 0, 0, 0, 0, 0, 0]),
        request("alice", "ssh-connection", "keyboard-interactive", &[0; 8]),
    ];
    for message in whole {
        for end in 1..message.len() {
            let mut pair = alone();
            feed(&mut pair, &message[..end]);
            assert_eq!(pair.server_kind(), Some(ErrorKind::Protocol), "{} at {end}", message[0]);
            assert_eq!(pair.asked, 0);
        }
    }
}

#[test]
fn a_name_that_is_not_utf8_is_an_error() {
    let mut pair = alone();
    let mut message = vec![numbers::USERAUTH_REQUEST];
    crate::wire::Writer::new(&mut message).string([0xff]).string("ssh-connection").string("none");
    feed(&mut pair, &message);
    assert_eq!(pair.server_kind(), Some(ErrorKind::Protocol));
}
