//! keyboard-interactive.

use super::*;
use crate::wire::msg_auth::{InfoResponse, InteractiveRequest, UserauthRequest};

#[test]
fn rounds_with_and_without_prompts() {
    let mut pair = Pair::new();
    pair.start(interactive("alice"));
    pair.drive();
    assert_eq!(pair.prompts().prompts.len(), 0);
    assert_eq!(pair.client.poll_timeout(), None);
    pair.answer(&[]);
    assert_eq!(pair.prompts(), prompts(&["Password: ", "Code: "]));
    pair.answer(&["secret", "123"]);
    assert_eq!(pair.outcome(), AuthOutcome::Success);
}

#[test]
fn wrong_answers_are_a_failure() {
    let mut pair = Pair::new();
    pair.start(interactive("alice"));
    pair.drive();
    pair.prompts();
    pair.answer(&[]);
    pair.prompts();
    pair.answer(&["secret", "124"]);
    assert_eq!(pair.outcome(), refused());
}

#[test]
fn the_caller_must_answer_every_prompt() {
    let mut pair = Pair::new();
    pair.start(interactive("loop"));
    pair.drive();
    pair.prompts();
    for wrong in [0, 2] {
        let answers = vec![secret("x"); wrong];
        let error = pair.client.answer_prompts(&mut pair.client_out, pair.now, &answers).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthAborted);
    }
    assert!(pair.client_out.take_payloads().is_empty());
    // The prompts are still open.
    pair.answer(&["x"]);
    pair.prompts();
    pair.client.abort(&mut pair.client_out);
    assert!(matches!(pair.outcome(), AuthOutcome::Failure { partial: false, .. }));
    assert_eq!(pair.attempt(password("alice", "secret")), AuthOutcome::Success);
}

/// Opens a round of one prompt without our client, which would not misbehave.
fn server_with_open_round() -> Pair {
    let mut pair = Pair::new();
    assert_eq!(pair.attempt(none("loop")), refused());
    pair.to_server.push_back(interactive_request());
    pair.drive_server();
    pair
}

fn interactive_request() -> Vec<u8> {
    let mut data = Vec::new();
    InteractiveRequest { submethods: b"" }.encode(&mut data);
    UserauthRequest::new("loop", "ssh-connection", "keyboard-interactive", &data).to_vec()
}

impl Pair {
    /// Moves the server alone; returns the numbers of what it sent.
    fn drive_server(&mut self) -> Vec<u8> {
        while let Some(payload) = self.to_server.pop_front() {
            self.server_error = self.server.handle(&mut self.server_out, SESSION, payload[0], &payload[1..]).err();
            self.note_questions();
            self.answer_open();
        }
        self.server_out.take_payloads().iter().map(|p| p[0]).collect()
    }
}

#[test]
fn another_number_of_responses_fails_without_being_asked_about() {
    for count in [0, 2, 100] {
        let mut pair = server_with_open_round();
        let asked = pair.asked;
        let mut message = Vec::new();
        InfoResponse { answers: vec![b"x"; count] }.encode(&mut message);
        pair.to_server.push_back(message.clone());
        assert_eq!(pair.drive_server(), [numbers::USERAUTH_FAILURE], "{count}");
        assert_eq!(pair.asked, asked);
        // The round is over; a second response answers nothing.
        pair.to_server.push_back(message);
        pair.drive_server();
        assert_eq!(pair.server_kind(), Some(ErrorKind::UnexpectedMessage));
    }
}

#[test]
fn a_count_is_bounded_before_it_is_believed() {
    let mut pair = server_with_open_round();
    pair.to_server.push_back(vec![numbers::USERAUTH_INFO_RESPONSE, 0xff, 0xff, 0xff, 0xff]);
    pair.drive_server();
    assert_eq!(pair.server_kind(), Some(ErrorKind::LimitExceeded));
}

#[test]
fn a_new_request_abandons_the_prompts_and_counts() {
    let mut pair = server_with_open_round();
    // The one just opened is the first to be abandoned.
    for _ in 1..Limits::default().auth_attempts {
        pair.to_server.push_back(interactive_request());
        assert_eq!(pair.drive_server(), [numbers::USERAUTH_INFO_REQUEST]);
    }
    pair.to_server.push_back(interactive_request());
    pair.drive_server();
    assert_eq!(pair.server_kind(), Some(ErrorKind::AuthFailed));
}

#[test]
fn rounds_are_bounded_on_both_sides() {
    let most = Limits::default().interactive_rounds;
    let mut pair = Pair::new();
    pair.start(interactive("loop"));
    pair.drive();
    for _ in 0..most {
        pair.prompts();
        pair.answer(&["x"]);
    }
    assert!(matches!(pair.outcome(), AuthOutcome::Failure { partial: false, .. }));

    // A server without a bound meets the client's.
    let mut pair = Pair::new();
    pair.client = ClientAuth::new(TIMEOUT, &Limits { interactive_rounds: 2, ..Limits::default() });
    pair.start(interactive("loop"));
    pair.drive();
    pair.answer(&["x"]);
    pair.answer(&["x"]);
    assert_eq!(pair.client_kind(), Some(ErrorKind::LimitExceeded));
}
