//! The log at debug level: one line a step, both ends, no secret, nothing of the peer's that is not escaped.

use super::pair::{password, End, Pair};
use crate::proto::config::Config;
use crate::proto::event::Event;

fn loud() -> Config {
    Config { log_level: 4, ..Config::default() }
}

/// The lines so far, with their levels before them.
fn lines(end: &End) -> Vec<String> {
    let of = |event: &Event| match event {
        Event::Log(level, _, text) => Some(format!("{level} {text}")),
        _ => None,
    };
    end.events.iter().filter_map(of).collect()
}

/// Each of `starts` begins a line, in this order.
fn check(lines: &[String], starts: &[&str]) {
    let mut rest = lines.iter();
    for start in starts {
        assert!(rest.any(|line| line.starts_with(start)), "no \"{start}\" where it belongs in:\n{}", lines.join("\n"));
    }
}

#[test]
fn a_session_can_be_followed() {
    let mut pair = Pair::keyed(loud(), loud());
    pair.client.conn.auth_start(pair.now, password("bob", "swordfish")).unwrap();
    pair.drive();
    pair.log_in();
    pair.drive();
    let (ours, theirs) = pair.channel();
    pair.client.conn.channel_request(ours, "refused", b"", true).unwrap();
    pair.drive();
    pair.server.conn.channel_request(theirs, "exit-status", &[0, 0, 0, 3], false).unwrap();
    pair.server.conn.close_channel(theirs).unwrap();
    pair.drive();
    pair.server.conn.disconnect(pair.now, 11, "bye \x1b[2J\nnow");
    pair.drive();

    let (client, server) = (lines(&pair.client), lines(&pair.server));
    check(
        &client,
        &[
            "4 key exchange begins: we offer kex mlkem768x25519-sha256,",
            "3 the peer is SSH-2.0-sshrs",
            "4 the peer offers kex mlkem768x25519-sha256,",
            "4 agreed on kex mlkem768x25519-sha256, host key ssh-ed25519; to the server: aes256-gcm@openssh.com, MAC the",
            "3 key exchange done: kex mlkem768x25519-sha256",
            "4 trying \"password\" for user \"bob\"",
            "3 \"password\" for user \"bob\" refused; the server takes: password,publickey",
            "3 authenticated as \"bob\"",
            "4 channel 0: asking the peer for a \"session\"",
            "4 channel 0: open; window 2097152",
            "4 channel 0: asking for \"refused\"",
            "4 channel 0: the peer says no to our request",
            "4 channel 0: exit status 3",
            "4 channel 0: closed by the peer; 0 bytes received, 0 sent",
            "3 connection ended: the peer disconnected (reason 11): bye \\x1b[2J\\nnow",
        ],
    );
    check(
        &server,
        &[
            "3 \"password\" for user \"bob\" refused; failures: 1 of 6",
            "3 authenticated as \"bob\"",
            "4 channel 0: the peer asks for a \"session\"",
            "4 channel 0: accepted",
            "4 channel 0: the peer asks for \"refused\"",
            "4 channel 0: closed here",
            "3 connection ended: closed by this side; we tell the peer: reason 11",
        ],
    );
    for line in client.iter().chain(&server) {
        assert!(!line.contains("swordfish") && !line.contains("secret"), "{line}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
}

#[test]
fn what_is_said_to_the_peer_at_a_failure_is_logged() {
    let mut pair = Pair::open(loud(), loud());
    let at = pair.client.wire.len();
    pair.client.conn.send_ignore(20).unwrap();
    pair.client.pump(pair.now);
    let last = pair.client.wire.len() - 1;
    assert!(last > at);
    pair.client.wire[last] ^= 1;
    pair.drive();
    check(&lines(&pair.server), &["1 connection ended: "]);
    let ended = lines(&pair.server).into_iter().find(|line| line.starts_with("1 connection ended")).unwrap();
    assert!(ended.contains("; we tell the peer: reason 5, packet integrity check failed"), "{ended}");
    check(
        &lines(&pair.client),
        &["1 connection ended: the peer disconnected (reason 5): packet integrity check failed"],
    );
}
