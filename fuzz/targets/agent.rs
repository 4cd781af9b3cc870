//! The agent protocol, both roles.

use super::core::host_key;
use super::input::Input;
use crate::agent::message::{split, Request, Response, MAX_MESSAGE};
use crate::agent::{Constraints, Exposure, Keyring, Server};

/// A byte tells what follows: a request, an answer, or a client's whole stream, which an agent with one key answers.
pub(super) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.u8() % 3 {
        0 => request(input.rest()),
        1 => response(input.rest()),
        _ => stream(input.rest()),
    }
}

/// What can be parsed is written as it is parsed again.
fn request(message: &[u8]) {
    let Ok(request) = Request::parse(message) else { return };
    let Ok(bytes) = request.encode() else { return };
    let (again, len) = split(&bytes).expect("within the bounds").expect("whole");
    assert_eq!(len, bytes.len());
    assert_eq!(Request::parse(again).expect("what was written reads").encode().expect("as before"), bytes);
}

fn response(message: &[u8]) {
    let Ok(response) = Response::parse(message) else { return };
    let bytes = response.encode();
    assert!(bytes.len() <= MAX_MESSAGE + 4);
    let (again, _) = split(&bytes).expect("within the bounds").expect("whole");
    // An answer that is too large becomes a failure.
    let again = Response::parse(again).expect("what was written reads");
    assert!(again == response || again == Response::Failure);
}

/// Every request gets one answer that a client understands, and nobody without a key gets a signature.
fn stream(mut data: &[u8]) {
    let server = Server::new(None);
    let constraints = Constraints { confirm: true, ..Constraints::default() };
    server.with_keyring(|ring| ring.add(host_key(), "one".into(), &constraints)).expect("there is room");
    let mut connection = server.connection(Exposure::default());
    while let Ok(Some((message, len))) = split(data) {
        data = &data[len..];
        // A wrong passphrase is thought about for longer than an input may take.
        if message[0] == 23 {
            continue;
        }
        let answer = connection.answer(message).encode();
        let (answer, _) = split(&answer).expect("within the bounds").expect("whole");
        let answer = Response::parse(answer).expect("an answer");
        let listed = server.with_keyring(Keyring::list);
        // What the stream added may sign; the key that needs a confirmation does not.
        let foreign = listed.iter().any(|held| held.key.public() != host_key().public());
        assert!(foreign || !matches!(answer, Response::Signature(_)) || listed.iter().all(|held| !held.confirm));
    }
}
